//! Scalars: whether a value fits a type that is written as one, and upstream's own words where it has some.
//! Models: apimachinery `intstr`, `resource.Quantity` and `metav1.Time`.

use crate::api::fields::Shape;
use serde_json::Value;

/// Whether a value fits.
pub enum Fit {
    /// It does.
    Yes,
    /// It is of another type.
    OtherType,
    /// It is not, and the type has its own words for it.
    Own(String),
}

/// Whether a value that is not null fits a type that is neither struct, map nor list.
pub fn check(shape: &Shape, value: &Value) -> Fit {
    match shape {
        Shape::Text(_) => of_type(value.is_string()),
        Shape::Bool => of_type(value.is_boolean()),
        Shape::Float => of_type(value.is_number()),
        Shape::Int("int32") => of_type(value.as_i64().is_some_and(|n| i32::try_from(n).is_ok())),
        Shape::Int(_) => of_type(value.as_i64().is_some()),
        Shape::Bytes => bytes(value),
        Shape::Quantity => quantity(value),
        Shape::IntOrString => int_or_string(value),
        Shape::Time => time(value, "2006-01-02T15:04:05Z07:00"),
        Shape::MicroTime => time(value, "2006-01-02T15:04:05.000000Z07:00"),
        Shape::Any | Shape::Struct(_) | Shape::List(_) | Shape::Map(_) => Fit::Yes,
    }
}

fn of_type(fits: bool) -> Fit {
    if fits { Fit::Yes } else { Fit::OtherType }
}

fn bytes(value: &Value) -> Fit {
    let Some(text) = value.as_str() else { return Fit::OtherType };
    match data_encoding::BASE64.decode(text.replace(['\n', '\r'], "").as_bytes()) {
        Ok(_) => Fit::Yes,
        Err(error) => Fit::Own(format!("illegal base64 data at input byte {}", error.position)),
    }
}

fn int_or_string(value: &Value) -> Fit {
    match value {
        Value::String(_) => Fit::Yes,
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => Fit::Yes,
        Value::Number(number) => {
            Fit::Own(format!("json: cannot unmarshal number {number} into Go value of type int32"))
        }
        other => {
            let found = match other {
                Value::Bool(_) => "bool",
                Value::Array(_) => "array",
                _ => "object",
            };
            Fit::Own(format!("json: cannot unmarshal {found} into Go value of type int32"))
        }
    }
}

fn quantity(value: &Value) -> Fit {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let suffix_at = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(suffix_at);
    let exponent = |s: &str| {
        let digits = s.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
    };
    let known = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let is_number = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
    if is_number && (known.contains(&suffix) || exponent(suffix)) {
        return Fit::Yes;
    }
    let words = if is_number && suffix.chars().all(|c| "einumkKMGTPE+-0123456789".contains(c)) {
        "unable to parse quantity's suffix"
    } else {
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    };
    Fit::Own(words.into())
}

/// Times are checked by their shape: date, `T`, time, zone.
fn time(value: &Value, layout: &str) -> Fit {
    let Some(text) = value.as_str() else {
        return Fit::Own(format!("json: cannot unmarshal {} into Go value of type string", name_of(value)));
    };
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is = |at: usize, c: u8| bytes.get(at) == Some(&c);
    let digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];
    let fits = digits.into_iter().all(digit)
        && is(4, b'-')
        && is(7, b'-')
        && is(10, b'T')
        && is(13, b':')
        && is(16, b':')
        && (text.ends_with('Z') || text.len() > 6 && matches!(bytes.get(bytes.len() - 6), Some(b'+' | b'-')));
    if fits {
        return Fit::Yes;
    }
    Fit::Own(format!("parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\""))
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
