//! `log`: prints a line per question.
//! Models: CoreDNS plugin/log, plugin/pkg/replacer, plugin/pkg/response/classify.go.
//! Omits: placeholders of metadata and headers beyond the common ones, which read as `-`.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Rewritten, Setup};
use crate::base::{Duration, FlatSet, Text};
use crate::dns::message::{Message, Rcode, text};
use crate::dns::name::{best_zone, qualified};
use crate::dns::server::echo_edns;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Log {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    scope: Vec<Text>,
    format: Text,
    classes: FlatSet<Text>,
}

const COMMON: &str = r#"{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}"#;

/// `log [NAMES...] [FORMAT] { class CLASSES... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut rules = Vec::new();
    while tokens.advance() {
        let mut args = tokens.remaining_args();
        let mut format: Text = COMMON.into();
        // A format is recognised by its braces, and never as the first argument.
        if args.len() > 1
            && let Some(last) = args.pop_if(|last| last.contains('{'))
        {
            format = match &*last {
                "{common}" => COMMON.into(),
                "{combined}" => format!("{COMMON} \"{{>opcode}}\"").into(),
                other => other.into(),
            };
        }
        let mut scope: Vec<Text> =
            args.iter().map(|name| qualified(&name.to_ascii_lowercase()).into()).collect();
        if scope.is_empty() {
            scope.push(".".into());
        }
        let mut classes = FlatSet::new();
        while tokens.next_block() {
            if tokens.val() != "class" {
                return Err(tokens.arg_err());
            }
            let words = tokens.remaining_args();
            if words.is_empty() {
                return Err(tokens.arg_err());
            }
            for word in words {
                if !["all", "success", "denial", "error"].contains(&&*word) {
                    return Err(format!("invalid Class: {word}"));
                }
                classes.insert(word);
            }
        }
        if classes.is_empty() {
            classes.insert("all".into());
        }
        rules.push(Rule { scope, format, classes });
    }
    Ok(Log { rules }.into())
}

impl Handler for Log {
    fn reply(&mut self, _: Memo, query: &Message, outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        let Some(question) = query.question() else { return Back::On(outcome) };
        let name = question.name.to_ascii_lowercase();
        let Some(rule) = self.rules.iter().find(|rule| best_zone(&name, &rule.scope).is_some()) else {
            return Back::On(outcome);
        };
        // What nobody wrote is written here already, with the client's OPT, and logged with it.
        let unwritten = match &outcome {
            Outcome::Unwritten(rcode, _) => {
                let mut answer = query.reply(*rcode);
                echo_edns(query, &mut answer);
                Some(answer)
            }
            Outcome::Written(_) | Outcome::Dropped => None,
        };
        let answer = match &outcome {
            Outcome::Written(answer) => Some(&**answer),
            Outcome::Unwritten(..) | Outcome::Dropped => unwritten.as_ref(),
        };
        if rule.classes.contains("all") || rule.classes.contains(class(answer)) {
            let line = replace(&rule.format, query, answer, env);
            env.lines.push(format!("[INFO] {line}").into());
        }
        Back::On(outcome)
    }
}

fn class(answer: Option<&Message>) -> &'static str {
    let Some(answer) = answer else { return "error" };
    let empty = answer.answers.is_empty();
    match answer.rcode {
        Rcode::NOERROR if empty && !answer.authorities.is_empty() => "denial",
        Rcode::NOERROR => "success",
        Rcode::NXDOMAIN => "denial",
        _ => "error",
    }
}

fn replace(format: &str, query: &Message, answer: Option<&Message>, env: &Env<'_, '_>) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let Some(end) = rest.find('}') else {
            out.push('{');
            break;
        };
        let value = placeholder(&rest[..end], query, answer, env);
        out.push_str(if value.is_empty() { "-" } else { &value });
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

fn placeholder(name: &str, query: &Message, answer: Option<&Message>, env: &Env<'_, '_>) -> String {
    let client = env.client;
    let question = query.question();
    let edns = query.edns.as_ref();
    // The name is the client's; the rest is read after plugins below have rewritten the question.
    let below = env.rewritten.unwrap_or_else(|| Rewritten::of(query));
    match name {
        "type" => below.rtype.to_string(),
        "class" => below.class.to_string(),
        "name" => question.map(|q| q.name.to_ascii_lowercase()).unwrap_or_default(),
        "proto" => if client.tcp { "tcp" } else { "udp" }.to_string(),
        "size" => below.size.to_string(),
        "remote" => match client.address {
            std::net::SocketAddr::V4(address) => address.ip().to_string(),
            std::net::SocketAddr::V6(address) => format!("[{}]", address.ip()),
        },
        "port" => client.address.port().to_string(),
        "local" => env.local.first().map(ToString::to_string).unwrap_or_default(),
        "rcode" => answer.map(|a| a.rcode.to_string()).unwrap_or_default(),
        "rsize" => answer.map_or(0, Message::length).to_string(),
        "duration" => seconds(env.out.now.since(client.since)),
        ">rflags" => answer.map(|a| text::flags(a, ",", false)).unwrap_or_default(),
        ">id" => query.id.to_string(),
        ">opcode" => query.opcode.0.to_string(),
        ">do" => edns.is_some_and(|e| e.dnssec_ok).to_string(),
        ">bufsize" if client.tcp => "65535".to_string(),
        ">bufsize" => edns.map_or(512, |e| e.udp.max(512)).to_string(),
        _ => String::new(),
    }
}

/// Seconds as a plain decimal, as short as it goes.
fn seconds(duration: Duration) -> String {
    let text = format!("{}.{:09}", duration.as_secs(), duration.0 % 1_000_000_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}
