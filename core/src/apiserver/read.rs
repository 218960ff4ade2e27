//! Reading: get and list, with label and field selectors.

use super::{ApiServer, keys};
use crate::api::request::Options;
use crate::api::{Kind, Object, Request, Response, Status};

impl ApiServer {
    pub(super) fn get(&self, request: &Request) -> Result<Response, Status> {
        let found = self.stored(request.kind, &request.namespace, &request.name);
        let object = found.ok_or_else(|| Status::not_found(request.kind, &request.name))?;
        if request.subresource == "scale" {
            return super::subresources::scale_of(object).map(Response::Object);
        }
        Ok(Response::Object(object.clone()))
    }

    pub(super) fn list(&self, request: &Request) -> Result<Response, Status> {
        check_fields(request.kind, &request.options)?;
        Ok(Response::List(self.matching(request).cloned().collect(), self.store.revision()))
    }

    /// The objects that a list, a watch or a deletecollection means, in the order of their keys.
    pub(super) fn matching<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = &'a Object> {
        let prefix = keys::prefix(request.kind, &request.namespace);
        self.store
            .prefixed(prefix)
            .map(|(_, stored)| &stored.value.object)
            .filter(|object| selected(object, &request.options))
    }
}

/// Whether the labels and fields that are asked for are those of an object.
pub(super) fn selected(object: &Object, options: &Options) -> bool {
    let field = |path: &str| match path {
        "metadata.name" => object.name().to_string(),
        "metadata.namespace" => object.namespace().to_string(),
        "source" => object.str("source.component").to_string(),
        _ => match object.get(path) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if matches!(path, "spec.unschedulable" | "spec.hostNetwork") => "false".into(),
            None => String::new(),
        },
    };
    options.fields.iter().all(|(path, value, equal)| (field(path) == **value) == *equal)
        && options.labels.matches(object)
}

/// Refuses a field that the kind does not offer to selectors.
pub(super) fn check_fields(kind: &Kind, options: &Options) -> Result<(), Status> {
    let known = |path: &str| {
        path == "metadata.name"
            || path == "metadata.namespace" && kind.namespaced
            || kind.selectable.contains(&path)
    };
    match options.fields.iter().find(|(path, _, _)| !known(path)) {
        None => Ok(()),
        Some((path, _, _)) => Err(Status::bad_request(format!("field label not supported: {path}"))),
    }
}

impl ApiServer {
    /// All objects of a kind, for views; nobody in the cluster sees these.
    pub fn peek(&self, kind: &Kind) -> Vec<Object> {
        self.store.prefixed(keys::prefix(kind, "")).map(|(_, stored)| stored.value.object.clone()).collect()
    }
}
