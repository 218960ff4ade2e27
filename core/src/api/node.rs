//! Node: its names, defaults and columns, and what the world reads of one.
//!
//! Models: `pkg/registry/core/node/strategy.go`, printNode.

use super::kinds::{column, name, wide};
use super::{Kind, Object, age, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The kind.
pub static NODE: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short: &["no"],
    namespaced: false,
    has_status: true,
    defaults,
    selectable: &["spec.unschedulable"],
    columns: &[
        column("Name", name),
        column("Status", status),
        column("Roles", roles),
        column("Age", age::cell),
        column("Version", version),
        wide("Internal-IP", internal_ip),
        wide("External-IP", external_ip),
        wide("OS-Image", os_image),
        wide("Kernel-Version", kernel),
        wide("Container-Runtime", runtime),
    ],
    ..Kind::PLAIN
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

/// The node's first address of a type (`InternalIP`); empty when it has none.
pub fn address<'a>(node: &'a Object, kind: &str) -> &'a str {
    let found = node.list("status.addresses").iter().find(|a| tree::str(a, "type") == kind);
    found.map(|a| tree::str(a, "address")).unwrap_or_default()
}

fn defaults(node: &mut Value) {
    tree::default(node, "spec", json!({}));
    tree::default(node, "status.daemonEndpoints.kubeletEndpoint.Port", 0);
    for field in [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ] {
        tree::default(node, &format!("status.nodeInfo.{field}"), "");
    }
    if let Some(capacity) = tree::get(node, "status.capacity").cloned() {
        tree::default(node, "status.allocatable", capacity);
    }
}

fn status(node: &Object, _: Instant) -> String {
    let ready = node.list("status.conditions").iter().find(|c| tree::str(c, "type") == "Ready");
    let mut status = match ready.map(|c| tree::str(c, "status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_string();
    if node.bool("spec.unschedulable") == Some(true) {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn roles(node: &Object, _: Instant) -> String {
    let of_label = |(key, value): (&str, &str)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_string()).filter(|r| !r.is_empty()),
        None => (key == "kubernetes.io/role" && !value.is_empty()).then(|| value.to_string()),
    };
    let roles: Vec<String> = node.labels().filter_map(of_label).collect();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

fn version(node: &Object, _: Instant) -> String {
    node.str("status.nodeInfo.kubeletVersion").to_string()
}

fn internal_ip(node: &Object, _: Instant) -> String {
    or(address(node, "InternalIP"), "<none>")
}

fn external_ip(node: &Object, _: Instant) -> String {
    or(address(node, "ExternalIP"), "<none>")
}

fn os_image(node: &Object, _: Instant) -> String {
    or(node.str("status.nodeInfo.osImage"), "<unknown>")
}

fn kernel(node: &Object, _: Instant) -> String {
    or(node.str("status.nodeInfo.kernelVersion"), "<unknown>")
}

fn runtime(node: &Object, _: Instant) -> String {
    or(node.str("status.nodeInfo.containerRuntimeVersion"), "<unknown>")
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.into() } else { text.into() }
}
