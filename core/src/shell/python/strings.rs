//! Methods of strings and bytes.

use super::call::Named;
use super::compute::as_int;
use super::value::{Fault, Heap, Res, Value, fault, type_error, value_error};

/// Methods of strings, and those of bytes among them.
pub const STR: &[&str] = &[
    "format",
    "encode",
    "split",
    "rsplit",
    "strip",
    "lstrip",
    "rstrip",
    "join",
    "startswith",
    "endswith",
    "replace",
    "upper",
    "lower",
    "title",
    "capitalize",
    "swapcase",
    "splitlines",
    "partition",
    "rpartition",
    "count",
    "find",
    "rfind",
    "index",
    "isdigit",
    "isalpha",
    "isalnum",
    "isspace",
    "isupper",
    "islower",
    "zfill",
    "ljust",
    "rjust",
    "center",
    "removeprefix",
    "removesuffix",
    "casefold",
    "isnumeric",
    "isdecimal",
];
/// Methods of bytes.
pub const BYTES: &[&str] = &[
    "decode",
    "hex",
    "split",
    "strip",
    "lstrip",
    "rstrip",
    "join",
    "startswith",
    "endswith",
    "replace",
    "upper",
    "lower",
    "splitlines",
    "partition",
    "count",
    "find",
];

/// A string as bytes.
pub fn encode(heap: &mut Heap, text: &str, encoding: &str, errors: &str) -> Res<Value> {
    let limit = match normal(encoding).as_str() {
        "utf8" => return heap.bytes(text.as_bytes()),
        "ascii" | "usascii" => 128,
        "latin1" | "iso88591" => 256,
        _ => return Err(fault("LookupError", format!("unknown encoding: {encoding}"))),
    };
    let mut out = Vec::new();
    for (at, c) in text.chars().enumerate() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if u32::from(byte) < limit => out.push(byte),
            _ if errors == "ignore" => {}
            _ if errors == "replace" => out.push(b'?'),
            _ => {
                let code = u32::from(c);
                let shown = if code < 0x1_0000 { format!("\\u{code:04x}") } else { format!("\\U{code:08x}") };
                let shown = if code < 256 { format!("\\x{code:02x}") } else { shown };
                let name = if limit == 128 { "ascii" } else { "latin-1" };
                let words = format!(
                    "'{name}' codec can't encode character '{shown}' in position {at}: ordinal not in range({limit})"
                );
                return Err(fault("UnicodeEncodeError", words));
            }
        }
    }
    heap.bytes(out)
}

/// Bytes as a string.
pub fn decode(heap: &mut Heap, bytes: &[u8], encoding: &str, errors: &str) -> Res<Value> {
    let name = normal(encoding);
    let text = match name.as_str() {
        "utf8" => match (std::str::from_utf8(bytes), errors) {
            (Ok(text), _) => text.to_string(),
            (Err(_), "replace") => String::from_utf8_lossy(bytes).into_owned(),
            (Err(_), "ignore") => String::from_utf8_lossy(bytes).replace('\u{fffd}', ""),
            (Err(error), _) => return Err(undecodable(bytes, error)),
        },
        "ascii" | "usascii" => match bytes.iter().enumerate().find(|(_, byte)| !byte.is_ascii()) {
            Some((at, byte)) if errors == "strict" => {
                let words = format!(
                    "'ascii' codec can't decode byte 0x{byte:02x} in position {at}: ordinal not in range(128)"
                );
                return Err(fault("UnicodeDecodeError", words));
            }
            _ => bytes.iter().filter(|byte| byte.is_ascii()).map(|byte| char::from(*byte)).collect(),
        },
        "latin1" | "iso88591" => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => return Err(fault("LookupError", format!("unknown encoding: {encoding}"))),
    };
    heap.text(text)
}

fn normal(encoding: &str) -> String {
    encoding.to_ascii_lowercase().replace(['-', '_', ' '], "")
}

fn undecodable(bytes: &[u8], error: std::str::Utf8Error) -> Fault {
    let at = error.valid_up_to();
    let byte = bytes.get(at).copied().unwrap_or(0);
    let starts = (0xc2..=0xf4).contains(&byte);
    let words = match error.error_len() {
        None if bytes.len() - at > 1 => {
            format!(
                "'utf-8' codec can't decode bytes in position {at}-{}: unexpected end of data",
                bytes.len() - 1
            )
        }
        None => {
            format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: unexpected end of data")
        }
        Some(n) if starts && n > 1 => {
            format!(
                "'utf-8' codec can't decode bytes in position {at}-{}: invalid continuation byte",
                at + n - 1
            )
        }
        Some(_) => {
            let why = if starts { "invalid continuation byte" } else { "invalid start byte" };
            format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: {why}")
        }
    };
    fault("UnicodeDecodeError", words)
}

/// The characters that `strip` takes away.
fn edges(text: &str, method: &str, chars: Option<&str>) -> String {
    let off = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
    match method {
        "lstrip" => text.trim_start_matches(off),
        "rstrip" => text.trim_end_matches(off),
        _ => text.trim_matches(off),
    }
    .to_string()
}

fn pieces(text: &str, separator: Option<&str>, limit: usize, from_right: bool) -> Vec<String> {
    let own = |piece: &str| piece.to_string();
    match separator {
        None if limit == usize::MAX => text.split_whitespace().map(own).collect(),
        None => {
            let mut out = Vec::new();
            let mut rest = if from_right { text.trim_end() } else { text.trim_start() };
            while out.len() < limit && !rest.is_empty() {
                let cut =
                    if from_right { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
                let Some(cut) = cut else { break };
                let (head, tail) = rest.split_at(cut);
                if from_right {
                    out.push(tail.trim_start().to_string());
                    rest = head.trim_end();
                } else {
                    out.push(head.to_string());
                    rest = tail.trim_start();
                }
            }
            if !rest.is_empty() {
                out.push(rest.to_string());
            }
            if from_right {
                out.reverse();
            }
            out
        }
        Some(separator) if from_right => {
            let mut out: Vec<String> = text.rsplitn(limit.saturating_add(1), separator).map(own).collect();
            out.reverse();
            out
        }
        Some(separator) => text.splitn(limit.saturating_add(1), separator).map(own).collect(),
    }
}

/// The lines of a text.
pub fn lines(text: &str, keep: bool) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let after = rest.get(end..).unwrap_or_default();
        let width = if after.starts_with("\r\n") { 2 } else { usize::from(!after.is_empty()) };
        let shown = if keep { end + width } else { end };
        out.push(rest.get(..shown).unwrap_or_default().to_string());
        rest = rest.get(end + width..).unwrap_or_default();
    }
    out
}

/// What a method of a string gives, if it needs no calls.
pub fn method(heap: &mut Heap, text: &str, name: &str, args: &[Value], named: &Named) -> Res<Value> {
    let word = |value: Option<&Value>| match value {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    };
    let first = word(args.first());
    let option = |key: &str, at: usize| {
        named.iter().find(|(name, _)| &**name == key).map(|(_, value)| value).or_else(|| args.get(at))
    };
    match name {
        "encode" => {
            let encoding = word(option("encoding", 0)).unwrap_or_else(|| "utf-8".into());
            let errors = word(option("errors", 1)).unwrap_or_else(|| "strict".into());
            return encode(heap, text, &encoding, &errors);
        }
        "split" | "rsplit" => {
            let separator = word(option("sep", 0));
            if separator.as_deref() == Some("") {
                return value_error("empty separator");
            }
            let limit = option("maxsplit", 1).and_then(as_int).and_then(|n| usize::try_from(n).ok());
            let parts = pieces(text, separator.as_deref(), limit.unwrap_or(usize::MAX), name == "rsplit");
            return list(heap, parts);
        }
        "splitlines" => {
            let keep = option("keepends", 0).is_some_and(|value| heap.truth(value));
            return list(heap, lines(text, keep));
        }
        "strip" | "lstrip" | "rstrip" => {
            let text = edges(text, name, first.as_deref());
            return heap.text(text);
        }
        "join" => return join(heap, text, args),
        "startswith" | "endswith" => return affix(heap, text, name, args),
        _ => {}
    }
    match super::strings_more::simple(heap, text, name, args) {
        Some(result) => result,
        None if first.is_none() => {
            let class = args.first().map_or("nothing", |arg| heap.class(arg));
            type_error(format!("{name}() argument 1 must be str, not {class}"))
        }
        None => super::strings_more::with_text(heap, text, name, first.as_deref().unwrap_or_default(), args),
    }
}

fn list(heap: &mut Heap, parts: Vec<String>) -> Res<Value> {
    let values = parts.into_iter().map(|part| Value::Str(part.into())).collect();
    heap.list(values)
}

fn join(heap: &mut Heap, separator: &str, args: &[Value]) -> Res<Value> {
    let [over] = args else {
        return type_error(format!("str.join() takes exactly one argument ({} given)", args.len()));
    };
    let Ok(items) = heap.items(over) else { return type_error("can only join an iterable") };
    let mut out = String::new();
    for (n, item) in items.iter().enumerate() {
        let Value::Str(item) = item else {
            let class = heap.class(item);
            return type_error(format!("sequence item {n}: expected str instance, {class} found"));
        };
        if n > 0 {
            out.push_str(separator);
        }
        out.push_str(item);
        heap.room(out.len(), super::value::MAX_TEXT)?;
    }
    heap.text(out)
}

fn affix(heap: &Heap, text: &str, name: &str, args: &[Value]) -> Res<Value> {
    let options = match args.first().map(|arg| (arg, heap.of(arg))) {
        Some((_, Some(super::value::Object::Tuple(options)))) => options.clone(),
        Some((arg, _)) => vec![arg.clone()],
        None => Vec::new(),
    };
    let mut found = false;
    for option in &options {
        let Value::Str(option) = option else {
            let class = heap.class(option);
            return type_error(format!("{name} first arg must be str or a tuple of str, not {class}"));
        };
        found |= if name == "startswith" { text.starts_with(&**option) } else { text.ends_with(&**option) };
    }
    Ok(Value::Bool(found))
}
