//! Secret: its names, defaults and columns.

use super::kinds::{column, integer, name};
use super::{FieldError, Kind, Object, age, tree};
use crate::base::Instant;
use data_encoding::BASE64;
use serde_json::{Value, json};

/// The kind.
pub static SECRET: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    defaults,
    problems,
    selectable: &["type"],
    columns: &[column("Name", name), column("Type", kind), integer("Data", data), column("Age", age::cell)],
    ..Kind::PLAIN
};

/// `stringData` is for writing only: it becomes `data`.
fn defaults(secret: &mut Value) {
    tree::default(secret, "type", "Opaque");
    let Some(Value::Object(plain)) = secret.as_object_mut().and_then(|s| s.remove("stringData")) else {
        return;
    };
    if tree::map(secret, "data").is_none() {
        tree::set(secret, "data", json!({}));
    }
    let Some(data) = secret.get_mut("data").and_then(Value::as_object_mut) else { return };
    for (key, value) in plain {
        data.insert(key, BASE64.encode(value.as_str().unwrap_or_default().as_bytes()).into());
    }
}

fn problems(secret: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let same = old.and_then(|old| FieldError::immutable("type", secret.get("type"), old.get("type")));
    same.into_iter().collect()
}

fn kind(secret: &Object, _: Instant) -> String {
    secret.str("type").to_string()
}

fn data(secret: &Object, _: Instant) -> String {
    tree::map(secret.tree(), "data").map_or(0, serde_json::Map::len).to_string()
}
