//! ConfigMap: its names, problems and columns.
//!
//! Models: ValidateConfigMap in `pkg/apis/core/validation/validation.go`.

use super::kinds::{column, integer, name};
use super::{FieldError, Kind, Object, age, names, tree};
use crate::base::Instant;

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    problems,
    columns: &[column("Name", name), integer("Data", data), column("Age", age::cell)],
    ..Kind::PLAIN
};

fn data(map: &Object, _: Instant) -> String {
    let entries = |path| tree::map(map.tree(), path).map_or(0, serde_json::Map::len);
    (entries("data") + entries("binaryData")).to_string()
}

fn problems(map: &Object, old: Option<&Object>) -> Vec<FieldError> {
    /// How many bytes etcd takes of one object.
    const LIMIT: usize = 1024 * 1024;
    let mut wrong = Vec::new();
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in tree::pairs(map.tree(), field) {
            size += value.len();
            for words in names::config_map_key(key) {
                wrong.push(FieldError::invalid(format!("{field}[{key}]"), &key.into(), words));
            }
        }
    }
    if size > LIMIT {
        wrong.push(FieldError::too_long("", LIMIT));
    }
    if let Some(old) = old.filter(|old| old.bool("immutable") == Some(true)) {
        let words = "field is immutable when `immutable` is set";
        for field in ["immutable", "data", "binaryData"] {
            if map.get(field) != old.get(field) {
                wrong.push(FieldError::forbidden(field, words));
            }
        }
    }
    wrong
}
