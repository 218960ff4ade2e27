//! nslookup: looks names up through the search list and prints names and addresses. Images with busybox have its own.
//! Models: BIND 9.18 bin/dig/nslookup.c.
//! Omits: the interactive mode, `-debug`.

mod busybox;
mod print;

use super::bind::{AskStep, Asker, Locator, Servers, conf, query, searching};
use super::{Command, Programs};
use crate::base::{Duration, Fd, Text};
use crate::dns::message::text::reverse_name;
use crate::dns::message::{Class, Message, Rcode, RecordType};
use crate::dns::stub::search;
use crate::dns::stub::single::Outcome;
use crate::process::{Cx, Reply, Syscall, Turn};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The program.
#[derive(Debug, Clone)]
pub struct Nslookup {
    argv: Vec<Text>,
    asked: Text,
    server: Option<Text>,
    options: Options,
    addresses: Vec<IpAddr>,
    names: VecDeque<(Text, Text)>,
    tried: (u32, u32),
    /// The second question, for IPv6 addresses, once the first has found a name.
    second: Option<Text>,
    headed: bool,
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone)]
struct Options {
    rtype: Option<RecordType>,
    port: u16,
    timeout: Duration,
    tries: u32,
    tcp: bool,
    search: bool,
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    Locate(Box<Locator>),
    Ask(Box<Asker>),
    Busybox(Box<busybox::Busybox>),
    Exit,
}

impl Nslookup {
    /// `nslookup [-type=T] [-port=N] [-timeout=N] [-retry=N] name [server]`.
    pub fn new(argv: &[Text]) -> Nslookup {
        Nslookup {
            argv: argv.to_vec(),
            asked: "".into(),
            server: None,
            options: Options {
                rtype: None,
                port: 53,
                timeout: Duration::secs(5),
                tries: 3,
                tcp: false,
                search: true,
            },
            addresses: Vec::new(),
            names: VecDeque::new(),
            tried: (0, 0),
            second: None,
            headed: false,
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
        let mut rest = Vec::new();
        for word in argv.iter().skip(1) {
            match word.strip_prefix('-').filter(|option| !option.is_empty()) {
                Some(option) => self.option(option),
                None => rest.push(word.clone()),
            }
        }
        let Some(name) = rest.first().cloned() else {
            return self.stop(Fd(2), "nslookup: the interactive mode is not simulated here\n".to_string(), 1);
        };
        self.server = rest.get(1).cloned();
        self.asked = name.clone();
        if let Ok(ip) = name.parse::<IpAddr>() {
            self.names = VecDeque::from([(reverse_name(ip).into(), "".into())]);
            self.options.rtype = Some(RecordType::PTR);
        } else if self.options.search {
            let found = search(&name, &conf(cx));
            self.names = found.into_iter().map(|candidate| (candidate.name, candidate.line)).collect();
        } else {
            self.names = VecDeque::from([(crate::dns::name::qualified(&name).into(), "".into())]);
        }
        self.tried = (0, u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let server = self.server.clone();
        let (locator, servers) = Locator::start(cx, server.as_deref());
        self.stage = Stage::Locate(Box::new(locator));
        self.located(cx, servers)
    }

    fn option(&mut self, option: &str) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let number = || value.parse::<u32>().ok();
        let options = &mut self.options;
        match name {
            "type" | "ty" | "querytype" | "query" | "q" => options.rtype = RecordType::of_word(value),
            "port" | "po" => options.port = value.parse().unwrap_or(53),
            "timeout" | "ti" => options.timeout = Duration::secs(u64::from(number().unwrap_or(5).max(1))),
            "retry" | "ret" => options.tries = number().unwrap_or(2).saturating_add(1),
            "vc" => options.tcp = true,
            "novc" => options.tcp = false,
            "search" | "sea" => options.search = true,
            "nosearch" | "nosea" => options.search = false,
            _ => {}
        }
    }

    fn located(&mut self, cx: &mut Cx<'_, '_>, servers: Servers) -> Syscall {
        match servers {
            Servers::Call(call) => call,
            Servers::At(addresses) if !addresses.is_empty() => {
                self.addresses = addresses;
                self.ask(cx)
            }
            Servers::At(_) | Servers::None => {
                let server = self.server.clone().unwrap_or_default();
                self.stop(Fd(2), format!("nslookup: couldn't get address for '{server}': not found\n"), 1)
            }
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let (name, rtype) = match self.second.take() {
            Some(name) => (name, RecordType::AAAA),
            None => {
                let Some((name, line)) = self.names.pop_front() else { return Syscall::Exit(self.status) };
                self.tried.0 += 1;
                if self.tried.1 > 1 {
                    searching(cx, &self.asked, &name, &line, conf(cx).ndots, self.tried);
                }
                (name, self.options.rtype.unwrap_or(RecordType::A))
            }
        };
        let query = query(cx, &name, rtype, Class::IN);
        let servers = self.addresses.iter().map(|ip| SocketAddr::new(*ip, self.options.port)).collect();
        let options = self.options.clone();
        let (asker, call) = Asker::start(cx, query, servers, options.tries, options.timeout, options.tcp);
        self.stage = Stage::Ask(Box::new(asker));
        call
    }

    fn answered(&mut self, outcome: Option<Box<Outcome>>) -> Syscall {
        let answer = outcome.and_then(|outcome| {
            let server = outcome.server;
            outcome.result.ok().map(|(message, _)| (message, server))
        });
        let Some((message, server)) = answer else {
            return self.stop(Fd(1), ";; no servers could be reached\n\n".to_string(), 1);
        };
        let mut text = String::new();
        if self.server.is_none() && message.rd && !message.ra && message.rcode != Rcode::SERVFAIL {
            text = format!(";; Got recursion not available from {}\n", server.ip());
        }
        let more = self.options.search && !self.names.is_empty();
        if !self.headed && message.rcode == Rcode::NXDOMAIN && more {
            self.stage = Stage::Idle;
            return Syscall::Write(Fd(1), text.into());
        }
        self.report(text, &message, server)
    }

    /// What is printed of an answer; then the second question, or the end.
    fn report(&mut self, mut text: String, message: &Message, server: SocketAddr) -> Syscall {
        let second = self.headed;
        let reverse = self.options.rtype == Some(RecordType::PTR);
        if message.rcode == Rcode::SERVFAIL && !second {
            text.push_str(&format!(";; Got SERVFAIL reply from {}\n", server.ip()));
        }
        if !second && (!reverse || message.rcode != Rcode::NOERROR) {
            text.push_str(&format!(
                "Server:\t\t{}\nAddress:\t{}#{}\n\n",
                server.ip(),
                server.ip(),
                server.port()
            ));
        }
        self.headed = true;
        let name = message.question().map(|question| question.name.clone()).unwrap_or_default();
        let bare = name.trim_end_matches('.');
        if message.rcode != Rcode::NOERROR {
            if !second {
                text.push_str(&format!("** server can't find {bare}: {}\n", message.rcode));
                self.status = 1;
            }
            return self.finish(text);
        }
        if !message.answers.is_empty() {
            if !message.aa && !second {
                text.push_str("Non-authoritative answer:\n");
            }
            text.push_str(&print::answers(&message.answers, print::Dots::Final));
        } else if !second {
            text.push_str(&format!("*** Can't find {bare}: No answer\n"));
        }
        if !second && self.options.rtype.is_none() {
            self.second = Some(print::end_of_aliases(&name, &message.answers));
            self.stage = Stage::Idle;
            return Syscall::Write(Fd(1), text.into());
        }
        self.finish(text)
    }

    fn finish(&mut self, text: String) -> Syscall {
        let status = self.status;
        self.stop(Fd(1), format!("{text}\n"), status)
    }
}

impl Command for Nslookup {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            if cx.userland.busybox {
                let (busybox, call) = busybox::Busybox::start(cx, &self.argv);
                self.stage = Stage::Busybox(Box::new(busybox));
                return call.into();
            }
            return self.start(cx).into();
        }
        match &mut self.stage {
            Stage::Busybox(busybox) => busybox.resume(cx, reply).into(),
            Stage::Exit => Syscall::Exit(self.status).into(),
            Stage::Idle => self.ask(cx).into(),
            Stage::Locate(locator) => {
                let servers = locator.resume(cx, reply);
                self.located(cx, servers).into()
            }
            Stage::Ask(asker) => match asker.resume(cx, reply) {
                AskStep::Call(call) => call.into(),
                AskStep::Done(outcome) => self.answered(outcome).into(),
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
