//! Taking a pod down: hooks, SIGTERM, the grace period, SIGKILL, and the last word to the API server.
//!
//! Models: `pkg/kubelet/kuberuntime/kuberuntime_container.go` (`killContainer`), `pod_workers.go`.
//! Omits: the two extra seconds of a hook that outlives the grace period.

use super::kubelet::{AGENT, Asked, Kubelet};
use super::worker::{Role, Stage};
use super::{probes, status};
use crate::api::{Request, pod::POD, tree};
use crate::base::{Duration, Text};
use crate::effect::{ContainerId, KubeletWake, Out, ProbeKind, RuntimeCall};
use crate::trace::Reason;
use serde_json::Value;

/// The pod is marked for deletion: tells its containers to stop.
pub fn begin(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    let seconds = worker.pod.int("metadata.deletionGracePeriodSeconds").unwrap_or(30).max(0);
    let grace = Duration::secs(seconds as u64);
    let kill_at = out.now + grace;
    if matches!(worker.stage, Stage::Stopping | Stage::Down) {
        if worker.stage == Stage::Stopping && worker.kill_at.is_some_and(|at| kill_at < at) {
            worker.kill_at = Some(kill_at);
            kubelet.timer(grace, KubeletWake::Kill(uid.clone()), out);
        }
        return;
    }
    let was_made = worker.stage == Stage::Up;
    worker.stage = Stage::Stopping;
    worker.kill_at = Some(kill_at);
    worker.containers.iter_mut().for_each(|container| container.next = None);
    let reason = Reason::Stopping(worker.pod.key.clone(), grace);
    let runs = worker.runs();
    out.decided(kubelet.place.clone(), reason);
    if !was_made || !runs {
        return finish(kubelet, uid, out);
    }
    kubelet.timer(grace, KubeletWake::Kill(uid.clone()), out);
    tell_to_stop(kubelet, uid, out);
}

/// Tells the next containers to stop: all apps first, sidecars once these are down.
fn tell_to_stop(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    let apps_run = worker.containers.iter().any(|c| c.role == Role::App && c.is_running());
    let grace = worker.kill_at.map_or(Duration::ZERO, |at| at.since(out.now));
    let mut stopping = Vec::new();
    for container in worker.containers.iter_mut().filter(|c| c.is_running() && !c.killed) {
        if !apps_run || container.role == Role::App {
            container.killed = true;
            stopping.push((container.name.clone(), container.spec.clone()));
        }
    }
    for (name, spec) in stopping {
        let id = ContainerId { pod: uid.clone(), name };
        kubelet.say(uid, &id.name, false, "Killing", &format!("Stopping container {}", id.name), out);
        hook_or_signal(kubelet, id, &spec, grace, out);
    }
}

fn hook_or_signal(kubelet: &mut Kubelet, id: ContainerId, spec: &Value, grace: Duration, out: &mut Out<'_>) {
    let hook = tree::get(spec, "lifecycle.preStop");
    let sleep = hook.and_then(|hook| tree::int(hook, "sleep.seconds"));
    if let Some(seconds) = sleep {
        let wait = Duration::secs(seconds.max(0) as u64);
        let done = KubeletWake::ProbeDone(id, ProbeKind::PreStop, 0, "".into());
        return kubelet.wake(wait, done, out);
    }
    let action = hook.and_then(|hook| probes::action(kubelet, &id, hook));
    match action {
        Some(action) => {
            let call = RuntimeCall::Probe(id, ProbeKind::PreStop, action, grace);
            kubelet.runtime(Duration::ZERO, call, out);
        }
        None => kubelet.runtime(Duration::ZERO, RuntimeCall::Signal(id, false), out),
    }
}

/// A hook is done.
pub fn hook_done(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    kubelet.runtime(Duration::ZERO, RuntimeCall::Signal(id.clone(), false), out);
}

/// A grace period may be over: kills what had its time.
pub fn kill(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get(uid) else { return };
    let all = worker.stage == Stage::Stopping && worker.kill_at.is_some_and(|at| at <= out.now);
    let late = worker.containers.iter().filter(|container| {
        container.is_running() && (all || container.kill_at.is_some_and(|at| at <= out.now))
    });
    let late: Vec<Text> = late.map(|container| container.name.clone()).collect();
    for name in late {
        let id = ContainerId { pod: uid.clone(), name };
        kubelet.runtime(Duration::ZERO, RuntimeCall::Signal(id, true), out);
    }
}

/// A container of a pod that stops has ended.
pub fn one_ended(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    if kubelet.workers.get(uid).is_some_and(|worker| worker.runs()) {
        tell_to_stop(kubelet, uid, out);
    } else {
        finish(kubelet, uid, out);
    }
}

/// Everything has ended: the sandbox goes, and the pod's object may.
fn finish(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    take_down(kubelet, uid, out);
    status::post(kubelet, uid, out);
    let Some(worker) = kubelet.workers.get(uid) else { return };
    let mut request = Request::delete(AGENT, &POD, worker.pod.namespace(), worker.pod.name());
    request.options.grace_seconds = Some(0);
    request.options.uid = uid.clone();
    kubelet.call(Asked::Removal(uid.clone()), request, out);
}

fn take_down(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    worker.stage = Stage::Down;
    let ip = worker.ip.filter(|_| !worker.host_network());
    if let Some(ip) = ip {
        kubelet.ipam.release(ip);
    }
    kubelet.runtime(Duration::ZERO, RuntimeCall::SandboxDown(uid.clone()), out);
}

/// The pod's object is gone: so is the pod.
pub fn forget(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    if kubelet.workers.get(uid).is_some_and(|worker| worker.stage != Stage::Down) {
        take_down(kubelet, uid, out);
    }
    kubelet.workers.remove(uid);
}
