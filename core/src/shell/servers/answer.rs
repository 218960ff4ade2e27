//! What servers answer with, and the parts that several of them share. Knows no sockets.

use super::dates;
use crate::base::{Duration, Instant};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::net::SocketAddr;

/// A request as a server sees it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The request.
    pub request: &'a Request<Bytes>,
    /// Who asks.
    pub peer: SocketAddr,
    /// The number of the connection since the server began.
    pub connection: u64,
    /// When the server began.
    pub started: Instant,
}

impl Asked<'_> {
    /// The value of a query parameter, decoded; "" when absent.
    pub fn query(&self, name: &str) -> String {
        let pairs = self.request.uri().query().unwrap_or_default().split('&');
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let found = pairs.map(|(key, value)| (decode(key), value)).find(|(key, _)| key == name);
        found.map_or(String::new(), |(_, value)| decode(value))
    }

    /// A header's value; "" when absent.
    pub fn header(&self, name: &str) -> &str {
        self.request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Method, path with query, and protocol, as in access logs.
    pub fn line(&self) -> String {
        let path = self.request.uri().path_and_query().map_or("/", |path| path.as_str());
        format!("{} {path} HTTP/1.1", self.request.method())
    }
}

/// `%XX` and `+` decoded.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Lines for the log: descriptor and text.
    pub log: Vec<(u32, String)>,
    /// The bytes.
    pub wire: Bytes,
    /// What happens to the connection.
    pub then: Then,
    /// How long the answer takes.
    pub wait: Duration,
    response: Option<Response<Bytes>>,
}

/// What happens after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The connection stays open.
    KeepAlive,
    /// The server closes it.
    Close,
    /// The server ends.
    Exit(i32),
}

impl Answer {
    /// An answer that is this response.
    pub fn new(response: Response<Bytes>) -> Answer {
        let wire = super::wire(&response);
        let response = Some(response);
        Answer { log: Vec::new(), wire, then: Then::KeepAlive, wait: Duration::ZERO, response }
    }

    /// Bytes without HTTP.
    pub fn raw(bytes: Bytes, then: Then) -> Answer {
        Answer { log: Vec::new(), wire: bytes, then, wait: Duration::ZERO, response: None }
    }

    /// With a line for the log.
    pub fn log(mut self, fd: u32, line: String) -> Answer {
        self.log.push((fd, line));
        self
    }

    /// With an end of the server after it.
    pub fn exit(mut self, status: i32) -> Answer {
        self.then = Then::Exit(status);
        self
    }

    /// Taking a time.
    pub fn after(mut self, wait: Duration) -> Answer {
        self.wait = wait;
        self
    }

    /// The server closes the connection after it, and says so.
    pub fn and_close(mut self) -> Answer {
        if let Some(response) = &mut self.response {
            let close = http::HeaderValue::from_static("close");
            response.headers_mut().insert(http::header::CONNECTION, close);
            self.wire = super::wire(response);
        }
        if self.then == Then::KeepAlive {
            self.then = Then::Close;
        }
        self
    }

    /// Without its body, as HEAD wants it; the length stays that of the body.
    pub fn head_only(mut self) -> Answer {
        let body = self.response.as_ref().map_or(0, |response| response.body().len());
        self.wire = self.wire.slice(..self.wire.len() - body.min(self.wire.len()));
        self
    }
}

/// A response of Go's net/http: the headers that the handler set, then what the server adds, in its order.
pub fn go(now: Instant, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let body: Bytes = body.into();
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response = response.header("date", dates::http(now)).header("content-length", body.len());
    let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !typed && !body.is_empty() {
        response = response.header("content-type", "text/plain; charset=utf-8");
    }
    Answer::new(response.body(body).unwrap_or_default())
}

/// `http.NotFound` of Go's net/http.
pub fn go_not_found(now: Instant) -> Answer {
    let headers = [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")];
    go(now, 404, &headers, "404 page not found\n")
}

/// What Go's net/http says to what is no HTTP.
pub fn go_bad_request() -> Answer {
    let text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request";
    Answer::raw(Bytes::from_static(text.as_bytes()), Then::Close)
}

/// A line of Go's `log` package, without its final newline.
pub fn go_log(now: Instant, text: &str) -> String {
    format!("{} {text}\n", dates::slashed(now))
}
