//! The stub resolver of glibc as a part that programs hold: a name in, system calls out, addresses at the end.
//! Models: glibc 2.36 resolv/{res_query,res_send,res_init}.c, sysdeps/posix/getaddrinfo.c, nsswitch `hosts: files dns`.
//! Omits: the order of addresses within one family (RFC 6724 rule 9), IDNA, nscd, and other C libraries: musl would be
//! another order of candidates in `search` and another `pair`.

pub mod pair;
pub mod resolv_conf;
pub mod single;

pub use resolv_conf::ResolvConf;

use super::message::{Message, Question, Rcode, Rdata, RecordType};
use super::name::qualified;
use crate::base::{Purpose, Text, order};
use crate::process::{Cx, Reply, Syscall};
use crate::trace::reason::SearchStep;
use crate::trace::{Reason, Refusal};
use pair::{Pair, PairStep};
use std::net::IpAddr;

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
}

impl Failure {
    /// The number of the error.
    pub fn code(self) -> i32 {
        match self {
            Failure::NoName => -2,
            Failure::Again => -3,
            Failure::NoData => -5,
        }
    }

    /// glibc's `gai_strerror`.
    pub fn words(self) -> &'static str {
        match self {
            Failure::NoName => "Name or service not known",
            Failure::Again => "Temporary failure in name resolution",
            Failure::NoData => "No address associated with hostname",
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
    conf: ResolvConf,
    candidates: Vec<Candidate>,
    next: usize,
    pair: Option<Pair>,
    /// What the first candidate came to when the name as it is was tried first.
    as_is_first: Option<Failure>,
    no_data: bool,
    servfail: bool,
    last: Failure,
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
    /// Begins a lookup with the files of the program's namespace.
    pub fn start(cx: &mut Cx<'_, '_>, name: &str, families: Families) -> (Resolver, ResolverStep) {
        let conf = ResolvConf::parse(cx.files.text("/etc/resolv.conf").unwrap_or_default());
        let mut resolver = Resolver {
            asked: name.into(),
            families,
            candidates: search(name, &conf),
            conf,
            next: 0,
            pair: None,
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
        let Some(pair) = &mut self.pair else { return self.failed(cx) };
        match pair.resume(cx, reply) {
            PairStep::Call(call) => ResolverStep::Call(call),
            PairStep::Done(answers) => self.judged(cx, &answers),
            PairStep::TimedOut => {
                // What timed out ends the search; only the name as it is may still be tried.
                self.last = Failure::Again;
                self.skip_to_as_is();
                self.candidate(cx)
            }
            PairStep::Servfail => {
                self.servfail = true;
                self.last = Failure::Again;
                self.candidate(cx)
            }
            PairStep::Refused => {
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
        let found = |canonical: &str, addresses: Vec<IpAddr>| {
            Some(Ok(Found { canonical: canonical.into(), aliases: Vec::new(), addresses }))
        };
        if let Ok(ip) = name.parse::<IpAddr>() {
            return if self.families.has(ip) { found(name, vec![ip]) } else { Some(Err(Failure::NoName)) };
        }
        if name.is_empty() || super::message::record::labels(name).is_none() {
            return Some(Err(Failure::NoName));
        }
        let hosts = cx.files.text("/etc/hosts").unwrap_or("127.0.0.1 localhost\n::1 localhost\n");
        let bare = name.trim_end_matches('.');
        let mut canonical = None;
        let mut addresses = Vec::new();
        for line in hosts.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            let names: Vec<&str> = words.collect();
            let named = names.iter().any(|n| n.eq_ignore_ascii_case(bare));
            if named && self.families.has(ip) && !addresses.contains(&ip) {
                canonical = canonical.or(names.first().copied());
                addresses.push(ip);
            }
        }
        found(canonical?, addresses)
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
        let (pair, call) = Pair::start(queries, &self.conf);
        self.pair = Some(pair);
        ResolverStep::Call(call)
    }

    fn skip_to_as_is(&mut self) {
        let left = self.candidates.iter().skip(self.next).position(|candidate| candidate.as_is);
        self.next = left.map_or(self.candidates.len(), |n| self.next + n);
    }

    /// Answers to a candidate: addresses end the search, everything else goes on with it.
    fn judged(&mut self, cx: &mut Cx<'_, '_>, answers: &[Message]) -> ResolverStep {
        let found = gather(answers, cx.ip());
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
            Failure::Again => Rcode::SERVFAIL,
        };
        let place = cx.place();
        cx.out.refused(place, Refusal::Dns(self.asked.clone(), rcode.to_string().into()));
        self.pair = None;
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

/// The addresses of answers: those of the caller's own family first, as it has no way to the other.
fn gather(answers: &[Message], own: Option<IpAddr>) -> Found {
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
    let v4 = own.is_none_or(|ip| ip.is_ipv4());
    order::sort_by_key(&mut found.addresses, |ip| ip.is_ipv4() != v4);
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
}
