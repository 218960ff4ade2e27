//! `hosts`: answers from a hosts file and from lines of the Corefile.
//! Models: CoreDNS plugin/hosts.
//! Omits: reading the file again while running.

use super::{Env, Fallthrough, Handler, Plugin, Setup, Step, duration, integer};
use crate::base::{FlatMap, Text};
use crate::dns::message::{Message, Rcode, Rdata, Record, RecordType};
use crate::dns::name::{address_of_reverse, best_zone, qualified, zones_or};
use std::net::IpAddr;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Hosts {
    zones: Vec<Text>,
    ttl: u32,
    fall: Fallthrough,
    by_name: FlatMap<Text, Vec<IpAddr>>,
    by_address: FlatMap<IpAddr, Vec<Text>>,
}

/// `hosts [FILE [ZONES...]] { INLINE; ttl N; no_reverse; reload DURATION; fallthrough [ZONES...] }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    tokens.advance();
    let args = tokens.remaining_args();
    let path = args.first().map_or("/etc/hosts", |path| &**path);
    let file = setup.files.text(path);
    if file.is_none() && !args.is_empty() {
        setup.lines.push(format!("[WARNING] plugin/hosts: File does not exist: {path}").into());
    }
    let mut hosts = Hosts {
        zones: zones_or(args.iter().skip(1), setup.zones),
        ttl: 3600,
        fall: Fallthrough::default(),
        by_name: FlatMap::new(),
        by_address: FlatMap::new(),
    };
    let mut inline = Vec::new();
    let mut reverse = true;
    while tokens.next_block() {
        let word = tokens.val().to_string();
        let args = tokens.remaining_args();
        match word.as_str() {
            "fallthrough" => hosts.fall = Fallthrough::new(&args),
            "no_reverse" => reverse = false,
            "fallthrough_unsupported" => {}
            "ttl" => {
                let Some(text) = args.first() else { return Err(tokens.arg_err()) };
                let ttl = integer(text).map_err(|error| tokens.err(&error))?;
                let Some(ttl) = u32::try_from(ttl).ok().filter(|ttl| (1..=65_535).contains(ttl)) else {
                    return Err(tokens.err("ttl provided is invalid"));
                };
                hosts.ttl = ttl;
            }
            "reload" => {
                let Some(text) = args.first() else { return Err(tokens.arg_err()) };
                duration(text).map_err(|_| tokens.err(&format!("invalid duration for reload '{text}'")))?;
            }
            _ if inline.is_empty() || word.parse::<IpAddr>().is_ok() => {
                let words: Vec<&str> =
                    std::iter::once(word.as_str()).chain(args.iter().map(|a| &**a)).collect();
                inline.push(words.join(" "));
            }
            _ => return Err(tokens.err(&format!("unknown property '{word}'"))),
        }
    }
    for line in inline.iter().map(String::as_str).chain(file.unwrap_or_default().lines()) {
        hosts.add(line, reverse);
    }
    Ok(hosts.into())
}

impl Hosts {
    fn add(&mut self, line: &str, reverse: bool) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { return };
        let ip = ip.to_canonical();
        for word in words {
            let name: Text = qualified(&word.to_ascii_lowercase()).into();
            if best_zone(&name, &self.zones).is_none() {
                continue;
            }
            self.by_name.entry(name.clone()).or_default().push(ip);
            if reverse {
                self.by_address.entry(ip).or_default().push(name);
            }
        }
    }
}

impl Handler for Hosts {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        let mut answer = query.reply(Rcode::NOERROR);
        answer.aa = true;
        if question.rtype == RecordType::PTR {
            let names = address_of_reverse(&lower).and_then(|ip| self.by_address.get(&ip));
            let Some(names) = names else { return Step::Next };
            let record = |name: &Text| Record::new(question.name.clone(), self.ttl, Rdata::Ptr(name.clone()));
            answer.answers = names.iter().map(record).collect();
            return Step::Answer(Box::new(answer));
        }
        if best_zone(&lower, &self.zones).is_none() {
            return Step::Next;
        }
        let addresses = self.by_name.get(&*lower);
        let wanted = |ip: &&IpAddr| match question.rtype {
            RecordType::A => ip.is_ipv4(),
            RecordType::AAAA => ip.is_ipv6(),
            _ => false,
        };
        answer.answers = addresses
            .into_iter()
            .flatten()
            .filter(wanted)
            .map(|ip| Record::address(question.name.clone(), self.ttl, *ip))
            .collect();
        match addresses {
            // A known name without data of the type: no data, and no SOA.
            Some(_) => Step::Answer(Box::new(answer)),
            None if self.fall.through(&lower) => Step::Next,
            None => Step::Fail(Rcode::SERVFAIL, String::new()),
        }
    }
}
