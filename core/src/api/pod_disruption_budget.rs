//! PodDisruptionBudget: its names and columns.
//!
//! Models: `pkg/printers/internalversion`. Omits: its validation beyond field types.

use super::kinds::{Column, column, name};
use super::{Kind, Object, age};

/// The kind.
pub static POD_DISRUPTION_BUDGET: Kind = Kind {
    kind: "PodDisruptionBudget",
    group: "policy",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short: &["pdb"],
    has_status: true,
    has_generation: true,
    columns: BUDGET_COLUMNS,
    ..Kind::PLAIN
};

const BUDGET_COLUMNS: &[Column] = &[
    column("Name", name),
    column("Min Available", |object, _| number_or(object, "spec.minAvailable", "N/A")),
    column("Max Unavailable", |object, _| number_or(object, "spec.maxUnavailable", "N/A")),
    column("Allowed Disruptions", |object, _| number_or(object, "status.disruptionsAllowed", "0")),
    column("Age", age::cell),
];

fn number_or(object: &Object, path: &str, none: &str) -> String {
    match object.get(path) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => none.into(),
    }
}
