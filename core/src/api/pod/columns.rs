//! The columns of Pods.
//!
//! Models: printPod in `pkg/printers/internalversion/printers.go`.

use crate::api::kinds::{column, name, wide};
use crate::api::{Column, Object, age, tree};
use crate::base::Instant;
use serde_json::Value;

/// All of them.
pub const COLUMNS: &[Column] = &[
    column("Name", name),
    column("Ready", ready),
    column("Status", status),
    column("Restarts", restarts),
    column("Age", age::cell),
    wide("IP", ip),
    wide("Node", node),
    wide("Nominated Node", nominated),
    wide("Readiness Gates", gates),
];

fn ready(pod: &Object, _: Instant) -> String {
    let containers = pod.list("status.containerStatuses").iter();
    let ready = containers.filter(|c| is_ready(c) && c.pointer("/state/running").is_some()).count();
    let sidecars: Vec<&str> = sidecars(pod).collect();
    let is_sidecar = |c: &&Value| sidecars.contains(&tree::str(c, "name"));
    let sidecars_ready =
        pod.list("status.initContainerStatuses").iter().filter(is_sidecar).filter(|c| is_ready(c)).count();
    let total = pod.list("spec.containers").len() + sidecars.len();
    format!("{}/{total}", ready + sidecars_ready)
}

fn sidecars(pod: &Object) -> impl Iterator<Item = &str> {
    let all = pod.list("spec.initContainers").iter();
    all.filter(|c| tree::str(c, "restartPolicy") == "Always").map(|c| tree::str(c, "name"))
}

fn is_ready(status: &Value) -> bool {
    tree::bool(status, "ready") == Some(true)
}

/// What the column `Status` shows: the phase, or what keeps the pod from it.
pub fn status(pod: &Object, _: Instant) -> String {
    let reason = pod.str("status.reason");
    let mut text = if reason.is_empty() { pod.str("status.phase") } else { reason }.to_string();
    if gated(pod) {
        text = "SchedulingGated".into();
    }
    match initializing(pod) {
        Some(init) => text = init,
        None => containers(pod, &mut text),
    }
    if pod.is_terminating() && !super::is_finished(pod) {
        text = if reason == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
    }
    text
}

fn gated(pod: &Object) -> bool {
    let scheduled = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == "PodScheduled");
    scheduled.is_some_and(|c| tree::str(c, "reason") == "SchedulingGated")
}

/// The init container that holds the pod up, by its place.
fn blocking(pod: &Object) -> Option<usize> {
    let sidecars: Vec<&str> = sidecars(pod).collect();
    let is_past = |status: &Value| {
        let ended = status.pointer("/state/terminated");
        let is_sidecar = sidecars.contains(&tree::str(status, "name"));
        ended.is_some_and(|ended| tree::int(ended, "exitCode") == Some(0))
            || (is_sidecar && tree::bool(status, "started") == Some(true))
    };
    pod.list("status.initContainerStatuses").iter().position(|status| !is_past(status))
}

/// What the init containers say, while one of them holds the pod up.
fn initializing(pod: &Object) -> Option<String> {
    let (at, total) = (blocking(pod)?, pod.list("spec.initContainers").len());
    let status = pod.list("status.initContainerStatuses").get(at)?;
    if let Some(terminated) = status.pointer("/state/terminated") {
        return Some(format!("Init:{}", ended(terminated)));
    }
    Some(match tree::str(status, "state.waiting.reason") {
        "" | "PodInitializing" => format!("Init:{at}/{total}"),
        reason => format!("Init:{reason}"),
    })
}

fn ended(terminated: &Value) -> String {
    let signal = tree::int(terminated, "signal").unwrap_or(0);
    match tree::str(terminated, "reason") {
        "" if signal != 0 => format!("Signal:{signal}"),
        "" => format!("ExitCode:{}", tree::int(terminated, "exitCode").unwrap_or(0)),
        reason => reason.to_string(),
    }
}

/// Containers are looked at from the last to the first, so that the first one with a reason wins.
fn containers(pod: &Object, text: &mut String) {
    let mut has_running = false;
    for status in pod.list("status.containerStatuses").iter().rev() {
        let waiting = tree::str(status, "state.waiting.reason");
        if !waiting.is_empty() {
            *text = waiting.to_string();
        } else if let Some(terminated) = status.pointer("/state/terminated") {
            *text = ended(terminated);
        } else if is_ready(status) && status.pointer("/state/running").is_some() {
            has_running = true;
        }
    }
    if text == "Completed" && has_running {
        *text = if super::is_ready(pod) { "Running".into() } else { "NotReady".into() };
    }
}

/// Restarts of all containers, and how long ago the last was: `3 (2m ago)`.
fn restarts(pod: &Object, now: Instant) -> String {
    let sidecars: Vec<&str> = sidecars(pod).collect();
    let init = pod.list("status.initContainerStatuses").iter();
    let all: Vec<&Value> = match blocking(pod) {
        // While one holds the pod up, those before it and itself are all that counts.
        Some(at) => init.take(at + 1).collect(),
        None => {
            let counted = init.filter(|c| sidecars.contains(&tree::str(c, "name")));
            counted.chain(pod.list("status.containerStatuses")).collect()
        }
    };
    let count: i64 = all.iter().filter_map(|c| tree::int(c, "restartCount")).sum();
    let ended = all.iter().map(|c| tree::str(c, "lastState.terminated.finishedAt"));
    match ended.max().filter(|at| count > 0 && !at.is_empty()) {
        Some(at) => format!("{count} ({} ago)", age::since(at, now)),
        None => count.to_string(),
    }
}

fn ip(pod: &Object, _: Instant) -> String {
    or_none(pod.str("status.podIP"))
}

fn node(pod: &Object, _: Instant) -> String {
    or_none(pod.str("spec.nodeName"))
}

fn nominated(pod: &Object, _: Instant) -> String {
    or_none(pod.str("status.nominatedNodeName"))
}

fn gates(pod: &Object, _: Instant) -> String {
    let gates = pod.list("spec.readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let met = gates.iter().filter(|g| super::condition(pod, tree::str(g, "conditionType"))).count();
    format!("{met}/{}", gates.len())
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".into() } else { text.into() }
}
