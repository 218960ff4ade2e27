//! The stub resolvers of glibc, musl and Go as a part that programs hold: a name in, system calls out, addresses at the
//! end. They differ in which names they try, in how they ask for one, and in which answers end the search.
//! Models: glibc 2.36 resolv/{res_query,res_send,res_init}.c, sysdeps/posix/getaddrinfo.c, nsswitch `hosts: files dns`;
//! musl 1.2.5 src/network/lookup_name.c; Go 1.24 net/dnsclient_unix.go.
//! Omits: the order of addresses within one family (RFC 6724 rule 9), IDNA, nscd.

pub mod apart;
pub mod fan;
pub mod pair;
pub mod resolv_conf;
pub mod single;

pub use resolv_conf::ResolvConf;

use super::message::{Message, Question, Rcode, Rdata, RecordType};
use super::name::qualified;
use crate::base::{Purpose, Text, order};
use crate::process::{Cx, Libc, Reply, Syscall};
use crate::trace::reason::SearchStep;
use crate::trace::{Reason, Refusal};
use apart::Apart;
use fan::Fan;
use pair::{Pair, PairStep};
use std::net::{IpAddr, SocketAddr};

/// Whose rules a lookup follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// A C library's.
    Libc(Libc),
    /// Those of Go's own resolver, which programs in Go bring along.
    Go,
}

/// Which addresses are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Both, asked for at once: `AF_UNSPEC`.
    Both,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Families {
    fn types(self) -> &'static [RecordType] {
        match self {
            Families::Both => &[RecordType::A, RecordType::AAAA],
            Families::V4 => &[RecordType::A],
            Families::V6 => &[RecordType::AAAA],
        }
    }

    fn has(self, ip: IpAddr) -> bool {
        match self {
            Families::Both => true,
            Families::V4 => ip.is_ipv4(),
            Families::V6 => ip.is_ipv6(),
        }
    }
}

/// What a name came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name to which aliases led, without final dot.
    pub canonical: Text,
    /// The aliases that led there, without final dots.
    pub aliases: Vec<Text>,
    /// The addresses, in the order in which a program tries them.
    pub addresses: Vec<IpAddr>,
}

/// Why a name came to nothing, as `getaddrinfo` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name.
    NoName,
    /// The name has no address.
    NoData,
    /// No server could say.
    Again,
    /// A server said something else (musl).
    Fail,
}

impl Failure {
    /// The number of the error.
    pub fn code(self) -> i32 {
        match self {
            Failure::NoName => -2,
            Failure::Again => -3,
            Failure::Fail => -4,
            Failure::NoData => -5,
        }
    }

    /// A C library's `gai_strerror`.
    pub fn words(self, libc: Libc) -> &'static str {
        match (self, libc) {
            (Failure::NoName, Libc::Glibc) => "Name or service not known",
            (Failure::Again, Libc::Glibc) => "Temporary failure in name resolution",
            (Failure::Fail, Libc::Glibc) => "Non-recoverable failure in name resolution",
            (Failure::NoData, Libc::Glibc) => "No address associated with hostname",
            (Failure::NoName, _) => "Name does not resolve",
            (Failure::Again, _) => "Try again",
            (Failure::Fail, _) => "Unrecoverable error",
            (Failure::NoData, _) => "Name has no usable address",
        }
    }
}

/// What a resolver does next.
#[derive(Debug, Clone)]
pub enum ResolverStep {
    /// A system call, for the program to make.
    Call(Syscall),
    /// The end.
    Done(Result<Found, Failure>),
}

/// A lookup on its way.
#[derive(Debug, Clone)]
pub struct Resolver {
    asked: Text,
    families: Families,
    rules: Rules,
    conf: ResolvConf,
    candidates: Vec<Candidate>,
    next: usize,
    asking: Option<Asking>,
    /// What the first candidate came to when the name as it is was tried first.
    as_is_first: Option<Failure>,
    no_data: bool,
    servfail: bool,
    last: Failure,
}

/// How one name's questions are asked.
#[derive(Debug, Clone)]
enum Asking {
    Pair(Box<Pair>),
    Fan(Box<Fan>),
    Apart(Box<Apart>),
}

/// A name to try, and the line of resolv.conf that put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name, fully qualified.
    pub name: Text,
    /// The line.
    pub line: Text,
    /// Whether it is the name as it was asked for.
    pub as_is: bool,
}

impl Resolver {
    /// Begins a lookup as the C library of the program's image does it.
    pub fn start(cx: &mut Cx<'_, '_>, name: &str, families: Families) -> (Resolver, ResolverStep) {
        Resolver::start_by(cx, Rules::Libc(cx.userland.libc), name, families)
    }

    /// Begins a lookup by these rules, with the files of the program's namespace.
    pub fn start_by(
        cx: &mut Cx<'_, '_>,
        rules: Rules,
        name: &str,
        families: Families,
    ) -> (Resolver, ResolverStep) {
        let text = cx.files.text("/etc/resolv.conf").unwrap_or_default();
        let (conf, candidates) = match rules {
            Rules::Libc(Libc::Glibc) | Rules::Go => {
                let conf = ResolvConf::parse(text);
                let candidates = search(name, &conf);
                (conf, candidates)
            }
            Rules::Libc(Libc::OldMusl | Libc::Musl) => {
                let conf = ResolvConf::parse_as_musl(text);
                let candidates = search_as_musl(name, &conf);
                (conf, candidates)
            }
        };
        let mut resolver = Resolver {
            asked: name.into(),
            families,
            rules,
            candidates,
            conf,
            next: 0,
            asking: None,
            as_is_first: None,
            no_data: false,
            servfail: false,
            last: Failure::NoName,
        };
        let step = match resolver.known(cx) {
            Some(result) => ResolverStep::Done(result),
            None => resolver.candidate(cx),
        };
        (resolver, step)
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> ResolverStep {
        let step = match &mut self.asking {
            Some(Asking::Pair(pair)) => pair.resume(cx, reply),
            Some(Asking::Fan(fan)) => fan.resume(cx, reply),
            Some(Asking::Apart(apart)) => apart.resume(cx, reply),
            None => return self.failed(cx),
        };
        match (step, self.rules) {
            (PairStep::Call(call), _) => ResolverStep::Call(call),
            (PairStep::Done(answers), Rules::Libc(Libc::Glibc)) => self.judged(cx, &answers),
            (PairStep::Done(answers), Rules::Libc(libc)) => self.judged_by_musl(cx, &answers, libc),
            (PairStep::Done(answers), Rules::Go) => {
                let found = self.gathered(cx, &answers);
                if found.addresses.is_empty() {
                    self.go_on(cx, Failure::NoName)
                } else {
                    ResolverStep::Done(Ok(found))
                }
            }
            (PairStep::TimedOut | PairStep::Servfail | PairStep::Refused, Rules::Go) => {
                self.go_on(cx, Failure::Again)
            }
            (PairStep::TimedOut, _) => {
                // What timed out ends the search; only the name as it is may still be tried.
                self.last = Failure::Again;
                self.skip_to_as_is();
                self.candidate(cx)
            }
            (PairStep::Servfail, _) => {
                self.servfail = true;
                self.last = Failure::Again;
                self.candidate(cx)
            }
            (PairStep::Refused, _) => {
                self.last = Failure::Again;
                self.next = self.candidates.len();
                self.no_data = false;
                self.as_is_first = None;
                self.failed(cx)
            }
        }
    }

    /// What needs no server: addresses, and names in /etc/hosts.
    fn known(&self, cx: &Cx<'_, '_>) -> Option<Result<Found, Failure>> {
        let name = &*self.asked;
        let found = |names: &[&str], addresses: Vec<IpAddr>| {
            let mut names = names.iter().map(|name| Text::from(*name));
            Some(Ok(Found { canonical: names.next()?, aliases: names.collect(), addresses }))
        };
        if let Ok(ip) = name.parse::<IpAddr>() {
            return if self.families.has(ip) { found(&[name], vec![ip]) } else { Some(Err(Failure::NoName)) };
        }
        if name.is_empty() || super::message::record::labels(name).is_none() {
            return Some(Err(Failure::NoName));
        }
        let hosts = cx.files.text("/etc/hosts").unwrap_or("127.0.0.1 localhost\n::1 localhost\n");
        let bare = name.trim_end_matches('.');
        let mut first = Vec::new();
        let mut addresses = Vec::new();
        for line in hosts.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            let names: Vec<&str> = words.collect();
            let named = names.iter().any(|n| n.eq_ignore_ascii_case(bare));
            if named && self.families.has(ip) && !addresses.contains(&ip) {
                addresses.push(ip);
                if first.is_empty() {
                    first = names;
                }
            }
        }
        found(&first, addresses)
    }

    /// The next candidate, or the end.
    fn candidate(&mut self, cx: &mut Cx<'_, '_>) -> ResolverStep {
        let Some(candidate) = self.candidates.get(self.next).cloned() else { return self.failed(cx) };
        self.next += 1;
        let dots = self.asked.matches('.').count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let step = SearchStep {
            asked: self.asked.clone(),
            tried: candidate.name.clone(),
            line: candidate.line,
            dots: u8::try_from(dots).unwrap_or(u8::MAX),
            ndots: self.conf.ndots,
            attempt: (count(self.next), count(self.candidates.len())),
        };
        let place = cx.place();
        cx.out.decided(place, Reason::SearchList(step));
        let actor = cx.hostname();
        let queries = self.families.types().iter().map(|rtype| {
            let id = cx.out.draw(Purpose::DnsId, &actor) as u16;
            Message::query(id, Question::new(candidate.name.clone(), *rtype))
        });
        let queries = queries.collect();
        let (asking, call) = match self.rules {
            Rules::Libc(Libc::Glibc) => {
                let (pair, call) = Pair::start(queries, &self.conf);
                (Asking::Pair(Box::new(pair)), call)
            }
            Rules::Libc(libc) => {
                let (fan, call) = Fan::start(queries, &self.conf, libc == Libc::Musl);
                (Asking::Fan(Box::new(fan)), call)
            }
            Rules::Go => {
                let (apart, call) = Apart::start(queries, &self.conf);
                (Asking::Apart(Box::new(apart)), call)
            }
        };
        self.asking = Some(asking);
        ResolverStep::Call(call)
    }

    fn skip_to_as_is(&mut self) {
        let left = self.candidates.iter().skip(self.next).position(|candidate| candidate.as_is);
        self.next = left.map_or(self.candidates.len(), |n| self.next + n);
    }

    fn gathered(&self, cx: &Cx<'_, '_>, answers: &[Message]) -> Found {
        gather(answers, cx.ips().any(|ip| ip.is_ipv6()))
    }

    /// This candidate came to nothing; the next one may do better.
    fn go_on(&mut self, cx: &mut Cx<'_, '_>, failure: Failure) -> ResolverStep {
        // Go prefers the error of the name as it is only while it has no other.
        let as_is = self.candidates.get(self.next - 1).is_some_and(|candidate| candidate.as_is);
        if !as_is || self.next == 1 {
            self.last = failure;
        }
        self.candidate(cx)
    }

    /// musl goes on with the next name only after NXDOMAIN; whatever else a server says, or does not say, is the end.
    fn judged_by_musl(&mut self, cx: &mut Cx<'_, '_>, answers: &[Message], libc: Libc) -> ResolverStep {
        let by_type = |rtype: &RecordType| {
            answers.iter().find(|answer| answer.question().is_some_and(|q| q.rtype == *rtype))
        };
        for rtype in self.families.types() {
            self.last = match by_type(rtype).map(|answer| answer.rcode) {
                None | Some(Rcode::SERVFAIL) => Failure::Again,
                Some(Rcode::NXDOMAIN) => {
                    self.last = Failure::NoName;
                    return self.candidate(cx);
                }
                Some(Rcode::NOERROR) => continue,
                Some(_) => Failure::Fail,
            };
            return self.failed(cx);
        }
        let found = self.gathered(cx, answers);
        if !found.addresses.is_empty() {
            return ResolverStep::Done(Ok(found));
        }
        // EAI_NODATA came with 1.2.4.
        self.last = if libc == Libc::Musl { Failure::NoData } else { Failure::NoName };
        self.failed(cx)
    }

    /// Who was asked last and, if nothing came, from where: for Go's words.
    pub fn conversation(&self) -> (SocketAddr, Option<SocketAddr>) {
        let server = self.conf.servers.first().copied();
        let server = server.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 53)));
        match &self.asking {
            Some(Asking::Apart(apart)) => (server, apart.silence()),
            _ => (server, None),
        }
    }

    /// Answers to a candidate: addresses end the search, everything else goes on with it.
    fn judged(&mut self, cx: &mut Cx<'_, '_>, answers: &[Message]) -> ResolverStep {
        let found = self.gathered(cx, answers);
        if !found.addresses.is_empty() {
            return ResolverStep::Done(Ok(found));
        }
        let has = |rcode: Rcode| answers.iter().any(|answer| answer.rcode == rcode);
        let failure = if has(Rcode::NOERROR) {
            Failure::NoData
        } else if has(Rcode::NXDOMAIN) {
            Failure::NoName
        } else {
            self.servfail = true;
            Failure::Again
        };
        let tried_as_is = self.candidates.get(self.next - 1).is_some_and(|candidate| candidate.as_is);
        if self.next == 1 && tried_as_is {
            self.as_is_first = Some(failure);
        } else {
            self.no_data |= failure == Failure::NoData;
        }
        self.last = failure;
        self.candidate(cx)
    }

    /// The best of what was seen: how the name as it is fared when it was first, else no data, else trouble.
    fn failed(&mut self, cx: &mut Cx<'_, '_>) -> ResolverStep {
        let failure = match self.as_is_first {
            Some(failure) => failure,
            None if self.no_data => Failure::NoData,
            None if self.servfail => Failure::Again,
            None => self.last,
        };
        let rcode = match failure {
            Failure::NoName => Rcode::NXDOMAIN,
            Failure::NoData => Rcode::NOERROR,
            Failure::Again | Failure::Fail => Rcode::SERVFAIL,
        };
        let place = cx.place();
        cx.out.refused(place, Refusal::Dns(self.asked.clone(), rcode.to_string().into()));
        if self.rules != Rules::Go {
            self.asking = None;
        }
        ResolverStep::Done(Err(failure))
    }
}

/// The names to try, in order: `ndots` decides whether the name as it is comes first or last.
pub fn search(name: &str, conf: &ResolvConf) -> Vec<Candidate> {
    let ndots_line = || conf.options_line.clone();
    let as_is = || Candidate { name: qualified(name).into(), line: ndots_line(), as_is: true };
    if name.ends_with('.') {
        return vec![Candidate { line: "".into(), ..as_is() }];
    }
    let dots = name.matches('.').count();
    let searched = conf.search.iter().filter(|domain| &***domain != ".").map(|domain| Candidate {
        name: qualified(&format!("{name}.{domain}")).into(),
        line: conf.search_line.clone(),
        as_is: false,
    });
    let mut candidates: Vec<Candidate> = searched.collect();
    candidates.retain(|candidate| super::message::record::labels(&candidate.name).is_some());
    let at = if dots >= usize::from(conf.ndots) { 0 } else { candidates.len() };
    candidates.insert(at, as_is());
    candidates
}

/// The names that musl tries: with `ndots` dots or more, or a final dot, the name as it is and nothing else.
fn search_as_musl(name: &str, conf: &ResolvConf) -> Vec<Candidate> {
    let dots = name.matches('.').count();
    let mut candidates = search(name, conf);
    if dots >= usize::from(conf.ndots) {
        candidates.retain(|candidate| candidate.as_is);
    }
    candidates
}

/// The addresses of answers: those of the caller's own family first, as it has no way to the other.
fn gather(answers: &[Message], has_v6: bool) -> Found {
    let mut found = Found { canonical: "".into(), aliases: Vec::new(), addresses: Vec::new() };
    for answer in answers.iter().filter(|answer| answer.rcode == Rcode::NOERROR) {
        for record in &answer.answers {
            let bare: Text = record.name.trim_end_matches('.').into();
            match (&record.data, record.data.ip()) {
                (_, Some(ip)) => {
                    found.canonical = bare;
                    if !found.addresses.contains(&ip) {
                        found.addresses.push(ip);
                    }
                }
                (Rdata::Cname(_), None) if !found.aliases.contains(&bare) => found.aliases.push(bare),
                _ => {}
            }
        }
    }
    // glibc's table puts ::/0 before IPv4, and unlike RFC 6724's it has no line for fd00::/8; without a route none of
    // the other family is of use.
    order::sort_by_key(&mut found.addresses, |ip| ip.is_ipv6() != has_v6);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";

    fn tried(name: &str, conf: &str) -> Vec<String> {
        search(name, &ResolvConf::parse(conf)).iter().map(|c| c.name.to_string()).collect()
    }

    /// Rows measured with glibc 2.36 in a pod of `default`, ndots 5.
    #[test]
    fn ndots_decides_the_order() {
        assert_eq!(
            tried("my-svc.other", POD),
            [
                "my-svc.other.default.svc.cluster.local.",
                "my-svc.other.svc.cluster.local.",
                "my-svc.other.cluster.local.",
                "my-svc.other."
            ]
        );
        assert_eq!(tried("example.com.", POD), ["example.com."]);
        assert_eq!(tried("a.b.c.d.e.example", POD)[0], "a.b.c.d.e.example.");
        assert_eq!(tried("my-svc.other", &POD.replace("ndots:5", "ndots:1"))[0], "my-svc.other.");
    }

    /// musl 1.2.3 and 1.2.5, src/network/lookup_name.c: `if (dots >= conf.ndots || name[l-1]=='.') *search = 0`.
    #[test]
    fn musl_searches_only_below_ndots() {
        let tried = |name: &str, conf: &str| search_as_musl(name, &ResolvConf::parse_as_musl(conf)).len();
        assert_eq!(tried("my-svc.other", POD), 4);
        assert_eq!(tried("a.b.c.d.e.example", POD), 1);
        assert_eq!(tried("my-svc.other", &POD.replace("ndots:5", "ndots:1")), 1);
        assert_eq!(tried("my-svc.", POD), 1);
        let long = format!("search {}\nnameserver 10.96.0.10\noptions ndots:5\n", "a.test ".repeat(40));
        assert_eq!(tried("my-svc", &long), 1, "a search line of 256 characters is none");
    }
}
