//! The page of a Deployment. Models: kubectl `pkg/describe/describe.go` describeDeployment.

use super::page::{Page, plain, rfc1123, selector};
use super::{Subject, events, template};
use crate::api::{replica_set, tree};
use crate::base::order;
use crate::shell::kubectl::client;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes it.
pub fn deployment(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    let number = |path| tree::int(tree, path).unwrap_or(0);
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.field(0, "CreationTimestamp", &rfc1123(subject.str("metadata.creationTimestamp")));
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.field(0, "Selector", &selector(tree::get(tree, "spec.selector")));
    let replicas = format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number("spec.replicas"),
        number("status.updatedReplicas"),
        number("status.replicas"),
        number("status.availableReplicas"),
        number("status.unavailableReplicas")
    );
    page.field(0, "Replicas", &replicas);
    page.field(0, "StrategyType", subject.str("spec.strategy.type"));
    page.field(0, "MinReadySeconds", &number("spec.minReadySeconds").to_string());
    if let Some(rolling) = tree::get(tree, "spec.strategy.rollingUpdate") {
        let part = |field: &str| rolling.get(field).map(plain).unwrap_or_default();
        let text = format!("{} max unavailable, {} max surge", part("maxUnavailable"), part("maxSurge"));
        page.field(0, "RollingUpdateStrategy", &text);
    }
    template::template(page, tree::get(tree, "spec.template"));
    conditions(page, tree);
    replica_sets(io, subject, page)?;
    events::events(io, subject, page)
}

/// The conditions with their reasons.
pub fn conditions(page: &mut Page, tree: &Value) {
    let conditions = tree::list(tree, "status.conditions");
    if conditions.is_empty() {
        return;
    }
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus\tReason");
    page.line(1, "----\t------\t------");
    for condition in conditions {
        let text = |path| tree::str(condition, path);
        page.line(1, &format!("{} \t{}\t{}", text("type"), text("status"), text("reason")));
    }
}

fn replica_sets(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let path = client::path(&replica_set::REPLICA_SET, subject.namespace(), "");
    let labels = selector(tree::get(&subject.tree, "spec.selector"));
    let answer = io.http(client::get(&path, &[("labelSelector", labels.as_str())], client::TYPED))?;
    let mut own: Vec<&Value> =
        tree::list(&answer.json, "items").iter().filter(|item| owns(subject, item)).collect();
    order::sort_by_key(&mut own, |item| {
        (
            tree::str(item, "metadata.creationTimestamp").to_string(),
            tree::str(item, "metadata.name").to_string(),
        )
    });
    let wanted = tree::get(&subject.tree, "spec.template").cloned().unwrap_or_default();
    let new = own.iter().position(|item| without_hash(item) == wanted);
    let newest = new.map(|at| own.remove(at));
    let old: Vec<String> = own.into_iter().map(created).collect();
    page.field(
        0,
        "OldReplicaSets",
        if old.is_empty() { "<none>".to_string() } else { old.join(", ") }.as_str(),
    );
    page.field(0, "NewReplicaSet", &newest.map_or("<none>".to_string(), created));
    Ok(())
}

fn owns(subject: &Subject, item: &Value) -> bool {
    tree::list(item, "metadata.ownerReferences").iter().any(|owner| tree::str(owner, "uid") == subject.uid())
}

fn without_hash(replica_set: &Value) -> Value {
    let mut template = tree::get(replica_set, "spec.template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    template
}

fn created(replica_set: &Value) -> String {
    let number = |path| tree::int(replica_set, path).unwrap_or(0);
    let name = tree::str(replica_set, "metadata.name");
    format!("{name} ({}/{} replicas created)", number("status.replicas"), number("spec.replicas"))
}
