//! The Deployment controller: which ReplicaSets there are and how large each is. It makes no pods.
//!
//! Each pass does one step of upstream's sync and sends its writes; their answers bring the next pass.
//!
//! Models: `pkg/controller/deployment/{deployment_controller,sync,rolling,recreate}.go`.
//! Omits: the deprecated `rollbackTo`.

pub mod conditions;
pub mod revision;
pub mod scaling;
pub mod status;
pub mod template;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key, key_of, split};
use crate::api::cache::controller_reference;
use crate::api::request::PatchType;
use crate::api::{Change, Object, Request, Response, Selector, Status, replica_set};
use crate::base::{FlatMap, ObjectRef, Text, order};
use crate::effect::Out;
use crate::trace::Reason;
use scaling::{Numbers, Set};
use serde_json::json;

/// The controller. Its memory beside its cache: the sizes that it asked for and that are not answered yet.
#[derive(Debug, Clone, Default)]
pub struct Deployments {
    asked: FlatMap<ObjectRef, (i64, i64)>,
}

impl Reconcile for Deployments {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind == "Deployment" {
            if change.after.is_some() {
                desk.add(&key_of(object), change, out);
            }
            return;
        }
        match object.controller() {
            Some(("Deployment", name, _)) => desk.add(&key(object.namespace(), name), change, out),
            Some(_) => {}
            None => {
                let wants = |d: &&Object| selector(d).matches(object);
                let keys: Vec<Text> =
                    desk.cache.list("Deployment", object.namespace()).filter(wants).map(key_of).collect();
                keys.iter().for_each(|key| desk.add(key, change, out));
            }
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(deployment) = desk.cache.get("Deployment", namespace, name).cloned() else { return };
        let Some(sets) = claim(&deployment, desk, out) else { return };
        let mut pass = Pass::new(deployment, sets, desk, out);
        pass.run();
        let asked = std::mem::take(&mut pass.asked);
        self.asked.extend(asked);
    }

    fn answered(
        &mut self,
        call: &Call,
        result: &Result<Response, Status>,
        _last: bool,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        let (namespace, name) = split(&call.key);
        if &*call.object.kind != "ReplicaSet" {
            return;
        }
        let Some(deployment) = desk.cache.get("Deployment", namespace, name).cloned() else { return };
        match (call.does, result) {
            (Does::Create, Ok(Response::Object(set))) => {
                let size = set.int("spec.replicas").unwrap_or(0);
                if size > 0 {
                    scaled(&deployment, &set.key, 0, size, desk, out);
                }
            }
            (Does::Write, Ok(_)) => {
                if let Some((from, to)) = self.asked.remove(&call.object) {
                    scaled(&deployment, &call.object, from, to, desk, out);
                }
            }
            (Does::Write, Err(_)) => {
                self.asked.remove(&call.object);
            }
            _ => {}
        }
    }
}

/// Says that a ReplicaSet was scaled.
fn scaled(deployment: &Object, set: &ObjectRef, from: i64, to: i64, desk: &mut Desk, out: &mut Out<'_>) {
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", set.name);
    out.decided(desk.place.clone(), Reason::Scaled(set.clone(), from as u32, to as u32));
    desk.event(deployment, "ScalingReplicaSet", &message, out);
}

fn selector(deployment: &Object) -> Selector {
    Selector::of_label_selector(deployment.get("spec.selector"))
}

/// The ReplicaSets of a Deployment, oldest first; `None` when some are being adopted or released first.
fn claim(deployment: &Object, desk: &mut Desk, out: &mut Out<'_>) -> Option<Vec<Object>> {
    let selector = selector(deployment);
    let (mut owned, mut changes) = (Vec::new(), Vec::new());
    for set in desk.cache.list("ReplicaSet", deployment.namespace()) {
        match set.controller() {
            Some((_, _, uid)) if *uid == *deployment.uid => {
                if selector.matches(set) {
                    owned.push(set.clone());
                } else {
                    changes.push((set.key.clone(), json!([])));
                }
            }
            None if selector.matches(set) && !set.is_terminating() && !selector.is_empty() => {
                changes.push((set.key.clone(), json!([controller_reference(deployment)])));
            }
            _ => {}
        }
    }
    if !changes.is_empty() && !deployment.is_terminating() {
        for (set, owners) in changes {
            let patch = json!({ "metadata": { "ownerReferences": owners } });
            let request = Request::patch(desk.name, &replica_set::REPLICA_SET, &set, PatchType::Merge, patch);
            desk.call(&key_of(deployment), request, out);
        }
        return None;
    }
    order::sort_by(&mut owned, |a, b| created(a).cmp(created(b)).then_with(|| a.key.cmp(&b.key)));
    Some(owned)
}

fn created(object: &Object) -> &str {
    object.str("metadata.creationTimestamp")
}

/// One pass over a Deployment.
struct Pass<'a, 'w> {
    deployment: Object,
    key: Text,
    numbers: Numbers,
    /// Oldest first.
    sets: Vec<Set>,
    /// The index of the ReplicaSet with the present template.
    new: Option<usize>,
    asked: Vec<(ObjectRef, (i64, i64))>,
    desk: &'a mut Desk,
    out: &'a mut Out<'w>,
}

impl<'a, 'w> Pass<'a, 'w> {
    fn new(deployment: Object, sets: Vec<Object>, desk: &'a mut Desk, out: &'a mut Out<'w>) -> Pass<'a, 'w> {
        let new = sets.iter().position(|set| template::is_same(&deployment, set));
        Pass {
            key: key_of(&deployment),
            numbers: Numbers::of(&deployment),
            sets: sets.into_iter().map(Set::new).collect(),
            new,
            asked: Vec::new(),
            deployment,
            desk,
            out,
        }
    }

    fn run(&mut self) {
        if self.deployment.is_terminating() {
            return self.write_status();
        }
        if conditions::pause_changed(&self.deployment, self.out.now).is_some() {
            return self.write_pause();
        }
        if self.deployment.bool("spec.paused") == Some(true) || self.is_scaling_event() {
            // A new ReplicaSet is not made here, but the existing one still gets its revision.
            if self.new.is_some() && !self.revise() {
                return;
            }
            self.scale_proportionally();
            return self.write_status();
        }
        match self.deployment.str("spec.strategy.type") {
            "Recreate" => self.recreate(),
            _ => self.roll(),
        }
    }

    /// Whether `replicas` changed since the active ReplicaSets were sized.
    fn is_scaling_event(&self) -> bool {
        let active = self.sets.iter().filter(|set| set.size() > 0);
        active
            .filter_map(|set| revision::desired_replicas(&set.object))
            .any(|desired| desired != self.numbers.replicas)
    }

    fn roll(&mut self) {
        if !self.ensure_new() {
            return;
        }
        let scaled_up = scaling::size_new(&self.numbers, &mut self.sets, self.new);
        if !scaled_up {
            scaling::shrink_old(&self.numbers, &mut self.sets, self.new);
        }
        self.finish();
    }

    fn recreate(&mut self) {
        let new = self.new;
        let mut old_remain = false;
        for (_, set) in self.sets.iter_mut().enumerate().filter(|(n, _)| Some(*n) != new) {
            old_remain |=
                set.size() > 0 || set.status("replicas") > 0 || set.status("terminatingReplicas") > 0;
            set.resize(0);
        }
        if !old_remain {
            if !self.ensure_new() {
                return;
            }
            if let Some(set) = self.new.and_then(|n| self.sets.get_mut(n)) {
                set.resize(self.numbers.replicas);
            }
        }
        self.finish();
    }

    /// Sends the sizes that changed, cleans up when all is done, and writes the status.
    fn finish(&mut self) {
        let resized = self.send_sizes();
        if !resized && status::is_complete(&self.deployment, self.deployment.get("status"), &self.numbers) {
            self.clean_up();
        }
        self.write_status();
    }

    /// Proportional scaling, for Deployments that are resized or paused half-way.
    fn scale_proportionally(&mut self) {
        scaling::scale(&self.numbers, &mut self.sets, self.new);
        self.send_sizes();
    }

    /// Makes the new ReplicaSet, or brings its revision up to date; `false` when that must be answered first.
    fn ensure_new(&mut self) -> bool {
        if self.new.is_some() {
            return self.revise();
        }
        let sets = self.sets.iter().map(|set| &set.object);
        let made = template::new_set(&self.deployment, sets, &self.numbers, self.sum());
        self.call(Request::create(self.desk.name, made));
        false
    }

    /// Brings the new ReplicaSet's annotations and the Deployment's revision up to date; `false` when it had to write.
    fn revise(&mut self) -> bool {
        let Some(new) = self.new.and_then(|n| self.sets.get(n)).map(|set| set.object.clone()) else {
            return true;
        };
        let old = self.sets.iter().map(|set| &set.object).filter(|set| set.key != new.key);
        let target = revision::newest(old) + 1;
        if let Some(changed) = revision::annotate(&self.deployment, &new, target) {
            self.call(Request::update(self.desk.name, changed));
            return false;
        }
        let name = new.name().to_string();
        let found = conditions::found(&self.deployment, &name, self.out.now);
        let revision = revision::of(&new);
        if revision::of(&self.deployment) == revision && found.is_none() {
            return true;
        }
        let deployment = self.deployment.edit(|tree| {
            revision::set(tree, revision);
            if let Some(conditions) = found {
                crate::api::tree::set(tree, "status.conditions", conditions);
            }
        });
        self.call(Request::update_status(self.desk.name, deployment));
        false
    }

    fn send_sizes(&mut self) -> bool {
        let mut resized = false;
        let changes: Vec<_> = self.sets.iter().filter_map(|set| set.write(&self.numbers)).collect();
        for (object, from, to) in changes {
            if from != to {
                resized = true;
                self.asked.push((object.key.clone(), (from, to)));
            }
            self.call(Request::update(self.desk.name, object));
        }
        resized
    }

    fn clean_up(&mut self) {
        let Some(limit) = self.deployment.int("spec.revisionHistoryLimit") else { return };
        let old = self.sets.iter().enumerate().filter(|(n, _)| Some(*n) != self.new).map(|(_, set)| set);
        let mut alive: Vec<&Set> = old.filter(|set| !set.object.is_terminating()).collect();
        let surplus = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        order::sort_by_key(&mut alive, |set| revision::of(&set.object));
        let gone: Vec<ObjectRef> = alive
            .into_iter()
            .take(surplus)
            .filter(|set| set.status("replicas") == 0 && set.size() == 0 && set.is_observed())
            .map(|set| set.object.key.clone())
            .collect();
        for key in gone {
            let request =
                Request::delete(self.desk.name, &replica_set::REPLICA_SET, &key.namespace, &key.name);
            self.call(request);
        }
    }

    fn write_pause(&mut self) {
        let Some(conditions) = conditions::pause_changed(&self.deployment, self.out.now) else { return };
        let changed =
            self.deployment.edit(|tree| crate::api::tree::set(tree, "status.conditions", conditions));
        self.call(Request::update_status(self.desk.name, changed));
    }

    fn write_status(&mut self) {
        let new = self.new.and_then(|n| self.sets.get(n));
        let status = status::status(&self.deployment, &self.sets, new, &self.numbers, self.out.now);
        if self.deployment.get("status") == Some(&status) {
            if let Some(wait) = conditions::deadline(&self.deployment, &self.numbers, self.out.now) {
                self.desk.add_after(&self.key, wait, self.out);
            }
            return;
        }
        let changed = self.deployment.edit(|tree| crate::api::tree::set(tree, "status", status));
        self.call(Request::update_status(self.desk.name, changed));
    }

    fn sum(&self) -> i64 {
        self.sets.iter().map(Set::size).sum()
    }

    fn call(&mut self, request: Request) {
        self.desk.call(&self.key, request, self.out);
    }
}
