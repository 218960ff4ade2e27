//! The EndpointSlice mirroring controller: Endpoints that someone wrote by hand for a Service without a selector become
//! slices, because consumers read nothing else.
//!
//! Models: `pkg/controller/endpointslicemirroring/`. Upstream fills a slice in the order of a map, we in that of the
//! Endpoints. Omits: retries' budget.

use super::controllers::Reconcile;
use super::desk::{Desk, key_of, split};
use super::endpoint_slice::endpoints::Ports;
use super::endpoint_slice::note_slice;
use super::selection::selects;
use crate::api::cache::controller_reference;
use crate::api::endpoint_slice::{ENDPOINT_SLICE, SERVICE_NAME_LABEL};
use crate::api::{Change, Object, Request, tree};
use crate::base::{FlatMap, FlatSet, Text};
use crate::effect::Out;
use serde_json::{Value, json};
use std::net::IpAddr;

const MANAGED_BY_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP_LABEL: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER_ANNOTATION: &str = "control-plane.alpha.kubernetes.io/leader";
/// Annotations that are the Endpoints' own.
const NOT_COPIED: [&str; 2] =
    ["endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration"];
/// Addresses of one subset that are mirrored.
const MAX_PER_SUBSET: usize = 1_000;

/// The mirrored slices of each Service, by its key.
#[derive(Debug, Clone, Default)]
pub struct Mirroring {
    slices: FlatMap<Text, FlatSet<Text>>,
}

/// What decides about a slice: its family and ports.
type Group = (&'static str, Ports);

impl Reconcile for Mirroring {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        match &*object.key.kind {
            "Service" => {
                let is_plain = |service: &Object| !has_selector(service);
                if change.before.as_ref().map(is_plain) != change.after.as_ref().map(is_plain) {
                    desk.add(&key_of(object), change, out);
                }
            }
            "Endpoints" if change.before.iter().chain(&change.after).any(may_be_mirrored) => {
                desk.add(&key_of(object), change, out);
            }
            "EndpointSlice" if object.label(MANAGED_BY_LABEL) == Some(MANAGER) => {
                note_slice(&mut self.slices, object, change, desk, out);
            }
            _ => {}
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let names = self.slices.get(key).into_iter().flatten();
        let slices: Vec<Object> =
            names.filter_map(|name| desk.cache.get("EndpointSlice", namespace, name)).cloned().collect();
        let service = desk.cache.get("Service", namespace, name);
        let endpoints = desk.cache.get("Endpoints", namespace, name).filter(|e| may_be_mirrored(e)).cloned();
        match endpoints {
            Some(endpoints) if service.is_some_and(|service| !has_selector(service)) => {
                mirror(key, &endpoints, slices, desk, out);
            }
            _ => slices.iter().for_each(|slice| delete(key, slice, desk, out)),
        }
    }
}

fn has_selector(service: &Object) -> bool {
    selects(service) || tree::map(service.tree(), "spec.selector").is_some_and(|map| !map.is_empty())
}

fn may_be_mirrored(endpoints: &Object) -> bool {
    endpoints.label(SKIP_LABEL) != Some("true") && endpoints.annotation(LEADER_ANNOTATION).is_none()
}

/// One slice for each family and set of ports.
fn mirror(key: &str, endpoints: &Object, slices: Vec<Object>, desk: &mut Desk, out: &mut Out<'_>) {
    let (desired, skipped) = desired(endpoints);
    if skipped > 0 {
        let message = format!(
            "A max of {MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. \
             {skipped} addresses were skipped"
        );
        desk.warn(endpoints, "TooManyAddressesToMirror", &message, out);
    }
    let mut existing: FlatMap<Group, Vec<Object>> = FlatMap::new();
    for slice in slices {
        let family = if slice.str("addressType") == "IPv6" { "IPv6" } else { "IPv4" };
        existing.entry((family, Ports::of_slice(&slice))).or_default().push(slice);
    }
    let (mut create, mut remove) = (Vec::new(), Vec::new());
    for (group, addresses) in desired {
        let mut own = existing.remove(&group).unwrap_or_default().into_iter();
        let first = own.next();
        remove.extend(own);
        match first {
            Some(slice) => update(key, endpoints, &slice, &group, &addresses, desk, out),
            None => create.push((group, addresses)),
        }
    }
    remove.extend(existing.into_values().flatten());
    // A slice that goes and one that comes of the same family are one that changes.
    create.retain(|(group, addresses)| {
        let Some(at) = remove.iter().position(|slice| slice.str("addressType") == group.0) else {
            return true;
        };
        update(key, endpoints, &remove.remove(at), group, addresses, desk, out);
        false
    });
    if !endpoints.is_terminating() {
        for (group, addresses) in create {
            let new = json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": group.0,
                "metadata": {
                    "generateName": format!("{}-", endpoints.name()), "namespace": endpoints.namespace(),
                    "ownerReferences": [controller_reference(endpoints)],
                },
            });
            let new = fill(&Object::new(&ENDPOINT_SLICE, new), endpoints, &group, &addresses);
            desk.call(key, Request::create(desk.name, new), out);
        }
    }
    remove.iter().for_each(|slice| delete(key, slice, desk, out));
}

fn update(
    key: &str,
    endpoints: &Object,
    slice: &Object,
    group: &Group,
    addresses: &[Value],
    desk: &mut Desk,
    out: &mut Out<'_>,
) {
    let new = fill(slice, endpoints, group, addresses);
    if new.tree() != slice.tree() {
        desk.call(key, Request::update(desk.name, new), out);
    }
}

fn delete(key: &str, slice: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    desk.call(key, Request::delete(desk.name, &ENDPOINT_SLICE, slice.namespace(), slice.name()), out);
}

/// The endpoints of each slice, and how many addresses are too many.
fn desired(endpoints: &Object) -> (FlatMap<Group, Vec<Value>>, usize) {
    let mut desired: FlatMap<Group, Vec<Value>> = FlatMap::new();
    let mut skipped = 0;
    for subset in endpoints.list("subsets") {
        let ports = Ports::of_list(tree::list(subset, "ports"));
        let of = |field, ready| tree::list(subset, field).iter().map(move |address| (address, ready));
        let all: Vec<_> = of("addresses", true).chain(of("notReadyAddresses", false)).collect();
        skipped += all.len().saturating_sub(MAX_PER_SUBSET);
        for (address, ready) in all.into_iter().take(MAX_PER_SUBSET) {
            let Ok(ip) = tree::str(address, "ip").parse::<IpAddr>() else { continue };
            let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
            let slot = desired.entry((family, ports.clone())).or_default();
            if slot.len() < MAX_PER_SUBSET {
                slot.push(endpoint(address, ip, ready));
            }
        }
    }
    (desired, skipped)
}

fn endpoint(address: &Value, ip: IpAddr, ready: bool) -> Value {
    let mut endpoint = json!({ "addresses": [ip.to_string()], "conditions": { "ready": ready } });
    for field in ["targetRef", "nodeName", "hostname"] {
        if let Some(value) = address.get(field) {
            endpoint[field] = value.clone();
        }
    }
    endpoint
}

/// A slice with these endpoints, and with labels and annotations of the Endpoints object.
fn fill(slice: &Object, endpoints: &Object, group: &Group, addresses: &[Value]) -> Object {
    slice.edit(|slice| {
        let mut labels = tree::object(endpoints.labels().map(|(key, value)| (key.into(), value.into())));
        labels.insert(SERVICE_NAME_LABEL.into(), endpoints.name().into());
        labels.insert(MANAGED_BY_LABEL.into(), MANAGER.into());
        tree::set(slice, "metadata.labels", labels);
        let notes = tree::pairs(endpoints.tree(), "metadata.annotations");
        let notes = notes.filter(|(key, _)| !NOT_COPIED.contains(key));
        let notes = tree::object(notes.map(|(key, value)| (key.into(), value.into())));
        if notes.is_empty() {
            tree::remove(slice, "metadata.annotations");
        } else {
            tree::set(slice, "metadata.annotations", notes);
        }
        tree::set(slice, "ports", group.1.to_value());
        tree::set(slice, "endpoints", addresses.to_vec());
    })
}
