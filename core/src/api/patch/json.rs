//! JSON patch: a list of operations. Models: RFC 6902.

use crate::api::Status;
use serde_json::Value;

/// Applies the operations in order; one that cannot be done refuses all.
pub fn apply(target: &mut Value, patch: &Value) -> Result<(), Status> {
    let Some(operations) = patch.as_array() else {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ));
    };
    for operation in operations {
        one(target, operation)?;
    }
    Ok(())
}

fn one(target: &mut Value, operation: &Value) -> Result<(), Status> {
    let text = |field: &str| operation.get(field).and_then(Value::as_str).unwrap_or_default();
    let path = text("path");
    match text("op") {
        "add" => add(target, path, value(operation)),
        "remove" => remove(target, path).map(drop),
        "replace" => match target.pointer_mut(path) {
            Some(at) => {
                *at = value(operation);
                Ok(())
            }
            None => Err(missing()),
        },
        "move" => {
            let moved = remove(target, text("from"))?;
            add(target, path, moved)
        }
        "copy" => {
            let copied = target.pointer(text("from")).cloned().ok_or_else(missing)?;
            add(target, path, copied)
        }
        "test" => match target.pointer(path) {
            Some(found) if *found == value(operation) => Ok(()),
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}

fn value(operation: &Value) -> Value {
    operation.get("value").cloned().unwrap_or(Value::Null)
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), Status> {
    let Some((parent, key)) = split(path) else {
        *target = value;
        return Ok(());
    };
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(key, value);
            Ok(())
        }
        Some(Value::Array(list)) if key == "-" => {
            list.push(value);
            Ok(())
        }
        Some(Value::Array(list)) => match key.parse::<usize>() {
            Ok(at) if at <= list.len() => {
                list.insert(at, value);
                Ok(())
            }
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}

fn remove(target: &mut Value, path: &str) -> Result<Value, Status> {
    let (parent, key) = split(path).ok_or_else(missing)?;
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&key).ok_or_else(missing),
        Some(Value::Array(list)) => match key.parse::<usize>() {
            Ok(at) if at < list.len() => Ok(list.remove(at)),
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}

/// The pointer to the parent, and the last step unescaped.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

/// What is said of any operation that cannot be done.
fn missing() -> Status {
    Status::plain(422, "Invalid", "the server rejected our request due to an error in our request")
}
