//! Virtual time: integer nanoseconds since a fixed epoch, at which worlds begin unless told otherwise. Knows no wall clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A point in the world's time, in nanoseconds since 2026-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Instant(pub u64);

/// A length of the world's time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Duration(pub u64);

impl Instant {
    /// The epoch: the instant at which a world begins when its recording names none.
    pub const ZERO: Instant = Instant(0);

    /// The time since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC with seconds, as Kubernetes writes `metav1.Time`.
    pub fn rfc3339(self) -> String {
        let (date, seconds) = self.civil();
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}Z", date.0, date.1, date.2)
    }

    /// RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`.
    pub fn rfc3339_micro(self) -> String {
        let whole = self.rfc3339();
        format!("{}.{:06}Z", whole.trim_end_matches('Z'), self.0 / 1_000 % 1_000_000)
    }

    /// Nanoseconds since 1970, as in the names of events.
    pub fn unix_nanos(self) -> u64 {
        EPOCH_SECONDS * 1_000_000_000 + self.0
    }

    /// Seconds since 1970.
    pub fn unix_seconds(self) -> u64 {
        EPOCH_SECONDS + self.0 / 1_000_000_000
    }

    /// The year, month, day, and the second of that day.
    pub fn civil(self) -> ((u64, u64, u64), u64) {
        let seconds = self.unix_seconds();
        (civil_from_days(seconds / 86_400), seconds % 86_400)
    }

    /// Reads what [`Instant::rfc3339`] writes; a time before the epoch is `ZERO`. `None` when it is no such text.
    pub fn from_rfc3339(text: &str) -> Option<Instant> {
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
        let (y, mo, d) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (h, mi, s) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let seconds = days_from_civil(y, mo, d)? * 86_400 + h * 3600 + mi * 60 + s;
        Some(Instant(seconds.saturating_sub(EPOCH_SECONDS).saturating_mul(1_000_000_000)))
    }
}

/// The epoch, 2026-01-01T00:00:00Z, in seconds since 1970.
const EPOCH_SECONDS: u64 = 1_767_225_600;

/// Proleptic Gregorian date of a day number since 1970-01-01 (the usual era arithmetic over 400-year cycles).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let in_range = (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range {
        return None;
    }
    let y = year - u64::from(month <= 2);
    let (era, yoe) = (y / 400, y % 400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468)
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// A whole number of nanoseconds.
    pub const fn nanos(n: u64) -> Duration {
        Duration(n)
    }

    /// A whole number of microseconds.
    pub const fn micros(n: u64) -> Duration {
        Duration(n * 1_000)
    }

    /// A whole number of milliseconds.
    pub const fn millis(n: u64) -> Duration {
        Duration(n * 1_000_000)
    }

    /// A whole number of seconds.
    pub const fn secs(n: u64) -> Duration {
        Duration(n.saturating_mul(1_000_000_000))
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, d: Duration) -> Instant {
        Instant(self.0.saturating_add(d.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

impl Add<Duration> for Duration {
    type Output = Duration;
    fn add(self, d: Duration) -> Duration {
        Duration(self.0.saturating_add(d.0))
    }
}

impl fmt::Display for Instant {
    /// Minutes, seconds and milliseconds: `00:12.418`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0 / 1_000_000;
        write!(f, "{:02}:{:02}.{:03}", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_the_epoch_and_read_back() {
        assert_eq!(Instant::ZERO.rfc3339(), "2026-01-01T00:00:00Z");
        // 2028 is a leap year: 31 + 28 days of it reach February 29.
        let leap_day = Instant::ZERO + Duration::secs((365 * 2 + 31 + 28) * 86_400 + 3_661);
        assert_eq!(leap_day.rfc3339(), "2028-02-29T01:01:01Z");
        assert_eq!(Instant::from_rfc3339("2028-02-29T01:01:01Z"), Some(leap_day));
        assert_eq!(Instant::from_rfc3339("yesterday"), None);
    }
}
