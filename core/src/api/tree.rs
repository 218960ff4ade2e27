//! Reading and writing JSON trees by path. A path is field names joined by dots; lists are read by their own methods.

use serde_json::{Map, Value};

/// An object of these entries. Not `collect`: std sorts first, by a sort that is compiled anew for each iterator.
pub fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    entries.into_iter().for_each(|(key, value)| {
        object.insert(key, value);
    });
    object
}

/// The value at a dotted path of field names, if every step is there and not null.
pub fn get<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    let found = path.split('.').try_fold(tree, |at, step| at.get(step))?;
    (!found.is_null()).then_some(found)
}

/// The string at a path; "" when absent or of another type.
pub fn str<'a>(tree: &'a Value, path: &str) -> &'a str {
    get(tree, path).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a path.
pub fn int(tree: &Value, path: &str) -> Option<i64> {
    get(tree, path).and_then(Value::as_i64)
}

/// The boolean at a path.
pub fn bool(tree: &Value, path: &str) -> Option<bool> {
    get(tree, path).and_then(Value::as_bool)
}

/// The list at a path; empty when absent or of another type.
pub fn list<'a>(tree: &'a Value, path: &str) -> &'a [Value] {
    get(tree, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The items of the list at a path, to be changed; none when absent or of another type.
pub fn list_mut<'a>(tree: &'a mut Value, path: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = path.split('.').try_fold(tree, |at, step| at.get_mut(step)).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// The map at a path; `None` when absent or of another type.
pub fn map<'a>(tree: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    get(tree, path).and_then(Value::as_object)
}

/// The string-to-string pairs of the map at a path, sorted by key.
pub fn pairs<'a>(tree: &'a Value, path: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    map(tree, path)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

/// Sets the value at a path, making maps on the way; a step that is not a map is replaced by one.
pub fn set(tree: &mut Value, path: &str, value: impl Into<Value>) {
    let mut at = tree;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(step).or_insert(Value::Null);
    }
    *at = value.into();
}

/// Sets the value at a path unless something other than null is there.
pub fn default(tree: &mut Value, path: &str, value: impl Into<Value>) {
    if get(tree, path).is_none() {
        set(tree, path, value);
    }
}

/// Removes the field at a path; tells whether it was there.
pub fn remove(tree: &mut Value, path: &str) -> bool {
    let (parent, field) = path.rsplit_once('.').map_or(("", path), |(parent, field)| (parent, field));
    let at = if parent.is_empty() {
        Some(tree)
    } else {
        parent.split('.').try_fold(tree, |at, step| at.get_mut(step))
    };
    at.and_then(Value::as_object_mut).is_some_and(|map| map.remove(field).is_some())
}
