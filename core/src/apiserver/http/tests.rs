//! The recorded answers, and requests that nobody should send.

use super::HttpOutcome;
use crate::apiserver::tests::Bench;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

static ANSWERS: &str = include_str!("../../../cases/apiserver/answers.http");

fn send(
    bench: &mut Bench,
    method: &str,
    path: &str,
    accept: &str,
    body: &str,
) -> Option<http::Response<Bytes>> {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("accept", accept)
        .header("content-type", "application/json")
        .header("user-agent", "curl/8.5.0")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .ok()?;
    match bench.with(|server, out| server.http(&request, out)) {
        HttpOutcome::Response(answer) => Some(answer),
        HttpOutcome::Watch(_) | HttpOutcome::Kubelet(_) => None,
    }
}

fn value(answer: &http::Response<Bytes>) -> Value {
    let text = String::from_utf8_lossy(answer.body());
    serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into())
}

/// Whether an answer is what was recorded; in part, when only what is named must be so.
fn fits(found: &Value, wanted: &Value, whole: bool) -> bool {
    match (found, wanted) {
        (_, Value::String(any)) if any == "<any>" => true,
        (Value::Object(found), Value::Object(wanted)) => {
            (!whole || found.len() == wanted.len())
                && wanted.iter().all(|(key, value)| found.get(key).is_some_and(|own| fits(own, value, whole)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(own, value)| fits(own, value, whole))
        }
        _ => found == wanted,
    }
}

#[test]
fn answers_are_as_recorded() {
    let mut bench = Bench::new();
    let blocks = ANSWERS.split("\n\n").filter(|block| block.trim_start().starts_with('>'));
    let mut count = 0;
    for block in blocks {
        let lines: Vec<&str> = block.lines().collect();
        let (asks, rest) = lines.split_at(lines.iter().take_while(|line| line.starts_with("> ")).count());
        let (method, path) = asks[0][2..].split_once(' ').unwrap();
        let accept = asks[1].strip_prefix("> Accept: ").unwrap();
        let (wanted, body) = rest.split_last().unwrap();
        let answer = send(&mut bench, method, path, accept, &body.concat()).expect("an answer");
        let (how, wanted) = wanted.split_at(3);
        let (code, wanted) = wanted.split_once(' ').unwrap();
        assert_eq!(answer.status().as_u16().to_string(), code, "{block}");
        let found = value(&answer);
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        assert!(fits(&found, &wanted, how == "== "), "{method} {path}\nfound  {found}\nwanted {wanted}");
        count += 1;
    }
    assert_eq!(count, 20);
}

#[test]
fn all_groups_are_told_at_once() {
    // Recorded from kube-apiserver v1.35.6: the entry of services.
    let mut bench = Bench::new();
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let answer = send(&mut bench, "GET", "/api", accept, "").unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    );
    let found = value(&answer);
    let resources = found["items"][0]["versions"][0]["resources"].as_array().unwrap();
    let services = resources.iter().find(|resource| resource["resource"] == "services").unwrap();
    let recorded = json!({"resource":"services","responseKind":{"group":"","version":"","kind":"Service"},"scope":"Namespaced","singularResource":"service","verbs":["create","delete","deletecollection","get","list","patch","update","watch"],"shortNames":["svc"],"categories":["all"],"subresources":[{"subresource":"proxy","responseKind":{"group":"","version":"","kind":"ServiceProxyOptions"},"verbs":["create","delete","get","patch","update"]},{"subresource":"status","responseKind":{"group":"","version":"","kind":"Service"},"verbs":["get","patch","update"]}]});
    assert_eq!(*services, recorded);
    let others = value(&send(&mut bench, "GET", "/apis", accept, "").unwrap());
    assert!(others["items"].as_array().unwrap().iter().any(|item| item["metadata"]["name"] == "apps"));
}

#[test]
fn warnings_stand_in_the_header_and_strangers_to_json_are_helped() {
    let mut bench = Bench::new();
    let body = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"warned"},"spec":{"prots":[],"ports":[{"port":80}]}}"#;
    let path = "/api/v1/namespaces/default/services?fieldValidation=Warn";
    let made = send(&mut bench, "POST", path, "application/json", body).unwrap();
    // Recorded from kube-apiserver v1.35.6.
    assert_eq!(made.headers()["warning"], r#"299 - "unknown field \"spec.prots\"""#);
    let yaml = send(&mut bench, "GET", "/api/v1/namespaces/default", "application/yaml", "").unwrap();
    assert_eq!(yaml.headers()["content-type"], "application/yaml");
    assert!(String::from_utf8_lossy(yaml.body()).starts_with("apiVersion: v1\nkind: Namespace\n"));
    let accept = "application/vnd.kubernetes.protobuf,application/json";
    assert_eq!(send(&mut bench, "GET", "/api/v1/pods", accept, "").unwrap().status(), 200);
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = value(&send(&mut bench, "GET", "/api/v1/namespaces", accept, "").unwrap());
    assert_eq!(
        (&list["kind"], &list["items"][0]["kind"]),
        (&json!("PartialObjectMetadataList"), &json!("PartialObjectMetadata"))
    );
    assert_eq!(list["items"][0]["spec"], Value::Null);
}

#[test]
fn what_is_too_large_too_deep_or_unknown_is_refused_at_once() {
    let mut bench = Bench::new();
    let services = "/api/v1/namespaces/default/services";
    let mut code = |method: &str, path: &str, body: &str| {
        let answer = send(&mut bench, method, path, "application/json", body).expect("an answer");
        let found = value(&answer);
        (answer.status().as_u16(), found["message"].as_str().unwrap_or_default().to_string())
    };
    let (large, words) = code("POST", services, &" ".repeat(3 * 1024 * 1024 + 1));
    assert_eq!((large, words.as_str()), (413, "Request entity too large: limit is 3145728"));
    assert_eq!(code("POST", services, &"[".repeat(100_000)).0, 400);
    assert_eq!(
        code("POST", services, &format!("{{\"spec\":{}1{}}}", "{\"a\":".repeat(50_000), "}".repeat(50_000)))
            .0,
        400
    );
    let selector = "a%3Db,".repeat(10_000);
    assert_eq!(code("GET", &format!("{services}?labelSelector={selector}a"), "").0, 200);
    assert_eq!(code("GET", &format!("{services}?limit=9223372036854775807"), "").0, 200);
    assert_eq!(code("BREW", services, "").0, 405);
    assert_eq!(code("POST", "/api/v1/services", "{}").0, 405);
    assert_eq!(code("GET", "/api/v1/bananas", "").0, 404);
    assert_eq!(code("GET", "/api/v1/namespaces/default/services/kubernetes/scale", "").0, 404);
    assert_eq!(code("DELETE", &format!("{services}/kubernetes?propagationPolicy=Never"), "").0, 422);
    assert_eq!(code("POST", &format!("{services}?dryRun=Some"), "{}").0, 422);
}

#[test]
fn what_is_held_stays_and_is_shown_and_preconditions_are_kept() {
    // unverified: by apiserver's source.
    let mut bench = Bench::new();
    let mut ask = |method: &str, path: &str, body: &str| {
        let answer = send(&mut bench, method, path, "application/json", body).expect("an answer");
        (answer.status().as_u16(), value(&answer))
    };
    let services = "/api/v1/namespaces/default/services";
    let service = r#"{"metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}"#;
    ask("POST", services, service);
    let web = format!("{services}/web");
    let (code, refused) = ask("DELETE", &web, r#"{"preconditions":{"resourceVersion":"1"}}"#);
    assert_eq!(code, 409, "{refused}");
    assert!(
        refused["message"].as_str().unwrap().contains("ResourceVersion in precondition: 1,"),
        "{refused}"
    );
    let (code, held) = ask("DELETE", &web, r#"{"propagationPolicy":"Foreground"}"#);
    assert_eq!((code, &held["metadata"]["finalizers"]), (202, &json!(["foregroundDeletion"])));
    assert_eq!(held["metadata"]["deletionGracePeriodSeconds"], 0);
    let (code, _) = ask("PATCH", &format!("{web}?fieldManager=x"), "[]");
    assert_eq!(code, 415);
    ask("POST", "/api/v1/namespaces", r#"{"metadata":{"name":"gone"}}"#);
    let (code, going) = ask("DELETE", "/api/v1/namespaces/gone", "");
    assert_eq!((code, &going["status"]["phase"]), (200, &json!("Terminating")));
    let (code, refused) = ask("POST", "/api/v1/namespaces/gone/services", service);
    assert_eq!(
        (code, refused["message"].as_str().unwrap()),
        (
            403,
            "services \"web\" is forbidden: unable to create new content in namespace gone because it is being terminated"
        )
    );
    assert_eq!(refused["details"]["causes"][0]["reason"], "NamespaceTerminating");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_request_has_a_status(
        method in "GET|POST|PUT|PATCH|DELETE|OPTIONS|HEAD|X",
        path in "/(api/v1|apis/apps/v1|apis|api|watch|readyz)?(/(watch|namespaces/(default|x)|nodes))?/(services|pods|deployments|bananas|)(/(kubernetes|[a-z]{1,3}))?(/(status|scale|log|proxy))?",
        query in "((limit|continue|watch|resourceVersion|timeoutSeconds|dryRun|force|fieldManager|labelSelector|fieldSelector|resourceVersionMatch|sendInitialEvents|pretty)=[a-z0-9!=%]{0,6}&?){0,4}",
        content in "application/(json|yaml|merge-patch\\+json|json-patch\\+json|strategic-merge-patch\\+json|apply-patch\\+yaml|x)",
        body in "(\\{\"(metadata|spec|kind|op|status)\": ?(\\{\"(name|ports|managedFields|replicas)\": ?(\"[a-z]{0,4}\"|\\[\\{\\}\\]|null|-?[0-9]{1,20})\\}|\"Service\"|\\[\\])\\}|\\[\\]|[ -~]{0,20})",
    ) {
        let mut bench = Bench::new();
        let uri = format!("{path}?{}", query.replace('%', "%25"));
        let request = http::Request::builder()
            .method(method.as_str())
            .uri(uri)
            .header("content-type", content)
            .body(Bytes::from(body));
        let Ok(request) = request else { return Ok(()) };
        match bench.with(|server, out| server.http(&request, out)) {
            HttpOutcome::Response(answer) => prop_assert!(answer.status().as_u16() >= 200),
            HttpOutcome::Watch(mut spec) => drop(bench.server.watch_lines(&mut spec, bench.now)),
            HttpOutcome::Kubelet(_) => {}
        }
    }
}
