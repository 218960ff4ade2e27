//! The pages of ReplicaSets and StatefulSets: what runs pods. Models: kubectl `pkg/describe/describe.go`.

use super::page::{Page, rfc1123, selector};
use super::{Subject, deployment, events, template};
use crate::api::{pod, tree};
use crate::shell::kubectl::client;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes a ReplicaSet's.
pub fn replica_set(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    let number = |path| tree::int(tree, path).unwrap_or(0);
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.field(0, "Selector", &selector(tree::get(tree, "spec.selector")));
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    controlled_by(page, tree);
    let (current, desired) = (number("status.replicas"), number("spec.replicas"));
    page.field(0, "Replicas", &format!("{current} current / {desired} desired"));
    let pods = pods(io, subject)?;
    page.field(0, "Pods Status", &pods);
    template::template(page, tree::get(tree, "spec.template"));
    deployment::conditions(page, tree);
    events::events(io, subject, page)
}

/// Writes a StatefulSet's.
pub fn stateful_set(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    let number = |path| tree::int(tree, path).unwrap_or(0);
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.field(0, "CreationTimestamp", &rfc1123(subject.str("metadata.creationTimestamp")));
    page.field(0, "Selector", &selector(tree::get(tree, "spec.selector")));
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    let (desired, total) = (number("spec.replicas"), number("status.replicas"));
    page.field(0, "Replicas", &format!("{desired} desired | {total} total"));
    page.field(0, "Update Strategy", subject.str("spec.updateStrategy.type"));
    if tree::get(tree, "spec.updateStrategy.rollingUpdate").is_some() {
        page.field(1, "Partition", &number("spec.updateStrategy.rollingUpdate.partition").to_string());
    }
    let pods = pods(io, subject)?;
    page.field(0, "Pods Status", &pods);
    template::template(page, tree::get(tree, "spec.template"));
    page.field(0, "Volume Claims", "<none>");
    events::events(io, subject, page)
}

/// Who controls an object, if anyone does.
pub fn controlled_by(page: &mut Page, tree: &Value) {
    let owners = tree::list(tree, "metadata.ownerReferences");
    if let Some(owner) = owners.iter().find(|owner| tree::bool(owner, "controller") == Some(true)) {
        page.field(0, "Controlled By", &format!("{}/{}", tree::str(owner, "kind"), tree::str(owner, "name")));
    }
}

/// How many of the object's pods are in which phase.
fn pods(io: &mut Io<'_, '_, '_>, subject: &Subject) -> Asked<String> {
    let labels = selector(tree::get(&subject.tree, "spec.selector"));
    let path = client::path(&pod::POD, subject.namespace(), "");
    let answer = io.http(client::get(&path, &[("labelSelector", labels.as_str())], client::TYPED))?;
    let is_own = |item: &&Value| {
        let owners = tree::list(item, "metadata.ownerReferences");
        owners.iter().any(|owner| tree::str(owner, "uid") == subject.uid())
    };
    let own: Vec<&Value> = tree::list(&answer.json, "items").iter().filter(is_own).collect();
    let count = |phase: &str| own.iter().filter(|item| tree::str(item, "status.phase") == phase).count();
    Ok(format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    ))
}
