//! Event: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static EVENT: Kind = Kind {
    kind: "Event",
    group: "",
    version: "v1",
    plural: "events",
    singular: "event",
    short: &["ev"],
    namespaced: true,
    in_all: false,
    has_status: false,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
