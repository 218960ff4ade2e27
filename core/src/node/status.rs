//! A pod's status: phase, conditions and containers in upstream's order and words, posted when it changes.
//!
//! Models: `pkg/kubelet/status/{status_manager,generate}.go`, `kubelet_pods.go` (`getPhase`).

use super::config::NodeConfig;
use super::kubelet::{AGENT, Asked, Kubelet};
use super::worker::{Container, End, Role, Stage, State, Worker};
use crate::api::request::PatchType;
use crate::api::{Object, Request, Response, Status, pod, pod::POD, tree};
use crate::base::{Instant, Text};
use crate::effect::Out;
use crate::trace::Reason;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Posts a pod's status if it changed.
pub fn post(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let config = kubelet.config.clone();
    let (place, is_stopped) = (kubelet.place.clone(), kubelet.is_stopped());
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    worker.post_due = false;
    if is_stopped {
        return;
    }
    if worker.posting && worker.stage != Stage::Down {
        return;
    }
    let was_ready = worker.conditions.get("Ready").is_some_and(|(ready, _)| *ready);
    let status = status(worker, &config, out.now);
    if worker.posted.as_ref() == Some(&status) {
        return;
    }
    let is_ready = worker.conditions.get("Ready").is_some_and(|(ready, _)| *ready);
    worker.posted = Some(status.clone());
    worker.posting = true;
    let key = worker.pod.key.clone();
    if was_ready != is_ready {
        out.decided(place, Reason::Readiness(key.clone(), is_ready));
    }
    let patch = json!({ "metadata": { "uid": &**uid }, "status": status });
    let request = Request::patch(AGENT, &POD, &key, PatchType::Merge, patch);
    kubelet.call(Asked::Status(uid.clone()), Request { subresource: "status", ..request }, out);
}

/// A status was answered; what changed meanwhile is posted now.
pub fn posted(kubelet: &mut Kubelet, uid: &Text, result: &Result<Response, Status>, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    worker.posting = false;
    match result {
        Ok(Response::Object(pod)) => {
            worker.pod = pod.clone();
            kubelet.cache.learn(pod, out.cause());
        }
        Err(status) if status.code == 409 => worker.posted = None,
        _ => {}
    }
    kubelet.post_soon(uid, out);
}

/// Someone else may have written the status (a node that was lost and is back): then it is posted again.
pub fn reconcile(worker: &mut Worker) {
    let ours = worker.conditions.get("Ready").is_some_and(|(ready, _)| *ready);
    if !worker.posting && ours != pod::is_ready(&worker.pod) {
        worker.posted = None;
    }
}

/// The status that a pod should have.
pub fn status(worker: &mut Worker, config: &NodeConfig, now: Instant) -> Value {
    let phase = phase(worker);
    let conditions = conditions(worker, phase, now);
    let both = |ip: IpAddr| -> Vec<Value> {
        let ips = std::iter::once(ip).chain(config.other_ip(ip));
        ips.map(|ip| json!({ "ip": ip.to_string() })).collect()
    };
    let mut status = json!({
        "phase": phase, "conditions": conditions, "hostIP": config.ip.to_string(), "hostIPs": both(config.ip),
        "startTime": worker.begun.rfc3339(),
    });
    if let Some(ip) = worker.ip.filter(|_| worker.stage != Stage::Creating) {
        status["podIP"] = ip.to_string().into();
        status["podIPs"] = both(ip).into();
    }
    let of = |init: bool| {
        let list = worker.containers.iter().filter(|c| (c.role != Role::App) == init);
        list.map(|container| container_status(container, &worker.pod)).collect::<Vec<Value>>()
    };
    let init = of(true);
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    status["containerStatuses"] = of(false).into();
    if let Some((reason, message)) = &worker.verdict {
        status["reason"] = (**reason).into();
        status["message"] = (**message).into();
    }
    status
}

/// The phase that the containers add up to.
pub fn phase(worker: &Worker) -> &'static str {
    if worker.verdict.is_some() {
        return "Failed";
    }
    let policy = worker.restart_policy();
    let mut init = worker.containers.iter().filter(|c| c.role != Role::App);
    let never_ran = |c: &Container| matches!(c.state, State::Waiting(..)) && c.last.is_none();
    let init_failed =
        |c: &Container| c.role == Role::Init && policy == "Never" && c.end().is_some_and(|end| end.code != 0);
    if init.clone().any(init_failed) {
        return "Failed";
    }
    let apps = || worker.containers.iter().filter(|c| c.role == Role::App);
    if init.any(|c| !c.is_past()) && apps().all(never_ran) && worker.stage != Stage::Down {
        return "Pending";
    }
    if apps().any(never_ran) {
        // A pod that is taken down before it ran has failed.
        return if worker.stage == Stage::Down { "Failed" } else { "Pending" };
    }
    let ended = |c: &Container| c.end().filter(|_| !c.is_running());
    if apps().any(Container::is_running) {
        return "Running";
    }
    let all_ok = apps().all(|c| ended(c).is_some_and(|end| end.code == 0));
    match policy {
        "Always" if worker.stage != Stage::Down => "Running",
        "OnFailure" if !all_ok && worker.stage != Stage::Down => "Running",
        _ if all_ok => "Succeeded",
        _ => "Failed",
    }
}

fn conditions(worker: &mut Worker, phase: &str, now: Instant) -> Vec<Value> {
    let finished = match phase {
        "Succeeded" => Some("PodCompleted"),
        "Failed" => Some("PodFailed"),
        _ => None,
    };
    let unready: Vec<&str> =
        worker.containers.iter().filter(|c| c.role != Role::Init && !c.ready).map(|c| &*c.name).collect();
    let incomplete: Vec<&str> =
        worker.containers.iter().filter(|c| c.role != Role::App && !c.is_past()).map(|c| &*c.name).collect();
    let containers = match finished {
        Some(reason) => Err((reason, String::new())),
        None if unready.is_empty() => Ok(()),
        None => {
            Err(("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))))
        }
    };
    let initialized = match finished {
        Some("PodCompleted") => Ok(()),
        _ if incomplete.is_empty() => Ok(()),
        _ => Err((
            "ContainersNotInitialized",
            format!("containers with incomplete status: [{}]", incomplete.join(" ")),
        )),
    };
    let ready = containers.clone().and_then(|()| gates(&worker.pod));
    let sandbox = match worker.stage {
        Stage::Up | Stage::Stopping if worker.ip.is_some() => Ok(()),
        _ => Err(("", String::new())),
    };
    let list = [
        ("PodReadyToStartContainers", sandbox),
        ("Initialized", initialized),
        ("Ready", ready),
        ("ContainersReady", containers),
        ("PodScheduled", Ok(())),
    ];
    let mut conditions: Vec<Value> =
        list.into_iter().map(|(kind, verdict)| condition(worker, kind, verdict, now)).collect();
    let known = |c: &&Value| !worker.conditions.contains_key(tree::str(c, "type"));
    conditions.extend(worker.pod.list("status.conditions").iter().filter(known).cloned());
    conditions
}

/// Whether the conditions that the pod's readiness gates name are True.
fn gates(pod: &Object) -> Result<(), (&'static str, String)> {
    for gate in pod.list("spec.readinessGates") {
        let name = tree::str(gate, "conditionType");
        let found = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == name);
        let message = match found {
            None => {
                format!("corresponding condition of pod readiness gate {name:?} does not exist.")
            }
            Some(_) if pod::condition(pod, name) => continue,
            Some(c) => format!(
                "the status of pod readiness gate {name:?} is not \"True\", but {}",
                tree::str(c, "status")
            ),
        };
        return Err(("ReadinessGatesNotReady", message));
    }
    Ok(())
}

fn condition(
    worker: &mut Worker,
    kind: &'static str,
    verdict: Result<(), (&str, String)>,
    now: Instant,
) -> Value {
    let ok = verdict.is_ok();
    let word = if ok { "True" } else { "False" };
    let known = worker.pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == kind);
    let since = known.filter(|c| tree::str(c, "status") == word);
    let since = since.and_then(|c| Instant::from_rfc3339(tree::str(c, "lastTransitionTime")));
    let entry = worker.conditions.entry(kind).or_insert((ok, since.unwrap_or(now)));
    if entry.0 != ok {
        *entry = (ok, now);
    }
    let mut condition = json!({
        "type": kind, "status": word, "lastProbeTime": null,
        "lastTransitionTime": entry.1.rfc3339(),
    });
    if let Err((reason, message)) = verdict {
        if !reason.is_empty() {
            condition["reason"] = reason.into();
        }
        if !message.is_empty() {
            condition["message"] = message.into();
        }
    }
    condition
}

fn container_status(container: &Container, pod: &Object) -> Value {
    let ended_well = |end: &End| end.code == 0;
    let ready = match container.role {
        Role::Init => matches!(&container.state, State::Ended(end) if ended_well(end)),
        Role::Sidecar | Role::App => container.ready,
    };
    let image = tree::str(&container.spec, "image");
    let ran = !matches!(container.state, State::Waiting(..)) || container.last.is_some();
    let state = match &container.state {
        State::Waiting(reason, message) => {
            let mut waiting = json!({ "reason": &**reason });
            if !message.is_empty() {
                waiting["message"] = (**message).into();
            }
            json!({ "waiting": waiting })
        }
        State::Running(since) => json!({ "running": { "startedAt": since.rfc3339() } }),
        State::Ended(end) => terminated(end, container, pod, container.restarts),
    };
    let last = match (&container.last, container.restarts) {
        (Some(end), n) => {
            let run = if matches!(container.state, State::Waiting(..)) { n } else { n.saturating_sub(1) };
            terminated(end, container, pod, run)
        }
        (None, _) => json!({}),
    };
    let id = if ran { container_id(pod, container, container.restarts) } else { String::new() };
    let mut status = json!({
        "name": &*container.name, "image": image, "imageID": "", "ready": ready,
        "restartCount": container.restarts, "state": state, "lastState": last,
        "started": container.is_running() && container.started,
    });
    if ran {
        status["containerID"] = id.into();
    }
    status
}

fn terminated(end: &End, container: &Container, pod: &Object, run: u32) -> Value {
    json!({ "terminated": {
        "exitCode": end.code, "reason": if end.code == 0 { "Completed" } else { "Error" },
        "startedAt": end.started.rfc3339(), "finishedAt": end.finished.rfc3339(),
        "containerID": container_id(pod, container, run),
    } })
}

fn container_id(pod: &Object, container: &Container, run: u32) -> String {
    format!("containerd://{}", hex(&format!("{}/{}/{run}", pod.uid, container.name)))
}

fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
