//! `template % values`.

use super::compute::as_int;
use super::format::{is_mapping, old};
use super::value::{Fault, Heap, MAX_TEXT, Object, Res, Value, type_error, value_error};

/// Fills a template with a value, or with those of a tuple.
pub fn format(heap: &mut Heap, template: &str, values: &Value) -> Res<Value> {
    let args = match heap.of(values) {
        Some(Object::Tuple(values)) => values.clone(),
        _ => vec![values.clone()],
    };
    let mut next = args.iter();
    let short = || super::value::fault("TypeError", "not enough arguments for format string");
    let mut by_name = false;
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        heap.room(out.len(), MAX_TEXT)?;
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut named = None;
        if chars.peek() == Some(&'(') {
            chars.next();
            let key: String = chars.by_ref().take_while(|c| *c != ')').collect();
            if !is_mapping(heap, values) {
                return type_error("format requires a mapping");
            }
            let key = Value::Str(key.into());
            named = Some(heap.item(values, &key)?.ok_or(Fault::New("KeyError", vec![key]))?);
            by_name = true;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ 0#".contains(*c)) {
            flags.push(flag);
        }
        let mut number = |next: &mut std::slice::Iter<'_, Value>| -> Res<Option<usize>> {
            if chars.next_if_eq(&'*').is_some() {
                let n = next.next().ok_or_else(short)?;
                return Ok(as_int(n).and_then(|n| usize::try_from(n).ok()));
            }
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            Ok(digits.parse().ok())
        };
        let width = number(&mut next)?.unwrap_or(0);
        let precision = if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            Some(digits.parse().unwrap_or(0))
        } else {
            None
        };
        heap.room(width.max(precision.unwrap_or(0)), 100_000)?;
        match chars.next() {
            None => return value_error("incomplete format"),
            Some('%') => out.push('%'),
            Some(kind) => {
                let value = match named {
                    Some(value) => value,
                    None => next.next().cloned().ok_or_else(short)?,
                };
                out.push_str(&old(heap, &value, &flags, width, precision, kind)?);
            }
        }
    }
    if next.next().is_some() && !by_name && !is_mapping(heap, values) {
        return type_error("not all arguments converted during string formatting");
    }
    heap.text(out)
}
