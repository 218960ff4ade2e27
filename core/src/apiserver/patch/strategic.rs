//! Strategic merge patch: like a merge patch, but lists of named things are merged by their key.
//!
//! Models: apimachinery `pkg/util/strategicpatch/patch.go`, with the patch keys of `k8s.io/api`. Omits: ownership of
//! fields (managed fields), so that an apply merges and never takes away.

use crate::api::Status;
use serde_json::{Map, Value};

/// Lists that are merged, and by which key. `None` for lists of plain values. The parent tells `ports` of a Service
/// (by port) from `ports` of a container (by containerPort).
fn merge_key(parent: &str, field: &str) -> Option<Option<&'static str>> {
    Some(match field {
        "ports" if parent == "spec" => Some("port"),
        "ports" if parent == "containers" || parent == "initContainers" => Some("containerPort"),
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => {
            Some("name")
        }
        "volumeMounts" => Some("mountPath"),
        "volumeDevices" => Some("devicePath"),
        "ownerReferences" => Some("uid"),
        "hostAliases" => Some("ip"),
        "podIPs" | "hostIPs" => Some("ip"),
        "conditions" => Some("type"),
        "addresses" if parent == "status" => Some("type"),
        "taints" => Some("key"),
        "topologySpreadConstraints" => Some("topologyKey"),
        "secrets" => Some("name"),
        "finalizers" if parent == "metadata" => None,
        _ => return None,
    })
}

/// Applies a patch. The depth is that of the patch, which the decoder bounds.
pub fn apply(target: &mut Value, patch: &Value) -> Result<(), Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request("error decoding patch: the patch is not a map"));
    };
    merge(target, patch, "")
}

/// Applies a configuration of server-side apply: as a strategic patch in which nothing is an order to remove.
pub fn apply_configuration(target: &mut Value, configuration: &Value) -> Result<(), Status> {
    let mut configuration = configuration.clone();
    if let Some(metadata) = configuration.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        metadata.remove("creationTimestamp");
    }
    if let Some(map) = configuration.as_object_mut() {
        map.remove("status");
    }
    apply(target, &configuration)
}

fn merge(target: &mut Value, patch: &Map<String, Value>, parent: &str) -> Result<(), Status> {
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
        match (change, merge_key(parent, key)) {
            (Value::Null, _) => drop(map.remove(key)),
            (Value::Array(items), Some(by)) => {
                let list = map.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                merge_list(list, items, by, key)?;
            }
            (Value::Object(change), _) => {
                merge(map.entry(key.as_str()).or_insert(Value::Null), change, key)?;
            }
            _ => drop(map.insert(key.clone(), change.clone())),
        }
    }
    for (key, order) in patch {
        let Some(field) = key.strip_prefix("$setElementOrder/") else { continue };
        if let (Some(Value::Array(list)), Some(order)) = (map.get_mut(field), order.as_array()) {
            sort(list, order, merge_key(parent, field).flatten());
        }
    }
    Ok(())
}

fn merge_list(list: &mut Value, items: &[Value], by: Option<&str>, field: &str) -> Result<(), Status> {
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
        let Some(by) = by else {
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
                    merge(old, change, field)?;
                }
            }
            (None, _) => {
                let mut new = Value::Null;
                if let Value::Object(change) = item {
                    merge(&mut new, change, field)?;
                }
                list.push(new);
            }
        }
    }
    Ok(())
}

/// Brings the items that are named into the order in which they are named; the others stay behind them in their order.
fn sort(list: &mut [Value], order: &[Value], by: Option<&str>) {
    let place = |item: &Value| {
        order
            .iter()
            .position(|wanted| match by {
                Some(by) => wanted.get(by).is_some() && wanted.get(by) == item.get(by),
                None => wanted == item,
            })
            .unwrap_or(usize::MAX)
    };
    list.sort_by_key(place);
}
