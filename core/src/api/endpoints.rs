//! Endpoints: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static ENDPOINTS: Kind = Kind {
    kind: "Endpoints",
    group: "",
    version: "v1",
    plural: "endpoints",
    singular: "endpoints",
    short: &["ep"],
    namespaced: true,
    in_all: false,
    has_status: false,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
