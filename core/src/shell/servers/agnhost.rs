//! `agnhost netexec` and `agnhost serve-hostname`, the test servers of Kubernetes.
//! Models: `test/images/agnhost/{netexec,serve-hostname}`. Omits: /dial, /shell, /upload, SCTP, TLS.

use super::answer::{Answer, Asked, Then, go, go_log, go_not_found};
use super::dates;
use crate::base::{Duration, Instant};
use crate::process::Cx;
use bytes::Bytes;
use std::net::SocketAddr;

/// `agnhost netexec`.
#[derive(Debug, Clone)]
pub struct Netexec {
    /// `--http-port`.
    pub http_port: u16,
    /// `--udp-port`; `None` for -1.
    pub udp_port: Option<u16>,
}

impl Netexec {
    /// What it writes when it is up.
    pub fn start_lines(&self, now: Instant) -> Vec<(u32, String)> {
        let http = format!("Started HTTP server on port {}", self.http_port);
        let udp = self.udp_port.map(|port| format!("Started UDP server on port  {port}"));
        std::iter::once(http).chain(udp).map(|line| (2, go_log(now, &line))).collect()
    }

    /// Answers a request.
    pub fn answer(&self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let now = cx.out.now;
        let q = |name: &str| asked.query(name);
        let path = asked.request.uri().path();
        let logged = |answer: Answer, line: String| answer.log(2, go_log(now, &line));
        match path {
            "/clientip" => logged(go(now, 200, &[], asked.peer.to_string()), "GET /clientip".into()),
            "/echo" => {
                let (message, code) = (q("msg"), q("code"));
                let line = format!("GET /echo?msg={message}&code={code}");
                logged(echo(now, message, &code), line)
            }
            "/exit" => self.exit(now, asked),
            "/healthz" => logged(go(now, 200, &[], ""), "GET /healthz".into()),
            "/hostname" => logged(go(now, 200, &[], cx.hostname().to_string()), "GET /hostname".into()),
            "/hostName" => logged(go(now, 200, &[], cx.hostname().to_string()), "GET /hostName".into()),
            "/redirect" => {
                let (to, code) = (q("location"), q("code"));
                let line = format!("GET /redirect?location={to}&code={code}");
                let status = code.parse().unwrap_or(302);
                logged(go(now, status, &[("location", &to)], ""), line)
            }
            "/shutdown" => logged(Answer::raw(Bytes::new(), Then::Exit(0)), "GET /shutdown".into()),
            "/dial" | "/shell" | "/upload" => go_not_found(now),
            // Every other path is the root's.
            _ => {
                let text = format!("NOW: {}", dates::go_now(now, asked.started));
                logged(go(now, 200, &[], text), "GET /".into())
            }
        }
    }

    fn exit(&self, now: Instant, asked: &Asked<'_>) -> Answer {
        let (code, timeout, wait) = (asked.query("code"), asked.query("timeout"), asked.query("wait"));
        let line = format!("GET /exit?code={code}&timeout={timeout}&wait={wait}");
        let bad = |what: &str, must: &str, got: &str| {
            go(now, 200, &[], format!("argument '{what}' must be {must} or empty, got \"{got}\"\n"))
        };
        let duration = "a valid golang duration";
        let (timeout, wait) = match (go_duration(&timeout), go_duration(&wait)) {
            (None, _) => return bad("timeout", duration, &timeout).log(2, go_log(now, &line)),
            (_, None) => return bad("wait", duration, &wait).log(2, go_log(now, &line)),
            (Some(timeout), Some(wait)) => (timeout, wait),
        };
        let status = if code.is_empty() { Some(0) } else { code.parse::<i32>().ok() };
        let Some(status) = status else {
            return bad("code", "an integer [0-127]", &code).log(2, go_log(now, &line));
        };
        let graceful = timeout != Duration::ZERO;
        // Without a timeout the process ends at once and the connection breaks without an answer.
        let answer = if graceful { go(now, 200, &[], "") } else { Answer::raw(Bytes::new(), Then::Close) };
        answer.log(2, go_log(now, &line)).exit(status & 0xff).after(wait)
    }

    /// Answers a datagram.
    pub fn datagram(
        &self,
        cx: &Cx<'_, '_>,
        peer: SocketAddr,
        bytes: &Bytes,
    ) -> (Option<String>, Option<Bytes>) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        let (command, rest) = text.split_once(' ').unwrap_or((text, ""));
        let answer = match command.to_ascii_lowercase().as_str() {
            "hostname" => Some(cx.hostname().to_string()),
            "echo" => Some(rest.to_string()),
            "clientip" => Some(peer.to_string()),
            _ => None,
        };
        let line = go_log(cx.out.now, &format!("Received from {peer}: {text:?}"));
        (Some(line), answer.filter(|answer| !answer.is_empty()).map(Bytes::from))
    }
}

fn echo(now: Instant, message: String, code: &str) -> Answer {
    match code.parse() {
        Ok(status) if (200..600).contains(&status) => go(now, status, &[], message),
        _ if code.is_empty() => go(now, 200, &[], message),
        _ => go(now, 200, &[], format!("argument 'code' must be an integer or empty, got \"{code}\"\n")),
    }
}

/// A duration as Go writes them, of one unit; nothing is zero.
pub fn go_duration(text: &str) -> Option<Duration> {
    if text.is_empty() || text == "0" {
        return Some(Duration::ZERO);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..)?;
    let nanos: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().ok()?;
    let scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = (u128::from(part) * u128::from(nanos) / u128::from(scale)) as u64;
    whole.checked_mul(nanos)?.checked_add(part).map(Duration::nanos)
}

/// `agnhost serve-hostname`.
#[derive(Debug, Clone)]
pub struct ServeHostname {
    /// `--port`.
    pub port: u16,
    /// `--tcp`: the name without HTTP.
    pub tcp: bool,
    /// `--close`.
    pub close: bool,
}

impl ServeHostname {
    /// What it writes when it is up.
    pub fn start_lines(&self, now: Instant) -> Vec<(u32, String)> {
        vec![(2, go_log(now, &format!("Serving on port {}.", self.port)))]
    }

    /// What it writes on SIGTERM, after which it serves on until it is killed.
    pub fn stop_lines(now: Instant) -> Vec<String> {
        let lines = ["Shutting down after receiving signal: terminated.", "Awaiting pod deletion."];
        lines.map(|line| go_log(now, line)).to_vec()
    }

    /// Answers a request.
    pub fn answer(&self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        let now = cx.out.now;
        let answer = go(now, 200, &[], cx.hostname().to_string());
        let answer = answer.log(2, go_log(now, &format!("HTTP request from {}", asked.peer)));
        if self.close { answer.and_close() } else { answer }
    }

    /// Over bare TCP, the name comes unasked.
    pub fn greeting(&self, cx: &Cx<'_, '_>, peer: SocketAddr) -> Option<Answer> {
        let answer = || Answer::raw(cx.hostname().to_string().into(), Then::Close);
        let line = || go_log(cx.out.now, &format!("TCP request from {peer}"));
        self.tcp.then(|| answer().log(2, line()))
    }

    /// Answers a datagram.
    pub fn datagram(&self, cx: &Cx<'_, '_>, peer: SocketAddr) -> (Option<String>, Option<Bytes>) {
        let line = go_log(cx.out.now, &format!("UDP request from {peer}"));
        (Some(line), Some(cx.hostname().to_string().into()))
    }
}
