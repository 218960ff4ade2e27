//! The Endpoints controller: the deprecated object that lists a Service's pods in one piece.
//!
//! Models: `pkg/controller/endpoint/endpoints_controller.go`, `pkg/api/v1/endpoints/util.go`.
//! Upstream orders ports and subsets by hash, we by name and number.

use super::controllers::Reconcile;
use super::desk::{Desk, key_of, split};
use super::selection::{Selection, TriggerTimes, addresses, resolve_port, selects};
use crate::api::endpoints::ENDPOINTS;
use crate::api::{Change, Object, Request, pod, service, tree};
use crate::base::{FlatMap, FlatSet};
use crate::effect::Out;
use serde_json::{Value, json};
use std::net::IpAddr;

const MANAGED_BY_LABEL: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";
const TRIGGER_ANNOTATION: &str = "endpoints.kubernetes.io/last-change-trigger-time";

const OVER_CAPACITY_ANNOTATION: &str = "endpoints.kubernetes.io/over-capacity";
/// The most addresses of one object.
const MAX_ADDRESSES: usize = 1_000;

/// The controller's memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct EndpointsObjects {
    selection: Selection,
    times: TriggerTimes,
}

/// A port: name, number, protocol, application protocol.
type Port = (String, Option<u16>, String, String);

impl Reconcile for EndpointsObjects {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind != "Endpoints" {
            return self.selection.observe(change, desk, out);
        }
        let key = key_of(object);
        if !desk.is_busy(&key) && desk.cache.get("Service", object.namespace(), object.name()).is_some() {
            desk.add(&key, change, out);
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(service) = desk.cache.get("Service", namespace, name).cloned() else {
            return self.times.forget(key);
        };
        if !selects(&service) {
            return;
        }
        let time = self.times.look(&service, self.selection.pods(&service, &desk.cache));
        let mut subsets = subsets(&service, self.selection.pods(&service, &desk.cache));
        let truncated = truncate(&mut subsets);
        let labels = labels(&service);
        let known = desk.cache.get("Endpoints", namespace, name).cloned();
        let current = |object: &Object| {
            object.list("subsets") == subsets.as_slice()
                && object.get("metadata.labels") == Some(&labels)
                && (object.annotation(OVER_CAPACITY_ANNOTATION) == Some("truncated")) == truncated
        };
        if known.as_ref().is_some_and(current) {
            return;
        }
        let fresh = json!({ "apiVersion": "v1", "kind": "Endpoints",
            "metadata": { "name": name, "namespace": namespace } });
        let base = known.clone().unwrap_or_else(|| Object::new(&ENDPOINTS, fresh));
        let wanted = base.edit(|object| {
            tree::set(object, "metadata.labels", labels);
            tree::default(object, "metadata.annotations", json!({}));
            if let Some(notes) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
                match time {
                    Some(time) => notes.insert(TRIGGER_ANNOTATION.into(), time.into()),
                    None => notes.remove(TRIGGER_ANNOTATION),
                };
                if truncated {
                    notes.insert(OVER_CAPACITY_ANNOTATION.into(), "truncated".into());
                } else {
                    notes.remove(OVER_CAPACITY_ANNOTATION);
                }
            }
            if subsets.is_empty() {
                tree::remove(object, "subsets");
            } else {
                tree::set(object, "subsets", subsets);
            }
        });
        let request = match known {
            Some(_) => Request::update(desk.name, wanted),
            None => Request::create(desk.name, wanted),
        };
        desk.call(key, request, out);
    }
}

/// The labels: the Service's own and the controller's.
fn labels(service: &Object) -> Value {
    let mut labels = tree::object(service.labels().map(|(key, value)| (key.into(), value.into())));
    labels.insert(MANAGED_BY_LABEL.into(), MANAGER.into());
    if service::is_headless(service) {
        labels.insert(HEADLESS_LABEL.into(), "".into());
    } else {
        labels.remove(HEADLESS_LABEL);
    }
    labels.into()
}

/// The subsets: ports that the same addresses have are together.
fn subsets<'a>(service: &Object, pods: impl Iterator<Item = &'a Object>) -> Vec<Value> {
    let ports = service::ports(service);
    let app_protocols: Vec<&str> =
        service.list("spec.ports").iter().map(|port| tree::str(port, "appProtocol")).collect();
    let anyway = service.bool("spec.publishNotReadyAddresses") == Some(true);
    let v6 = service.list("spec.ipFamilies").first().and_then(Value::as_str) == Some("IPv6");
    // Address (in order of its bytes), pod and readiness, to what stands in the object.
    let mut all: FlatMap<(IpAddr, String, bool), Value> = FlatMap::new();
    let mut by_port: FlatMap<Option<Port>, FlatSet<(IpAddr, String, bool)>> = FlatMap::new();
    for pod in pods.filter(|pod| !pod::is_finished(pod) && (anyway || !pod.is_terminating())) {
        let Some(ip) = addresses(pod, v6).first().and_then(|ip| ip.parse::<IpAddr>().ok()) else { continue };
        let id = (ip, pod.uid.to_string(), anyway || pod::is_ready(pod));
        all.insert(id.clone(), address(pod, service, ip));
        if ports.is_empty() {
            by_port.entry(None).or_default().insert(id);
            continue;
        }
        for (port, app) in ports.iter().zip(&app_protocols) {
            if let Some(number) = resolve_port(pod, port) {
                let port: Port =
                    (port.name.to_string(), Some(number), port.protocol.to_string(), app.to_string());
                by_port.entry(Some(port)).or_default().insert(id.clone());
            }
        }
    }
    let mut by_addresses: FlatMap<FlatSet<(IpAddr, String, bool)>, Vec<Port>> = FlatMap::new();
    for (port, ids) in by_port {
        by_addresses.entry(ids).or_default().extend(port);
    }
    let subset = |(ids, ports): (FlatSet<(IpAddr, String, bool)>, Vec<Port>)| {
        let of = |ready: bool| {
            let list = ids.iter().filter(|(_, _, is_ready)| *is_ready == ready);
            list.filter_map(|id| all.get(id).cloned()).collect::<Vec<Value>>()
        };
        let mut subset = json!({});
        let ports: Vec<Value> = ports.into_iter().map(port_value).collect();
        for (field, list) in [("addresses", of(true)), ("notReadyAddresses", of(false)), ("ports", ports)] {
            if !list.is_empty() {
                subset[field] = list.into();
            }
        }
        subset
    };
    by_addresses.into_iter().map(subset).collect()
}

/// Cuts what is too much: addresses that are ready stay before those that are not, and each subset keeps its share,
/// rounded up, but for the last ones. Tells whether there was too much.
fn truncate(subsets: &mut [Value]) -> bool {
    let count = |subset: &Value, field| tree::list(subset, field).len();
    let total = |field| subsets.iter().map(|subset| count(subset, field)).sum::<usize>();
    let (ready, not_ready) = (total("addresses"), total("notReadyAddresses"));
    if ready + not_ready <= MAX_ADDRESSES {
        return false;
    }
    let (field, all, most) = if ready > MAX_ADDRESSES {
        ("addresses", ready, MAX_ADDRESSES)
    } else {
        ("notReadyAddresses", not_ready, MAX_ADDRESSES - ready)
    };
    let mut left = most;
    for subset in subsets {
        let share = (count(subset, field) * most).div_ceil(all).min(left);
        if let Some(list) = subset.get_mut(field).and_then(Value::as_array_mut) {
            list.truncate(share);
            left -= list.len();
        }
        if field == "addresses" || share == 0 {
            tree::remove(subset, "notReadyAddresses");
        }
        if count(subset, "addresses") == 0 {
            tree::remove(subset, "addresses");
        }
    }
    true
}

fn address(pod: &Object, service: &Object, ip: IpAddr) -> Value {
    let mut address = json!({
        "ip": ip.to_string(),
        "targetRef": {
            "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": &*pod.uid,
        },
    });
    if !pod.str("spec.nodeName").is_empty() {
        address["nodeName"] = pod.str("spec.nodeName").into();
    }
    let hostname = pod.str("spec.hostname");
    if !hostname.is_empty() && pod.str("spec.subdomain") == service.name() {
        address["hostname"] = hostname.into();
    }
    address
}

fn port_value((name, number, protocol, app): Port) -> Value {
    let mut port = json!({ "port": number, "protocol": protocol });
    for (field, value) in [("name", name), ("appProtocol", app)] {
        if !value.is_empty() {
            port[field] = value.into();
        }
    }
    port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(n: u8, ready: bool, port: Option<&str>) -> Object {
        let ports = port.map_or(json!([]), |name| json!([{ "name": name, "containerPort": 8080 }]));
        let status = if ready { "True" } else { "False" };
        Object::new(
            &pod::POD,
            json!({ "metadata": { "name": format!("p{n}"), "namespace": "n", "uid": format!("u{n}") },
                "spec": { "nodeName": "node-1", "containers": [{ "ports": ports }] },
                "status": { "podIP": format!("10.244.1.{n}"),
                    "conditions": [{ "type": "Ready", "status": status }] } }),
        )
    }

    /// Upstream's repacking: ports of the same addresses share a subset; addresses are sorted by their bytes.
    #[test]
    fn ports_of_the_same_addresses_share_a_subset() {
        let service = json!({ "metadata": { "name": "s", "namespace": "n" }, "spec": { "ipFamilies": ["IPv4"],
            "ports": [{ "name": "http", "port": 80 }, { "name": "named", "port": 81, "targetPort": "web" }] } });
        let service = Object::new(&service::SERVICE, service);
        let service = service.edit(|tree| {
            tree["spec"]["ports"][0]["targetPort"] = 80.into();
        });
        let pods = [pod(10, true, None), pod(9, false, Some("web"))];
        let subsets = subsets(&service, pods.iter());
        let shape: Vec<(usize, usize, usize)> = subsets
            .iter()
            .map(|s| {
                let len = |field| tree::list(s, field).len();
                (len("addresses"), len("notReadyAddresses"), len("ports"))
            })
            .collect();
        assert_eq!(shape, [(0, 1, 1), (1, 1, 1)]);
    }

    /// `truncateEndpoints`: the ready ones come first; a subset's share is rounded up, the last one gets what is left.
    #[test]
    fn a_thousand_addresses_are_kept() {
        let subset = |ready: usize, not: usize| {
            let list = |n: usize| vec![json!({ "ip": "10.0.0.1" }); n];
            json!({ "addresses": list(ready), "notReadyAddresses": list(not) })
        };
        let sizes = |subsets: &[Value]| -> Vec<(usize, usize)> {
            let len = |s: &Value, field| tree::list(s, field).len();
            subsets.iter().map(|s| (len(s, "addresses"), len(s, "notReadyAddresses"))).collect()
        };
        for (before, after) in [
            (vec![(600, 400)], None),
            (vec![(600, 500)], Some(vec![(600, 400)])),
            (vec![(1_200, 50)], Some(vec![(1_000, 0)])),
            (vec![(700, 0), (700, 9), (1, 0)], Some(vec![(500, 0), (500, 0), (0, 0)])),
            (vec![(500, 300), (400, 300)], Some(vec![(500, 50), (400, 50)])),
        ] {
            let mut subsets: Vec<Value> = before.iter().map(|(ready, not)| subset(*ready, *not)).collect();
            assert_eq!(truncate(&mut subsets), after.is_some());
            assert_eq!(sizes(&subsets), after.unwrap_or(before));
        }
    }
}
