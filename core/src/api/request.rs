//! Typed requests to the API server. Controllers and kubelets send them as they are; the HTTP codec makes them from URLs.

use super::{Kind, Object, Selector};
use crate::base::{ObjectRef, Text};
use crate::trace::Cause;
use serde_json::Value;

/// A request to the API server.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// With which kind.
    pub kind: &'static Kind,
    /// In which namespace; empty for cluster-scoped kinds and for all namespaces.
    pub namespace: Text,
    /// With which object; empty for lists and for creation.
    pub name: Text,
    /// `status`, `scale`, `binding`, `eviction`; empty for the object itself.
    pub subresource: &'static str,
    /// The options of the query string.
    pub options: Options,
    /// Who asks, as in `User-Agent`: `kubectl`, `kubelet`, `endpointslice-controller`.
    pub agent: Text,
}

/// What a request does.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Read one.
    Get,
    /// Read many.
    List,
    /// Make one.
    Create(Object),
    /// Replace one.
    Update(Object),
    /// Change one.
    Patch(PatchType, Value),
    /// Remove one.
    Delete,
    /// Remove many.
    DeleteCollection,
}

/// How a patch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// `application/strategic-merge-patch+json`
    Strategic,
    /// `application/merge-patch+json`
    Merge,
    /// `application/json-patch+json`
    Json,
    /// `application/apply-patch+yaml`
    Apply,
}

/// Options of a request.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `labelSelector`.
    pub labels: Selector,
    /// `fieldSelector`: dotted path, value, and whether they must be equal.
    pub fields: Vec<(Text, Text, bool)>,
    /// `dryRun=All`.
    pub dry_run: bool,
    /// `fieldValidation=Strict`; otherwise unknown fields are dropped.
    pub strict: bool,
    /// `fieldManager`.
    pub field_manager: Text,
    /// `force`, for apply.
    pub force: bool,
    /// The subresource through which the object itself is changed, as `scale` does.
    pub through: Option<&'static str>,
    /// `gracePeriodSeconds`, for deletion.
    pub grace_seconds: Option<u64>,
    /// `propagationPolicy`, for deletion: `Background` when empty.
    pub propagation: Text,
    /// `preconditions.uid`, for deletion; empty when any will do.
    pub uid: Text,
    /// `preconditions.resourceVersion`, for deletion; empty when any will do.
    pub version: Text,
}

/// What the API server gives back.
#[derive(Debug, Clone)]
pub enum Response {
    /// An object, as stored.
    Object(Object),
    /// Objects, and the revision as of which they are.
    List(Vec<Object>, u64),
}

impl Response {
    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match self {
            Response::Object(object) => Some(object),
            Response::List(..) => None,
        }
    }
}

impl Request {
    fn new(verb: Verb, kind: &'static Kind, namespace: &str, name: &str, agent: &str) -> Request {
        Request {
            verb,
            kind,
            namespace: namespace.into(),
            name: name.into(),
            subresource: "",
            options: Options::default(),
            agent: agent.into(),
        }
    }

    /// Reads one object.
    pub fn get(agent: &str, kind: &'static Kind, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Get, kind, namespace, name, agent)
    }

    /// Reads all objects of a kind, in one namespace or (empty) in all.
    pub fn list(agent: &str, kind: &'static Kind, namespace: &str) -> Request {
        Request::new(Verb::List, kind, namespace, "", agent)
    }

    /// Makes an object.
    pub fn create(agent: &str, object: Object) -> Request {
        let (kind, key) = (object.kind, object.key.clone());
        Request::new(Verb::Create(object), kind, &key.namespace, "", agent)
    }

    /// Replaces an object; its `resourceVersion`, if set, must be the stored one.
    pub fn update(agent: &str, object: Object) -> Request {
        let (kind, key) = (object.kind, object.key.clone());
        Request::new(Verb::Update(object), kind, &key.namespace, &key.name, agent)
    }

    /// Replaces an object's status.
    pub fn update_status(agent: &str, object: Object) -> Request {
        Request { subresource: "status", ..Request::update(agent, object) }
    }

    /// Changes an object by a patch.
    pub fn patch(agent: &str, kind: &'static Kind, key: &ObjectRef, how: PatchType, patch: Value) -> Request {
        Request::new(Verb::Patch(how, patch), kind, &key.namespace, &key.name, agent)
    }

    /// Removes an object.
    pub fn delete(agent: &str, kind: &'static Kind, namespace: &str, name: &str) -> Request {
        Request::new(Verb::Delete, kind, namespace, name, agent)
    }
}

/// What a watch tells.
#[derive(Debug, Clone)]
pub struct WatchEvent {
    /// What happened to the object.
    pub kind: WatchKind,
    /// The object after it; before it, for deletions.
    pub object: Object,
    /// The revision at which it happened.
    pub revision: u64,
    /// The event of the write, so that what watchers do links back to it.
    pub cause: Cause,
}

/// What happened to a watched object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKind {
    /// It is new to the watcher.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

impl WatchKind {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            WatchKind::Added => "ADDED",
            WatchKind::Modified => "MODIFIED",
            WatchKind::Deleted => "DELETED",
        }
    }
}
