//! The StatefulSet controller: pods with names that stay, one after the other.
//!
//! Models: `pkg/controller/statefulset/stateful_set{,_control,_utils}.go`. Omits: volume claims, adoption of orphans,
//! `maxUnavailable`.

pub mod pods;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key, key_of, split};
use super::replica_set::is_active;
use super::replica_set::status::is_available;
use super::revisions;
use crate::api::{Change, Object, Request, Response, Status, pod, pod::POD, stateful_set, tree};
use crate::base::{Duration, FlatSet, Text, order};
use crate::effect::Out;
use crate::trace::Reason;
use pods::{ordinal_of, revision_of};
use serde_json::json;

/// The controller has no memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct StatefulSets;

impl Reconcile for StatefulSets {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        queue_owner("StatefulSet", change, desk, out);
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(set) = desk.cache.get("StatefulSet", namespace, name).cloned() else { return };
        if set.is_terminating() {
            return;
        }
        let Some(update) = revisions::newest(&set, desk, out) else { return };
        let all = revisions::list(&set, desk);
        let known = all.iter().find(|revision| revision.name() == set.str("status.currentRevision"));
        let current = known.unwrap_or(&update).clone();
        let own = desk.cache.owned(&set.uid).filter(|object| &*object.key.kind == "Pod");
        let mut pods: Vec<Object> = own.cloned().collect();
        order::sort_by_key(&mut pods, |pod| ordinal_of(&set, pod));
        let turn = Turn { set: &set, current: &current, update: &update, pods: &pods, now: out.now };
        act(&turn.next(), &turn, desk, out);
        turn.write_status(desk, out);
        let named = pods.iter().map(|pod| Text::from(revision_of(pod)));
        let mut used: FlatSet<Text> = named.collect();
        used.insert(current.key.name.clone());
        used.insert(update.key.name.clone());
        revisions::prune(&set, &used, desk, out);
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
        if &*call.object.kind != "Pod" {
            return;
        }
        let Some(set) = desk.cache.get("StatefulSet", namespace, name).cloned() else { return };
        match (call.does, result) {
            (Does::Create, Ok(Response::Object(pod))) => {
                let message = format!("create Pod {} in StatefulSet {name} successful", pod.name());
                desk.event(&set, "SuccessfulCreate", &message, out);
            }
            (Does::Create, Err(status)) => {
                let message = format!("create Pod in StatefulSet {name} failed error: {}", status.message);
                desk.warn(&set, "FailedCreate", &message, out);
            }
            (Does::Delete, Ok(_)) => {
                let message = format!("delete Pod {} in StatefulSet {name} successful", call.object.name);
                desk.event(&set, "SuccessfulDelete", &message, out);
            }
            _ => {}
        }
    }
}

/// Queues a set of a kind for its own change, and for that of a pod or revision that it controls.
pub fn queue_owner(kind: &str, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
    for object in change.before.iter().chain(&change.after) {
        if &*object.key.kind == kind {
            desk.add(&key_of(object), change, out);
        } else if let Some((owner, name, _)) = object.controller()
            && owner == kind
        {
            desk.add(&key(object.namespace(), name), change, out);
        }
    }
}

/// What a set needs next.
#[derive(Debug, Default)]
struct Step {
    /// Pods to make, by ordinal.
    make: Vec<i64>,
    /// Pods to delete.
    remove: Vec<Object>,
}

/// Everything that one look at a set goes by.
struct Turn<'a> {
    set: &'a Object,
    current: &'a Object,
    update: &'a Object,
    /// By ordinal.
    pods: &'a [Object],
    now: crate::base::Instant,
}

impl Turn<'_> {
    fn first(&self) -> i64 {
        self.set.int("spec.ordinals.start").unwrap_or(0)
    }

    fn end(&self) -> i64 {
        self.first() + stateful_set::replicas(self.set)
    }

    fn pod(&self, ordinal: i64) -> Option<&Object> {
        self.pods.iter().find(|pod| ordinal_of(self.set, pod) == Some(ordinal))
    }

    fn is_healthy(&self, pod: &Object) -> bool {
        !pod.is_terminating() && self.is_available(pod)
    }

    fn is_available(&self, pod: &Object) -> bool {
        let least = Duration::secs(self.set.int("spec.minReadySeconds").unwrap_or(0).max(0) as u64);
        pod.str("status.phase") == "Running" && is_available(pod, least, self.now)
    }

    /// The next step: in order, one waits for the other unless the set is Parallel.
    fn next(&self) -> Step {
        let ordered = self.set.str("spec.podManagementPolicy") != "Parallel";
        let mut step = Step::default();
        for ordinal in self.first()..self.end() {
            match self.pod(ordinal) {
                None => step.make.push(ordinal),
                Some(pod) if pod::is_finished(pod) && !pod.is_terminating() => step.remove.push(pod.clone()),
                Some(pod) if ordered && !self.is_healthy(pod) => return step,
                Some(_) => continue,
            }
            if ordered {
                return step;
            }
        }
        self.scale_down(ordered, &mut step);
        if step.make.is_empty() && step.remove.is_empty() {
            self.roll(&mut step);
        }
        step
    }

    /// The pods beyond the wanted number go, the highest ordinal first.
    fn scale_down(&self, ordered: bool, step: &mut Step) {
        let wanted = self.first()..self.end();
        let condemned = |pod: &&Object| ordinal_of(self.set, pod).is_some_and(|n| !wanted.contains(&n));
        let all: Vec<&Object> = self.pods.iter().filter(condemned).collect();
        let unhealthy = all.iter().find(|pod| !self.is_healthy(pod)).map(|pod| pod.key.clone());
        for pod in all.iter().rev() {
            if pod.is_terminating() {
                if ordered {
                    return;
                }
                continue;
            }
            if ordered && !self.is_healthy(pod) && unhealthy.as_ref() != Some(&pod.key) {
                return;
            }
            step.remove.push((*pod).clone());
            if ordered {
                return;
            }
        }
    }

    /// The next pod of an old revision goes, the highest ordinal first, once those above it are well.
    fn roll(&self, step: &mut Step) {
        if self.set.str("spec.updateStrategy.type") == "OnDelete" {
            return;
        }
        let partition = self.set.int("spec.updateStrategy.rollingUpdate.partition").unwrap_or(0);
        for ordinal in (self.first() + partition..self.end()).rev() {
            let Some(pod) = self.pod(ordinal) else { return };
            if revision_of(pod) != self.update.name() && !pod.is_terminating() {
                return step.remove.push(pod.clone());
            }
            if !self.is_healthy(pod) {
                return;
            }
        }
    }

    /// The revision of which a pod is made: those below the partition stay with the current one.
    fn revision_for(&self, ordinal: i64) -> &Object {
        let rolling = self.set.str("spec.updateStrategy.type") != "OnDelete";
        let kept = match self.set.int("spec.updateStrategy.rollingUpdate.partition") {
            Some(partition) => partition,
            None => self.set.int("status.currentReplicas").unwrap_or(0),
        };
        if rolling && ordinal < self.first() + kept { self.current } else { self.update }
    }

    fn write_status(&self, desk: &mut Desk, out: &mut Out<'_>) {
        let of = |revision: &Object| {
            let made = self.pods.iter().filter(|pod| is_active(pod) && revision_of(pod) == revision.name());
            made.count() as i64
        };
        let ready =
            self.pods.iter().filter(|p| p.str("status.phase") == "Running" && pod::is_ready(p)).count();
        let available = self.pods.iter().filter(|pod| self.is_available(pod)).count();
        let (mut current, updated) = (of(self.current), of(self.update));
        let (mut name, wanted) = (self.current.name(), stateful_set::replicas(self.set));
        let rolling = self.set.str("spec.updateStrategy.type") != "OnDelete";
        let total = self.pods.len() as i64;
        if rolling && updated == wanted && ready as i64 == wanted && total == wanted {
            (current, name) = (updated, self.update.name());
        }
        let mut status = json!({
            "observedGeneration": self.set.int("metadata.generation").unwrap_or(0), "replicas": total,
            "availableReplicas": available, "currentRevision": name, "updateRevision": self.update.name(),
            "collisionCount": self.set.int("status.collisionCount").unwrap_or(0),
        });
        for (field, n) in
            [("readyReplicas", ready as i64), ("currentReplicas", current), ("updatedReplicas", updated)]
        {
            if n > 0 {
                status[field] = n.into();
            }
        }
        if self.set.get("status") != Some(&status) {
            let changed = self.set.edit(|tree| tree::set(tree, "status", status));
            desk.call(&key_of(self.set), Request::update_status(desk.name, changed), out);
        }
        if available < ready {
            desk.add_after(&key_of(self.set), Duration::secs(1), out);
        }
    }
}

fn act(step: &Step, turn: &Turn<'_>, desk: &mut Desk, out: &mut Out<'_>) {
    let key = key_of(turn.set);
    let (is, wanted) = (turn.pods.len() as u32, stateful_set::replicas(turn.set).max(0) as u32);
    if is != wanted && !(step.make.is_empty() && step.remove.is_empty()) {
        out.decided(desk.place.clone(), Reason::Scaled(turn.set.key.clone(), is, wanted));
    }
    for ordinal in &step.make {
        let pod = pods::make(turn.set, turn.revision_for(*ordinal), *ordinal);
        desk.call(&key, Request::create(desk.name, pod), out);
    }
    for pod in &step.remove {
        if pod::is_finished(pod) {
            let message = format!(
                "StatefulSet {}/{} is recreating failed Pod {}",
                turn.set.namespace(),
                turn.set.name(),
                pod.name()
            );
            desk.warn(turn.set, "RecreatingFailedPod", &message, out);
        }
        let mut request = Request::delete(desk.name, &POD, pod.namespace(), pod.name());
        request.options.uid = pod.uid.clone();
        desk.call(&key, request, out);
    }
}
