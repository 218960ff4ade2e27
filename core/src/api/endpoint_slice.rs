//! EndpointSlice: its names, and what the world reads of one.

pub mod columns;
pub mod problems;

use super::{Kind, Object, tree};
use crate::base::Text;
use serde_json::Value;
use std::net::IpAddr;

/// The kind.
pub static ENDPOINT_SLICE: Kind = Kind {
    kind: "EndpointSlice",
    group: "discovery.k8s.io",
    plural: "endpointslices",
    singular: "endpointslice",
    has_generation: true,
    defaults,
    problems: problems::problems,
    columns: columns::COLUMNS,
    ..Kind::PLAIN
};

/// The label that says which Service a slice belongs to.
pub const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

fn defaults(slice: &mut Value) {
    for port in tree::list_mut(slice, "ports") {
        tree::default(port, "name", "");
        tree::default(port, "protocol", "TCP");
    }
    // A list that is absent is printed as null, and is not the same as an empty one for `ports`.
    for field in ["endpoints", "ports"] {
        tree::default(slice, field, Value::Null);
    }
}

/// A port of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicePort {
    /// Its name, equal to the Service port's; empty when unnamed.
    pub name: Text,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
    /// The number at the endpoints; 0 when the slice leaves it open.
    pub port: u16,
}

/// An endpoint of a slice. Conditions that the slice leaves open are read as consumers must read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its addresses; consumers use the first.
    pub addresses: Vec<IpAddr>,
    /// Whether it takes new traffic.
    pub ready: bool,
    /// Whether it still answers, terminating or not.
    pub serving: bool,
    /// Whether its pod is on its way out.
    pub terminating: bool,
    /// The node that it runs on; empty when unknown.
    pub node: Text,
    /// The zone that it runs in; empty when unknown.
    pub zone: Text,
    /// Its host name for DNS; empty when it has none.
    pub hostname: Text,
    /// The name of the pod behind it; empty when it is none.
    pub pod: Text,
    /// `hints.forZones`.
    pub zone_hints: Vec<Text>,
}

/// The name of the Service that a slice belongs to; empty when it belongs to none.
pub fn service_name(slice: &Object) -> &str {
    slice.label(SERVICE_NAME_LABEL).unwrap_or_default()
}

/// The ports of a slice, in order.
pub fn ports(slice: &Object) -> Vec<SlicePort> {
    let port = |value: &Value| SlicePort {
        name: tree::str(value, "name").into(),
        protocol: Some(tree::str(value, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP").into(),
        port: tree::int(value, "port").and_then(|n| u16::try_from(n).ok()).unwrap_or(0),
    };
    slice.list("ports").iter().map(port).collect()
}

/// The endpoints of a slice, in order.
pub fn endpoints(slice: &Object) -> Vec<Endpoint> {
    slice.list("endpoints").iter().map(endpoint).collect()
}

fn endpoint(value: &Value) -> Endpoint {
    let texts = |path| tree::list(value, path).iter().filter_map(Value::as_str);
    let ready = tree::bool(value, "conditions.ready").unwrap_or(true);
    let pod =
        if tree::str(value, "targetRef.kind") == "Pod" { tree::str(value, "targetRef.name") } else { "" };
    Endpoint {
        addresses: texts("addresses").filter_map(|ip| ip.parse().ok()).collect(),
        ready,
        serving: tree::bool(value, "conditions.serving").unwrap_or(ready),
        terminating: tree::bool(value, "conditions.terminating").unwrap_or(false),
        node: tree::str(value, "nodeName").into(),
        zone: tree::str(value, "zone").into(),
        hostname: tree::str(value, "hostname").into(),
        pod: pod.into(),
        zone_hints: tree::list(value, "hints.forZones").iter().map(|z| tree::str(z, "name").into()).collect(),
    }
}
