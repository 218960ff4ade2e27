//! dig: asks servers and prints whole messages.
//! Models: BIND 9.18 bin/dig/{dig,dighost}.c.
//! Omits: `-f`, `-k`, `-y`, `+trace`, `+nssearch`, zone transfers.

mod options;
mod print;

use super::bind::{AskStep, Asker, Locator, Servers, conf, query, searching};
use super::{Command, Programs};
use crate::base::{Fd, Purpose, Text};
use crate::dns::message::{Edns, Message, Opcode, Rcode};
use crate::dns::stub::search;
use crate::dns::stub::single::Outcome;
use crate::process::{Cx, Reply, Syscall, Turn};
use bytes::Bytes;
use options::{Dig as Request, Lookup};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The program.
#[derive(Debug, Clone)]
pub struct Dig {
    argv: Vec<Text>,
    request: Request,
    /// The lookups that are left, first one first.
    left: VecDeque<Lookup>,
    /// The names to try for the present lookup.
    names: VecDeque<(Text, Text)>,
    tried: (u32, u32),
    cookie: Bytes,
    greeting: String,
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

impl Dig {
    /// `dig [@server] [name] [type] [class] [+options]`.
    pub fn new(argv: &[Text]) -> Dig {
        let request = Request::default();
        let (left, names) = (VecDeque::new(), VecDeque::new());
        Dig {
            argv: argv.to_vec(),
            request,
            left,
            names,
            tried: (0, 0),
            cookie: Bytes::new(),
            greeting: String::new(),
            stage: Stage::Idle,
            status: 0,
        }
    }

    fn start(&mut self) -> Option<Syscall> {
        match options::parse(&self.argv) {
            Ok(request) => {
                self.left = request.lookups.iter().cloned().collect();
                self.greeting = print::greeting(&self.argv, &request);
                self.request = request;
                None
            }
            Err((fd, text, status)) => {
                self.status = status;
                self.stage = Stage::Exit;
                Some(Syscall::Write(fd, text.into()))
            }
        }
    }

    /// The next lookup: first its server.
    fn next(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let Some(lookup) = self.left.front().cloned() else {
            return Syscall::Exit(self.status);
        };
        let conf = conf(cx);
        let found = if lookup.search { search(&lookup.name, &conf) } else { Vec::new() };
        self.names = found.into_iter().map(|candidate| (candidate.name, candidate.line)).collect();
        if self.names.is_empty() {
            self.names.push_back((crate::dns::name::qualified(&lookup.name).into(), "".into()));
        }
        self.tried = (0, u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let (locator, servers) = Locator::start(cx, lookup.server.as_deref());
        self.stage = Stage::Locate(Box::new(locator));
        self.located(cx, servers)
    }

    fn located(&mut self, cx: &mut Cx<'_, '_>, servers: Servers) -> Syscall {
        let addresses = match servers {
            Servers::Call(call) => return call,
            Servers::At(addresses) if !addresses.is_empty() => addresses,
            Servers::At(_) | Servers::None => {
                self.status = 10;
                self.stage = Stage::Exit;
                let name = self.left.front().and_then(|l| l.server.clone()).unwrap_or_default();
                let text = format!("dig: couldn't get address for '{name}': not found\n");
                return Syscall::Write(Fd(2), text.into());
            }
        };
        self.ask(cx, &addresses)
    }

    fn ask(&mut self, cx: &mut Cx<'_, '_>, addresses: &[IpAddr]) -> Syscall {
        let (Some(lookup), Some((name, line))) = (self.left.front().cloned(), self.names.pop_front()) else {
            return Syscall::Exit(self.status);
        };
        self.tried.0 += 1;
        if lookup.search {
            searching(cx, &lookup.name, &name, &line, conf(cx).ndots, self.tried);
        }
        let mut query = query(cx, &name, lookup.rtype, lookup.class);
        query.opcode = Opcode(lookup.opcode);
        (query.rd, query.ad, query.cd) = (lookup.recurse, lookup.ad, lookup.cd);
        if let Some(version) = lookup.edns {
            let mut options = Vec::new();
            if lookup.cookie {
                let actor = cx.hostname();
                let drawn = cx.out.draw(Purpose::Program, &actor);
                self.cookie = Bytes::copy_from_slice(&drawn.to_be_bytes());
                options.push((Edns::COOKIE, self.cookie.clone()));
            }
            let udp = lookup.bufsize;
            query.edns = Some(Edns { udp, version, dnssec_ok: lookup.dnssec, options });
        }
        let servers = addresses.iter().map(|ip| SocketAddr::new(*ip, lookup.port)).collect();
        let (mut asker, call) = Asker::start(cx, query, servers, lookup.tries, lookup.timeout, lookup.tcp);
        if lookup.ignore {
            asker.take_truncated();
        }
        self.stage = Stage::Ask(Box::new(asker));
        call
    }

    /// Prints what came of a lookup, or tries the next name.
    fn answered(&mut self, cx: &mut Cx<'_, '_>, outcome: Option<Box<Outcome>>) -> Syscall {
        let Some(lookup) = self.left.front().cloned() else { return Syscall::Exit(self.status) };
        let greeting = std::mem::take(&mut self.greeting);
        let answer: Option<(&Message, &Bytes, &Outcome)> = outcome.as_deref().and_then(|outcome| {
            let (message, bytes) = outcome.result.as_ref().ok()?;
            Some((message, bytes, outcome))
        });
        let Some((message, bytes, outcome)) = answer else {
            self.left.pop_front();
            self.status = 9;
            self.stage = Stage::Idle;
            // Over TCP each try has said so already.
            let text = if lookup.tcp {
                String::new()
            } else {
                let greeting = if lookup.short { String::new() } else { greeting };
                format!("{greeting};; no servers could be reached\n")
            };
            return Syscall::Write(Fd(1), text.into());
        };
        if message.rcode == Rcode::NXDOMAIN && !self.names.is_empty() {
            self.greeting = greeting;
            let ip = outcome.server.ip();
            return self.ask(cx, &[ip]);
        }
        self.left.pop_front();
        self.stage = Stage::Idle;
        let text = print::message(&lookup, message, bytes.len(), outcome, &self.cookie, cx.out.now);
        let greeting = if lookup.short { String::new() } else { greeting };
        Syscall::Write(Fd(1), format!("{greeting}{text}").into())
    }
}

impl Command for Dig {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply
            && let Some(call) = self.start()
        {
            return call.into();
        }
        match &mut self.stage {
            Stage::Exit => Syscall::Exit(self.status).into(),
            Stage::Idle => self.next(cx).into(),
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
