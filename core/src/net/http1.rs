//! HTTP/1.1 framing over byte streams: what curl, servers and probes put into segments. Heads are read by httparse.
//! Omits: chunked bodies and pipelining.

use bytes::Bytes;
use http::{Request, Response};

/// What a buffer holds so far.
#[derive(Debug)]
pub enum Parsed<T> {
    /// A whole message, and how many bytes of the buffer it took.
    Whole(T, usize),
    /// More bytes are needed.
    Partial,
    /// Not HTTP.
    Bad,
}

const MAX_HEADERS: usize = 64;

/// Reads a request from the front of a buffer.
pub fn parse_request(buffer: &[u8]) -> Parsed<Request<Bytes>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let offset = match head.parse(buffer) {
        Ok(httparse::Status::Complete(offset)) => offset,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Bad,
    };
    let mut request = Request::builder().method(head.method.unwrap_or("GET")).uri(head.path.unwrap_or("/"));
    for header in head.headers.iter() {
        request = request.header(header.name, header.value);
    }
    let length = content_length(head.headers).unwrap_or(0);
    finish(buffer, offset, length, |body| request.body(body).ok())
}

/// Reads a response from the front of a buffer. `closed`: the peer has closed, so a body without length is whole.
pub fn parse_response(buffer: &[u8], closed: bool) -> Parsed<Response<Bytes>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let offset = match head.parse(buffer) {
        Ok(httparse::Status::Complete(offset)) => offset,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Bad,
    };
    let mut response = Response::builder().status(head.code.unwrap_or(0));
    for header in head.headers.iter() {
        response = response.header(header.name, header.value);
    }
    let length = match content_length(head.headers) {
        Some(length) => length,
        None if closed => buffer.len() - offset,
        None => return Parsed::Partial,
    };
    finish(buffer, offset, length, |body| response.body(body).ok())
}

fn content_length(headers: &[httparse::Header<'_>]) -> Option<usize> {
    let header = headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(header.value).ok()?.trim().parse().ok()
}

fn finish<T>(
    buffer: &[u8],
    offset: usize,
    length: usize,
    make: impl FnOnce(Bytes) -> Option<T>,
) -> Parsed<T> {
    let Some(end) = offset.checked_add(length).filter(|end| *end <= buffer.len()) else {
        return Parsed::Partial;
    };
    match make(Bytes::copy_from_slice(&buffer[offset..end])) {
        Some(message) => Parsed::Whole(message, end),
        None => Parsed::Bad,
    }
}

/// Writes a request, with a Content-Length when it has a body.
pub fn write_request(request: &Request<Bytes>) -> Bytes {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let mut out = format!("{} {path} HTTP/1.1\r\n", request.method()).into_bytes();
    write_rest(&mut out, request.headers(), request.body(), !request.body().is_empty());
    out.into()
}

/// Writes a response, always with a Content-Length.
pub fn write_response(response: &Response<Bytes>) -> Bytes {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    write_rest(&mut out, response.headers(), response.body(), true);
    out.into()
}

/// Writes the head of a response whose body is a stream that ends with the connection.
pub fn write_head(response: &Response<Bytes>) -> Bytes {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    write_rest(&mut out, response.headers(), &Bytes::new(), false);
    out.into()
}

/// Header names are written in the case that servers and curl use: each word capitalised.
fn write_rest(out: &mut Vec<u8>, headers: &http::HeaderMap, body: &Bytes, with_length: bool) {
    for (name, value) in headers {
        let mut start = true;
        // The one name that servers write in another case.
        if name == http::header::ETAG {
            out.extend_from_slice(b"ETag: ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
            continue;
        }
        for byte in name.as_str().bytes() {
            out.push(if start { byte.to_ascii_uppercase() } else { byte });
            start = byte == b'-';
        }
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if with_length && !headers.contains_key(http::header::CONTENT_LENGTH) {
        out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}
