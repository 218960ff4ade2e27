//! What `health` and `ready` say over HTTP. Knows no sockets.

use crate::net::http1::{Parsed, parse_request, write_response};
use bytes::Bytes;
use http::Response;

/// The answer to what a connection has sent so far, once that is a whole request.
pub fn answer(buffer: &[u8], what: &str, synced: bool) -> Option<Bytes> {
    let path = match parse_request(buffer) {
        Parsed::Whole(request, _) => request.uri().path().to_string(),
        Parsed::Bad => String::new(),
        Parsed::Partial => return None,
    };
    let (status, body) = match path.as_str() {
        "/health" if what == "health" => (200, "OK"),
        "/ready" if what == "ready" && synced => (200, "OK"),
        "/ready" if what == "ready" => (503, "kubernetes"),
        _ => (404, "404 page not found\n"),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/plain; charset=utf-8")
        .header("connection", "close")
        .body(Bytes::from_static(body.as_bytes()));
    response.ok().map(|response| write_response(&response))
}
