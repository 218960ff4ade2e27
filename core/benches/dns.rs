//! How fast CoreDNS's chain answers, with decoding and encoding: names of the cluster from 10 to 10,000 Services, where the
//! time must not grow with them, and a hit of the cache.

#![expect(missing_docs, reason = "criterion's macros make public items")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use std::hint::black_box;
use std::net::SocketAddr;
use tidepool_core::api::{Kind, Object, WatchEvent, WatchKind};
use tidepool_core::base::{Instant, Seed, Text};
use tidepool_core::dns::corefile::Source;
use tidepool_core::dns::message::{Edns, Message, Question, RecordType, decode, encode};
use tidepool_core::dns::plugins::Env;
use tidepool_core::dns::server::{Exchange, Progress, Server};
use tidepool_core::dns::zone::Cluster;
use tidepool_core::effect::{Out, Timing};
use tidepool_core::engine::Draws;
use tidepool_core::process::{Environment, Files};
use tidepool_core::trace::{Cause, Log};

/// kubeadm's Corefile, without what listens.
const COREFILE: &str = "\
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . 192.0.2.1
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loadbalance
}
";

/// A CoreDNS without a world.
struct Bench {
    server: Server,
    cluster: Cluster,
    draws: Draws,
    log: Log,
    lines: Vec<Text>,
}

impl Bench {
    fn new(services: usize) -> Bench {
        let (files, variables, mut lines) = (Files::default(), Environment::default(), Vec::new());
        let source =
            Source { path: "Corefile", text: COREFILE, files: &files, variables: &variables, port: 53 };
        let server = Server::new(&source, &mut lines).expect("a Corefile");
        let mut cluster = Cluster::default();
        cluster.apply(&objects(services), Instant::ZERO);
        cluster.synced = true;
        Bench { server, cluster, draws: Draws::new(Seed(7)), log: Log::default(), lines }
    }

    /// From bytes to bytes; what is forwarded is answered with `upstream`.
    fn answer(&mut self, query: &[u8], upstream: Option<&Message>) -> usize {
        let address: SocketAddr = "10.244.1.9:41522".parse().expect("an address");
        let (timing, mut wakes) = (Timing::default(), Vec::new());
        let mut out =
            Out::new(Instant::ZERO, Cause::default(), &timing, &mut self.draws, &mut self.log, &mut wakes);
        let mut exchange = Exchange::new(query, address, 53, false, Instant::ZERO).expect("a question");
        let client = exchange.client.clone();
        let mut env = Env {
            cluster: &self.cluster,
            local: &[],
            client: &client,
            out: &mut out,
            actor: &"coredns".into(),
            lines: &mut self.lines,
            rewritten: None,
            by: "",
            refresh: false,
            fatal: false,
        };
        let mut progress = exchange.begin(&mut self.server, &mut env);
        if let (Progress::Forward(asked, _), Some(upstream)) = (&progress, upstream) {
            let answer = Message { id: asked.id, ..upstream.clone() };
            progress = exchange.forwarded(Ok(answer), &mut self.server, &mut env);
        }
        match progress {
            Progress::Done(bytes, ..) => {
                bytes.map_or(0, |bytes| decode(&bytes).expect("a message").answers.len())
            }
            Progress::Forward(..) => 0,
        }
    }
}

/// Services with an address each, in one namespace, and a headless one with three endpoints.
fn objects(services: usize) -> Vec<WatchEvent> {
    let event = |(version, kind, tree): (&str, &str, serde_json::Value)| {
        let kind = Kind::find(version, kind).expect("a kind");
        let object = Object::new(kind, tree);
        WatchEvent { kind: WatchKind::Added, object, revision: 1, cause: Cause::default() }
    };
    let named = |name: &str| json!({"name": name, "namespace": "shop"});
    let service = |n: usize| {
        let ip = format!("10.{}.{}.{}", 96 + n / 65_536, n / 256 % 256, n % 256);
        let spec = json!({"clusterIP": ip, "clusterIPs": [ip], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]});
        ("v1", "Service", json!({"metadata": named(&format!("web-{n}")), "spec": spec}))
    };
    let endpoint = |n: u8| json!({"addresses": [format!("10.244.1.{n}")], "conditions": {"ready": true}});
    let slice = json!({
        "metadata": {"name": "db-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "db"}},
        "addressType": "IPv4",
        "endpoints": [endpoint(1), endpoint(2), endpoint(3)],
        "ports": [{"name": "pg", "port": 5432, "protocol": "TCP"}],
    });
    let headless = json!({"metadata": named("db"), "spec": {"clusterIP": "None", "ports": [{"name": "pg", "port": 5432, "protocol": "TCP"}]}});
    let fixed = [
        ("v1", "Namespace", json!({"metadata": {"name": "shop"}})),
        ("v1", "Service", headless),
        ("discovery.k8s.io/v1", "EndpointSlice", slice),
    ];
    fixed.into_iter().chain((0..services).map(service)).map(event).collect()
}

fn query(name: &str, rtype: RecordType) -> Vec<u8> {
    let mut query = Message::query(4711, Question::new(name, rtype));
    query.edns = Some(Edns { udp: 1232, ..Edns::default() });
    encode(&query, false).expect("it fits").to_vec()
}

fn chain(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dns");
    group.throughput(Throughput::Elements(1));
    for services in [10, 100, 1_000, 10_000] {
        let mut bench = Bench::new(services);
        let asked = query(&format!("web-{}.shop.svc.cluster.local.", services / 2), RecordType::A);
        assert_eq!(bench.answer(&asked, None), 1);
        group.bench_with_input(BenchmarkId::new("a Service among", services), &asked, |bencher, asked| {
            bencher.iter(|| black_box(bench.answer(asked, None)));
        });
    }
    let mut bench = Bench::new(100);
    for (what, name, rtype, count) in [
        ("a headless Service", "db.shop.svc.cluster.local.", RecordType::A, 3),
        ("SRV", "_pg._tcp.db.shop.svc.cluster.local.", RecordType::SRV, 3),
        ("no such name", "nope.shop.svc.cluster.local.", RecordType::A, 0),
    ] {
        let asked = query(name, rtype);
        assert_eq!(bench.answer(&asked, None), count);
        group.bench_function(what, |bencher| bencher.iter(|| black_box(bench.answer(&asked, None))));
    }
    let outside = query("example.com.", RecordType::A);
    let mut upstream = decode(&outside).expect("a message");
    upstream.response = true;
    upstream.answers.push(tidepool_core::dns::message::Record::address(
        "example.com.",
        300,
        "203.0.113.10".parse().expect("an address"),
    ));
    assert_eq!(bench.answer(&outside, Some(&upstream)), 1);
    group.bench_function("a hit of the cache", |bencher| {
        bencher.iter(|| black_box(bench.answer(&outside, None)))
    });
    group.finish();
}

criterion_group!(benches, chain);
criterion_main!(benches);
