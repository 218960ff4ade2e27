//! What Services claim from the pools: addresses by family, node ports. A claim is kept when the write succeeds and given
//! back when it does not.
//!
//! Models: `pkg/registry/core/service/storage/alloc.go`. Omits: health-check node ports, a second IP family.

use super::ApiServer;
use crate::api::{FieldError, Object, Request, Status, service, tree};
use crate::effect::Out;
use crate::trace::{Place, Reason};
use serde_json::{Value, json};
use std::net::IpAddr;

/// What was taken for a write, and what is free once it succeeds.
#[derive(Debug, Default)]
pub(super) struct Claim {
    taken: Vec<IpAddr>,
    ports: Vec<u16>,
    freed: Vec<IpAddr>,
    freed_ports: Vec<u16>,
    object: Option<crate::base::ObjectRef>,
}

impl ApiServer {
    /// Claims what a new object needs.
    pub(super) fn claim_new(
        &mut self,
        request: &Request,
        tree: &mut Value,
        out: &mut Out<'_>,
    ) -> Result<Claim, Status> {
        let mut claim = Claim::default();
        if *request.kind == service::SERVICE {
            claim.object = Some(Object::new(request.kind, tree.clone()).key);
            let result = self.fill(request, None, tree, &mut claim, out);
            self.or_give_back(result, &mut claim)?;
        }
        Ok(claim)
    }

    /// Claims what a changed object needs beyond what the old one has.
    pub(super) fn claim_changed(
        &mut self,
        request: &Request,
        old: &Object,
        tree: &mut Value,
        out: &mut Out<'_>,
    ) -> Result<Claim, Status> {
        let mut claim = Claim::default();
        if *request.kind != service::SERVICE || !request.subresource.is_empty() {
            return Ok(claim);
        }
        claim.object = Some(old.key.clone());
        keep_allocated(old, tree);
        let result = self.fill(request, Some(old), tree, &mut claim, out);
        self.or_give_back(result, &mut claim)?;
        let new = Object::new(old.kind, tree.clone());
        let (ips, ports) = (service::cluster_ips(&new), node_ports(&new));
        claim.freed = service::cluster_ips(old).into_iter().filter(|ip| !ips.contains(ip)).collect();
        claim.freed_ports = node_ports(old).into_iter().filter(|port| !ports.contains(port)).collect();
        Ok(claim)
    }

    /// The write has succeeded or not.
    pub(super) fn settle(&mut self, claim: Claim, kept: bool, out: &mut Out<'_>) {
        let (ips, ports) =
            if kept { (&claim.freed, &claim.freed_ports) } else { (&claim.taken, &claim.ports) };
        let (ips, ports) = (ips.clone(), ports.clone());
        self.give_back(&ips, &ports);
        if let Some(object) = claim.object.filter(|_| kept) {
            for ip in &claim.taken {
                out.decided(Place::ApiServer, Reason::Allocated(object.clone(), ip.to_string().into()));
            }
        }
    }

    /// A Service is gone: what it had is free.
    pub(super) fn release(&mut self, object: &Object) {
        if object.kind == &service::SERVICE {
            self.give_back(&service::cluster_ips(object), &node_ports(object));
        }
    }

    fn give_back(&mut self, ips: &[IpAddr], ports: &[u16]) {
        ips.iter().for_each(|ip| self.addresses.iter_mut().for_each(|pool| pool.free(*ip)));
        ports.iter().for_each(|port| self.ports.free(*port));
    }

    fn or_give_back(&mut self, result: Result<(), Status>, claim: &mut Claim) -> Result<(), Status> {
        if result.is_err() {
            let (ips, ports) = (std::mem::take(&mut claim.taken), std::mem::take(&mut claim.ports));
            self.give_back(&ips, &ports);
        }
        result
    }

    fn fill(
        &mut self,
        request: &Request,
        old: Option<&Object>,
        tree: &mut Value,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        if tree::str(tree, "spec.type") == "ExternalName" {
            return Ok(());
        }
        let name = tree::str(tree, "metadata.name").to_string();
        let invalid = |error: FieldError| Status::invalid(request.kind, &name, vec![error]);
        self.families(tree).map_err(invalid)?;
        self.fill_addresses(old, tree, claim, out).map_err(|error| match error {
            Unfilled::Field(error) => invalid(error),
            Unfilled::Full(words) => Status::internal(words),
        })?;
        self.fill_ports(old, tree, claim, out).map_err(|error| match error {
            Unfilled::Field(error) => invalid(error),
            Unfilled::Full(words) => Status::internal(words),
        })
    }

    /// Fills in the families and their policy, for a cluster of one family.
    fn families(&self, tree: &mut Value) -> Result<(), FieldError> {
        let own = if self.addresses.first().is_none_or(|pool| pool.is_v4()) { "IPv4" } else { "IPv6" };
        let ip = tree::str(tree, "spec.clusterIP").to_string();
        if !ip.is_empty() && ip != "None" && ip.parse::<IpAddr>().is_err() {
            let words = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            return Err(FieldError::invalid("spec.clusterIPs[0]", &json!(ip), words));
        }
        let selectorless = tree::map(tree, "spec.selector").is_none_or(serde_json::Map::is_empty);
        let headless_alone = ip == "None" && selectorless;
        for (i, family) in tree::list(tree, "spec.ipFamilies").iter().filter_map(Value::as_str).enumerate() {
            if !matches!(family, "IPv4" | "IPv6") {
                let path = format!("spec.ipFamilies[{i}]");
                return Err(FieldError::not_supported(path, family, &["IPv4", "IPv6"]));
            }
            if family != own && !headless_alone {
                let path = format!("spec.ipFamilies[{i}]");
                return Err(FieldError::invalid(path, &json!(family), "not configured on this cluster"));
            }
        }
        let policy = if headless_alone { "RequireDualStack" } else { "SingleStack" };
        tree::default(tree, "spec.ipFamilyPolicy", policy);
        let policy = tree::str(tree, "spec.ipFamilyPolicy").to_string();
        if policy == "RequireDualStack" && !headless_alone {
            let words = "this cluster is not configured for dual-stack services";
            return Err(FieldError::invalid("spec.ipFamilyPolicy", &json!(policy), words));
        }
        let both = headless_alone && policy != "SingleStack";
        let other = if own == "IPv4" { "IPv6" } else { "IPv4" };
        tree::default(tree, "spec.ipFamilies", if both { json!([own, other]) } else { json!([own]) });
        Ok(())
    }

    fn fill_addresses(
        &mut self,
        old: Option<&Object>,
        tree: &mut Value,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Unfilled> {
        let said = tree::str(tree, "spec.clusterIP").to_string();
        let has = old.map(service::cluster_ips).unwrap_or_default();
        if said == "None" {
            tree::set(tree, "spec.clusterIPs", json!(["None"]));
            return Ok(());
        }
        let actor =
            format!("Service {}/{}", tree::str(tree, "metadata.namespace"), tree::str(tree, "metadata.name"));
        let Some(pool) = self.addresses.first_mut() else { return Ok(()) };
        let ip = match said.parse::<IpAddr>() {
            Ok(ip) if has.contains(&ip) => ip,
            // An address may not change once set: validation says so, in its own words.
            Ok(ip) if !has.is_empty() => ip,
            Ok(ip) => {
                pool.take(ip).map_err(|words| {
                    let words = format!("failed to allocate IP {ip}: {words}");
                    Unfilled::Field(FieldError::invalid("spec.clusterIPs", &json!([said]), words))
                })?;
                claim.taken.push(ip);
                ip
            }
            Err(_) => {
                let full = Unfilled::Full("failed to allocate a serviceIP: range is full");
                let ip = pool.take_any(&actor, out).ok_or(full)?;
                claim.taken.push(ip);
                ip
            }
        };
        tree::set(tree, "spec.clusterIP", ip.to_string());
        tree::set(tree, "spec.clusterIPs", json!([ip.to_string()]));
        Ok(())
    }

    fn fill_ports(
        &mut self,
        old: Option<&Object>,
        tree: &mut Value,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Unfilled> {
        let wanted = match tree::str(tree, "spec.type") {
            "NodePort" => true,
            "LoadBalancer" => tree::bool(tree, "spec.allocateLoadBalancerNodePorts") != Some(false),
            _ => return Ok(()),
        };
        let has = old.map(node_ports).unwrap_or_default();
        let actor =
            format!("Service {}/{}", tree::str(tree, "metadata.namespace"), tree::str(tree, "metadata.name"));
        let mut ports = tree::list(tree, "spec.ports").to_vec();
        let mut by_port: Vec<(i64, i64)> = Vec::new();
        for (i, port) in ports.iter_mut().enumerate() {
            let (number, said) =
                (tree::int(port, "port").unwrap_or(0), tree::int(port, "nodePort").unwrap_or(0));
            let shared = by_port.iter().find(|(other, _)| *other == number).map(|(_, node_port)| *node_port);
            let node_port = match (said, shared) {
                (0, Some(shared)) => shared,
                (0, None) if !wanted => continue,
                (0, None) => {
                    let full = Unfilled::Full("failed to allocate a nodePort: range is full");
                    let port = self.ports.take_any(&actor, out).ok_or(full)?;
                    claim.ports.push(port);
                    i64::from(port)
                }
                (said, shared) => {
                    let number = u16::try_from(said).unwrap_or(0);
                    if !has.contains(&number) && shared != Some(said) {
                        self.ports.take(number).map_err(|words| {
                            let path = format!("spec.ports[{i}].nodePort");
                            Unfilled::Field(FieldError::invalid(path, &json!(said), words))
                        })?;
                        claim.ports.push(number);
                    }
                    said
                }
            };
            by_port.push((number, node_port));
            tree::set(port, "nodePort", node_port);
        }
        tree::set(tree, "spec.ports", ports);
        Ok(())
    }
}

/// Why a Service could not be given what it needs.
enum Unfilled {
    /// A field asks for what cannot be had.
    Field(FieldError),
    /// A pool is empty.
    Full(&'static str),
}

/// YAML that leaves out what was allocated may be applied again: it keeps what it has.
fn keep_allocated(old: &Object, tree: &mut Value) {
    let needs_ip = |kind: &str| kind != "ExternalName";
    let (was, is) = (old.str("spec.type").to_string(), tree::str(tree, "spec.type").to_string());
    if needs_ip(&was) && needs_ip(&is) {
        for field in ["spec.clusterIP", "spec.clusterIPs", "spec.ipFamilies", "spec.ipFamilyPolicy"] {
            if let Some(value) = old.get(field)
                && tree::get(tree, field).is_none()
            {
                tree::set(tree, field, value.clone());
            }
        }
    }
    if !needs_ip(&is) && needs_ip(&was) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if tree::get(tree, &format!("spec.{field}")) == old.get(&format!("spec.{field}")) {
                tree::remove(tree, &format!("spec.{field}"));
            }
        }
    }
    let has_ports = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    let mut ports = tree::list(tree, "spec.ports").to_vec();
    for port in &mut ports {
        let name = tree::str(port, "name").to_string();
        let before = old.list("spec.ports").iter().find(|other| tree::str(other, "name") == name);
        let before = before.and_then(|other| tree::int(other, "nodePort")).unwrap_or(0);
        let now = tree::int(port, "nodePort").unwrap_or(0);
        if has_ports(&was) && has_ports(&is) && now == 0 && before != 0 {
            tree::set(port, "nodePort", before);
        }
        if has_ports(&was) && !has_ports(&is) && now == before {
            tree::remove(port, "nodePort");
        }
    }
    if tree::get(tree, "spec.ports").is_some() {
        tree::set(tree, "spec.ports", ports);
    }
}

fn node_ports(object: &Object) -> Vec<u16> {
    service::ports(object).iter().map(|port| port.node_port).filter(|port| *port != 0).collect()
}
