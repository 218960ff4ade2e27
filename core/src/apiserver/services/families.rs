//! Which IP families a Service has: asked for, told by its addresses, or the cluster's default.
//!
//! Models: initIPFamilyFields in `pkg/registry/core/service/storage/alloc.go`.

use super::texts;
use crate::api::service::{HEADLESS, cluster_ips};
use crate::api::{FieldError, Object, tree};
use serde_json::{Value, json};
use std::net::IpAddr;

const POLICY: &str = "spec.ipFamilyPolicy";

/// Settles policy and families of a Service in a cluster of these families, the default one first.
pub(super) fn init(tree: &mut Value, old: Option<&Object>, cluster: &[&str]) -> Result<(), Vec<FieldError>> {
    if tree::str(tree, "spec.type") == "ExternalName" || old.is_some_and(|old| keeps_preference(tree, old)) {
        return Ok(());
    }
    let headless = tree::str(tree, "spec.clusterIP") == HEADLESS;
    let selectorless = tree::map(tree, "spec.selector").is_none_or(serde_json::Map::is_empty);
    if tree::str(tree, POLICY).is_empty() {
        let inherited = old.map(|old| old.str(POLICY)).filter(|policy| !policy.is_empty());
        let otherwise = if headless && selectorless { "RequireDualStack" } else { "SingleStack" };
        tree::set(tree, POLICY, inherited.unwrap_or(otherwise));
    }
    or_stop(cluster_ips::problems(tree))?;
    let policy = tree::str(tree, POLICY).to_string();
    let mut wrong = Vec::new();
    if let Some(old) = old {
        downgrade(tree, old, &policy, &mut wrong);
    }
    single_stack(tree, &policy, &mut wrong);
    infer(tree, cluster, &mut wrong);
    or_stop(wrong)?;
    if headless && selectorless {
        headless_families(tree, &policy, cluster);
        return Ok(());
    }
    let mut wrong = Vec::new();
    if policy == "RequireDualStack" && cluster.len() < 2 {
        let words = "this cluster is not configured for dual-stack services";
        wrong.push(FieldError::invalid(POLICY, &json!(policy), words));
    }
    for (i, family) in texts(tree, "spec.ipFamilies").iter().enumerate() {
        if !cluster.contains(&family.as_str()) {
            let path = format!("spec.ipFamilies[{i}]");
            wrong.push(FieldError::invalid(path, &json!(family), "not configured on this cluster"));
        }
    }
    or_stop(wrong)?;
    let mut families = texts(tree, "spec.ipFamilies");
    if families.is_empty() {
        families.extend(cluster.first().map(ToString::to_string));
    }
    if policy != "SingleStack" && families.len() == 1 {
        families.extend(cluster.iter().find(|f| **f != families[0]).map(ToString::to_string));
    }
    tree::set(tree, "spec.ipFamilies", families);
    Ok(())
}

fn or_stop(wrong: Vec<FieldError>) -> Result<(), Vec<FieldError>> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A Service that prefers two families and is otherwise left as it is never gains or loses one.
fn keeps_preference(tree: &Value, old: &Object) -> bool {
    let same = |path| old.get(path) == tree::get(tree, path);
    same("spec.type")
        && same(POLICY)
        && tree::str(tree, POLICY) == "PreferDualStack"
        && same("spec.clusterIPs")
        && same("spec.ipFamilies")
}

/// Going back to one family releases the second address, if that is what the policy says.
fn downgrade(tree: &mut Value, old: &Object, policy: &str, wrong: &mut Vec<FieldError>) {
    let lists = [("spec.clusterIPs", "cluster IP"), ("spec.ipFamilies", "IP family")];
    for (path, what) in lists {
        let (before, after) = (old.list(path), tree::list(tree, path).to_vec());
        if policy == "SingleStack" {
            if after.len() == 2 && before == after.as_slice() {
                tree::set(tree, path, after.into_iter().take(1).collect::<Vec<_>>());
            }
        } else if before.len() == 2 && after.len() == 1 && old.str("spec.type") != "ExternalName" {
            let words = format!("must be 'SingleStack' to release the secondary {what}");
            wrong.push(FieldError::invalid(POLICY, &json!(policy), words));
        }
    }
}

fn single_stack(tree: &Value, policy: &str, wrong: &mut Vec<FieldError>) {
    if policy != "SingleStack" {
        return;
    }
    for (path, what) in
        [("spec.clusterIPs", "cluster IPs are specified"), ("spec.ipFamilies", "IP families are specified")]
    {
        if tree::list(tree, path).len() == 2 {
            let words = format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what}");
            wrong.push(FieldError::invalid(POLICY, &json!(policy), words));
        }
    }
}

/// Addresses tell families.
fn infer(tree: &mut Value, cluster: &[&str], wrong: &mut Vec<FieldError>) {
    let mut families = texts(tree, "spec.ipFamilies");
    for (i, ip) in texts(tree, "spec.clusterIPs").iter().enumerate().skip(families.len()) {
        let Ok(address) = ip.parse::<IpAddr>() else { continue };
        let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
        if cluster.contains(&family) {
            families.push(family.into());
        } else {
            let words = format!("{family} is not configured on this cluster");
            wrong.push(FieldError::invalid(format!("spec.clusterIPs[{i}]"), &json!(ip), words));
        }
    }
    if !families.is_empty() {
        tree::set(tree, "spec.ipFamilies", families);
    }
}

/// Without addresses and without pods to follow, a Service takes any family, whatever the cluster has.
fn headless_families(tree: &mut Value, policy: &str, cluster: &[&str]) {
    let mut families = texts(tree, "spec.ipFamilies");
    if families.is_empty() {
        families.extend(cluster.first().map(ToString::to_string));
    }
    if policy != "SingleStack" && families.len() == 1 {
        let other = if families.iter().any(|f| f == "IPv4") { "IPv6" } else { "IPv4" };
        families.push(other.into());
    }
    tree::set(tree, "spec.ipFamilies", families);
}
