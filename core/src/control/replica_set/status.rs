//! A ReplicaSet's status: how many of its pods are there, ready and available.
//!
//! Models: `pkg/controller/replicaset/replica_set_utils.go`.

use super::is_active;
use super::victims::ready_since;
use crate::api::{Object, Request, Selector, pod, tree};
use crate::base::{Duration, Instant};
use crate::control::desk::{Desk, key_of};
use crate::effect::Out;
use serde_json::{Value, json};

/// Writes the status if it changed, and comes back when a pod's `minReadySeconds` are over.
pub fn write(
    set: &Object,
    pods: &[Object],
    failure: Option<(&str, &str)>,
    desk: &mut Desk,
    out: &mut Out<'_>,
) {
    let min_ready = Duration::secs(set.int("spec.minReadySeconds").unwrap_or(0).max(0) as u64);
    let status = status(set, pods, min_ready, failure, out.now);
    let count = |field| tree::int(&status, field).unwrap_or(0);
    if min_ready > Duration::ZERO && count("readyReplicas") > count("availableReplicas") {
        let next = pods.iter().filter(|pod| !is_available(pod, min_ready, out.now)).filter_map(ready_since);
        if let Some(first) = next.min() {
            desk.add_after(&key_of(set), (first + min_ready).since(out.now), out);
        }
    }
    if set.get("status") != Some(&status) {
        let changed = set.edit(|tree| tree::set(tree, "status", status));
        desk.call(&key_of(set), Request::update_status(desk.name, changed), out);
    }
}

fn status(
    set: &Object,
    pods: &[Object],
    min_ready: Duration,
    failure: Option<(&str, &str)>,
    now: Instant,
) -> Value {
    let labels = Selector::of_map(set.get("spec.template.metadata.labels"));
    let active = || pods.iter().filter(|pod| is_active(pod));
    let mut status = json!({ "replicas": active().count() });
    let mut count = |field: &str, n: usize| {
        if n > 0 {
            status[field] = n.into();
        }
    };
    count("fullyLabeledReplicas", active().filter(|pod| labels.matches(pod)).count());
    count("readyReplicas", active().filter(|pod| pod::is_ready(pod)).count());
    count("availableReplicas", active().filter(|pod| is_available(pod, min_ready, now)).count());
    let terminating = pods.iter().filter(|pod| pod.is_terminating() && !pod::is_finished(pod)).count();
    status["terminatingReplicas"] = terminating.into();
    status["observedGeneration"] = set.int("metadata.generation").unwrap_or(0).into();
    if let Some((reason, message)) = failure {
        let known = set.list("status.conditions").iter().find(|c| tree::str(c, "reason") == reason);
        status["conditions"] = match known {
            Some(condition) => json!([condition]),
            None => json!([{ "type": "ReplicaFailure", "status": "True", "reason": reason,
                "message": message, "lastTransitionTime": now.rfc3339() }]),
        };
    }
    status
}

/// Whether a pod has been Ready for long enough.
pub fn is_available(pod: &Object, min_ready: Duration, now: Instant) -> bool {
    pod::is_ready(pod)
        && (min_ready == Duration::ZERO || ready_since(pod).is_some_and(|since| since + min_ready <= now))
}
