//! dig: asks servers and prints whole messages.
//! Models: BIND 9.18 bin/dig/{dig,dighost}.c.
//! Omits: `-f`, `-k`, `-y`, `+nssearch`, the form in which zone transfers are printed; `+trace` asks one server of each zone.

mod options;
mod print;

use super::bind::{AskStep, Asker, Locator, Servers, conf, query, searching};
use super::{Command, Programs};
use crate::base::{Fd, Purpose, Text};
use crate::dns::message::{Edns, Message, Opcode, Rcode, Rdata, RecordType};
use crate::dns::stub::search;
use crate::dns::stub::single::Outcome;
use crate::process::{Cx, Reply, Syscall, Turn};
use bytes::Bytes;
use options::{Dig as Request, Lookup};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// Servers that one walk may ask.
const MAX_STEPS: u32 = 20;

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
    /// `+trace`: the server that is asked, by name, and how many there were before.
    walk: Option<(Text, u32)>,
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    /// `+trace` goes on with a server of this name.
    Walk(Text),
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
            walk: None,
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
                let given = self.left.front().and_then(|l| l.server.clone());
                let name = self.walk.take().map_or(given, |(name, _)| Some(name)).unwrap_or_default();
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
        // A walk begins with the servers of the root, of whom the nearest server knows.
        let at_root = lookup.trace && self.walk.is_none();
        let (asked, rtype) =
            if at_root { (".".into(), RecordType::NS) } else { (name.clone(), lookup.rtype) };
        let mut query = query(cx, &asked, rtype, lookup.class);
        query.opcode = Opcode(lookup.opcode);
        (query.rd, query.ad, query.cd) = (lookup.recurse || at_root, lookup.ad, lookup.cd);
        if lookup.trace {
            self.names.push_front((name, "".into()));
        }
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
        if message.rcode == Rcode::NXDOMAIN && !self.names.is_empty() && !lookup.trace {
            self.greeting = greeting;
            let ip = outcome.server.ip();
            return self.ask(cx, &[ip]);
        }
        if lookup.trace {
            return self.walked(&lookup, message, bytes.len(), outcome, greeting);
        }
        self.left.pop_front();
        self.stage = Stage::Idle;
        let text = print::message(&lookup, message, bytes.len(), outcome, &self.cookie, cx.out.now);
        let greeting = if lookup.short { String::new() } else { greeting };
        Syscall::Write(Fd(1), format!("{greeting}{text}").into())
    }
}

impl Dig {
    /// One step of a walk is printed; a referral leads to the next.
    fn walked(
        &mut self,
        lookup: &Lookup,
        said: &Message,
        size: usize,
        outcome: &Outcome,
        greeting: String,
    ) -> Syscall {
        let who =
            self.walk.as_ref().map_or_else(|| outcome.server.ip().to_string(), |(name, _)| name.to_string());
        let text = print::step(lookup, said, size, outcome, who.trim_end_matches('.'));
        let steps = self.walk.as_ref().map_or(0, |(_, steps)| *steps);
        let refers = steps == 0 || said.answers.is_empty() && !said.aa;
        let next = said.answers.iter().chain(&said.authorities).find_map(|record| match &record.data {
            Rdata::Ns(target) if refers && steps < MAX_STEPS => Some(target.clone()),
            _ => None,
        });
        self.walk = next.clone().map(|name| (name, steps + 1));
        self.stage = match next {
            Some(name) => Stage::Walk(name),
            None => {
                self.left.pop_front();
                Stage::Idle
            }
        };
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
            Stage::Walk(server) => {
                let (locator, servers) = Locator::start(cx, Some(server));
                self.stage = Stage::Locate(Box::new(locator));
                self.located(cx, servers).into()
            }
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
