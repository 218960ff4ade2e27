//! JSON as kubectl writes it. Knows no kind. Models: Go's encoding/json.

use serde_json::Value;

/// A tree as kubectl's `-o json`: four spaces of indent, keys sorted.
pub fn pretty(tree: &Value) -> String {
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
pub fn line(tree: &Value) -> String {
    html_escaped(&tree.to_string())
}

/// Go escapes what HTML would misread; these characters occur in strings only.
fn html_escaped(text: &str) -> String {
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    // By the documentation of Go's json.Marshal and json.Indent.
    #[test]
    fn json_is_written_as_go_does() {
        let tree = serde_json::json!({"b": "<a&b>", "a": []});
        assert_eq!(line(&tree), r#"{"a":[],"b":"\u003ca\u0026b\u003e"}"#);
        assert_eq!(pretty(&tree), "{\n    \"a\": [],\n    \"b\": \"\\u003ca\\u0026b\\u003e\"\n}\n");
    }
}
