//! StatefulSet: its names, defaults and columns.
//!
//! Models: `pkg/apis/apps/v1/defaults.go`, `pkg/apis/apps/validation`. Omits: volume claim templates.

use super::kinds::{column, name, wide};
use super::{Kind, Object, age, deployment, pod, tree};
use serde_json::{Value, json};

/// The kind.
pub static STATEFUL_SET: Kind = Kind {
    kind: "StatefulSet",
    group: "apps",
    plural: "statefulsets",
    singular: "statefulset",
    short: &["sts"],
    in_all: true,
    has_status: true,
    has_scale: true,
    has_generation: true,
    defaults,
    prepare,
    problems: deployment::problems::stateful_set,
    columns: &[
        column("Name", name),
        column("Ready", deployment::columns::ready),
        column("Age", age::cell),
        wide("Containers", deployment::columns::containers),
        wide("Images", deployment::columns::images),
    ],
    ..Kind::PLAIN
};

fn defaults(set: &mut Value) {
    let Some(spec) = set.get_mut("spec").filter(|s| s.is_object()) else { return };
    tree::default(spec, "podManagementPolicy", "OrderedReady");
    tree::default(spec, "updateStrategy.type", "RollingUpdate");
    if tree::str(spec, "updateStrategy.type") == "RollingUpdate" {
        tree::default(spec, "updateStrategy.rollingUpdate.partition", 0);
    }
    for (field, value) in [("replicas", 1), ("revisionHistoryLimit", 10)] {
        tree::default(spec, field, value);
    }
    for field in ["whenDeleted", "whenScaled"] {
        tree::default(spec, &format!("persistentVolumeClaimRetentionPolicy.{field}"), "Retain");
    }
    pod::defaults::template(set);
}

fn prepare(set: &mut Value) {
    tree::set(set, "status", json!({ "replicas": 0, "availableReplicas": 0 }));
}

/// The pods that it wants.
pub fn replicas(set: &Object) -> i64 {
    set.int("spec.replicas").unwrap_or(1)
}
