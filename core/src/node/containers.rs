//! When a container ends: whether it is started again, and after which wait.
//!
//! Models: `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (`doBackOff`), `client-go/util/flowcontrol/backoff.go`.

use super::kubelet::Kubelet;
use super::start::{advance, container};
use super::stop;
use super::worker::{End, Role, Stage, State, Step};
use crate::base::{Duration, Text};
use crate::effect::{ContainerId, Out, RuntimeCall};

/// How long the kubelet takes to notice that a container ended.
const RELIST: Duration = Duration::secs(1);
/// The first wait of a container that crashes again; it doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::secs(10);
/// The longest wait.
const MAX_BACKOFF: Duration = Duration::secs(300);
/// A container that ran for so long is forgiven.
const FORGIVEN: Duration = Duration::secs(600);

/// A container's process has ended.
pub fn exited(kubelet: &mut Kubelet, id: &ContainerId, code: i32, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    let (stage, policy) = (worker.stage, Text::from(worker.restart_policy()));
    let Some(container) = worker.container(&id.name) else { return };
    let State::Running(started) = container.state else { return };
    container.state = State::Ended(End { code, started, finished: out.now });
    (container.started, container.ready) = (false, false);
    (container.kill_at, container.hook_until) = (None, None);
    container.probes.clear();
    let again = match container.role {
        Role::Sidecar => true,
        Role::Init => code != 0 && &*policy != "Never",
        Role::App => &*policy == "Always" || (&*policy == "OnFailure" && code != 0),
    };
    kubelet.post_soon(&id.pod, out);
    if stage == Stage::Stopping {
        return stop::one_ended(kubelet, &id.pod, out);
    }
    if again {
        plan_restart(kubelet, id, out);
    } else {
        end_sidecars(kubelet, &id.pod, out);
        advance(kubelet, &id.pod, out);
    }
}

fn plan_restart(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(container) = container(kubelet, id) else { return };
    let backoff = container.backoff.filter(|(_, since)| out.now.since(*since) <= FORGIVEN);
    match backoff {
        None => {
            container.backoff = Some((MIN_BACKOFF, out.now));
            kubelet.plan(id, RELIST, Step::Begin, out);
        }
        Some(_) => kubelet.plan(id, RELIST, Step::BackOff, out),
    }
}

/// The wait before a restart, or before the next pull, begins: says so, and plans what comes after.
pub fn back_off(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    let pod = format!("{}_{}({})", worker.pod.name(), worker.pod.namespace(), id.pod);
    let Some(container) = worker.container(&id.name) else { return };
    let Some((wait, since)) = container.backoff else { return };
    if container.pull_failures > 0 {
        let image = crate::api::tree::str(&container.spec, "image").to_string();
        let message = format!("Back-off pulling image {image:?}");
        container.state = State::Waiting("ImagePullBackOff".into(), message.as_str().into());
        container.backoff = None;
        let left = (since + wait).since(out.now);
        kubelet.say(&id.pod, &id.name, false, "BackOff", &message, out);
        kubelet.say(&id.pod, &id.name, true, "Failed", "Error: ImagePullBackOff", out);
        return kubelet.plan(id, left, Step::Begin, out);
    }
    let State::Ended(end) = container.state else { return };
    container.last = Some(end);
    let message =
        format!("back-off {} restarting failed container={} pod={pod}", minutes(wait), container.name);
    container.state = State::Waiting("CrashLoopBackOff".into(), message.into());
    let left = (end.finished + wait).since(out.now);
    container.backoff = Some((Duration((wait.0 * 2).min(MAX_BACKOFF.0)), end.finished + wait));
    let message = format!("Back-off restarting failed container {} in pod {pod}", id.name);
    kubelet.say(&id.pod, &id.name, true, "BackOff", &message, out);
    kubelet.plan(id, left, Step::Begin, out);
}

/// `10s`, `1m20s`, `5m0s`.
fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

/// When the pod's work is done, its sidecars are told to stop.
fn end_sidecars(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get(uid) else { return };
    let done = worker.containers.iter().all(|c| c.role != Role::App || matches!(c.state, State::Ended(_)));
    if !done {
        return;
    }
    let sidecars = worker.containers.iter().filter(|c| c.role == Role::Sidecar && c.is_running());
    let sidecars: Vec<Text> = sidecars.map(|c| c.name.clone()).collect();
    for name in sidecars {
        let id = ContainerId { pod: uid.clone(), name };
        kubelet.say(uid, &id.name, false, "Killing", &format!("Stopping container {}", id.name), out);
        kubelet.runtime(Duration::ZERO, RuntimeCall::Signal(id, false), out);
    }
}
