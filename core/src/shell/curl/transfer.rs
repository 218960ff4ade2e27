//! One transfer: the request as bytes, and the response as it comes in. Knows no sockets.

use super::options::{Options, VERSION};
use super::url::Target;
use crate::base::Instant;
use std::net::SocketAddr;

/// A transfer.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The URL as given.
    pub given: String,
    /// Where it goes now.
    pub target: Target,
    /// Its method.
    pub method: String,
    /// Its body.
    pub body: Option<String>,
    /// What came of the head.
    pub buffer: Vec<u8>,
    /// The head, once it is whole.
    pub head: Option<Head>,
    /// Bytes of the body so far.
    pub received: u64,
    /// Redirects followed.
    pub redirects: u32,
    /// Connections made.
    pub connects: u32,
    /// Both ends of the connection.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// When it began, and the marks along the way.
    pub marks: Marks,
    /// Bytes of the heads that came, and of the last request.
    pub sizes: (usize, usize),
}

/// When what was reached.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    /// The beginning.
    pub began: Instant,
    /// The address is known.
    pub looked_up: Option<Instant>,
    /// The connection is there.
    pub connected: Option<Instant>,
    /// The first byte is there.
    pub first_byte: Option<Instant>,
}

/// The head of a response.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Its lines, the status line first, without line ends.
    pub lines: Vec<String>,
    /// `Content-Length`.
    pub length: Option<u64>,
}

impl Head {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Transfer {
    /// The transfer of a URL.
    pub fn new(options: &Options, given: &str, mut target: Target, now: Instant) -> Transfer {
        let mut body = options.data.clone();
        if options.get
            && let Some(data) = body.take()
        {
            let mark = if target.path.contains('?') { '&' } else { '?' };
            target.path = format!("{}{mark}{data}", target.path);
        }
        let default = match body {
            _ if options.head => "HEAD",
            Some(_) => "POST",
            None => "GET",
        };
        Transfer {
            given: given.to_string(),
            target,
            method: options.method.clone().unwrap_or_else(|| default.to_string()),
            body,
            buffer: Vec::new(),
            head: None,
            received: 0,
            redirects: 0,
            connects: 0,
            ends: None,
            marks: Marks { began: now, ..Marks::default() },
            sizes: (0, 0),
        }
    }

    /// The lines of the request's head.
    pub fn request(&self, options: &Options) -> Vec<String> {
        let given = |name: &str| {
            let key = |line: &String| line.split([':', ';']).next().unwrap_or_default().trim().to_string();
            options.headers.iter().find(|line| key(line).eq_ignore_ascii_case(name))
        };
        let mut lines = vec![format!("{} {} HTTP/1.1", self.method, self.target.path)];
        let in_url = (!self.target.user.is_empty()).then(|| self.target.user.clone());
        let user = options.user.clone().or(in_url);
        let basic = |user: String| format!("Basic {}", data_encoding::BASE64.encode(user.as_bytes()));
        let agent = options.agent.clone().unwrap_or_else(|| format!("curl/{VERSION}"));
        let own = [
            ("Host", Some(self.target.authority())),
            ("Authorization", user.map(basic)),
            ("User-Agent", (!agent.is_empty()).then_some(agent)),
            ("Accept", (!options.json).then(|| "*/*".to_string())),
            ("Referer", options.referer.clone()),
        ];
        for (name, value) in own {
            match (given(name), value) {
                // A Host that was given stands where curl's own would.
                (Some(line), _) if name == "Host" => lines.extend(custom(line)),
                (Some(_), _) | (None, None) => {}
                (None, Some(value)) => lines.push(format!("{name}: {value}")),
            }
        }
        let rest = options.headers.iter().filter(|line| !line.to_ascii_lowercase().starts_with("host:"));
        lines.extend(rest.filter_map(|line| custom(line)));
        if options.json {
            let own = ["Content-Type", "Accept"].into_iter().filter(|name| given(name).is_none());
            lines.extend(own.map(|name| format!("{name}: application/json")));
        }
        if let Some(body) = &self.body {
            if given("Content-Length").is_none() {
                lines.push(format!("Content-Length: {}", body.len()));
            }
            if given("Content-Type").is_none() && !options.json {
                lines.push("Content-Type: application/x-www-form-urlencoded".to_string());
            }
        }
        lines
    }

    /// Takes in bytes of the head. Once it is whole, gives back what follows it. `Err`: this is no HTTP.
    pub fn take_head(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, NotHttp> {
        self.buffer.extend_from_slice(bytes);
        let is_http = self.buffer.iter().zip(b"HTTP/").all(|(a, b)| a == b);
        if !is_http {
            return Err(NotHttp);
        }
        let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let body = self.buffer.split_off(end + 4);
        let text = String::from_utf8_lossy(&self.buffer).into_owned();
        let lines: Vec<String> = text.trim_end().split("\r\n").map(str::to_string).collect();
        let status = lines.first().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut head = Head { status: status.ok_or(NotHttp)?, lines, length: None };
        head.length = head.header("content-length").and_then(|value| value.parse().ok());
        self.sizes.0 += self.buffer.len();
        self.buffer.clear();
        self.head = Some(head);
        Ok(Some(body))
    }

    /// Whether the response carries no body whatever its headers say.
    pub fn is_bodiless(&self) -> bool {
        let status = self.head.as_ref().map_or(0, |head| head.status);
        self.method == "HEAD" || status == 204 || status == 304
    }
}

/// The bytes are no HTTP/1 response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHttp;

/// A header of `-H` as it is sent: `Name: value`; `Name;` for an empty one; `Name:` removes one.
fn custom(line: &str) -> Option<String> {
    match line.split_once(':') {
        Some((_, value)) if value.trim().is_empty() => None,
        Some(_) => Some(line.to_string()),
        None => line.strip_suffix(';').map(|name| format!("{name}:")),
    }
}

/// The bytes of a head: its lines with line ends, and the empty line.
pub fn wire(lines: &[String]) -> Vec<u8> {
    let mut out = lines.join("\r\n").into_bytes();
    out.extend_from_slice(b"\r\n\r\n");
    out
}
