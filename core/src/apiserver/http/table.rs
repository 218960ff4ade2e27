//! What an answer looks like: the objects themselves, or a `meta.k8s.io/v1` Table for kubectl.

use super::url::Query;
use crate::api::{Kind, Object, Request, Response};
use crate::base::Instant;
use http::HeaderValue;
use serde_json::{Value, json};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// As a Table.
    pub table: bool,
    /// With whole objects in the rows.
    pub whole: bool,
}

impl Form {
    /// What a client accepts.
    pub fn of(accept: Option<&HeaderValue>, query: &Query) -> Form {
        let text = accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
        Form { table: text.contains("as=Table"), whole: query.get("includeObject") == Some("Object") }
    }

    /// The answer as JSON.
    pub fn write(self, request: &Request, response: &Response, now: Instant) -> Value {
        match response {
            Response::Object(object) if self.table => {
                let rows = vec![self.row(object, now)];
                table(object.kind, object.revision, rows, true)
            }
            Response::Object(object) => object.shown(),
            Response::List(objects, revision) if self.table => {
                let rows = objects.iter().map(|object| self.row(object, now)).collect();
                table(request.kind, *revision, rows, true)
            }
            Response::List(objects, revision) => list(request.kind, objects, *revision),
        }
    }

    /// One object of a watch. Only a stream's first Table has the columns.
    pub fn event(self, object: &Object, first: bool, now: Instant) -> Value {
        if self.table {
            table(object.kind, object.revision, vec![self.row(object, now)], first)
        } else {
            object.shown()
        }
    }

    fn row(self, object: &Object, now: Instant) -> Value {
        let cells: Vec<Value> =
            object.kind.columns.iter().map(|column| (column.cell)(object, now).into()).collect();
        let shown = if self.whole {
            object.shown()
        } else {
            let metadata = object.shown().get_mut("metadata").map(Value::take).unwrap_or_default();
            json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata })
        };
        json!({ "cells": cells, "object": shown })
    }
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
