//! `metadata`: what the API server fills in, and what is wrong with what clients filled in.
//!
//! Models: apimachinery `pkg/api/validation/objectmeta.go`, apiserver `pkg/registry/rest/{create,meta}.go`.

use crate::api::{FieldError, Kind, Object, names, tree};
use crate::base::Purpose;
use crate::effect::Out;
use serde_json::{Value, json};

/// The letters of generated names: no vowels, and nothing that looks like another.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// The length to which the beginning of a generated name is cut.
const MAX_GENERATE_NAME: usize = 58;

/// A name that begins with `base` and ends with five drawn letters.
pub fn generate_name(kind: &Kind, namespace: &str, base: &str, out: &mut Out<'_>) -> String {
    let base = base.get(..MAX_GENERATE_NAME).unwrap_or(base);
    let actor = format!("{} {namespace}/{base}", kind.kind);
    let mut name = base.to_string();
    for _ in 0..5 {
        let letter = out.below(Purpose::NameSuffix, &actor, SAFE.len() as u64);
        let letter = usize::try_from(letter).ok().and_then(|i| SAFE.get(i)).copied().unwrap_or(b'x');
        name.push(char::from(letter));
    }
    name
}

/// A new uid in the form of a random UUID.
pub fn uid(kind: &Kind, namespace: &str, name: &str, out: &mut Out<'_>) -> String {
    let actor = format!("{} {namespace}/{name}", kind.kind);
    let (high, low) = (out.draw(Purpose::Uid, &actor), out.draw(Purpose::Uid, &actor));
    let (version, variant) = (high & 0x0fff | 0x4000, low >> 48 & 0x3fff | 0x8000);
    let (first, second, last) = (high >> 32, high >> 16 & 0xffff, low & 0xffff_ffff_ffff);
    format!("{first:08x}-{second:04x}-{version:04x}-{variant:04x}-{last:012x}")
}

/// Fills in what only the API server may set on a new object.
pub fn stamp(kind: &Kind, tree: &mut Value, uid: &str, out: &Out<'_>) {
    for field in
        ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"]
    {
        tree::remove(tree, &format!("metadata.{field}"));
    }
    tree::set(tree, "metadata.uid", uid);
    tree::set(tree, "metadata.creationTimestamp", out.now.rfc3339());
    if kind.has_generation {
        tree::set(tree, "metadata.generation", 1);
    }
    tidy(tree);
}

/// An object on its way out may lose finalizers, and gets no new ones.
pub fn new_finalizers(old: &Object, tree: &Value) -> Option<FieldError> {
    let known = old.list("metadata.finalizers");
    let new = tree::list(tree, "metadata.finalizers").iter().filter(|finalizer| !known.contains(finalizer));
    let new: Vec<String> = new.map(Value::to_string).collect();
    let words = "no new finalizers can be added if the object is being deleted, found new finalizers";
    (old.is_terminating() && !new.is_empty()).then(|| {
        FieldError::forbidden("metadata.finalizers", format!("{words} []string{{{}}}", new.join(", ")))
    })
}

/// Puts back what an update may not change.
pub fn carry_over(old: &Object, tree: &mut Value) {
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "resourceVersion",
    ] {
        let path = format!("metadata.{field}");
        match old.get(&path) {
            Some(value) => tree::set(tree, &path, value.clone()),
            None => drop(tree::remove(tree, &path)),
        }
    }
    tidy(tree);
}

/// Drops what Go leaves out when it writes: empty maps and lists, and nulls.
fn tidy(tree: &mut Value) {
    if let Some(metadata) = tree.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(map) => !map.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::String(text) => !text.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        });
    }
}

/// What is wrong with the metadata of an object.
pub fn problems(kind: &Kind, tree: &Value) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let prefix = tree::str(tree, "metadata.generateName");
    if !prefix.is_empty() {
        for words in kind.name_rule.problems(prefix, true) {
            wrong.push(FieldError::invalid("metadata.generateName", &json!(prefix), words));
        }
    }
    let name = tree::str(tree, "metadata.name");
    if name.is_empty() {
        wrong.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        for words in kind.name_rule.problems(name, false) {
            wrong.push(FieldError::invalid("metadata.name", &json!(name), words));
        }
    }
    let namespace = tree::str(tree, "metadata.namespace");
    if kind.namespaced {
        for words in names::dns1123_label(namespace) {
            wrong.push(FieldError::invalid("metadata.namespace", &json!(namespace), words));
        }
    } else if !namespace.is_empty() {
        wrong.push(FieldError::forbidden("metadata.namespace", "not allowed on this type"));
    }
    wrong.extend(labels(tree, "metadata.labels"));
    annotations(tree, &mut wrong);
    owners(tree, &mut wrong);
    for finalizer in tree::list(tree, "metadata.finalizers").iter().filter_map(Value::as_str) {
        for words in names::qualified_name(finalizer) {
            wrong.push(FieldError::invalid("metadata.finalizers", &json!(finalizer), words));
        }
    }
    wrong
}

/// What is wrong with a map of labels.
pub fn labels(tree: &Value, path: &str) -> Vec<FieldError> {
    names::label_problems(tree::get(tree, path), path)
}

fn annotations(tree: &Value, wrong: &mut Vec<FieldError>) {
    const LIMIT: usize = 256 * 1024;
    let mut size = 0;
    for (key, value) in tree::pairs(tree, "metadata.annotations") {
        size += key.len() + value.len();
        // Keys of annotations may have upper case.
        for words in names::qualified_name(&key.to_ascii_lowercase()) {
            wrong.push(FieldError::invalid("metadata.annotations", &json!(key), words));
        }
    }
    if size > LIMIT {
        wrong.push(FieldError::too_long("metadata.annotations", LIMIT));
    }
}

fn owners(tree: &Value, wrong: &mut Vec<FieldError>) {
    for (i, owner) in tree::list(tree, "metadata.ownerReferences").iter().enumerate() {
        for (field, words) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if tree::str(owner, field).is_empty() {
                let path = format!("metadata.ownerReferences[{i}].{field}");
                wrong.push(FieldError::invalid(path, &json!(""), words));
            }
        }
    }
}
