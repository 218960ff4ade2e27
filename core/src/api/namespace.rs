//! Namespace: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static NAMESPACE: Kind = Kind {
    kind: "Namespace",
    group: "",
    version: "v1",
    plural: "namespaces",
    singular: "namespace",
    short: &["ns"],
    namespaced: false,
    in_all: false,
    has_status: true,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
