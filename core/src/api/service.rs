//! Service: its names, and what the world reads of one.

pub mod cluster_ips;
pub mod columns;
pub mod defaults;
pub mod problems;
pub mod warnings;

use super::names::NameRule;
use super::{Kind, Object, tree};
use crate::base::Text;
use serde_json::Value;
use std::net::IpAddr;

/// The kind.
pub static SERVICE: Kind = Kind {
    kind: "Service",
    plural: "services",
    singular: "service",
    short: &["svc"],
    in_all: true,
    has_status: true,
    name_rule: NameRule::Label1035,
    create_on_update: true,
    returns_deleted: true,
    defaults: defaults::defaults,
    prepare: defaults::prepare,
    problems: problems::problems,
    warnings: warnings::warnings,
    selectable: &["spec.clusterIP", "spec.type"],
    columns: columns::COLUMNS,
    ..Kind::PLAIN
};

/// What `clusterIP` says when the Service has no virtual address on purpose.
pub const HEADLESS: &str = "None";

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty when it has none.
    pub name: Text,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
    /// The port at the Service's address.
    pub port: u16,
    /// The port at the pods.
    pub target: TargetPort,
    /// The port at every node; 0 when it has none.
    pub node_port: u16,
}

/// A port at the pods: a number, or the name of a container's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// A name.
    Name(Text),
}

/// The ports of a Service, in order.
pub fn ports(service: &Object) -> Vec<ServicePort> {
    service.list("spec.ports").iter().map(port).collect()
}

fn port(value: &Value) -> ServicePort {
    let number = |path| tree::int(value, path).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
    let target = match value.get("targetPort") {
        Some(Value::String(name)) => TargetPort::Name(name.as_str().into()),
        _ => TargetPort::Number(number("targetPort")),
    };
    let protocol = Some(tree::str(value, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    ServicePort {
        name: tree::str(value, "name").into(),
        protocol: protocol.into(),
        port: number("port"),
        target,
        node_port: number("nodePort"),
    }
}

/// The Service's virtual addresses; none for headless Services and ExternalName.
pub fn cluster_ips(service: &Object) -> Vec<IpAddr> {
    let listed = service.list("spec.clusterIPs").iter().filter_map(Value::as_str);
    listed.filter_map(|ip| ip.parse().ok()).collect()
}

/// Whether the Service has no virtual address on purpose.
pub fn is_headless(service: &Object) -> bool {
    service.str("spec.clusterIP") == HEADLESS
}
