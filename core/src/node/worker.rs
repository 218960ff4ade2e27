//! What a kubelet knows of one of its pods: how far it is, and each container's state. Decides nothing.
//!
//! Models: `pkg/kubelet/pod_workers.go` and the runtime's container states.

use crate::api::{Object, tree};
use crate::base::{Duration, FlatMap, Instant, Text};
use crate::effect::ProbeKind;
use serde_json::Value;
use std::net::IpAddr;

/// A pod of this node.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The pod as known.
    pub pod: Object,
    /// How far it is.
    pub stage: Stage,
    /// Its address, once it has one.
    pub ip: Option<IpAddr>,
    /// When the kubelet first saw it.
    pub begun: Instant,
    /// Its containers: init containers first, in the pod's order.
    pub containers: Vec<Container>,
    /// Since when each condition has its status.
    pub conditions: FlatMap<&'static str, (bool, Instant)>,
    /// The status as last sent.
    pub posted: Option<Value>,
    /// Whether an answer to a status is awaited.
    pub posting: bool,
    /// Whether a wake to post is under way.
    pub post_due: bool,
    /// When containers that are told to stop are killed.
    pub kill_at: Option<Instant>,
    /// The reason and message of a pod that this node turned down or gave up.
    pub verdict: Option<(Text, Text)>,
}

/// How far a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its sandbox is being made.
    Creating,
    /// Its sandbox is up.
    Up,
    /// Its containers are told to stop.
    Stopping,
    /// Everything is down.
    Down,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It must end before the next one begins.
    Init,
    /// It must start before the next one begins, and goes on.
    Sidecar,
    /// The pod's work.
    App,
}

/// A container of a pod.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// What it is for.
    pub role: Role,
    /// Its part of the pod's spec.
    pub spec: Value,
    /// Its state.
    pub state: State,
    /// How it ended last time.
    pub last: Option<End>,
    /// How often it was started again.
    pub restarts: u32,
    /// Whether it has passed its startup probe.
    pub started: bool,
    /// Whether it takes traffic.
    pub ready: bool,
    /// What is to happen to it next, and when.
    pub next: Option<(Instant, Step)>,
    /// The wait before its next restart, and when that was set.
    pub backoff: Option<(Duration, Instant)>,
    /// Failed pulls in a row.
    pub pull_failures: u32,
    /// Its probes.
    pub probes: FlatMap<ProbeKind, Probe>,
    /// Why it was told to stop before its pod was.
    pub killed: bool,
    /// When it is killed if it does not stop.
    pub kill_at: Option<Instant>,
    /// Until when its hook before the end is waited for, while it runs.
    pub hook_until: Option<Instant>,
}

/// A container's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does not run yet: reason and message.
    Waiting(Text, Text),
    /// It runs since then.
    Running(Instant),
    /// It has ended.
    Ended(End),
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Exit status.
    pub code: i32,
    /// When it had begun.
    pub started: Instant,
    /// When it ended.
    pub finished: Instant,
}

/// The next step of a container's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Look whether the image is there.
    Begin,
    /// The image is pulled.
    Pulled,
    /// The runtime has started it.
    Started,
    /// Say that its back-off began.
    BackOff,
}

/// A probe of a running container.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// When it runs next.
    pub due: Option<Instant>,
    /// Whether one is under way; a period that begins meanwhile is passed over.
    pub runs: bool,
    /// Successes in a row.
    pub successes: u32,
    /// Failures in a row.
    pub failures: u32,
}

impl Worker {
    /// A pod that was just seen.
    pub fn new(pod: Object, now: Instant) -> Worker {
        let containers = containers(&pod);
        Worker {
            pod,
            stage: Stage::Creating,
            ip: None,
            begun: now,
            containers,
            conditions: FlatMap::new(),
            posted: None,
            posting: false,
            post_due: false,
            kill_at: None,
            verdict: None,
        }
    }

    /// A container by name.
    pub fn container(&mut self, name: &str) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| *container.name == *name)
    }

    /// Whether any container runs.
    pub fn runs(&self) -> bool {
        self.containers.iter().any(|container| container.is_running())
    }

    /// `restartPolicy`.
    pub fn restart_policy(&self) -> &str {
        match self.pod.str("spec.restartPolicy") {
            "" => "Always",
            policy => policy,
        }
    }

    /// Whether the pod shares its node's network.
    pub fn host_network(&self) -> bool {
        self.pod.bool("spec.hostNetwork") == Some(true)
    }
}

impl Container {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// How it ended, if it has and does not run again.
    pub fn end(&self) -> Option<End> {
        match self.state {
            State::Ended(end) => Some(end),
            State::Waiting(..) => self.last,
            State::Running(_) => None,
        }
    }

    /// Whether it has done what the next container waits for.
    pub fn is_past(&self) -> bool {
        match (self.role, &self.state) {
            (Role::Init, State::Ended(end)) => end.code == 0,
            (Role::Sidecar, State::Running(_)) => self.started,
            _ => false,
        }
    }

    /// The probe of a kind, as the pod gives it.
    pub fn probe_spec(&self, kind: ProbeKind) -> Option<&Value> {
        let field = match kind {
            ProbeKind::Readiness => "readinessProbe",
            ProbeKind::Liveness => "livenessProbe",
            ProbeKind::Startup => "startupProbe",
            ProbeKind::PreStop => "lifecycle",
        };
        self.spec.get(field).filter(|probe| !probe.is_null())
    }
}

fn containers(pod: &Object) -> Vec<Container> {
    let init = pod.list("spec.initContainers").iter().map(|spec| {
        let sidecar = tree::str(spec, "restartPolicy") == "Always";
        (spec, if sidecar { Role::Sidecar } else { Role::Init })
    });
    let apps = pod.list("spec.containers").iter().map(|spec| (spec, Role::App));
    let waits = if init.len() > 0 { "PodInitializing" } else { "ContainerCreating" };
    init.chain(apps)
        .map(|(spec, role)| Container {
            name: tree::str(spec, "name").into(),
            role,
            spec: spec.clone(),
            state: State::Waiting(waits.into(), "".into()),
            last: None,
            restarts: 0,
            started: false,
            ready: false,
            next: None,
            backoff: None,
            pull_failures: 0,
            probes: FlatMap::new(),
            killed: false,
            kill_at: None,
            hook_until: None,
        })
        .collect()
}
