//! DaemonSet: its names, defaults and columns.
//!
//! Models: `pkg/apis/apps/v1/defaults.go`, `pkg/apis/apps/validation`, `pkg/printers/internalversion/printers.go`.
//! Omits: the deprecated annotation that counts templates.

use super::kinds::{column, integer, name, wide};
use super::{Kind, Object, age, deployment, pod, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The kind.
pub static DAEMON_SET: Kind = Kind {
    kind: "DaemonSet",
    group: "apps",
    plural: "daemonsets",
    singular: "daemonset",
    short: &["ds"],
    in_all: true,
    has_status: true,
    has_generation: true,
    defaults,
    prepare,
    problems: deployment::problems::daemon_set,
    columns: &[
        column("Name", name),
        integer("Desired", |set, _| count(set, "desiredNumberScheduled")),
        integer("Current", |set, _| count(set, "currentNumberScheduled")),
        integer("Ready", |set, _| count(set, "numberReady")),
        integer("Up-to-date", |set, _| count(set, "updatedNumberScheduled")),
        integer("Available", |set, _| count(set, "numberAvailable")),
        column("Node Selector", node_selector),
        column("Age", age::cell),
        wide("Containers", deployment::columns::containers),
        wide("Images", deployment::columns::images),
        wide("Selector", deployment::columns::selector),
    ],
    ..Kind::PLAIN
};

fn defaults(set: &mut Value) {
    let Some(spec) = set.get_mut("spec").filter(|s| s.is_object()) else { return };
    tree::default(spec, "updateStrategy.type", "RollingUpdate");
    if tree::str(spec, "updateStrategy.type") == "RollingUpdate" {
        for (field, value) in [("maxUnavailable", 1), ("maxSurge", 0)] {
            tree::default(spec, &format!("updateStrategy.rollingUpdate.{field}"), value);
        }
    }
    tree::default(spec, "revisionHistoryLimit", 10);
    pod::defaults::template(set);
}

fn prepare(set: &mut Value) {
    tree::set(
        set,
        "status",
        json!({ "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0 }),
    );
}

fn count(set: &Object, field: &str) -> String {
    set.int(&format!("status.{field}")).unwrap_or(0).to_string()
}

fn node_selector(set: &Object, _: Instant) -> String {
    let pairs: Vec<String> = tree::pairs(set.tree(), "spec.template.spec.nodeSelector")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}
