//! Why a pod cannot run on a node, and the message that says so for all nodes.
//!
//! Models: `pkg/scheduler/framework/plugins/{nodeunschedulable,nodename,tainttoleration,nodeaffinity,nodeports,
//! noderesources}` and `pkg/scheduler/framework/types.go` (`FitError`).

use super::NodeInfo;
use super::resources::{Demand, bytes, milli};
use crate::api::{Object, Selector, pod, tree};
use crate::base::{FlatMap, order};
use serde_json::{Value, json};

/// Why a node will not do, in upstream's words, and whether removing pods could help. Empty when it will.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    reasons: Vec<&'static str>,
    curable: bool,
}

impl Verdict {
    /// Whether the node will do.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    fn never(reason: &'static str) -> Verdict {
        Verdict { reasons: vec![reason], curable: false }
    }
}

/// Checks a pod against a node; the first filter that fails decides, as upstream.
pub fn check(pod: &Object, demand: &Demand, info: &NodeInfo) -> Verdict {
    let Some(node) = &info.node else { return Verdict::never("node(s) are gone") };
    let unschedulable = json!({ "key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule" });
    if node.bool("spec.unschedulable") == Some(true) && !tolerates(pod, &unschedulable) {
        return Verdict::never("node(s) were unschedulable");
    }
    let not_ready = json!({ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" });
    let mut taints: Vec<&Value> = node.list("spec.taints").iter().collect();
    if !pod::condition(node, "Ready") {
        taints.push(&not_ready);
    }
    let repels = |taint: &&Value| tree::str(taint, "effect") != "PreferNoSchedule" && !tolerates(pod, taint);
    if taints.iter().any(repels) {
        return Verdict::never("node(s) had untolerated taint(s)");
    }
    if !affinity_matches(pod, node) {
        return Verdict::never("node(s) didn't match Pod's node affinity/selector");
    }
    if demand.ports.iter().any(|port| info.used.ports.contains(port)) {
        let reason = "node(s) didn't have free ports for the requested pod ports";
        return Verdict { reasons: vec![reason], curable: true };
    }
    fits(demand, info, node)
}

fn fits(demand: &Demand, info: &NodeInfo, node: &Object) -> Verdict {
    let room = |name: &str| node.get("status.allocatable").and_then(|a| a.get(name));
    let mut verdict = Verdict { reasons: Vec::new(), curable: true };
    if room("pods").is_some() && i64::from(info.pods) + 1 > bytes(room("pods")) {
        verdict.reasons.push("Too many pods");
    }
    let (cpu, memory) = (milli(room("cpu")), bytes(room("memory")));
    if demand.cpu > 0 && demand.cpu > cpu - info.used.cpu {
        verdict.reasons.push("Insufficient cpu");
        verdict.curable &= demand.cpu <= cpu;
    }
    if demand.memory > 0 && demand.memory > memory - info.used.memory {
        verdict.reasons.push("Insufficient memory");
        verdict.curable &= demand.memory <= memory;
    }
    verdict
}

/// Whether a pod tolerates a taint.
pub fn tolerates(pod: &Object, taint: &Value) -> bool {
    pod.list("spec.tolerations").iter().any(|toleration| {
        let field = |name| tree::str(toleration, name);
        let effect = field("effect").is_empty() || field("effect") == tree::str(taint, "effect");
        let exists = field("operator") == "Exists";
        let key = field("key") == tree::str(taint, "key") || (field("key").is_empty() && exists);
        effect && key && (exists || field("value") == tree::str(taint, "value"))
    })
}

/// Whether a node is one that a pod's node selector and required affinity allow.
pub fn affinity_matches(pod: &Object, node: &Object) -> bool {
    let labels = node.get("metadata.labels");
    if !Selector::of_map(pod.get("spec.nodeSelector")).matches_map(labels) {
        return false;
    }
    let required = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    let Some(required) = pod.get(required) else { return true };
    tree::list(required, "nodeSelectorTerms").iter().any(|term| {
        let fields = tree::list(term, "matchFields").iter();
        let named =
            |field: &Value| tree::list(field, "values").iter().any(|v| v.as_str() == Some(node.name()));
        fields.into_iter().all(named) && Selector::of_label_selector(Some(term)).matches_map(labels)
    })
}

/// The message of FailedScheduling, over the verdicts of all nodes.
pub fn message<'a>(verdicts: impl Iterator<Item = &'a Verdict> + Clone) -> String {
    let all = verdicts.clone().count();
    if all == 0 {
        return "no nodes available to schedule pods".into();
    }
    let reasons = verdicts.clone().flat_map(|verdict| verdict.reasons.iter().copied());
    let help = verdicts.map(|verdict| {
        if verdict.curable {
            "No preemption victims found for incoming pod"
        } else {
            "Preemption is not helpful for scheduling"
        }
    });
    format!(
        "0/{all} nodes are available: {}. preemption: 0/{all} nodes are available: {}.",
        counted(reasons),
        counted(help)
    )
}

/// Each text with how often it occurs, sorted as text.
fn counted<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut counts: FlatMap<&str, usize> = FlatMap::new();
    texts.for_each(|text| *counts.entry(text).or_insert(0) += 1);
    let mut lines: Vec<String> = counts.into_iter().map(|(text, n)| format!("{n} {text}")).collect();
    order::sort(&mut lines);
    lines.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_counts_the_reasons_over_all_nodes() {
        let verdicts = [
            Verdict { reasons: vec!["Insufficient cpu"], curable: true },
            Verdict { reasons: vec!["Insufficient cpu"], curable: true },
            Verdict::never("node(s) had untolerated taint(s)"),
        ];
        assert_eq!(
            message(verdicts.iter()),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 \
             nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for \
             incoming pod."
        );
    }
}
