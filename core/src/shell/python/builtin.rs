//! The functions that every program sees, and how values become others.

use super::call::Named;
use super::class;
use super::code::Binary;
use super::compute::{as_float, as_int, integers, too_large};
use super::machine::{After, Called, Machine};
use super::number;
use super::value::{Fault, Heap, Object, Res, Value, fault, type_error, value_error};
use crate::base::order;
use crate::process::Cx;
use std::cmp::Ordering;

/// Functions by name.
pub const NAMES: &[&str] = &[
    "print",
    "len",
    "enumerate",
    "zip",
    "sorted",
    "min",
    "max",
    "sum",
    "repr",
    "isinstance",
    "abs",
    "round",
    "map",
    "filter",
    "reversed",
    "any",
    "all",
    "chr",
    "ord",
    "hex",
    "bin",
    "oct",
    "open",
    "divmod",
    "pow",
    "callable",
    "format",
    "exit",
    "quit",
    "iter",
    "next",
    "hasattr",
    "getattr",
    "id",
    "issubclass",
];

/// What a name means that the program did not set.
pub fn named(name: &str) -> Option<Value> {
    if let Some(function) = NAMES.iter().find(|known| **known == name) {
        return Some(Value::Native(function));
    }
    class::builtin(name).map(Value::Type)
}

/// `int(x)`, `str(x)` and such.
pub fn convert(heap: &mut Heap, class: &'static str, args: &[Value]) -> Res<Value> {
    match (class, args) {
        ("int", []) => Ok(Value::Int(0)),
        ("int", [value]) => to_int(heap, value, 10),
        ("int", [value, base]) => {
            let base =
                as_int(base).and_then(|base| u32::try_from(base).ok()).filter(|b| (2..=36).contains(b));
            match base {
                Some(base) => to_int(heap, value, base),
                None => value_error("int() base must be >= 2 and <= 36, or 0"),
            }
        }
        ("float", []) => Ok(Value::Float(0.0)),
        ("float", [value]) => to_float(heap, value),
        ("bool", []) => Ok(Value::Bool(false)),
        ("bool", [value]) => Ok(Value::Bool(heap.truth(value))),
        ("str", []) => Ok(Value::Str("".into())),
        ("str", [value]) => {
            let text = heap.str(value)?;
            heap.text(text)
        }
        ("str", [Value::Bytes(bytes), encoding, ..]) => {
            let (bytes, encoding) = (bytes.clone(), heap.str(encoding)?);
            super::strings::decode(heap, &bytes, &encoding, "strict")
        }
        ("bytes", []) => heap.bytes(Vec::new()),
        ("bytes", [Value::Str(_)]) => type_error("string argument without an encoding"),
        ("bytes", [Value::Str(text), encoding, ..]) => {
            let (text, encoding) = (text.clone(), heap.str(encoding)?);
            super::strings::encode(heap, &text, &encoding, "strict")
        }
        ("bytes", [Value::Int(n)]) => match usize::try_from(*n) {
            Ok(n) => {
                heap.room(n, super::value::MAX_TEXT)?;
                heap.bytes(vec![0; n])
            }
            Err(_) => value_error("negative count"),
        },
        ("bytes", [value]) => {
            let items = heap.items(value)?;
            let bytes = items.iter().map(|value| as_int(value).and_then(|n| u8::try_from(n).ok()));
            match bytes.collect::<Option<Vec<u8>>>() {
                Some(bytes) => heap.bytes(bytes),
                None => value_error("bytes must be in range(0, 256)"),
            }
        }
        ("object", []) => Ok(heap.put(Object::Scope(Vec::new(), None))),
        _ => type_error(format!("cannot make '{class}' of {} arguments", args.len())),
    }
}

fn to_int(heap: &Heap, value: &Value, base: u32) -> Res<Value> {
    if let Some(n) = as_int(value) {
        return Ok(Value::Int(n));
    }
    let text = match value {
        Value::Float(x) if x.is_nan() => return value_error("cannot convert float NaN to integer"),
        Value::Float(x) if x.is_infinite() => {
            return Err(fault("OverflowError", "cannot convert float infinity to integer"));
        }
        Value::Float(x) if x.abs() < 9.2e18 => return Ok(Value::Int(*x as i64)),
        Value::Float(_) => return Err(too_large()),
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => {
            let class = heap.class(value);
            return type_error(format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{class}'"
            ));
        }
    };
    match number::read_int(&text, base) {
        Some(n) => Ok(Value::Int(n)),
        None => {
            let shown = heap.repr(value)?;
            value_error(format!("invalid literal for int() with base {base}: {shown}"))
        }
    }
}

fn to_float(heap: &Heap, value: &Value) -> Res<Value> {
    if let Some(x) = as_float(value) {
        return Ok(Value::Float(x));
    }
    let Value::Str(text) = value else {
        let class = heap.class(value);
        return type_error(format!("float() argument must be a string or a real number, not '{class}'"));
    };
    match number::read_float(text) {
        Some(x) => Ok(Value::Float(x)),
        None => value_error(format!("could not convert string to float: {}", heap.repr(value)?)),
    }
}

/// Values in the order of their keys.
pub fn sorted(heap: &Heap, items: Vec<Value>, keys: &[Value], reverse: bool) -> Res<Vec<Value>> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut failed = None;
    order::sort_by(&mut order, |a, b| {
        // As CPython does it: is the later one less?
        let (first, later) = (keys.get(*a.min(b)), keys.get(*a.max(b)));
        let (Some(first), Some(later)) = (first, later) else { return Ordering::Equal };
        if failed.is_some() {
            return Ordering::Equal;
        }
        match heap.order(later, first, "<", 0) {
            Ok(order) => {
                let order = order.unwrap_or(Ordering::Equal);
                if (a < b) != reverse { order.reverse() } else { order }
            }
            Err(fault) => {
                failed = Some(fault);
                Ordering::Equal
            }
        }
    });
    match failed {
        Some(fault) => Err(fault),
        None => Ok(order.into_iter().filter_map(|n| items.get(n).cloned()).collect()),
    }
}

/// The value with the least or greatest key.
pub fn extreme(heap: &Heap, name: &str, items: Vec<Value>, keys: &[Value]) -> Res<Value> {
    let (sign, wanted) = if name == "min" { ("<", Ordering::Less) } else { (">", Ordering::Greater) };
    let mut best: Option<(Value, &Value)> = None;
    for (item, key) in items.into_iter().zip(keys) {
        let better = match &best {
            Some((_, before)) => heap.order(key, before, sign, 0)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some((item, key));
        }
    }
    best.map(|(item, _)| item)
        .ok_or_else(|| fault("ValueError", format!("{name}() iterable argument is empty")))
}

fn keyword<'n>(named: &'n Named, name: &str) -> Option<&'n Value> {
    named.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
}

/// Complains about names that a function does not take.
fn only(function: &str, named: &Named, known: &[&str]) -> Res<()> {
    match named.iter().find(|(key, _)| !known.contains(&&**key)) {
        Some((key, _)) if known.is_empty() => {
            let _ = key;
            type_error(format!("{function}() takes no keyword arguments"))
        }
        Some((key, _)) => type_error(format!("{function}() got an unexpected keyword argument '{key}'")),
        None => Ok(()),
    }
}

impl Machine {
    /// Calls one of our functions.
    pub(super) fn native(
        &mut self,
        cx: &mut Cx<'_, '_>,
        name: &'static str,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        match name {
            "print" => return self.print(&args, named),
            "sorted" | "min" | "max" | "map" | "filter" => return self.each(cx, name, args, named),
            "open" => return self.open_file(cx, &args, named),
            _ if name.contains('.') => return self.module_function(cx, name, args, named),
            "exit" | "quit" => return Err(Fault::New("SystemExit", args)),
            _ => {}
        }
        let known: &[&str] = match name {
            "enumerate" => &["start"],
            "sum" => &["start"],
            "zip" => &["strict"],
            "round" => &["ndigits"],
            _ => &[],
        };
        only(name, named, known)?;
        let mut args = args;
        args.extend(named.iter().filter(|(key, _)| &**key != "strict").map(|(_, value)| value.clone()));
        self.plain(name, &args).map(Called::Value)
    }

    fn print(&mut self, args: &[Value], named: &Named) -> Res<Called> {
        only("print", named, &["sep", "end", "file", "flush"])?;
        let words = |name: &str, default: &str| match keyword(named, name) {
            None | Some(Value::None) => Ok(default.to_string()),
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(other) => {
                type_error(format!("{name} must be None or a string, not {}", self.heap.class(other)))
            }
        };
        let (separator, end) = (words("sep", " ")?, words("end", "\n")?);
        let mut text = String::new();
        for (n, arg) in args.iter().enumerate() {
            if n > 0 {
                text.push_str(&separator);
            }
            text.push_str(&self.heap.str(arg)?);
            self.heap.room(text.len(), super::value::MAX_TEXT)?;
        }
        text.push_str(&end);
        let fd = match keyword(named, "file") {
            Some(Value::Native("sys.stderr")) => 2,
            Some(Value::Ref(_)) => {
                return type_error("this python3 prints to sys.stdout and sys.stderr only");
            }
            _ => 1,
        };
        self.write(fd, text);
        Ok(Called::Value(Value::None))
    }

    /// Functions that may call another for each value.
    fn each(
        &mut self,
        cx: &mut Cx<'_, '_>,
        name: &'static str,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        only(name, named, &["key", "reverse", "default"])?;
        let mut args = args;
        let mut function = keyword(named, "key").cloned().unwrap_or(Value::None);
        if matches!(name, "map" | "filter") {
            if args.len() != 2 {
                return type_error(format!("this python3's {name}() takes a function and one iterable"));
            }
            function = args.remove(0);
        }
        let items = match args.as_slice() {
            [] => return type_error(format!("{name} expected at least 1 argument, got 0")),
            [one] => self.heap.items(one)?,
            _ => args,
        };
        if let ("min" | "max", [], Some(default)) = (name, items.as_slice(), keyword(named, "default")) {
            return Ok(Called::Value(default.clone()));
        }
        let reverse = keyword(named, "reverse").is_some_and(|value| self.heap.truth(value));
        let results = if let Value::None = function { items.clone() } else { Vec::new() };
        self.call_each(cx, After { name, function, items, results, reverse, target: None })
    }

    fn plain(&mut self, name: &'static str, args: &[Value]) -> Res<Value> {
        let heap = &mut self.heap;
        match (name, args) {
            ("len", [value]) => match heap.length(value) {
                Some(n) => Ok(Value::Int(n as i64)),
                None => type_error(format!("object of type '{}' has no len()", heap.class(value))),
            },
            ("repr", [value]) => {
                let text = heap.repr(value)?;
                heap.text(text)
            }
            ("format", [value]) => {
                let text = heap.str(value)?;
                heap.text(text)
            }
            ("format", [value, Value::Str(spec)]) => {
                let text = super::format::one(heap, value, spec)?;
                heap.text(text)
            }
            ("id", [Value::Ref(id)]) => Ok(Value::Int(0x7f5c_8a60_0000 + i64::from(id.0) * 64)),
            ("callable", [value]) => {
                let callable = matches!(value, Value::Type(_) | Value::Native(_))
                    || matches!(heap.of(value), Some(Object::Function(..) | Object::Method(..)));
                Ok(Value::Bool(callable))
            }
            ("isinstance" | "issubclass", [value, class]) => {
                heap.is_instance(name, value, class).map(Value::Bool)
            }
            ("iter", [value]) => heap.iterate(value.clone()),
            ("next", [Value::Ref(id), rest @ ..]) => match (heap.advance(*id)?, rest.first()) {
                (Some(value), _) => Ok(value),
                (None, Some(default)) => Ok(default.clone()),
                (None, None) => Err(Fault::New("StopIteration", Vec::new())),
            },
            ("hasattr" | "getattr", [object, Value::Str(attribute), rest @ ..]) => {
                match (self.attribute(object.clone(), attribute), name, rest.first()) {
                    (found, "hasattr", _) => Ok(Value::Bool(found.is_ok())),
                    (Err(_), _, Some(default)) => Ok(default.clone()),
                    (found, ..) => found,
                }
            }
            ("enumerate" | "zip" | "reversed" | "any" | "all" | "sum", _) => sequences(heap, name, args),
            _ => numeric(heap, name, args),
        }
    }
}

impl Heap {
    fn is_instance(&self, name: &str, value: &Value, class: &Value) -> Res<bool> {
        let own = match value {
            Value::Type(own) if name == "issubclass" => own,
            value => self.class(value),
        };
        let classes = match self.of(class) {
            Some(Object::Tuple(classes)) => classes.as_slice(),
            _ => std::slice::from_ref(class),
        };
        let mut found = false;
        for class in classes {
            match class {
                Value::Type(class) => found |= class::is_subclass(own, class),
                _ => {
                    let words = format!("{name}() arg 2 must be a type, a tuple of types, or a union");
                    return type_error(words);
                }
            }
        }
        Ok(found)
    }
}

fn sequences(heap: &mut Heap, name: &'static str, args: &[Value]) -> Res<Value> {
    match (name, args) {
        ("enumerate", [value, rest @ ..]) => {
            let start = rest.first().and_then(as_int).unwrap_or(0);
            let items = heap.items(value)?;
            let number = |n: usize| Value::Int(start.saturating_add(n as i64));
            let pairs = items.into_iter().enumerate().map(|(n, item)| vec![number(n), item]);
            let pairs: Vec<Value> = pairs.map(|pair| heap.tuple(pair)).collect();
            let list = heap.list(pairs)?;
            Ok(heap.put(Object::Iterator("enumerate", list, 0)))
        }
        ("zip", _) => {
            let columns: Res<Vec<Vec<Value>>> = args.iter().map(|arg| heap.items(arg)).collect();
            let columns = columns?;
            let length = columns.iter().map(Vec::len).min().unwrap_or(0);
            let row =
                |n: usize| columns.iter().filter_map(|column| column.get(n).cloned()).collect::<Vec<Value>>();
            let rows: Vec<Vec<Value>> = (0..length).map(row).collect();
            let rows: Vec<Value> = rows.into_iter().map(|row| heap.tuple(row)).collect();
            let list = heap.list(rows)?;
            Ok(heap.put(Object::Iterator("zip", list, 0)))
        }
        ("reversed", [value]) => {
            let mut items = heap.items(value)?;
            items.reverse();
            let list = heap.list(items)?;
            Ok(heap.put(Object::Iterator("list_reverseiterator", list, 0)))
        }
        ("any", [value]) => Ok(Value::Bool(heap.items(value)?.iter().any(|item| heap.truth(item)))),
        ("all", [value]) => Ok(Value::Bool(heap.items(value)?.iter().all(|item| heap.truth(item)))),
        ("sum", [value, rest @ ..]) => {
            let mut total = rest.first().cloned().unwrap_or(Value::Int(0));
            // What adding floats loses is kept and added at the end, as CPython does since 3.12.
            let mut lost = 0.0;
            for item in heap.items(value)? {
                total = match (&total, &item) {
                    (a, b) if as_int(a).is_some() && as_int(b).is_some() => {
                        let sum = as_int(a).zip(as_int(b)).and_then(|(a, b)| a.checked_add(b));
                        Value::Int(sum.ok_or_else(too_large)?)
                    }
                    (a, b) => match as_float(a).zip(as_float(b)) {
                        Some((a, b)) => {
                            let sum = a + b;
                            lost += if a.abs() >= b.abs() { (a - sum) + b } else { (b - sum) + a };
                            Value::Float(sum)
                        }
                        None => {
                            let (a, b) = (heap.class(a), heap.class(b));
                            let words = format!("unsupported operand type(s) for +: '{a}' and '{b}'");
                            return type_error(words);
                        }
                    },
                };
            }
            match total {
                Value::Float(sum) if lost != 0.0 && lost.is_finite() => Ok(Value::Float(sum + lost)),
                total => Ok(total),
            }
        }
        _ => arity(name, args),
    }
}

fn numeric(heap: &mut Heap, name: &'static str, args: &[Value]) -> Res<Value> {
    let digits = |n: i64, base, prefix: &str| {
        let sign = if n < 0 { "-" } else { "" };
        Value::Str(format!("{sign}{prefix}{}", number::radix(n, base)).into())
    };
    match (name, args) {
        ("abs", [Value::Float(x)]) => Ok(Value::Float(x.abs())),
        ("round", [value]) => match value {
            Value::Float(x) => to_int(heap, &Value::Float(x.round_ties_even()), 10),
            value => as_int(value).map(Value::Int).ok_or_else(|| {
                fault("TypeError", format!("type {} doesn't define __round__ method", heap.class(value)))
            }),
        },
        ("round", [Value::Float(x), places]) => {
            let places = as_int(places).and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(300);
            Ok(Value::Float(format!("{x:.places$}").parse().unwrap_or(*x)))
        }
        ("round", [value, _]) => Ok(value.clone()),
        ("chr", [value]) => {
            let found = as_int(value).and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32);
            match found {
                Some(c) => heap.text(c.to_string()),
                None => value_error("chr() arg not in range(0x110000)"),
            }
        }
        ("ord", [Value::Str(text)]) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(Value::Int(u32::from(c).into())),
                _ => {
                    let n = text.chars().count();
                    type_error(format!("ord() expected a character, but string of length {n} found"))
                }
            }
        }
        ("divmod", [a, b]) => match as_int(a).zip(as_int(b)) {
            Some((_, 0)) => Err(fault("ZeroDivisionError", "integer division or modulo by zero")),
            Some((a, b)) => {
                let rest = integers(Binary::Mod, a, b, false)?;
                let quotient = integers(Binary::FloorDiv, a, b, false)?;
                Ok(heap.tuple(vec![quotient, rest]))
            }
            None => type_error("this python3's divmod() takes whole numbers"),
        },
        ("pow", [a, b]) => match as_int(a).zip(as_int(b).and_then(|b| u32::try_from(b).ok())) {
            Some((a, b)) => a.checked_pow(b).map(Value::Int).ok_or_else(too_large),
            None => type_error("this python3's pow() takes whole numbers"),
        },
        ("abs" | "hex" | "bin" | "oct", [value]) => {
            let Some(n) = as_int(value) else {
                let class = heap.class(value);
                return type_error(match name {
                    "abs" => format!("bad operand type for abs(): '{class}'"),
                    _ => format!("'{class}' object cannot be interpreted as an integer"),
                });
            };
            Ok(match name {
                "abs" => Value::Int(n.checked_abs().ok_or_else(too_large)?),
                "hex" => digits(n, 16, "0x"),
                "bin" => digits(n, 2, "0b"),
                _ => digits(n, 8, "0o"),
            })
        }
        _ => arity(name, args),
    }
}

fn arity(name: &str, args: &[Value]) -> Res<Value> {
    match name {
        "len" | "repr" | "abs" | "chr" | "ord" | "any" | "all" | "callable" | "id" | "hex" | "bin"
        | "oct" => type_error(format!("{name}() takes exactly one argument ({} given)", args.len())),
        "isinstance" | "issubclass" | "divmod" => {
            type_error(format!("{name} expected 2 arguments, got {}", args.len()))
        }
        _ => type_error(format!("{name}() does not take these {} arguments", args.len())),
    }
}
