//! What dig, host and nslookup share: finding the servers, asking them in turn, and the words for those that do not answer.
//! Models: BIND 9.18 bin/dig/dighost.c.

use crate::base::{Duration, Fd, Purpose, Text};
use crate::dns::message::{Class, Message, Question, RecordType};
use crate::dns::stub::single::{Outcome, Single, SingleStep};
use crate::dns::stub::{Families, ResolvConf, Resolver, ResolverStep};
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Reason;
use crate::trace::reason::SearchStep;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The package's version, as dig prints it.
pub const VERSION: &str = "9.18.49-1~deb12u3-Debian";

/// What a search for servers comes to.
#[derive(Debug)]
pub enum Servers {
    /// A system call first.
    Call(Syscall),
    /// Their addresses.
    At(Vec<IpAddr>),
    /// There is no such server.
    None,
}

/// A server's name on its way to an address.
#[derive(Debug, Clone)]
pub struct Locator(Option<Resolver>);

impl Locator {
    /// From what the command line names, or else from resolv.conf.
    pub fn start(cx: &mut Cx<'_, '_>, name: Option<&str>) -> (Locator, Servers) {
        let Some(name) = name else {
            return (Locator(None), Servers::At(conf(cx).servers.iter().map(SocketAddr::ip).collect()));
        };
        let (resolver, step) = Resolver::start(cx, name, Families::Both);
        (Locator(Some(resolver)), servers(step))
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Servers {
        match &mut self.0 {
            Some(resolver) => servers(resolver.resume(cx, reply)),
            None => Servers::None,
        }
    }
}

fn servers(step: ResolverStep) -> Servers {
    match step {
        ResolverStep::Call(call) => Servers::Call(call),
        ResolverStep::Done(Ok(found)) => Servers::At(found.addresses),
        ResolverStep::Done(Err(_)) => Servers::None,
    }
}

/// The namespace's resolv.conf.
pub fn conf(cx: &Cx<'_, '_>) -> ResolvConf {
    ResolvConf::parse(cx.files.text("/etc/resolv.conf").unwrap_or_default())
}

/// A query with an id of its own.
pub fn query(cx: &mut Cx<'_, '_>, name: &str, rtype: RecordType, class: Class) -> Message {
    let actor = cx.hostname();
    let id = cx.out.draw(Purpose::DnsId, &actor) as u16;
    Message::query(id, Question { name: name.into(), rtype, class })
}

/// Says which name of the search list is tried now.
pub fn searching(cx: &mut Cx<'_, '_>, asked: &str, tried: &str, line: &Text, ndots: u8, attempt: (u32, u32)) {
    let dots = u8::try_from(asked.matches('.').count()).unwrap_or(u8::MAX);
    let (asked, tried, line) = (asked.into(), tried.into(), line.clone());
    let place = cx.place();
    cx.out.decided(place, Reason::SearchList(SearchStep { asked, tried, line, dots, ndots, attempt }));
}

/// A question to servers in turn, several times.
#[derive(Debug, Clone)]
pub struct Asker {
    query: Message,
    servers: Vec<SocketAddr>,
    tries: u32,
    timeout: Duration,
    tcp: bool,
    /// Whether a truncated answer is asked for again over TCP.
    insist: bool,
    tried: usize,
    single: Option<Single>,
    writes: VecDeque<String>,
    over: Option<Option<Box<Outcome>>>,
}

/// What the question does next.
#[derive(Debug)]
pub enum AskStep {
    /// A system call.
    Call(Syscall),
    /// The answer; none when no server answered.
    Done(Option<Box<Outcome>>),
}

impl Asker {
    /// Begins.
    pub fn start(
        cx: &mut Cx<'_, '_>,
        query: Message,
        servers: Vec<SocketAddr>,
        tries: u32,
        timeout: Duration,
        tcp: bool,
    ) -> (Asker, Syscall) {
        let mut asker = Asker {
            query,
            servers,
            tries,
            timeout,
            tcp,
            insist: true,
            tried: 0,
            single: None,
            writes: VecDeque::new(),
            over: None,
        };
        let call = asker.ask(cx);
        (asker, call)
    }

    /// Leaves truncated answers as they are.
    pub fn take_truncated(&mut self) {
        self.insist = false;
    }

    fn ask(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let index = self.tried % self.servers.len().max(1);
        let server =
            self.servers.get(index).copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 53)));
        let (single, call) = Single::start(self.query.clone(), server, self.tcp, self.timeout, cx.out.now);
        self.single = Some(single);
        call
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> AskStep {
        if let Some(single) = &mut self.single {
            match single.resume(cx, reply) {
                SingleStep::Call(call) => return AskStep::Call(call),
                SingleStep::Done(outcome) => self.judge(outcome),
            }
        }
        if let Some(text) = self.writes.pop_front() {
            return AskStep::Call(Syscall::Write(Fd(1), text.into()));
        }
        match self.over.take() {
            Some(outcome) => AskStep::Done(outcome),
            None => AskStep::Call(self.ask(cx)),
        }
    }

    fn judge(&mut self, outcome: Box<Outcome>) {
        self.single = None;
        match &outcome.result {
            Ok((answer, _)) if answer.tc && !self.tcp && self.insist => {
                self.tcp = true;
                self.writes.push_back(";; Truncated, retrying in TCP mode.\n".to_string());
            }
            Ok(_) => self.over = Some(Some(outcome)),
            Err(errno) => {
                self.writes.push_back(self.words(&outcome, *errno));
                self.tried += 1;
                if self.tried >= self.servers.len().max(1) * self.tries.max(1) as usize {
                    self.over = Some(None);
                }
            }
        }
    }

    fn words(&self, outcome: &Outcome, errno: Errno) -> String {
        let (ip, port) = (outcome.server.ip(), outcome.server.port());
        let why = match errno {
            Errno::Etimedout => "timed out",
            Errno::Econnrefused => "connection refused",
            Errno::Econnreset => "end of file",
            Errno::Ehostunreach => "host unreachable",
            _ => "failure",
        };
        if outcome.tcp && errno != Errno::Econnreset {
            let name = self.query.question().map(|q| q.name.trim_end_matches('.').to_string());
            let name = name.unwrap_or_default();
            return format!(
                ";; Connection to {ip}#{port}({ip}) for {name} failed: {why}.\n;; no servers could be reached\n"
            );
        }
        format!(";; communications error to {ip}#{port}: {why}\n")
    }
}
