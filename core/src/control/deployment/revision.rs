//! Annotations by which revisions and sizes are remembered on Deployments and ReplicaSets.
//!
//! Models: `pkg/controller/deployment/util/deployment_util.go`.

use super::scaling::Numbers;
use crate::api::{Object, tree};
use serde_json::{Value, json};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const ROLLBACK: &str = "deprecated.deployment.rollback.to";
/// Annotations of a Deployment that its ReplicaSets do not inherit.
const NOT_COPIED: [&str; 6] = [LAST_APPLIED, REVISION, HISTORY, DESIRED, MAX, ROLLBACK];

/// The revision of a Deployment or ReplicaSet; 0 when it has none.
pub fn of(object: &Object) -> i64 {
    object.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The newest revision among ReplicaSets.
pub fn newest<'a>(sets: impl Iterator<Item = &'a Object>) -> i64 {
    sets.map(of).max().unwrap_or(0)
}

/// Writes a revision into an object's tree.
pub fn set(object: &mut Value, revision: i64) {
    annotation(object, REVISION, revision.to_string());
}

/// The `replicas` for which a ReplicaSet was sized.
pub fn desired_replicas(set: &Object) -> Option<i64> {
    set.annotation(DESIRED)?.parse().ok()
}

/// The most pods that there could be when a ReplicaSet was sized.
pub fn max_replicas(set: &Object) -> Option<i64> {
    set.annotation(MAX)?.parse().ok()
}

/// Whether a ReplicaSet was sized for other numbers.
pub fn sizes_differ(set: &Object, numbers: &Numbers) -> bool {
    desired_replicas(set) != Some(numbers.replicas) || max_replicas(set) != Some(numbers.most())
}

/// Writes the numbers for which a ReplicaSet is sized.
pub fn set_sizes(set: &mut Value, numbers: &Numbers) {
    annotation(set, DESIRED, numbers.replicas.to_string());
    annotation(set, MAX, numbers.most().to_string());
}

/// The new ReplicaSet with the Deployment's annotations, `minReadySeconds` and revision; `None` when it has them.
pub fn annotate(deployment: &Object, set: &Object, revision: i64) -> Option<Object> {
    let changed = set.edit(|tree| {
        copy_annotations(deployment, tree);
        let old = of(set);
        if old < revision {
            self::set(tree, revision);
            if old > 0 {
                let history = set.annotation(HISTORY).map_or(String::new(), |history| format!("{history},"));
                annotation(tree, HISTORY, format!("{history}{old}"));
            }
        }
        let min_ready = deployment.int("spec.minReadySeconds").unwrap_or(0);
        if min_ready != set.int("spec.minReadySeconds").unwrap_or(0) {
            tree::set(tree, "spec.minReadySeconds", min_ready);
        }
    });
    (changed != *set).then_some(changed)
}

/// Copies the annotations that ReplicaSets inherit.
pub fn copy_annotations(deployment: &Object, set: &mut Value) {
    let Some(annotations) = deployment.get("metadata.annotations").and_then(Value::as_object) else { return };
    for (key, value) in annotations.iter().filter(|(key, _)| !NOT_COPIED.contains(&key.as_str())) {
        annotation(set, key, value.clone());
    }
}

fn annotation(object: &mut Value, key: &str, value: impl Into<Value>) {
    tree::default(object, "metadata.annotations", json!({}));
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(key.into(), value.into());
    }
}
