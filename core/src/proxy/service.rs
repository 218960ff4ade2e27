//! Service ports as kube-proxy reads them from Services. Knows no endpoints.
//! Models: `pkg/proxy/serviceport.go`.

use super::chains;
use crate::api::{Object, service, tree};
use crate::base::{ObjectRef, Text, order};
use crate::net::Protocol;
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// The Service.
    pub service: ObjectRef,
    /// `ns/name`, or `ns/name:port` when the port has a name.
    pub name: Text,
    /// The port's own name; empty when it has none.
    pub port_name: Text,
    /// Its protocol.
    pub protocol: Protocol,
    /// What identifies it in chain names.
    pub hash: Text,
    /// The virtual address.
    pub cluster_ip: IpAddr,
    /// The port at that address.
    pub port: u16,
    /// The port at every node; 0 when it has none.
    pub node_port: u16,
    /// `spec.externalIPs`.
    pub external_ips: Vec<IpAddr>,
    /// The load balancer's addresses that kube-proxy answers for itself.
    pub lb_ips: Vec<IpAddr>,
    /// `spec.loadBalancerSourceRanges`; empty when everyone is allowed.
    pub source_ranges: Vec<IpNet>,
    /// The port at which load balancers ask nodes for local endpoints; 0 when there is none.
    pub health_check_node_port: u16,
    /// `internalTrafficPolicy: Local`.
    pub internal_local: bool,
    /// `externalTrafficPolicy: Local`.
    pub external_local: bool,
    /// `sessionAffinity: ClientIP`, with its timeout in seconds.
    pub affinity: Option<u32>,
}

impl ServicePort {
    /// Whether it can be reached at more than its virtual address.
    pub fn is_external(&self) -> bool {
        self.node_port != 0 || !self.external_ips.is_empty() || !self.lb_ips.is_empty()
    }

    /// Whether some of its traffic may go to any node.
    pub fn uses_cluster(&self) -> bool {
        !self.internal_local || self.is_external()
    }

    /// Whether some of its traffic must stay on its node.
    pub fn uses_local(&self) -> bool {
        self.internal_local || (self.external_local && self.is_external())
    }

    /// The chain for traffic that may go anywhere.
    pub fn cluster_chain(&self) -> String {
        format!("KUBE-SVC-{}", self.hash)
    }

    /// The chain for traffic that must stay on its node.
    pub fn local_chain(&self) -> String {
        format!("KUBE-SVL-{}", self.hash)
    }

    /// The chain of an endpoint.
    pub fn endpoint_chain(&self, address: &str) -> String {
        chains::endpoint_chain(&self.name, self.protocol.lower(), address)
    }
}

/// Whether kube-proxy leaves a Service alone: headless, without an address, or meant for another proxy.
pub fn is_skipped(object: &Object) -> bool {
    service::is_headless(object)
        || object.str("spec.clusterIP").is_empty()
        || object.str("spec.type") == "ExternalName"
        || object.label("service.kubernetes.io/service-proxy-name").is_some()
}

/// The ports of a Service, for the address family of the proxier, ordered by name.
pub fn service_ports(object: &Object, v4: bool) -> Vec<ServicePort> {
    let of_family = |ip: &IpAddr| ip.is_ipv4() == v4;
    if is_skipped(object) {
        return Vec::new();
    }
    let Some(cluster_ip) =
        service::cluster_ips(object).into_iter().chain(object.str("spec.clusterIP").parse()).find(of_family)
    else {
        return Vec::new();
    };
    let external_ips = ips(object.list("spec.externalIPs").iter().filter_map(Value::as_str), v4);
    let vips = object.list("status.loadBalancer.ingress").iter();
    let vips = vips.filter(|i| tree::str(i, "ipMode") != "Proxy").map(|i| tree::str(i, "ip"));
    let lb_ips = if object.str("spec.type") == "LoadBalancer" { ips(vips, v4) } else { Vec::new() };
    let number = |path| object.int(path).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
    let timeout = object.int("spec.sessionAffinityConfig.clientIP.timeoutSeconds").unwrap_or(10_800);
    let base = format!("{}/{}", object.namespace(), object.name());
    let mut ports: Vec<ServicePort> = service::ports(object)
        .into_iter()
        .filter_map(|port| {
            let protocol = Protocol::of_kubernetes(&port.protocol)?;
            let name = if port.name.is_empty() { base.clone() } else { format!("{base}:{}", port.name) };
            Some(ServicePort {
                service: object.key.clone(),
                hash: chains::port_hash(&name, protocol.lower()),
                name: name.into(),
                port_name: port.name,
                protocol,
                cluster_ip,
                port: port.port,
                node_port: port.node_port,
                external_ips: external_ips.clone(),
                lb_ips: lb_ips.clone(),
                source_ranges: source_ranges(object, v4),
                health_check_node_port: number("spec.healthCheckNodePort"),
                internal_local: object.str("spec.internalTrafficPolicy") == "Local",
                external_local: object.str("spec.externalTrafficPolicy") == "Local",
                affinity: (object.str("spec.sessionAffinity") == "ClientIP").then_some(timeout as u32),
            })
        })
        .collect();
    order::sort_by(&mut ports, |a, b| (&a.name, a.protocol).cmp(&(&b.name, b.protocol)));
    ports
}

fn ips<'a>(texts: impl Iterator<Item = &'a str>, v4: bool) -> Vec<IpAddr> {
    texts.filter_map(|text| text.parse().ok()).filter(|ip: &IpAddr| ip.is_ipv4() == v4).collect()
}

/// The allowed sources. A range that holds every address turns the filter off.
fn source_ranges(object: &Object, v4: bool) -> Vec<IpNet> {
    let texts = object.list("spec.loadBalancerSourceRanges").iter().filter_map(Value::as_str);
    let ranges: Vec<IpNet> = texts
        .filter_map(|text| text.trim().parse::<IpNet>().ok())
        .filter(|range| range.addr().is_ipv4() == v4)
        .map(|range| range.trunc())
        .collect();
    if ranges.iter().any(|range| range.prefix_len() == 0) { Vec::new() } else { ranges }
}
