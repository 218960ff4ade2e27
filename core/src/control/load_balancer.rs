//! The service controller of the cloud controller manager: each Service of type LoadBalancer gets a load balancer of the
//! cloud, which takes a while to make; what it is goes into the Service's status.
//!
//! Models: `staging/src/k8s.io/cloud-provider/controllers/service/controller.go`, with a cloud whose balancers pass
//! packets on as they are (`ipMode: VIP`). Omits: clouds that fail, IPv6 addresses, annotations of particular clouds.

use super::controllers::Reconcile;
use super::desk::{Desk, key_of, split};
use crate::api::request::PatchType;
use crate::api::service::SERVICE;
use crate::api::{Change, Object, Request, service, tree};
use crate::base::{FlatMap, FlatSet, Instant, ObjectRef, Purpose, Text};
use crate::effect::{BalancerWake, Out, Wake};
use crate::net::{BalancerSpec, Protocol};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Keeps the Service until its load balancer is gone.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// Nodes with this label get no traffic from load balancers.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
/// Nor do nodes that the cluster autoscaler is about to remove.
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
/// The port at which every kube-proxy says whether it is well.
const PROXY_HEALTH_PORT: u16 = 10_256;
/// The cloud's addresses: 203.0.113.128/25, of the documentation range.
const POOL: (Ipv4Addr, u32) = (Ipv4Addr::new(203, 0, 113, 128), 128);

/// The load balancers that there are, by the Service's key.
#[derive(Debug, Clone, Default)]
pub struct ServiceBalancers {
    balancers: FlatMap<Text, Balancer>,
    /// Services whose load balancer must be made anew or changed.
    changed: FlatSet<Text>,
}

#[derive(Debug, Clone)]
struct Balancer {
    service: ObjectRef,
    ip: Ipv4Addr,
    /// When the cloud will have made it; `None` once it has.
    due: Option<Instant>,
    nodes: Vec<Text>,
}

impl Reconcile for ServiceBalancers {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind == "Node" {
            if change.before.as_ref().is_some_and(takes_traffic)
                != change.after.as_ref().is_some_and(takes_traffic)
            {
                self.balancers.keys().for_each(|key| desk.add(key, change, out));
            }
            return;
        }
        let key = key_of(object);
        let matters = match (&change.before, &change.after) {
            (Some(before), Some(after)) => match difference(before, after) {
                Some((reason, message)) => {
                    if !reason.is_empty() {
                        desk.event(after, reason, &message, out);
                    }
                    true
                }
                None => needs_cleanup(after),
            },
            (None, Some(after)) => wants(after) || needs_cleanup(after),
            (_, None) => self.balancers.contains_key(&key),
        };
        if matters {
            self.changed.insert(key.clone());
            desk.add(&key, change, out);
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let changed = self.changed.remove(key);
        match desk.cache.get("Service", namespace, name).cloned() {
            None => self.forget(key, out),
            Some(service) if !wants(&service) || needs_cleanup(&service) => {
                self.remove(key, &service, desk, out);
            }
            Some(service) => self.ensure(key, &service, changed, desk, out),
        }
    }
}

impl ServiceBalancers {
    /// The cloud forgets a load balancer.
    fn forget(&mut self, key: &str, out: &mut Out<'_>) {
        if let Some(balancer) = self.balancers.remove(key) {
            let gone = BalancerWake::Remove(balancer.service);
            out.after(out.timing.api, Wake::Balancer(Box::new(gone)));
        }
    }

    /// The Service wants none any more: the load balancer goes, then the Service may.
    fn remove(&mut self, key: &str, service: &Object, desk: &mut Desk, out: &mut Out<'_>) {
        if self.balancers.contains_key(key) {
            desk.event(service, "DeletingLoadBalancer", "Deleting load balancer", out);
            self.forget(key, out);
        }
        if !service.list("status.loadBalancer.ingress").is_empty() && !service.is_terminating() {
            patch_status(key, service, json!(null), desk, out);
        }
        if has_finalizer(service) {
            let others = service.list("metadata.finalizers").iter().filter(|f| f.as_str() != Some(FINALIZER));
            patch_finalizers(key, service, others.cloned().collect(), desk, out);
            desk.event(service, "DeletedLoadBalancer", "Deleted load balancer", out);
        }
    }

    /// The Service wants one.
    fn ensure(&mut self, key: &str, service: &Object, changed: bool, desk: &mut Desk, out: &mut Out<'_>) {
        let nodes: Vec<Text> = desk
            .cache
            .all("Node")
            .filter(|node| takes_traffic(node))
            .map(|node| node.key.name.clone())
            .collect();
        let known = self.balancers.get(key).map(|balancer| (balancer.ip, balancer.due));
        let Some((ip, due)) = known else { return self.begin(key, service, nodes, desk, out) };
        if let Some(due) = due
            && due > out.now
        {
            return desk.add_after(key, due.since(out.now), out);
        }
        let is_new = due.is_some();
        let moved = self.balancers.get(key).is_some_and(|balancer| balancer.nodes != nodes);
        if changed && !is_new {
            desk.event(service, "EnsuringLoadBalancer", "Ensuring load balancer", out);
        }
        if is_new || changed || moved {
            if nodes.is_empty() {
                let message = "There are no available nodes for LoadBalancer";
                desk.warn(service, "UnAvailableLoadBalancer", message, out);
            }
            let spec = BalancerSpec { nodes: nodes.clone(), ..spec(service, ip) };
            out.after(out.timing.api, Wake::Balancer(Box::new(BalancerWake::Ensure(spec))));
        }
        if is_new || changed {
            desk.event(service, "EnsuredLoadBalancer", "Ensured load balancer", out);
        } else if moved && !nodes.is_empty() {
            desk.event(service, "UpdatedLoadBalancer", "Updated load balancer with new hosts", out);
        }
        if let Some(balancer) = self.balancers.get_mut(key) {
            (balancer.due, balancer.nodes) = (None, nodes);
        }
        let ingress = service.list("status.loadBalancer.ingress");
        if ingress.first().map(|ingress| tree::str(ingress, "ip")) != Some(&ip.to_string()) {
            patch_status(key, service, json!([{ "ip": ip.to_string(), "ipMode": "VIP" }]), desk, out);
        }
    }

    /// The cloud begins to make one.
    fn begin(&mut self, key: &str, service: &Object, nodes: Vec<Text>, desk: &mut Desk, out: &mut Out<'_>) {
        desk.event(service, "EnsuringLoadBalancer", "Ensuring load balancer", out);
        if !has_finalizer(service) {
            let mut all = service.list("metadata.finalizers").to_vec();
            all.push(FINALIZER.into());
            patch_finalizers(key, service, all, desk, out);
        }
        let Some(ip) = self.address(service, out) else {
            let message = "Error syncing load balancer: failed to ensure load balancer: \
                           the cloud has no address that it could give";
            desk.warn(service, "SyncLoadBalancerFailed", message, out);
            return;
        };
        let due = Some(out.now + out.timing.load_balancer);
        self.balancers.insert(key.into(), Balancer { service: service.key.clone(), ip, due, nodes });
        desk.add_after(key, out.timing.load_balancer, out);
    }

    /// The address that the Service asks for (`spec.loadBalancerIP`), or any.
    fn address(&self, service: &Object, out: &mut Out<'_>) -> Option<Ipv4Addr> {
        let (first, size) = (u32::from(POOL.0), POOL.1);
        let is_free = |ip: &Ipv4Addr| self.balancers.values().all(|balancer| balancer.ip != *ip);
        let asked = service.str("spec.loadBalancerIP");
        if !asked.is_empty() {
            let in_pool = |ip: &Ipv4Addr| (first + 1..first + size - 1).contains(&u32::from(*ip));
            return asked.parse().ok().filter(in_pool).filter(is_free);
        }
        let actor = format!("LoadBalancer {}", key_of(service));
        let usable = size - 2;
        let start = out.below(Purpose::Allocation, &actor, u64::from(usable)) as u32;
        let all = (0..usable).map(|n| Ipv4Addr::from(first + 1 + (start + n) % usable));
        all.into_iter().find(is_free)
    }
}

/// Whether a Service is to have a load balancer of this cloud; one with a class is someone else's.
fn wants(service: &Object) -> bool {
    service.str("spec.type") == "LoadBalancer" && service.get("spec.loadBalancerClass").is_none()
}

fn has_finalizer(service: &Object) -> bool {
    service.list("metadata.finalizers").iter().any(|f| f.as_str() == Some(FINALIZER))
}

fn needs_cleanup(service: &Object) -> bool {
    has_finalizer(service) && (service.is_terminating() || service.str("spec.type") != "LoadBalancer")
}

/// Whether load balancers may send to a node. Whether it is well is for their health checks to find out (KEP-3458).
fn takes_traffic(node: &Object) -> bool {
    let tainted = node.list("spec.taints").iter().any(|taint| tree::str(taint, "key") == TO_BE_DELETED);
    !node.is_terminating() && node.label(EXCLUDED).is_none() && !tainted
}

/// What of a change concerns the load balancer: the event about it, whose reason is empty when there is none.
fn difference(before: &Object, after: &Object) -> Option<(&'static str, String)> {
    if !wants(before) && !wants(after) {
        return None;
    }
    let plain = |object: &Object, path: &str| match object.get(path) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let list = |object: &Object, path: &str| {
        let all = object.list(path).iter().filter_map(Value::as_str);
        format!("[{}]", all.collect::<Vec<_>>().join(" "))
    };
    let differs = |path: &str| before.get(path) != after.get(path);
    let arrow = |a: String, b: String| format!("{a} -> {b}");
    if wants(before) != wants(after) {
        return Some(("Type", arrow(plain(before, "spec.type"), plain(after, "spec.type"))));
    }
    let ranges = "spec.loadBalancerSourceRanges";
    if differs(ranges) {
        return Some(("LoadBalancerSourceRanges", arrow(list(before, ranges), list(after, ranges))));
    }
    if ["spec.ports", "spec.sessionAffinity", "spec.sessionAffinityConfig"].into_iter().any(differs) {
        return Some(("", String::new()));
    }
    let ips = "spec.externalIPs";
    if differs(ips) {
        let (was, is) = (before.list(ips), after.list(ips));
        let added = is.iter().zip(was).find(|(is, was)| is != was).and_then(|(is, _)| is.as_str());
        let message = match added {
            Some(added) if was.len() == is.len() => format!("Added: {added}"),
            _ => format!("Count: {} -> {}", was.len(), is.len()),
        };
        return Some(("ExternalIP", message));
    }
    let named = [
        ("LoadbalancerIP", "spec.loadBalancerIP"),
        ("UID", "metadata.uid"),
        ("ExternalTrafficPolicy", "spec.externalTrafficPolicy"),
        ("HealthCheckNodePort", "spec.healthCheckNodePort"),
    ];
    if let Some((reason, path)) = named.into_iter().find(|(_, path)| differs(path)) {
        let number = |object: &Object| match plain(object, path) {
            text if text.is_empty() && reason == "HealthCheckNodePort" => "0".into(),
            text => text,
        };
        return Some((reason, arrow(number(before), number(after))));
    }
    differs("metadata.annotations").then(|| ("", String::new()))
}

/// The load balancer of a Service, without its nodes.
fn spec(service: &Object, ip: Ipv4Addr) -> BalancerSpec {
    let ports = service::ports(service).into_iter();
    let is_local = service.str("spec.externalTrafficPolicy") == "Local";
    let check = service.int("spec.healthCheckNodePort").and_then(|port| u16::try_from(port).ok());
    BalancerSpec {
        service: service.key.clone(),
        ip: ip.into(),
        ports: ports.filter_map(|port| Some((Protocol::of_kubernetes(&port.protocol)?, port.port))).collect(),
        nodes: Vec::new(),
        check_port: check.filter(|port| is_local && *port != 0).unwrap_or(PROXY_HEALTH_PORT),
        by_client: service.str("spec.sessionAffinity") == "ClientIP",
    }
}

fn patch_finalizers(key: &str, service: &Object, all: Vec<Value>, desk: &mut Desk, out: &mut Out<'_>) {
    let patch = json!({ "metadata": { "finalizers": all } });
    desk.call(key, Request::patch(desk.name, &SERVICE, &service.key, PatchType::Merge, patch), out);
}

fn patch_status(key: &str, service: &Object, ingress: Value, desk: &mut Desk, out: &mut Out<'_>) {
    let patch = json!({ "status": { "loadBalancer": { "ingress": ingress } } });
    let request = Request::patch(desk.name, &SERVICE, &service.key, PatchType::Merge, patch);
    desk.call(key, Request { subresource: "status", ..request }, out);
}
