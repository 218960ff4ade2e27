//! traefik/whoami: says who answers, and what it was asked.
//! Models: github.com/traefik/whoami v1.11. Omits: TLS, /echo over WebSocket.

use super::agnhost::go_duration;
use super::answer::{Answer, Asked, go, go_log};
use super::dates;
use crate::base::{Duration, Instant, Text, order};
use crate::process::Cx;
use std::fmt::Write;

/// A running whoami.
#[derive(Debug, Clone)]
pub struct Whoami {
    /// The port that it says it starts on.
    pub port: u16,
    /// `--name`; empty when it has none.
    pub name: Text,
    /// `--verbose`.
    pub verbose: bool,
    /// What `/health` answers; a POST changes it.
    pub health: u16,
}

impl Whoami {
    /// What it writes when it is up.
    pub fn start_lines(&self, now: Instant) -> Vec<(u32, String)> {
        vec![(2, go_log(now, &format!("Starting up on port {}", self.port)))]
    }

    /// Answers a request.
    pub fn answer(&mut self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let now = cx.out.now;
        let answer = match asked.request.uri().path() {
            "/health" => self.health(now, asked),
            "/bench" => go(now, 200, &[("connection", "keep-alive"), ("content-type", "text/plain")], "1"),
            "/data" => {
                let size = asked.query("size").parse::<i64>().unwrap_or(1).clamp(0, 1_000_000);
                let body: String =
                    "|ABCDEFGHIJKLMNOPQRSTUVWXYZ-".chars().cycle().take(size as usize).collect();
                go(now, 200, &[], body)
            }
            "/api" => self.api(cx, asked),
            _ => {
                let wait = go_duration(&asked.query("wait")).unwrap_or(Duration::ZERO);
                go(now, 200, &[], self.text(cx, asked)).after(wait)
            }
        };
        if self.verbose {
            let (method, path) = (asked.request.method(), asked.request.uri().path());
            let when = dates::access(now);
            let line = format!("{} - - [{when}] \"{method} {path} HTTP/1.1\" - -", asked.peer);
            return answer.log(2, go_log(now, &line));
        }
        answer
    }

    fn text(&self, cx: &Cx<'_, '_>, asked: &Asked<'_>) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        if !self.name.is_empty() {
            let _ = writeln!(out, "Name: {}", self.name);
        }
        let _ = writeln!(out, "Hostname: {}", cx.hostname());
        for ip in addresses(cx) {
            let _ = writeln!(out, "IP: {ip}");
        }
        let _ = writeln!(out, "RemoteAddr: {}", asked.peer);
        let path = asked.request.uri().path_and_query().map_or("/", |path| path.as_str());
        let _ =
            write!(out, "{} {path} HTTP/1.1\r\nHost: {}\r\n", asked.request.method(), asked.header("host"));
        // Go writes these first, and the rest by name.
        if !asked.header("user-agent").is_empty() {
            let _ = write!(out, "User-Agent: {}\r\n", asked.header("user-agent"));
        }
        if !asked.request.body().is_empty() {
            let _ = write!(out, "Content-Length: {}\r\n", asked.request.body().len());
        }
        for (name, value) in headers(asked) {
            let _ = write!(out, "{name}: {value}\r\n");
        }
        out.push_str("\r\n");
        out.push_str(&String::from_utf8_lossy(asked.request.body()));
        if asked.query("env") == "true" {
            for (name, value) in cx.environment.vars.iter() {
                let _ = writeln!(out, "{name}={value}");
            }
        }
        out
    }

    fn api(&self, cx: &Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let path = asked.request.uri().path_and_query().map_or("/", |path| path.as_str());
        let agent = ("User-Agent".to_string(), asked.header("user-agent").to_string());
        let all = headers(asked).into_iter().chain((!agent.1.is_empty()).then_some(agent));
        let mut all: Vec<(String, String)> = all.collect();
        order::sort(&mut all);
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let list: Vec<String> = all.iter().map(|(n, v)| format!("{}:[{}]", quote(n), quote(v))).collect();
        let ips: Vec<String> = addresses(cx).iter().map(|ip| quote(ip)).collect();
        let mut fields = vec![
            format!("\"hostname\":{}", quote(&cx.hostname())),
            format!("\"ip\":[{}]", ips.join(",")),
            format!("\"headers\":{{{}}}", list.join(",")),
            format!("\"url\":{}", quote(path)),
            format!("\"host\":{}", quote(asked.header("host"))),
            format!("\"method\":{}", quote(asked.request.method().as_str())),
        ];
        if !self.name.is_empty() {
            fields.push(format!("\"name\":{}", quote(&self.name)));
        }
        fields.push(format!("\"remoteAddr\":{}", quote(&asked.peer.to_string())));
        let headers = [
            ("access-control-allow-methods", "*"),
            ("access-control-allow-origin", "*"),
            ("content-type", "application/json"),
        ];
        go(cx.out.now, 200, &headers, format!("{{{}}}\n", fields.join(",")))
    }

    fn health(&mut self, now: Instant, asked: &Asked<'_>) -> Answer {
        if asked.request.method() != http::Method::POST {
            return go(now, self.health, &[], "");
        }
        let text = String::from_utf8_lossy(asked.request.body()).trim().to_string();
        match text.parse::<u16>() {
            Ok(status) if (100..1000).contains(&status) => {
                self.health = status;
                go(now, 200, &[], "").log(1, format!("Update health check status code [{status}]\n"))
            }
            _ => go(now, 400, &[("x-content-type-options", "nosniff")], "EOF\n"),
        }
    }
}

/// The addresses of its interfaces, as Go lists them: loopback first, IPv6 beside IPv4.
fn addresses(cx: &Cx<'_, '_>) -> Vec<String> {
    let own = cx.ip().map(|ip| ip.to_string());
    ["127.0.0.1".to_string(), "::1".to_string()].into_iter().chain(own).collect()
}

/// The headers that Go does not treat apart, named canonically, in order.
fn headers(asked: &Asked<'_>) -> Vec<(String, String)> {
    let apart = ["host", "user-agent", "content-length"];
    let headers = asked.request.headers().iter();
    let rest = headers.filter(|(name, _)| !apart.contains(&name.as_str()));
    let mut rest: Vec<(String, String)> = rest
        .map(|(name, v)| (canonical(name.as_str()), v.to_str().unwrap_or_default().to_string()))
        .collect();
    order::sort(&mut rest);
    rest
}

/// `accept-language` as `Accept-Language`.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<String>>().join("-")
}
