//! What is wrong with a Deployment, a ReplicaSet, a StatefulSet or a DaemonSet, in the order in which the API server looks.
//!
//! Models: `pkg/apis/apps/validation/validation.go`.

use crate::api::{FieldError, Object, Selector, names, pod, tree};
use serde_json::{Value, json};

/// The problems of a Deployment.
pub fn deployment(deployment: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    wrong.extend(FieldError::not_negative("spec.replicas", deployment.int("spec.replicas")));
    selector(deployment, "deployment", &mut wrong);
    template(deployment, &mut wrong);
    strategy(deployment, &mut wrong);
    let ready = deployment.int("spec.minReadySeconds");
    wrong.extend(FieldError::not_negative("spec.minReadySeconds", ready));
    let limit = deployment.int("spec.revisionHistoryLimit");
    wrong.extend(FieldError::not_negative("spec.revisionHistoryLimit", limit));
    if let Some(deadline) = deployment.int("spec.progressDeadlineSeconds") {
        let path = "spec.progressDeadlineSeconds";
        wrong.extend(FieldError::not_negative(path, Some(deadline)));
        if deadline <= ready.unwrap_or(0) {
            wrong.push(FieldError::invalid(path, &json!(deadline), "must be greater than minReadySeconds"));
        }
    }
    wrong.extend(same_selector(deployment, old));
    wrong
}

/// The problems of a ReplicaSet.
pub fn replica_set(set: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for path in ["spec.replicas", "spec.minReadySeconds"] {
        wrong.extend(FieldError::not_negative(path, set.int(path)));
    }
    selector(set, "deployment", &mut wrong);
    template(set, &mut wrong);
    wrong.extend(same_selector(set, old));
    wrong
}

/// The problems of a StatefulSet.
pub fn stateful_set(set: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let policy = set.str("spec.podManagementPolicy");
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let words = "must be 'OrderedReady' or 'Parallel'";
        wrong.push(FieldError::invalid("spec.podManagementPolicy", &json!(policy), words));
    }
    for path in ["spec.replicas", "spec.minReadySeconds"] {
        wrong.extend(FieldError::not_negative(path, set.int(path)));
    }
    selector(set, "statefulset", &mut wrong);
    template(set, &mut wrong);
    if old.is_some_and(|old| fixed_part(set) != fixed_part(old)) {
        wrong.push(FieldError::forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ));
    }
    wrong
}

/// The problems of a DaemonSet.
pub fn daemon_set(set: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    selector(set, "daemonset", &mut wrong);
    template(set, &mut wrong);
    for path in ["spec.minReadySeconds", "spec.revisionHistoryLimit"] {
        wrong.extend(FieldError::not_negative(path, set.int(path)));
    }
    wrong.extend(same_selector(set, old));
    wrong
}

fn fixed_part(set: &Object) -> Value {
    let mut spec = set.get("spec").cloned().unwrap_or(Value::Null);
    for field in [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ] {
        tree::remove(&mut spec, field);
    }
    spec
}

fn selector(workload: &Object, word: &str, wrong: &mut Vec<FieldError>) {
    const PATH: &str = "spec.selector";
    let Some(selector) = workload.get(PATH) else {
        wrong.push(FieldError::required(PATH, ""));
        return;
    };
    wrong.extend(names::label_problems(selector.get("matchLabels"), "spec.selector.matchLabels"));
    for (i, expression) in tree::list(selector, "matchExpressions").iter().enumerate() {
        self::expression(expression, &format!("{PATH}.matchExpressions[{i}]"), wrong);
    }
    let is_empty = tree::map(selector, "matchLabels").is_none_or(serde_json::Map::is_empty)
        && tree::list(selector, "matchExpressions").is_empty();
    if is_empty {
        wrong.push(FieldError::invalid(PATH, selector, format!("empty selector is invalid for {word}")));
    }
}

fn expression(expression: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let values = tree::list(expression, "values");
    match tree::str(expression, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            let words = "must be specified when `operator` is 'In' or 'NotIn'";
            wrong.push(FieldError::required(format!("{path}.values"), words));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            wrong.push(FieldError::forbidden(format!("{path}.values"), words));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => {
            let words = "not a valid selector operator";
            wrong.push(FieldError::invalid(format!("{path}.operator"), &json!(other), words));
        }
    }
    let key = tree::str(expression, "key");
    for words in names::qualified_name(key) {
        wrong.push(FieldError::invalid(format!("{path}.key"), &json!(key), words));
    }
}

fn template(workload: &Object, wrong: &mut Vec<FieldError>) {
    const PATH: &str = "spec.template";
    let labels = workload.get("spec.template.metadata.labels");
    // Without a selector nothing matches, which is said too.
    let selector = workload.get("spec.selector");
    let matches = selector.is_some() && Selector::of_label_selector(selector).matches_map(labels);
    if !matches {
        let path = format!("{PATH}.metadata.labels");
        let shown = labels.cloned().unwrap_or(Value::Null);
        wrong.push(FieldError::invalid(path, &shown, "`selector` does not match template `labels`"));
    }
    wrong.extend(names::label_problems(labels, &format!("{PATH}.labels")));
    let empty = json!({});
    let spec = workload.get("spec.template.spec").unwrap_or(&empty);
    wrong.extend(pod::problems::spec(spec, &format!("{PATH}.spec")));
    let policy = tree::str(spec, "restartPolicy");
    if policy != "Always" {
        wrong.push(FieldError::not_supported(format!("{PATH}.spec.restartPolicy"), policy, &["Always"]));
    }
}

fn strategy(deployment: &Object, wrong: &mut Vec<FieldError>) {
    const PATH: &str = "spec.strategy";
    let rolling = deployment.get("spec.strategy.rollingUpdate");
    match deployment.str("spec.strategy.type") {
        "Recreate" if rolling.is_some() => {
            let words = "may not be specified when strategy `type` is 'Recreate'";
            wrong.push(FieldError::forbidden(format!("{PATH}.rollingUpdate"), words));
        }
        "Recreate" => {}
        "RollingUpdate" => {
            let Some(rolling) = rolling else { return };
            let path = format!("{PATH}.rollingUpdate");
            let unavailable = share(rolling.get("maxUnavailable"), &format!("{path}.maxUnavailable"), wrong);
            let surge = share(rolling.get("maxSurge"), &format!("{path}.maxSurge"), wrong);
            if (unavailable, surge) == (Some(0), Some(0)) {
                let value = rolling.get("maxUnavailable").unwrap_or(&Value::Null);
                let words = "may not be 0 when `maxSurge` is 0";
                wrong.push(FieldError::invalid(format!("{path}.maxUnavailable"), value, words));
            }
            if unavailable.is_some_and(|n| n > 100)
                && rolling.get("maxUnavailable").is_some_and(Value::is_string)
            {
                let value = rolling.get("maxUnavailable").unwrap_or(&Value::Null);
                let words = "must not be greater than 100%";
                wrong.push(FieldError::invalid(format!("{path}.maxUnavailable"), value, words));
            }
        }
        other => {
            let path = format!("{PATH}.type");
            wrong.push(FieldError::not_supported(path, other, &["Recreate", "RollingUpdate"]));
        }
    }
}

/// The number of a share that is a number or a percentage.
fn share(value: Option<&Value>, path: &str, wrong: &mut Vec<FieldError>) -> Option<i64> {
    let value = value?;
    match value {
        Value::String(text) => {
            let digits = text.strip_suffix('%').filter(|d| !d.is_empty());
            let number =
                digits.filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse().ok());
            if number.is_none() {
                let words = "a valid percent string must be a numeric string followed by an ending '%' \
                             (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                wrong.push(FieldError::invalid(path, value, words));
            }
            number
        }
        _ => {
            wrong.extend(FieldError::not_negative(path, value.as_i64()));
            value.as_i64()
        }
    }
}

fn same_selector(workload: &Object, old: Option<&Object>) -> Option<FieldError> {
    let old = old?;
    FieldError::immutable("spec.selector", workload.get("spec.selector"), old.get("spec.selector"))
}
