//! Who manages which fields of an object: `metadata.managedFields`, decoded. Knows no requests and no types of fields.
//!
//! Models: apimachinery `pkg/util/managedfields/internal/{managedfields,conflict}.go`. Omits: versions of kinds (each has
//! one), so that a set is never converted.

pub mod fields;

pub use fields::{Fields, Step};

use super::tree;
use crate::base::{Text, order};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How a manager came to its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// One manager and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name: `kubectl-client-side-apply`, `kubelet`.
    pub manager: Text,
    /// How it came to its fields.
    pub operation: Operation,
    /// The version in which they are named.
    pub api_version: Text,
    /// When they last changed, as RFC 3339; may be empty.
    pub time: Text,
    /// Through which subresource; empty for the object itself.
    pub subresource: Text,
    /// The fields.
    pub fields: Arc<Fields>,
}

/// The managers of an object, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Managed(pub Vec<Entry>);

impl Entry {
    /// Whether two entries are of one manager.
    pub fn is_of(&self, other: &Entry) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// The manager as conflicts name it: `"kubectl-create" using v1`.
    pub fn described(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }

    fn from_json(value: &Value) -> Option<Entry> {
        let text = |field| Text::from(tree::str(value, field));
        let operation = match tree::str(value, "operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let fields = value.get("fieldsV1").map_or_else(|| Some(Fields::default()), Fields::from_json)?;
        Some(Entry {
            manager: text("manager"),
            operation,
            api_version: text("apiVersion"),
            time: text("time"),
            subresource: text("subresource"),
            fields: Arc::new(fields),
        })
    }

    fn to_json(&self) -> Value {
        let operation = if self.operation == Operation::Apply { "Apply" } else { "Update" };
        let mut entry = json!({
            "manager": &*self.manager, "operation": operation, "apiVersion": &*self.api_version,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.to_json(),
        });
        for (field, text) in [("time", &self.time), ("subresource", &self.subresource)] {
            if !text.is_empty() {
                entry[field] = (&**text).into();
            }
        }
        entry
    }
}

impl Managed {
    /// Reads `metadata.managedFields`; `None` when an entry makes no sense.
    pub fn from_json(list: &[Value]) -> Option<Managed> {
        let entries: Option<Vec<Entry>> = list.iter().map(Entry::from_json).collect();
        entries.map(Managed)
    }

    /// `metadata.managedFields`.
    pub fn to_json(&self) -> Value {
        self.0.iter().map(Entry::to_json).collect()
    }

    /// Whether all is the same but the times.
    pub fn same_sets(&self, other: &Managed) -> bool {
        let same = |(a, b): (&Entry, &Entry)| {
            a.is_of(b)
                && a.api_version == b.api_version
                && (Arc::ptr_eq(&a.fields, &b.fields) || a.fields == b.fields)
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    /// Drops managers without fields and puts the rest in order.
    pub fn arrange(&mut self) {
        self.0.retain(|entry| !entry.fields.is_empty());
        order::sort_by(&mut self.0, |a, b| {
            let key = |e: &Entry| {
                (e.operation, e.time.clone(), e.manager.clone(), e.api_version.clone(), e.subresource.clone())
            };
            key(a).cmp(&key(b))
        });
    }
}

/// Whether a client asks that nobody manage anything: a list of one empty entry.
pub fn is_reset(list: &[Value]) -> bool {
    matches!(list, [Value::Object(only)] if only.is_empty())
}

/// Puts `metadata.managedFields` into a tree, where there are any.
pub fn attach(tree: &mut Value, managed: Option<&Managed>) {
    let Some(managed) = managed.filter(|managed| !managed.0.is_empty()) else { return };
    let metadata = tree.as_object_mut().map(|map| map.entry("metadata").or_insert_with(|| Map::new().into()));
    if let Some(Value::Object(metadata)) = metadata {
        metadata.insert("managedFields".into(), managed.to_json());
    }
}
