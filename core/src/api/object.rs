//! One Kubernetes object: its kind and its whole tree, shared. Every field that went in comes out again.

use super::{Kind, Managed, managed, tree};
use crate::base::{ObjectRef, Text};
use serde_json::Value;
use std::sync::Arc;

/// An object. Cloning shares the tree; [`Object::edit`] copies it.
#[derive(Debug, Clone)]
pub struct Object {
    /// What kind of object it is.
    pub kind: &'static Kind,
    /// Kind, namespace and name.
    pub key: ObjectRef,
    /// `metadata.uid`; empty until the API server has accepted it.
    pub uid: Text,
    /// `metadata.resourceVersion`; 0 until it is stored.
    pub revision: u64,
    /// Who manages which fields, once the API server has accepted it; the tree does not hold them.
    pub managed: Option<Arc<Managed>>,
    tree: Arc<Value>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.key == other.key && (Arc::ptr_eq(&self.tree, &other.tree) || self.tree == other.tree)
    }
}

impl Object {
    /// Takes a tree as an object of a kind. What the tree lacks reads as empty.
    pub fn new(kind: &'static Kind, tree: Value) -> Object {
        let namespace = if kind.namespaced { tree::str(&tree, "metadata.namespace") } else { "" };
        Object {
            kind,
            key: ObjectRef::new(kind.kind, namespace, tree::str(&tree, "metadata.name")),
            uid: tree::str(&tree, "metadata.uid").into(),
            revision: tree::str(&tree, "metadata.resourceVersion").parse().unwrap_or(0),
            managed: None,
            tree: Arc::new(tree),
        }
    }

    /// The object as stored at a revision.
    #[must_use]
    pub fn at_revision(mut self, revision: u64) -> Object {
        let tree = Arc::make_mut(&mut self.tree);
        tree::set(tree, "metadata.resourceVersion", revision.to_string());
        self.revision = revision;
        self
    }

    /// The object with these managers.
    #[must_use]
    pub fn managed_by(self, managed: Option<Arc<Managed>>) -> Object {
        Object { managed, ..self }
    }

    /// The whole tree.
    pub fn tree(&self) -> &Value {
        &self.tree
    }

    /// The whole tree with `metadata.managedFields`, as clients see it.
    pub fn shown(&self) -> Value {
        let mut tree = (*self.tree).clone();
        managed::attach(&mut tree, self.managed.as_deref());
        tree
    }

    /// The object with its tree changed.
    pub fn edit(&self, change: impl FnOnce(&mut Value)) -> Object {
        let mut tree = (*self.tree).clone();
        change(&mut tree);
        Object { managed: self.managed.clone(), ..Object::new(self.kind, tree) }
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The object's namespace; empty when cluster-scoped.
    pub fn namespace(&self) -> &str {
        &self.key.namespace
    }

    /// The value at a dotted path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        tree::get(&self.tree, path)
    }

    /// The string at a dotted path; "" when absent.
    pub fn str(&self, path: &str) -> &str {
        tree::str(&self.tree, path)
    }

    /// The integer at a dotted path.
    pub fn int(&self, path: &str) -> Option<i64> {
        tree::int(&self.tree, path)
    }

    /// The boolean at a dotted path.
    pub fn bool(&self, path: &str) -> Option<bool> {
        tree::bool(&self.tree, path)
    }

    /// The list at a dotted path; empty when absent.
    pub fn list(&self, path: &str) -> &[Value] {
        tree::list(&self.tree, path)
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        tree::map(&self.tree, "metadata.labels")?.get(key)?.as_str()
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        tree::map(&self.tree, "metadata.annotations")?.get(key)?.as_str()
    }

    /// The labels, sorted by key.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        tree::pairs(&self.tree, "metadata.labels")
    }

    /// Whether the object is marked for deletion.
    pub fn is_terminating(&self) -> bool {
        self.get("metadata.deletionTimestamp").is_some()
    }

    /// The owner that controls it: kind, name and uid.
    pub fn controller(&self) -> Option<(&str, &str, &str)> {
        let owner = self
            .list("metadata.ownerReferences")
            .iter()
            .find(|o| tree::bool(o, "controller") == Some(true))?;
        Some((tree::str(owner, "kind"), tree::str(owner, "name"), tree::str(owner, "uid")))
    }
}
