//! The patch that `kubectl apply` sends: from what was applied last, what is wanted now and what is there. Knows no
//! requests. Models: apimachinery `pkg/util/strategicpatch/patch.go`, as a three-way merge.
//! Omits: merging of lists of plain values (`metadata.finalizers` is replaced).

use crate::api::merge_keys::merge_key;
use serde_json::{Map, Value, json};

/// How deep trees are compared; deeper parts are replaced as a whole.
const MAX_DEPTH: usize = 40;

/// The strategic merge patch for an object of a kind; `{}` when nothing is to change.
pub fn three_way(kind: &str, original: &Value, modified: &Value, current: &Value) -> Value {
    let merge = Merge { kind };
    Value::Object(merge.maps(original, modified, current, "", 0))
}

struct Merge<'k> {
    kind: &'k str,
}

impl Merge<'_> {
    fn maps(
        &self,
        original: &Value,
        modified: &Value,
        current: &Value,
        path: &str,
        depth: usize,
    ) -> Map<String, Value> {
        let mut patch = Map::new();
        for (key, wanted) in modified.as_object().into_iter().flatten() {
            let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let (before, present) = (original.get(key).unwrap_or(&Value::Null), current.get(key));
            match present {
                _ if wanted.is_null() => {
                    if present.is_some_and(|present| !present.is_null()) {
                        patch.insert(key.clone(), Value::Null);
                    }
                }
                None => drop(patch.insert(key.clone(), wanted.clone())),
                Some(present) => self.field(&mut patch, key, [before, wanted, present], &at, depth),
            }
        }
        let gone = original.as_object().into_iter().flatten().map(|(key, _)| key);
        for key in gone.filter(|key| modified.get(key.as_str()).is_none()) {
            patch.insert(key.clone(), Value::Null);
        }
        if !patch.is_empty() && path == "spec.strategy" {
            let keys: Vec<&String> = modified.as_object().into_iter().flatten().map(|(key, _)| key).collect();
            patch.insert("$retainKeys".to_string(), json!(keys));
        }
        patch
    }

    fn field(&self, patch: &mut Map<String, Value>, key: &str, trees: [&Value; 3], path: &str, depth: usize) {
        let [before, wanted, present] = trees;
        match (wanted, present, merge_key(self.kind, path)) {
            (Value::Object(_), Value::Object(_), _) if depth < MAX_DEPTH => {
                let inner = self.maps(before, wanted, present, path, depth + 1);
                if !inner.is_empty() {
                    patch.insert(key.to_string(), Value::Object(inner));
                }
            }
            (Value::Array(_), Value::Array(_), Some(by)) if depth < MAX_DEPTH => {
                let items = self.lists(before, wanted, present, by, path, depth + 1);
                if !items.is_empty() {
                    patch.insert(format!("$setElementOrder/{key}"), order(wanted, by));
                    patch.insert(key.to_string(), Value::Array(items));
                }
            }
            _ if wanted != present => drop(patch.insert(key.to_string(), wanted.clone())),
            _ => {}
        }
    }

    fn lists(
        &self,
        before: &Value,
        wanted: &Value,
        present: &Value,
        by: &str,
        path: &str,
        depth: usize,
    ) -> Vec<Value> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut items = Vec::new();
        for item in list(wanted) {
            let Some(key) = item.get(by) else { continue };
            let old = find(before, by, key).cloned().unwrap_or_default();
            match find(present, by, key) {
                None => items.push(item),
                Some(there) => {
                    let mut inner = self.maps(&old, &item, there, path, depth);
                    if !inner.is_empty() {
                        inner.insert(by.to_string(), key.clone());
                        items.push(Value::Object(inner));
                    }
                }
            }
        }
        for old in list(before) {
            if let Some(key) = old.get(by).filter(|key| find(wanted, by, key).is_none()) {
                items.push(json!({"$patch": "delete", by: key}));
            }
        }
        items
    }
}

fn find<'l>(list: &'l Value, by: &str, key: &Value) -> Option<&'l Value> {
    list.as_array()?.iter().find(|item| item.get(by) == Some(key))
}

fn order(list: &Value, by: &str) -> Value {
    let keys = list.as_array().into_iter().flatten().filter_map(|item| item.get(by));
    keys.map(|key| json!({by: key})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(original: Value, modified: Value, current: Value, expected: Value) {
        assert_eq!(three_way("Deployment", &original, &modified, &current), expected);
    }

    // The body of `kubectl set image`, recorded from kubectl v1.35.2 with -v=8.
    #[test]
    fn containers_merge_by_name_and_keep_their_order() {
        let tree = |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": image}]}}}});
        let mut current = tree("nginx");
        current["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always".into();
        check(
            tree("nginx"),
            tree("nginx:2"),
            current,
            json!({"spec": {"template": {"spec": {
                "$setElementOrder/containers": [{"name": "nginx"}],
                "containers": [{"image": "nginx:2", "name": "nginx"}],
            }}}}),
        );
    }

    // By the rules of https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/.
    #[test]
    fn what_was_applied_and_is_no_longer_wanted_is_removed() {
        check(
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"replicas": 2}}),
            json!({"metadata": {"labels": {"a": "1"}}, "spec": {}}),
            json!({"metadata": {"labels": {"a": "1", "b": "2", "other": "x"}}, "spec": {"replicas": 5}}),
            json!({"metadata": {"labels": {"b": null}}, "spec": {"replicas": null}}),
        );
    }

    #[test]
    fn nothing_to_change_is_an_empty_patch() {
        let tree = json!({"spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}}});
        let current =
            json!({"spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "paused": false}});
        check(tree.clone(), tree, current, json!({}));
    }
}
