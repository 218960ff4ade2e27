//! Ages as kubectl prints them: `10s`, `2m30s`, `5d3h`.
//!
//! Models: apimachinery `pkg/util/duration/duration.go` (HumanDuration) and `kubernetes/pkg/printers` translateTimestampSince.

use super::Object;
use crate::base::{Duration, Instant};

/// A length of time in at most two units.
pub fn human(age: Duration) -> String {
    let s = age.as_secs();
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    let y = d / 365;
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    if s < 120 {
        format!("{s}s")
    } else if m < 10 {
        two(m, "m", s % 60, "s")
    } else if m < 180 {
        format!("{m}m")
    } else if h < 8 {
        two(h, "h", m % 60, "m")
    } else if h < 48 {
        format!("{h}h")
    } else if d < 8 {
        two(d, "d", h % 24, "h")
    } else if d < 730 {
        format!("{d}d")
    } else if y < 8 {
        two(y, "y", d % 365, "d")
    } else {
        format!("{y}y")
    }
}

/// The time since an RFC 3339 timestamp; `<unknown>` when it is no such text.
pub fn since(timestamp: &str, now: Instant) -> String {
    Instant::from_rfc3339(timestamp).map_or("<unknown>".into(), |then| human(now - then))
}

/// The cell of the column `Age`.
pub fn cell(object: &Object, now: Instant) -> String {
    since(object.str("metadata.creationTimestamp"), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_where_upstream_changes_them() {
        // The table of apimachinery's duration_test.go.
        for (seconds, words) in [
            (1, "1s"),
            (70, "70s"),
            (190, "3m10s"),
            (70 * 60, "70m"),
            (47 * 3600, "47h"),
            (49 * 3600, "2d1h"),
            ((8 * 24 + 2) * 3600, "8d"),
            (367 * 24 * 3600, "367d"),
            ((365 * 2 + 25) * 24 * 3600, "2y25d"),
            ((365 * 8 + 2) * 24 * 3600, "8y"),
        ] {
            assert_eq!(human(Duration::secs(seconds)), words);
        }
    }
}
