//! The pods of a DaemonSet: on which nodes, and what makes one belong to its node.
//!
//! Models: `pkg/controller/daemon/daemon_controller.go` (`NodeShouldRunDaemonPod`), `util/daemonset_util.go`.

use super::of_template;
use crate::api::{Object, pod::POD, tree};
use crate::control::replica_set::pod_of_template;
use crate::control::revisions;
use crate::control::scheduler::filter::{affinity_matches, tolerates};
use serde_json::{Value, json};

const REQUIRED: &str = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
/// Taints that daemons live with.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// The taint that only daemons of the host's own network live with.
const NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// Whether a set wants a pod on a node, and whether one that is there may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// A pod belongs here.
    pub wanted: bool,
    /// A pod that is here stays.
    pub keeps: bool,
}

/// What a set wants of a node.
pub fn place(set: &Object, node: &Object) -> Place {
    let named = of_template(set, "spec.nodeName").and_then(Value::as_str).unwrap_or_default();
    let mut spec = of_template(set, "spec").cloned().unwrap_or_default();
    spec["tolerations"] = tolerations(&spec);
    let pod = Object::new(&POD, json!({ "metadata": { "name": "daemon" }, "spec": spec }));
    if (!named.is_empty() && named != node.name()) || !affinity_matches(&pod, node) {
        return Place { wanted: false, keeps: false };
    }
    let drives_out = |effect: &str| {
        let taints = node.list("spec.taints").iter().filter(|taint| tree::str(taint, "effect") == effect);
        taints.into_iter().any(|taint| !tolerates(&pod, taint))
    };
    let keeps = !drives_out("NoExecute");
    Place { wanted: keeps && !drives_out("NoSchedule"), keeps }
}

/// What of a node decides whether pods belong there.
pub fn essence(node: &Object) -> Value {
    json!([node.get("metadata.labels"), node.get("spec.taints"), node.bool("spec.unschedulable")])
}

/// The node that a pod is made for.
pub fn target(pod: &Object) -> &str {
    let bound = pod.str("spec.nodeName");
    if !bound.is_empty() {
        return bound;
    }
    let terms = pod.get(REQUIRED).map(|required| tree::list(required, "nodeSelectorTerms"));
    let mut fields = terms.into_iter().flatten().flat_map(|term| tree::list(term, "matchFields"));
    let values = fields.find(|field| tree::str(field, "key") == "metadata.name");
    values.and_then(|field| tree::list(field, "values").first()?.as_str()).unwrap_or_default()
}

/// A new pod for a node.
pub fn make(set: &Object, revision: &Object, node: &str) -> Object {
    let mut template = revisions::template(revision);
    tree::default(&mut template, "metadata.labels", json!({}));
    if let Some(labels) = template.pointer_mut("/metadata/labels") {
        labels[revisions::LABEL] = revisions::hash_of(revision).into();
        let generation = crate::api::controller_revision::number(revision);
        labels["pod-template-generation"] = generation.to_string().into();
    }
    let spec = tree::get(&template, "spec").cloned().unwrap_or_default();
    tree::set(&mut template, "spec.tolerations", tolerations(&spec));
    let field = json!({ "key": "metadata.name", "operator": "In", "values": [node] });
    let mut terms = tree::get(&template, REQUIRED)
        .map_or(Vec::new(), |required| tree::list(required, "nodeSelectorTerms").to_vec());
    if terms.is_empty() {
        terms.push(json!({}));
    }
    terms.iter_mut().for_each(|term| term["matchFields"] = json!([field]));
    tree::set(&mut template, REQUIRED, json!({ "nodeSelectorTerms": terms }));
    pod_of_template(set, Some(&template), &json!({ "generateName": format!("{}-", set.name()) }))
}

/// The tolerations of a pod's spec, and those that every daemon has.
fn tolerations(spec: &Value) -> Value {
    let mut all = tree::list(spec, "tolerations").to_vec();
    let network = tree::bool(spec, "hostNetwork").unwrap_or(false).then_some(NETWORK);
    for (key, effect) in TOLERATED.into_iter().chain(network) {
        let toleration = json!({ "key": key, "operator": "Exists", "effect": effect });
        if !all.contains(&toleration) {
            all.push(toleration);
        }
    }
    all.into()
}
