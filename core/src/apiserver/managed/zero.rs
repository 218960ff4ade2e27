//! What an object of a kind holds before anybody has set anything: the parts that upstream's types always have. They are
//! not of those who fill them.
//!
//! Models: the zero values of k8s.io/api `types.go`, as far as they are not left out when they are written.

use crate::api::Kind;
use serde_json::{Value, json};

/// An object of a kind in which nothing is set.
pub fn object(kind: &Kind) -> Value {
    let template = || json!({ "metadata": {}, "spec": { "containers": null } });
    match (kind.group, kind.kind) {
        ("", "Service") => json!({ "metadata": {}, "spec": {}, "status": { "loadBalancer": {} } }),
        ("", "Pod") => json!({ "metadata": {}, "spec": { "containers": null }, "status": {} }),
        ("", "Node") => {
            json!({ "metadata": {}, "spec": {}, "status": { "daemonEndpoints": {}, "nodeInfo": {} } })
        }
        ("", "Namespace") => json!({ "metadata": {}, "spec": {}, "status": {} }),
        ("", "Event") => json!({
            "metadata": {}, "involvedObject": {}, "source": {}, "firstTimestamp": null, "lastTimestamp": null,
            "eventTime": null, "reportingComponent": "", "reportingInstance": "",
        }),
        ("apps", "Deployment") => json!({
            "metadata": {}, "spec": { "selector": null, "strategy": {}, "template": template() }, "status": {},
        }),
        ("apps", "ReplicaSet") => json!({
            "metadata": {}, "spec": { "selector": null, "template": template() }, "status": { "replicas": 0 },
        }),
        ("apps", "StatefulSet") => json!({
            "metadata": {},
            "spec": { "selector": null, "serviceName": "", "template": template(), "updateStrategy": {} },
            "status": { "availableReplicas": 0, "replicas": 0 },
        }),
        ("coordination.k8s.io", "Lease") => json!({ "metadata": {}, "spec": {} }),
        ("discovery.k8s.io", "EndpointSlice") => {
            json!({ "metadata": {}, "addressType": "", "endpoints": null, "ports": null })
        }
        _ => json!({ "metadata": {} }),
    }
}
