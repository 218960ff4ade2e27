//! Lines as klog writes them. Knows no program.

use crate::base::Instant;

/// A line with its newline: severity, date, the process, where in the source, text.
pub fn klog(now: Instant, severity: char, place: &str, text: &str) -> String {
    let ((_, month, day), second) = now.civil();
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    let micros = now.0 / 1_000 % 1_000_000;
    format!("{severity}{month:02}{day:02} {h:02}:{m:02}:{s:02}.{micros:06} {:>7} {place}] {text}\n", 1)
}
