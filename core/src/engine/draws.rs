//! The counters behind draws: each actor counts its own, so that one more draw somewhere changes nothing elsewhere.

use crate::base::FlatMap;
use crate::base::Text;
use crate::base::draw::{Purpose, Seed, below, draw};

/// Draws with their counters.
#[derive(Debug, Clone, Default)]
pub struct Draws {
    seed: Seed,
    counters: FlatMap<(Purpose, Text), u64>,
}

impl Draws {
    /// Draws from a seed, with every counter at 0.
    pub fn new(seed: Seed) -> Draws {
        Draws { seed, counters: FlatMap::new() }
    }

    /// The seed.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The actor's next draw for a purpose.
    pub fn next(&mut self, purpose: Purpose, actor: &str) -> u64 {
        let key = (purpose, Text::from(actor));
        let counter = self.counters.entry(key).or_insert(0);
        let value = draw(self.seed, purpose, actor, *counter);
        *counter += 1;
        value
    }

    /// The actor's next draw scaled to `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, purpose: Purpose, actor: &str, n: u64) -> u64 {
        below(self.next(purpose, actor), n)
    }
}
