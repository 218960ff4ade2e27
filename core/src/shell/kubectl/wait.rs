//! `kubectl wait`: until a condition, a field's value or a deletion. Knows no kind's fields.
//! Models: kubectl `pkg/cmd/wait`.

use crate::base::Duration;

/// Go's `time.ParseDuration`, where kubectl takes it: `5s`, `1m30s`; a bare number is seconds, 0 none.
pub fn duration(text: &str) -> Result<Option<Duration>, String> {
    let bad = || format!("invalid argument {text:?} for \"--timeout\" flag: time: invalid duration {text:?}");
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Some(seconds).filter(|seconds| *seconds > 0).map(Duration::secs));
    }
    let mut nanos = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| at + digits);
        let unit = match &rest[digits..unit_end] {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(bad()),
        };
        nanos = nanos.saturating_add(number.saturating_mul(unit));
        rest = &rest[unit_end..];
    }
    Ok(Some(nanos).filter(|nanos| *nanos > 0).map(Duration::nanos))
}
