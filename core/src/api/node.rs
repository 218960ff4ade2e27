//! Node: what the world reads of one.

use super::Object;
use super::kinds::{Kind, no_defaults, no_problems};

/// The kind.
pub static NODE: Kind = Kind {
    kind: "Node",
    group: "",
    version: "v1",
    plural: "nodes",
    singular: "node",
    short: &["no"],
    namespaced: false,
    in_all: false,
    has_status: true,
    has_generation: false,
    defaults: no_defaults,
    problems: no_problems,
    columns: &[],
};

/// The label that says which zone a node is in.
pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// The node's zone; empty when it has none.
pub fn zone(node: &Object) -> &str {
    node.label(ZONE_LABEL).unwrap_or_default()
}

/// Whether pods may be bound to the node: it is Ready and not cordoned.
pub fn is_schedulable(node: &Object) -> bool {
    super::pod::condition(node, "Ready") && node.bool("spec.unschedulable") != Some(true)
}
