//! How fast kube-proxies translate and sync. Numbers to hold: a Service of 5,000 endpoints in rules within 50 ms, and
//! growth with the change rather than with the cluster; a first packet is decided as fast among 10,000 Services as among
//! ten in every mode.

#![expect(missing_docs, reason = "criterion's macros make public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;
use tidepool_core::api::{Object, WatchEvent, WatchKind, endpoint_slice, service};
use tidepool_core::base::{Instant, NodeId, Seed};
use tidepool_core::effect::{Out, ProxyWake, Timing};
use tidepool_core::engine::Draws;
use tidepool_core::net::{Conntrack, Packet, Protocol, Segment};
use tidepool_core::proxy::KubeProxies;
use tidepool_core::proxy::mode::{Config, Mode, Scheduler};
use tidepool_core::trace::{Cause, Log, Place};

struct Bench {
    proxies: KubeProxies,
    conntrack: Conntrack,
    log: Log,
    draws: Draws,
    timing: Timing,
    revision: u64,
}

impl Bench {
    fn new(mode: Mode, nodes: u32) -> Bench {
        let pods = "10.0.0.0/8".parse().expect("a range");
        let mut proxies = KubeProxies::new(Config { pods, ..Config::new(mode) });
        let conntrack = match mode {
            Mode::Ipvs(_) => Conntrack::with_ipvs(),
            Mode::Iptables | Mode::Nftables => Conntrack::default(),
        };
        for n in 0..nodes {
            let ip = format!("172.18.{}.{}", n / 200, n % 200 + 2).parse().expect("an address");
            proxies.join(NodeId(n), &format!("node-{n}"), ip);
        }
        Bench {
            proxies,
            conntrack,
            log: Log::default(),
            draws: Draws::new(Seed(1)),
            timing: Timing::default(),
            revision: 0,
        }
    }

    fn event(&mut self, object: &Object) -> WatchEvent {
        self.revision += 1;
        let (object, revision) = (object.clone(), self.revision);
        WatchEvent { kind: WatchKind::Added, object, revision, cause: Cause::default() }
    }

    /// Tells a node and has it write its rules.
    fn sync(&mut self, node: u32, events: &[WatchEvent]) {
        let (node, revision, conntrack) = (NodeId(node), self.revision, &mut self.conntrack);
        let mut wakes = Vec::new();
        let (cause, log) = (Cause::default(), &mut self.log);
        let mut out = Out::new(Instant::ZERO, cause, &self.timing, &mut self.draws, log, &mut wakes);
        self.proxies.on_watch(node, events, &mut out);
        // Large syncs take several wakes; one more than are needed would only sync again.
        (0..=events.len() / 512).for_each(|_| {
            self.proxies.on_wake(node, ProxyWake::Sync, conntrack, &mut out);
        });
        self.proxies.on_wake(node, ProxyWake::Applied(revision), conntrack, &mut out);
    }

    fn translate(&mut self, packet: &Packet, client: &Place) {
        let mut wakes = Vec::new();
        let (cause, log) = (Cause::default(), &mut self.log);
        let mut out = Out::new(Instant::ZERO, cause, &self.timing, &mut self.draws, log, &mut wakes);
        black_box(self.proxies.translate(NodeId(0), client, packet, &self.conntrack, &mut out));
    }
}

fn service_of(n: u32) -> Object {
    let ip = format!("10.96.{}.{}", n / 250, n % 250 + 1);
    let tree = json!({
        "metadata": {"name": format!("s{n}"), "namespace": "default"},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"port": 80, "targetPort": 8080}]},
    });
    Object::new(&service::SERVICE, tree)
}

fn slice_of(n: u32, part: u32, endpoints: u32) -> Object {
    let endpoint = |i: u32| {
        let at = part * 100 + i;
        let conditions = json!({"ready": true, "serving": true, "terminating": false});
        let ip = format!("10.{}.{}.{}", n % 40 + 100, at / 250, at % 250 + 1);
        json!({"addresses": [ip], "nodeName": format!("node-{}", at % 300), "conditions": conditions})
    };
    let endpoints: Vec<Value> = (0..endpoints).map(endpoint).collect();
    let labels = json!({"kubernetes.io/service-name": format!("s{n}")});
    let tree = json!({
        "metadata": {"name": format!("s{n}-{part}"), "namespace": "default", "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": endpoints,
    });
    Object::new(&endpoint_slice::ENDPOINT_SLICE, tree)
}

fn load(bench: &mut Bench, services: u32) -> Vec<WatchEvent> {
    let objects = (0..services).flat_map(|n| [service_of(n), slice_of(n, 0, 2)]);
    let objects: Vec<Object> = objects.collect();
    objects.iter().map(|object| bench.event(object)).collect()
}

const MODES: [Mode; 4] =
    [Mode::Iptables, Mode::Nftables, Mode::Ipvs(Scheduler::Rr), Mode::Ipvs(Scheduler::Lc)];

fn name(mode: Mode) -> String {
    match mode {
        Mode::Ipvs(scheduler) => format!("ipvs {scheduler}"),
        Mode::Iptables | Mode::Nftables => mode.name().into(),
    }
}

fn packet(to: &str) -> Packet {
    let (src, dst) = ("10.244.0.9:40000".parse().expect("src"), to.parse().expect("dst"));
    Packet { protocol: Protocol::Tcp, src, dst, segment: Segment::Syn }
}

/// A first packet, among ever more Services and among ever more endpoints of one.
fn translate(criterion: &mut Criterion) {
    let client = Place::Pod("default".into(), "client".into());
    for mode in MODES {
        for services in [10, 1_000, 10_000] {
            let mut bench = Bench::new(mode, 1);
            let events = load(&mut bench, services);
            bench.sync(0, &events);
            let last = services - 1;
            let packet = packet(&format!("10.96.{}.{}:80", last / 250, last % 250 + 1));
            criterion.bench_function(&format!("translate/{}/{services} services", name(mode)), |b| {
                b.iter(|| bench.translate(&packet, &client));
            });
        }
        for endpoints in [10, 500, 5_000] {
            let mut bench = Bench::new(mode, 1);
            let events = one_service(&mut bench, endpoints);
            bench.sync(0, &events);
            let packet = packet("10.96.0.1:80");
            criterion.bench_function(&format!("translate/{}/{endpoints} endpoints", name(mode)), |b| {
                b.iter(|| bench.translate(&packet, &client));
            });
        }
    }
}

/// The whole text of a node with 10,000 Services.
fn render(criterion: &mut Criterion) {
    for mode in [Mode::Iptables, Mode::Nftables, Mode::Ipvs(Scheduler::Rr)] {
        let mut bench = Bench::new(mode, 1);
        let events = load(&mut bench, 10_000);
        bench.sync(0, &events);
        criterion.bench_function(&format!("render/{}/10000 services", name(mode)), |b| {
            b.iter(|| black_box(bench.proxies.rules(NodeId(0), &bench.conntrack, Instant::ZERO)));
        });
    }
}

fn one_service(bench: &mut Bench, endpoints: u32) -> Vec<WatchEvent> {
    let slices = (0..endpoints.div_ceil(100)).map(|part| slice_of(0, part, 100.min(endpoints)));
    let objects: Vec<Object> = std::iter::once(service_of(0)).chain(slices).collect();
    objects.iter().map(|object| bench.event(object)).collect()
}

/// A full sync of one Service with ever more endpoints.
fn grow(criterion: &mut Criterion) {
    for mode in [Mode::Iptables, Mode::Nftables, Mode::Ipvs(Scheduler::Rr)] {
        for endpoints in [10, 500, 5_000] {
            criterion.bench_function(&format!("sync/{}/{endpoints} endpoints", name(mode)), |b| {
                b.iter(|| {
                    let mut bench = Bench::new(mode, 1);
                    let events = one_service(&mut bench, endpoints);
                    bench.sync(0, &events);
                });
            });
        }
    }
}

fn sync(criterion: &mut Criterion) {
    let mut bench = Bench::new(Mode::Iptables, 300);
    let events = load(&mut bench, 10_000);
    (0..300).for_each(|node| bench.sync(node, &events));
    criterion.bench_function("sync/one slice on 300 nodes of 10000 services", |b| {
        b.iter(|| {
            let event = [bench.event(&slice_of(17, 0, 2))];
            (0..300).for_each(|node| bench.sync(node, &event));
        });
    });
    let mut fresh = Bench::new(Mode::Iptables, 300);
    let all = load(&mut fresh, 10_000);
    criterion.bench_function("sync/300 nodes learn 10000 services", |b| {
        b.iter(|| {
            let mut bench = Bench::new(Mode::Iptables, 300);
            bench.revision = fresh.revision;
            (0..300).for_each(|node| bench.sync(node, &all));
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = translate, render, grow, sync
}
criterion_main!(benches);
