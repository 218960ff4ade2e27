//! Strategic merge patch: like a merge patch, but lists of named things are merged by their key.
//!
//! Models: apimachinery `pkg/util/strategicpatch/patch.go`, with the keys of [`crate::api::merge_keys`]. Omits: ownership of
//! fields (managed fields), so that an apply merges and never takes away.

use crate::api::Status;
use crate::api::merge_keys::{merge_key, merges_values};
use crate::api::tree;
use crate::base::order;
use serde_json::{Map, Value};

/// How a list is merged.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Items with the same value of this field are one.
    Key(&'static str),
    /// Equal items are one.
    Value,
}

/// A patch at work on an object of a kind.
struct Patch<'k> {
    kind: &'k str,
    /// Whether new items of lists stand behind the old ones, as an applied configuration has it.
    appends: bool,
}

/// Applies a patch. The depth is that of the patch, which the decoder bounds.
pub fn apply(kind: &str, target: &mut Value, patch: &Value) -> Result<(), Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request("error decoding patch: the patch is not a map"));
    };
    Patch { kind, appends: false }.merge(target, patch, "")
}

/// Applies a configuration of server-side apply: as a strategic patch in which nothing is an order to remove.
pub fn apply_configuration(kind: &str, target: &mut Value, configuration: &Value) -> Result<(), Status> {
    let mut configuration = configuration.clone();
    if let Some(metadata) = configuration.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        metadata.remove("creationTimestamp");
    }
    if let Some(map) = configuration.as_object_mut() {
        map.remove("status");
    }
    let Value::Object(configuration) = &configuration else {
        return Err(Status::bad_request("error decoding patch: the configuration is not a map"));
    };
    Patch { kind, appends: true }.merge(target, configuration, "")
}

impl Patch<'_> {
    fn by(&self, path: &str) -> Option<By> {
        match merge_key(self.kind, path) {
            Some(key) => Some(By::Key(key)),
            None => merges_values(path).then_some(By::Value),
        }
    }

    fn merge(&self, target: &mut Value, patch: &Map<String, Value>, path: &str) -> Result<(), Status> {
        match patch.get("$patch").and_then(Value::as_str) {
            Some("replace") => {
                let rest = patch.iter().filter(|(key, _)| *key != "$patch");
                *target = tree::object(rest.map(|(k, v)| (k.clone(), v.clone()))).into();
                return Ok(());
            }
            Some("delete") => {
                *target = Value::Object(Map::new());
                return Ok(());
            }
            _ => {}
        }
        if !target.is_object() {
            *target = Value::Object(Map::new());
        }
        let Value::Object(map) = target else { return Ok(()) };
        if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
            map.retain(|key, _| kept.iter().any(|k| k == key.as_str()));
        }
        for (key, change) in patch {
            if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
                let gone = change.as_array().map(Vec::as_slice).unwrap_or_default();
                if let Some(Value::Array(list)) = map.get_mut(field) {
                    list.retain(|item| !gone.contains(item));
                }
                continue;
            }
            if key.starts_with('$') {
                continue;
            }
            let at = below(path, key);
            match (change, self.by(&at)) {
                (Value::Null, _) => drop(map.remove(key)),
                (Value::Array(items), Some(by)) => {
                    let list = map.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                    let before = list.as_array().cloned().unwrap_or_default();
                    self.merge_list(list, items, by, &at)?;
                    let order = patch.get(&format!("$setElementOrder/{key}")).and_then(Value::as_array);
                    if let Value::Array(list) = list
                        && !self.appends
                    {
                        arrange(list, order.unwrap_or(items), &before, by);
                    }
                }
                (Value::Object(change), _) => {
                    self.merge(map.entry(key.as_str()).or_insert(Value::Null), change, &at)?;
                }
                _ => drop(map.insert(key.clone(), change.clone())),
            }
        }
        for (key, order) in patch {
            let Some(field) = key.strip_prefix("$setElementOrder/") else { continue };
            // With items of its own the list has been arranged already.
            let by = self.by(&below(path, field)).filter(|_| !patch.contains_key(field));
            if let (Some(Value::Array(list)), Some(order), Some(by)) =
                (map.get_mut(field), order.as_array(), by)
            {
                let before = list.clone();
                arrange(list, order, &before, by);
            }
        }
        Ok(())
    }

    fn merge_list(&self, list: &mut Value, items: &[Value], by: By, path: &str) -> Result<(), Status> {
        let Value::Array(list) = list else {
            *list = Value::Array(items.to_vec());
            return Ok(());
        };
        let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(String::from);
        if items.iter().any(|item| directive(item).as_deref() == Some("replace")) {
            *list = items.iter().filter(|item| directive(item).is_none()).cloned().collect();
            return Ok(());
        }
        for item in items {
            let By::Key(by) = by else {
                if !list.contains(item) {
                    list.push(item.clone());
                }
                continue;
            };
            let Some(key) = item.get(by) else {
                let words = format!("map: {item} does not contain declared merge key: {by}");
                return Err(Status::bad_request(words));
            };
            let at = list.iter().position(|old| old.get(by) == Some(key));
            match (at, directive(item).as_deref()) {
                (Some(at), Some("delete")) => drop(list.remove(at)),
                (None, Some("delete")) => {}
                (Some(at), _) => {
                    if let (Some(old), Value::Object(change)) = (list.get_mut(at), item) {
                        self.merge(old, change, path)?;
                    }
                }
                (None, _) => {
                    let mut new = Value::Null;
                    if let Value::Object(change) = item {
                        self.merge(&mut new, change, path)?;
                    }
                    list.push(new);
                }
            }
        }
        Ok(())
    }
}

/// The path of a field.
fn below(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_string() } else { format!("{path}.{field}") }
}

/// Brings a merged list into upstream's order: the items that `order` names in that order, the others as they were; what
/// was there before keeps its place among the others, and what is new comes first.
fn arrange(list: &mut Vec<Value>, order: &[Value], before: &[Value], by: By) {
    let place = |items: &[Value], item: &Value| {
        items.iter().position(|other| match by {
            By::Key(key) => other.get(key).is_some() && other.get(key) == item.get(key),
            By::Value => other == item,
        })
    };
    let (mut named, others): (Vec<Value>, Vec<Value>) =
        list.drain(..).partition(|item| place(order, item).is_some());
    order::sort_by_key(&mut named, |item| place(order, item));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    while let Some(other) = others.peek() {
        let other_first = match named.peek() {
            None => true,
            Some(item) => match (place(before, other), place(before, item)) {
                (Some(other), Some(item)) => other < item,
                _ => false,
            },
        };
        list.extend(if other_first { others.next() } else { named.next() });
    }
    list.extend(named);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ shows the new container
    // before the old one.
    #[test]
    fn what_is_new_in_a_list_comes_first() {
        let names = |object: &Value| -> Vec<String> {
            let list = object["spec"]["containers"].as_array().unwrap();
            list.iter().map(|item| item["name"].as_str().unwrap().to_string()).collect()
        };
        let mut object = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let add = |name: &str| json!({"spec": {"containers": [{"name": name, "image": "x"}]}});
        apply("Pod", &mut object, &add("c")).unwrap();
        assert_eq!(names(&object), ["c", "a", "b"]);
        apply("Pod", &mut object, &add("b")).unwrap();
        assert_eq!(names(&object), ["c", "a", "b"]);
        let ordered =
            json!({"spec": {"$setElementOrder/containers": [{"name": "a"}, {"name": "c"}, {"name": "b"}]}});
        apply("Pod", &mut object, &ordered).unwrap();
        assert_eq!(names(&object), ["a", "c", "b"]);
    }
}
