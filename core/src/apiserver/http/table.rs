//! What an answer looks like: the objects themselves, only their metadata, or a `meta.k8s.io/v1` Table for kubectl.

use super::page::Page;
use super::url::Query;
use crate::api::managed;
use crate::api::{Kind, Object, Request, Response};
use crate::base::Instant;
use http::HeaderValue;
use serde_json::{Value, json};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// As a Table.
    pub table: bool,
    /// Only the metadata.
    pub partial: bool,
    /// With whole objects in the rows.
    pub whole: bool,
}

impl Form {
    /// What a client accepts.
    pub fn of(accept: Option<&HeaderValue>, query: &Query) -> Form {
        let text = accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The first of what a client accepts that there is.
        let first = text.split(',').map(str::trim).find(|one| {
            one.contains("as=Table") || one.contains("as=PartialObjectMetadata") || !one.contains("as=")
        });
        let is = |word| first.is_some_and(|one| one.contains(word));
        Form {
            table: is("as=Table"),
            partial: is("as=PartialObjectMetadata"),
            whole: query.get("includeObject") == Some("Object"),
        }
    }

    /// The answer as JSON.
    pub fn write(self, request: &Request, response: &Response, now: Instant) -> Value {
        match response {
            Response::Object(object) if self.table => {
                let rows = vec![self.row(object, now)];
                table(object.kind, object.revision, rows, true)
            }
            Response::Object(object) => self.object(object),
            Response::List(objects, revision) => {
                let (token, remaining) = (String::new(), None);
                let page = Page { objects: objects.clone(), revision: *revision, token, remaining };
                self.write_page(request.kind, &page, now)
            }
        }
    }

    /// One object of a watch. Only a stream's first Table has the columns.
    pub fn event(self, object: &Object, first: bool, now: Instant) -> Value {
        if self.table {
            table(object.kind, object.revision, vec![self.row(object, now)], first)
        } else {
            self.object(object)
        }
    }

    /// An object that says only how far a watch has come.
    pub fn bookmark(self, kind: &Kind, metadata: &Value) -> Value {
        if self.table {
            return json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": null,
                "rows": [],
            });
        }
        let (name, version) = if self.partial {
            ("PartialObjectMetadata", "meta.k8s.io/v1".to_string())
        } else {
            (kind.kind, kind.api_version())
        };
        json!({ "kind": name, "apiVersion": version, "metadata": metadata })
    }

    /// A piece of a list.
    pub fn write_page(self, kind: &Kind, page: &Page, now: Instant) -> Value {
        let mut answer = if self.table {
            let rows = page.objects.iter().map(|object| self.row(object, now)).collect();
            table(kind, page.revision, rows, true)
        } else if self.partial {
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": { "resourceVersion": page.revision.to_string() },
                "items": page.objects.iter().map(partial).collect::<Vec<_>>(),
            })
        } else {
            list(kind, &page.objects, page.revision)
        };
        if !page.token.is_empty() {
            answer["metadata"]["continue"] = page.token.as_str().into();
        }
        if let Some(remaining) = page.remaining {
            answer["metadata"]["remainingItemCount"] = remaining.into();
        }
        answer
    }

    fn object(self, object: &Object) -> Value {
        if self.partial { partial(object) } else { object.shown() }
    }

    fn row(self, object: &Object, now: Instant) -> Value {
        let cells: Vec<Value> =
            object.kind.columns.iter().map(|column| (column.cell)(object, now).into()).collect();
        let shown = if self.whole { object.shown() } else { partial(object) };
        json!({ "cells": cells, "object": shown })
    }
}

/// Only an object's metadata.
fn partial(object: &Object) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    let mut shown =
        json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata });
    managed::attach(&mut shown, object.managed.as_deref());
    shown
}

fn table(kind: &Kind, revision: u64, rows: Vec<Value>, columns: bool) -> Value {
    let definition = |column: &crate::api::Column| {
        let format = if column.name == "Name" { "name" } else { "" };
        json!({
            "name": column.name, "type": "string", "format": format, "description": "",
            "priority": u8::from(column.wide),
        })
    };
    let definitions: Option<Vec<Value>> = columns.then(|| kind.columns.iter().map(definition).collect());
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": revision.to_string() },
        "columnDefinitions": definitions, "rows": rows,
    })
}

/// Items of a list carry no kind of their own.
fn list(kind: &Kind, objects: &[Object], revision: u64) -> Value {
    let item = |object: &Object| {
        let mut tree = object.shown();
        if let Some(map) = tree.as_object_mut() {
            map.remove("apiVersion");
            map.remove("kind");
        }
        tree
    };
    json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": { "resourceVersion": revision.to_string() },
        "items": objects.iter().map(item).collect::<Vec<_>>(),
    })
}
