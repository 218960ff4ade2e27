//! host: looks names up and prints sentences.
//! Models: BIND 9.18 bin/dig/host.c.
//! Omits: `-l`, `-C`, `-a` and verbose output.

use super::bind::{AskStep, Asker, Locator, Servers, conf, query, searching};
use super::{Command, Programs};
use crate::base::{Duration, Fd, Text};
use crate::dns::message::text::{rdata, reverse_name};
use crate::dns::message::{Class, Message, Rcode, Rdata, Record, RecordType};
use crate::dns::name::qualified;
use crate::dns::stub::search;
use crate::dns::stub::single::Outcome;
use crate::process::{Cx, Reply, Syscall, Turn};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The program.
#[derive(Debug, Clone)]
pub struct Host {
    argv: Vec<Text>,
    asked: Text,
    server: Option<Text>,
    port: u16,
    tcp: bool,
    types: VecDeque<RecordType>,
    given_type: bool,
    addresses: Vec<IpAddr>,
    names: VecDeque<(Text, Text)>,
    /// The name for the types after the first: where aliases led.
    target: Option<Text>,
    tried: (u32, u32),
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    Locate(Box<Locator>),
    Ask(Box<Asker>),
    Exit,
}

const USAGE: &str = "Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
";

impl Host {
    /// `host [-t type] [-T] [-p port] name [server]`.
    pub fn new(argv: &[Text]) -> Host {
        Host {
            argv: argv.to_vec(),
            asked: "".into(),
            server: None,
            port: 53,
            tcp: false,
            types: VecDeque::from([RecordType::A, RecordType::AAAA, RecordType::MX]),
            given_type: false,
            addresses: Vec::new(),
            names: VecDeque::new(),
            target: None,
            tried: (0, 0),
            stage: Stage::Idle,
            status: 0,
        }
    }

    fn stop(&mut self, fd: Fd, text: String, status: i32) -> Syscall {
        self.status = status;
        self.stage = Stage::Exit;
        Syscall::Write(fd, text.into())
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let argv = self.argv.clone();
        let mut words = argv.iter().skip(1).map(|word| &**word);
        let mut rest = Vec::new();
        while let Some(word) = words.next() {
            match word {
                "-T" => self.tcp = true,
                "-t" => {
                    let value = words.next().unwrap_or_default();
                    let Some(rtype) = RecordType::of_word(value) else {
                        return self.stop(Fd(2), format!("host: invalid type: {value}\n"), 1);
                    };
                    self.types = VecDeque::from([rtype]);
                    self.given_type = true;
                }
                "-p" => self.port = words.next().and_then(|port| port.parse().ok()).unwrap_or(53),
                "-c" | "-N" | "-R" | "-W" | "-m" => drop(words.next()),
                word if word.starts_with('-') => {}
                word => rest.push(word),
            }
        }
        let Some(name) = rest.first() else { return self.stop(Fd(2), USAGE.to_string(), 1) };
        self.server = rest.get(1).map(|server| (*server).into());
        self.asked = (*name).into();
        if let Ok(ip) = name.parse::<IpAddr>() {
            self.names = VecDeque::from([(reverse_name(ip).into(), "".into())]);
            self.types = VecDeque::from([RecordType::PTR]);
        } else {
            let found = search(name, &conf(cx));
            self.names = found.into_iter().map(|candidate| (candidate.name, candidate.line)).collect();
        }
        self.tried = (0, u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let server = self.server.clone();
        let (locator, servers) = Locator::start(cx, server.as_deref());
        self.stage = Stage::Locate(Box::new(locator));
        self.located(cx, servers)
    }

    fn located(&mut self, cx: &mut Cx<'_, '_>, servers: Servers) -> Syscall {
        match (servers, self.server.clone()) {
            (Servers::Call(call), _) => call,
            (Servers::At(addresses), server) if !addresses.is_empty() => {
                self.addresses = addresses;
                let Some(server) = server else { return self.ask(cx) };
                self.stage = Stage::Idle;
                let address = self.addresses.first().map(ToString::to_string).unwrap_or_default();
                let port = self.port;
                let text =
                    format!("Using domain server:\nName: {server}\nAddress: {address}#{port}\nAliases: \n\n");
                Syscall::Write(Fd(1), text.into())
            }
            (_, server) => {
                let server = server.unwrap_or_default();
                self.stop(Fd(2), format!("host: couldn't get address for '{server}': not found\n"), 1)
            }
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let Some(rtype) = self.types.front().copied() else { return Syscall::Exit(self.status) };
        let name = match self.target.clone() {
            Some(name) => name,
            None => {
                let Some((name, line)) = self.names.pop_front() else { return Syscall::Exit(self.status) };
                self.tried.0 += 1;
                if self.tried.1 > 1 {
                    searching(cx, &self.asked, &name, &line, conf(cx).ndots, self.tried);
                }
                name
            }
        };
        let query = query(cx, &name, rtype, Class::IN);
        let servers = self.addresses.iter().map(|ip| SocketAddr::new(*ip, self.port)).collect();
        let (asker, call) = Asker::start(cx, query, servers, 2, Duration::secs(5), self.tcp);
        self.stage = Stage::Ask(Box::new(asker));
        call
    }

    fn answered(&mut self, cx: &mut Cx<'_, '_>, outcome: Option<Box<Outcome>>) -> Syscall {
        let message = outcome.and_then(|outcome| outcome.result.ok()).map(|(message, _)| message);
        let Some(message) = message else {
            return self.stop(Fd(1), ";; no servers could be reached\n".to_string(), 1);
        };
        let first = self.target.is_none();
        if first && message.rcode == Rcode::NXDOMAIN && !self.names.is_empty() {
            return self.ask(cx);
        }
        let name = message.question().map(|question| question.name.clone()).unwrap_or_default();
        if message.rcode != Rcode::NOERROR {
            let (rcode, number) = (message.rcode, message.rcode.0);
            let shown =
                if self.tried.0 == 1 { name.trim_end_matches('.').into() } else { self.asked.clone() };
            let shown = if self.asked.ends_with('.') { self.asked.clone() } else { shown };
            return self.stop(Fd(1), format!("Host {shown} not found: {number}({rcode})\n"), 1);
        }
        self.target = Some(alias_end(&name, &message));
        let rtype = self.types.pop_front();
        let mut text: String = message.answers.iter().map(sentence).collect();
        let bare = |name: &str| name.trim_end_matches('.').to_string();
        if message.answers.is_empty() && (self.given_type || rtype == Some(RecordType::PTR)) {
            let rtype = rtype.map(|rtype| rtype.to_string()).unwrap_or_default();
            text = format!("{} has no {rtype} record\n", bare(&name));
        }
        self.stage = Stage::Idle;
        Syscall::Write(Fd(1), text.into())
    }
}

/// Where the aliases of an answer lead.
fn alias_end(name: &Text, message: &Message) -> Text {
    let mut at = name.clone();
    for record in &message.answers {
        if let Rdata::Cname(target) = &record.data
            && record.name.eq_ignore_ascii_case(&at)
        {
            at = target.clone();
        }
    }
    qualified(&at).into()
}

fn sentence(record: &Record) -> String {
    let name = record.name.trim_end_matches('.');
    let data = rdata(&record.data);
    let verb = match record.rtype() {
        RecordType::A => "has address",
        RecordType::AAAA => "has IPv6 address",
        RecordType::CNAME => "is an alias for",
        RecordType::MX => "mail is handled by",
        RecordType::NS => "name server",
        RecordType::PTR => "domain name pointer",
        RecordType::TXT => "descriptive text",
        rtype => return format!("{name} has {rtype} record {data}\n"),
    };
    format!("{name} {verb} {data}\n")
}

impl Command for Host {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            return self.start(cx).into();
        }
        match &mut self.stage {
            Stage::Exit => Syscall::Exit(self.status).into(),
            Stage::Idle => self.ask(cx).into(),
            Stage::Locate(locator) => {
                let servers = locator.resume(cx, reply);
                self.located(cx, servers).into()
            }
            Stage::Ask(asker) => match asker.resume(cx, reply) {
                AskStep::Call(call) => call.into(),
                AskStep::Done(outcome) => self.answered(cx, outcome).into(),
            },
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}
