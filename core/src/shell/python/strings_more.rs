//! More methods of strings and bytes: those that are one step each.

use super::call::Named;
use super::compute::as_int;
use super::value::{Heap, Res, Value, fault, type_error};

/// Methods that need no text.
pub fn simple(heap: &mut Heap, text: &str, name: &str, args: &[Value]) -> Option<Res<Value>> {
    let all = |test: fn(char) -> bool| Ok(Value::Bool(!text.is_empty() && text.chars().all(test)));
    let width = args.first().and_then(as_int).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let fill = match args.get(1) {
        Some(Value::Str(fill)) => fill.chars().next().unwrap_or(' '),
        _ => ' ',
    };
    let mut padded = |left: usize, right: usize, fill: char| {
        heap.room(left + right, super::value::MAX_TEXT)?;
        let side = |n: usize| std::iter::repeat_n(fill, n);
        let text: String = side(left).chain(text.chars()).chain(side(right)).collect();
        heap.text(text)
    };
    let missing = width.saturating_sub(text.chars().count());
    Some(match name {
        "upper" => heap.text(text.to_uppercase()),
        "lower" | "casefold" => heap.text(text.to_lowercase()),
        "capitalize" => heap.text(capital(text)),
        "title" => {
            let mut out = String::new();
            let mut inside = false;
            for c in text.chars() {
                if inside {
                    out.extend(c.to_lowercase())
                } else {
                    out.extend(c.to_uppercase())
                }
                inside = c.is_alphabetic();
            }
            heap.text(out)
        }
        "swapcase" => {
            let swap = |c: char| {
                if c.is_uppercase() { c.to_lowercase().to_string() } else { c.to_uppercase().to_string() }
            };
            heap.text(text.chars().map(swap).collect::<String>())
        }
        "isdigit" | "isnumeric" | "isdecimal" => all(|c| c.is_numeric()),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(char::is_whitespace),
        "isupper" => Ok(Value::Bool(text != text.to_lowercase() && text == text.to_uppercase())),
        "islower" => Ok(Value::Bool(text != text.to_uppercase() && text == text.to_lowercase())),
        "ljust" => padded(0, missing, fill),
        "rjust" => padded(missing, 0, fill),
        "center" => {
            let left = missing / 2 + (missing & width & 1);
            padded(left, missing - left, fill)
        }
        "zfill" => {
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(rest) => (text.get(..1).unwrap_or_default(), rest),
                None => ("", text),
            };
            heap.room(missing, super::value::MAX_TEXT)
                .and_then(|()| heap.text(format!("{sign}{}{digits}", "0".repeat(missing))))
        }
        _ => return None,
    })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect()
    })
}

/// Methods whose first argument is a text.
pub fn with_text(heap: &mut Heap, text: &str, name: &str, part: &str, args: &[Value]) -> Res<Value> {
    let at = |found: Option<usize>| {
        found.map_or(-1, |at| text.get(..at).map_or(0, |before| before.chars().count() as i64))
    };
    match name {
        "replace" => {
            let Some(Value::Str(new)) = args.get(1) else {
                return type_error("replace() argument 2 must be str");
            };
            let times =
                args.get(2).and_then(as_int).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
            let count = text.matches(part).count().min(times);
            heap.room(count.saturating_mul(new.len()), super::value::MAX_TEXT)?;
            let out = text.replacen(part, new, times);
            heap.text(out)
        }
        "partition" | "rpartition" if part.is_empty() => Err(fault("ValueError", "empty separator")),
        "partition" | "rpartition" => {
            let is_first = name == "partition";
            let found = if is_first { text.split_once(part) } else { text.rsplit_once(part) };
            let parts = match found {
                Some((before, after)) => [before, part, after],
                None if is_first => [text, "", ""],
                None => ["", "", text],
            };
            let values = parts.map(|part| Value::Str(part.into()));
            Ok(heap.tuple(values.into()))
        }
        "count" => {
            Ok(Value::Int(
                if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() } as i64,
            ))
        }
        "find" => Ok(Value::Int(at(text.find(part)))),
        "rfind" => Ok(Value::Int(at(text.rfind(part)))),
        "index" => match at(text.find(part)) {
            -1 => Err(fault("ValueError", "substring not found")),
            n => Ok(Value::Int(n)),
        },
        "removeprefix" => Ok(Value::Str(text.strip_prefix(part).unwrap_or(text).into())),
        "removesuffix" => Ok(Value::Str(text.strip_suffix(part).unwrap_or(text).into())),
        _ => Err(fault("AttributeError", format!("'str' object has no attribute '{name}'"))),
    }
}

/// Methods of bytes: most are those of a string of the same characters.
pub fn of_bytes(heap: &mut Heap, bytes: &[u8], name: &str, args: &[Value], named: &Named) -> Res<Value> {
    match name {
        "decode" => {
            let option = |key: &str, at: usize| {
                let value = named.iter().find(|(name, _)| &**name == key).map(|(_, value)| value);
                match value.or_else(|| args.get(at)) {
                    Some(Value::Str(text)) => Some(text.to_string()),
                    _ => None,
                }
            };
            let encoding = option("encoding", 0).unwrap_or_else(|| "utf-8".into());
            let errors = option("errors", 1).unwrap_or_else(|| "strict".into());
            return super::strings::decode(heap, bytes, &encoding, &errors);
        }
        "hex" => {
            let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            return heap.text(text);
        }
        _ => {}
    }
    if name == "join" {
        let Some(over) = args.first() else {
            return type_error("bytes.join() takes exactly one argument (0 given)");
        };
        let mut out: Vec<u8> = Vec::new();
        for (n, item) in heap.items(over)?.iter().enumerate() {
            let Value::Bytes(item) = item else {
                let class = heap.class(item);
                return type_error(format!("sequence item {n}: expected a bytes-like object, {class} found"));
            };
            if n > 0 {
                out.extend_from_slice(bytes);
            }
            out.extend_from_slice(item);
            heap.room(out.len(), super::value::MAX_TEXT)?;
        }
        return heap.bytes(out);
    }
    let as_text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let plain = |value: &Value| match value {
        Value::Bytes(bytes) => Ok(Value::Str(as_text(bytes).into())),
        Value::Str(_) => Err(fault("TypeError", "a bytes-like object is required, not 'str'")),
        other => Ok(other.clone()),
    };
    let args: Res<Vec<Value>> = args.iter().map(plain).collect();
    let (args, text) = (args?, as_text(bytes));
    let result = super::strings::method(heap, &text, name, &args, named)?;
    back(heap, &result)
}

/// Strings become bytes again.
fn back(heap: &mut Heap, value: &Value) -> Res<Value> {
    let bytes =
        |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect::<Vec<u8>>();
    match value {
        Value::Str(text) => heap.bytes(bytes(text)),
        Value::Ref(_) => {
            let is_list = heap.class(value) == "list";
            let items = heap.items(value)?;
            let mut values = Vec::new();
            for item in &items {
                values.push(match item {
                    Value::Str(text) => heap.bytes(bytes(text))?,
                    other => other.clone(),
                });
            }
            if is_list { heap.list(values) } else { Ok(heap.tuple(values)) }
        }
        other => Ok(other.clone()),
    }
}
