//! `format`: templates with fields, and one value in a format such as `>5` or `,.2f`.

use super::call::Named;
use super::compute::{as_float, as_int};
use super::machine::Machine;
use super::number;
use super::value::{Fault, Heap, Object, Res, Value, fault, type_error, value_error};

/// A format, taken apart.
#[derive(Debug, Default)]
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    alternate: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn parse(spec: &str, class: &str) -> Res<Spec> {
    let chars: Vec<char> = spec.chars().collect();
    let mut at = 0;
    let mut out = Spec { fill: ' ', sign: '-', ..Spec::default() };
    let is_align = |c: Option<&char>| c.is_some_and(|c| matches!(c, '<' | '>' | '^' | '='));
    if is_align(chars.get(1)) {
        out.fill = chars.first().copied().unwrap_or(' ');
        out.align = chars.get(1).copied();
        at = 2;
    } else if is_align(chars.first()) {
        out.align = chars.first().copied();
        at = 1;
    }
    if let Some(c @ ('+' | '-' | ' ')) = chars.get(at) {
        out.sign = *c;
        at += 1;
    }
    if chars.get(at) == Some(&'#') {
        out.alternate = true;
        at += 1;
    }
    if chars.get(at) == Some(&'0') {
        if out.align.is_none() {
            (out.fill, out.align) = ('0', Some('='));
        }
        at += 1;
    }
    let number = |at: &mut usize| {
        let digits: String = chars.iter().skip(*at).take_while(|c| c.is_ascii_digit()).collect();
        *at += digits.len();
        if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(usize::MAX)) }
    };
    out.width = number(&mut at).unwrap_or(0);
    if let Some(c @ (',' | '_')) = chars.get(at) {
        out.group = Some(*c);
        at += 1;
    }
    if chars.get(at) == Some(&'.') {
        at += 1;
        out.precision = Some(match number(&mut at) {
            Some(n) => n,
            None => return value_error("Format specifier missing precision"),
        });
    }
    out.kind = chars.get(at).copied();
    at += usize::from(out.kind.is_some());
    if at < chars.len() {
        return value_error(format!("Invalid format specifier '{spec}' for object of type '{class}'"));
    }
    if out.width > 100_000 || out.precision.is_some_and(|n| n > 1_000) {
        return Err(Fault::New("MemoryError", Vec::new()));
    }
    Ok(out)
}

/// One value in a format.
pub fn one(heap: &Heap, value: &Value, spec: &str) -> Res<String> {
    if spec.is_empty() {
        return heap.str(value);
    }
    let class = heap.class(value);
    let has_format = matches!(value, Value::Str(_) | Value::Float(_)) || as_int(value).is_some();
    if !has_format {
        return type_error(format!("unsupported format string passed to {class}.__format__"));
    }
    let spec = parse(spec, class)?;
    let unknown =
        |kind: char| value_error(format!("Unknown format code '{kind}' for object of type '{class}'"));
    match (value, spec.kind) {
        (Value::Str(text), None | Some('s')) => {
            if spec.align == Some('=') && spec.fill != '0' {
                return value_error("'=' alignment not allowed in string format specifier");
            }
            let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
            Ok(pad(&spec, "", &text, '<'))
        }
        (Value::Str(_), Some(kind)) => unknown(kind),
        (value, None | Some('d' | 'n' | 'x' | 'X' | 'o' | 'b' | 'c')) if as_int(value).is_some() => {
            Ok(integer(&spec, as_int(value).unwrap_or(0)))
        }
        (_, None | Some('f' | 'F' | 'e' | 'E' | 'g' | 'G' | '%')) => {
            Ok(float(&spec, as_float(value).unwrap_or(0.0)))
        }
        (_, Some(kind)) => unknown(kind),
    }
}

fn integer(spec: &Spec, n: i64) -> String {
    let (base, prefix) = match spec.kind {
        Some('x' | 'X') => (16, "0x"),
        Some('o') => (8, "0o"),
        Some('b') => (2, "0b"),
        Some('c') => {
            let c = u32::try_from(n).ok().and_then(char::from_u32).unwrap_or('?');
            return pad(spec, "", &c.to_string(), '<');
        }
        _ => (10, ""),
    };
    let mut digits = number::radix(n, base);
    if let Some(separator) = spec.group {
        digits = number::grouped(&digits, separator, if base == 10 { 3 } else { 4 });
    }
    let mut before = sign(spec, n < 0).to_string();
    if spec.alternate {
        before.push_str(prefix);
    }
    if spec.kind == Some('X') {
        digits = digits.to_uppercase();
    }
    pad(spec, &before, &digits, '>')
}

fn float(spec: &Spec, x: f64) -> String {
    let precision = spec.precision.unwrap_or(6);
    let size = x.abs();
    let mut digits = match spec.kind {
        _ if !x.is_finite() => number::repr(size),
        Some('f' | 'F') => format!("{size:.precision$}"),
        Some('%') => format!("{:.precision$}%", size * 100.0),
        Some('e' | 'E') => number::scientific(size, precision),
        Some('g' | 'G') => number::general(size, precision, spec.alternate),
        _ => match spec.precision {
            None => number::repr(size),
            Some(n) => {
                let text = number::general(size, n, false);
                if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
            }
        },
    };
    if let Some(separator) = spec.group {
        digits = number::grouped(&digits, separator, 3);
    }
    if matches!(spec.kind, Some('E' | 'G' | 'F')) {
        digits = digits.to_uppercase();
    }
    pad(spec, sign(spec, x.is_sign_negative() && !x.is_nan()), &digits, '>')
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (false, '+') => "+",
        (false, ' ') => " ",
        _ => "",
    }
}

fn pad(spec: &Spec, before: &str, text: &str, default: char) -> String {
    let missing = spec.width.saturating_sub(before.chars().count() + text.chars().count());
    let side = |n: usize| std::iter::repeat_n(spec.fill, n).collect::<String>();
    match spec.align.unwrap_or(default) {
        '=' if default == '<' => format!("{before}{text}{}", side(missing)),
        '=' => format!("{before}{}{text}", side(missing)),
        '>' => format!("{}{before}{text}", side(missing)),
        '^' => format!("{}{before}{text}{}", side(missing / 2), side(missing - missing / 2)),
        _ => format!("{before}{text}{}", side(missing)),
    }
}

/// The fields of a template, one by one; formats may have fields of their own.
pub fn template(heap: &mut Heap, text: &str, args: &[Value], named: &Named) -> Res<String> {
    let mut next = 0;
    fill(heap, text, args, named, &mut next, 0)
}

fn fill(
    heap: &mut Heap,
    text: &str,
    args: &[Value],
    named: &Named,
    next: &mut usize,
    depth: u8,
) -> Res<String> {
    if depth > 1 {
        return value_error("Max string recursion exceeded");
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        heap.room(out.len(), super::value::MAX_TEXT)?;
        let found = rest.get(at..at + 1).unwrap_or_default();
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(found) {
            out.push_str(found);
            rest = after;
            continue;
        }
        if found == "}" {
            return value_error("Single '}' encountered in format string");
        }
        let Some(end) = closing(rest) else {
            let words = if rest.is_empty() {
                "Single '{' encountered in format string"
            } else {
                "expected '}' before end of string"
            };
            return value_error(words);
        };
        let field = rest.get(..end).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
        let (path, spec) = field.split_once(':').unwrap_or((field, ""));
        let (path, convert) = path.split_once('!').unwrap_or((path, ""));
        let value = field_value(heap, path, args, named, next)?;
        let spec = fill(heap, spec, args, named, next, depth + 1)?;
        let value = match convert {
            "" => value,
            "r" | "a" => Value::Str(heap.repr(&value)?.into()),
            _ => Value::Str(heap.str(&value)?.into()),
        };
        out.push_str(&one(heap, &value, &spec)?);
    }
    out.push_str(rest);
    Ok(out)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn field_value(heap: &mut Heap, path: &str, args: &[Value], named: &Named, next: &mut usize) -> Res<Value> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, mut rest) = path.split_at(end);
    let mut value = if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
        let at = name.parse().unwrap_or(*next);
        *next += usize::from(name.is_empty());
        let words = format!("Replacement index {at} out of range for positional args tuple");
        args.get(at).cloned().ok_or_else(|| fault("IndexError", words))?
    } else {
        let found = named.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone());
        found.ok_or_else(|| Fault::New("KeyError", vec![Value::Str(name.into())]))?
    };
    while let Some(inner) = rest.strip_prefix('[') {
        let Some((key, after)) = inner.split_once(']') else {
            return value_error("Missing ']' in format string");
        };
        let key = key.parse().map_or_else(|_| Value::Str(key.into()), Value::Int);
        value = heap.item(&value, &key)?.ok_or(Fault::New("KeyError", vec![key]))?;
        rest = after;
    }
    if !rest.is_empty() {
        return value_error("this python3 has no attributes in format strings");
    }
    Ok(value)
}

impl Machine {
    /// A field of an f-string.
    pub(super) fn format_op(&mut self, convert: u8, has_format: bool) -> Res<()> {
        let spec = if has_format { Some(self.pop()) } else { None };
        let value = self.pop();
        let value = match convert {
            0 => value,
            b'r' | b'a' => Value::Str(self.heap.repr(&value)?.into()),
            _ => Value::Str(self.heap.str(&value)?.into()),
        };
        let spec = match spec {
            Some(Value::Str(spec)) => spec.to_string(),
            _ => String::new(),
        };
        let text = one(&self.heap, &value, &spec)?;
        let value = self.heap.text(text)?;
        self.push(value);
        Ok(())
    }
}

/// A value in a `%` template: with these flags, width and precision.
pub fn old(
    heap: &Heap,
    value: &Value,
    flags: &str,
    width: usize,
    precision: Option<usize>,
    kind: char,
) -> Res<String> {
    let left = flags.contains('-');
    let zero = flags.contains('0') && !left;
    let spec = Spec {
        fill: if zero { '0' } else { ' ' },
        align: Some(if left {
            '<'
        } else if zero {
            '='
        } else {
            '>'
        }),
        sign: if flags.contains('+') {
            '+'
        } else if flags.contains(' ') {
            ' '
        } else {
            '-'
        },
        alternate: flags.contains('#'),
        width,
        group: None,
        precision,
        kind: Some(kind),
    };
    let class = heap.class(value);
    match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { heap.str(value)? } else { heap.repr(value)? };
            let text: String = text.chars().take(precision.unwrap_or(usize::MAX)).collect();
            let spec = Spec { fill: ' ', align: Some(if left { '<' } else { '>' }), ..spec };
            Ok(pad(&spec, "", &text, '>'))
        }
        'c' => match value {
            Value::Str(text) if text.chars().count() == 1 => Ok(pad(&spec, "", text, '>')),
            _ if as_int(value).is_some() => Ok(integer(&spec, as_int(value).unwrap_or(0))),
            _ => type_error("%c requires int or char"),
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let n = match (as_int(value), value) {
                (Some(n), _) => n,
                (None, Value::Float(x)) if matches!(kind, 'd' | 'i' | 'u') => *x as i64,
                _ if matches!(kind, 'd' | 'i' | 'u') => {
                    return type_error(format!("%{kind} format: a real number is required, not {class}"));
                }
                _ => return type_error(format!("%{kind} format: an integer is required, not {class}")),
            };
            let spec = Spec { kind: Some(if kind == 'i' || kind == 'u' { 'd' } else { kind }), ..spec };
            Ok(integer(&spec, n))
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => match as_float(value) {
            Some(x) => Ok(float(&spec, x)),
            None => type_error(format!("must be real number, not {class}")),
        },
        _ => {
            value_error(format!("unsupported format character '{kind}' (0x{:x}) at index 0", u32::from(kind)))
        }
    }
}

/// Whether a value has elements by name.
pub fn is_mapping(heap: &Heap, value: &Value) -> bool {
    matches!(heap.of(value), Some(Object::Dict(_)))
}
