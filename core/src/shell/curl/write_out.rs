//! `-w`: what a transfer says of itself when it is over.

use super::transfer::Transfer;
use crate::base::{Duration, Instant};
use std::net::SocketAddr;

/// How a transfer ended.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// The number of its URL, from 0.
    pub number: usize,
    /// curl's exit code.
    pub code: i32,
    /// The message; empty for success.
    pub message: String,
}

/// The text with its variables replaced, and complaints about those that do not exist.
pub fn write_out(transfer: &Transfer, format: &str, end: &End, now: Instant) -> (String, Vec<String>) {
    let (mut out, mut complaints) = (String::new(), Vec::new());
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let (text, used) = match (c, after.chars().next()) {
            ('\\', Some('n')) => ("\n".to_string(), 2),
            ('\\', Some('t')) => ("\t".to_string(), 2),
            ('\\', Some('r')) => ("\r".to_string(), 2),
            ('%', Some('%')) => ("%".to_string(), 2),
            ('%', Some('{')) => match after.split_once('}') {
                Some((name, _)) => {
                    let name = name.get(1..).unwrap_or_default();
                    let value = variable(transfer, name, end, now);
                    if value.is_none() {
                        complaints.push(format!("curl: unknown --write-out variable: '{name}'\n"));
                    }
                    (value.unwrap_or_default(), name.len() + 3)
                }
                None => ("%{".to_string(), 2),
            },
            (c, _) => (c.to_string(), c.len_utf8()),
        };
        out.push_str(&text);
        rest = rest.get(used..).unwrap_or_default();
    }
    (out, complaints)
}

fn variable(transfer: &Transfer, name: &str, end: &End, now: Instant) -> Option<String> {
    let began = transfer.marks.began;
    let since = |mark: Option<Instant>| clock(mark.map_or(Duration::ZERO, |mark| mark.since(began)));
    let status = transfer.head.as_ref().map_or(0, |head| head.status);
    let header = |name: &str| {
        transfer.head.as_ref().and_then(|head| head.header(name)).unwrap_or_default().to_string()
    };
    let (local, remote) = (transfer.ends.map(|(local, _)| local), transfer.ends.map(|(_, remote)| remote));
    let ip = |end: Option<SocketAddr>| end.map_or(String::new(), |end| end.ip().to_string());
    let port = |end: Option<SocketAddr>| end.map_or(0, |end| end.port()).to_string();
    let total = now.since(began);
    Some(match name {
        "http_code" | "response_code" => format!("{status:03}"),
        "remote_ip" => ip(remote),
        "remote_port" => port(remote),
        "local_ip" => ip(local),
        "local_port" => port(local),
        "time_total" => clock(total),
        "time_namelookup" => since(transfer.marks.looked_up),
        "time_connect" | "time_pretransfer" => since(transfer.marks.connected),
        "time_starttransfer" => since(transfer.marks.first_byte),
        "time_appconnect" | "time_redirect" => clock(Duration::ZERO),
        "size_download" => transfer.received.to_string(),
        "size_header" => transfer.sizes.0.to_string(),
        "size_request" => transfer.sizes.1.to_string(),
        "size_upload" => transfer.body.as_ref().map_or(0, String::len).to_string(),
        "speed_download" => {
            (u128::from(transfer.received) * 1_000_000_000 / u128::from(total.0.max(1))).to_string()
        }
        "num_connects" => transfer.connects.to_string(),
        "num_redirects" => transfer.redirects.to_string(),
        "redirect_url" => {
            let location = header("location");
            let to = (!location.is_empty()).then(|| transfer.target.follow(&location).ok());
            to.flatten().map_or(String::new(), |target| target.url())
        }
        "url" => transfer.given.clone(),
        "url_effective" => transfer.target.url(),
        "urlnum" => end.number.to_string(),
        "method" => transfer.method.clone(),
        "content_type" => header("content-type"),
        "exitcode" => end.code.to_string(),
        "errormsg" => end.message.clone(),
        "http_version" => if status == 0 { "0" } else { "1.1" }.to_string(),
        "scheme" => "http".to_string(),
        "stdout" | "stderr" => String::new(),
        _ => return None,
    })
}

/// Seconds with six decimals.
fn clock(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.0 / 1_000 % 1_000_000)
}
