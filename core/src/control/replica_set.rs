//! The ReplicaSet controller: as many pods as a ReplicaSet asks for. Knows nothing of Deployments.
//!
//! Models: `pkg/controller/replicaset/replica_set.go`. Omits: the limit of 500 pods per sync.

pub mod status;
pub mod victims;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key, key_of, split};
use crate::api::cache::controller_reference;
use crate::api::request::PatchType;
use crate::api::{Change, Object, Request, Response, Selector, Status, pod, tree};
use crate::base::{FlatMap, FlatSet, ObjectRef, Text};
use crate::effect::Out;
use crate::trace::Reason;
use serde_json::{Value, json};

/// The controller's own memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct ReplicaSets {
    /// Pods without a controller, by namespace: candidates for adoption.
    orphans: FlatMap<Text, FlatSet<Text>>,
    /// How many pods the next batch makes, per ReplicaSet that is making pods.
    batches: FlatMap<Text, usize>,
    /// What the last creation or deletion that failed said, per ReplicaSet.
    failures: FlatMap<Text, (&'static str, String)>,
}

impl Reconcile for ReplicaSets {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        match change.object().map(|object| &*object.key.kind) {
            Some("ReplicaSet") => self.observe_set(change, desk, out),
            Some("Pod") => self.observe_pod(change, desk, out),
            _ => {}
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(set) = desk.cache.get("ReplicaSet", namespace, name).cloned() else { return };
        let pods = self.claim(&set, desk, out);
        if !set.is_terminating() && !desk.is_busy(key) {
            self.manage(&set, &pods, desk, out);
        }
        let failure = self.failures.get(key).map(|(reason, message)| (*reason, message.as_str()));
        status::write(&set, &pods, failure, desk, out);
    }

    fn answered(
        &mut self,
        call: &Call,
        result: &Result<Response, Status>,
        last: bool,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        if last && let Some(batch) = self.batches.get_mut(&call.key) {
            *batch *= 2;
        }
        let (namespace, name) = split(&call.key);
        if &*call.object.kind != "Pod" {
            return;
        }
        let Some(set) = desk.cache.get("ReplicaSet", namespace, name).cloned() else { return };
        match (call.does, result) {
            (Does::Create, Ok(Response::Object(pod))) => {
                self.failures.remove(&call.key);
                desk.event(&set, "SuccessfulCreate", &format!("Created pod: {}", pod.name()), out);
            }
            (Does::Create, Err(status)) => {
                self.batches.remove(&call.key);
                self.failures.insert(call.key.clone(), ("FailedCreate", status.message.clone()));
                desk.warn(&set, "FailedCreate", &format!("Error creating: {}", status.message), out);
            }
            (Does::Delete, Ok(_)) => {
                let message = format!("Deleted pod: {}", call.object.name);
                desk.event(&set, "SuccessfulDelete", &message, out);
            }
            (Does::Delete, Err(status)) if status.code != 404 => {
                self.failures.insert(call.key.clone(), ("FailedDelete", status.message.clone()));
                desk.warn(&set, "FailedDelete", &format!("Error deleting: {}", status.message), out);
            }
            _ => {}
        }
    }
}

impl ReplicaSets {
    fn observe_set(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(set) = change.object() else { return };
        let key = key_of(set);
        if change.after.is_none() {
            self.batches.remove(&key);
            self.failures.remove(&key);
            return;
        }
        desk.add(&key, change, out);
    }

    fn observe_pod(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let owner = |pod: &Object| {
            let (kind, name, _) = pod.controller()?;
            (kind == "ReplicaSet").then(|| key(pod.namespace(), name))
        };
        let before = change.before.as_ref().and_then(owner);
        let after = change.after.as_ref().and_then(owner);
        for owner in before.iter().chain(after.iter().filter(|after| Some(*after) != before.as_ref())) {
            desk.add(owner, change, out);
        }
        let Some(pod) = change.object() else { return };
        let is_orphan = change.after.as_ref().is_some_and(|pod| pod.controller().is_none());
        let orphans = self.orphans.entry(pod.key.namespace.clone()).or_default();
        if !is_orphan {
            orphans.remove(&pod.key.name);
            return;
        }
        orphans.insert(pod.key.name.clone());
        let wants = |set: &&Object| selector(set).matches(pod);
        let sets: Vec<Text> =
            desk.cache.list("ReplicaSet", pod.namespace()).filter(wants).map(key_of).collect();
        sets.iter().for_each(|set| desk.add(set, change, out));
    }

    /// The active pods of a ReplicaSet and those that are terminating; adopts and releases on the way.
    fn claim(&self, set: &Object, desk: &mut Desk, out: &mut Out<'_>) -> Vec<Object> {
        let selector = selector(set);
        let (mut kept, mut changes) = (Vec::new(), Vec::new());
        for pod in desk.cache.owned(&set.uid) {
            if selector.matches(pod) || pod.is_terminating() {
                kept.push(pod.clone());
            } else if !set.is_terminating() {
                changes.push((pod.key.clone(), without_owner(pod, &set.uid)));
            }
        }
        if !set.is_terminating() && !selector.is_empty() {
            let names = self.orphans.get(&set.key.namespace).into_iter().flatten();
            for pod in names.filter_map(|name| desk.cache.get("Pod", set.namespace(), name)) {
                if !pod.is_terminating() && !pod::is_finished(pod) && selector.matches(pod) {
                    changes.push((pod.key.clone(), with_owner(pod, set)));
                    kept.push(pod.clone());
                }
            }
        }
        let key = key_of(set);
        for (pod, owners) in changes {
            let patch = json!({ "metadata": { "ownerReferences": owners } });
            let request = Request::patch(desk.name, &pod::POD, &pod, PatchType::Merge, patch);
            desk.call(&key, request, out);
        }
        kept
    }

    fn manage(&mut self, set: &Object, pods: &[Object], desk: &mut Desk, out: &mut Out<'_>) {
        let key = key_of(set);
        let active: Vec<&Object> = pods.iter().filter(|pod| is_active(pod)).collect();
        let wanted = usize::try_from(set.int("spec.replicas").unwrap_or(1)).unwrap_or(0);
        if active.len() != wanted && !self.batches.contains_key(&key) {
            out.decided(
                desk.place.clone(),
                Reason::Scaled(set.key.clone(), active.len() as u32, wanted as u32),
            );
        }
        if active.len() < wanted {
            // Slow start: if pods are refused, few are refused.
            let batch = *self.batches.entry(key.clone()).or_insert(1);
            for _ in 0..batch.min(wanted - active.len()) {
                desk.call(&key, Request::create(desk.name, new_pod(set)), out);
            }
            return;
        }
        self.batches.remove(&key);
        let surplus = active.len() - wanted;
        if surplus > 0 {
            for pod in victims::pick(active, &related(set, desk), surplus, out.now) {
                let mut request = Request::delete(desk.name, &pod::POD, pod.namespace(), pod.name());
                request.options.uid = pod.uid.clone();
                desk.call(&key, request, out);
            }
        }
    }
}

/// The selector of a ReplicaSet.
fn selector(set: &Object) -> Selector {
    Selector::of_label_selector(set.get("spec.selector"))
}

/// Whether a pod counts: neither ended nor on its way out.
pub fn is_active(pod: &Object) -> bool {
    !pod::is_finished(pod) && !pod.is_terminating()
}

/// The active pods of all ReplicaSets with the same owner, counted per node.
fn related(set: &Object, desk: &Desk) -> FlatMap<Text, usize> {
    let sets: Vec<&Object> = match set.controller() {
        Some((_, _, uid)) => desk.cache.owned(uid).filter(|o| &*o.key.kind == "ReplicaSet").collect(),
        None => vec![set],
    };
    let mut per_node = FlatMap::new();
    for pod in sets.iter().flat_map(|set| desk.cache.owned(&set.uid)).filter(|pod| is_active(pod)) {
        *per_node.entry(Text::from(pod.str("spec.nodeName"))).or_insert(0) += 1;
    }
    per_node
}

fn new_pod(set: &Object) -> Object {
    pod_of_template(set, set.get("spec.template"), &json!({ "generateName": format!("{}-", set.name()) }))
}

/// A pod of a template, which its owner controls; `named` gives its name or the base of it.
pub fn pod_of_template(owner: &Object, template: Option<&Value>, named: &Value) -> Object {
    let empty = Value::Null;
    let template = template.unwrap_or(&empty);
    let mut metadata = json!({
        "namespace": owner.namespace(), "ownerReferences": [controller_reference(owner)],
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = tree::get(template, "metadata").and_then(|m| m.get(field)) {
            metadata[field] = value.clone();
        }
    }
    for (field, value) in named.as_object().into_iter().flatten() {
        metadata[field.as_str()] = value.clone();
    }
    let spec = template.get("spec").cloned().unwrap_or_default();
    let tree = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
    Object::new(&pod::POD, tree)
}

fn with_owner(pod: &Object, set: &Object) -> Value {
    let mut owners = pod.list("metadata.ownerReferences").to_vec();
    owners.push(controller_reference(set));
    owners.into()
}

fn without_owner(pod: &Object, uid: &str) -> Value {
    let owners = pod.list("metadata.ownerReferences").iter();
    owners.filter(|owner| tree::str(owner, "uid") != uid).cloned().collect()
}

/// A reference to an object of a namespace.
pub fn reference(kind: &str, key: &str) -> ObjectRef {
    let (namespace, name) = split(key);
    ObjectRef::new(kind, namespace, name)
}
