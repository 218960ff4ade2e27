//! Writing a JSON tree as YAML the way `kubectl -o yaml` does: keys in its order, its quotes, its folding at 80 columns.
//! Knows no kinds. Models: go-yaml v2 `emitterc.go`, `encode.go` and `sorter.go`, as sigs.k8s.io/yaml uses them.

mod keys;
mod text;

use serde_json::{Map, Number, Value};
use text::{Context, Emitter};

/// The tree as YAML, with a newline at the end.
pub fn write(value: &Value) -> String {
    let mut out = Emitter::default();
    node(&mut out, value, 0, false);
    if !out.text.ends_with('\n') {
        out.text.push('\n');
    }
    out.text
}

/// Writes a value whose own lines begin at an indentation. The cursor is where its first character goes; `inline`
/// says that something is before it on the line. Trees come from JSON or YAML, both of which limit their depth.
fn node(out: &mut Emitter, value: &Value, indent: usize, inline: bool) {
    match value {
        Value::Null => out.put("null"),
        Value::Bool(boolean) => out.put(if *boolean { "true" } else { "false" }),
        Value::Number(number) => out.put(&figure(number)),
        Value::String(string) => out.string(string, Context { indent, is_key: false }),
        Value::Array(items) if items.is_empty() => out.put("[]"),
        Value::Object(map) if map.is_empty() => out.put("{}"),
        Value::Array(items) => list(out, items, indent, inline),
        Value::Object(map) => entries(out, map, indent, inline),
    }
}

fn list(out: &mut Emitter, items: &[Value], indent: usize, inline: bool) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !inline {
            out.line(indent);
        }
        out.put("- ");
        node(out, item, indent + 2, true);
    }
}

fn entries(out: &mut Emitter, map: &Map<String, Value>, indent: usize, inline: bool) {
    for (index, (key, value)) in keys::sorted(map).into_iter().enumerate() {
        if index > 0 || !inline {
            out.line(indent);
        }
        if text::is_simple_key(key) {
            out.string(key, Context { indent, is_key: true });
        } else {
            out.put("? ");
            out.string(key, Context { indent: indent + 2, is_key: false });
            out.line(indent);
        }
        out.put(":");
        after_colon(out, value, indent);
    }
}

fn after_colon(out: &mut Emitter, value: &Value, indent: usize) {
    match value {
        // A list in a map is not indented; a map in a map is.
        Value::Array(items) if !items.is_empty() => list(out, items, indent, false),
        Value::Object(map) if !map.is_empty() => entries(out, map, indent + 2, false),
        _ => {
            out.put(" ");
            node(out, value, indent + 2, true);
        }
    }
}

/// A number as Go prints it with `%g`.
fn figure(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if let Some(whole) = super::scalar::number(float).filter(|whole| !whole.is_f64()) {
        return whole.to_string();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
