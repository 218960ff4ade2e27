//! Namespace.

use super::kinds::{column, name};
use super::names::NameRule;
use super::{Kind, Object, age, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The kind.
pub static NAMESPACE: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short: &["ns"],
    namespaced: false,
    has_status: true,
    name_rule: NameRule::Label,
    defaults,
    prepare,
    selectable: &["status.phase"],
    columns: &[column("Name", name), column("Status", status), column("Age", age::cell)],
    ..Kind::PLAIN
};

/// The label by which a namespace can be selected: its own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn defaults(namespace: &mut Value) {
    let name = tree::str(namespace, "metadata.name").to_string();
    if name.is_empty() {
        return;
    }
    if tree::map(namespace, "metadata.labels").is_none() {
        tree::set(namespace, "metadata.labels", json!({}));
    }
    if let Some(labels) = namespace.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.insert(NAME_LABEL.into(), name.into());
    }
}

fn prepare(namespace: &mut Value) {
    let finalizers = tree::list(namespace, "spec.finalizers");
    if !finalizers.iter().any(|f| f == "kubernetes") {
        let mut all = finalizers.to_vec();
        all.push("kubernetes".into());
        tree::set(namespace, "spec.finalizers", all);
    }
    tree::set(namespace, "status", json!({ "phase": "Active" }));
}

fn status(namespace: &Object, _: Instant) -> String {
    namespace.str("status.phase").to_string()
}

/// Whether the namespace is going away: nothing new may be made in it.
pub fn is_terminating(namespace: &Object) -> bool {
    namespace.is_terminating() || namespace.str("status.phase") == "Terminating"
}
