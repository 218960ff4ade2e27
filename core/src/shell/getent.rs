//! getent: asks the C library. `hosts` and `ahosts`.
//! Models: glibc 2.36 nss/getent.c; Alpine's getent.c over musl's gethostbyname, which asks for IPv4 alone.
//! Omits: the other databases, except that they are empty.

use super::{Command, Programs};
use crate::base::{Fd, Purpose, Text};
use crate::dns::message::text::reverse_name;
use crate::dns::message::{Message, Question, Rdata, RecordType};
use crate::dns::stub::pair::{Pair, PairStep};
use crate::dns::stub::{Families, Found, ResolvConf, Resolver, ResolverStep};
use crate::process::{Cx, Libc, Reply, Syscall, Turn};
use std::collections::VecDeque;
use std::net::IpAddr;

/// The program.
#[derive(Debug, Clone)]
pub struct Getent {
    argv: Vec<Text>,
    database: Database,
    keys: VecDeque<Text>,
    key: Text,
    /// Families that are left to be tried for the present key.
    families: VecDeque<Families>,
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    Hosts,
    Ahosts(Families),
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    Name(Box<Resolver>),
    Address(IpAddr, Box<Pair>),
    Exit,
}

impl Getent {
    /// `getent hosts|ahosts|ahostsv4|ahostsv6 KEY...`.
    pub fn new(argv: &[Text]) -> Getent {
        Getent {
            argv: argv.to_vec(),
            database: Database::Hosts,
            keys: argv.iter().skip(2).cloned().collect(),
            key: "".into(),
            families: VecDeque::new(),
            stage: Stage::Idle,
            status: 0,
        }
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        self.database = match self.argv.get(1).map(|word| &**word) {
            Some("hosts") => Database::Hosts,
            Some("ahosts") => Database::Ahosts(Families::Both),
            Some("ahostsv4") => Database::Ahosts(Families::V4),
            Some("ahostsv6") => Database::Ahosts(Families::V6),
            Some(other) => {
                let text = format!(
                    "Unknown database: {other}\nTry `getent --help' or `getent --usage' for more information.\n"
                );
                return self.stop(text);
            }
            None => {
                return self.stop(
                    "getent: wrong number of arguments\nTry `getent --help' or `getent --usage' for more information.\n".into(),
                );
            }
        };
        self.next_key(cx)
    }

    fn stop(&mut self, text: String) -> Syscall {
        self.status = 1;
        self.stage = Stage::Exit;
        Syscall::Write(Fd(2), text.into())
    }

    fn next_key(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let Some(key) = self.keys.pop_front() else { return Syscall::Exit(self.status) };
        self.key = key.clone();
        if self.database == Database::Hosts
            && let Ok(ip) = key.parse::<IpAddr>()
        {
            return self.reverse(cx, ip);
        }
        self.families = match self.database {
            Database::Hosts if cx.userland.libc != Libc::Glibc => VecDeque::from([Families::V4]),
            // gethostbyname2, for IPv6 first.
            Database::Hosts => VecDeque::from([Families::V6, Families::V4]),
            Database::Ahosts(families) => VecDeque::from([families]),
        };
        self.next_family(cx)
    }

    fn next_family(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let Some(families) = self.families.pop_front() else {
            self.status = 2;
            return self.next_key(cx);
        };
        let key = self.key.clone();
        let (resolver, step) = Resolver::start(cx, &key, families);
        self.stage = Stage::Name(Box::new(resolver));
        self.resolved(cx, step)
    }

    fn resolved(&mut self, cx: &mut Cx<'_, '_>, step: ResolverStep) -> Syscall {
        match step {
            ResolverStep::Call(call) => call,
            ResolverStep::Done(Ok(found)) => {
                self.stage = Stage::Idle;
                let text = match self.database {
                    Database::Hosts if cx.userland.libc != Libc::Glibc => hosts_of_musl(&found, &self.key),
                    Database::Hosts => hosts(&found),
                    Database::Ahosts(_) => ahosts(&found),
                };
                Syscall::Write(Fd(1), text.into())
            }
            ResolverStep::Done(Err(_)) => self.next_family(cx),
        }
    }

    fn reverse(&mut self, cx: &mut Cx<'_, '_>, ip: IpAddr) -> Syscall {
        let hosts_file = cx.files.text("/etc/hosts").unwrap_or_default();
        let line = hosts_file.lines().find(|line| {
            line.split_whitespace().next().and_then(|word| word.parse::<IpAddr>().ok()) == Some(ip)
        });
        if let Some(line) = line {
            let names: Vec<&str> = line.split_whitespace().skip(1).collect();
            self.stage = Stage::Idle;
            return Syscall::Write(Fd(1), format!("{ip:<15} {}\n", names.join(" ")).into());
        }
        let conf = ResolvConf::parse(cx.files.text("/etc/resolv.conf").unwrap_or_default());
        let actor = cx.hostname();
        let id = cx.out.draw(Purpose::DnsId, &actor) as u16;
        let query = Message::query(id, Question::new(reverse_name(ip), RecordType::PTR));
        let (pair, call) = Pair::start(vec![query], &conf);
        self.stage = Stage::Address(ip, Box::new(pair));
        call
    }

    fn reversed(&mut self, cx: &mut Cx<'_, '_>, ip: IpAddr, answers: &[Message]) -> Syscall {
        let names: Vec<&str> = answers
            .iter()
            .flat_map(|answer| &answer.answers)
            .filter_map(|record| match &record.data {
                Rdata::Ptr(name) => Some(name.trim_end_matches('.')),
                _ => None,
            })
            .collect();
        if names.is_empty() {
            self.status = 2;
            return self.next_key(cx);
        }
        self.stage = Stage::Idle;
        Syscall::Write(Fd(1), format!("{:<15} {}\n", ip.to_string(), names.join(" ")).into())
    }
}

fn hosts(found: &Found) -> String {
    let aliases: String = found.aliases.iter().map(|alias| format!(" {alias}")).collect();
    let line = |ip: &IpAddr| format!("{:<15} {}{aliases}\n", ip.to_string(), found.canonical);
    found.addresses.iter().map(line).collect()
}

/// musl lists the canonical name among its own aliases.
fn hosts_of_musl(found: &Found, asked: &str) -> String {
    let name = &*found.canonical;
    let alias = if name == asked { String::new() } else { format!(" {asked}") };
    let first = found.addresses.iter().take(1);
    first.map(|ip| format!("{:<16}  {name}  {name}{alias}\n", ip.to_string())).collect()
}

/// Three lines per address; the first of all has the name.
fn ahosts(found: &Found) -> String {
    let mut name: &str = &found.canonical;
    let mut out = String::new();
    for ip in &found.addresses {
        for kind in ["STREAM", "DGRAM", "RAW"] {
            out.push_str(&format!("{:<15} {kind:<6} {name}\n", ip.to_string()));
            name = "";
        }
    }
    out
}

impl Command for Getent {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            return self.start(cx).into();
        }
        match &mut self.stage {
            Stage::Exit => Syscall::Exit(self.status).into(),
            Stage::Idle => self.next_key(cx).into(),
            Stage::Name(resolver) => {
                let step = resolver.resume(cx, reply);
                self.resolved(cx, step).into()
            }
            Stage::Address(ip, pair) => {
                let ip = *ip;
                match pair.resume(cx, reply) {
                    PairStep::Call(call) => call.into(),
                    PairStep::Done(answers) => self.reversed(cx, ip, &answers).into(),
                    PairStep::TimedOut | PairStep::Servfail | PairStep::Refused => {
                        self.reversed(cx, ip, &[]).into()
                    }
                }
            }
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}
