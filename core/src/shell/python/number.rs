//! Numbers as CPython writes and reads them. Knows no values.

/// `repr` of a float: the shortest digits that give it back.
pub fn repr(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{x:e}");
    let (digits, exponent) = split(&scientific);
    if (-4..16).contains(&exponent) || x == 0.0 {
        let plain = format!("{x}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    with_exponent(digits, exponent)
}

/// Digits and exponent of what Rust writes with `e`.
fn split(scientific: &str) -> (&str, i32) {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (digits, exponent.parse().unwrap_or(0))
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `e` with so many digits after the point.
pub fn scientific(x: f64, precision: usize) -> String {
    let text = format!("{x:.precision$e}");
    let (digits, exponent) = split(&text);
    with_exponent(digits, exponent)
}

/// `g` with so many digits; `keep` their zeros.
pub fn general(x: f64, precision: usize, keep: bool) -> String {
    let precision = precision.max(1);
    let text = format!("{x:.*e}", precision - 1);
    let (digits, exponent) = split(&text);
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    let trim = |text: String| {
        if keep || !text.contains('.') {
            text
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
    };
    if exponent < -4 || exponent >= limit {
        return with_exponent(&trim(digits.to_string()), exponent);
    }
    let after = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    trim(format!("{x:.after$}"))
}

/// Thousands apart, in the part before the point.
pub fn grouped(digits: &str, separator: char, every: usize) -> String {
    let end = digits.find(['.', 'e']).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut out = String::new();
    for (n, c) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(every) {
            out.push(separator);
        }
        out.push(c);
    }
    out.push_str(rest);
    out
}

/// What `int(text, base)` reads.
pub fn read_int(text: &str, base: u32) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = match base {
        16 => "0x",
        8 => "0o",
        2 => "0b",
        _ => "\0",
    };
    let digits = lower.strip_prefix(prefix).unwrap_or(&lower);
    let bad = digits.is_empty()
        || digits.starts_with(['_', '+', '-'])
        || digits.ends_with('_')
        || digits.contains("__");
    if bad {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base).ok()
}

/// What `float(text)` reads.
pub fn read_float(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let word = lower.trim_start_matches(['+', '-']);
    let known = matches!(word, "inf" | "infinity" | "nan");
    let plain = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if known || plain { lower.replace('_', "").parse().ok() } else { None }
}

/// The digits of a whole number in a base.
pub fn radix(n: i64, base: u64) -> String {
    let mut rest = n.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % base) as u32, 36).unwrap_or('0'));
        rest /= base;
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}
