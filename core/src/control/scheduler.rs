//! The scheduler: which node a pod runs on. It knows nodes and pods, filters, spreads, and binds.
//!
//! Models: `pkg/scheduler/schedule_one.go` with the default plugins' filters. Scoring is simpler than upstream's weights:
//! fewest pods of the same owner on the node, then in the zone, then fewest pods on the node, then a draw.
//! Omits: preemption, priorities, inter-pod affinity, topology spread constraints, volumes, extenders.

pub mod filter;
pub mod resources;

use super::controllers::Reconcile;
use super::desk::{Call, Desk, Does, key_of, split};
use crate::api::{Change, Object, Request, Response, Saying, Status, Verb, node, pod, tree};
use crate::base::{Duration, FlatMap, ObjectRef, Purpose, Text};
use crate::effect::Out;
use crate::trace::Reason;
use filter::Verdict;
use resources::Demand;
use serde_json::json;

/// The first wait of a pod that fits nowhere, once something changed; it doubles up to [`MAX_WAIT`].
const MIN_WAIT: Duration = Duration::secs(1);
/// The longest such wait.
const MAX_WAIT: Duration = Duration::secs(10);

/// The scheduler's picture of the cluster.
#[derive(Debug, Clone, Default)]
pub struct Scheduler {
    nodes: FlatMap<Text, NodeInfo>,
    /// Pods that run or were promised to a node: where, and what they take.
    placed: FlatMap<Text, (Text, Demand)>,
    /// Pods that fit nowhere, and how often that was found.
    waiting: FlatMap<Text, u32>,
    /// Pods of an owner per zone.
    zones: FlatMap<(Text, Text), u32>,
}

/// A node and what its pods take.
#[derive(Debug, Clone, Default)]
pub struct NodeInfo {
    /// The node; `None` when only its pods are known.
    pub node: Option<Object>,
    /// How many pods it has.
    pub pods: u32,
    /// What they ask for in all.
    pub used: Demand,
    /// How many pods of each owner it has.
    pub owners: FlatMap<Text, u32>,
}

impl Reconcile for Scheduler {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        match change.object().map(|object| &*object.key.kind) {
            Some("Pod") => self.observe_pod(change, desk, out),
            Some("Node") => self.observe_node(change, desk, out),
            _ => {}
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(pod) = desk.cache.get("Pod", namespace, name).cloned() else { return };
        if !wants_node(&pod) || self.placed.contains_key(key) {
            return;
        }
        let demand = Demand::of(&pod);
        let verdicts: Vec<(&Text, &NodeInfo, Verdict)> = self
            .nodes
            .iter()
            .filter(|(_, info)| info.node.is_some())
            .map(|(name, info)| (name, info, filter::check(&pod, &demand, info)))
            .collect();
        let all = verdicts.len();
        let feasible: Vec<(&Text, &NodeInfo)> =
            verdicts.iter().filter(|(_, _, v)| v.is_empty()).map(|(name, info, _)| (*name, *info)).collect();
        if feasible.is_empty() {
            let message = filter::message(verdicts.iter().map(|(_, _, verdict)| verdict));
            return self.fits_nowhere(key, &pod, &message, desk, out);
        }
        let count = feasible.len();
        let Some(picked) = self.pick(&feasible, &demand, out) else { return };
        self.waiting.remove(key);
        let scheduled = Reason::Scheduled(pod.key.clone(), picked.clone(), count as u32, all as u32);
        out.decided(desk.place.clone(), scheduled);
        self.place(key, &picked, demand);
        desk.call(key, binding(desk.name, &pod, &picked), out);
    }

    fn answered(
        &mut self,
        call: &Call,
        result: &Result<Response, Status>,
        _last: bool,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        if call.does != Does::Other {
            return;
        }
        let (namespace, name) = split(&call.key);
        let pod = desk.cache.get("Pod", namespace, name).cloned();
        match (result, pod, self.placed.get(&call.key)) {
            (Ok(_), Some(pod), Some((node, _))) => {
                let message = format!("Successfully assigned {} to {node}", call.key);
                say(&pod, false, "Scheduled", &message, "Binding", desk, out);
            }
            (Err(_), _, _) => {
                self.displace(&call.key);
            }
            _ => {}
        }
    }
}

impl Scheduler {
    fn observe_pod(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(pod) = change.object() else { return };
        let key = key_of(pod);
        let runs = change.after.as_ref().filter(|pod| !pod::is_finished(pod));
        match runs {
            Some(pod) if !pod.str("spec.nodeName").is_empty() => {
                self.waiting.remove(&key);
                let node = Text::from(pod.str("spec.nodeName"));
                if self.placed.get(&key).is_none_or(|(placed, _)| *placed != node) {
                    self.displace(&key);
                    self.place(&key, &node, Demand::of(pod));
                }
            }
            Some(pod) => {
                let same = change.before.as_ref().is_some_and(|old| old.get("spec") == pod.get("spec"));
                if wants_node(pod) && !(same && self.waiting.contains_key(&key)) {
                    desk.add(&key, change, out);
                }
            }
            None => {
                self.waiting.remove(&key);
                if self.displace(&key) {
                    self.retry(desk, out);
                }
            }
        }
    }

    fn observe_node(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(node) = change.object() else { return };
        let info = self.nodes.entry(node.key.name.clone()).or_default();
        info.node = change.after.clone();
        let matters = |node: &Object| {
            let taints = node.list("spec.taints").to_vec();
            let room = node.get("status.allocatable").cloned();
            let labels = node.get("metadata.labels").cloned();
            (node::is_schedulable(node), taints, room, labels)
        };
        if change.before.as_ref().map(matters) != change.after.as_ref().map(matters) {
            self.retry(desk, out);
        }
    }

    /// Something changed: pods that fit nowhere may fit now.
    fn retry(&mut self, desk: &mut Desk, out: &mut Out<'_>) {
        for (key, attempts) in &self.waiting {
            let wait = MIN_WAIT.0.saturating_mul(1 << (attempts - 1).min(10)).min(MAX_WAIT.0);
            desk.add_after(key, Duration(wait), out);
        }
    }

    fn pick(&self, feasible: &[(&Text, &NodeInfo)], demand: &Demand, out: &mut Out<'_>) -> Option<Text> {
        let owner = &demand.owner;
        let score = |info: &NodeInfo| {
            let zone = info.node.as_ref().map_or("", node::zone);
            let in_zone = self.zones.get(&(owner.clone(), Text::from(zone))).copied();
            let same = info.owners.get(owner).copied();
            (same.unwrap_or(0), in_zone.unwrap_or(0), info.pods)
        };
        let best = feasible.iter().map(|(_, info)| score(info)).min()?;
        let equals: Vec<&Text> =
            feasible.iter().filter(|(_, info)| score(info) == best).map(|(name, _)| *name).collect();
        let n = match equals.len() {
            0 | 1 => 0,
            n => out.below(Purpose::Schedule, "default-scheduler", n as u64) as usize,
        };
        equals.get(n).map(|name| (*name).clone())
    }

    fn place(&mut self, key: &str, node: &Text, demand: Demand) {
        let info = self.nodes.entry(node.clone()).or_default();
        info.pods += 1;
        info.used.add(&demand);
        if !demand.owner.is_empty() {
            *info.owners.entry(demand.owner.clone()).or_insert(0) += 1;
            let zone = info.node.as_ref().map_or("", node::zone);
            *self.zones.entry((demand.owner.clone(), zone.into())).or_insert(0) += 1;
        }
        self.placed.insert(key.into(), (node.clone(), demand));
    }

    /// Takes a pod off its node; tells whether it was on one.
    fn displace(&mut self, key: &str) -> bool {
        let Some((node, demand)) = self.placed.remove(key) else { return false };
        let Some(info) = self.nodes.get_mut(&node) else { return true };
        info.pods = info.pods.saturating_sub(1);
        info.used.remove(&demand);
        if !demand.owner.is_empty() {
            let zone = Text::from(info.node.as_ref().map_or("", node::zone));
            take_one(&mut info.owners, &demand.owner);
            take_one(&mut self.zones, &(demand.owner, zone));
        }
        true
    }

    fn fits_nowhere(&mut self, key: &str, pod: &Object, message: &str, desk: &mut Desk, out: &mut Out<'_>) {
        *self.waiting.entry(key.into()).or_insert(0) += 1;
        say(pod, true, "FailedScheduling", message, "Scheduling", desk, out);
        let known = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == "PodScheduled");
        if known.is_some_and(|c| tree::str(c, "message") == message) {
            return;
        }
        let since = known.filter(|c| tree::str(c, "status") == "False");
        let since = since.map(|c| tree::str(c, "lastTransitionTime").to_string());
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastProbeTime": null, "lastTransitionTime": since.unwrap_or_else(|| out.now.rfc3339()),
        });
        let changed = pod.edit(|tree| {
            let kept = pod.list("status.conditions").iter();
            let mut conditions: Vec<_> =
                kept.filter(|c| tree::str(c, "type") != "PodScheduled").cloned().collect();
            conditions.push(condition);
            tree::set(tree, "status.conditions", conditions);
        });
        desk.call(key, Request::update_status(desk.name, changed), out);
    }
}

fn take_one<K: Ord>(counts: &mut FlatMap<K, u32>, key: &K) {
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}

fn wants_node(pod: &Object) -> bool {
    let scheduler = pod.str("spec.schedulerName");
    pod.str("spec.nodeName").is_empty()
        && !pod.is_terminating()
        && !pod::is_finished(pod)
        && matches!(scheduler, "" | "default-scheduler")
        && pod.list("spec.schedulingGates").is_empty()
}

fn say(
    pod: &Object,
    warning: bool,
    reason: &str,
    message: &str,
    action: &str,
    desk: &mut Desk,
    out: &mut Out<'_>,
) {
    desk.say(pod, Saying { warning, reason, message, field: "", action }, out);
}

/// The request that binds a pod to a node.
fn binding(agent: &str, pod: &Object, node: &str) -> Request {
    let tree = json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": { "name": pod.name(), "namespace": pod.namespace(), "uid": &*pod.uid },
        "target": { "kind": "Node", "name": node },
    });
    let ObjectRef { namespace, name, .. } = pod.key.clone();
    let binding = Object::new(&pod::POD, tree);
    let mut request = Request::create(agent, binding.clone());
    request.verb = Verb::Create(binding);
    Request { namespace, name, subresource: "binding", ..request }
}
