//! How fast the learner sees the world go: a way of looking that never changes what happens. Pure arithmetic.

/// How the world's time relates to the learner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Each hop of the followed request gets its time; waits are shortened.
    #[default]
    Story,
    /// Linear time, at a speed.
    Clock,
}

/// The speeds of the clock pace: thousandths of real time, and their labels.
pub const SPEEDS: [(u64, &str); 10] = [
    (1, "0.001×"),
    (3, "0.003×"),
    (10, "0.01×"),
    (30, "0.03×"),
    (100, "0.1×"),
    (300, "0.3×"),
    (1_000, "1×"),
    (3_000, "3×"),
    (10_000, "10×"),
    (20_000, "20×"),
];

/// The index of 1× in [`SPEEDS`].
pub const REAL_TIME: usize = 6;

/// The least wall time of a followed hop, in milliseconds.
pub const HOP_MS: f64 = 450.0;

/// How much of the world's time, in nanoseconds, a frame of so many milliseconds covers at a speed.
pub fn covered(ms: f64, speed: usize) -> u64 {
    let thousandths = SPEEDS.get(speed).map_or(1_000, |speed| speed.0);
    (ms * 1_000.0 * thousandths as f64) as u64
}

/// How much of the world's time, in nanoseconds, a frame may skip while the followed request waits: slow at first, then
/// doubling, so that a retry after a second and a timeout after two minutes both take a few seconds to watch.
pub fn skipped(ms: f64, waited_ms: f64) -> u64 {
    let doublings = (waited_ms / 350.0).min(14.0);
    (ms * 1_000_000.0 * doublings.exp2()) as u64
}

/// A speed as it was reached, for when the world falls behind: world nanoseconds per wall milliseconds.
pub fn label(world_ns: u64, wall_ms: f64) -> String {
    let speed = world_ns as f64 / (wall_ms * 1_000_000.0);
    if speed >= 1.0 { format!("{speed:.1}×") } else { format!("{speed:.3}×") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_covers_its_share_of_time() {
        assert_eq!(covered(16.0, REAL_TIME), 16_000_000);
        assert_eq!(covered(16.0, 0), 16_000);
        assert_eq!(SPEEDS[REAL_TIME].1, "1×");
    }

    #[test]
    fn waits_shorten_more_the_longer_they_last() {
        assert_eq!(skipped(16.0, 0.0), 16_000_000);
        assert_eq!(skipped(16.0, 350.0), 32_000_000);
        let two_minutes_of_frames: u64 = (0..300).map(|n| skipped(16.0, n as f64 * 16.0)).sum();
        assert!(two_minutes_of_frames > 120_000_000_000);
    }
}
