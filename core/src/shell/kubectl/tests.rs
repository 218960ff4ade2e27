//! kubectl against recorded answers: what it sends and what it prints.
//! Recorded from kubectl v1.35.2 against kube-apiserver v1.35.6.

use super::fake::Fake;
use serde_json::{Value, json};

fn not_found(plural: &str, name: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("{plural} {name:?} not found"), "reason": "NotFound",
        "details": {"name": name, "kind": plural}, "code": 404})
}

fn service_table(revision: &str) -> Value {
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": revision},
        "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Type", "priority": 0},
            {"name": "Cluster-IP", "priority": 0}, {"name": "External-IP", "priority": 0},
            {"name": "Port(s)", "priority": 0}, {"name": "Age", "priority": 0}, {"name": "Selector", "priority": 1}],
        "rows": [{"cells": ["t2", "ClusterIP", "10.110.113.1", "<none>", "80/TCP", "0s", "app=t2"],
            "object": {"metadata": {"name": "t2", "namespace": "default"}}}]})
}

#[test]
fn get_prints_the_servers_table() {
    let ran = Fake::default().answer(200, service_table("1")).run("kubectl get svc -A");
    assert_eq!(ran.sent, ["GET /api/v1/services?limit=500"]);
    assert_eq!(
        ran.output,
        "NAMESPACE   NAME   TYPE        CLUSTER-IP     EXTERNAL-IP   PORT(S)   AGE\n\
         default     t2     ClusterIP   10.110.113.1   <none>        80/TCP    0s\n"
    );
}

#[test]
fn get_says_what_is_missing() {
    let ran = Fake::default().answer(404, not_found("services", "nothing")).run("kubectl get svc nothing");
    assert_eq!(
        (ran.output.as_str(), ran.status),
        ("Error from server (NotFound): services \"nothing\" not found\n", 1)
    );
    let empty = json!({"kind": "Table", "metadata": {}, "columnDefinitions": [], "rows": []});
    let ran = Fake::default().answer(200, empty).run("kubectl get pods -n nowhere");
    assert_eq!((ran.output.as_str(), ran.status), ("No resources found in nowhere namespace.\n", 0));
    let ran = Fake::default().run("kubectl get nothing");
    assert_eq!(ran.output, "error: the server doesn't have a resource type \"nothing\"\n");
    let ran = Fake::default().run("kubectl get --banana");
    assert_eq!(ran.output, "error: unknown flag: --banana\nSee 'kubectl get --help' for usage.\n");
    let ran = Fake::default().run("kubectl frobnicate");
    assert_eq!(
        (ran.output.as_str(), ran.status),
        ("error: unknown command \"frobnicate\" for \"kubectl\"\n", 1)
    );
    let ran = Fake::default().run("kubectl get svc -o jsonpath={.items");
    assert_eq!(ran.output, "error: error parsing jsonpath {.items, unclosed action\n");
    let bad = json!({"kind": "Status", "status": "Failure", "reason": "BadRequest", "code": 400,
        "message": "field label not supported: spec.banana"});
    let ran = Fake::default().answer(400, bad).run("kubectl get svc --field-selector spec.banana=1");
    assert_eq!(
        ran.output,
        "Error from server (BadRequest): Unable to find \"/v1, Resource=services\" that match label selector \"\", \
         field selector \"spec.banana=1\": field label not supported: spec.banana\n"
    );
}

#[test]
fn warnings_are_printed_first_and_once() {
    let table = json!({"columnDefinitions": [{"name": "Name"}, {"name": "Endpoints"}, {"name": "Age"}],
        "rows": [{"cells": ["my-service", "<none>", "1s"]}]});
    let warning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
    let ran = Fake::default().warned(warning, table).run("kubectl get endpoints my-service");
    assert_eq!(
        ran.output,
        format!("Warning: {warning}\nNAME         ENDPOINTS   AGE\nmy-service   <none>      1s\n")
    );
}

#[test]
fn a_watch_goes_on_from_the_list() {
    let event = json!({"type": "MODIFIED", "object": service_table("804")});
    let ran = Fake::default()
        .answer(200, service_table("803"))
        .stream(&[event])
        .run("kubectl get svc -l app=trace -w --request-timeout=2s");
    assert_eq!(
        ran.sent,
        [
            "GET /api/v1/namespaces/default/services?labelSelector=app%3Dtrace&limit=500&timeout=2s",
            "GET /api/v1/namespaces/default/services?labelSelector=app%3Dtrace&resourceVersion=803&timeout=2s&watch=true"
        ]
    );
    assert_eq!(ran.output.matches("t2     ClusterIP").count(), 2);
}

const MY_SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: my-service
spec:
  ports:
  - port: 80
";

#[test]
fn apply_creates_what_is_missing_and_keeps_what_was_applied() {
    let ran = Fake::default()
        .stdin(MY_SERVICE)
        .answer(404, not_found("services", "my-service"))
        .answer(201, json!({"kind": "Service"}))
        .run("kubectl apply -f -");
    assert_eq!(ran.output, "service/my-service created\n");
    assert_eq!(ran.sent[0], "GET /api/v1/namespaces/default/services/my-service");
    let (url, body) = ran.sent[1].split_at(ran.sent[1].find('{').unwrap());
    assert_eq!(
        url.trim(),
        "POST /api/v1/namespaces/default/services?fieldManager=kubectl-client-side-apply&fieldValidation=Strict"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"],
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"annotations\":{},\"name\":\"my-service\",\
         \"namespace\":\"default\"},\"spec\":{\"ports\":[{\"port\":80}]}}\n"
    );
}

#[test]
fn apply_again_changes_nothing() {
    let applied = "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"annotations\":{},\"name\":\"my-service\",\
                   \"namespace\":\"default\"},\"spec\":{\"ports\":[{\"port\":80}]}}\n";
    let stored = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "my-service", "namespace": "default",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied}},
        "spec": {"ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}], "type": "ClusterIP"}});
    let ran = Fake::default().stdin(MY_SERVICE).answer(200, stored).run("kubectl apply -f -");
    assert_eq!(ran.output, "service/my-service unchanged\n");
    assert_eq!(ran.sent.len(), 1);
}

#[test]
fn apply_refuses_in_kubectls_words() {
    let check = |text: &str, expected: &str| {
        let ran = Fake::default().stdin(text).run("kubectl apply -f -");
        assert_eq!((ran.output.as_str(), ran.status), (expected, 1), "{text}");
    };
    check(
        "apiVersion: v1\nmetadata: {name: x}\n",
        "error: error validating \"STDIN\": error validating data: kind not set; if you choose to ignore these errors, \
         turn validation off with --validate=false\n",
    );
    check(
        "apiVersion: v2\nkind: Service\nmetadata: {name: x}\n",
        "error: resource mapping not found for name: \"x\" namespace: \"\" from \"STDIN\": no matches for kind \"Service\" \
         in version \"v2\"\nensure CRDs are installed first\n",
    );
    check(
        "apiVersion: v1\nkind: Service\nmetadata:\nname: my-service\nspec:\nselector:\napp: MyApp\n",
        "error: error when retrieving current configuration of:\nResource: \"/v1, Resource=services\", \
         GroupVersionKind: \"/v1, Kind=Service\"\nName: \"\", Namespace: \"default\"\nfrom server for: \"STDIN\": \
         resource name may not be empty\n",
    );
    let ran = Fake::default().run("kubectl apply -f nofile.yaml");
    assert_eq!(ran.output, "error: the path \"nofile.yaml\" does not exist\n");
    let ran = Fake::default().run("kubectl apply");
    assert_eq!(ran.output, "error: must specify one of -f and -k\n");
}

#[test]
fn create_prints_what_it_would_send() {
    let ran = Fake::default()
        .run("kubectl create deployment gen --image=nginx --replicas=2 --port=80 --dry-run=client -o yaml");
    let expected = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: gen
  name: gen
spec:
  replicas: 2
  selector:
    matchLabels:
      app: gen
  strategy: {}
  template:
    metadata:
      labels:
        app: gen
    spec:
      containers:
      - image: nginx
        name: nginx
        ports:
        - containerPort: 80
        resources: {}
status: {}
";
    assert_eq!(ran.output, expected);
    let ran = Fake::default().run("kubectl create service clusterip dry --tcp=80 --dry-run=client -o yaml");
    let expected = "\
apiVersion: v1
kind: Service
metadata:
  labels:
    app: dry
  name: dry
spec:
  ports:
  - name: \"80\"
    port: 80
    protocol: TCP
    targetPort: 80
  selector:
    app: dry
  type: ClusterIP
status:
  loadBalancer: {}
";
    assert_eq!(ran.output, expected);
}

#[test]
fn delete_asks_whether_it_is_gone() {
    let gone = json!({"kind": "Status", "status": "Success", "details": {"name": "trace", "kind": "services", "uid": "u"}});
    let ran = Fake::default()
        .answer(200, gone)
        .answer(404, not_found("services", "trace"))
        .run("kubectl delete svc trace");
    assert_eq!(
        ran.sent,
        [
            "DELETE /api/v1/namespaces/default/services/trace {\"propagationPolicy\":\"Background\"}",
            "GET /api/v1/namespaces/default/services/trace"
        ]
    );
    assert_eq!(ran.output, "service \"trace\" deleted from default namespace\n");
    let ran = Fake::default().run("kubectl delete svc");
    assert_eq!(ran.output, "error: resource(s) were provided, but no name was specified\n");
}
