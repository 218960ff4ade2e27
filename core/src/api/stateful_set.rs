//! StatefulSet: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static STATEFUL_SET: Kind = Kind {
    kind: "StatefulSet",
    group: "apps",
    version: "v1",
    plural: "statefulsets",
    singular: "statefulset",
    short: &["sts"],
    namespaced: true,
    in_all: true,
    has_status: true,
    has_generation: true,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
