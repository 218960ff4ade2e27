//! The HTTP codec: URLs to typed requests, answers to JSON. A thin layer; what requests do is decided elsewhere.
//!
//! Models: `k8s.io/apiserver/pkg/endpoints`. Omits: protobuf (JSON is sent, as servers do for clients that take both),
//! CBOR.

pub mod body;
pub mod discovery;
mod negotiate;
pub mod openapi;
pub mod page;
pub mod stream;
pub mod table;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
pub mod url;

pub use stream::WatchSpec;

use super::{ApiServer, Warnings};
use crate::api::{Request, Response, Status, Verb, pod, tree};
use crate::base::Text;
use crate::effect::Out;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_RANGES, CONTENT_TYPE, HeaderValue, USER_AGENT, VARY, WARNING};
use serde_json::{Value, json};
use url::Target;

/// The most bytes that a body may have.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// What comes of an HTTP request.
#[derive(Debug)]
pub enum HttpOutcome {
    /// An answer.
    Response(http::Response<Bytes>),
    /// A watch, whose lines are to be polled for.
    Watch(Box<WatchSpec>),
    /// Something that only a kubelet can answer.
    Kubelet(KubeletRequest),
}

/// A container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletRequest {
    /// The pod's uid.
    pub uid: Text,
    /// The container's name.
    pub container: Text,
    /// Only so many lines from the end.
    pub tail: Option<usize>,
    /// Whether what is written later is wanted too.
    pub follow: bool,
    /// Whether the run before the present one is meant.
    pub previous: bool,
}

impl ApiServer {
    /// Carries out an HTTP request.
    pub fn http(&mut self, request: &http::Request<Bytes>, out: &mut Out<'_>) -> HttpOutcome {
        let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (path, accept) = (request.uri().path(), header(ACCEPT));
        let query = url::Query::parse(request.uri().query().unwrap_or_default());
        let mut outcome = match self.answer(request, path, &query, accept, out) {
            Ok(outcome) => outcome,
            Err(status) => HttpOutcome::Response(refusal(&status)),
        };
        if let HttpOutcome::Response(answer) = &mut outcome {
            dress(answer, &query, accept, header(USER_AGENT));
        }
        outcome
    }

    fn answer(
        &mut self,
        request: &http::Request<Bytes>,
        path: &str,
        query: &url::Query,
        accept: &str,
        out: &mut Out<'_>,
    ) -> Result<HttpOutcome, Status> {
        if request.body().len() > MAX_BODY {
            let words = format!("Request entity too large: limit is {MAX_BODY}");
            return Err(Status::plain(413, "RequestEntityTooLarge", words));
        }
        if let Some(found) = discovery::answer(path, query, accept, &self.config) {
            if !request.method().is_safe() || request.method() == http::Method::OPTIONS {
                return Err(body::not_allowed());
            }
            return Ok(HttpOutcome::Response(discovered(found)));
        }
        if let Some(found) = openapi::answer(path, &self.config.version) {
            return Ok(HttpOutcome::Response(described(&found)));
        }
        let Some(target) = Target::parse(path).filter(Target::exists) else {
            return Ok(HttpOutcome::Response(discovered(discovery::not_found())));
        };
        if !target.allows(request.method()) {
            return Err(body::not_allowed());
        }
        if target.subresource != "log" {
            negotiate::accepted(accept)?;
        }
        self.dispatch(request, &target, query, out)
    }

    fn dispatch(
        &mut self,
        http: &http::Request<Bytes>,
        target: &Target,
        query: &url::Query,
        out: &mut Out<'_>,
    ) -> Result<HttpOutcome, Status> {
        if target.subresource == "log" {
            return self.log_request(target, query).map(HttpOutcome::Kubelet);
        }
        let mut warnings = Warnings::new();
        if target.kind.kind == "Endpoints" {
            warnings.push(crate::api::endpoints::DEPRECATION.into());
        }
        // What there is to warn of comes with a refusal too.
        self.carry_out(http, target, query, &mut warnings, out).or_else(|status| {
            Ok(HttpOutcome::Response(json_response(status.code, &status.to_json(), &warnings)))
        })
    }

    fn carry_out(
        &mut self,
        http: &http::Request<Bytes>,
        target: &Target,
        query: &url::Query,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<HttpOutcome, Status> {
        let request = body::request(http, target, query, warnings)?;
        let form = table::Form::of(http.headers().get(ACCEPT), query);
        let watches = query.get("watch").is_some_and(|watch| matches!(watch, "true" | "1"));
        if matches!(request.verb, Verb::Get | Verb::List) && (target.watches || watches) {
            return Ok(HttpOutcome::Watch(Box::new(self.open_watch(request, query, form, out.now)?)));
        }
        // A POST creates, and so may a PUT or an applied configuration where there is nothing yet.
        let is_missing = self.stored(request.kind, &request.namespace, &request.name).is_none();
        let creates = match request.verb {
            Verb::Create(_) => true,
            Verb::Update(_) | Verb::Patch(..) => is_missing && request.subresource.is_empty(),
            _ => false,
        };
        if matches!(request.verb, Verb::List) {
            let page = match self.page(&request, query) {
                Ok(page) => page,
                Err(status) => {
                    let value = page::refusal(&status, query);
                    return Ok(HttpOutcome::Response(json_response(status.code, &value, warnings)));
                }
            };
            let value = form.write_page(request.kind, &page, out.now);
            return Ok(HttpOutcome::Response(json_response(200, &value, warnings)));
        }
        if matches!(request.verb, Verb::Get) {
            self.check_version(query)?;
        }
        let result = self.handle(&request, warnings, out)?;
        // What is held stays for a while, and is shown as it is then.
        let stays = matches!(request.verb, Verb::Delete)
            && !request.options.dry_run
            && self.stored(request.kind, &request.namespace, &request.name).is_some();
        let code = match &*request.options.propagation {
            _ if creates => 201,
            "Foreground" if stays => 202,
            _ => 200,
        };
        let value = match (&request.verb, result) {
            (Verb::Delete, Response::Object(object)) if !stays && !object.kind.returns_deleted => json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": { "name": object.name(), "group": object.kind.group, "kind": object.kind.plural, "uid": &*object.uid },
            }),
            (_, result) => form.write(&request, &result, out.now),
        };
        Ok(HttpOutcome::Response(json_response(code, &value, warnings)))
    }

    fn log_request(&self, target: &Target, query: &url::Query) -> Result<KubeletRequest, Status> {
        let found = self.stored(&pod::POD, &target.namespace, &target.name);
        let object = found.ok_or_else(|| Status::not_found(&pod::POD, &target.name))?;
        let containers: Vec<&str> =
            object.list("spec.containers").iter().map(|c| tree::str(c, "name")).collect();
        let container = match query.get("container") {
            Some(name) if containers.contains(&name) => name,
            Some(name) => {
                let pod = object.name();
                return Err(Status::bad_request(format!("container {name} is not valid for pod {pod}")));
            }
            None => containers.first().copied().unwrap_or_default(),
        };
        let statuses = object.list("status.containerStatuses");
        let status = statuses.iter().find(|s| tree::str(s, "name") == container);
        let ended = status.is_some_and(|s| tree::get(s, "lastState.terminated").is_some());
        let previous = matches!(query.get("previous"), Some("true" | "1"));
        if previous && !ended {
            let pod = object.name();
            let words = format!("previous terminated container {container:?} in pod {pod:?} not found");
            return Err(Status::bad_request(words));
        }
        // One that is to be started again still has the log of its last run.
        let waiting = status.filter(|_| !ended).map(|s| tree::str(s, "state.waiting.reason"));
        if let Some(reason) = waiting.filter(|reason| !reason.is_empty()) {
            let pod = object.name();
            let words = format!("container {container:?} in pod {pod:?} is waiting to start: {reason}");
            return Err(Status::bad_request(words));
        }
        let tail = query.get("tailLines").and_then(|n| n.parse().ok());
        let follow = matches!(query.get("follow"), Some("true" | "1"));
        Ok(KubeletRequest { uid: object.uid.clone(), container: container.into(), tail, follow, previous })
    }
}

/// An answer of discovery.
fn discovered(found: discovery::Found) -> http::Response<Bytes> {
    match found {
        discovery::Found::Plain(value) => json_response(200, &value, &[]),
        discovery::Found::Aggregated(value) => {
            let body = Bytes::from(format!("{value}\n"));
            let mut answer = response(200, discovery::AGGREGATED, body);
            answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
            answer
        }
        discovery::Found::Text(text, is_good) => {
            response(if is_good { 200 } else { 404 }, "text/plain; charset=utf-8", Bytes::from(text))
        }
    }
}

/// A document of OpenAPI; the list of them has no `info`, and is served as a file of text.
fn described(found: &Value) -> http::Response<Bytes> {
    let is_list = found.get("info").is_none();
    let content = if is_list { "text/plain; charset=utf-8" } else { "application/json" };
    let mut answer = response(200, content, Bytes::from(found.to_string()));
    answer.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if !is_list {
        answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    }
    answer
}

/// Puts an answer of JSON into the shape that its client wants: as YAML, or with indentation for those who look at it.
fn dress(answer: &mut http::Response<Bytes>, query: &url::Query, accept: &str, agent: &str) {
    let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|content| content == "application/json");
    let by_eye = ["curl", "Wget", "Mozilla/5.0"].iter().any(|eye| agent.starts_with(eye));
    let pretty = query.value("pretty").map_or(by_eye, |said| !matches!(said, "false" | "0"));
    let is_yaml = matches!(negotiate::accepted(accept), Ok(negotiate::Language::Yaml));
    if !is_json || !(pretty || is_yaml) {
        return;
    }
    let Ok(value) = serde_json::from_slice::<Value>(answer.body()) else { return };
    if is_yaml {
        *answer.body_mut() = Bytes::from(crate::api::yaml::write(&value));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    } else if let Ok(text) = serde_json::to_string_pretty(&value) {
        *answer.body_mut() = Bytes::from(text);
    }
}

/// A refusal as an answer.
fn refusal(status: &Status) -> http::Response<Bytes> {
    json_response(status.code, &status.to_json(), &[])
}

fn json_response(code: u16, value: &Value, warnings: &[String]) -> http::Response<Bytes> {
    let mut answer = response(code, "application/json", Bytes::from(format!("{value}\n")));
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().append(WARNING, value);
        }
    }
    answer
}

fn response(code: u16, content: &'static str, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content));
    response
}

/// The user agent's product, as in `kubectl/v1.35.2 (linux/amd64)`: `kubectl`.
fn agent(http: &http::Request<Bytes>) -> &str {
    let text = http.headers().get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.split(['/', ' ']).next()).unwrap_or("unknown")
}

/// The typed request without its verb's body.
fn plain_request(http: &http::Request<Bytes>, target: &Target, verb: Verb) -> Request {
    let mut request = Request::get(agent(http), target.kind, &target.namespace, &target.name);
    request.verb = verb;
    request.subresource = target.subresource;
    request
}
