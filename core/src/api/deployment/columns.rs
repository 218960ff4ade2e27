//! The columns of Deployments, and those that other workloads share.
//!
//! Models: `pkg/printers/internalversion/printers.go`.

use crate::api::{Object, tree};
use crate::base::{Instant, order};

/// Ready and wanted pods: `2/3`.
pub fn ready(workload: &Object, _: Instant) -> String {
    let ready = workload.int("status.readyReplicas").unwrap_or(0);
    format!("{ready}/{}", workload.int("spec.replicas").unwrap_or(0))
}

/// Pods of the newest template.
pub fn up_to_date(deployment: &Object, _: Instant) -> String {
    deployment.int("status.updatedReplicas").unwrap_or(0).to_string()
}

/// Pods that have been ready for long enough.
pub fn available(deployment: &Object, _: Instant) -> String {
    deployment.int("status.availableReplicas").unwrap_or(0).to_string()
}

/// The containers of the template: `app,sidecar`.
pub fn containers(workload: &Object, _: Instant) -> String {
    joined(workload, "name")
}

/// The images of the template.
pub fn images(workload: &Object, _: Instant) -> String {
    joined(workload, "image")
}

/// The label selector: `app=web`.
pub fn selector(workload: &Object, _: Instant) -> String {
    label_selector(workload)
}

fn joined(workload: &Object, field: &str) -> String {
    let all: Vec<&str> =
        workload.list("spec.template.spec.containers").iter().map(|c| tree::str(c, field)).collect();
    all.join(",")
}

/// `metav1.FormatLabelSelector`: requirements sorted by key.
fn label_selector(workload: &Object) -> String {
    let Some(selector) = workload.get("spec.selector") else { return "<none>".into() };
    let mut all: Vec<(String, String)> =
        tree::pairs(selector, "matchLabels").map(|(k, v)| (k.into(), format!("{k}={v}"))).collect();
    for e in tree::list(selector, "matchExpressions") {
        let key = tree::str(e, "key");
        let mut values: Vec<&str> = tree::list(e, "values").iter().filter_map(|v| v.as_str()).collect();
        order::sort(&mut values);
        let values = values.join(",");
        let text = match tree::str(e, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_string(),
            "DoesNotExist" => format!("!{key}"),
            _ => continue,
        };
        all.push((key.into(), text));
    }
    if all.is_empty() {
        return "<none>".into();
    }
    order::sort(&mut all);
    all.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}
