//! What dig prints around and in a message.

use super::options::{Dig, Lookup};
use crate::base::{Instant, Text};
use crate::dns::message::text::{self, Layout};
use crate::dns::message::{Message, Record};
use crate::dns::stub::single::Outcome;
use crate::shell::bind::VERSION;
use std::fmt::Write;

/// The lines that repeat the command.
pub fn greeting(argv: &[Text], dig: &Dig) -> String {
    if !dig.cmd {
        return String::new();
    }
    let words: Vec<&str> = argv.iter().skip(1).map(|word| &**word).collect();
    let servers = if dig.server_named { "; (1 server found)\n" } else { "" };
    let args = if words.is_empty() { String::new() } else { format!(" {}", words.join(" ")) };
    format!("\n; <<>> DiG {VERSION} <<>>{args}\n{servers};; global options: +cmd\n")
}

/// A message, as far as the options want it.
pub fn message(
    lookup: &Lookup,
    message: &Message,
    size: usize,
    outcome: &Outcome,
    cookie: &[u8],
    now: Instant,
) -> String {
    if lookup.short {
        return short(lookup, message, outcome);
    }
    let mut out = String::new();
    if lookup.comments {
        out.push_str(&head(message));
        if let Some(edns) = &message.edns {
            out.push_str(&text::opt(edns, Some(cookie)));
        }
    }
    let blank = if lookup.comments { "\n" } else { "" };
    if lookup.question && !message.questions.is_empty() {
        if lookup.comments {
            out.push_str(";; QUESTION SECTION:\n");
        }
        message
            .questions
            .iter()
            .for_each(|question| out.push_str(&text::question_in(question, columns(lookup))));
        out.push_str(blank);
    }
    let wanted = [lookup.answer, lookup.authority, lookup.additional];
    for ((title, records), wanted) in text::sections(message).into_iter().zip(wanted) {
        if !wanted || records.is_empty() {
            continue;
        }
        if lookup.comments {
            let _ = writeln!(out, ";; {title} SECTION:");
        }
        records.iter().for_each(|record| out.push_str(&line(lookup, record)));
        out.push_str(blank);
    }
    if lookup.stats {
        let (ip, port) = (outcome.server.ip(), outcome.server.port());
        let proto = if outcome.tcp { "TCP" } else { "UDP" };
        let took = outcome.took.as_millis();
        let _ = write!(
            out,
            ";; Query time: {took} msec\n;; SERVER: {ip}#{port}({ip}) ({proto})\n;; WHEN: {}\n;; MSG SIZE  rcvd: {size}\n\n",
            date(now)
        );
    }
    out
}

/// A step of `+trace`: what was said, by whom, and how long it took.
pub fn step(lookup: &Lookup, said: &Message, size: usize, outcome: &Outcome, who: &str) -> String {
    let records = said.answers.iter().chain(&said.authorities).map(|record| line(lookup, record));
    let (ip, port, took) = (outcome.server.ip(), outcome.server.port(), outcome.took.as_millis());
    let records: String = records.collect();
    format!("{records};; Received {size} bytes from {ip}#{port}({who}) in {took} ms\n\n")
}

fn head(message: &Message) -> String {
    let mut out = String::from(";; Got answer:\n");
    let local = message.question().is_some_and(|question| {
        let name = question.name.to_ascii_lowercase();
        name.ends_with(".local.") || name == "local."
    });
    if local {
        out.push_str(";; WARNING: .local is reserved for Multicast DNS\n");
        out.push_str(";; You are currently testing what happens when an mDNS query is leaked to DNS\n");
    }
    out.push_str(&text::header(message));
    if message.rd && !message.ra {
        out.push_str(";; WARNING: recursion requested but not available\n");
    }
    out.push('\n');
    out
}

fn short(lookup: &Lookup, message: &Message, outcome: &Outcome) -> String {
    let from = match lookup.identify {
        true => format!(" from server {} in {} ms.", outcome.server.ip(), outcome.took.as_millis()),
        false => String::new(),
    };
    message.answers.iter().map(|record| format!("{}{from}\n", text::rdata(&record.data))).collect()
}

/// Columns move to the left when the TTL or the class is left out.
fn columns(lookup: &Lookup) -> [usize; 4] {
    match (lookup.ttl, lookup.class_shown) {
        (true, true) => text::COLUMNS,
        (false, false) => [24, 24, 24, 32],
        _ => [24, 24, 32, 40],
    }
}

fn line(lookup: &Lookup, record: &Record) -> String {
    text::record_in(record, Layout { ttl: lookup.ttl, class: lookup.class_shown, columns: columns(lookup) })
}

/// `Thu Jan 01 00:00:00 UTC 2026`.
pub fn date(at: Instant) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let pick = |names: &[&'static str], n: u64| names.get(n as usize).copied().unwrap_or_default();
    let ((year, month, day), seconds) = at.civil();
    let weekday = pick(&DAYS, at.unix_seconds() / 86_400 % 7);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{weekday} {} {day:02} {h:02}:{m:02}:{s:02} UTC {year}", pick(&MONTHS, month - 1))
}
