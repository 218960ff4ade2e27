//! Fuel: a limit in the world on steps at one instant, which ends loops (a DNS forward to itself, a program that never
//! sleeps) as a Refused fact instead of a frozen tab. Not the caller's budget, which may cut a run anywhere.

use crate::base::Instant;

/// Steps that one instant may take.
pub const STEPS_PER_INSTANT: u64 = 200_000;

/// Counts the steps of the present instant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fuel {
    at: Instant,
    used: u64,
}

impl Fuel {
    /// Takes one step at `now`; `false` when this instant has no steps left.
    pub fn burn(&mut self, now: Instant) -> bool {
        if self.at != now {
            *self = Fuel { at: now, used: 0 };
        }
        self.used += 1;
        self.used <= STEPS_PER_INSTANT
    }
}
