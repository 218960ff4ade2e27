//! What a plain scalar means: kubectl's mix of YAML 1.1 and 1.2. Knows no document.
//! Models: go-yaml v2 `resolve.go` and encoding/json's numbers, as sigs.k8s.io/yaml uses them.

use serde_json::{Number, Value};

/// What a plain scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// A string, a number, a boolean or null, as JSON gets it.
    Value(Value),
    /// A date: JSON gets the text, but on writing the text needs quotes.
    Date,
    /// Infinity or not-a-number: JSON has none.
    NotFinite(&'static str),
}

/// The meaning of a plain scalar without a tag.
pub fn meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Value(Value::Null),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Meaning::NotFinite("+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => return Meaning::NotFinite("-Inf"),
        ".nan" | ".NaN" | ".NAN" => return Meaning::NotFinite("NaN"),
        _ => {}
    }
    if let Some(boolean) = boolean(text) {
        return Meaning::Value(boolean.into());
    }
    let number = match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-') if is_date(text) => return Meaning::Date,
        Some(b'0'..=b'9' | b'+' | b'-') => integer_or_float(text),
        Some(b'.') => float(text),
        _ => None,
    };
    Meaning::Value(number.map_or_else(|| Value::from(text), Value::Number))
}

/// The boolean that a word means in YAML 1.1.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Whether a plain scalar is a string, so that a string can be written without quotes.
pub fn is_string(text: &str) -> bool {
    matches!(meaning(text), Meaning::Value(Value::String(_))) && !is_base_60(text)
}

/// A float as JSON holds it: whole numbers that fit become integers, as after a pass through JSON text.
pub fn number(float: f64) -> Option<Number> {
    let whole = float.trunc() == float && float.abs() < 9_223_372_036_854_775_808.0;
    if whole { Some(Number::from(float as i64)) } else { Number::from_f64(float) }
}

fn integer_or_float(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if let Some(value) = magnitude(digits) {
        let signed = if negative { -(value as i128) } else { value as i128 };
        return i64::try_from(signed).ok().map(Number::from).or_else(|| number(signed as f64));
    }
    float(&plain)
}

/// An integer without its sign, in the base that its prefix says, if it fits 64 bits.
fn magnitude(digits: &str) -> Option<u64> {
    let lower = digits.to_ascii_lowercase();
    let (base, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let plain = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| u64::from_str_radix(rest, base).ok()).flatten()
}

/// A float in YAML's notation; numbers too large for one stay strings.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let fits = all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && all_digits(e));
    let value: f64 = fits.then(|| text.parse().ok()).flatten()?;
    value.is_finite().then(|| number(value)).flatten()
}

/// Whether go-yaml takes the text for a date or a time.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((&text[at..at + 1], &text[at + 1..]))),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let in_range = |s: &str, low: u32, high: u32| {
        (1..=2).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_digit())
            && s.parse().is_ok_and(|n: u32| (low..=high).contains(&n))
    };
    let leap = |y: u32| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let last = match (month.trim_start_matches('0'), year.parse().unwrap_or(0)) {
        ("2", y) => 28 + u32::from(leap(y)),
        ("4" | "6" | "9" | "11", _) => 30,
        _ => 31,
    };
    let is_day = year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit())
        && in_range(month, 1, 12)
        && in_range(day, 1, last);
    is_day && time.is_none_or(|(separator, time)| is_time(time, separator != " "))
}

/// Whether a text is a time of day, with a zone or without.
fn is_time(text: &str, zoned: bool) -> bool {
    let digits = |s: &str, high: u32| {
        (1..=2).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_digit())
            && s.parse().is_ok_and(|n: u32| n <= high)
    };
    let zone_at = text.find(['Z', '+', '-']);
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let zone_fits = match zone.as_bytes() {
        [] => !zoned,
        b"Z" => zoned,
        [_, _, _, b':', _, _] => zoned && digits(&zone[1..3], 24) && digits(&zone[4..6], 60),
        _ => false,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let clock_fits = parts.next().is_some_and(|h| digits(h, 23))
        && parts.next().is_some_and(|m| digits(m, 59))
        && parts.next().is_some_and(|s| digits(s, 59))
        && parts.next().is_none();
    zone_fits && clock_fits && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is a number in base 60, which other readers would take for one: `1:30`.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let is_sixtieth = |s: &&str| match s.as_bytes() {
        [b] => b.is_ascii_digit(),
        [b'0'..=b'5', b] => b.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && !rest.is_empty()
        && rest.iter().all(is_sixtieth)
        && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Recorded from kubectl v1.35.2, `-o json`.
    #[test]
    fn plain_scalars_mean_what_kubectl_reads() {
        let pairs = [
            ("yes", json!(true)),
            ("oN", json!("oN")),
            ("012", json!(10)),
            ("08", json!(8)),
            ("1e3", json!(1000)),
            ("1_000", json!(1000)),
            ("1.0", json!(1)),
            ("0b11", json!(3)),
            ("0o14", json!(12)),
            ("0x_F", json!(15)),
            ("-0b11", json!(-3)),
            ("+5", json!(5)),
            ("-0", json!(0)),
            ("1.", json!(1)),
            (".5", json!(0.5)),
            ("-.5", json!(-0.5)),
            ("1e400", json!("1e400")),
            ("1:30", json!("1:30")),
            ("0.1e1", json!(1)),
            ("1e21", json!(1e21)),
            ("123456789012345678901234567890", json!(1.2345678901234568e29)),
            ("18446744073709551615", json!(18446744073709552000.0)),
            ("-9223372036854775809", json!(-9223372036854775808i64 as f64)),
            ("~", json!(null)),
            ("-", json!("-")),
            ("0x", json!("0x")),
            ("_1", json!("_1")),
        ];
        for (text, value) in pairs {
            assert_eq!(meaning(text), Meaning::Value(value), "{text}");
        }
        assert_eq!(meaning("2001-01-01"), Meaning::Date);
        assert_eq!(meaning("2001-01-01T00:00:00Z"), Meaning::Date);
        assert_eq!(meaning("2001-13-01"), Meaning::Value("2001-13-01".into()));
        assert_eq!(meaning(".inf"), Meaning::NotFinite("+Inf"));
    }
}
