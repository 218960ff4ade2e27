//! OpenAPI v3: the schema of each group and version, derived from the table of fields. kubectl reads it for `explain`,
//! and to learn that patches can be validated by the server.
//!
//! Models: `k8s.io/kube-openapi/pkg/handler3`. Omits: parameters, responses and paths beyond what clients look up here;
//! structs are named by the group of the document, whatever group upstream declares them in.

use crate::api::Kind;
use crate::api::fields::{self, Field, Shape, texts};
use crate::api::kinds::KINDS;
use crate::api::merge_keys::{self, Lists};
use crate::base::FlatSet;
use serde_json::{Map, Value, json};

/// The answer for a path under `/openapi/v3`; `None` when it is none.
pub(super) fn answer(path: &str, version: &str) -> Option<Value> {
    let rest = path.strip_prefix("/openapi/v3")?.trim_matches('/');
    if rest.is_empty() {
        let paths: Map<String, Value> = documents()
            .into_iter()
            .map(|document| {
                let url = format!("/openapi/v3/{document}?hash={}", hash(&document, version));
                (document, json!({ "serverRelativeURL": url }))
            })
            .collect();
        return Some(json!({ "paths": paths }));
    }
    let kinds: Vec<&Kind> = KINDS.iter().copied().filter(|kind| folder(kind) == rest).collect();
    if kinds.is_empty() {
        return None;
    }
    Some(document(&kinds, version))
}

/// The documents there are: `api/v1`, `apis/apps/v1`.
fn documents() -> FlatSet<String> {
    KINDS.iter().map(|kind| folder(kind)).collect()
}

fn folder(kind: &Kind) -> String {
    let root = if kind.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", kind.api_version())
}

/// Clients keep a document for as long as its hash stays.
fn hash(document: &str, version: &str) -> String {
    use sha2::{Digest, Sha512};
    let digest = Sha512::digest(format!("{document} {version}"));
    data_encoding::HEXUPPER.encode(&digest)
}

fn document(kinds: &[&Kind], version: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Schemas::default();
    for kind in kinds {
        schemas.kind(kind);
        let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        paths.insert(format!("/{}{scope}/{}/{{name}}", folder(kind), kind.plural), operations(kind));
    }
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": version },
        "paths": paths,
        "components": { "schemas": schemas.done },
    })
}

/// What can be done with one object, as far as clients look it up: the parameters of a patch.
fn operations(kind: &Kind) -> Value {
    let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let parameters: Vec<Value> =
        ["dryRun", "fieldManager", "fieldValidation", "force"].into_iter().map(parameter).collect();
    let id = json!({ "group": kind.group, "version": kind.version, "kind": kind.kind });
    let operation = |action: &str, parameters: Value| {
        json!({
            "parameters": parameters,
            "responses": { "200": { "description": "OK" } },
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": id,
        })
    };
    let mut patch = operation("patch", parameters[..].into());
    // Clients make a strategic merge patch from this document only where its type is among these.
    patch["requestBody"] = json!({ "content": PATCHES.iter().map(|kind| ((*kind).to_string(), json!({}))).collect::<Map<_, _>>() });
    json!({
        "get": operation("get", json!([])),
        "put": operation("put", parameters[..3].into()),
        "patch": patch,
        "delete": operation("delete", json!([parameter("dryRun")])),
    })
}

/// The types of patches that every kind here takes.
const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// Types of one value that have names of their own.
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/// The schemas of one document.
#[derive(Default)]
struct Schemas {
    done: Map<String, Value>,
    prefix: String,
}

impl Schemas {
    fn kind(&mut self, kind: &Kind) {
        let package = match kind.group.split('.').next() {
            Some("") | None => "core",
            Some(group) => group,
        };
        self.prefix = format!("io.k8s.api.{package}.{}", kind.version);
        let Some(shape) = fields::of(&kind.api_version(), kind.kind) else { return };
        // Structs that several groups have carry the group in the table; here the document tells.
        let name = format!("{}.{}", self.prefix, kind.kind);
        let mut schema = self.object(&shape);
        schema["x-kubernetes-group-version-kind"] =
            json!([{ "group": kind.group, "version": kind.version, "kind": kind.kind }]);
        self.done.insert(name, schema);
    }

    fn name(&self, shape: &Shape) -> String {
        let name = shape.struct_name();
        format!("{}.{}", self.prefix, name.rsplit_once('/').map_or(name, |(_, name)| name))
    }

    /// A reference to a struct's schema, which is written when it is met first.
    fn reference(&mut self, shape: &Shape) -> Value {
        let name = self.name(shape);
        if !self.done.contains_key(&name) {
            // Noted before its fields are read: structs may hold themselves.
            self.done.insert(name.clone(), Value::Null);
            let schema = self.object(shape);
            self.done.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// A reference to the schema of a type of one value.
    fn named(&mut self, name: &str, schema: Value) -> Value {
        self.done.entry(name).or_insert(schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn object(&mut self, shape: &Shape) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in shape.fields() {
            if field.required {
                required.push(Value::from(field.name));
            }
            properties.insert(field.name.into(), self.property(shape, field));
        }
        let mut schema = json!({ "type": "object", "description": texts::of_struct(shape) });
        if !properties.is_empty() {
            schema["properties"] = properties.into();
        }
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        schema
    }

    fn property(&mut self, parent: &Shape, field: &Field) -> Value {
        let mut schema = self.schema(&field.shape);
        // Beside a reference nothing else counts, so that it is wrapped.
        if schema.get("$ref").is_some() {
            schema = json!({ "allOf": [schema], "default": {} });
        }
        let text = texts::of_field(parent, field.name);
        if !text.is_empty() {
            schema["description"] = text.into();
        }
        match (parent.struct_name(), field.name) {
            ("DeploymentSpec", "strategy") => schema["x-kubernetes-patch-strategy"] = "retainKeys".into(),
            (of, name) if matches!(field.shape, Shape::List(_)) => merges(&mut schema, of, name),
            _ => {}
        }
        schema
    }

    fn schema(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Text(_) => {
                let values = texts::values(shape);
                if values.is_empty() {
                    json!({ "type": "string" })
                } else {
                    json!({ "type": "string", "enum": values })
                }
            }
            Shape::Int(format) => json!({ "type": "integer", "format": format }),
            Shape::Float => json!({ "type": "number", "format": "double" }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::Bytes => json!({ "type": "string", "format": "byte" }),
            Shape::Quantity => {
                self.named(QUANTITY, json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }))
            }
            Shape::IntOrString => {
                let either = json!({ "oneOf": [{ "type": "integer" }, { "type": "string" }], "format": "int-or-string" });
                self.named(INT_OR_STRING, either)
            }
            Shape::Time | Shape::MicroTime => json!({ "type": "string", "format": "date-time" }),
            Shape::Any => json!({ "type": "object" }),
            Shape::Struct(_) => self.reference(shape),
            Shape::List(inner) => json!({ "type": "array", "items": self.schema(inner) }),
            Shape::Map(inner) => json!({ "type": "object", "additionalProperties": self.schema(inner) }),
        }
    }
}

/// How patches take the list that is a field of a struct: the first key is that of strategic merges.
fn merges(schema: &mut Value, of: &str, field: &str) {
    match merge_keys::lists(of, field) {
        Lists::Atomic => schema["x-kubernetes-list-type"] = "atomic".into(),
        Lists::Set => {
            schema["x-kubernetes-list-type"] = "set".into();
            schema["x-kubernetes-patch-strategy"] = "merge".into();
        }
        Lists::Keys(keys) => {
            let retains = (of, field) == ("PodSpec", "volumes");
            schema["x-kubernetes-list-type"] = "map".into();
            schema["x-kubernetes-list-map-keys"] = json!(keys);
            schema["x-kubernetes-patch-merge-key"] = json!(keys.first());
            schema["x-kubernetes-patch-strategy"] = if retains { "merge,retainKeys" } else { "merge" }.into();
        }
    }
}
