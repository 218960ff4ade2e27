//! Taking a pod down: hooks, SIGTERM, the grace period, SIGKILL, and the last word to the API server.
//!
//! Models: `pkg/kubelet/kuberuntime/kuberuntime_container.go` (`killContainer`), `pod_workers.go`.

use super::kubelet::{AGENT, Asked, Kubelet};
use super::worker::{Role, Stage};
use super::{probes, start, status};
use crate::api::{Request, pod::POD, tree};
use crate::base::{Duration, Instant, Text};
use crate::effect::{ContainerId, KubeletWake, Out, ProbeKind, RuntimeCall};
use crate::trace::Reason;

/// The shortest time between SIGTERM and SIGKILL (`minimumGracePeriodInSeconds`), also after a hook that took it all.
const MINIMUM: Duration = Duration::secs(2);

/// The pod is marked for deletion: tells its containers to stop.
pub fn begin(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    let seconds = worker.pod.int("metadata.deletionGracePeriodSeconds").unwrap_or(30).max(0);
    let grace = Duration::secs(seconds as u64);
    let kill_at = out.now + grace;
    if matches!(worker.stage, Stage::Stopping | Stage::Down) {
        if worker.stage == Stage::Stopping && worker.kill_at.is_some_and(|at| kill_at < at) {
            worker.kill_at = Some(kill_at);
            shorten(kubelet, uid, kill_at, out);
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
            stopping.push(container.name.clone());
        }
    }
    for name in stopping {
        let id = ContainerId { pod: uid.clone(), name };
        kubelet.say(uid, &id.name, false, "Killing", &format!("Stopping container {}", id.name), out);
        stop_container(kubelet, id, grace, out);
    }
}

/// A grace period that has begun ends sooner.
fn shorten(kubelet: &mut Kubelet, uid: &Text, end: Instant, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    let wait = end.since(out.now);
    let mut hooked = Vec::new();
    for container in worker.containers.iter_mut().filter(|container| container.is_running()) {
        container.kill_at = container.kill_at.map(|at| at.min(end));
        if let Some(until) = &mut container.hook_until {
            *until = end.min(*until);
            hooked.push(ContainerId { pod: uid.clone(), name: container.name.clone() });
        }
    }
    kubelet.timer(wait, KubeletWake::Kill(uid.clone()), out);
    hooked.into_iter().for_each(|id| kubelet.timer(wait, KubeletWake::HookOver(id), out));
}

/// Stops a container: its hook first, then SIGTERM, and SIGKILL once its time is over.
pub fn stop_container(kubelet: &mut Kubelet, id: ContainerId, grace: Duration, out: &mut Out<'_>) {
    let Some(container) = start::container(kubelet, &id) else { return };
    container.kill_at = Some(out.now + grace);
    let hook = tree::get(&container.spec, "lifecycle.preStop").filter(|_| grace > Duration::ZERO).cloned();
    let Some(hook) = hook else { return signal(kubelet, &id, out) };
    let sleep = tree::int(&hook, "sleep.seconds").map(|seconds| Duration::secs(seconds.max(0) as u64));
    // A program has the grace period; it is not ended with its time, only waited for no longer.
    let time = sleep.unwrap_or(grace).min(grace);
    container.hook_until = Some(out.now + time);
    kubelet.timer(time, KubeletWake::HookOver(id.clone()), out);
    if sleep.is_some() {
        return;
    }
    match probes::action(kubelet, &id, &hook) {
        Some(action) => {
            let call = RuntimeCall::Probe(id, ProbeKind::PreStop, action, grace);
            kubelet.runtime(Duration::ZERO, call, out);
        }
        None => hook_done(kubelet, &id, 1, out),
    }
}

fn signal(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(container) = start::container(kubelet, id) else { return };
    let kill_at = container.kill_at.unwrap_or(out.now).max(out.now + MINIMUM);
    container.kill_at = Some(kill_at);
    kubelet.runtime(Duration::ZERO, RuntimeCall::Signal(id.clone(), false), out);
    kubelet.timer(kill_at.since(out.now), KubeletWake::Kill(id.pod.clone()), out);
}

/// A hook's program has ended with this status.
pub fn hook_done(kubelet: &mut Kubelet, id: &ContainerId, code: i32, out: &mut Out<'_>) {
    if code != 0 {
        kubelet.say(&id.pod, &id.name, true, "FailedPreStopHook", "PreStopHook failed", out);
    }
    after_hook(kubelet, id, out);
}

/// A hook's time may be over.
pub fn hook_over(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let until = start::container(kubelet, id).and_then(|container| container.hook_until);
    if until.is_some_and(|at| at <= out.now) {
        after_hook(kubelet, id, out);
    }
}

/// What is left of the grace period is the container's.
fn after_hook(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(container) = start::container(kubelet, id) else { return };
    if container.hook_until.take().is_some() && container.is_running() {
        signal(kubelet, id, out);
    }
}

/// Some container's time may be over: kills what had its time.
pub fn kill(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get(uid) else { return };
    let is_late = |at: Instant| at <= out.now;
    let late = worker.containers.iter().filter(|container| {
        container.is_running() && container.hook_until.is_none() && container.kill_at.is_some_and(is_late)
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
