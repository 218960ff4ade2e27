//! Bodies: what a POST, PUT, PATCH or DELETE carries, decoded as strictly as it asks for.

use super::negotiate::{self, Language};
use super::url::{Query, Target};
use super::{Warnings, plain_request};
use crate::api::request::PatchType;
use crate::api::{FieldError, Object, Request, Status, Verb, decode, fields, tree, yaml};
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
    check_options(http.method(), query)?;
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
            // How the wish for what is owned was put before there were three of them.
            if options.propagation.is_empty() && said("orphanDependents") == Some(&Value::Bool(true)) {
                options.propagation = "Orphan".into();
            }
            options.version = tree::str(&body, "preconditions.resourceVersion").into();
            options.uid = tree::str(&body, "preconditions.uid").into();
            options.dry_run |= tree::list(&body, "dryRun").iter().any(|v| v == "All");
            if has_name { Verb::Delete } else { Verb::DeleteCollection }
        }
        _ => return Err(not_allowed()),
    };
    let mut request = plain_request(http, target, verb);
    request.options = options;
    Ok(request)
}

/// The refusal of a method.
pub(super) fn not_allowed() -> Status {
    let words = "the server does not allow this method on the requested resource";
    Status::plain(405, "MethodNotAllowed", words)
}

/// What the query of a write may say.
fn check_options(method: &Method, query: &Query) -> Result<(), Status> {
    let kind = match *method {
        Method::POST => "CreateOptions",
        Method::PUT => "UpdateOptions",
        Method::PATCH => "PatchOptions",
        Method::DELETE => "DeleteOptions",
        _ => return Ok(()),
    };
    let mut wrong = Vec::new();
    for (key, known) in [("dryRun", &["All"][..]), ("fieldValidation", &["Ignore", "Strict", "Warn"][..])] {
        if let Some(said) = query.get(key).filter(|said| !known.contains(said)) {
            wrong.push(FieldError::not_supported(key, said, known));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::invalid_options(kind, wrong)) }
}

/// A body that is an object of a kind, as a tree.
fn body_of(http: &http::Request<Bytes>, kind: &str) -> Result<Value, Status> {
    let unrecognized = |words: String| {
        let shown = negotiate::summary(http.body());
        let words =
            format!("the object provided is unrecognized (must be of type {kind}): {words} ({shown})");
        Status::bad_request(words)
    };
    match negotiate::sent(content_type(http))? {
        Language::Yaml => apply_body(http.body()),
        Language::Json => serde_json::from_slice(http.body()).map_err(|error| {
            let words = negotiate::json_problem(http.body()).unwrap_or_else(|| error.to_string());
            unrecognized(format!("couldn't get version/kind; json parse error: {words}"))
        }),
    }
}

fn content_type(http: &http::Request<Bytes>) -> &str {
    http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The refusal of an object of another kind, in upstream's words.
fn check_kind(target: &Target, version: &str, kind: &str) -> Result<(), Status> {
    let (own_version, own_kind) = (target.kind.api_version(), target.kind.kind);
    let version = if version.is_empty() { own_version.as_str() } else { version };
    let kind = if kind.is_empty() { own_kind } else { kind };
    if version == own_version && kind == own_kind {
        return Ok(());
    }
    let short = version.rsplit_once('/').map_or(version, |(_, short)| short);
    let why = if fields::of(version, kind).is_some() {
        let group = target.kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        format!("converting ({short}.{kind}) to ({group}.{own_kind}): unknown conversion")
    } else {
        let scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";
        format!("no kind {kind:?} is registered for version {version:?} in scheme {scheme:?}")
    };
    Err(Status::bad_request(format!("{kind} in version {short:?} cannot be handled as a {own_kind}: {why}")))
}

fn object(
    http: &http::Request<Bytes>,
    target: &Target,
    query: &Query,
    warnings: &mut Warnings,
) -> Result<Object, Status> {
    let mut body = body_of(http, target.kind.kind)?;
    if !body.is_object() {
        let found = match body {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        let words = format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: json: \
             cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
             Kind string \"json:\\\"kind,omitempty\\\"\" }} ({})",
            target.kind.kind,
            negotiate::summary(http.body())
        );
        return Err(Status::bad_request(words));
    }
    let of_itself = matches!(target.subresource, "" | "status");
    if of_itself {
        check_kind(target, tree::str(&body, "apiVersion"), tree::str(&body, "kind"))?;
        if !check(&body, target, query, warnings)? {
            decode::prune(&target.kind.api_version(), target.kind.kind, &mut body);
        }
        let (version, kind) = (target.kind.api_version(), target.kind.kind);
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
    let how = match content_type(http).split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        "application/apply-patch+yaml" => PatchType::Apply,
        _ => {
            return Err(negotiate::unsupported(&[
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/strategic-merge-patch+json",
                "application/apply-patch+yaml",
            ]));
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
