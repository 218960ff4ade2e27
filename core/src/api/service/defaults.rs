//! What the API server fills into Services. Addresses and ports from its pools come from the allocators, not from here.
//!
//! Models: `pkg/apis/core/v1/defaults.go` SetDefaults_Service.

use crate::api::tree;
use serde_json::{Value, json};

/// The defaults of a Service.
pub fn defaults(service: &mut Value) {
    if !service.get("spec").is_some_and(Value::is_object) {
        tree::set(service, "spec", json!({}));
    }
    let Some(spec) = service.get_mut("spec") else { return };
    default_text(spec, "type", "ClusterIP");
    default_text(spec, "sessionAffinity", "None");
    affinity(spec);
    // An empty selector is no selector.
    if tree::map(spec, "selector").is_some_and(serde_json::Map::is_empty) {
        tree::remove(spec, "selector");
    }
    for port in tree::list_mut(spec, "ports") {
        self::port(port);
    }
    let kind = tree::str(spec, "type").to_string();
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || kind == "ClusterIP" && !tree::list(spec, "externalIPs").is_empty();
    if external {
        default_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "ClusterIP" | "NodePort" | "LoadBalancer") {
        default_text(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        tree::default(spec, "allocateLoadBalancerNodePorts", true);
        for ingress in tree::list_mut(service, "status.loadBalancer.ingress") {
            if !tree::str(ingress, "ip").is_empty() {
                tree::default(ingress, "ipMode", "VIP");
            }
        }
    }
}

/// The status of a new Service.
pub fn prepare(service: &mut Value) {
    tree::set(service, "status", json!({ "loadBalancer": {} }));
}

fn affinity(spec: &mut Value) {
    const TIMEOUT: &str = "sessionAffinityConfig.clientIP.timeoutSeconds";
    match tree::str(spec, "sessionAffinity") {
        "None" => drop(tree::remove(spec, "sessionAffinityConfig")),
        "ClientIP" if tree::int(spec, TIMEOUT).is_none() => {
            tree::set(spec, "sessionAffinityConfig", json!({ "clientIP": { "timeoutSeconds": 10_800 } }));
        }
        _ => {}
    }
}

fn port(port: &mut Value) {
    default_text(port, "protocol", "TCP");
    let unset = match port.get("targetPort") {
        None | Some(Value::Null) => true,
        Some(target) => target.as_i64() == Some(0) || target.as_str() == Some(""),
    };
    if unset {
        let number = tree::int(port, "port").unwrap_or(0);
        tree::set(port, "targetPort", number);
    }
    // What Go leaves out when it writes the object: empty names and node ports that are 0.
    if port.get("name").and_then(Value::as_str) == Some("") {
        tree::remove(port, "name");
    }
    if tree::int(port, "nodePort") == Some(0) {
        tree::remove(port, "nodePort");
    }
}

fn default_text(tree: &mut Value, field: &str, value: &str) {
    if tree::get(tree, field).is_none_or(|v| v.as_str() == Some("")) {
        tree::set(tree, field, value);
    }
}
