//! The pods of a StatefulSet: their ordinals, names and labels.
//!
//! Models: `pkg/controller/statefulset/stateful_set_utils.go`. Omits: volume claims are named but not made.

use crate::api::{Object, tree};
use crate::control::replica_set::pod_of_template;
use crate::control::revisions;
use serde_json::{Value, json};

/// The ordinal of a pod in its set; `None` when its name is not one of the set's.
pub fn ordinal_of(set: &Object, pod: &Object) -> Option<i64> {
    pod.name().strip_prefix(set.name())?.strip_prefix('-')?.parse().ok()
}

/// The revision that a pod was made of.
pub fn revision_of(pod: &Object) -> &str {
    pod.label(revisions::LABEL).unwrap_or_default()
}

/// A new pod of a revision, with the identity that its ordinal gives it.
pub fn make(set: &Object, revision: &Object, ordinal: i64) -> Object {
    let name = format!("{}-{ordinal}", set.name());
    let mut template = revisions::template(revision);
    tree::default(&mut template, "metadata.labels", json!({}));
    if let Some(labels) = template.pointer_mut("/metadata/labels") {
        labels["statefulset.kubernetes.io/pod-name"] = name.as_str().into();
        labels["apps.kubernetes.io/pod-index"] = ordinal.to_string().into();
        labels[revisions::LABEL] = revision.name().into();
    }
    tree::set(&mut template, "spec.hostname", name.as_str());
    if !set.str("spec.serviceName").is_empty() {
        tree::set(&mut template, "spec.subdomain", set.str("spec.serviceName"));
    }
    claims(set, &name, &mut template);
    let named = json!({ "name": name, "generateName": format!("{}-", set.name()) });
    pod_of_template(set, Some(&template), &named)
}

/// The volumes that claim what the set's claim templates ask for.
fn claims(set: &Object, pod: &str, template: &mut Value) {
    let names = set.list("spec.volumeClaimTemplates").iter().map(|claim| tree::str(claim, "metadata.name"));
    let volume = |name: &str| json!({ "name": name, "persistentVolumeClaim": { "claimName": format!("{name}-{pod}") } });
    let claimed: Vec<Value> = names.map(volume).collect();
    if claimed.is_empty() {
        return;
    }
    let mut volumes = tree::list(template, "spec.volumes").to_vec();
    volumes
        .retain(|volume| claimed.iter().all(|claim| tree::str(claim, "name") != tree::str(volume, "name")));
    volumes.splice(0..0, claimed);
    tree::set(template, "spec.volumes", volumes);
}
