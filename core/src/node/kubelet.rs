//! A kubelet: one per node. It takes in news, wakes and answers, and hands each to the part that it concerns.
//!
//! A Node's annotation `tidepool.dev/fault: kubelet-stopped` is the fault of a node that fails: see [`Kubelet::on_watch`];
//! `conntrack-race` is its kernel's.
//!
//! Models: `pkg/kubelet/kubelet.go`. Omits: static pods, evictions, image and log garbage collection, device plugins.

use super::config::NodeConfig;
use super::ipam::Ipam;
use super::worker::{Step, Worker};
use super::{probes, registration, start, status, stop, volumes};
use crate::api::{Cache, Kind, Object, Recorder, Request, Response, Saying, Status, WatchEvent, WatchKind};
use crate::api::{config_map, node, pod, secret, service};
use crate::base::{Duration, FlatMap, FlatSet, Instant, NodeId, Text};
use crate::effect::{Client, ContainerId, KubeletWake, Out, RuntimeCall, Token, Wake};
use crate::trace::{Cause, Origin, Place};

/// The kinds that a kubelet lists and watches.
pub static KINDS: &[&Kind] =
    &[&node::NODE, &pod::POD, &service::SERVICE, &config_map::CONFIG_MAP, &secret::SECRET];

/// The annotation of a Node that injects a fault into its agent.
const FAULT: &str = "tidepool.dev/fault";
/// The fault: the kubelet neither hears of nor says anything, and what runs goes on running.
const STOPPED: &str = "kubelet-stopped";

/// The user agent, and the component of its events.
pub const AGENT: &str = "kubelet";

/// A node's agent.
#[derive(Debug, Clone)]
pub struct Kubelet {
    pub(super) id: NodeId,
    pub(super) config: NodeConfig,
    pub(super) place: Place,
    pub(super) cache: Cache,
    pub(super) workers: FlatMap<Text, Worker>,
    pub(super) ipam: Ipam,
    pub(super) images: FlatSet<Text>,
    /// Since when the node is ready.
    pub(super) ready_since: Option<Instant>,
    /// What it would have heard while it was stopped.
    missed: Vec<WatchEvent>,
    calls: FlatMap<Token, Asked>,
    next_token: u64,
    recorder: Recorder,
}

/// What an answer is about.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The node's registration or status.
    Node,
    /// The node's lease.
    Lease,
    /// A pod's status, by uid.
    Status(Text),
    /// A pod's final removal, by uid.
    Removal(Text),
    /// Nothing that matters.
    Nothing,
}

impl Kubelet {
    /// A kubelet that has just started; it wants a `KubeletWake::Heartbeat` to begin.
    pub fn new(id: NodeId, config: NodeConfig) -> Kubelet {
        Kubelet {
            id,
            place: Place::Kubelet(config.name.clone()),
            ipam: Ipam::new(config.pod_cidr),
            recorder: Recorder::new(AGENT, &config.name),
            config,
            cache: Cache::default(),
            workers: FlatMap::new(),
            images: FlatSet::new(),
            ready_since: None,
            missed: Vec::new(),
            calls: FlatMap::new(),
            next_token: 0,
        }
    }

    /// The node's own facts.
    pub fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// The pods that it runs, by uid.
    pub fn workers(&self) -> &FlatMap<Text, Worker> {
        &self.workers
    }

    /// News; the first ones are everything that there is.
    pub fn on_watch(&mut self, events: &[WatchEvent], out: &mut Out<'_>) {
        for event in events {
            let is_switch = &*event.object.key.kind == "Node" && *event.object.key.name == *self.config.name;
            if self.is_stopped() && !is_switch {
                self.missed.push(event.clone());
                continue;
            }
            let was_stopped = self.is_stopped();
            self.hear(event, out);
            if was_stopped && !self.is_stopped() {
                for event in std::mem::take(&mut self.missed) {
                    self.hear(&event, out);
                }
                let all: Vec<Text> = self.workers.keys().cloned().collect();
                all.iter().for_each(|uid| self.post_soon(uid, out));
            }
        }
    }

    /// Whether the fault of a stopped kubelet is injected into its node.
    pub(super) fn is_stopped(&self) -> bool {
        self.has_fault(STOPPED)
    }

    /// Whether a fault is injected into its node, by the node's annotation.
    pub fn has_fault(&self, fault: &str) -> bool {
        let node = self.cache.get("Node", "", &self.config.name);
        node.is_some_and(|node| node.annotation(FAULT) == Some(fault))
    }

    fn hear(&mut self, event: &WatchEvent, out: &mut Out<'_>) {
        let kind = &*event.object.key.kind;
        if kind == "Pod" && event.object.str("spec.nodeName") != &*self.config.name {
            return;
        }
        if kind == "Node" && *event.object.key.name != *self.config.name {
            return;
        }
        let Some(change) = self.cache.apply(event) else { return };
        out.react(event.cause, Origin::Reaction(self.place.clone(), event.object.key.clone()));
        match kind {
            "Pod" => self.on_pod(event, out),
            "ConfigMap" | "Secret" if change.before.is_some() => {
                volumes::refresh(self, &event.object, out);
            }
            _ => {}
        }
    }

    fn on_pod(&mut self, event: &WatchEvent, out: &mut Out<'_>) {
        let uid = event.object.uid.clone();
        if event.kind == WatchKind::Deleted {
            return stop::forget(self, &uid, out);
        }
        match self.workers.get_mut(&uid) {
            Some(worker) => {
                worker.pod = event.object.clone();
                status::reconcile(worker);
            }
            None if pod::is_finished(&event.object) => return,
            None => {
                self.workers.insert(uid.clone(), Worker::new(event.object.clone(), out.now));
                if !event.object.is_terminating() {
                    start::admit(self, &uid, out);
                }
            }
        }
        if event.object.is_terminating() {
            stop::begin(self, &uid, out);
        } else {
            // Someone else may have set a condition of a readiness gate.
            self.post_soon(&uid, out);
        }
    }

    /// A timer, or word from the runtime.
    pub fn on_wake(&mut self, wake: &KubeletWake, out: &mut Out<'_>) {
        match wake {
            KubeletWake::Heartbeat => registration::heartbeat(self, out),
            KubeletWake::SyncPod(uid) => start::advance(self, uid, out),
            KubeletWake::StartContainers(uid) => start::sandbox_is_up(self, uid, out),
            KubeletWake::Restart(container) => start::step(self, container, out),
            KubeletWake::Exited(container, code) => super::containers::exited(self, container, *code, out),
            KubeletWake::Probe(container, kind) => probes::run(self, container, *kind, out),
            KubeletWake::ProbeDone(container, kind, code, text) => {
                probes::done(self, container, *kind, *code, text, out);
            }
            KubeletWake::HookOver(container) => stop::hook_over(self, container, out),
            KubeletWake::Kill(uid) => stop::kill(self, uid, out),
            KubeletWake::PostStatus(uid) => status::post(self, uid, out),
        }
    }

    /// An answer of the API server.
    pub fn on_reply(&mut self, token: Token, result: &Result<Response, Status>, out: &mut Out<'_>) {
        let Some(asked) = self.calls.remove(&token) else { return };
        match asked {
            Asked::Node | Asked::Lease => registration::answered(self, &asked, result, out),
            Asked::Status(uid) => status::posted(self, &uid, result, out),
            Asked::Removal(uid) => {
                let gone = result.as_ref().err().is_none_or(|status| status.code == 404);
                if gone {
                    self.workers.remove(&uid);
                }
            }
            Asked::Nothing => {}
        }
    }

    pub(super) fn call(&mut self, asked: Asked, request: Request, out: &mut Out<'_>) {
        self.next_token += 1;
        let token = Token(self.next_token);
        self.calls.insert(token, asked);
        out.call(Client::Kubelet(self.id), token, request);
    }

    pub(super) fn runtime(&self, wait: Duration, call: RuntimeCall, out: &mut Out<'_>) {
        out.after(wait, Wake::Runtime(self.id, Box::new(call)));
    }

    pub(super) fn wake(&self, wait: Duration, wake: KubeletWake, out: &mut Out<'_>) {
        out.after(wait, Wake::Kubelet(self.id, wake));
    }

    pub(super) fn timer(&self, wait: Duration, wake: KubeletWake, out: &mut Out<'_>) {
        out.timer(wait, Wake::Kubelet(self.id, wake));
    }

    /// Plans a container's next step.
    pub(super) fn plan(&mut self, container: &ContainerId, wait: Duration, step: Step, out: &mut Out<'_>) {
        let Some(worker) = self.workers.get_mut(&container.pod) else { return };
        let Some(state) = worker.container(&container.name) else { return };
        state.next = Some((out.now + wait, step));
        self.wake(wait, KubeletWake::Restart(container.clone()), out);
    }

    /// Posts a pod's status at the end of this instant, if it changed by then.
    pub(super) fn post_soon(&mut self, uid: &Text, out: &mut Out<'_>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if !worker.post_due {
            worker.post_due = true;
            self.wake(Duration::ZERO, KubeletWake::PostStatus(uid.clone()), out);
        }
    }

    /// Records an event about a pod, or about one of its containers.
    pub(super) fn say(
        &mut self,
        uid: &Text,
        container: &str,
        warning: bool,
        reason: &str,
        message: &str,
        out: &mut Out<'_>,
    ) {
        let Some(worker) = self.workers.get(uid) else { return };
        let found = worker.containers.iter().find(|c| *c.name == *container);
        let field = match found {
            Some(found) if found.role == super::worker::Role::App => {
                format!("spec.containers{{{container}}}")
            }
            Some(_) => format!("spec.initContainers{{{container}}}"),
            None => String::new(),
        };
        let about = worker.pod.clone();
        self.say_about(&about, Saying { warning, reason, message, field: &field, action: "" }, out);
    }

    pub(super) fn say_about(&mut self, about: &Object, saying: Saying<'_>, out: &mut Out<'_>) {
        if self.is_stopped() {
            return;
        }
        if let Some(request) = self.recorder.record(out.now, about, saying) {
            self.call(Asked::Nothing, request, out);
        }
    }

    /// From now on in this step: a timer of a pod, such as a restart.
    pub(super) fn on_timer(&self, out: &mut Out<'_>) {
        out.react(Cause::default(), Origin::Timer(self.place.clone()));
    }
}
