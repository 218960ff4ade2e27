//! A Deployment's status: the sums over its ReplicaSets, and what they say about progress and availability.
//!
//! Models: `pkg/controller/deployment/{sync,progress}.go`.

use super::conditions::{Condition, Conditions, progress_deadline, timed_out};
use super::scaling::{Numbers, Set};
use crate::api::{Object, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The status that a Deployment should have.
pub fn status(
    deployment: &Object,
    sets: &[Set],
    new: Option<&Set>,
    numbers: &Numbers,
    now: Instant,
) -> Value {
    let mut status = counts(deployment, sets, new);
    let mut conditions = Conditions::of(deployment, now);
    conditions.set(availability(&status, numbers));
    if deployment.bool("spec.paused") != Some(true) && !is_scaling(sets, numbers) {
        progress(deployment, &status, new, numbers, &mut conditions);
        replica_failure(sets, new, &mut conditions);
    }
    status["conditions"] = conditions.into_value();
    status
}

fn is_scaling(sets: &[Set], numbers: &Numbers) -> bool {
    let active = sets.iter().filter(|set| set.object.int("spec.replicas").unwrap_or(0) > 0);
    active.filter_map(|set| super::revision::desired_replicas(&set.object)).any(|n| n != numbers.replicas)
}

fn counts(deployment: &Object, sets: &[Set], new: Option<&Set>) -> Value {
    let sum = |field| sets.iter().map(|set| set.status(field)).sum::<i64>();
    let available = sum("availableReplicas");
    let wanted: i64 = sets.iter().map(Set::size).sum();
    let mut status = json!({
        "observedGeneration": deployment.int("metadata.generation").unwrap_or(0),
        "terminatingReplicas": sum("terminatingReplicas"),
    });
    let mut count = |field: &str, n: i64| {
        if n != 0 {
            status[field] = n.into();
        }
    };
    count("replicas", sum("replicas"));
    count("updatedReplicas", new.map_or(0, |set| set.status("replicas")));
    count("readyReplicas", sum("readyReplicas"));
    count("availableReplicas", available);
    count("unavailableReplicas", (wanted - available).max(0));
    if let Some(collisions) = deployment.get("status.collisionCount") {
        status["collisionCount"] = collisions.clone();
    }
    status
}

fn availability(status: &Value, numbers: &Numbers) -> Condition<'static> {
    if tree::int(status, "availableReplicas").unwrap_or(0) >= numbers.least() {
        Condition {
            kind: "Available",
            status: "True",
            reason: "MinimumReplicasAvailable",
            message: "Deployment has minimum availability.",
        }
    } else {
        Condition {
            kind: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: "Deployment does not have minimum availability.",
        }
    }
}

fn progress(
    deployment: &Object,
    status: &Value,
    new: Option<&Set>,
    numbers: &Numbers,
    conditions: &mut Conditions,
) {
    if progress_deadline(deployment).is_none() {
        return conditions.remove("Progressing");
    }
    let count = |field| tree::int(status, field).unwrap_or(0);
    let current = conditions.get("Progressing").map_or("", |c| tree::str(c, "reason"));
    if count("replicas") == count("updatedReplicas") && current == "NewReplicaSetAvailable" {
        return;
    }
    let subject = match new {
        Some(set) => format!("ReplicaSet {:?}", set.object.name()),
        None => format!("Deployment {:?}", deployment.name()),
    };
    let kind = "Progressing";
    if is_complete(deployment, Some(status), numbers) {
        let message = format!("{subject} has successfully progressed.");
        let reason = "NewReplicaSetAvailable";
        conditions.set(Condition { kind, status: "True", reason, message: &message });
    } else if is_progressing(deployment, status) {
        let message = format!("{subject} is progressing.");
        conditions.renew(Condition { kind, status: "True", reason: "ReplicaSetUpdated", message: &message });
    } else if timed_out(deployment, conditions) {
        let message = format!("{subject} has timed out progressing.");
        let reason = "ProgressDeadlineExceeded";
        conditions.set(Condition { kind, status: "False", reason, message: &message });
    }
}

/// Whether all pods are of the new template and available, and none of the old are left.
pub fn is_complete(deployment: &Object, status: Option<&Value>, numbers: &Numbers) -> bool {
    let count = |field| status.and_then(|status| tree::int(status, field)).unwrap_or(0);
    ["updatedReplicas", "replicas", "availableReplicas"].iter().all(|f| count(f) == numbers.replicas)
        && count("observedGeneration") >= deployment.int("metadata.generation").unwrap_or(0)
}

fn is_progressing(deployment: &Object, status: &Value) -> bool {
    let empty = Value::Null;
    let old = deployment.get("status").unwrap_or(&empty);
    let at = |status: &Value, field| tree::int(status, field).unwrap_or(0);
    let grew = |field| at(status, field) > at(old, field);
    let outdated = |status| at(status, "replicas") - at(status, "updatedReplicas");
    grew("updatedReplicas")
        || outdated(status) < outdated(old)
        || grew("readyReplicas")
        || grew("availableReplicas")
}

/// What the new ReplicaSet, or else an old one, says about pods that cannot be made.
fn replica_failure(sets: &[Set], new: Option<&Set>, conditions: &mut Conditions) {
    let failure = |set: &Set| {
        let list = set.object.list("status.conditions");
        list.iter().find(|c| tree::str(c, "type") == "ReplicaFailure").cloned()
    };
    let found = new.and_then(failure).or_else(|| sets.iter().find_map(failure));
    let Some(found) = found else { return conditions.remove("ReplicaFailure") };
    conditions.set(Condition {
        kind: "ReplicaFailure",
        status: tree::str(&found, "status"),
        reason: tree::str(&found, "reason"),
        message: tree::str(&found, "message"),
    });
}
