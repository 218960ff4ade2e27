//! The node lifecycle controller: nodes whose kubelet is silent are marked, their pods are no longer ready, and in the
//! end are sent away.
//!
//! Models: `pkg/controller/nodelifecycle/node_lifecycle_controller.go`, `pkg/controller/tainteviction/taint_eviction.go`.
//! Omits: zones in disruption and eviction rates.

use super::controllers::Reconcile;
use super::desk::Desk;
use super::scheduler::filter::tolerates;
use crate::api::request::PatchType;
use crate::api::{Change, Object, Request, node::NODE, pod, pod::POD, tree};
use crate::base::{Duration, FlatMap, Instant, Text};
use crate::effect::Out;
use serde_json::{Value, json};

/// How often nodes are looked at.
const PERIOD: Duration = Duration::secs(5);
/// How long a kubelet may be silent.
const GRACE: Duration = Duration::secs(50);
/// The queue's only key.
const MONITOR: &str = "monitor";

const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// When each node was last heard of.
#[derive(Debug, Clone, Default)]
pub struct NodeLifecycle {
    heard: FlatMap<Text, Instant>,
}

impl Reconcile for NodeLifecycle {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        match &*object.key.kind {
            "Lease" if object.namespace() == "kube-node-lease" => {
                self.heard.insert(object.key.name.clone(), out.now);
            }
            "Node" => {
                if change.after.is_none() {
                    self.heard.remove(&object.key.name);
                    return;
                }
                self.heard.entry(object.key.name.clone()).or_insert(out.now);
                let matters = |node: &Object| {
                    (node.bool("spec.unschedulable"), ready_status(node).to_string(), taints(node))
                };
                if change.before.as_ref().map(matters) != change.after.as_ref().map(matters) {
                    desk.add(MONITOR, change, out);
                }
            }
            _ => {}
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let nodes: Vec<Object> = desk.cache.all("Node").cloned().collect();
        for node in nodes {
            let silent = self.heard.get(&node.key.name).is_some_and(|at| out.now.since(*at) > GRACE);
            if silent && ready_status(&node) != "Unknown" {
                mark_unknown(&node, desk, out);
            } else {
                reconcile_taints(&node, desk, out);
            }
            if ready_status(&node) != "True" {
                mark_pods(&node, desk, out);
            }
            evict(&node, desk, out);
        }
        desk.add_after(key, PERIOD, out);
    }
}

fn ready_status(node: &Object) -> &str {
    let ready = node.list("status.conditions").iter().find(|c| tree::str(c, "type") == "Ready");
    ready.map_or("Unknown", |ready| tree::str(ready, "status"))
}

fn taints(node: &Object) -> Vec<Value> {
    node.list("spec.taints").to_vec()
}

/// The kubelet is silent: nothing is known of the node any more.
fn mark_unknown(node: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    let now = out.now.rfc3339();
    let mark = |condition: &Value| {
        let mut condition = condition.clone();
        if tree::str(&condition, "status") != "Unknown" {
            condition["lastTransitionTime"] = now.as_str().into();
        }
        condition["status"] = "Unknown".into();
        condition["reason"] = "NodeStatusUnknown".into();
        condition["message"] = "Kubelet stopped posting node status.".into();
        condition
    };
    let conditions: Vec<Value> = node.list("status.conditions").iter().map(mark).collect();
    let changed = node.edit(|tree| tree::set(tree, "status.conditions", conditions));
    desk.call(MONITOR, Request::update_status(desk.name, changed), out);
    let message = format!("Node {} status is now: NodeNotReady", node.name());
    desk.event(node, "NodeNotReady", &message, out);
}

/// The taints that say what state the node is in.
fn reconcile_taints(node: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    let cordoned = node.bool("spec.unschedulable") == Some(true);
    let state = ready_status(node);
    let wanted = [
        (UNSCHEDULABLE, "NoSchedule", cordoned),
        (UNREACHABLE, "NoSchedule", state == "Unknown"),
        (UNREACHABLE, "NoExecute", state == "Unknown"),
        (NOT_READY, "NoSchedule", state == "False"),
        (NOT_READY, "NoExecute", state == "False"),
    ];
    let mut list = taints(node);
    for (key, effect, on) in wanted {
        let is = |taint: &Value| tree::str(taint, "key") == key && tree::str(taint, "effect") == effect;
        if !on {
            list.retain(|taint| !is(taint));
        } else if !list.iter().any(is) {
            list.push(json!({ "key": key, "effect": effect, "timeAdded": out.now.rfc3339() }));
        }
    }
    if list == taints(node) {
        return;
    }
    let list = if list.is_empty() { Value::Null } else { list.into() };
    let patch = json!({ "spec": { "taints": list } });
    desk.call(MONITOR, Request::patch(desk.name, &NODE, &node.key, PatchType::Merge, patch), out);
}

fn pods_of(node: &Object, desk: &Desk) -> Vec<Object> {
    let here = |pod: &&Object| pod.str("spec.nodeName") == node.name();
    desk.cache.all("Pod").filter(here).cloned().collect()
}

/// The pods of a node that is not ready are not ready either.
fn mark_pods(node: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    for pod in pods_of(node, desk).iter().filter(|pod| pod::is_ready(pod)) {
        let now = out.now.rfc3339();
        let mark = |condition: &Value| {
            let mut condition = condition.clone();
            if tree::str(&condition, "type") == "Ready" {
                condition["status"] = "False".into();
                condition["lastTransitionTime"] = now.as_str().into();
            }
            condition
        };
        let conditions: Vec<Value> = pod.list("status.conditions").iter().map(mark).collect();
        let changed = pod.edit(|tree| tree::set(tree, "status.conditions", conditions));
        desk.call(MONITOR, Request::update_status(desk.name, changed), out);
        desk.warn(pod, "NodeNotReady", "Node is not ready", out);
    }
}

/// Pods that do not tolerate a taint, or no longer, are deleted.
fn evict(node: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    let taints = taints(node);
    let mut drives_out = taints.iter().filter(|taint| tree::str(taint, "effect") == "NoExecute").peekable();
    if drives_out.peek().is_none() {
        return;
    }
    let taints: Vec<&Value> = drives_out.collect();
    for pod in pods_of(node, desk).iter().filter(|pod| !pod.is_terminating()) {
        if taints.iter().any(|taint| time_is_up(pod, taint, out.now)) {
            let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
            desk.event(pod, "TaintManagerEviction", &message, out);
            let mut request = Request::delete(desk.name, &POD, pod.namespace(), pod.name());
            request.options.uid = pod.uid.clone();
            desk.call(MONITOR, request, out);
        }
    }
}

fn time_is_up(pod: &Object, taint: &Value, now: Instant) -> bool {
    if !tolerates(pod, taint) {
        return true;
    }
    let matching = pod.list("spec.tolerations").iter().filter(|toleration| {
        let field = |name| tree::str(toleration, name);
        let key = field("key").is_empty() || field("key") == tree::str(taint, "key");
        key && (field("effect").is_empty() || field("effect") == "NoExecute")
    });
    let seconds: Vec<Option<i64>> =
        matching.map(|toleration| tree::int(toleration, "tolerationSeconds")).collect();
    let Some(least) = seconds.iter().flatten().min() else { return false };
    let since = Instant::from_rfc3339(tree::str(taint, "timeAdded")).unwrap_or(now);
    since + Duration::secs((*least).max(0) as u64) <= now
}
