//! Deployment: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static DEPLOYMENT: Kind = Kind {
    kind: "Deployment",
    group: "apps",
    version: "v1",
    plural: "deployments",
    singular: "deployment",
    short: &["deploy"],
    namespaced: true,
    in_all: true,
    has_status: true,
    has_generation: true,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
