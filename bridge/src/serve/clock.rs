//! The wall clock's time as the world's time: as fast as is asked for, and slower when the world cannot keep up.

#![allow(clippy::disallowed_types)] // the one place that reads the wall's clock; what it reads becomes inputs

use std::time::{Duration, SystemTime};
use tidepool_core::base::Instant as WorldInstant;
use tidepool_core::recording::script::WARM_UP;

/// A point in the wall's time.
pub type Wall = std::time::Instant;

/// How fast the world's time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as the wall clock.
    Times(f64),
    /// From one event to the next while someone waits; it stands still otherwise.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Speed::Times(1.0)
    }
}

impl Speed {
    /// Reads a factor, or `max`.
    pub fn parse(text: &str) -> Option<Speed> {
        if text == "max" {
            return Some(Speed::Max);
        }
        let factor: f64 = text.trim_end_matches('x').parse().ok()?;
        (factor.is_finite() && (0.001..=10_000.0).contains(&factor)).then_some(Speed::Times(factor))
    }
}

/// When a world must begin for its cluster to have come up just now: nanoseconds after the epoch, 2026-01-01.
pub fn start_of_world() -> u64 {
    let epoch = Duration::from_secs(WorldInstant::ZERO.unix_seconds());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let since = now.saturating_sub(epoch).saturating_sub(Duration::from_nanos(WARM_UP.0));
    u64::try_from(since.as_nanos()).unwrap_or_default()
}

/// Which instant of the world it is.
#[derive(Debug)]
pub struct Clock {
    factor: f64,
    wall: Wall,
    world: WorldInstant,
}

impl Clock {
    /// A clock at which it is this instant now.
    pub fn new(factor: f64, world: WorldInstant) -> Clock {
        Clock { factor, wall: Wall::now(), world }
    }

    /// What time it should be in the world.
    pub fn target(&self) -> WorldInstant {
        let passed = self.wall.elapsed().as_nanos() as f64 * self.factor;
        WorldInstant(self.world.0 + passed as u64)
    }

    /// How long until an instant of the world comes.
    pub fn until(&self, instant: WorldInstant) -> Duration {
        let left = instant.since(self.target()).0 as f64 / self.factor;
        Duration::from_nanos(left as u64)
    }

    /// The world has got no further than this: the clock slips.
    pub fn slip(&mut self, world: WorldInstant) {
        (self.wall, self.world) = (Wall::now(), world);
    }
}
