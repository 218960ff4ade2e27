//! nginx as its image starts it: the welcome page, files written over it, error pages, access and error log.
//! Models: nginx 1.29 and the entrypoint of docker.io/library/nginx. Omits: configuration, ranges, caching.

use super::answer::{Answer, Asked, Then};
use super::dates;
use crate::base::{Instant, Text};
use crate::process::Cx;
use bytes::Bytes;
use http::{Response, StatusCode};

/// A running nginx.
#[derive(Debug, Clone)]
pub struct Nginx {
    /// Its version, such as `1.29.3`.
    pub version: Text,
}

/// Where the image keeps its pages.
const ROOT: &str = "/usr/share/nginx/html";

impl Nginx {
    /// The version that an image's tag means.
    pub fn of_tag(tag: &str) -> Nginx {
        let number = tag.split('-').next().unwrap_or_default();
        let known = [
            ("1.14", "1.14.2"),
            ("1.16", "1.16.1"),
            ("1.19", "1.19.10"),
            ("1.21", "1.21.6"),
            ("1.23", "1.23.4"),
            ("1.24", "1.24.0"),
            ("1.25", "1.25.5"),
            ("1.26", "1.26.3"),
            ("1.27", "1.27.5"),
            ("1.28", "1.28.0"),
            ("1.29", "1.29.3"),
        ];
        let latest = known.iter().find(|(minor, _)| *minor == number).map(|(_, version)| *version);
        let is_exact = number.split('.').count() == 3 && number.split('.').all(|n| n.parse::<u32>().is_ok());
        let version = latest.unwrap_or(if is_exact { number } else { "1.29.3" });
        Nginx { version: version.into() }
    }

    /// What the entrypoint and nginx write at the start.
    pub fn start_lines(&self, now: Instant) -> Vec<(u32, String)> {
        let sh = "/docker-entrypoint.sh:";
        let d = "/docker-entrypoint.d";
        let by_default = "10-listen-on-ipv6-by-default.sh";
        let conf = "/etc/nginx/conf.d/default.conf";
        let entrypoint = [
            format!("{sh} {d}/ is not empty, will attempt to perform configuration"),
            format!("{sh} Looking for shell scripts in {d}/"),
            format!("{sh} Launching {d}/{by_default}"),
            format!("{by_default}: info: Getting the checksum of {conf}"),
            format!("{by_default}: info: Enabled listen on IPv6 in {conf}"),
            format!("{sh} Sourcing {d}/15-local-resolvers.envsh"),
            format!("{sh} Launching {d}/20-envsubst-on-templates.sh"),
            format!("{sh} Launching {d}/30-tune-worker-processes.sh"),
            format!("{sh} Configuration complete; ready for start up"),
        ];
        let version = format!("nginx/{}", self.version);
        let notices = ["using the \"epoll\" event method", &version, "start worker processes"];
        let notices = notices.map(|text| format!("{} [notice] 1#1: {text}", dates::slashed(now)));
        let to = |fd: u32| move |line: String| (fd, format!("{line}\n"));
        entrypoint.into_iter().map(to(1)).chain(notices.into_iter().map(to(2))).collect()
    }

    /// What nginx writes on SIGTERM.
    pub fn stop_lines(&self, now: Instant) -> Vec<String> {
        let text = "signal 15 (SIGTERM) received, exiting";
        vec![format!("{} [notice] 1#1: {text}\n", dates::slashed(now))]
    }

    /// Answers a request.
    pub fn answer(&self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let now = cx.out.now;
        let method = asked.request.method();
        let path = asked.request.uri().path();
        let file =
            if path.ends_with('/') { format!("{ROOT}{path}index.html") } else { format!("{ROOT}{path}") };
        let written = cx.files.get(&file).cloned();
        let is_index = path == "/" || path == "/index.html";
        let body = written.or_else(|| is_index.then(|| Bytes::from_static(WELCOME.as_bytes())));
        let is_read = method == http::Method::GET || method == http::Method::HEAD;
        let (response, error) = match body {
            Some(body) if is_read => (self.file(now, body, &file), None),
            Some(_) => (self.error(now, StatusCode::METHOD_NOT_ALLOWED), None),
            None if is_read => {
                let error = format!("open() \"{file}\" failed (2: No such file or directory)");
                (self.error(now, StatusCode::NOT_FOUND), Some(error))
            }
            None => (self.error(now, StatusCode::METHOD_NOT_ALLOWED), None),
        };
        let sent = if method == http::Method::HEAD { 0 } else { response.body().len() };
        let or_dash = |text: &str| if text.is_empty() { "-".to_string() } else { text.to_string() };
        let (ip, line, status) = (asked.peer.ip(), asked.line(), response.status().as_u16());
        let [referer, agent, forwarded] =
            ["referer", "user-agent", "x-forwarded-for"].map(|name| or_dash(asked.header(name)));
        let access = format!(
            "{ip} - - [{}] \"{line}\" {status} {sent} \"{referer}\" \"{agent}\" \"{forwarded}\"\n",
            dates::access(now)
        );
        let mut answer = Answer::new(response);
        if let Some(error) = error {
            let host = asked.header("host");
            let (when, n) = (dates::slashed(now), asked.connection);
            let text = format!(
                "{when} [error] 29#29: *{n} {error}, client: {ip}, server: localhost, request: \"{line}\", host: \"{host}\"\n"
            );
            answer = answer.log(2, text);
        }
        answer.log(1, access)
    }

    /// Answers what is no HTTP.
    pub fn bad_request(&self, now: Instant) -> Answer {
        let mut answer = Answer::new(self.error(now, StatusCode::BAD_REQUEST)).and_close();
        answer.then = Then::Close;
        answer
    }

    fn file(&self, now: Instant, body: Bytes, path: &str) -> Response<Bytes> {
        let kind = match path.rsplit('.').next() {
            Some("html" | "htm") => "text/html",
            Some("css") => "text/css",
            Some("js") => "application/javascript",
            Some("json") => "application/json",
            Some("txt") => "text/plain",
            _ => "application/octet-stream",
        };
        self.head(now, StatusCode::OK, kind, body.len())
            .header("last-modified", "Tue, 28 Oct 2025 12:05:10 GMT")
            .header("connection", "keep-alive")
            .header("etag", format!("\"6900b176-{:x}\"", body.len()))
            .header("accept-ranges", "bytes")
            .body(body)
            .unwrap_or_default()
    }

    fn error(&self, now: Instant, status: StatusCode) -> Response<Bytes> {
        let reason = match status {
            StatusCode::METHOD_NOT_ALLOWED => "Not Allowed",
            other => other.canonical_reason().unwrap_or_default(),
        };
        let (code, version) = (status.as_u16(), &self.version);
        let body = format!(
            "<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n<center><h1>{code} {reason}</h1></center>\r\n<hr><center>nginx/{version}</center>\r\n</body>\r\n</html>\r\n"
        );
        self.head(now, status, "text/html", body.len())
            .header("connection", "keep-alive")
            .body(body.into())
            .unwrap_or_default()
    }

    fn head(&self, now: Instant, status: StatusCode, kind: &str, length: usize) -> http::response::Builder {
        Response::builder()
            .status(status)
            .header("server", format!("nginx/{}", self.version))
            .header("date", dates::http(now))
            .header("content-type", kind)
            .header("content-length", length)
    }
}

/// The page that a fresh nginx shows, 615 bytes.
const WELCOME: &str = "<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href=\"http://nginx.org/\">nginx.org</a>.<br/>
Commercial support is available at
<a href=\"http://nginx.com/\">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
";

#[cfg(test)]
mod tests {
    /// nginx's own page has 615 bytes, as every access log of it shows.
    #[test]
    fn the_welcome_page_is_the_real_one_in_size() {
        assert_eq!(super::WELCOME.len(), 615);
    }
}
