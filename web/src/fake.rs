//! A stand-in for the world with the same shape: three nodes, and one scripted request. Knows no Kubernetes.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use tidepool_core::base::{Duration, Instant, ObjectRef, TerminalId, Text};
use tidepool_core::trace::cargo::{Addresses, DnsCargo};
use tidepool_core::trace::reason::{RulePick, SearchStep};
use tidepool_core::trace::{Cargo, Cause, Change, EventId, Fact, Hop, JourneyId, Log, Origin, Place, Reason, TcpFlag};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    OpenTerminal { terminal: u32, pod: Option<(String, String)> },
    CloseTerminal { terminal: u32 },
    Line { terminal: u32, text: String },
    Interrupt { terminal: u32 },
    WriteFile { path: String, text: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    pub at: u64,
    pub step: u64,
    pub input: Input,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    pub version: String,
    pub seed: u64,
    #[serde(default)]
    pub cluster: String,
    pub inputs: Vec<Timed>,
}

impl Recording {
    pub fn new(seed: u64, cluster: &str) -> Recording {
        Recording { version: "0.1.0".into(), seed, cluster: cluster.into(), inputs: vec![] }
    }
    pub fn from_json(text: &str) -> Result<Recording, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Budget(pub u64);
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    pub steps: u64,
    pub reached: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    pub nodes: Vec<StageNode>,
    pub pending: Vec<StagePod>,
    pub services: Vec<StageService>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageNode {
    pub name: Text,
    pub zone: Text,
    pub ready: bool,
    pub pods: Vec<StagePod>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagePod {
    pub namespace: Text,
    pub name: Text,
    pub uid: Text,
    pub ip: Option<IpAddr>,
    pub phase: Text,
    pub ready: bool,
    pub terminating: bool,
    pub is_dns: bool,
    pub owner: Text,
    pub images: Vec<Text>,
    pub labels: Vec<(Text, Text)>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageService {
    pub namespace: Text,
    pub name: Text,
    pub kind: Text,
    pub ips: Vec<IpAddr>,
    pub ports: Vec<tidepool_core::api::service::ServicePort>,
    pub selector: Vec<(Text, Text)>,
    pub ready: Vec<Text>,
    pub not_ready: Vec<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkKind {
    Typed,
    Out,
    Err,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub at: Instant,
    pub kind: ChunkKind,
    pub text: String,
}
#[derive(Debug, Clone)]
pub struct TerminalView<'w> {
    pub at: Place,
    pub prompt: String,
    pub busy: bool,
    pub ended: bool,
    pub status: i32,
    pub cwd: Text,
    pub output: &'w VecDeque<Arc<Chunk>>,
    pub dropped: u64,
}

#[derive(Debug, Clone)]
pub struct World {
    now: Instant,
    log: Log,
    queue: VecDeque<(Instant, Option<JourneyId>, Fact)>,
    terminals: Vec<(u32, Place, VecDeque<Arc<Chunk>>)>,
    stage: u64,
}

fn pod(namespace: &str, name: &str, ip: &str, ready: bool, dns: bool) -> StagePod {
    StagePod {
        namespace: namespace.into(),
        name: name.into(),
        uid: name.into(),
        ip: ip.parse().ok(),
        phase: "Running".into(),
        ready,
        terminating: false,
        is_dns: dns,
        owner: if name.contains('-') { "my-app-5d78c".into() } else { "".into() },
        images: vec![],
        labels: vec![],
    }
}

impl World {
    pub fn now(&self) -> Instant {
        self.now
    }
    pub fn log(&self) -> &Log {
        &self.log
    }
    pub fn steps(&self) -> u64 {
        0
    }
    pub fn next_due(&self) -> Option<Instant> {
        self.queue.front().map(|q| q.0)
    }
    pub fn revision(&self) -> u64 {
        self.stage
    }
    pub fn node_names(&self) -> impl Iterator<Item = Text> {
        ["node-1", "node-2", "node-3"].into_iter().map(Text::from)
    }
    pub fn iptables(&self, _: &str) -> Option<String> {
        Some("*nat\n-A KUBE-SVC-FXI -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-AB\n-A KUBE-SVC-FXI -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-9F\n-A KUBE-SVC-FXI -j KUBE-SEP-QE\nCOMMIT\n".into())
    }
    pub fn conntrack(&self, _: &str) -> Vec<String> {
        vec![]
    }
    pub fn file(&self, _: &Place, _: &str) -> Option<&str> {
        Some("search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n")
    }
    pub fn objects(&self) -> Vec<tidepool_core::api::Object> {
        vec![]
    }
    pub fn terminal(&self, id: TerminalId) -> Option<TerminalView<'_>> {
        let (_, at, output) = self.terminals.iter().find(|t| t.0 == id.0)?;
        let name = match at {
            Place::Pod(_, name) => name.clone(),
            _ => "host".into(),
        };
        Some(TerminalView {
            at: at.clone(),
            prompt: format!("{name} $ "),
            busy: !self.queue.is_empty(),
            ended: false,
            status: 0,
            cwd: "/".into(),
            output,
            dropped: 0,
        })
    }
    pub fn stage(&self) -> Stage {
        let mut nodes: Vec<StageNode> = [("node-1", "a"), ("node-2", "b"), ("node-3", "b")]
            .iter()
            .map(|(n, z)| StageNode { name: (*n).into(), zone: (*z).into(), ready: true, pods: vec![] })
            .collect();
        nodes[0].pods.push(pod("kube-system", "coredns-5d78c9869d-x7k2p", "10.244.1.3", true, true));
        nodes[2].pods.push(pod("kube-system", "coredns-5d78c9869d-q8w4n", "10.244.3.3", true, true));
        let mut services = vec![];
        if self.stage > 0 {
            nodes[0].pods.push(pod("default", "client", "10.244.1.7", true, false));
            nodes[1].pods.push(pod("default", "my-app-5d78c-9qdxz", "10.244.2.4", true, false));
            nodes[1].pods.push(pod("default", "my-app-5d78c-x2kpl", "10.244.2.5", true, false));
            nodes[2].pods.push(pod("default", "my-app-5d78c-t0cvb", "10.244.3.6", false, false));
            services.push(StageService {
                namespace: "default".into(),
                name: "my-service".into(),
                kind: "ClusterIP".into(),
                ips: vec!["10.96.0.12".parse().expect("ip")],
                ports: vec![],
                selector: vec![],
                ready: vec!["my-app-5d78c-9qdxz".into(), "my-app-5d78c-x2kpl".into()],
                not_ready: vec!["my-app-5d78c-t0cvb".into()],
            });
        }
        Stage { nodes, pending: vec![], services }
    }

    fn print(&mut self, id: u32, kind: ChunkKind, text: &str) {
        let at = self.now;
        if let Some(t) = self.terminals.iter_mut().find(|t| t.0 == id) {
            t.2.push_back(Arc::new(Chunk { at, kind, text: text.into() }));
        }
    }

    fn step(&mut self) {
        let Some((due, journey, fact)) = self.queue.pop_front() else { return };
        self.now = due;
        if let Fact::Moved(Hop { cargo: Cargo::HttpResponse(..), .. }) = &fact {
            self.print(1, ChunkKind::Out, "my-app-5d78c-x2kpl\n");
        }
        self.log.append(due, Cause { event: None, journey }, fact);
    }
}

#[derive(Debug, Clone)]
pub struct Session {
    recording: Recording,
    world: World,
    applied: usize,
}

impl Session {
    pub fn new(recording: Recording) -> Result<Session, String> {
        let world = World { now: Instant::ZERO, log: Log::default(), queue: VecDeque::new(), terminals: vec![], stage: 0 };
        Ok(Session { recording, world, applied: 0 })
    }
    pub fn world(&self) -> &World {
        &self.world
    }
    pub fn recording(&self) -> &Recording {
        &self.recording
    }
    pub fn applied(&self) -> usize {
        self.applied
    }
    pub fn input(&mut self, input: Input) -> Result<(), String> {
        let at = self.world.now.0;
        self.recording.inputs.push(Timed { at, step: 0, input: input.clone() });
        self.applied += 1;
        match input {
            Input::OpenTerminal { terminal, pod } => {
                let at = match pod {
                    Some((ns, n)) => Place::Pod(ns.as_str().into(), n.as_str().into()),
                    None => Place::Outside("host".into()),
                };
                self.world.terminals.push((terminal, at, VecDeque::new()));
            }
            Input::Line { terminal, text } => {
                self.world.print(terminal, ChunkKind::Typed, &text);
                if text.contains("apply") {
                    self.world.stage += 1;
                    let at = self.world.now;
                    self.world.log.append(
                        at,
                        Cause::default(),
                        Fact::Changed(ObjectRef::new("Service", "default", "my-service"), Change::Created, 1),
                    );
                    self.world.print(terminal, ChunkKind::Out, "service/my-service created\n");
                } else {
                    self.curl(&text);
                }
            }
            _ => {}
        }
        Ok(())
    }
    pub fn run_until(&mut self, until: Instant, budget: Budget) -> Ran {
        let mut steps = 0;
        while self.world.next_due().is_some_and(|d| d <= until) {
            if steps == budget.0 {
                return Ran { steps, reached: false };
            }
            self.world.step();
            steps += 1;
        }
        self.world.now = self.world.now.max(until);
        Ran { steps, reached: true }
    }
    pub fn step_event(&mut self, limit: Instant) -> bool {
        match self.world.next_due() {
            Some(d) if d <= limit => {
                self.world.step();
                true
            }
            _ => false,
        }
    }
    pub fn back_to(&mut self, _: EventId) {}
    pub fn back_to_instant(&mut self, _: Instant) {}
    pub fn undo(&mut self) -> bool {
        self.recording.inputs.pop().is_some()
    }
    pub fn digest(&self) -> Text {
        self.world.log.digest()
    }

    fn curl(&mut self, text: &str) {
        let client = Place::Pod("default".into(), "client".into());
        let dns = Place::Pod("kube-system".into(), "coredns-5d78c9869d-x7k2p".into());
        let web = Place::Pod("default".into(), "my-app-5d78c-x2kpl".into());
        let node = Place::Node("node-1".into());
        let now = self.world.now;
        let j = self.world.log.open_journey(now, Origin::Command(text.into(), client.clone()), None);
        let j = self.world.log.open_journey(now, Origin::Request(text.into(), client.clone()), Some(j));
        let a = |s: &str| s.parse().expect("address");
        let hop = |from: &Place, to: &Place, cargo: Cargo, src: &str, dst: &str| {
            Fact::Moved(Hop {
                from: from.clone(),
                to: to.clone(),
                cargo,
                addresses: Some(Addresses { src: a(src), dst: a(dst) }),
                takes: Duration::micros(60),
            })
        };
        let message = |answer| {
            Cargo::Dns(DnsCargo {
                name: "my-service.default.svc.cluster.local.".into(),
                qtype: "A".into(),
                answer,
                bytes: Default::default(),
            })
        };
        let facts = vec![
            Fact::Decided(
                client.clone(),
                Reason::SearchList(SearchStep {
                    asked: "my-service".into(),
                    tried: "my-service.default.svc.cluster.local.".into(),
                    line: "search default.svc.cluster.local svc.cluster.local cluster.local".into(),
                    dots: 0,
                    ndots: 5,
                    attempt: (1, 4),
                }),
            ),
            hop(&client, &dns, message(None), "10.244.1.7:40000", "10.244.1.3:53"),
            Fact::Decided(dns.clone(), Reason::DnsPlugin("kubernetes".into(), "NOERROR".into(), 1)),
            hop(&dns, &client, message(Some(("NOERROR".into(), 1))), "10.244.1.3:53", "10.244.1.7:40000"),
            Fact::Decided(
                node.clone(),
                Reason::ServiceRule(RulePick {
                    service: ObjectRef::new("Service", "default", "my-service"),
                    node: "node-1".into(),
                    revision: 4,
                    chain: "KUBE-SVC-FXI".into(),
                    rule: 1,
                    candidates: vec![a("10.244.2.4:9376"), a("10.244.2.5:9376"), a("10.244.3.6:9376")].into(),
                    left_out: 1,
                    draws: vec![(1_900_000_000, 715_827_882), (900_000_000, 1 << 30)],
                    sent: a("10.96.0.12:80"),
                    rewritten: a("10.244.2.5:9376"),
                    masquerade: false,
                }),
            ),
            hop(&client, &web, Cargo::Tcp(TcpFlag::Syn), "10.244.1.7:50000", "10.244.2.5:9376"),
            hop(&web, &client, Cargo::Tcp(TcpFlag::SynAck), "10.244.2.5:9376", "10.244.1.7:50000"),
            hop(&client, &web, Cargo::HttpRequest("GET / HTTP/1.1".into(), 78), "10.244.1.7:50000", "10.244.2.5:9376"),
            hop(&web, &client, Cargo::HttpResponse(200, 38), "10.244.2.5:9376", "10.244.1.7:50000"),
            Fact::Decided(node, Reason::SourceRestored(a("10.244.2.5:9376"), a("10.96.0.12:80"))),
        ];
        let mut at = now;
        for fact in facts {
            at += Duration::micros(300);
            self.world.queue.push_back((at, Some(j), fact));
        }
    }
}
