//! A Deployment's conditions in upstream's order and words.
//!
//! Models: `pkg/controller/deployment/{progress,sync}.go` and `util/deployment_util.go`.

use super::scaling::Numbers;
use super::status;
use crate::api::{Object, tree};
use crate::base::{Duration, Instant};
use serde_json::{Value, json};

/// A condition that is to be set.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'a> {
    /// `type`.
    pub kind: &'a str,
    /// `status`.
    pub status: &'a str,
    /// `reason`.
    pub reason: &'a str,
    /// `message`.
    pub message: &'a str,
}

/// The conditions of a Deployment, changed step by step.
#[derive(Debug, Clone)]
pub struct Conditions {
    list: Vec<Value>,
    now: Instant,
}

impl Conditions {
    /// The conditions that a Deployment has.
    pub fn of(deployment: &Object, now: Instant) -> Conditions {
        Conditions { list: deployment.list("status.conditions").to_vec(), now }
    }

    /// The condition of a type.
    pub fn get(&self, kind: &str) -> Option<&Value> {
        self.list.iter().find(|c| tree::str(c, "type") == kind)
    }

    /// Removes a condition.
    pub fn remove(&mut self, kind: &str) {
        self.list.retain(|c| tree::str(c, "type") != kind);
    }

    /// Sets a condition; it goes to the end unless status and reason are what they were.
    pub fn set(&mut self, new: Condition<'_>) {
        let old = self.get(new.kind);
        let same = |field: &str, value: &str| old.is_some_and(|old| tree::str(old, field) == value);
        if same("status", new.status) && same("reason", new.reason) {
            return;
        }
        let now = self.now.rfc3339();
        let since =
            old.filter(|_| same("status", new.status)).map(|old| tree::str(old, "lastTransitionTime"));
        let since = since.unwrap_or(&now).to_string();
        self.remove(new.kind);
        self.push(new, since);
    }

    /// Sets a condition anew with the present time as its update, whatever was there; keeps since when it is True.
    pub fn renew(&mut self, new: Condition<'_>) {
        let now = self.now.rfc3339();
        let old = self.get(new.kind).filter(|old| tree::str(old, "status") == "True");
        let since = old.map_or(now.as_str(), |old| tree::str(old, "lastTransitionTime")).to_string();
        self.remove(new.kind);
        self.push(new, since);
    }

    /// The list, for the status.
    pub fn into_value(self) -> Value {
        Value::Array(self.list)
    }

    fn push(&mut self, new: Condition<'_>, since: String) {
        self.list.push(json!({
            "type": new.kind, "status": new.status, "reason": new.reason, "message": new.message,
            "lastUpdateTime": self.now.rfc3339(), "lastTransitionTime": since,
        }));
    }
}

/// The conditions when the Deployment was paused or resumed since; `None` when it was not.
pub fn pause_changed(deployment: &Object, now: Instant) -> Option<Value> {
    progress_deadline(deployment)?;
    let mut conditions = Conditions::of(deployment, now);
    let reason = conditions.get("Progressing").map_or("", |c| tree::str(c, "reason")).to_string();
    if reason == "ProgressDeadlineExceeded" {
        return None;
    }
    let paused = deployment.bool("spec.paused") == Some(true);
    let (reason, message) = match (paused, reason == "DeploymentPaused") {
        (true, false) => ("DeploymentPaused", "Deployment is paused"),
        (false, true) => ("DeploymentResumed", "Deployment is resumed"),
        _ => return None,
    };
    conditions.set(Condition { kind: "Progressing", status: "Unknown", reason, message });
    Some(conditions.into_value())
}

/// The conditions with the news that the new ReplicaSet was found or made; `None` when progress is known already.
pub fn found(deployment: &Object, set: &str, now: Instant) -> Option<Value> {
    progress_deadline(deployment)?;
    let mut conditions = Conditions::of(deployment, now);
    if conditions.get("Progressing").is_some() {
        return None;
    }
    let (reason, message) = ("NewReplicaSetCreated", format!("Created new replica set {set:?}"));
    conditions.set(Condition { kind: "Progressing", status: "True", reason, message: &message });
    Some(conditions.into_value())
}

/// `progressDeadlineSeconds`, unless it means for ever.
pub fn progress_deadline(deployment: &Object) -> Option<Duration> {
    let seconds = deployment.int("spec.progressDeadlineSeconds")?;
    (seconds < i64::from(i32::MAX)).then(|| Duration::secs(seconds.max(0) as u64))
}

/// When a Deployment that makes no progress must be looked at again.
pub fn deadline(deployment: &Object, numbers: &Numbers, now: Instant) -> Option<Duration> {
    let deadline = progress_deadline(deployment)?;
    let conditions = Conditions::of(deployment, now);
    let current = conditions.get("Progressing")?;
    let settled = status::is_complete(deployment, deployment.get("status"), numbers);
    if settled || tree::str(current, "reason") == "ProgressDeadlineExceeded" {
        return None;
    }
    let updated = Instant::from_rfc3339(tree::str(current, "lastUpdateTime"))?;
    Some((updated + deadline).since(now) + Duration::secs(1))
}

/// Whether progress has been wanting for longer than the deadline.
pub fn timed_out(deployment: &Object, conditions: &Conditions) -> bool {
    let Some(current) = conditions.get("Progressing") else { return false };
    match tree::str(current, "reason") {
        "NewReplicaSetAvailable" => false,
        "ProgressDeadlineExceeded" => true,
        _ => {
            let updated = Instant::from_rfc3339(tree::str(current, "lastUpdateTime"));
            let deadline = progress_deadline(deployment);
            updated.zip(deadline).is_some_and(|(updated, deadline)| updated + deadline < conditions.now)
        }
    }
}
