//! Strategic merge patch: like a merge patch, but lists of named things are merged by their key.
//!
//! Models: apimachinery `pkg/util/strategicpatch/patch.go`, with the keys of [`crate::api::merge_keys`]. Omits: ownership of
//! fields (managed fields), so that an apply merges and never takes away.

use crate::api::Status;
use crate::api::merge_keys::{merge_key, merges_values};
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
}

/// Applies a patch. The depth is that of the patch, which the decoder bounds.
pub fn apply(kind: &str, target: &mut Value, patch: &Value) -> Result<(), Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request("error decoding patch: the patch is not a map"));
    };
    Patch { kind }.merge(target, patch, "")
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
    apply(kind, target, &configuration)
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
                *target = Value::Object(rest.map(|(k, v)| (k.clone(), v.clone())).collect());
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
                    self.merge_list(list, items, by, &at)?;
                }
                (Value::Object(change), _) => {
                    self.merge(map.entry(key.as_str()).or_insert(Value::Null), change, &at)?;
                }
                _ => drop(map.insert(key.clone(), change.clone())),
            }
        }
        for (key, order) in patch {
            let Some(field) = key.strip_prefix("$setElementOrder/") else { continue };
            if let (Some(Value::Array(list)), Some(order)) = (map.get_mut(field), order.as_array()) {
                sort(list, order, self.by(&below(path, field)));
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

/// Brings the items that are named into the order in which they are named; the others stay behind them in their order.
fn sort(list: &mut [Value], order: &[Value], by: Option<By>) {
    let place = |item: &Value| {
        order
            .iter()
            .position(|wanted| match by {
                Some(By::Key(by)) => wanted.get(by).is_some() && wanted.get(by) == item.get(by),
                _ => wanted == item,
            })
            .unwrap_or(usize::MAX)
    };
    list.sort_by_key(place);
}
