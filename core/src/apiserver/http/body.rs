//! Bodies: what a POST, PUT, PATCH or DELETE carries, decoded as strictly as it asks for.

use super::url::{Query, Target};
use super::{Warnings, plain_request};
use crate::api::request::PatchType;
use crate::api::{Object, Request, Status, Verb, decode, tree, yaml};
use crate::apiserver::patch::fit;
use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

/// The typed request of an HTTP request.
pub(super) fn request(
    http: &http::Request<Bytes>,
    target: &Target,
    query: &Query,
    warnings: &mut Warnings,
) -> Result<Request, Status> {
    let has_name = !target.name.is_empty();
    let mut options = query.options()?;
    let verb = match *http.method() {
        Method::GET if has_name => Verb::Get,
        Method::GET => Verb::List,
        Method::POST => Verb::Create(object(http, target, query, warnings)?),
        Method::PUT => Verb::Update(object(http, target, query, warnings)?),
        Method::PATCH => patch(http, target, query, warnings)?,
        Method::DELETE => {
            let body = read(http.body())?;
            let said = |path| tree::get(&body, path);
            options.grace_seconds =
                said("gracePeriodSeconds").and_then(Value::as_u64).or(options.grace_seconds);
            if let Some(policy) = said("propagationPolicy").and_then(Value::as_str) {
                options.propagation = policy.into();
            }
            options.uid = tree::str(&body, "preconditions.uid").into();
            options.dry_run |= tree::list(&body, "dryRun").iter().any(|v| v == "All");
            if has_name { Verb::Delete } else { Verb::DeleteCollection }
        }
        _ => {
            let words = "the server does not allow this method on the requested resource";
            return Err(Status::plain(405, "MethodNotAllowed", words));
        }
    };
    let mut request = plain_request(http, target, verb);
    request.options = options;
    Ok(request)
}

fn object(
    http: &http::Request<Bytes>,
    target: &Target,
    query: &Query,
    warnings: &mut Warnings,
) -> Result<Object, Status> {
    let mut body = read(http.body())?;
    if !body.is_object() {
        return Err(Status::bad_request("the object provided is unrecognized: it must be a JSON object"));
    }
    let of_itself = matches!(target.subresource, "" | "status");
    if of_itself {
        if !check(&body, target, query, warnings)? {
            decode::prune(&target.kind.api_version(), target.kind.kind, &mut body);
        }
        let (version, kind) = (target.kind.api_version(), target.kind.kind);
        let said = (tree::str(&body, "apiVersion").to_string(), tree::str(&body, "kind").to_string());
        let fits = (said.0.is_empty() || said.0 == version) && (said.1.is_empty() || said.1 == kind);
        if !fits {
            let words = format!(
                "{} in version {:?} cannot be handled as a {kind}: converting ({}) to ({version}.{kind}): unknown conversion",
                said.1, said.0, said.1
            );
            return Err(Status::bad_request(words));
        }
        tree::set(&mut body, "apiVersion", version);
        tree::set(&mut body, "kind", kind);
    }
    Ok(Object::new(target.kind, body))
}

/// Unknown fields and values of the wrong type, in the server's words; whether all fields are known.
fn check(body: &Value, target: &Target, query: &Query, warnings: &mut Warnings) -> Result<bool, Status> {
    let (kind, version) = (target.kind.kind, target.kind.api_version());
    let decoded = decode::decode(&version, kind, body);
    let strict = query.get("fieldValidation") == Some("Strict");
    if let Some(words) = decoded.refusal(strict) {
        let version = target.kind.version;
        let words = format!("{kind} in version {version:?} cannot be handled as a {kind}: {words}");
        return Err(Status::bad_request(words));
    }
    if query.get("fieldValidation") != Some("Ignore") {
        warnings.extend(decoded.warnings());
    }
    Ok(decoded.unknown.is_empty())
}

fn patch(
    http: &http::Request<Bytes>,
    target: &Target,
    query: &Query,
    warnings: &mut Warnings,
) -> Result<Verb, Status> {
    let content = http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let how = match content.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        "application/apply-patch+yaml" => PatchType::Apply,
        other => {
            let words = format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, \
                 application/strategic-merge-patch+json (it was {other:?})"
            );
            return Err(Status::plain(415, "UnsupportedMediaType", words));
        }
    };
    let mut body = match how {
        PatchType::Apply => apply_body(http.body())?,
        _ => read(http.body())?,
    };
    if matches!(how, PatchType::Merge | PatchType::Strategic) && !body.is_object() {
        let found = match body {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        let words = format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
        return Err(Status::bad_request(words));
    }
    if how != PatchType::Json && target.subresource.is_empty() {
        let (version, kind) = (target.kind.api_version(), target.kind.kind);
        let mut plain = without_directives(&body);
        let decoded = decode::decode(&version, kind, &plain);
        match how {
            PatchType::Strategic => fit::strategic(&body, &decoded).map_or(Ok(()), Err)?,
            // What a merge patch makes is looked at when it is made.
            PatchType::Merge if decoded.refused.is_some() => plain = Value::Object(Map::new()),
            _ => {}
        }
        if !check(&plain, target, query, warnings)? {
            decode::prune(&version, kind, &mut body);
        }
    }
    Ok(Verb::Patch(how, body))
}

/// A patch without what strategic merge patches say of lists, as in `$setElementOrder/containers`.
fn without_directives(patch: &Value) -> Value {
    match patch {
        Value::Object(map) => {
            let fields = map.iter().filter(|(key, _)| !key.starts_with('$'));
            tree::object(fields.map(|(key, value)| (key.clone(), without_directives(value)))).into()
        }
        Value::Array(list) => Value::Array(list.iter().map(without_directives).collect()),
        other => other.clone(),
    }
}

/// An applied configuration may be YAML.
fn apply_body(body: &Bytes) -> Result<Value, Status> {
    let text = String::from_utf8_lossy(body);
    let read = yaml::read(&text);
    if let Some(problem) = read.fatal() {
        return Err(Status::bad_request(format!("error decoding YAML: {}", problem.message)));
    }
    read.documents
        .into_iter()
        .next()
        .map(|document| document.value)
        .ok_or_else(|| Status::bad_request("empty body"))
}

fn read(body: &Bytes) -> Result<Value, Status> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("error decoding the body: {error}")))
}
