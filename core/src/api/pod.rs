//! Pod: its names, and what the world reads of one.

pub mod columns;
pub mod defaults;
pub mod problems;

use super::{Kind, Object, tree};
use std::net::IpAddr;

/// The kind.
pub static POD: Kind = Kind {
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short: &["po"],
    in_all: true,
    has_status: true,
    has_generation: true,
    returns_deleted: true,
    defaults: defaults::pod,
    prepare: defaults::prepare,
    problems: problems::problems,
    selectable: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ],
    columns: columns::COLUMNS,
    ..Kind::PLAIN
};

/// The pod's address, once it has one.
pub fn ip(pod: &Object) -> Option<IpAddr> {
    pod.str("status.podIP").parse().ok()
}

/// Whether a condition of the pod is True.
pub fn condition(pod: &Object, name: &str) -> bool {
    let found = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == name);
    found.is_some_and(|c| tree::str(c, "status") == "True")
}

/// Whether the pod is Ready.
pub fn is_ready(pod: &Object) -> bool {
    condition(pod, "Ready")
}

/// Whether the pod has ended: phase Succeeded or Failed.
pub fn is_finished(pod: &Object) -> bool {
    matches!(pod.str("status.phase"), "Succeeded" | "Failed")
}

/// The number of a named container port of a protocol: containers in order, ports in order, first match.
pub fn named_port(pod: &Object, name: &str, protocol: &str) -> Option<u16> {
    let ports = pod.list("spec.containers").iter().flat_map(|c| tree::list(c, "ports"));
    let protocol_of = |p| Some(tree::str(p, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    let port = ports.into_iter().find(|p| tree::str(p, "name") == name && protocol_of(p) == protocol)?;
    u16::try_from(tree::int(port, "containerPort")?).ok()
}
