//! Secret: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static SECRET: Kind = Kind {
    kind: "Secret",
    group: "",
    version: "v1",
    plural: "secrets",
    singular: "secret",
    short: &[],
    namespaced: true,
    in_all: false,
    has_status: false,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
