//! busybox's nslookup: all questions at once, and each answer printed as it comes. A name with a dot is asked for as it is;
//! one without goes through the search list, all of it.
//! Models: busybox 1.37 networking/nslookup.c (`FEATURE_NSLOOKUP_BIG`).

use super::print;
use crate::base::{Duration, Fd, Instant, Purpose, Text};
use crate::dns::message::text::reverse_name;
use crate::dns::message::{Message, Question, Rcode, RecordType, decode, encode};
use crate::dns::stub::{Families, Found, Resolver, ResolverStep};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Refusal;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The types that may be asked for, in the order in which they are.
const TYPES: [(&str, RecordType); 10] = [
    ("SOA", RecordType::SOA),
    ("NS", RecordType::NS),
    ("A", RecordType::A),
    ("AAAA", RecordType::AAAA),
    ("CNAME", RecordType::CNAME),
    ("MX", RecordType::MX),
    ("TXT", RecordType::TXT),
    ("SRV", RecordType::SRV),
    ("PTR", RecordType::PTR),
    ("ANY", RecordType::ANY),
];

const USAGE: &str = "BusyBox v1.37.0 multi-call binary.\n\nUsage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\n\
Query DNS about HOST\n\nQUERY_TYPE: soa,ns,a,aaaa,cname,mx,txt,srv,ptr,any\n";

/// The program.
#[derive(Debug, Clone)]
pub struct Busybox {
    host: Text,
    types: Vec<RecordType>,
    port: u16,
    retry: u32,
    timeout: Duration,
    servers: Vec<(Text, SocketAddr)>,
    /// Which server is asked.
    at: usize,
    /// The questions; an answered one is `None`.
    queries: Vec<(Text, Option<Message>)>,
    to_send: VecDeque<usize>,
    /// How many more SERVFAILs are answered with the question again, until the next interval.
    patience: usize,
    replies: usize,
    began: Instant,
    sent: Instant,
    socket: Option<Fd>,
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone)]
enum Stage {
    Locate(Box<Resolver>),
    Socket,
    Send,
    Wait,
    /// Something was printed.
    Print,
    Close,
    Exit,
}

impl Busybox {
    /// Begins with the words of the command line.
    pub fn start(cx: &mut Cx<'_, '_>, argv: &[Text]) -> (Busybox, Syscall) {
        let mut program = Busybox {
            host: "".into(),
            types: Vec::new(),
            port: 53,
            retry: 2,
            timeout: Duration::secs(5),
            servers: Vec::new(),
            at: 0,
            queries: Vec::new(),
            to_send: VecDeque::new(),
            patience: 0,
            replies: 0,
            began: Instant::ZERO,
            sent: Instant::ZERO,
            socket: None,
            stage: Stage::Exit,
            status: 0,
        };
        let call = match program.options(argv) {
            Ok(rest) => program.plan(cx, &rest),
            Err(text) => program.stop(text),
        };
        (program, call)
    }

    fn options(&mut self, argv: &[Text]) -> Result<Vec<Text>, String> {
        let mut words = argv.iter().skip(1).peekable();
        while let Some(option) = words.peek().and_then(|word| word.strip_prefix('-')) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = || {
                value
                    .parse::<u32>()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or(format!("nslookup: invalid number '{value}'\n"))
            };
            let is = |whole: &str| !name.is_empty() && whole.starts_with(name);
            if is("type") || is("querytype") && !is("timeout") {
                let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(value));
                let Some((_, rtype)) = known else {
                    return Err(format!("nslookup: invalid query type \"{value}\"\n"));
                };
                self.types.push(*rtype);
            } else if is("port") {
                self.port =
                    u16::try_from(number()?).map_err(|_| format!("nslookup: invalid number '{value}'\n"))?;
            } else if is("retry") {
                self.retry = number()?;
            } else if is("timeout") {
                self.timeout = Duration::secs(u64::from(number()?));
            } else if !is("debug") {
                return Err(USAGE.into());
            }
            words.next();
        }
        let rest: Vec<Text> = words.cloned().collect();
        if rest.is_empty() || rest.len() > 2 { Err(USAGE.into()) } else { Ok(rest) }
    }

    fn plan(&mut self, cx: &mut Cx<'_, '_>, rest: &[Text]) -> Syscall {
        self.host = rest[0].clone();
        match rest.get(1) {
            Some(server) => {
                self.servers = vec![(server.clone(), SocketAddr::from(([0, 0, 0, 0], self.port)))];
                let (resolver, step) = Resolver::start(cx, server, Families::Both);
                self.stage = Stage::Locate(Box::new(resolver));
                self.located(cx, step)
            }
            None => {
                let conf = super::conf(cx);
                let at = |server: &SocketAddr| {
                    (server.ip().to_string().into(), SocketAddr::new(server.ip(), self.port))
                };
                self.servers = conf.servers.iter().map(at).collect();
                self.ask(cx)
            }
        }
    }

    fn located(&mut self, cx: &mut Cx<'_, '_>, step: ResolverStep) -> Syscall {
        match step {
            ResolverStep::Call(call) => call,
            ResolverStep::Done(Ok(Found { addresses, .. })) => {
                for ((_, server), ip) in self.servers.iter_mut().zip(addresses) {
                    server.set_ip(ip);
                }
                self.ask(cx)
            }
            ResolverStep::Done(Err(_)) => {
                let name = self.servers.first().map(|(name, _)| name.clone()).unwrap_or_default();
                self.stop(format!("nslookup: bad address '{name}'\n"))
            }
        }
    }

    /// Writes down all questions, and asks the first server.
    fn ask(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let conf = super::conf(cx);
        let reverse = self.host.parse::<IpAddr>().ok().filter(|_| self.types.is_empty());
        let types = match (reverse, self.types.is_empty()) {
            (Some(_), _) => vec![RecordType::PTR],
            (None, true) => vec![RecordType::A, RecordType::AAAA],
            (None, false) => {
                TYPES.iter().map(|(_, rtype)| *rtype).filter(|rtype| self.types.contains(rtype)).collect()
            }
        };
        let bare: Text = match reverse {
            Some(ip) => reverse_name(ip).trim_end_matches('.').into(),
            None => self.host.clone(),
        };
        let actor = cx.hostname();
        let mut id = cx.out.draw(Purpose::DnsId, &actor) as u16;
        for rtype in types {
            let as_is = rtype == RecordType::PTR || bare.contains('.') || conf.search.is_empty();
            let searched = conf.search.iter().map(|domain| Text::from(format!("{bare}.{domain}")));
            let names = if as_is { vec![bare.clone()] } else { searched.collect() };
            for name in names {
                let question = Question::new(Text::from(crate::dns::name::qualified(&name)), rtype);
                let mut query = Message::query(id, question);
                query.ad = true;
                id = id.wrapping_add(1);
                self.queries.push((name, Some(query)));
            }
        }
        self.stage = Stage::Socket;
        Syscall::Socket(Protocol::Udp)
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        match (&mut self.stage, reply) {
            (Stage::Locate(resolver), reply) => {
                let step = resolver.resume(cx, reply);
                self.located(cx, step)
            }
            (Stage::Socket, Reply::Fd(fd)) => {
                (self.socket, self.began) = (Some(fd), now);
                self.round(now)
            }
            (Stage::Send | Stage::Print, _) => self.go_on(now),
            (Stage::Wait, Reply::Data(bytes)) => self.came(&bytes, now),
            (Stage::Wait, Reply::Err(Errno::Etimedout)) => {
                if let Some((_, server)) = self.servers.get(self.at) {
                    let place = cx.place();
                    cx.out.refused(place, Refusal::TimedOut(*server, now.since(self.sent)));
                }
                if now.since(self.began) < self.timeout { self.round(now) } else { self.close() }
            }
            (Stage::Wait, _) => self.go_on(now),
            (Stage::Close, _) => self.after_server(),
            (_, _) => Syscall::Exit(self.status),
        }
    }

    fn round(&mut self, now: Instant) -> Syscall {
        self.to_send = (0..self.queries.len()).filter(|n| self.queries[*n].1.is_some()).collect();
        self.patience = 2 * self.queries.len();
        self.sent = now;
        self.go_on(now)
    }

    fn go_on(&mut self, now: Instant) -> Syscall {
        let (Some(fd), Some((_, server))) = (self.socket, self.servers.get(self.at)) else {
            return self.close();
        };
        while let Some(n) = self.to_send.pop_front() {
            if let Some(Ok(bytes)) = self.queries[n].1.as_ref().map(|query| encode(query, false)) {
                self.stage = Stage::Send;
                return Syscall::SendTo(fd, *server, bytes);
            }
        }
        if self.queries.iter().all(|(_, query)| query.is_none()) {
            return self.close();
        }
        let interval = Duration::nanos(self.timeout.0 / u64::from(self.retry));
        let until = (self.began + self.timeout).min(self.sent + interval);
        self.stage = Stage::Wait;
        Syscall::ReadTimeout(fd, 512, until.since(now))
    }

    /// An answer is printed when it comes; after SERVFAIL the question goes out again first.
    fn came(&mut self, bytes: &[u8], now: Instant) -> Syscall {
        let Ok(answer) = decode(bytes) else { return self.go_on(now) };
        let fits = |(_, query): &(Text, Option<Message>)| query.as_ref().is_some_and(|q| q.id == answer.id);
        let Some(n) = self.queries.iter().position(fits) else { return self.go_on(now) };
        if answer.rcode == Rcode::SERVFAIL && self.patience > 0 {
            self.patience -= 1;
            self.to_send.push_back(n);
            return self.go_on(now);
        }
        let mut text = String::new();
        if self.replies == 0
            && let Some((name, server)) = self.servers.get(self.at)
        {
            text = format!("Server:\t\t{name}\nAddress:\t{server}\n\n");
        }
        self.replies += 1;
        self.queries[n].1 = None;
        if answer.rcode == Rcode::NOERROR {
            if !answer.aa {
                text.push_str("Non-authoritative answer:\n");
            }
            text.push_str(&print::answers(&answer.answers, print::Dots::Without));
        } else {
            text.push_str(&format!("** server can't find {}: {}\n", self.queries[n].0, answer.rcode));
            self.status = 1;
        }
        text.push('\n');
        self.stage = Stage::Print;
        Syscall::Write(Fd(1), text.into())
    }

    fn close(&mut self) -> Syscall {
        self.stage = Stage::Close;
        match self.socket.take() {
            Some(fd) => Syscall::Close(fd),
            None => self.after_server(),
        }
    }

    /// The next server if this one said nothing at all; else what is left without an answer, and the end.
    fn after_server(&mut self) -> Syscall {
        if self.replies == 0 {
            self.at += 1;
            if self.at < self.servers.len() {
                self.stage = Stage::Socket;
                return Syscall::Socket(Protocol::Udp);
            }
            self.status = 1;
            self.stage = Stage::Exit;
            let text = ";; connection timed out; no servers could be reached\n\n";
            return Syscall::Write(Fd(1), text.into());
        }
        let unanswered = self.queries.iter().filter(|(_, query)| query.is_some());
        let mut text: String =
            unanswered.map(|(name, _)| format!("*** Can't find {name}: No answer\n")).collect();
        self.stage = Stage::Exit;
        if text.is_empty() {
            return Syscall::Exit(self.status);
        }
        text.push('\n');
        Syscall::Write(Fd(1), text.into())
    }

    fn stop(&mut self, text: String) -> Syscall {
        self.status = 1;
        self.stage = Stage::Exit;
        Syscall::Write(Fd(2), text.into())
    }
}
