//! The EndpointSlice controller: for each Service with a selector, slices of the pods behind it.
//!
//! Models: `pkg/controller/endpointslice/`, `staging/src/k8s.io/endpointslice/reconciler.go`.
//! Omits: batching, events about failures.

pub mod endpoints;
pub mod hints;
pub mod packing;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key, key_of, split};
use super::selection::{Selection, TriggerTimes, selects};
use crate::api::cache::controller_reference;
use crate::api::endpoint_slice::{self as slice_kind, ENDPOINT_SLICE, SERVICE_NAME_LABEL};
use crate::api::{Change, Object, Request, Response, Status, service, tree};
use crate::base::{Duration, FlatMap, FlatSet, Text};
use crate::effect::Out;
use crate::trace::Reason;
use endpoints::{Endpoint, Ports};
use hints::{Topology, Wish};
use packing::{Plan, Slice};
use serde_json::{Value, json};

const MANAGED_BY_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";
const TRIGGER_ANNOTATION: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The controller's memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct EndpointSlices {
    selection: Selection,
    times: TriggerTimes,
    /// The slices of each Service, by the Service's key.
    slices: FlatMap<Text, FlatSet<Text>>,
    topology: Topology,
}

impl Reconcile for EndpointSlices {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind != "EndpointSlice" {
            if &*object.key.kind == "Service" && change.after.is_none() {
                self.times.forget(&key_of(object));
                self.topology.forget(&key_of(object));
            }
            if &*object.key.kind == "Node" {
                let overloaded = self.topology.set_nodes(desk.cache.all("Node"));
                overloaded.iter().for_each(|service| desk.add(service, change, out));
            }
            return self.selection.observe(change, desk, out);
        }
        if object.label(MANAGED_BY_LABEL) != Some(MANAGER) {
            return;
        }
        note_slice(&mut self.slices, object, change, desk, out);
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(service) = desk.cache.get("Service", namespace, name).cloned() else { return };
        if !selects(&service) {
            return;
        }
        let time = self.times.look(&service, self.selection.pods(&service, &desk.cache));
        let families: Vec<&str> = service.list("spec.ipFamilies").iter().filter_map(Value::as_str).collect();
        let mut plan = Plan::default();
        for family in ["IPv4", "IPv6"] {
            let existing = self.existing(&service, family, desk);
            if !families.contains(&family) {
                plan.delete.extend(existing.into_iter().map(|slice| slice.object));
                continue;
            }
            let (groups, missing_node) = self.desired(&service, family, desk);
            if missing_node {
                desk.add_after(key, Duration::secs(1), out);
            }
            let mut packed = packing::reconcile(existing, groups, family, service.is_terminating());
            for (is_warning, reason, message) in
                self.topology.hint(&key_of(&service), Wish::of(&service), family, &mut packed)
            {
                if is_warning {
                    desk.warn(&service, reason, &message, out);
                } else {
                    desk.event(&service, reason, &message, out);
                }
            }
            plan.extend(packed);
        }
        self.carry_out(&service, plan, time.as_deref(), desk, out);
    }

    fn answered(
        &mut self,
        call: &Call,
        result: &Result<Response, Status>,
        _last: bool,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        match result {
            Ok(Response::Object(slice)) if call.does != Does::Delete => {
                let all = slice.list("endpoints").len() as u32;
                let is_ready = |e: &&Value| tree::bool(e, "conditions.ready") == Some(true);
                let ready = slice.list("endpoints").iter().filter(is_ready).count() as u32;
                out.decided(desk.place.clone(), Reason::Endpoints(slice.key.clone(), ready, all - ready));
            }
            _ => {}
        }
    }
}

impl EndpointSlices {
    fn existing(&self, service: &Object, family: &str, desk: &Desk) -> Vec<Slice> {
        let names = self.slices.get(&key_of(service)).into_iter().flatten();
        let slices = names.filter_map(|name| desk.cache.get("EndpointSlice", service.namespace(), name));
        let labels = labels(service);
        slices
            .filter(|slice| slice.str("addressType") == family)
            .map(|slice| Slice {
                owned: slice.controller().is_some_and(|(_, _, uid)| *uid == *service.uid),
                labels_differ: slice.get("metadata.labels") != Some(&labels),
                ports: Ports::of_slice(slice),
                object: slice.clone(),
            })
            .collect()
    }

    /// The endpoints that there should be, by their ports; and whether a pod's node is not known yet.
    fn desired(&self, service: &Object, family: &str, desk: &Desk) -> (FlatMap<Ports, Vec<Endpoint>>, bool) {
        let ports = service::ports(service);
        let mut groups: FlatMap<Ports, Vec<Endpoint>> = FlatMap::new();
        let mut missing_node = false;
        for pod in self.selection.pods(service, &desk.cache) {
            if !endpoints::counts(pod) {
                continue;
            }
            let node = desk.cache.get("Node", "", pod.str("spec.nodeName"));
            let anyway = service.bool("spec.publishNotReadyAddresses") == Some(true);
            if node.is_none() && !pod.str("spec.nodeName").is_empty() && !anyway {
                missing_node = true;
                continue;
            }
            if let Some(endpoint) = Endpoint::of_pod(pod, service, node, family == "IPv6") {
                groups.entry(Ports::of_pod(pod, service, &ports)).or_default().push(endpoint);
            }
        }
        (groups, missing_node)
    }

    fn carry_out(
        &mut self,
        service: &Object,
        plan: Plan,
        time: Option<&str>,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        let key = key_of(service);
        for new in plan.create {
            let slice = json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {
                    "generateName": generate_name(service.name()), "namespace": service.namespace(),
                    "ownerReferences": [controller_reference(service)],
                },
                "addressType": new.family,
            });
            let slice = fill(Object::new(&ENDPOINT_SLICE, slice), &new.ports, &new.endpoints, service, time);
            desk.call(&key, Request::create(desk.name, slice), out);
        }
        for (slice, ports, endpoints) in plan.update {
            let slice = fill(slice, &ports, &endpoints, service, time);
            desk.call(&key, Request::update(desk.name, slice), out);
        }
        for slice in plan.delete {
            let request = Request::delete(desk.name, &ENDPOINT_SLICE, slice.namespace(), slice.name());
            desk.call(&key, request, out);
        }
    }
}

/// A slice with these ports, endpoints, and what comes from its Service.
fn fill(slice: Object, ports: &Ports, endpoints: &[Value], service: &Object, time: Option<&str>) -> Object {
    slice.edit(|slice| {
        tree::set(slice, "metadata.labels", labels(service));
        tree::default(slice, "metadata.annotations", json!({}));
        if let Some(annotations) = slice.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            match time {
                Some(time) => annotations.insert(TRIGGER_ANNOTATION.into(), time.into()),
                None => annotations.remove(TRIGGER_ANNOTATION),
            };
            if annotations.is_empty() {
                tree::remove(slice, "metadata.annotations");
            }
        }
        tree::set(slice, "ports", ports.to_value());
        let list = if endpoints.is_empty() { Value::Null } else { endpoints.to_vec().into() };
        tree::set(slice, "endpoints", list);
    })
}

/// News of one of a controller's own slices: its name is noted under its Service's key, and the key is worked on. Answers to
/// own writes come while the key is busy; someone else's writes are put right.
pub(super) fn note_slice(
    slices: &mut FlatMap<Text, FlatSet<Text>>,
    slice: &Object,
    change: &Change,
    desk: &mut Desk,
    out: &mut Out<'_>,
) {
    let service = key(slice.namespace(), slice_kind::service_name(slice));
    let names = slices.entry(service.clone()).or_default();
    if change.after.is_some() {
        names.insert(slice.key.name.clone());
    } else {
        names.remove(&slice.key.name);
    }
    if !desk.is_busy(&service) {
        desk.add(&service, change, out);
    }
}

/// The labels of a Service's slices: its own, but for those that the controller sets itself.
fn labels(service: &Object) -> Value {
    let reserved = [SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL];
    let own = service.labels().filter(|(key, _)| !reserved.contains(key));
    let mut labels = tree::object(own.map(|(key, value)| (key.into(), value.into())));
    labels.insert(SERVICE_NAME_LABEL.into(), service.name().into());
    labels.insert(MANAGED_BY_LABEL.into(), MANAGER.into());
    if service::is_headless(service) {
        labels.insert(HEADLESS_LABEL.into(), "".into());
    }
    labels.into()
}

fn generate_name(service: &str) -> String {
    let base: String = format!("{service}-").chars().take(58).collect();
    base
}
