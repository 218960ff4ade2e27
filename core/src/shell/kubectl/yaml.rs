//! YAML and JSON as kubectl writes them. Knows no kind.
//! Models: sigs.k8s.io/yaml (its go-yaml v2), encoding/json.
//! Omits: folding of lines longer than 80 columns.

use serde_json::Value;
use std::fmt::Write;

/// How deep a tree is written; deeper parts are left out.
const MAX_DEPTH: usize = 100;

/// A tree as a YAML document.
pub fn write(tree: &Value) -> String {
    let mut out = String::new();
    match tree {
        Value::Object(map) if !map.is_empty() => block(tree, 0, 0, &mut out),
        Value::Array(list) if !list.is_empty() => block(tree, 0, 0, &mut out),
        scalar => {
            inline(scalar, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Writes a map or list whose lines are indented so far; the first line's indent is there already.
fn block(value: &Value, indent: usize, depth: usize, out: &mut String) {
    if depth > MAX_DEPTH {
        out.push_str("{}\n");
        return;
    }
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                inline(&Value::from(key.as_str()), indent, out);
                out.push(':');
                child(value, indent, depth, out);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                out.push('-');
                if is_block(value) {
                    out.push(' ');
                    block(value, indent + 2, depth + 1, out);
                } else {
                    out.push(' ');
                    inline(value, indent + 2, out);
                    out.push('\n');
                }
            }
        }
        scalar => inline(scalar, indent, out),
    }
}

/// A map's value, after its colon. Lists stand at their key's indent, as go-yaml writes them.
fn child(value: &Value, indent: usize, depth: usize, out: &mut String) {
    if is_block(value) {
        let inner = if value.is_array() { indent } else { indent + 2 };
        out.push('\n');
        out.push_str(&" ".repeat(inner));
        block(value, inner, depth + 1, out);
    } else {
        out.push(' ');
        inline(value, indent + 2, out);
        out.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    }
}

fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(text) => string(text, indent, out),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn string(text: &str, indent: usize, out: &mut String) {
    let printable = text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
    if text.contains('\n') && printable && !text.starts_with([' ', '\n']) {
        return literal(text, indent, out);
    }
    if !printable || text.contains('\n') || reads_as_other(text) {
        out.push_str(&Value::from(text).to_string());
    } else if is_plain(text) {
        out.push_str(text);
    } else {
        let _ = write!(out, "'{}'", text.replace('\'', "''"));
    }
}

fn literal(text: &str, indent: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
}

/// Whether a plain scalar with this text would not be read as a string; such strings are written in double quotes.
fn reads_as_other(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "-.inf", "+.inf",
        ".nan", "<<", "=",
    ];
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&lower.as_str()) || is_number(&lower) || is_timestamp(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.replace('_', "");
    let radix = |prefix: &str, radix: u32| {
        plain
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    if radix("0x", 16) || radix("0b", 2) || radix("0o", 8) {
        return true;
    }
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let lacks_digits = whole.is_empty() && fraction.is_empty() || exponent.is_empty();
    !lacks_digits && all_digits(whole) && all_digits(fraction) && all_digits(exponent)
}

/// `2026-11-22` or `2026-11-22T09:47:34Z`.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let date = (0..4).all(digit)
        && bytes.get(4) == Some(&b'-')
        && digit(5)
        && bytes.get(7) == Some(&b'-')
        && digit(8);
    date && (text.len() == 10 || bytes.get(10).is_some_and(|b| matches!(b, b'T' | b't' | b' ')))
}

fn is_plain(text: &str) -> bool {
    const INDICATORS: &[char] =
        &['-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];
    let mut chars = text.chars();
    let (first, second) = (chars.next().unwrap_or(' '), chars.next());
    let starts_well = match first {
        '-' | '?' | ':' => second.is_some_and(|c| c != ' '),
        ' ' => false,
        c => !INDICATORS.contains(&c),
    };
    let has_break = text.contains(": ") || text.contains(" #") || text.contains('\t');
    starts_well
        && !has_break
        && !text.ends_with([' ', ':'])
        && !text.starts_with("---")
        && !text.starts_with("...")
}

/// A tree as kubectl's `-o json`: four spaces of indent, keys sorted.
pub fn json_pretty(tree: &Value) -> String {
    use serde::Serialize;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    if tree.serialize(&mut serializer).is_err() {
        return String::new();
    }
    html_escaped(&String::from_utf8_lossy(&out)) + "\n"
}

/// A tree as Go's encoding/json writes it.
pub fn json(tree: &Value) -> String {
    html_escaped(&tree.to_string())
}

/// Go escapes what HTML would misread; these characters occur in strings only.
fn html_escaped(text: &str) -> String {
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // The shapes are those of `kubectl get -o yaml`, recorded from kubectl v1.35.2.
    #[test]
    fn yaml_is_written_as_kubectl_does() {
        let tree = json!({
            "items": [{"addresses": ["10.244.1.4"], "ready": true}],
            "metadata": {"creationTimestamp": "2026-11-22T09:51:35Z", "labels": {}, "note": "{\"a\":1}\n"},
            "ports": [{"name": "", "port": 9376}],
            "n": "1", "status": "True", "version": "v1.35.6", "args": ["--port=80", "* a", "a: b"],
        });
        let expected = "\
args:
- --port=80
- '* a'
- 'a: b'
items:
- addresses:
  - 10.244.1.4
  ready: true
metadata:
  creationTimestamp: \"2026-11-22T09:51:35Z\"
  labels: {}
  note: |
    {\"a\":1}
\"n\": \"1\"
ports:
- name: \"\"
  port: 9376
status: \"True\"
version: v1.35.6
";
        assert_eq!(write(&tree), expected);
    }
}
