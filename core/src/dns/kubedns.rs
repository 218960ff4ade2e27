//! kube-dns: the server that clusters had before CoreDNS. This is its container `kubedns`, which knows the cluster; the
//! container beside it, [`super::dnsmasq`], is what clients ask.
//! Models: kubernetes/dns cmd/kube-dns, pkg/dns; skydns server/server.go.
//! Omits: SkyDNS's own cache, forwarding over TCP, metrics, federation, the lines that repeat its flags, and noticing that
//! its ConfigMap has changed.

pub mod log;
pub mod sidecar;
pub mod sky;

use super::asker::{Asker, Waiting};
use super::listener::{Client, Heard, Listener, Port};
use super::message::{Message, Opcode, Question, Rcode, Rdata, Record, RecordType, Soa};
use super::name::{address_of_reverse, in_zone, is_reverse, qualified};
use super::plugins::loadbalance::shuffle;
use super::stub::resolv_conf::ResolvConf;
use super::zone::Cluster;
use crate::base::{Duration, Fd, Instant, Text};
use crate::process::{Cx, Files, Ready, Reply, Signal, Syscall};

use sky::{Tree, Value};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The TTL of records, and that of negative answers.
const TTL: u32 = 30;
const NEGATIVE_TTL: u32 = 60;
/// The priority of SRV records.
const PRIORITY: u16 = 10;
/// How long an upstream may take.
const READ_TIMEOUT: Duration = Duration::secs(2);
/// Links of a chain of names that are followed.
const MAX_CHAIN: usize = 8;

/// Its command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The domain with its final dot (`--domain`).
    pub domain: Text,
    /// The DNS port (`--dns-port`).
    pub port: u16,
    /// The port of `/readiness` (`--healthz-port`).
    pub healthz: u16,
    /// Where the ConfigMap is mounted (`--config-dir`).
    pub config: Text,
}

/// What the ConfigMap `kube-dns` says, from the directory where it is mounted.
/// Models: kubernetes/dns pkg/dns/config/config.go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Domains, and the servers that are asked for what is below them.
    pub stubs: Vec<(Text, Vec<Text>)>,
    /// Servers for everything else.
    pub upstreams: Vec<Text>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The program.
#[derive(Debug, Clone, Default)]
pub struct KubeDns {
    options: Options,
    listener: Listener,
    asker: Asker<Pending>,
    cluster: Cluster,
    upstreams: Vec<SocketAddr>,
    watching: bool,
    lines: Vec<String>,
    todo: VecDeque<Syscall>,
}

/// A client's question while an upstream has it.
#[derive(Debug, Clone)]
struct Pending {
    client: Client,
    query: Message,
    /// What is answered so far, if the upstream only completes it.
    begun: Option<Box<Message>>,
    /// The upstreams that were tried.
    tried: usize,
}

/// What a question comes to.
enum Outcome {
    Answer(Box<Message>),
    /// Others know.
    Forward,
    /// Others know the rest: what is there so far, and the name to ask for.
    Chase(Box<Message>, Text),
}

impl KubeDns {
    /// With a command line.
    pub fn new(options: Options) -> KubeDns {
        let listener = Listener::new(&[Port::Dns(options.port), Port::Web(options.healthz)]);
        KubeDns { options, listener, ..KubeDns::default() }
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        self.hear(cx, reply);
        for waiting in self.asker.due(cx.out.now) {
            self.upstream(cx, waiting.about);
        }
        if !self.lines.is_empty() {
            return Syscall::Write(Fd(2), self.lines.drain(..).collect::<String>().into());
        }
        let opens = |kubedns: &mut KubeDns| kubedns.asker.open().or_else(|| kubedns.listener.open());
        if let Some(call) = self.todo.pop_front().or_else(|| opens(self)) {
            return call;
        }
        if !self.watching {
            self.watching = true;
            return Syscall::Watch(Cluster::kinds(false));
        }
        Syscall::Next(self.asker.next_due().map(|due| due.since(cx.out.now)))
    }

    fn hear(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        let now = cx.out.now;
        let reply = match self.asker.take(reply) {
            Ok(Some((answer, waiting))) => return self.answered(now, answer, waiting.about),
            Ok(None) => return,
            Err(reply) => reply,
        };
        let reply = match self.listener.take(reply, &mut self.todo) {
            Ok(heard) => return heard.into_iter().for_each(|heard| self.heard(cx, heard)),
            Err(reply) => reply,
        };
        match reply {
            Reply::Start => self.start(cx),
            Reply::Ready(_, Ready::Watch(events)) => {
                self.cluster.apply(&events, now);
                if !self.cluster.synced {
                    self.cluster.synced = true;
                    self.note(now, "dns.go:195", "Initialized services and endpoints from apiserver");
                    self.note(now, "server.go:137", "Setting up Healthz Handler (/readiness)");
                    self.note(now, "server.go:142", "Setting up cache handler (/cache)");
                    let port = self.options.healthz;
                    self.note(now, "server.go:128", &format!("Status HTTP port {port}"));
                }
            }
            Reply::Interrupted(Signal::Term | Signal::Int) => {
                let text = "Ignoring signal terminated (can only be terminated by SIGKILL)";
                self.note(now, "server.go:160", text);
            }
            _ => {}
        }
    }

    fn note(&mut self, now: Instant, place: &str, text: &str) {
        self.lines.push(log::klog(now, 'I', place, text));
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.out.now;
        let (port, domain) = (self.options.port, self.options.domain.clone());
        let config = Config::read(cx.files, &self.options.config);
        let own = cx.files.text("/etc/resolv.conf").map(ResolvConf::parse);
        self.upstreams = match config.upstreams.as_slice() {
            [] => own.map(|own| own.servers).unwrap_or_default(),
            listed => listed.iter().filter_map(|text| server(text)).collect(),
        };
        let directory = &self.options.config;
        let text = match &**directory {
            "" => "ConfigMap and ConfigDir not configured, using values from command line flags".to_string(),
            _ => format!("Using configuration read from directory: {directory} with period 10s"),
        };
        self.note(now, "server.go:71", &text);
        self.note(now, "server.go:177", &format!("Starting SkyDNS server (0.0.0.0:{port})"));
        self.note(
            now,
            "logs.go:41",
            &format!("skydns: ready for queries on {domain} for tcp://0.0.0.0:{port} [rcache 0]"),
        );
        self.note(
            now,
            "logs.go:41",
            &format!("skydns: ready for queries on {domain} for udp://0.0.0.0:{port} [rcache 0]"),
        );
        self.note(now, "dns.go:220", "Starting endpointsController");
        self.note(now, "dns.go:223", "Starting serviceController");
        self.lines.extend(config.problem.map(|problem| {
            let text = format!("Error getting initial ConfigMap: {problem}, starting with default values");
            log::klog(now, 'E', "dns.go:253", &text)
        }));
    }

    fn heard(&mut self, cx: &mut Cx<'_, '_>, heard: Heard) {
        match heard {
            Heard::Page(client, _, path) => {
                let (status, text) = match path.as_str() {
                    "/readiness" if self.cluster.synced => (200, "ok\n"),
                    _ => (404, "404 page not found\n"),
                };
                self.listener.page(client, status, text.into(), &mut self.todo);
            }
            Heard::Query(client, query) => {
                let query = *query;
                let Some(question) = query.question().filter(|_| query.opcode == Opcode::QUERY).cloned()
                else {
                    return self.send(client, &query, query.reply(Rcode::NOTIMP));
                };
                match self.answer(cx, &query, &question) {
                    Outcome::Answer(answer) => self.send(client, &query, *answer),
                    Outcome::Forward => self.upstream(cx, Pending { client, query, begun: None, tried: 0 }),
                    Outcome::Chase(begun, target) => {
                        let mut asked = query.clone();
                        asked.questions = vec![Question { name: target, ..question }];
                        self.upstream(cx, Pending { client, query: asked, begun: Some(begun), tried: 0 });
                    }
                }
            }
        }
    }

    fn answer(&self, cx: &mut Cx<'_, '_>, query: &Message, question: &Question) -> Outcome {
        let lower = question.name.to_ascii_lowercase();
        if question.rtype == RecordType::ANY {
            return Outcome::Answer(Box::new(Message { rd: false, ..query.reply(Rcode::REFUSED) }));
        }
        let domain = &self.options.domain;
        let tree = Tree { cluster: &self.cluster, domain: domain.trim_end_matches('.') };
        let mut answer = query.reply(Rcode::NOERROR);
        (answer.aa, answer.ra) = (true, true);
        if is_reverse(&lower) {
            let v4 = address_of_reverse(&lower).filter(IpAddr::is_ipv4);
            let Some(name) = v4.and_then(|ip| tree.name_of(ip)) else { return Outcome::Forward };
            let data = Rdata::Ptr(format!("{name}.").into());
            answer.answers.push(Record::new(question.name.clone(), TTL, data));
            return Outcome::Answer(Box::new(answer));
        }
        if !in_zone(&lower, domain) {
            return Outcome::Forward;
        }
        if lower == **domain && question.rtype == RecordType::SOA {
            answer.answers.push(self.soa(cx.out.now, 3600));
            return Outcome::Answer(Box::new(answer));
        }
        let base = lower.strip_suffix(&**domain).unwrap_or_default();
        let exact = question.rtype == RecordType::CNAME;
        let values = tree.find(base, exact);
        if values.is_empty() {
            let mut missing = query.reply(Rcode::NXDOMAIN);
            missing.authorities.push(self.soa(cx.out.now, NEGATIVE_TTL));
            return Outcome::Answer(Box::new(missing));
        }
        match question.rtype {
            RecordType::A | RecordType::AAAA => {
                let mut records = Vec::new();
                let outside = addresses(&tree, domain, question, values, &mut records, 0);
                shuffle(&mut records, cx.out, &cx.hostname());
                answer.answers = records;
                if let Some(target) = outside {
                    return Outcome::Chase(Box::new(answer), target);
                }
            }
            RecordType::CNAME => {
                let alias = values.first().filter(|value| value.ip().is_none());
                answer.answers.extend(alias.map(|value| {
                    Record::new(question.name.clone(), TTL, Rdata::Cname(qualified(&value.host).into()))
                }));
            }
            RecordType::SRV => locators(&tree, domain, question, &values, &mut answer),
            _ => {}
        }
        if answer.answers.is_empty() {
            answer.authorities.push(self.soa(cx.out.now, NEGATIVE_TTL));
        }
        Outcome::Answer(Box::new(answer))
    }

    fn soa(&self, now: Instant, ttl: u32) -> Record {
        let domain = &self.options.domain;
        let soa = Soa {
            mname: format!("ns.dns.{domain}").into(),
            rname: format!("hostmaster.{domain}").into(),
            serial: u32::try_from(now.unix_seconds() / 3600 * 3600).unwrap_or(u32::MAX),
            refresh: 28_800,
            retry: 7_200,
            expire: 604_800,
            minimum: NEGATIVE_TTL,
        };
        Record::new(domain.clone(), ttl, Rdata::Soa(Arc::new(soa)))
    }

    /// Asks the next upstream, or gives up.
    fn upstream(&mut self, cx: &mut Cx<'_, '_>, mut pending: Pending) {
        let Some(to) = self.upstreams.get(pending.tried).copied() else {
            let begun = pending.begun.take();
            let failed = || pending.query.reply(Rcode::SERVFAIL);
            // A name elsewhere that cannot be looked up is no data.
            let answer = begun.map_or_else(failed, |begun| self.without_chain(cx.out.now, *begun));
            return self.send(pending.client, &pending.query, answer);
        };
        pending.tried += 1;
        let until = cx.out.now + READ_TIMEOUT;
        let waiting = Waiting { query: pending.query.clone(), to, until, about: pending };
        self.asker.ask(cx, waiting, &mut self.todo);
    }

    fn without_chain(&self, now: Instant, begun: Message) -> Message {
        let authorities = vec![self.soa(now, NEGATIVE_TTL)];
        Message { answers: Vec::new(), authorities, ..begun }
    }

    fn answered(&mut self, now: Instant, answer: Message, pending: Pending) {
        let whole = match pending.begun {
            Some(begun) if answer.rcode != Rcode::NOERROR => self.without_chain(now, *begun),
            Some(mut begun) => {
                begun.answers.extend(answer.answers);
                *begun
            }
            None => Message { id: pending.query.id, ..answer },
        };
        self.send(pending.client, &pending.query, whole);
    }

    fn send(&mut self, client: Client, query: &Message, answer: Message) {
        // SkyDNS compresses whatever it sends.
        self.todo.extend(client.answer(query, &answer, true));
    }
}

/// The records of addresses at a name; the name outside that completes them, if it takes one.
fn addresses(
    tree: &Tree<'_>,
    domain: &str,
    question: &Question,
    values: Vec<Value>,
    records: &mut Vec<Record>,
    depth: usize,
) -> Option<Text> {
    let mut outside = None;
    for value in values {
        let wanted = |ip: &IpAddr| ip.is_ipv4() == (question.rtype == RecordType::A);
        match value.ip() {
            Some(ip) if wanted(&ip) => {
                let record = Record::address(question.name.clone(), TTL, ip);
                if !records.contains(&record) {
                    records.push(record);
                }
            }
            Some(_) => {}
            None if depth >= MAX_CHAIN || question.name.eq_ignore_ascii_case(&qualified(&value.host)) => {}
            None => {
                let target: Text = qualified(&value.host).into();
                let alias = Record::new(question.name.clone(), TTL, Rdata::Cname(target.clone()));
                let lower = target.to_ascii_lowercase();
                let Some(base) = lower.strip_suffix(domain).filter(|_| in_zone(&lower, domain)) else {
                    records.push(alias);
                    outside = Some(target);
                    continue;
                };
                let (mut below, next) = (Vec::new(), Question { name: target.clone(), ..question.clone() });
                let found = tree.find(base, false);
                outside = addresses(tree, domain, &next, found, &mut below, depth + 1).or(outside);
                if !below.is_empty() {
                    records.push(alias);
                    records.append(&mut below);
                }
            }
        }
    }
    outside
}

fn locators(tree: &Tree<'_>, domain: &str, question: &Question, values: &[Value], answer: &mut Message) {
    let weight = u16::try_from(100 / values.len().max(1)).unwrap_or(1);
    for value in values {
        // An address is found at its own name; a name's addresses follow it.
        let target: Text = match value.ip() {
            Some(_) => qualified(&value.key).into(),
            None => qualified(&value.host).into(),
        };
        let data = Rdata::Srv(PRIORITY, weight, value.port, target.clone());
        answer.answers.push(Record::new(question.name.clone(), TTL, data));
        let addresses = match value.ip() {
            Some(ip) => vec![ip],
            None => {
                let base = target.strip_suffix(domain).unwrap_or_default();
                tree.find(base, false).iter().filter_map(Value::ip).collect()
            }
        };
        for record in addresses.into_iter().map(|ip| Record::address(target.clone(), TTL, ip)) {
            if !answer.additionals.contains(&record) {
                answer.additionals.push(record);
            }
        }
    }
}

impl Config {
    /// Reads the directory.
    pub fn read(files: &Files, directory: &str) -> Config {
        let file = |name: &str| files.text(&format!("{}/{name}", directory.trim_end_matches('/')));
        let mut config = Config::default();
        if directory.is_empty() {
            return config;
        }
        let strings = |value: &serde_json::Value| -> Option<Vec<Text>> {
            value.as_array()?.iter().map(|item| item.as_str().map(Text::from)).collect()
        };
        let json =
            |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string());
        let stubs = |text: &str| -> Result<Vec<(Text, Vec<Text>)>, String> {
            let value = json(text)?;
            let pairs = value
                .as_object()
                .ok_or("stubDomains must be a map")?
                .keys()
                .map(|domain| Text::from(domain.as_str()));
            let read = |domain: Text| {
                let servers =
                    value.get(&*domain).and_then(strings).ok_or("servers must be a list of strings")?;
                Ok((domain, servers))
            };
            pairs.map(read).collect()
        };
        let upstreams = |text: &str| -> Result<Vec<Text>, String> {
            let listed = strings(&json(text)?).ok_or("upstreamNameservers must be a list of strings")?;
            if listed.len() > 3 {
                return Err(format!(
                    "upstreamNameserver cannot have more than three entries: {}",
                    listed.len()
                ));
            }
            Ok(listed)
        };
        let (stubs, upstreams) = (file("stubDomains").map(stubs), file("upstreamNameservers").map(upstreams));
        match (stubs.transpose(), upstreams.transpose()) {
            (Ok(stubs), Ok(upstreams)) => {
                (config.stubs, config.upstreams) = (stubs.unwrap_or_default(), upstreams.unwrap_or_default());
            }
            (Err(problem), _) | (_, Err(problem)) => config.problem = Some(problem),
        }
        config
    }
}

/// A server's address: `10.0.0.1`, `10.0.0.1:5353`, or as dnsmasq writes it `10.0.0.1#5353`.
pub fn server(text: &str) -> Option<SocketAddr> {
    let plain = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    plain.ok().or_else(|| text.replace('#', ":").parse().ok())
}
