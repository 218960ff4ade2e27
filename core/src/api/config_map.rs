//! ConfigMap: its names and columns.

use super::kinds::{column, integer, name};
use super::{Kind, Object, age, tree};
use crate::base::Instant;

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    columns: &[column("Name", name), integer("Data", data), column("Age", age::cell)],
    ..Kind::PLAIN
};

fn data(map: &Object, _: Instant) -> String {
    let entries = |path| tree::map(map.tree(), path).map_or(0, serde_json::Map::len);
    (entries("data") + entries("binaryData")).to_string()
}
