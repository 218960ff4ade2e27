//! ConfigMap: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static CONFIG_MAP: Kind = Kind {
    kind: "ConfigMap",
    group: "",
    version: "v1",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    namespaced: true,
    in_all: false,
    has_status: false,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
