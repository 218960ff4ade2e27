//! A node makes itself known: its Node object, its status, and the lease that says that it lives.
//!
//! Models: `pkg/kubelet/kubelet_node_status.go`, `nodestatus/setters.go`, `component-helpers/apimachinery/lease`.

use super::kubelet::{AGENT, Asked, Kubelet};
use crate::api::request::PatchType;
use crate::api::{Object, Request, Response, Status, lease::LEASE, node, node::NODE, tree};
use crate::base::{Duration, ObjectRef};
use crate::effect::{KubeletWake, Out};
use serde_json::{Value, json};

/// How often the lease is renewed and the status looked at.
const PERIOD: Duration = Duration::secs(10);
/// How often an unchanged status is posted.
const REPORT: Duration = Duration::secs(300);
/// How long the lease holds.
const LEASE_SECONDS: u64 = 40;

/// Renews the lease, and registers the node or posts its status when that is due.
pub fn heartbeat(kubelet: &mut Kubelet, out: &mut Out<'_>) {
    kubelet.on_timer(out);
    kubelet.timer(PERIOD, KubeletWake::Heartbeat, out);
    if kubelet.is_stopped() {
        return;
    }
    if kubelet.ready_since.is_none() {
        kubelet.ready_since = Some(out.now);
        kubelet.call(Asked::Node, Request::create(AGENT, registration(kubelet, out)), out);
        kubelet.call(Asked::Lease, Request::create(AGENT, lease(kubelet, out)), out);
        return;
    }
    let renew = json!({ "spec": { "renewTime": out.now.rfc3339_micro() } });
    let key = ObjectRef::new("Lease", "kube-node-lease", &kubelet.config.name);
    kubelet.call(Asked::Lease, Request::patch(AGENT, &LEASE, &key, PatchType::Merge, renew), out);
    let known = kubelet.cache.get("Node", "", &kubelet.config.name);
    let ready = known.and_then(|node| {
        node.list("status.conditions").iter().find(|condition| tree::str(condition, "type") == "Ready")
    });
    let is_ready = ready.is_some_and(|ready| tree::str(ready, "status") == "True");
    let beat =
        ready.and_then(|ready| crate::base::Instant::from_rfc3339(tree::str(ready, "lastHeartbeatTime")));
    if known.is_some() && (!is_ready || beat.is_none_or(|beat| out.now.since(beat) >= REPORT)) {
        if !is_ready {
            kubelet.ready_since = Some(out.now);
        }
        post_status(kubelet, out);
    }
}

/// What came of it: a node that is there already gets its status posted.
pub fn answered(kubelet: &mut Kubelet, asked: &Asked, result: &Result<Response, Status>, out: &mut Out<'_>) {
    match (asked, result) {
        (Asked::Node, Err(status)) if status.reason == "AlreadyExists" => post_status(kubelet, out),
        (Asked::Lease, Err(status)) if status.code == 404 && status.name == kubelet.config.name => {
            kubelet.call(Asked::Nothing, Request::create(AGENT, lease(kubelet, out)), out);
        }
        _ => {}
    }
}

fn post_status(kubelet: &mut Kubelet, out: &mut Out<'_>) {
    let key = ObjectRef::new("Node", "", &kubelet.config.name);
    let patch = json!({ "status": status(kubelet, out) });
    let request = Request::patch(AGENT, &NODE, &key, PatchType::Merge, patch);
    kubelet.call(Asked::Nothing, Request { subresource: "status", ..request }, out);
}

fn registration(kubelet: &Kubelet, out: &Out<'_>) -> Object {
    let config = &kubelet.config;
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": &*config.name, "kubernetes.io/os": "linux",
    });
    if !config.zone.is_empty() {
        labels[node::ZONE_LABEL] = (*config.zone).into();
    }
    for (key, value) in &config.labels {
        labels[&**key] = (**value).into();
    }
    let cidr = config.pod_cidr.to_string();
    let cidrs: Vec<String> =
        std::iter::once(cidr.clone()).chain(config.other.map(|(_, pods)| pods.to_string())).collect();
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": &*config.name, "labels": labels,
            "annotations": { "node.alpha.kubernetes.io/ttl": "0" } },
        "spec": { "podCIDR": cidr, "podCIDRs": cidrs },
        "status": status(kubelet, out),
    });
    Object::new(&NODE, node)
}

fn status(kubelet: &Kubelet, out: &Out<'_>) -> Value {
    let config = &kubelet.config;
    let since = kubelet.ready_since.unwrap_or(out.now).rfc3339();
    let now = out.now.rfc3339();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": since })
    };
    let room = json!({
        "cpu": &*config.cpu, "memory": &*config.memory, "pods": config.max_pods.to_string(),
    });
    let ips = std::iter::once(config.ip).chain(config.other.map(|(ip, _)| ip));
    let mut addresses: Vec<Value> =
        ips.map(|ip| json!({ "type": "InternalIP", "address": ip.to_string() })).collect();
    addresses.push(json!({ "type": "Hostname", "address": &*config.name }));
    json!({
        "addresses": addresses,
        "allocatable": room, "capacity": room,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        "nodeInfo": {
            "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.1.0",
            "kernelVersion": "6.6.0", "kubeProxyVersion": "", "kubeletVersion": "v1.35.6", "machineID": "",
            "operatingSystem": "linux", "osImage": "Tidepool", "systemUUID": "",
        },
    })
}

fn lease(kubelet: &Kubelet, out: &Out<'_>) -> Object {
    let name = &*kubelet.config.name;
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": { "name": name, "namespace": "kube-node-lease" },
        "spec": { "holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": out.now.rfc3339_micro() },
    });
    Object::new(&LEASE, lease)
}
