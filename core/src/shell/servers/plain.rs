//! Servers that say little: some small images of the field, and the stand-in for images that the world does not know.

use super::answer::{Answer, Asked, go, go_log};
use super::dates;
use crate::base::{Instant, Text};
use crate::process::Cx;
use bytes::Bytes;
use http::Response;

/// Which one.
#[derive(Debug, Clone)]
pub enum Plain {
    /// An image that the world does not know: says which pod answers.
    Unknown(Text),
    /// hashicorp/http-echo: always the same text.
    Echo(Text, u16),
    /// google-samples/hello-app, with its version.
    Hello(Text),
    /// Apache httpd.
    Httpd,
}

impl Plain {
    /// What it writes when it is up.
    pub fn start_lines(&self, now: Instant, argv: &[Text]) -> Vec<(u32, String)> {
        match self {
            Plain::Unknown(_) => Vec::new(),
            Plain::Echo(_, port) => {
                vec![(2, format!("{} [INFO] server is listening on :{port}\n", dates::slashed(now)))]
            }
            Plain::Hello(_) => vec![(2, go_log(now, "Server listening on port 8080"))],
            Plain::Httpd => {
                let command = argv.join(" ");
                let line = format!("AH00094: Command line: '{command}'");
                let when = dates::slashed(now);
                vec![(2, format!("[{when}] [core:notice] [pid 1:tid 1] {line}\n"))]
            }
        }
    }

    /// Answers a request.
    pub fn answer(&self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let now = cx.out.now;
        let (hostname, line, ip) = (cx.hostname(), asked.line(), asked.peer.ip());
        match self {
            Plain::Unknown(image) => {
                let body = format!("Hostname: {hostname}\nImage: {image}\nRequest: {line}\n");
                let log = format!("{ip} - - [{}] \"{line}\" 200 {}\n", dates::access(now), body.len());
                go(now, 200, &[], body).log(1, log)
            }
            Plain::Echo(text, _) => {
                let body = format!("{text}\n");
                let headers = [("x-app-name", "http-echo"), ("x-app-version", "1.0.0")];
                let (host, agent, size) = (asked.header("host"), asked.header("user-agent"), body.len());
                let log = format!(
                    "{} {host} {} \"{line}\" 200 {size} \"{agent}\" 0s\n",
                    dates::slashed(now),
                    asked.peer
                );
                go(now, 200, &headers, body).log(1, log)
            }
            Plain::Hello(version) => {
                let body = format!("Hello, world!\nVersion: {version}\nHostname: {hostname}\n");
                let log = go_log(now, &format!("Serving request: {}", asked.request.uri().path()));
                go(now, 200, &[], body).log(2, log)
            }
            Plain::Httpd => httpd(now, asked),
        }
    }
}

fn httpd(now: Instant, asked: &Asked<'_>) -> Answer {
    let found = matches!(asked.request.uri().path(), "/" | "/index.html");
    let (status, kind, body) = if found {
        (200, "text/html", "<html><body><h1>It works!</h1></body></html>\n")
    } else {
        let body = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n";
        (404, "text/html; charset=iso-8859-1", body)
    };
    let response = Response::builder()
        .status(status)
        .header("date", dates::http(now))
        .header("server", "Apache/2.4.65 (Unix)")
        .header("content-length", body.len())
        .header("content-type", kind)
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap_or_default();
    let (ip, line) = (asked.peer.ip(), asked.line());
    let log = format!("{ip} - - [{}] \"{line}\" {status} {}\n", dates::access(now), body.len());
    Answer::new(response).log(1, log)
}
