//! Who manages what, write by write.

use crate::apiserver::tests::Bench;
use serde_json::{Value, json};

const SERVICES: &str = "/api/v1/namespaces/default/services";
const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";

fn managed(object: &Value) -> Value {
    let mut list = object["metadata"]["managedFields"].clone();
    for entry in list.as_array_mut().into_iter().flatten() {
        assert!(entry.as_object_mut().and_then(|map| map.remove("time")).is_some(), "{entry}");
    }
    list
}

fn apply(bench: &mut Bench, manager: &str, configuration: &Value, force: bool) -> (u16, Value) {
    let path = format!("{SERVICES}/web?fieldManager={manager}&force={force}");
    bench.http("PATCH", &path, APPLY, &configuration.to_string())
}

fn web(spec: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" }, "spec": spec })
}

#[test]
fn what_a_client_creates_is_its_own_and_what_the_server_allocates_is_nobodys() {
    // Recorded from kube-apiserver v1.35.6 (the DELETE of a Service that curl had made).
    let mut bench = Bench::new();
    let (code, made) =
        bench.http("POST", SERVICES, JSON, &web(json!({ "ports": [{ "port": 80 }] })).to_string());
    assert_eq!(code, 201, "{made}");
    let recorded = json!([{"manager":"curl","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:internalTrafficPolicy":{},"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:sessionAffinity":{},"f:type":{}}}}]);
    assert_eq!(managed(&made), recorded);
}

#[test]
fn an_apply_owns_what_it_says_and_what_it_says_no_more_goes() {
    // unverified: by the rules of structured-merge-diff.
    let mut bench = Bench::new();
    let first = web(
        json!({ "ports": [{ "name": "http", "port": 80 }, { "name": "dns", "port": 53, "protocol": "UDP" }] }),
    );
    let (code, made) = apply(&mut bench, "one", &first, false);
    assert_eq!(code, 201, "{made}");
    assert_eq!(
        managed(&made),
        json!([{
            "manager": "one", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": { "f:spec": { "f:ports": {
                "k:{\"port\":53,\"protocol\":\"UDP\"}": { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} },
                "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {}, "f:port": {} },
            } } },
        }])
    );
    let (_, same) = apply(&mut bench, "one", &first, false);
    assert_eq!(same["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    // Another manager that wants the same shares it; then it stays when the first lets go.
    let (code, _) =
        apply(&mut bench, "two", &web(json!({ "ports": [{ "name": "http", "port": 80 }] })), false);
    assert_eq!(code, 200);
    let (_, less) = apply(&mut bench, "one", &web(json!({ "type": "ClusterIP" })), false);
    assert_eq!(less["spec"]["ports"].as_array().map(Vec::len), Some(1));
    assert_eq!(less["spec"]["ports"][0]["name"], "http");
    assert_eq!(less["spec"]["clusterIP"], made["spec"]["clusterIP"]);
}

#[test]
fn what_another_has_is_a_conflict_unless_it_is_forced() {
    // The words are recorded from kube-apiserver v1.35.6 (`kubectl apply --server-side` by another manager).
    let mut bench = Bench::new();
    let spec = json!({ "ports": [{ "name": "80", "port": 80, "protocol": "TCP", "targetPort": 80 }] });
    let path = format!("{SERVICES}?fieldManager=kubectl-create");
    bench.http("POST", &path, JSON, &web(spec.clone()).to_string());
    let (code, _) = apply(&mut bench, "kubectl", &web(spec), false);
    assert_eq!(code, 200);
    let other =
        web(json!({ "ports": [{ "name": "80-80", "port": 80, "protocol": "TCP", "targetPort": 8080 }] }));
    let (code, refused) = apply(&mut bench, "other", &other, false);
    assert_eq!((code, &refused["reason"]), (409, &json!("Conflict")));
    assert_eq!(
        refused["message"].as_str().unwrap(),
        "Apply failed with 4 conflicts: conflicts with \"kubectl\":\n\
         - .spec.ports[port=80,protocol=\"TCP\"].name\n\
         - .spec.ports[port=80,protocol=\"TCP\"].targetPort\n\
         conflicts with \"kubectl-create\" using v1:\n\
         - .spec.ports[port=80,protocol=\"TCP\"].name\n\
         - .spec.ports[port=80,protocol=\"TCP\"].targetPort"
    );
    assert_eq!(
        refused["details"]["causes"][0],
        json!({
            "reason": "FieldManagerConflict", "message": "conflict with \"kubectl\"",
            "field": ".spec.ports[port=80,protocol=\"TCP\"].name",
        })
    );
    let (code, forced) = apply(&mut bench, "other", &other, true);
    assert_eq!((code, &forced["spec"]["ports"][0]["targetPort"]), (200, &json!(8080)));
    let owners = forced["metadata"]["managedFields"].as_array().unwrap();
    let names: Vec<&str> = owners.iter().map(|entry| entry["manager"].as_str().unwrap()).collect();
    assert_eq!(names, ["kubectl", "other", "kubectl-create"]);
}

#[test]
fn a_list_of_one_empty_entry_forgets_all_managers() {
    let mut bench = Bench::new();
    bench.http("POST", SERVICES, JSON, &web(json!({ "ports": [{ "port": 80 }] })).to_string());
    let patch = json!({ "metadata": { "managedFields": [{}] } }).to_string();
    let path = format!("{SERVICES}/web");
    let (_, bare) = bench.http("PATCH", &path, "application/merge-patch+json", &patch);
    assert_eq!(bare["metadata"]["managedFields"], Value::Null);
    // Then an update notes nothing, and the first apply notes what was there before it.
    let label = json!({ "metadata": { "labels": { "a": "b" } } }).to_string();
    let (_, bare) = bench.http("PATCH", &path, "application/merge-patch+json", &label);
    assert_eq!(bare["metadata"]["managedFields"], Value::Null);
    let (code, applied) =
        apply(&mut bench, "one", &web(json!({ "ports": [{ "port": 80, "name": "x" }] })), true);
    assert_eq!(code, 200, "{applied}");
    let names: Vec<&str> = applied["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["manager"].as_str())
        .collect();
    assert_eq!(names, ["one", "before-first-apply"]);
}

#[test]
fn a_json_patch_may_write_the_managers_themselves() {
    let mut bench = Bench::new();
    let (_, made) =
        bench.http("POST", SERVICES, JSON, &web(json!({ "ports": [{ "port": 80 }] })).to_string());
    let mut list = made["metadata"]["managedFields"].clone();
    list[0]["manager"] = "kubectl".into();
    list[0]["operation"] = "Apply".into();
    let patch = json!([{ "op": "replace", "path": "/metadata/managedFields", "value": list }]).to_string();
    let (code, changed) = bench.http(
        "PATCH",
        &format!("{SERVICES}/web?fieldManager=kubectl"),
        "application/json-patch+json",
        &patch,
    );
    assert_eq!(code, 200, "{changed}");
    assert_eq!(changed["metadata"]["managedFields"], list);
}

#[test]
fn an_apply_without_a_manager_or_with_managers_is_refused() {
    let mut bench = Bench::new();
    let (code, refused) = bench.http("PATCH", &format!("{SERVICES}/web"), APPLY, &web(json!({})).to_string());
    assert_eq!(
        (code, refused["message"].as_str().unwrap()),
        (
            422,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
        )
    );
    let mut with = web(json!({}));
    with["metadata"]["managedFields"] = json!([{ "manager": "x", "operation": "Apply" }]);
    let (code, refused) = apply(&mut bench, "x", &with, false);
    assert_eq!((code, refused["message"].as_str().unwrap()), (400, "metadata.managedFields must be nil"));
}
