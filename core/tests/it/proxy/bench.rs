//! A bench of kube-proxies without a world: objects go in as watch events, packets come out translated.

use serde_json::{Value, json};
use std::net::SocketAddr;
use tidepool_core::api::{Kind, Object, WatchEvent, WatchKind, endpoint_slice, node, service, tree};
use tidepool_core::base::{Duration, Instant, NodeId, Seed};
use tidepool_core::effect::{Out, ProxyWake, Timing, Wake};
use tidepool_core::engine::Draws;
use tidepool_core::net::{Conntrack, Packet, Protocol, Segment};
use tidepool_core::proxy::mode::{Config, Mode};
use tidepool_core::proxy::{KubeProxies, Verdict};
use tidepool_core::trace::reason::RulePick;
use tidepool_core::trace::{Cause, Fact, Log, Place, Reason};

/// The kube-proxies of `node-0`, `node-1`, ... with addresses 172.18.0.2, 172.18.0.3, ...
pub struct Bench {
    pub proxies: KubeProxies,
    pub conntrack: Vec<Conntrack>,
    pub log: Log,
    pub now: Instant,
    pub revision: u64,
    draws: Draws,
    timing: Timing,
    due: Vec<(Instant, NodeId, ProxyWake)>,
}

impl Bench {
    pub fn new(seed: u64, nodes: u32) -> Bench {
        Bench::of(Mode::Iptables, seed, nodes)
    }

    pub fn of(mode: Mode, seed: u64, nodes: u32) -> Bench {
        let mut proxies = KubeProxies::new(Config::new(mode));
        for n in 0..nodes {
            let ip = format!("172.18.0.{}", n + 2).parse().expect("an address");
            proxies.join(NodeId(n), &format!("node-{n}"), ip);
        }
        let conntrack = match mode {
            Mode::Ipvs(_) => Conntrack::with_ipvs(),
            Mode::Iptables | Mode::Nftables => Conntrack::default(),
        };
        Bench {
            proxies,
            conntrack: vec![conntrack; nodes as usize],
            log: Log::default(),
            now: Instant::ZERO,
            revision: 0,
            draws: Draws::new(Seed(seed)),
            timing: Timing::default(),
            due: Vec::new(),
        }
    }

    /// Something happened to an object of the given kind; every node is told at once.
    pub fn tell(&mut self, kind: WatchKind, of: &'static Kind, mut tree: Value) {
        self.revision += 1;
        tree::set(&mut tree, "metadata.resourceVersion", self.revision.to_string());
        let (object, revision) = (Object::new(of, tree), self.revision);
        let event = WatchEvent { kind, object, revision, cause: Cause::default() };
        for n in 0..self.conntrack.len() as u32 {
            self.step(NodeId(n), |proxies, _, out| {
                proxies.on_watch(NodeId(n), std::slice::from_ref(&event), out);
            });
        }
    }

    pub fn service(&mut self, tree: Value) {
        self.tell(WatchKind::Added, &service::SERVICE, tree);
    }

    pub fn slice(&mut self, tree: Value) {
        self.tell(WatchKind::Added, &endpoint_slice::ENDPOINT_SLICE, tree);
    }

    pub fn node_zone(&mut self, n: u32, zone: &str) {
        let labels = json!({"topology.kubernetes.io/zone": zone});
        let tree = json!({"metadata": {"name": format!("node-{n}"), "labels": labels}});
        self.tell(WatchKind::Added, &node::NODE, tree);
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.due.iter().map(|(at, ..)| *at).min().filter(|at| *at <= end) {
            self.now = next;
            let place = self.due.iter().position(|(at, ..)| *at == next).expect("it is there");
            let (_, node, wake) = self.due.remove(place);
            self.step(node, |proxies, conntrack, out| proxies.on_wake(node, wake, conntrack, out));
        }
        self.now = end;
    }

    /// The rules of node 0 that belong to Services: the `-A` lines about them, in order.
    pub fn saved(&self, n: u32) -> String {
        self.proxies.iptables_save(NodeId(n), self.now)
    }

    /// The first packet of a connection passes a node.
    pub fn connect(&mut self, n: u32, client: &str, src: &str, dst: &str, protocol: Protocol) -> Verdict {
        let (src, dst): (SocketAddr, SocketAddr) = (src.parse().expect("src"), dst.parse().expect("dst"));
        let segment = match protocol {
            Protocol::Tcp => Segment::Syn,
            Protocol::Udp => Segment::Datagram(Default::default()),
        };
        let packet = Packet { protocol, src, dst, segment };
        let place = Place::Pod("default".into(), client.into());
        let mut verdict = Verdict::Pass;
        self.step(NodeId(n), |proxies, conntrack, out| {
            verdict = proxies.translate(NodeId(n), &place, &packet, conntrack, out);
        });
        verdict
    }

    /// As [`Bench::connect`], and the node's conntrack remembers it; TCP is established.
    pub fn open(&mut self, n: u32, src: &str, dst: &str, protocol: Protocol) -> SocketAddr {
        let Verdict::Dnat { to, .. } = self.connect(n, "client", src, dst, protocol) else {
            panic!("{src} does not reach {dst}")
        };
        let (src, dst) = (src.parse().expect("src"), dst.parse().expect("dst"));
        let packet = Packet { protocol, src, dst, segment: Segment::Syn };
        let (now, conntrack) = (self.now, &mut self.conntrack[n as usize]);
        conntrack.track(now, &packet, src, to);
        conntrack.translate(now, &mut Packet { protocol, src: to, dst: src, segment: Segment::SynAck });
        to
    }

    /// A TCP connection of [`Bench::open`] ends.
    pub fn close(&mut self, n: u32, src: &str, dst: &str) {
        let (src, dst) = (src.parse().expect("src"), dst.parse().expect("dst"));
        let mut packet = Packet { protocol: Protocol::Tcp, src, dst, segment: Segment::Fin };
        let now = self.now;
        self.conntrack[n as usize].translate(now, &mut packet);
    }

    /// What the tool of the node's mode prints.
    pub fn rules(&self, n: u32) -> String {
        self.proxies.rules(NodeId(n), &self.conntrack[n as usize], self.now)
    }

    /// The evidence of the latest pick.
    pub fn pick(&self) -> RulePick {
        let end = self.log.end().0;
        let events = (0..end).rev().filter_map(|n| self.log.get(tidepool_core::trace::EventId(n)));
        let picks = events.filter_map(|event| match &event.fact {
            Fact::Decided(_, Reason::ServiceRule(pick)) => Some(pick.clone()),
            _ => None,
        });
        picks.into_iter().next().expect("a pick")
    }

    fn step(&mut self, node: NodeId, act: impl FnOnce(&mut KubeProxies, &mut Conntrack, &mut Out<'_>)) {
        let mut wakes = Vec::new();
        let cause = Cause::default();
        let mut out = Out::new(self.now, cause, &self.timing, &mut self.draws, &mut self.log, &mut wakes);
        act(&mut self.proxies, &mut self.conntrack[node.0 as usize], &mut out);
        for (at, _, wake) in wakes {
            if let Wake::Proxy(node, _, wake) = wake {
                self.due.push((at, node, wake));
            }
        }
    }
}

/// A Service of one TCP port, with more fields of its spec.
pub fn web(spec: Value) -> Value {
    let mut tree = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "clusterIP": "10.96.45.7", "clusterIPs": ["10.96.45.7"], "type": "ClusterIP",
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        tree["spec"][field] = value.clone();
    }
    tree
}

/// A slice of `web` with ready endpoints: address and node.
pub fn web_slice(endpoints: &[(&str, &str)]) -> Value {
    let ready = |(ip, node): &(&str, &str)| json!({"addresses": [ip], "nodeName": node, "conditions": {"ready": true, "serving": true, "terminating": false}});
    web_slice_of(endpoints.iter().map(ready).collect())
}

/// A slice of `web` with these endpoints.
pub fn web_slice_of(endpoints: Vec<Value>) -> Value {
    json!({
        "metadata": {
            "name": "web-abcde", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": endpoints,
    })
}
