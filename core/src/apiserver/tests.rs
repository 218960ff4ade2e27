//! The typed API server, request by request.

use super::{ApiConfig, ApiServer};
use crate::api::request::PatchType;
use crate::api::{Kind, Object, Request, Response, Status, pod, service};
use crate::base::{Instant, Seed};
use crate::effect::{Out, Timing};
use crate::engine::Draws;
use crate::trace::{Cause, Log};
use serde_json::{Value, json};

/// A server with what it stands on.
pub(super) struct Bench {
    pub server: ApiServer,
    pub now: Instant,
    draws: Draws,
    log: Log,
}

impl Bench {
    pub fn new() -> Bench {
        let mut bench = Bench {
            server: ApiServer::new(&ApiConfig::default()),
            now: Instant::ZERO,
            draws: Draws::new(Seed(7)),
            log: Log::default(),
        };
        bench.with(|server, out| server.bootstrap(out));
        bench
    }

    pub fn with<T>(&mut self, act: impl FnOnce(&mut ApiServer, &mut Out<'_>) -> T) -> T {
        let timing = Timing::default();
        let mut wakes = Vec::new();
        let mut out =
            Out::new(self.now, Cause::default(), &timing, &mut self.draws, &mut self.log, &mut wakes);
        act(&mut self.server, &mut out)
    }

    pub fn request(&mut self, request: &Request) -> Result<Response, Status> {
        self.with(|server, out| server.request(request, out))
    }

    pub fn create(&mut self, kind: &'static Kind, object: Value) -> Result<Object, Status> {
        let mut object = object;
        if kind.namespaced {
            crate::api::tree::default(&mut object, "metadata.namespace", "default");
        }
        self.answer(&Request::create("test", Object::new(kind, object)))
    }

    /// Sends an HTTP request as curl does.
    pub fn http(&mut self, method: &str, path: &str, content: &str, body: &str) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("user-agent", "curl/8.5.0")
            .header("content-type", content)
            .body(bytes::Bytes::copy_from_slice(body.as_bytes()))
            .expect("a request");
        match self.with(|server, out| server.http(&request, out)) {
            super::HttpOutcome::Response(answer) => {
                let body = serde_json::from_slice(answer.body())
                    .unwrap_or_else(|_| String::from_utf8_lossy(answer.body()).into_owned().into());
                (answer.status().as_u16(), body)
            }
            other => panic!("no answer: {other:?}"),
        }
    }

    pub fn answer(&mut self, request: &Request) -> Result<Object, Status> {
        Ok(self.request(request)?.object().cloned().expect("an object"))
    }

    pub fn patch(&mut self, object: &Object, how: PatchType, patch: Value) -> Result<Object, Status> {
        self.answer(&Request::patch("test", object.kind, &object.key, how, patch))
    }
}

#[test]
fn a_service_gets_what_the_real_server_gives_it() {
    let mut bench = Bench::new();
    let made = bench
        .create(
            &service::SERVICE,
            json!({
                "metadata": { "name": "my-service" },
                "spec": {
                    "selector": { "app": "MyApp" }, "type": "ClusterIP",
                    "ports": [{ "protocol": "TCP", "port": 80, "targetPort": 9376 }],
                },
            }),
        )
        .expect("valid");
    // Recorded from kubectl v1.35.2 against kube-apiserver v1.35.6; the address is a draw.
    let ip = made.str("spec.clusterIP");
    assert_eq!(
        made.get("spec"),
        Some(&json!({
            "clusterIP": ip, "clusterIPs": [ip], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 9376 }],
            "selector": { "app": "MyApp" }, "sessionAffinity": "None", "type": "ClusterIP",
        }))
    );
    assert_eq!(made.get("status"), Some(&json!({ "loadBalancer": {} })));
    assert_eq!(made.str("metadata.creationTimestamp"), "2026-01-01T00:00:00Z");
}

#[test]
fn a_write_that_changes_nothing_keeps_the_revision() {
    let mut bench = Bench::new();
    let spec = json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }] } });
    let made = bench.create(&service::SERVICE, spec).expect("valid");
    let same = bench.patch(&made, PatchType::Strategic, json!({})).expect("valid");
    assert_eq!(same.revision, made.revision);
    let changed = bench
        .patch(&made, PatchType::Merge, json!({ "spec": { "sessionAffinity": "ClientIP" } }))
        .expect("valid");
    assert!(changed.revision > made.revision);
    assert_eq!(changed.int("spec.sessionAffinityConfig.clientIP.timeoutSeconds"), Some(10_800));
    let stale = bench.answer(&Request::update("test", made)).expect_err("stale");
    assert_eq!(
        stale.message,
        "Operation cannot be fulfilled on services \"web\": the object has been modified; please apply your changes to \
         the latest version and try again"
    );
}

#[test]
fn a_pod_that_runs_goes_after_its_grace_period_and_others_go_at_once() {
    let mut bench = Bench::new();
    let pod = |name: &str| json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "x" }] } });
    bench.create(&pod::POD, pod("waiting")).expect("valid");
    bench.answer(&Request::delete("test", &pod::POD, "default", "waiting")).expect("there");
    assert_eq!(bench.answer(&Request::get("test", &pod::POD, "default", "waiting")).unwrap_err().code, 404);

    bench
        .create(
            &crate::api::node::NODE,
            json!({ "metadata": { "name": "node-1", "labels": { "topology.kubernetes.io/zone": "a" } } }),
        )
        .expect("valid");
    let made = bench.create(&pod::POD, pod("bound")).expect("valid");
    let binding = Object::new(
        &pod::POD,
        json!({ "metadata": { "name": "bound", "namespace": "default" }, "target": { "kind": "Node", "name": "node-1" } }),
    );
    let mut request = Request::create("scheduler", binding);
    request.name = "bound".into();
    request.subresource = "binding";
    bench.request(&request).expect("bound");
    let marked = bench.answer(&Request::delete("test", &pod::POD, "default", "bound")).expect("there");
    assert_eq!(marked.str("metadata.deletionTimestamp"), "2026-01-01T00:00:30Z");
    assert_eq!(marked.label("topology.kubernetes.io/zone"), Some("a"));
    assert_eq!(marked.int("metadata.generation"), made.int("metadata.generation").map(|n| n + 1));
    let mut now = Request::delete("kubelet", &pod::POD, "default", "bound");
    now.options.grace_seconds = Some(0);
    bench.request(&now).expect("there");
    assert_eq!(bench.answer(&Request::get("test", &pod::POD, "default", "bound")).unwrap_err().code, 404);
}

#[test]
fn a_watch_begins_with_what_is_there_and_goes_on_with_what_changes() {
    let mut bench = Bench::new();
    let mut cursor = 0;
    let first = bench.server.watch_from(&[&service::SERVICE], &mut cursor).expect("not compacted");
    assert_eq!(first.iter().map(|e| e.object.name()).collect::<Vec<_>>(), ["kubernetes"]);
    bench
        .create(
            &service::SERVICE,
            json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }] } }),
        )
        .expect("valid");
    bench.answer(&Request::delete("test", &service::SERVICE, "default", "web")).expect("there");
    let news = bench.server.watch_from(&[&service::SERVICE], &mut cursor).expect("not compacted");
    assert_eq!(news.iter().map(|e| e.kind.word()).collect::<Vec<_>>(), ["ADDED", "DELETED"]);
    assert!(bench.server.watch_from(&[&service::SERVICE], &mut cursor).expect("not compacted").is_empty());
}

#[test]
fn changing_to_external_name_and_back_frees_and_takes_an_address() {
    // Recorded from kubectl v1.35.2 against kube-apiserver v1.35.6.
    let mut bench = Bench::new();
    let made = bench
        .create(
            &service::SERVICE,
            json!({ "metadata": { "name": "fixed" }, "spec": { "ports": [{ "port": 80 }] } }),
        )
        .expect("valid");
    let named = bench
        .patch(
            &made,
            PatchType::Strategic,
            json!({ "spec": { "type": "ExternalName", "externalName": "example.com" } }),
        )
        .expect("valid");
    assert_eq!(named.get("spec.clusterIP"), None);
    assert_eq!(named.get("spec.internalTrafficPolicy"), None);
    let back =
        bench.patch(&made, PatchType::Strategic, json!({ "spec": { "type": "ClusterIP" } })).expect("valid");
    assert_ne!(back.str("spec.clusterIP"), "");
}
