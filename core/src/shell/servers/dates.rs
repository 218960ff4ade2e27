//! Dates as servers write them. The world's time is UTC.

use crate::base::Instant;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The world begins on a Thursday.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `Thu, 01 Jan 2026 00:00:00 GMT`, as in HTTP's Date.
pub fn http(now: Instant) -> String {
    let ((year, month, day), second) = now.civil();
    let weekday = DAYS.get((now.0 / 86_400_000_000_000 % 7) as usize).unwrap_or(&"Thu");
    format!("{weekday}, {day:02} {} {year} {} GMT", name(month), clock(second))
}

/// `2026/01/01 00:00:00`, as Go's log package and nginx's error log write.
pub fn slashed(now: Instant) -> String {
    let ((year, month, day), second) = now.civil();
    format!("{year}/{month:02}/{day:02} {}", clock(second))
}

/// `01/Jan/2026:00:00:00 +0000`, as access logs write.
pub fn access(now: Instant) -> String {
    let ((year, month, day), second) = now.civil();
    format!("{day:02}/{}/{year}:{} +0000", name(month), clock(second))
}

/// `2026-01-01 00:00:00.123456789 +0000 UTC m=+1.5`, as Go prints `time.Now()`.
pub fn go_now(now: Instant, started: Instant) -> String {
    let ((year, month, day), second) = now.civil();
    let fraction = |nanos: u64| format!("{:09}", nanos % 1_000_000_000);
    let (since, nanos) = (now.since(started), fraction(now.0));
    let nanos = nanos.trim_end_matches('0');
    let point = if nanos.is_empty() { "" } else { "." };
    let clock = clock(second);
    let mono = format!("m=+{}.{}", since.as_secs(), fraction(since.0));
    format!("{year}-{month:02}-{day:02} {clock}{point}{nanos} +0000 UTC {mono}")
}

fn name(month: u64) -> &'static str {
    MONTHS.get((month as usize).saturating_sub(1)).unwrap_or(&"Jan")
}

fn clock(second: u64) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
