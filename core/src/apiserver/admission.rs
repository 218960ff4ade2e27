//! Admission: what the built-in plugins change or refuse before an object is validated.
//!
//! Models: `NamespaceLifecycle`, `Priority`, `DefaultTolerationSeconds`, `PodTopologyLabels`. Omits: `ServiceAccount`,
//! `LimitRanger`, `ResourceQuota`, `PodSecurity` and the rest.

use super::ApiServer;
use crate::api::field_error::{FieldError, FieldErrorKind};
use crate::api::{Kind, Object, Request, Status, namespace, node, pod, tree};
use serde_json::{Value, json};

/// Namespaces that cannot be deleted.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];
/// How long a pod stays on a node that is not ready or not reachable.
const TOLERATED_SECONDS: u64 = 300;

impl ApiServer {
    /// New objects need a namespace that is there and stays.
    pub(super) fn check_namespace(&self, request: &Request, name: &str) -> Result<(), Status> {
        if !request.kind.namespaced {
            return Ok(());
        }
        let namespace = &*request.namespace;
        let Some(found) = self.stored(&namespace::NAMESPACE, "", namespace) else {
            return Err(Status::not_found(&namespace::NAMESPACE, namespace));
        };
        if namespace::is_terminating(found) {
            let words = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let detail = format!("namespace {namespace} is being terminated");
            let (path, kind) = ("metadata.namespace".to_string(), FieldErrorKind::Terminating);
            let causes = vec![FieldError { path, kind, value: None, detail }];
            return Err(Status { causes, ..Status::forbidden(request.kind, name, &words) });
        }
        Ok(())
    }

    /// Adds the labels of its node's zone and region to a pod that is being bound.
    pub(super) fn topology_labels(&self, pod: &mut Value, node_name: &str) {
        let Some(found) = self.stored(&node::NODE, "", node_name) else { return };
        for label in ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] {
            let Some(value) = found.label(label) else { continue };
            if tree::map(pod, "metadata.labels").is_none() {
                tree::set(pod, "metadata.labels", json!({}));
            }
            if let Some(labels) = pod.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
                labels.insert(label.into(), value.into());
            }
        }
    }
}

/// Some namespaces must stay.
pub(super) fn check_deletion(object: &Object) -> Result<(), Status> {
    if object.kind == &namespace::NAMESPACE && IMMORTAL.contains(&object.name()) {
        return Err(Status::forbidden(object.kind, object.name(), "this namespace may not be deleted"));
    }
    Ok(())
}

/// What admission sets on a new object.
pub(super) fn admit(kind: &Kind, tree: &mut Value) {
    if *kind != pod::POD {
        return;
    }
    tree::default(tree, "spec.priority", 0);
    tree::default(tree, "spec.preemptionPolicy", "PreemptLowerPriority");
    let mut tolerations = tree::list(tree, "spec.tolerations").to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = tolerations.iter().any(|t| {
            let (its_key, effect) = (tree::str(t, "key"), tree::str(t, "effect"));
            (its_key == key || its_key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        });
        if !tolerated {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_SECONDS,
            }));
        }
    }
    tree::set(tree, "spec.tolerations", tolerations);
}
