//! What is wrong with a pod, or with the pod template of a workload, in the order in which the API server looks.
//!
//! Models: ValidatePodCreate, ValidatePodUpdate and ValidatePodSpec in `pkg/apis/core/validation/validation.go`. Omits:
//! affinity, security contexts, resources, the sources of volumes; and, where a change is refused, the difference.

mod containers;
mod dns;

use crate::api::{FieldError, Object, names, tree};
use serde_json::{Value, json};

/// The problems of a pod.
pub fn problems(pod: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = spec(pod.get("spec").unwrap_or(&Value::Null), "spec");
    if let Some(old) = old {
        wrong.extend(frozen(pod, old));
    }
    wrong
}

/// The problems of a pod's spec that stands at a path.
pub(in crate::api) fn spec(spec: &Value, path: &str) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let volumes = volumes(spec, path, &mut wrong);
    containers::all(spec, path, &volumes, &mut wrong);
    choice(spec, "restartPolicy", &["Always", "OnFailure", "Never"], path, &mut wrong);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    choice(spec, "dnsPolicy", &policies, path, &mut wrong);
    wrong.extend(names::label_problems(spec.get("nodeSelector"), &format!("{path}.nodeSelector")));
    dns::problems(spec, &format!("{path}.dnsConfig"), &mut wrong);
    let subdomain = |field: &str| (field.to_string(), names::dns1123_subdomain(tree::str(spec, field)));
    let label = |field: &str| (field.to_string(), names::dns1123_label(tree::str(spec, field)));
    for (field, words) in
        [subdomain("serviceAccountName"), subdomain("nodeName"), label("hostname"), label("subdomain")]
    {
        let text = tree::str(spec, &field);
        for words in words.into_iter().filter(|_| !text.is_empty()) {
            wrong.push(FieldError::invalid(format!("{path}.{field}"), &json!(text), words));
        }
    }
    hostname_override(spec, path, &mut wrong);
    let grace = "terminationGracePeriodSeconds";
    wrong.extend(FieldError::not_negative(format!("{path}.{grace}"), tree::int(spec, grace)));
    wrong
}

/// The name that stands for `hostname` and all that goes with it.
fn hostname_override(spec: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    const MAX: usize = 64;
    let name = tree::str(spec, "hostnameOverride");
    if name.is_empty() {
        return;
    }
    let path = format!("{path}.hostnameOverride");
    if name.len() > MAX {
        wrong.push(FieldError::too_long(path.as_str(), MAX));
    }
    for words in names::dns1123_subdomain(name) {
        wrong.push(FieldError::invalid(path.as_str(), &json!(name), words));
    }
    for field in ["setHostnameAsFQDN", "hostNetwork"] {
        if tree::bool(spec, field) == Some(true) {
            let words = format!("may not be specified when {field} is true");
            wrong.push(FieldError::forbidden(path.as_str(), words));
        }
    }
}

fn choice(spec: &Value, field: &str, known: &[&str], path: &str, wrong: &mut Vec<FieldError>) {
    let path = format!("{path}.{field}");
    match tree::str(spec, field) {
        "" => wrong.push(FieldError::required(path, "")),
        text if known.contains(&text) => {}
        text => wrong.push(FieldError::not_supported(path, text, known)),
    }
}

/// The names of the volumes.
fn volumes<'a>(spec: &'a Value, path: &str, wrong: &mut Vec<FieldError>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for (i, volume) in tree::list(spec, "volumes").iter().enumerate() {
        let (path, name) = (format!("{path}.volumes[{i}].name"), tree::str(volume, "name"));
        if name.is_empty() {
            wrong.push(FieldError::required(path, ""));
            continue;
        }
        for words in names::dns1123_label(name) {
            wrong.push(FieldError::invalid(path.as_str(), &json!(name), words));
        }
        if seen.contains(&name) {
            wrong.push(FieldError::duplicate(path, &json!(name)));
        }
        seen.push(name);
    }
    seen
}

/// Most of a pod stays as it was made.
fn frozen(pod: &Object, old: &Object) -> Option<FieldError> {
    let spec = |pod: &Object| {
        let mut spec = pod.get("spec").cloned().unwrap_or(Value::Null);
        for list in ["containers", "initContainers"] {
            for container in tree::list_mut(&mut spec, list) {
                tree::remove(container, "image");
            }
        }
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            tree::remove(&mut spec, field);
        }
        spec
    };
    (spec(pod) != spec(old)).then(|| {
        FieldError::forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        )
    })
}
