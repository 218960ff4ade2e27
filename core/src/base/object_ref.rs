//! The name of a Kubernetes object. Knows no kind's fields.

use super::{Canon, Encoder, Text};
use std::fmt;

/// Which object: kind, namespace (empty when cluster-scoped) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The kind as in YAML, such as `EndpointSlice`.
    pub kind: Text,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: Text,
    /// The object's name.
    pub name: Text,
}

impl ObjectRef {
    /// Names an object.
    pub fn new(kind: &str, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectRef {
    /// `Service default/web`, or `Node node-1` for what has no namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

impl Canon for ObjectRef {
    fn canon(&self, out: &mut Encoder) {
        self.kind.canon(out);
        self.namespace.canon(out);
        self.name.canon(out);
    }
}
