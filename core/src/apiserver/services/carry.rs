//! What carries over when a Service is changed, so that YAML without the fields that the server filled in can be applied
//! again, and what goes when its type changes.
//!
//! Models: patchAllocatedValues, normalizeClusterIPs and dropTypeDependentFields of `pkg/registry/core/service`.

use super::node_ports::draws_node_ports;
use crate::api::{Object, tree};
use crate::base::FlatSet;
use serde_json::{Value, json};

/// `clusterIP` alone names the list too.
pub(super) fn normalise_new(tree: &mut Value) {
    let ip = tree::str(tree, "spec.clusterIP").to_string();
    if !ip.is_empty() && tree::list(tree, "spec.clusterIPs").is_empty() {
        tree::set(tree, "spec.clusterIPs", json!([ip]));
    }
}

/// Whichever of `clusterIP` and `clusterIPs` was changed speaks for both.
pub(super) fn normalise_changed(old: &Object, tree: &mut Value) {
    let list = tree::get(tree, "spec.clusterIPs").cloned().unwrap_or(json!([]));
    let old_list = old.get("spec.clusterIPs").cloned().unwrap_or(json!([]));
    let ip = tree::str(tree, "spec.clusterIP").to_string();
    let same_ip = ip == old.str("spec.clusterIP");
    if list == json!([]) && same_ip {
        if old_list != json!([]) {
            tree::set(tree, "spec.clusterIPs", old_list);
        }
    } else if !same_ip && list == old_list {
        if ip.is_empty() {
            tree::remove(tree, "spec.clusterIP");
            tree::remove(tree, "spec.clusterIPs");
        } else {
            tree::set(tree, "spec.clusterIPs", json!([ip]));
        }
    }
}

/// Fills in what was allocated before and is left out now.
pub(super) fn patch_allocated(old: &Object, tree: &mut Value) {
    let needs_ip = |kind: &str| matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer");
    if needs_ip(old.str("spec.type")) && needs_ip(tree::str(tree, "spec.type")) {
        if tree::str(tree, "spec.clusterIP").is_empty() {
            copy(old, tree, "spec.clusterIP");
        }
        let ip = tree::str(tree, "spec.clusterIP").to_string();
        if tree::list(tree, "spec.clusterIPs").is_empty() && ip == old.str("spec.clusterIP") {
            copy(old, tree, "spec.clusterIPs");
        }
    }
    if draws_node_ports(old.tree()) && draws_node_ports(tree) {
        patch_node_ports(old, tree);
    }
    let checked = |t: &Value| {
        tree::str(t, "spec.type") == "LoadBalancer" && tree::str(t, "spec.externalTrafficPolicy") == "Local"
    };
    if checked(old.tree()) && checked(tree) && tree::int(tree, "spec.healthCheckNodePort").unwrap_or(0) == 0 {
        copy(old, tree, "spec.healthCheckNodePort");
    }
}

fn patch_node_ports(old: &Object, tree: &mut Value) {
    let used: FlatSet<i64> =
        tree::list(tree, "spec.ports").iter().filter_map(|p| tree::int(p, "nodePort")).collect();
    for port in tree::list_mut(tree, "spec.ports") {
        if tree::int(port, "nodePort").unwrap_or(0) != 0 {
            continue;
        }
        let mut olds = old.list("spec.ports").iter();
        let same = olds.find(|p| tree::str(p, "name") == tree::str(port, "name"));
        let number = same.and_then(|p| tree::int(p, "nodePort")).unwrap_or(0);
        if number != 0 && !used.contains(&number) {
            tree::set(port, "nodePort", number);
        }
    }
}

/// Drops what the new type does not have, unless it was set on purpose, which validation then refuses.
pub(super) fn drop_type_dependent(old: &Object, tree: &mut Value) {
    let (was, is) = (old.str("spec.type").to_string(), tree::str(tree, "spec.type").to_string());
    if was != "ExternalName" && is == "ExternalName" {
        let ips = ["spec.clusterIP", "spec.clusterIPs"];
        if ips.iter().all(|path| same(old, tree, path)) {
            for path in ips {
                tree::remove(tree, path);
            }
        }
        for path in ["spec.ipFamilies", "spec.ipFamilyPolicy"] {
            drop_if_same(old, tree, path);
        }
    }
    let had_ports = draws_node_ports(old.tree());
    if had_ports && matches!(is.as_str(), "ClusterIP" | "ExternalName") {
        drop_node_ports(old, tree);
    }
    if was == "LoadBalancer" && is != "LoadBalancer" {
        drop_if_same(old, tree, "spec.allocateLoadBalancerNodePorts");
        drop_if_same(old, tree, "spec.loadBalancerClass");
    }
    let external = |kind: &str, t: &Value| {
        matches!(kind, "NodePort" | "LoadBalancer")
            || kind == "ClusterIP" && !tree::list(t, "spec.externalIPs").is_empty()
    };
    if external(&was, old.tree()) && !external(&is, tree) {
        drop_if_same(old, tree, "spec.externalTrafficPolicy");
    }
    let checked = |kind: &str, t: &Value| {
        kind == "LoadBalancer" && tree::str(t, "spec.externalTrafficPolicy") == "Local"
    };
    if checked(&was, old.tree()) && !checked(&is, tree) {
        drop_if_same(old, tree, "spec.healthCheckNodePort");
    }
    if is == "ExternalName" {
        // It is not defaulted for this type, and what was defaulted for another stays only if it was changed.
        drop_if_same(old, tree, "spec.internalTrafficPolicy");
    }
    if was == "LoadBalancer" && is != "LoadBalancer" {
        tree::set(tree, "status", json!({ "loadBalancer": {} }));
    }
}

fn drop_node_ports(old: &Object, tree: &mut Value) {
    let number = |port: &Value| tree::int(port, "nodePort").unwrap_or(0);
    let olds: Vec<i64> = old.list("spec.ports").iter().map(number).collect();
    // A number that was changed too was meant, and stays to be refused.
    let meant = |(i, port): (usize, &Value)| number(port) != 0 && olds.get(i) != Some(&number(port));
    if tree::list(tree, "spec.ports").iter().enumerate().any(meant) {
        return;
    }
    for port in tree::list_mut(tree, "spec.ports") {
        tree::remove(port, "nodePort");
    }
}

fn same(old: &Object, tree: &Value, path: &str) -> bool {
    old.get(path) == tree::get(tree, path)
}

fn drop_if_same(old: &Object, tree: &mut Value, path: &str) {
    if same(old, tree, path) {
        tree::remove(tree, path);
    }
}

fn copy(old: &Object, tree: &mut Value, path: &str) {
    if let Some(value) = old.get(path) {
        tree::set(tree, path, value.clone());
    }
}
