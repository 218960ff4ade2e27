//! The columns of Services.
//!
//! Models: printService, getServiceExternalIP, makePortString.

use crate::api::kinds::{column, name, wide};
use crate::api::{Column, Object, age, tree};
use crate::base::{Instant, order};
use serde_json::Value;

/// All of them.
pub const COLUMNS: &[Column] = &[
    column("Name", name),
    column("Type", kind),
    column("Cluster-IP", cluster_ip),
    column("External-IP", external_ip),
    column("Port(s)", ports),
    column("Age", age::cell),
    wide("Selector", selector),
];

/// The length to which a load balancer's addresses are cut.
const ADDRESSES_WIDTH: usize = 16;

fn kind(service: &Object, _: Instant) -> String {
    service.str("spec.type").to_string()
}

fn cluster_ip(service: &Object, _: Instant) -> String {
    let first = service.list("spec.clusterIPs").first().and_then(Value::as_str).unwrap_or_default();
    if first.is_empty() { "<none>".into() } else { first.into() }
}

fn external_ip(service: &Object, _: Instant) -> String {
    let listed: Vec<&str> = service.list("spec.externalIPs").iter().filter_map(Value::as_str).collect();
    match service.str("spec.type") {
        "ExternalName" => service.str("spec.externalName").to_string(),
        "LoadBalancer" => {
            let balancer = load_balancer(service);
            match (listed.is_empty(), balancer.is_empty()) {
                (true, true) => "<pending>".into(),
                (true, false) => balancer,
                (false, true) => listed.join(","),
                (false, false) => format!("{balancer},{}", listed.join(",")),
            }
        }
        _ if listed.is_empty() => "<none>".into(),
        _ => listed.join(","),
    }
}

/// The addresses of the load balancer, sorted and cut. Omits: that `-o wide` does not cut them.
fn load_balancer(service: &Object) -> String {
    let address = |ingress| Some(tree::str(ingress, "ip")).filter(|ip| !ip.is_empty());
    let ingress = service.list("status.loadBalancer.ingress").iter();
    let mut all: Vec<&str> =
        ingress.map(|i| address(i).unwrap_or_else(|| tree::str(i, "hostname"))).collect();
    order::sort(&mut all);
    all.dedup();
    let text = all.join(",");
    match text.get(..ADDRESSES_WIDTH - 3) {
        Some(start) if text.len() > ADDRESSES_WIDTH => format!("{start}..."),
        _ => text,
    }
}

fn ports(service: &Object, _: Instant) -> String {
    let all: Vec<String> = super::ports(service)
        .iter()
        .map(|port| match port.node_port {
            0 => format!("{}/{}", port.port, port.protocol),
            node => format!("{}:{node}/{}", port.port, port.protocol),
        })
        .collect();
    if all.is_empty() { "<none>".into() } else { all.join(",") }
}

fn selector(service: &Object, _: Instant) -> String {
    let pairs = tree::pairs(service.tree(), "spec.selector");
    let all: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    if all.is_empty() { "<none>".into() } else { all.join(",") }
}
