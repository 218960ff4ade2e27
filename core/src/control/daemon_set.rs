//! The DaemonSet controller: a pod on every node that will have it.
//!
//! Models: `pkg/controller/daemon/{daemon_controller,update}.go`, `util/daemonset_util.go`. Omits: adoption of orphans,
//! the back-off of daemons that fail, and slow start.

pub mod pods;
pub mod status;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key_of, split};
use super::replica_set::status::is_available;
use super::revisions;
use super::stateful_set::queue_owner;
use crate::api::{Change, Object, Request, Response, Status, pod, pod::POD, tree};
use crate::base::{Duration, FlatMap, FlatSet, Instant, Text, order};
use crate::effect::Out;
use pods::Place;

/// The controller has no memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct DaemonSets;

impl Reconcile for DaemonSets {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind != "Node" {
            return queue_owner("DaemonSet", change, desk, out);
        }
        if change.before.as_ref().map(pods::essence) == change.after.as_ref().map(pods::essence) {
            return;
        }
        let sets: Vec<Text> = desk.cache.all("DaemonSet").map(key_of).collect();
        sets.iter().for_each(|set| desk.add(set, change, out));
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(set) = desk.cache.get("DaemonSet", namespace, name).cloned() else { return };
        if set.is_terminating() {
            return;
        }
        let Some(update) = revisions::newest(&set, desk, out) else { return };
        let turn = Turn::new(&set, &update, desk, out.now);
        let (make, remove) = turn.next();
        for node in &make {
            let pod = pods::make(&set, &update, node);
            desk.call(key, Request::create(desk.name, pod), out);
        }
        for pod in &remove {
            let mut request = Request::delete(desk.name, &POD, pod.namespace(), pod.name());
            request.options.uid = pod.uid.clone();
            desk.call(key, request, out);
        }
        status::write(&turn, desk, out);
        let hashes: FlatSet<&str> = turn.own.iter().filter_map(|pod| pod.label(revisions::LABEL)).collect();
        let named = |revision: &&Object| hashes.contains(revisions::hash_of(revision));
        let all = revisions::list(&set, desk);
        let mut used: FlatSet<Text> = all.iter().filter(named).map(|r| r.key.name.clone()).collect();
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
        let Some(set) = desk.cache.get("DaemonSet", namespace, name).cloned() else { return };
        match (call.does, result) {
            (Does::Create, Ok(Response::Object(pod))) => {
                desk.event(&set, "SuccessfulCreate", &format!("Created pod: {}", pod.name()), out);
            }
            (Does::Create, Err(status)) => {
                desk.warn(&set, "FailedCreate", &format!("Error creating: {}", status.message), out);
            }
            (Does::Delete, Ok(_)) => {
                let message = format!("Deleted pod: {}", call.object.name);
                desk.event(&set, "SuccessfulDelete", &message, out);
            }
            _ => {}
        }
    }
}

/// Everything that one look at a set goes by.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The set.
    pub set: &'a Object,
    /// The revision of its template.
    pub update: &'a Object,
    /// The nodes, and whether the set wants and may keep a pod there.
    pub nodes: Vec<(Text, Place)>,
    /// Its pods.
    pub own: Vec<Object>,
    /// How long a pod must have been Ready.
    pub min_ready: Duration,
    /// Now.
    pub now: Instant,
}

impl<'a> Turn<'a> {
    fn new(set: &'a Object, update: &'a Object, desk: &Desk, now: Instant) -> Turn<'a> {
        let own = desk.cache.owned(&set.uid).filter(|object| &*object.key.kind == "Pod");
        let mut own: Vec<Object> = own.cloned().collect();
        order::sort_by_key(&mut own, |pod| pod.str("metadata.creationTimestamp").to_string());
        let nodes = desk.cache.all("Node");
        let nodes = nodes.map(|node| (node.key.name.clone(), pods::place(set, node))).collect();
        let min_ready = Duration::secs(set.int("spec.minReadySeconds").unwrap_or(0).max(0) as u64);
        Turn { set, update, nodes, own, min_ready, now }
    }

    /// The pods of a node, oldest first.
    pub fn on(&self, node: &str) -> impl Iterator<Item = &Object> {
        self.own.iter().filter(move |pod| pods::target(pod) == node)
    }

    /// Whether a pod has been Ready for long enough.
    pub fn is_available(&self, pod: &Object) -> bool {
        is_available(pod, self.min_ready, self.now)
    }

    /// Whether a pod is of the newest template.
    pub fn is_new(&self, pod: &Object) -> bool {
        pod.label(revisions::LABEL) == Some(revisions::hash_of(self.update))
    }

    /// The nodes on which to make a pod, and the pods to delete.
    fn next(&self) -> (Vec<Text>, Vec<Object>) {
        let (mut make, mut remove) = (Vec::new(), Vec::new());
        for (node, place) in &self.nodes {
            let here: Vec<&Object> = self.on(node).filter(|pod| !pod.is_terminating()).collect();
            if !place.keeps {
                remove.extend(here.into_iter().cloned());
                continue;
            }
            let (ended, mut here): (Vec<&Object>, Vec<&Object>) =
                here.into_iter().partition(|pod| pod::is_finished(pod));
            remove.extend(ended.into_iter().cloned());
            // Two generations may share a node while a rollout surges; else the oldest stays.
            let surges = self.surge() > 0 && here.len() == 2 && self.is_new(here[0]) != self.is_new(here[1]);
            if here.len() > 1 && !surges {
                remove.extend(here.drain(1..).cloned());
            }
            if place.wanted && self.on(node).next().is_none() {
                make.push(node.clone());
            }
        }
        // A node that is gone takes its daemons along.
        let exists = |pod: &Object| self.nodes.iter().any(|(node, _)| **node == *pods::target(pod));
        remove.extend(self.own.iter().filter(|pod| !pod.is_terminating() && !exists(pod)).cloned());
        if self.set.str("spec.updateStrategy.type") != "OnDelete" {
            self.roll(&mut make, &mut remove);
        }
        (make, remove)
    }

    fn limit(&self, field: &str, default: i64) -> usize {
        let wanted = self.nodes.iter().filter(|(_, place)| place.wanted).count() as i64;
        let value = self.set.get(&format!("spec.updateStrategy.rollingUpdate.{field}"));
        let number = match value.and_then(|value| value.as_str()) {
            // Of a percentage, both limits are rounded up.
            Some(text) => {
                let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
                (percent * wanted + 99) / 100
            }
            None => value.and_then(serde_json::Value::as_i64).unwrap_or(default),
        };
        usize::try_from(number).unwrap_or(0)
    }

    fn surge(&self) -> usize {
        self.limit("maxSurge", 0)
    }

    /// The pods of old templates that go now, and with `maxSurge` the nodes that get a new pod beside the old one.
    fn roll(&self, make: &mut Vec<Text>, remove: &mut Vec<Object>) {
        let surge = self.surge();
        let most = if surge > 0 { surge } else { self.limit("maxUnavailable", 1).max(1) };
        let (mut out, mut candidates) = (0, Vec::new());
        let mut at_once = Vec::new();
        for (node, _) in self.nodes.iter().filter(|(_, place)| place.wanted) {
            let here: FlatMap<bool, &Object> = self
                .on(node)
                .filter(|pod| !pod.is_terminating() && !pod::is_finished(pod))
                .map(|pod| (self.is_new(pod), pod))
                .collect();
            let well = |pod: &&Object| self.is_available(pod);
            match (here.get(&false).copied(), here.get(&true).copied(), surge > 0) {
                (Some(old), Some(new), true) if well(&new) => at_once.push(old.clone()),
                (Some(_), Some(_), true) => out += 1,
                (Some(old), None, true) if well(&old) => candidates.push((node, old)),
                (Some(_), None, true) => make.push(node.clone()),
                (Some(old), None, false) if well(&old) => candidates.push((node, old)),
                (Some(old), None, false) => {
                    at_once.push(old.clone());
                    out += 1;
                }
                (None, Some(new), false) if well(&new) => {}
                (None, _, true) => {}
                _ => out += 1,
            }
        }
        let chosen = candidates.into_iter().take(most.saturating_sub(out));
        for (node, old) in chosen {
            if surge > 0 { make.push(node.clone()) } else { remove.push(old.clone()) }
        }
        at_once.retain(|pod| remove.iter().all(|known| known.key != pod.key));
        remove.extend(at_once);
    }
}

/// A field of a set's template.
fn of_template<'a>(set: &'a Object, path: &str) -> Option<&'a serde_json::Value> {
    tree::get(set.get("spec.template")?, path)
}
