//! Deployment: its names and defaults.
//!
//! Models: `pkg/apis/apps/v1/defaults.go`.

pub mod columns;
pub mod problems;

use super::kinds::{column, name, wide};
use super::{Kind, age, pod, tree};
use serde_json::{Value, json};

/// The kind.
pub static DEPLOYMENT: Kind = Kind {
    kind: "Deployment",
    group: "apps",
    plural: "deployments",
    singular: "deployment",
    short: &["deploy"],
    in_all: true,
    has_status: true,
    has_scale: true,
    has_generation: true,
    defaults,
    prepare,
    problems: problems::deployment,
    columns: &[
        column("Name", name),
        column("Ready", columns::ready),
        column("Up-to-date", columns::up_to_date),
        column("Available", columns::available),
        column("Age", age::cell),
        wide("Containers", columns::containers),
        wide("Images", columns::images),
        wide("Selector", columns::selector),
    ],
    ..Kind::PLAIN
};

fn defaults(deployment: &mut Value) {
    let Some(spec) = deployment.get_mut("spec").filter(|s| s.is_object()) else { return };
    for (field, value) in [("replicas", 1), ("revisionHistoryLimit", 10), ("progressDeadlineSeconds", 600)] {
        tree::default(spec, field, value);
    }
    tree::default(spec, "strategy.type", "RollingUpdate");
    if tree::str(spec, "strategy.type") == "RollingUpdate" {
        tree::default(spec, "strategy.rollingUpdate.maxUnavailable", "25%");
        tree::default(spec, "strategy.rollingUpdate.maxSurge", "25%");
    }
    pod::defaults::template(deployment);
}

fn prepare(deployment: &mut Value) {
    tree::set(deployment, "status", json!({}));
}
