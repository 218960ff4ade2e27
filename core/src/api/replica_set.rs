//! ReplicaSet: its names, defaults and columns.

use super::deployment::{columns, problems};
use super::kinds::{column, integer, name, wide};
use super::{Kind, Object, age, pod, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The kind.
pub static REPLICA_SET: Kind = Kind {
    kind: "ReplicaSet",
    group: "apps",
    plural: "replicasets",
    singular: "replicaset",
    short: &["rs"],
    in_all: true,
    has_status: true,
    has_scale: true,
    has_generation: true,
    defaults,
    prepare,
    problems: problems::replica_set,
    selectable: &["status.replicas"],
    columns: &[
        column("Name", name),
        integer("Desired", desired),
        integer("Current", current),
        integer("Ready", ready),
        column("Age", age::cell),
        wide("Containers", columns::containers),
        wide("Images", columns::images),
        wide("Selector", columns::selector),
    ],
    ..Kind::PLAIN
};

fn defaults(set: &mut Value) {
    let Some(spec) = set.get_mut("spec").filter(|s| s.is_object()) else { return };
    tree::default(spec, "replicas", 1);
    pod::defaults::template(set);
}

fn prepare(set: &mut Value) {
    tree::set(set, "status", json!({ "replicas": 0 }));
}

fn desired(set: &Object, _: Instant) -> String {
    set.int("spec.replicas").unwrap_or(0).to_string()
}

fn current(set: &Object, _: Instant) -> String {
    set.int("status.replicas").unwrap_or(0).to_string()
}

fn ready(set: &Object, _: Instant) -> String {
    set.int("status.readyReplicas").unwrap_or(0).to_string()
}
