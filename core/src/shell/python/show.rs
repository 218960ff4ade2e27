//! How values print: `str`, `repr`, and the names of their classes. Goes into what holds others to a fixed depth.

use super::class;
use super::number;
use super::value::{Exception, Fault, Heap, MAX_TEXT, Object, Res, Value, fault};
use crate::base::order;
use std::fmt::Write;

/// Lists within lists.
const MAX_DEPTH: usize = 100;

impl Heap {
    /// The name of a value's class.
    pub fn class(&self, value: &Value) -> &'static str {
        match value {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::Type(_) => "type",
            Value::Native(_) => "builtin_function_or_method",
            Value::Module(_) => "module",
            Value::Ref(id) => match self.get(*id) {
                Object::Tuple(_) => "tuple",
                Object::List(_) => "list",
                Object::Dict(dict) => dict.class,
                Object::View(class, _) | Object::Iterator(class, ..) => class,
                Object::Function(..) => "function",
                Object::Exception(exception) => exception.class,
                Object::Socket(_) => "socket",
                Object::Range(..) => "range",
                Object::Slice(_) => "slice",
                Object::Method(..) => "builtin_function_or_method",
                Object::File(..) => "_io.TextIOWrapper",
                Object::Free | Object::Scope(..) => "object",
            },
        }
    }

    /// `str(value)`.
    pub fn str(&self, value: &Value) -> Res<String> {
        match value {
            Value::Str(text) => Ok(text.to_string()),
            Value::Ref(id) => match self.get(*id) {
                Object::Exception(exception) => self.exception_words(exception),
                _ => self.repr(value),
            },
            _ => self.repr(value),
        }
    }

    /// What an exception says.
    pub fn exception_words(&self, exception: &Exception) -> Res<String> {
        match exception.args.as_slice() {
            [] => Ok(String::new()),
            [only] if exception.class == "KeyError" => self.repr(only),
            [only] => self.str(only),
            [number, words, rest @ ..]
                if class::is_subclass(exception.class, "OSError") && rest.len() < 2 =>
            {
                let (number, words) = (self.str(number)?, self.str(words)?);
                match rest.first() {
                    Some(file) => Ok(format!("[Errno {number}] {words}: {}", self.repr(file)?)),
                    None => Ok(format!("[Errno {number}] {words}")),
                }
            }
            args => {
                let mut out = String::new();
                self.write_all(&mut out, args, ["(", ")"], 0)?;
                Ok(out)
            }
        }
    }

    /// `repr(value)`.
    pub fn repr(&self, value: &Value) -> Res<String> {
        let mut out = String::new();
        self.write(&mut out, value, 0)?;
        Ok(out)
    }

    fn write(&self, out: &mut String, value: &Value, depth: usize) -> Res<()> {
        if depth > MAX_DEPTH {
            let words = "maximum recursion depth exceeded while getting the repr of an object";
            return Err(fault("RecursionError", words));
        }
        if out.len() > MAX_TEXT {
            return Err(Fault::New("MemoryError", Vec::new()));
        }
        match value {
            Value::None => out.push_str("None"),
            Value::Bool(true) => out.push_str("True"),
            Value::Bool(false) => out.push_str("False"),
            Value::Int(n) => out.push_str(&n.to_string()),
            Value::Float(x) => out.push_str(&number::repr(*x)),
            Value::Str(text) => quote(out, text),
            Value::Bytes(bytes) => quote_bytes(out, bytes),
            Value::Type(name) => out.push_str(&format!("<class '{}'>", class::qualified(name))),
            Value::Native(name) => {
                let name = name.rsplit('.').next().unwrap_or(name);
                out.push_str(&format!("<built-in function {name}>"));
            }
            Value::Module(name) => out.push_str(&format!("<module '{name}' (built-in)>")),
            Value::Ref(id) => self.write_object(out, self.get(*id), id.0, depth)?,
        }
        Ok(())
    }

    fn write_object(&self, out: &mut String, object: &Object, id: u32, depth: usize) -> Res<()> {
        let address = 0x7f5c_8a60_0000u64 + u64::from(id) * 64;
        match object {
            Object::Tuple(values) => match values.as_slice() {
                [only] => {
                    out.push('(');
                    self.write(out, only, depth + 1)?;
                    out.push_str(",)");
                }
                values => self.write_all(out, values, ["(", ")"], depth)?,
            },
            Object::List(values) => self.write_all(out, values, ["[", "]"], depth)?,
            Object::View(class, values) => {
                out.push_str(class);
                self.write_all(out, values, ["([", "])"], depth)?;
            }
            Object::Dict(_) => self.write_dict(out, object, depth)?,
            Object::Exception(exception) => {
                out.push_str(exception.class);
                self.write_all(out, &exception.args, ["(", ")"], depth)?;
            }
            Object::Range(start, stop, 1) => out.push_str(&format!("range({start}, {stop})")),
            Object::Range(start, stop, step) => out.push_str(&format!("range({start}, {stop}, {step})")),
            Object::Slice(parts) => {
                out.push_str("slice");
                self.write_all(out, parts, ["(", ")"], depth)?;
            }
            Object::Socket(socket) => {
                let fd = socket.fd.map_or(-1, |fd| i64::from(fd.0));
                let kind = if socket.datagrams { 2 } else { 1 };
                let closed = if socket.fd.is_none() { " [closed]" } else { "" };
                out.push_str(&format!("<socket.socket{closed} fd={fd}, family=2, type={kind}, proto=0>"));
            }
            Object::Function(..) => out.push_str(&format!("<function at 0x{address:x}>")),
            Object::Method(value, name) => {
                let class = self.class(value);
                out.push_str(&format!("<built-in method {name} of {class} object at 0x{address:x}>"));
            }
            Object::File(name, ..) => {
                out.push_str(&format!("<_io.TextIOWrapper name='{name}' mode='r' encoding='UTF-8'>"));
            }
            Object::Iterator(class, ..) => out.push_str(&format!("<{class} object at 0x{address:x}>")),
            Object::Free | Object::Scope(..) => out.push_str(&format!("<object at 0x{address:x}>")),
        }
        Ok(())
    }

    fn write_dict(&self, out: &mut String, object: &Object, depth: usize) -> Res<()> {
        let Object::Dict(dict) = object else { return Ok(()) };
        let (open, close) = match (dict.class, dict.is_empty()) {
            ("set", true) => ("set(", ")"),
            ("Counter", true) => ("Counter(", ")"),
            ("Counter", false) => ("Counter({", "})"),
            ("defaultdict", _) => ("defaultdict(", "})"),
            _ => ("{", "}"),
        };
        out.push_str(open);
        if dict.class == "defaultdict" {
            self.write(out, &dict.factory.clone().unwrap_or(Value::None), depth + 1)?;
            out.push_str(", {");
        }
        let mut entries: Vec<&(Value, Value)> = dict.iter().collect();
        if dict.class == "Counter" {
            order::sort_by_key(&mut entries, |(_, value)| {
                std::cmp::Reverse(super::compute::as_int(value).unwrap_or(0))
            });
        }
        for (n, (key, value)) in entries.into_iter().enumerate() {
            if n > 0 {
                out.push_str(", ");
            }
            self.write(out, key, depth + 1)?;
            if dict.class != "set" {
                out.push_str(": ");
                self.write(out, value, depth + 1)?;
            }
        }
        out.push_str(close);
        Ok(())
    }

    fn write_all(&self, out: &mut String, values: &[Value], around: [&str; 2], depth: usize) -> Res<()> {
        out.push_str(around[0]);
        for (n, value) in values.iter().enumerate() {
            if n > 0 {
                out.push_str(", ");
            }
            self.write(out, value, depth + 1)?;
        }
        out.push_str(around[1]);
        Ok(())
    }
}

/// A string in quotes, with escapes.
fn quote(out: &mut String, text: &str) {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 32 || (127..=160).contains(&u32::from(c)) || c == '\u{ad}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if matches!(u32::from(c), 0x2000..=0x200f | 0x2028..=0x202f | 0x3000 | 0xfeff) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(mark);
}

fn quote_bytes(out: &mut String, bytes: &[u8]) {
    let mark = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    out.push('b');
    out.push(char::from(mark));
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            byte if *byte == mark => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            32..=126 => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(char::from(mark));
}
