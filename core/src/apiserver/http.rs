//! The HTTP codec: URLs to typed requests, answers to JSON. A thin layer; what requests do is decided elsewhere.
//!
//! Models: `k8s.io/apiserver/pkg/endpoints`. Omits: protobuf (JSON is sent, as servers do for clients that take both),
//! paging (`limit` is taken and everything is sent).

pub mod body;
pub mod discovery;
pub mod openapi;
pub mod stream;
pub mod table;
pub mod url;

pub use stream::WatchSpec;

use super::{ApiServer, Warnings};
use crate::api::{Request, Response, Status, Verb, pod, tree};
use crate::base::Text;
use crate::effect::Out;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, WARNING};
use serde_json::{Value, json};
use url::Target;

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
}

impl ApiServer {
    /// Carries out an HTTP request.
    pub fn http(&mut self, request: &http::Request<Bytes>, out: &mut Out<'_>) -> HttpOutcome {
        let path = request.uri().path();
        let version = &self.config.version;
        let found = discovery::answer(path, version).or_else(|| openapi::answer(path, version));
        if let Some(found) = found {
            return HttpOutcome::Response(json_response(200, &found));
        }
        if matches!(path, "/healthz" | "/readyz" | "/livez") {
            return HttpOutcome::Response(response(
                200,
                "text/plain; charset=utf-8",
                Bytes::from_static(b"ok"),
            ));
        }
        let query = url::Query::parse(request.uri().query().unwrap_or_default());
        let Some(target) = Target::parse(path) else {
            let status = Status::plain(404, "NotFound", "the server could not find the requested resource");
            return HttpOutcome::Response(refusal(&status));
        };
        match self.dispatch(request, &target, &query, out) {
            Ok(outcome) => outcome,
            Err(status) => HttpOutcome::Response(refusal(&status)),
        }
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
        let request = body::request(http, target, query, &mut warnings)?;
        let form = table::Form::of(http.headers().get(ACCEPT), query);
        if query.get("watch").is_some_and(|watch| matches!(watch, "true" | "1")) {
            return Ok(HttpOutcome::Watch(Box::new(self.open_watch(request, query, form, out.now)?)));
        }
        // A POST creates, and so may a PUT or an applied configuration where there is nothing yet.
        let is_missing = self.stored(request.kind, &request.namespace, &request.name).is_none();
        let creates = match request.verb {
            Verb::Create(_) => true,
            Verb::Update(_) | Verb::Patch(..) => is_missing && request.subresource.is_empty(),
            _ => false,
        };
        let result = self.handle(&request, &mut warnings, out)?;
        let code = if creates { 201 } else { 200 };
        let value = match (&request.verb, result) {
            (Verb::Delete, Response::Object(object)) if !object.kind.returns_deleted => json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": { "name": object.name(), "group": object.kind.group, "kind": object.kind.plural, "uid": &*object.uid },
            }),
            (_, result) => form.write(&request, &result, out.now),
        };
        let mut answer = json_response(code, &value);
        for warning in warnings {
            let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
            if let Ok(value) = HeaderValue::from_str(&text) {
                answer.headers_mut().append(WARNING, value);
            }
        }
        Ok(HttpOutcome::Response(answer))
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
        let waiting = statuses
            .iter()
            .find(|s| tree::str(s, "name") == container)
            .map(|s| tree::str(s, "state.waiting.reason"));
        if let Some(reason) = waiting.filter(|reason| !reason.is_empty()) {
            let pod = object.name();
            let words = format!("container {container:?} in pod {pod:?} is waiting to start: {reason}");
            return Err(Status::bad_request(words));
        }
        let tail = query.get("tailLines").and_then(|n| n.parse().ok());
        let follow = matches!(query.get("follow"), Some("true" | "1"));
        Ok(KubeletRequest { uid: object.uid.clone(), container: container.into(), tail, follow })
    }
}

/// A refusal as an answer.
fn refusal(status: &Status) -> http::Response<Bytes> {
    json_response(status.code, &status.to_json())
}

fn json_response(code: u16, value: &Value) -> http::Response<Bytes> {
    response(code, "application/json", Bytes::from(format!("{value}\n")))
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
