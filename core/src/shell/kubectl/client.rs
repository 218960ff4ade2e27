//! Requests to the API server, as kubectl makes them: URLs, headers, and what comes back. Knows no sub-command.
//! Models: what kubectl v1.35.2 sends, recorded with `-v=8`.

use super::script::{Asked, Io, Stop};
use super::words;
use crate::api::Kind;
use crate::base::{Fd, order};
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;

/// For objects.
pub const JSON: &str = "application/json";
/// For objects through kubectl's older clients.
pub const JSON_ANY: &str = "application/json, */*";
/// For tables.
pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
/// For what typed clients read; the server answers in JSON.
pub const TYPED: &str = "application/vnd.kubernetes.protobuf,application/json";
/// For discovery.
pub const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status code.
    pub code: u16,
    /// The body, if it is JSON; else null.
    pub json: Value,
    /// The body as it came.
    pub raw: Bytes,
    /// The texts of `Warning` headers that this command has not printed before.
    pub warnings: Vec<String>,
    /// The stream, for watches and logs that are followed.
    pub stream: Option<Fd>,
}

impl Answer {
    /// Reads a response.
    pub fn new(response: &Response<Bytes>, stream: Option<Fd>) -> Answer {
        let headers = response.headers().get_all(http::header::WARNING);
        let warnings = headers.iter().filter_map(|value| value.to_str().ok()).filter_map(warning_text);
        Answer {
            code: response.status().as_u16(),
            json: serde_json::from_slice(response.body()).unwrap_or_default(),
            raw: response.body().clone(),
            warnings: warnings.collect(),
            stream,
        }
    }

    /// Whether the server did what was asked.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether the server knows no such object.
    pub fn is_not_found(&self) -> bool {
        self.code == 404
    }

    /// The refusal as a `v1.Status`, also when the server sent none.
    pub fn status(&self) -> Value {
        if self.json.get("status").is_some_and(|status| status == "Failure") {
            return self.json.clone();
        }
        let (reason, message) = match self.code {
            404 => ("NotFound", "the server could not find the requested resource".to_string()),
            405 => (
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource".to_string(),
            ),
            code => ("", String::from_utf8_lossy(&self.raw).trim().to_string() + &format!(" ({code})")),
        };
        serde_json::json!({"status": "Failure", "reason": reason, "message": message, "code": self.code})
    }

    /// The refusal as kubectl words it.
    pub fn refusal(&self) -> String {
        words::refusal(&self.status())
    }
}

/// `299 - "text"`, with `\"` and `\\` read back.
fn warning_text(value: &str) -> Option<String> {
    let quoted = value.split_once('"')?.1;
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(text),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    None
}

/// A URL's query, sorted by key.
pub type Query<'q> = [(&'q str, &'q str)];

/// The path of a kind's collection, or of one object.
pub fn path(kind: &Kind, namespace: &str, name: &str) -> String {
    let mut path = if kind.group.is_empty() {
        "/api/v1".to_string()
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    if kind.namespaced && !namespace.is_empty() {
        path += &format!("/namespaces/{}", escape(namespace));
    }
    path += &format!("/{}", kind.plural);
    if !name.is_empty() {
        path += &format!("/{}", escape(name));
    }
    path
}

/// A path with its query. Empty values are left out.
pub fn url(path: &str, query: &Query<'_>) -> String {
    let mut pairs: Vec<_> = query.iter().filter(|(_, value)| !value.is_empty()).collect();
    order::sort_by_key(&mut pairs, |(key, _)| *key);
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
    if pairs.is_empty() { path.to_string() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Go's `url.QueryEscape`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A request with kubectl's headers.
pub fn request(method: Method, url: &str, accept: &str, body: Option<(&str, String)>) -> Request<Bytes> {
    let mut builder = Request::builder()
        .method(method)
        .uri(url)
        .header("accept", accept)
        .header("user-agent", "kubectl/v1.35.2 (linux/amd64) kubernetes");
    let content = match body {
        Some((content_type, content)) => {
            builder = builder.header("content-type", content_type);
            Bytes::from(content)
        }
        None => Bytes::new(),
    };
    builder.body(content).unwrap_or_else(|_| Request::new(Bytes::new()))
}

/// A GET.
pub fn get(path: &str, query: &Query<'_>, accept: &str) -> Request<Bytes> {
    request(Method::GET, &url(path, query), accept, None)
}

/// A POST of an object.
pub fn post(path: &str, query: &Query<'_>, object: &Value) -> Request<Bytes> {
    request(Method::POST, &url(path, query), JSON, Some((JSON, object.to_string())))
}

/// A PATCH; `content` is the last part of its type: `strategic-merge-patch+json`.
pub fn patch(path: &str, query: &Query<'_>, accept: &str, content: &str, body: String) -> Request<Bytes> {
    let content_type = format!("application/{content}");
    request(Method::PATCH, &url(path, query), accept, Some((&content_type, body)))
}

/// Strategic merge.
pub const STRATEGIC: &str = "strategic-merge-patch+json";
/// Merge.
pub const MERGE: &str = "merge-patch+json";

impl Io<'_, '_, '_> {
    /// A request that must succeed; a refusal ends the command.
    pub fn must(&mut self, request: Request<Bytes>) -> Asked<Arc<Answer>> {
        let answer = self.http(request)?;
        if answer.is_ok() { Ok(answer) } else { self.refused(&answer) }
    }

    /// Ends the command with a refusal.
    pub fn refused<T>(&mut self, answer: &Answer) -> Asked<T> {
        self.complain(&answer.refusal());
        Err(Stop::Exit(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from kubectl v1.35.2 with -v=8.
    #[test]
    fn urls_are_escaped_and_sorted() {
        let path = path(&crate::api::pod::POD, "default", "");
        let query =
            [("limit", "500"), ("labelSelector", "app=trace"), ("timeout", "2s"), ("fieldSelector", "")];
        assert_eq!(
            url(&path, &query),
            "/api/v1/namespaces/default/pods?labelSelector=app%3Dtrace&limit=500&timeout=2s"
        );
    }

    #[test]
    fn warnings_lose_their_quotes() {
        assert_eq!(
            warning_text(r#"299 - "unknown field \"spec.prots\"""#),
            Some("unknown field \"spec.prots\"".to_string())
        );
    }
}
