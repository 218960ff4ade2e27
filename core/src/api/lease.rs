//! Lease: its names.

use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static LEASE: Kind = Kind {
    kind: "Lease",
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    singular: "lease",
    short: &[],
    namespaced: true,
    in_all: false,
    has_status: false,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};
