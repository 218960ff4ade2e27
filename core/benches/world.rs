//! How fast controllers and whole worlds go. Numbers to hold: a Service of 5,000 endpoints from pods to slices and rules
//! within 50 ms, and a change among them in time that does not grow with them; 1 M events/s, 40 k cold requests/s (names,
//! handshake, HTTP, close) and 150 k/s on connections that are kept.

#![expect(missing_docs, reason = "criterion's macros make public items")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;
use tidepool_core::api::{Object, Verb, WatchEvent, WatchKind, node, pod, service};
use tidepool_core::base::{Duration, Instant, Seed};
use tidepool_core::control::{CONTROLLERS, Controllers};
use tidepool_core::effect::{ControllerId, Out, Timing, Wake};
use tidepool_core::engine::Draws;
use tidepool_core::recording::{Recording, Script};
use tidepool_core::trace::{Cargo, Cause, Fact, Log};
use tidepool_core::world::{Budget, Input, World};

/// The EndpointSlice controller alone: news go in, writes come out and are accepted at once.
struct Bench {
    controllers: Controllers,
    id: ControllerId,
    log: Log,
    draws: Draws,
    timing: Timing,
    now: Instant,
    revision: u64,
}

impl Bench {
    fn new() -> Bench {
        let at = CONTROLLERS.iter().position(|def| def.name == "endpointslice-controller");
        Bench {
            controllers: Controllers::new(),
            id: ControllerId(at.unwrap_or_default() as u8),
            log: Log::default(),
            draws: Draws::new(Seed(1)),
            timing: Timing::default(),
            now: Instant::ZERO,
            revision: 0,
        }
    }

    /// Tells it of objects, and lets it work. Gives how many slices it wrote.
    fn reconcile(&mut self, objects: &[Object]) -> usize {
        let event = |object: &Object| WatchEvent {
            kind: WatchKind::Added,
            object: object.clone(),
            revision: object.revision,
            cause: Cause::default(),
        };
        let events: Vec<WatchEvent> = objects.iter().map(event).collect();
        let mut wakes = Vec::new();
        self.with(&mut wakes, |controllers, id, out| controllers.on_watch(id, &events, out));
        let mut written = 0;
        while let Some((at, _, wake)) = wakes.pop() {
            self.now = self.now.max(at);
            match wake {
                Wake::Control(id, key) => {
                    self.with(&mut wakes, |controllers, _, out| controllers.on_wake(id, &key, out));
                }
                Wake::ApiRequest(_, _, request) => {
                    written += usize::from(matches!(request.verb, Verb::Create(_) | Verb::Update(_)));
                    black_box(request);
                }
                _ => {}
            }
        }
        written
    }

    fn with(
        &mut self,
        wakes: &mut Vec<(Instant, Cause, Wake)>,
        work: impl FnOnce(&mut Controllers, ControllerId, &mut Out<'_>),
    ) {
        let (cause, log) = (Cause::default(), &mut self.log);
        let mut out = Out::new(self.now, cause, &self.timing, &mut self.draws, log, wakes);
        work(&mut self.controllers, self.id, &mut out);
    }

    fn object(&mut self, kind: &'static tidepool_core::api::Kind, tree: Value) -> Object {
        self.revision += 1;
        Object::new(kind, tree).at_revision(self.revision)
    }

    fn pod(&mut self, n: u32, ready: bool) -> Object {
        let status = if ready { "True" } else { "False" };
        let ip = format!("10.{}.{}.{}", 100 + n / 62_500, n / 250 % 250, n % 250 + 1);
        let tree = json!({
            "metadata": {"name": format!("p{n}"), "namespace": "default", "uid": format!("u{n}"), "labels": {"app": "web"}},
            "spec": {"nodeName": format!("node-{}", n % 3), "containers": [{"name": "c"}]},
            "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
                "conditions": [{"type": "Ready", "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        });
        self.object(&pod::POD, tree)
    }

    fn service_of(&mut self, endpoints: u32) -> Vec<Object> {
        let mut all: Vec<Object> = (0..3)
            .map(|n| {
                let labels = json!({"topology.kubernetes.io/zone": if n == 0 { "a" } else { "b" }});
                let tree = json!({"metadata": {"name": format!("node-{n}"), "labels": labels}});
                self.object(&node::NODE, tree)
            })
            .collect();
        all.extend((0..endpoints).map(|n| self.pod(n, true)));
        let spec = json!({"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ipFamilies": ["IPv4"],
            "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]});
        let tree = json!({"metadata": {"name": "web", "namespace": "default", "uid": "s"}, "spec": spec});
        all.push(self.object(&service::SERVICE, tree));
        all
    }
}

/// From nothing to all slices of one Service, with ever more endpoints.
fn reconcile(criterion: &mut Criterion) {
    for endpoints in [10, 500, 5_000] {
        let objects = Bench::new().service_of(endpoints);
        criterion.bench_function(&format!("reconcile/slices of {endpoints} endpoints"), |b| {
            b.iter_batched(
                Bench::new,
                |mut bench| {
                    let written = bench.reconcile(&objects);
                    assert_eq!(written as u32, endpoints.div_ceil(100));
                    bench
                },
                BatchSize::LargeInput,
            );
        });
    }
}

/// A world in which a pod calls a Service of three pods over and over.
fn calling(calls: &str) -> World {
    let mut script = Script::new(Recording::new(7, "")).expect("an empty recording");
    for line in [
        "kubectl create deployment web --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --replicas=3 --port=8080 -- /agnhost netexec",
        "kubectl expose deployment web --port=80 --target-port=8080",
        "kubectl run client --image=curlimages/curl --command -- sleep infinity",
        "kubectl wait --for=condition=Ready pod/client --timeout=60s",
        "sleep 5",
    ] {
        assert_eq!(script.line(line).expect("an open terminal").status, 0, "{line}");
    }
    let text = format!("kubectl exec client -- sh -c 'while true; do {calls}; done'");
    script.session.input(Input::Line { terminal: 1, text }).expect("an open terminal");
    script.wait(Duration::secs(1));
    script.session.world().clone()
}

/// What happens in a span of a world: events, and answered requests.
fn count(world: &World, span: Duration) -> (u64, u64) {
    let mut world = world.clone();
    let before = world.log().end();
    world.run_until(world.now() + span, Budget(u64::MAX));
    let end = world.log().end();
    let answers = (before.0..end.0).filter_map(|n| world.log().get(tidepool_core::trace::EventId(n)));
    let is_answer =
        |fact: &Fact| matches!(fact, Fact::Moved(hop) if matches!(hop.cargo, Cargo::HttpResponse(..)));
    (end.0 - before.0, answers.filter(|event| is_answer(&event.fact)).count() as u64)
}

fn throughput(criterion: &mut Criterion) {
    let span = Duration::millis(500);
    let kept = format!("curl -s -o /dev/null{}", " http://web/hostname".repeat(200));
    for (name, calls) in [("cold", "curl -s -o /dev/null http://web/hostname"), ("kept-alive", &kept)] {
        let world = calling(calls);
        let (events, requests) = count(&world, span);
        assert!(requests > 20, "{requests} requests");
        let mut group = criterion.benchmark_group("world");
        for (what, n) in [("events", events), ("requests", requests)] {
            group.throughput(Throughput::Elements(n));
            group.bench_function(format!("{name} {what}"), |b| {
                b.iter_batched(
                    || world.clone(),
                    |mut world| {
                        world.run_until(world.now() + span, Budget(u64::MAX));
                        world
                    },
                    BatchSize::LargeInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = reconcile, throughput
}
criterion_main!(benches);
