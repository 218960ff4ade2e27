//! Patches that make an object which is none: values of the wrong type, in upstream's words for each way of patching.
//! Models: apiserver `pkg/endpoints/handlers/patch.go`, apimachinery `pkg/runtime/converter.go`.

use crate::api::decode::{self, Decoded};
use crate::api::fields;
use crate::api::{FieldError, Kind, Status};
use crate::base::order;
use serde_json::Value;

/// A refusal that is about a patch, not about an object.
fn refusal(patch: String, words: String) -> Status {
    let message = format!("patch: Invalid value: {patch:?}: {words}");
    let causes = vec![FieldError::invalid("patch", &Value::String(patch), words)];
    Status { causes, ..Status::plain(422, "Invalid", message) }
}

/// Refuses what a JSON patch or a merge patch made, if it does not fit its kind; drops fields that the kind does not have.
pub fn patched(kind: &Kind, tree: &mut Value) -> Result<(), Status> {
    let (version, name) = (kind.api_version(), kind.kind);
    let decoded = decode::decode(&version, name, tree);
    if let Some(words) = decoded.refused {
        return Err(refusal(tree.to_string(), words));
    }
    if !decoded.unknown.is_empty() {
        decode::prune(&version, name, tree);
    }
    Ok(())
}

/// The refusal of a strategic merge patch that does not fit.
pub fn strategic(patch: &Value, decoded: &Decoded) -> Option<Status> {
    let words = decoded.refused.as_ref()?;
    let (found, wanted) = words.strip_prefix("json: cannot unmarshal ")?.split_once(" into Go ")?;
    let wanted = wanted.rsplit_once(" of type ").map_or(wanted, |(_, wanted)| wanted);
    let found = match found.split(' ').next().unwrap_or_default() {
        "number" => "int64",
        "object" => "map",
        "array" => "slice",
        other => other,
    };
    let is_struct = fields::structs().any(|shape| shape.go() == wanted);
    let words = match wanted {
        list if list.starts_with("[]") => format!("cannot restore slice from {found}"),
        map if map.starts_with("map[") => format!("cannot restore map from {found}"),
        _ if is_struct => format!("cannot restore struct from: {found}"),
        leaf => match found {
            "map" => format!("cannot convert map[string]interface {{}} to {leaf}"),
            "slice" => format!("cannot convert []interface {{}} to {leaf}"),
            scalar => format!("cannot convert {scalar} to {leaf}"),
        },
    };
    Some(refusal(go_map(patch, 0), words))
}

/// A tree as Go's `%+v` prints it.
fn go_map(value: &Value, depth: usize) -> String {
    const MAX_DEPTH: usize = 64;
    match value {
        Value::Null => "<nil>".to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) if depth < MAX_DEPTH => {
            let items: Vec<String> = list.iter().map(|item| go_map(item, depth + 1)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) if depth < MAX_DEPTH => {
            let mut pairs: Vec<(&String, String)> =
                map.iter().map(|(key, value)| (key, go_map(value, depth + 1))).collect();
            order::sort(&mut pairs);
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}
