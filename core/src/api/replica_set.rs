//! ReplicaSet: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static REPLICA_SET: Kind = Kind {
    kind: "ReplicaSet",
    group: "apps",
    version: "v1",
    plural: "replicasets",
    singular: "replicaset",
    short: &["rs"],
    namespaced: true,
    in_all: true,
    has_status: true,
    has_generation: true,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
