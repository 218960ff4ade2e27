//! What the API server fills into pods and pod templates.
//!
//! Models: `pkg/apis/core/v1/defaults.go` and `pkg/registry/core/pod/strategy.go`. Omits: affinity, spread constraints,
//! ephemeral containers and volumes other than emptyDir, configMap, secret, hostPath, projected and downwardAPI.

use crate::api::tree;
use serde_json::{Value, json};

/// The defaults of a pod.
pub fn pod(pod: &mut Value) {
    let Some(spec) = pod.get_mut("spec").filter(|s| s.is_object()) else { return };
    // Only pods, not templates: requests are the limits where they are not given, and links are on.
    for list in ["initContainers", "containers"] {
        tree::list_mut(spec, list).for_each(requests_from_limits);
    }
    tree::default(spec, "enableServiceLinks", true);
    self::spec(spec);
}

/// The defaults of a pod template, given the object that holds it at `spec.template`.
pub fn template(owner: &mut Value) {
    if let Some(spec) = owner.pointer_mut("/spec/template/spec").filter(|s| s.is_object()) {
        self::spec(spec);
    }
}

/// The status of a new pod.
pub fn prepare(pod: &mut Value) {
    let qos = qos_class(pod);
    tree::set(pod, "status", json!({ "phase": "Pending", "qosClass": qos }));
}

fn spec(spec: &mut Value) {
    for (field, value) in [
        ("dnsPolicy", json!("ClusterFirst")),
        ("restartPolicy", json!("Always")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("terminationGracePeriodSeconds", json!(30)),
    ] {
        tree::default(spec, field, value);
    }
    for (from, to) in [("serviceAccountName", "serviceAccount"), ("serviceAccount", "serviceAccountName")] {
        let account = tree::str(spec, from).to_string();
        if !account.is_empty() {
            tree::default(spec, to, account);
        }
    }
    let host_network = tree::bool(spec, "hostNetwork") == Some(true);
    for list in ["initContainers", "containers"] {
        tree::list_mut(spec, list).for_each(|container| self::container(container, host_network));
    }
    tree::list_mut(spec, "volumes").for_each(volume);
}

fn container(container: &mut Value, host_network: bool) {
    let pull = pull_policy(tree::str(container, "image"));
    for (field, value) in [
        ("imagePullPolicy", json!(pull)),
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
    ] {
        tree::default(container, field, value);
    }
    for port in tree::list_mut(container, "ports") {
        tree::default(port, "protocol", "TCP");
        if host_network && let Some(number) = tree::int(port, "containerPort") {
            tree::default(port, "hostPort", number);
        }
    }
    for env in tree::list_mut(container, "env") {
        if tree::get(env, "valueFrom.fieldRef").is_some() {
            tree::default(env, "valueFrom.fieldRef.apiVersion", "v1");
        }
        if tree::get(env, "valueFrom.resourceFieldRef").is_some() {
            tree::default(env, "valueFrom.resourceFieldRef.divisor", "0");
        }
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(field).filter(|p| p.is_object()) {
            self::probe(probe);
        }
    }
    for field in ["postStart", "preStop"] {
        if let Some(get) = container.pointer_mut(&format!("/lifecycle/{field}/httpGet")) {
            http_get(get);
        }
    }
}

fn probe(probe: &mut Value) {
    for (field, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        if tree::int(probe, field).unwrap_or(0) == 0 {
            tree::set(probe, field, value);
        }
    }
    if let Some(get) = probe.get_mut("httpGet") {
        http_get(get);
    }
    if probe.get("grpc").is_some() {
        tree::default(probe, "grpc.service", "");
    }
}

fn http_get(get: &mut Value) {
    for (field, value) in [("path", "/"), ("scheme", "HTTP")] {
        if tree::str(get, field).is_empty() {
            tree::set(get, field, value);
        }
    }
}

fn volume(volume: &mut Value) {
    if volume.as_object().is_some_and(|v| v.len() == 1 && v.contains_key("name")) {
        tree::set(volume, "emptyDir", json!({}));
    }
    for field in ["configMap", "secret", "projected", "downwardAPI"] {
        if let Some(source) = volume.get_mut(field).filter(|s| s.is_object()) {
            tree::default(source, "defaultMode", 0o644);
        }
    }
    if let Some(path) = volume.get_mut("hostPath").filter(|s| s.is_object()) {
        tree::default(path, "type", "");
    }
}

/// `Always` for images without a tag or with `:latest`, else `IfNotPresent`.
fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or_default();
    let pinned = last.contains('@') || last.split_once(':').is_some_and(|(_, tag)| tag != "latest");
    if pinned { "IfNotPresent" } else { "Always" }
}

fn requests_from_limits(container: &mut Value) {
    let limits = tree::map(container, "resources.limits").cloned().unwrap_or_default();
    for (resource, amount) in limits {
        let has = tree::map(container, "resources.requests").is_some_and(|r| r.contains_key(&resource));
        if !has {
            if tree::map(container, "resources.requests").is_none() {
                tree::set(container, "resources.requests", json!({}));
            }
            if let Some(requests) =
                container.pointer_mut("/resources/requests").and_then(Value::as_object_mut)
            {
                requests.insert(resource, amount);
            }
        }
    }
}

/// `Guaranteed` when every container's cpu and memory are limited to what they request, `BestEffort` when none says
/// anything about them, else `Burstable`.
fn qos_class(pod: &Value) -> &'static str {
    let lists = ["spec.initContainers", "spec.containers"];
    let containers = || lists.iter().flat_map(|path| tree::list(pod, path));
    let amount = |c: &Value, what: &str, of: &str| tree::map(c, what).and_then(|m| m.get(of)).cloned();
    let says = |c: &Value| {
        let fields = [("resources.requests", "cpu"), ("resources.requests", "memory")];
        let limits = [("resources.limits", "cpu"), ("resources.limits", "memory")];
        fields.iter().chain(&limits).any(|(what, of)| amount(c, what, of).is_some())
    };
    let guaranteed = |c: &Value| {
        ["cpu", "memory"].iter().all(|of| {
            let limit = amount(c, "resources.limits", of);
            limit.is_some() && limit == amount(c, "resources.requests", of)
        })
    };
    if !containers().any(says) {
        "BestEffort"
    } else if containers().all(guaranteed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
