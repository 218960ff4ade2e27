//! Probes: when they run, what a result means, and what is said about it.
//!
//! Models: `pkg/kubelet/prober/{worker,prober,prober_manager}.go`. Omits: gRPC (a connection is tried), HTTPS.

use super::kubelet::Kubelet;
use super::start::{self, advance, container};
use super::stop;
use super::worker::{Container, Probe, Stage, State};
use crate::api::tree;
use crate::base::{Duration, Text};
use crate::effect::{ContainerId, KubeletWake, Out, ProbeAction, ProbeKind, RuntimeCall};
use crate::trace::{Cause, Origin, Reason};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};

/// The container has started: its probes begin, the startup probe before the others.
pub fn begin(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(container) = container(kubelet, id) else { return };
    container.probes.clear();
    container.started = container.probe_spec(ProbeKind::Startup).is_none();
    container.ready = container.started && container.probe_spec(ProbeKind::Readiness).is_none();
    if container.started {
        begin_kind(kubelet, id, ProbeKind::Readiness, out);
        begin_kind(kubelet, id, ProbeKind::Liveness, out);
    } else {
        begin_kind(kubelet, id, ProbeKind::Startup, out);
    }
}

fn begin_kind(kubelet: &mut Kubelet, id: &ContainerId, kind: ProbeKind, out: &mut Out<'_>) {
    let Some(container) = container(kubelet, id) else { return };
    let State::Running(since) = container.state else { return };
    let Some(spec) = container.probe_spec(kind) else { return };
    let first = since + seconds(spec, "initialDelaySeconds", 0);
    schedule(kubelet, id, kind, first.since(out.now), out);
}

fn schedule(kubelet: &mut Kubelet, id: &ContainerId, kind: ProbeKind, wait: Duration, out: &mut Out<'_>) {
    let Some(container) = container(kubelet, id) else { return };
    container.probes.entry(kind).or_default().due = Some(out.now + wait);
    kubelet.timer(wait, KubeletWake::Probe(id.clone(), kind), out);
}

/// A probe is due.
pub fn run(kubelet: &mut Kubelet, id: &ContainerId, kind: ProbeKind, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    let (stage, pod) = (worker.stage, worker.pod.key.clone());
    let Some(container) = worker.container(&id.name) else { return };
    let due = container.probes.get(&kind).and_then(|probe| probe.due);
    let alive = stage == Stage::Up || (stage == Stage::Stopping && kind == ProbeKind::Readiness);
    if due != Some(out.now) || !container.is_running() || !alive {
        return;
    }
    let Some(spec) = container.probe_spec(kind).cloned() else { return };
    out.react(Cause::default(), Origin::Probe(pod));
    schedule(kubelet, id, kind, seconds(&spec, "periodSeconds", 10), out);
    let Some(state) = start::container(kubelet, id) else { return };
    if std::mem::replace(&mut state.probes.entry(kind).or_default().runs, true) {
        return;
    }
    let timeout = seconds(&spec, "timeoutSeconds", 1);
    match action(kubelet, id, &spec) {
        Some(action) => {
            let call = RuntimeCall::Probe(id.clone(), kind, action, timeout);
            kubelet.runtime(Duration::ZERO, call, out);
        }
        None => {
            let text = "couldn't find a port for the probe".into();
            kubelet.wake(Duration::ZERO, KubeletWake::ProbeDone(id.clone(), kind, 1, text), out);
        }
    }
}

/// What a probe or hook does; `None` when its port has no number.
pub fn action(kubelet: &Kubelet, id: &ContainerId, spec: &Value) -> Option<ProbeAction> {
    let worker = kubelet.workers.get(&id.pod)?;
    let ip = worker.ip?;
    let container = worker.containers.iter().find(|c| c.name == id.name)?;
    if let Some(exec) = spec.get("exec") {
        let words = tree::list(exec, "command").iter().filter_map(Value::as_str);
        return Some(ProbeAction::Exec(words.map(Text::from).collect()));
    }
    if let Some(http) = spec.get("httpGet") {
        let address = address(http, ip, container)?;
        let path = Some(tree::str(http, "path")).filter(|path| !path.is_empty()).unwrap_or("/");
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        let header = |h: &Value| (tree::str(h, "name").into(), tree::str(h, "value").into());
        let headers = tree::list(http, "httpHeaders").iter().map(header).collect();
        return Some(ProbeAction::Http(address, path.into(), headers));
    }
    let socket = spec.get("tcpSocket").or_else(|| spec.get("grpc"))?;
    Some(ProbeAction::Tcp(address(socket, ip, container)?))
}

fn address(action: &Value, ip: IpAddr, container: &Container) -> Option<SocketAddr> {
    let host = tree::str(action, "host").parse().unwrap_or(ip);
    let number = match action.get("port")? {
        Value::String(name) => {
            let ports = tree::list(&container.spec, "ports").iter();
            let named = ports.into_iter().find(|port| tree::str(port, "name") == name);
            named.and_then(|port| tree::int(port, "containerPort")).or_else(|| name.parse().ok())?
        }
        port => port.as_i64()?,
    };
    Some(SocketAddr::new(host, u16::try_from(number).ok()?))
}

/// A probe has ended.
pub fn done(
    kubelet: &mut Kubelet,
    id: &ContainerId,
    kind: ProbeKind,
    code: i32,
    text: &str,
    out: &mut Out<'_>,
) {
    if kind == ProbeKind::PreStop {
        return stop::hook_done(kubelet, id, code, out);
    }
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    let (pod, stopping) = (worker.pod.key.clone(), worker.stage != Stage::Up);
    let Some(container) = worker.container(&id.name) else { return };
    let Some(spec) = container.probe_spec(kind).cloned() else { return };
    if !container.is_running() || !container.probes.contains_key(&kind) {
        return;
    }
    let ok = code == 0;
    let probe = container.probes.entry(kind).or_default();
    probe.runs = false;
    let count = count(probe, ok);
    let field = if ok { "successThreshold" } else { "failureThreshold" };
    let threshold = tree::int(&spec, field).unwrap_or(if ok { 1 } else { 3 }).max(1) as u32;
    out.decided(kubelet.place.clone(), Reason::Probe(pod, ok, count, threshold));
    if !ok {
        let message = format!("{} probe failed: {text}", word(kind));
        kubelet.say(&id.pod, &id.name, true, "Unhealthy", &message, out);
    }
    if count >= threshold {
        conclude(kubelet, id, kind, ok, stopping, out);
    }
}

fn count(probe: &mut Probe, ok: bool) -> u32 {
    if ok {
        (probe.successes, probe.failures) = (probe.successes.saturating_add(1), 0);
        probe.successes
    } else {
        (probe.successes, probe.failures) = (0, probe.failures.saturating_add(1));
        probe.failures
    }
}

/// Enough results of one kind came in a row.
fn conclude(
    kubelet: &mut Kubelet,
    id: &ContainerId,
    kind: ProbeKind,
    ok: bool,
    stopping: bool,
    out: &mut Out<'_>,
) {
    let Some(container) = container(kubelet, id) else { return };
    match (kind, ok) {
        (ProbeKind::Readiness, _) => {
            if container.ready != ok {
                container.ready = ok;
                kubelet.post_soon(&id.pod, out);
            }
        }
        (ProbeKind::Startup, true) => {
            container.started = true;
            container.ready = container.probe_spec(ProbeKind::Readiness).is_none();
            container.probes.remove(&ProbeKind::Startup);
            begin_kind(kubelet, id, ProbeKind::Readiness, out);
            begin_kind(kubelet, id, ProbeKind::Liveness, out);
            kubelet.post_soon(&id.pod, out);
            advance(kubelet, &id.pod, out);
        }
        (ProbeKind::Liveness | ProbeKind::Startup, false) if !stopping => restart(kubelet, id, kind, out),
        (ProbeKind::Liveness | ProbeKind::Startup | ProbeKind::PreStop, _) => {}
    }
}

/// The container is told to stop, because it must be started again.
fn restart(kubelet: &mut Kubelet, id: &ContainerId, kind: ProbeKind, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    let of_pod = worker.pod.int("spec.terminationGracePeriodSeconds").unwrap_or(30);
    let Some(container) = worker.container(&id.name) else { return };
    if container.killed {
        return;
    }
    container.killed = true;
    container.probes.clear();
    let of_probe =
        container.probe_spec(kind).and_then(|spec| tree::int(spec, "terminationGracePeriodSeconds"));
    let grace = Duration::secs(of_probe.unwrap_or(of_pod).max(0) as u64);
    let kind = word(kind).to_lowercase();
    let message = format!("Container {} failed {kind} probe, will be restarted", id.name);
    kubelet.say(&id.pod, &id.name, false, "Killing", &message, out);
    stop::stop_container(kubelet, id.clone(), grace, out);
}

fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Readiness => "Readiness",
        ProbeKind::Liveness => "Liveness",
        ProbeKind::Startup => "Startup",
        ProbeKind::PreStop => "PreStop",
    }
}

fn seconds(spec: &Value, field: &str, default: u64) -> Duration {
    let value = tree::int(spec, field).and_then(|n| u64::try_from(n).ok());
    Duration::secs(value.filter(|n| *n > 0).unwrap_or(default))
}
