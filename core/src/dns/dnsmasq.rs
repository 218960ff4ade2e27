//! dnsmasq under its nanny: the container of kube-dns that clients ask. One event loop that forwards and caches, and
//! remembers no failure.
//! Models: kubernetes/dns pkg/dnsmasq/nanny.go; dnsmasq 2.78 src/{forward,cache,rfc1035}.c.
//! Omits: asking all servers at every fiftieth question; TCP upstreams: a question over TCP is asked over UDP with the
//! largest size that EDNS has; time spent on an answer, which is none.

mod cache;

use super::asker::{Asker, Waiting};
use super::kubedns::log::klog;
use super::kubedns::{Config, server};
use super::listener::{Client, Heard, Listener, Port};
use super::message::{Edns, Message, Opcode, Question, Rcode, Record, RecordType};
use super::name::in_zone;
use super::stub::resolv_conf::ResolvConf;
use crate::base::{Duration, Fd, Instant, Text};
use crate::process::{Cx, Reply, Signal, Syscall};
use cache::Cache;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// How many questions may wait for servers (`FTABSIZ`), and for how long each does (`TIMEOUT`).
const TABLE: usize = 150;
const TIMEOUT: Duration = Duration::secs(10);
/// How often at most a full table is written about.
const COMPLAINTS: Duration = Duration::secs(5);
/// How often the nanny looks at the ConfigMap.
const PERIOD: Duration = Duration::secs(10);
/// The UDP size that it announces.
const EDNS_SIZE: u16 = 4096;

/// The nanny's command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the ConfigMap is mounted (`-configDir`).
    pub config: Text,
    /// What dnsmasq is started with: the words after `--`.
    pub arguments: Vec<Text>,
}

/// The program.
#[derive(Debug, Clone, Default)]
pub struct Dnsmasq {
    options: Options,
    config: Config,
    listener: Listener,
    asker: Asker<Pending>,
    cache: Cache,
    /// Servers of domains, with their final dot; `.` for all else.
    servers: Vec<(Text, Vec<SocketAddr>)>,
    /// Names of the pod's own hosts file.
    hosts: Vec<(Text, IpAddr)>,
    /// When the ConfigMap is looked at again, and since when a full table may be written about again.
    recheck: Option<Instant>,
    quiet: Instant,
    rotation: usize,
    lines: Vec<String>,
    todo: VecDeque<Syscall>,
}

/// A client's question while a server has it.
#[derive(Debug, Clone)]
struct Pending {
    client: Client,
    query: Message,
    /// Which of the servers has it.
    server: usize,
}

impl Dnsmasq {
    /// With a command line.
    pub fn new(options: Options) -> Dnsmasq {
        Dnsmasq { options, listener: Listener::new(&[Port::Dns(53)]), ..Dnsmasq::default() }
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        self.hear(cx, reply);
        // What no server has answered is forgotten; its client has long given up.
        drop(self.asker.due(now));
        if self.recheck.is_some_and(|at| at <= now) {
            self.recheck = Some(now + PERIOD);
            self.look_again(cx);
        }
        if !self.lines.is_empty() {
            return Syscall::Write(Fd(2), self.lines.drain(..).collect::<String>().into());
        }
        if let Some(call) =
            self.todo.pop_front().or_else(|| self.asker.open()).or_else(|| self.listener.open())
        {
            return call;
        }
        let next = [self.asker.next_due(), self.recheck].into_iter().flatten().min();
        Syscall::Next(next.map(|due| due.since(now)))
    }

    fn hear(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        let reply = match self.asker.take(reply) {
            Ok(Some((answer, waiting))) => return self.answered(cx.out.now, answer, waiting.about),
            Ok(None) => return,
            Err(reply) => reply,
        };
        let reply = match self.listener.take(reply, &mut self.todo) {
            Ok(heard) => {
                for heard in heard {
                    if let Heard::Query(client, query) = heard {
                        self.question(cx, client, *query);
                    }
                }
                return;
            }
            Err(reply) => reply,
        };
        match reply {
            Reply::Start => {
                self.config = Config::read(cx.files, &self.options.config);
                self.recheck = Some(cx.out.now + PERIOD);
                self.start(cx);
            }
            Reply::Interrupted(Signal::Term | Signal::Int) => {
                self.note(cx.out.now, 'I', "nanny.go:145", "dnsmasq[10]: exiting on receipt of SIGTERM");
                self.todo.push_front(Syscall::Exit(0));
            }
            _ => {}
        }
    }

    fn note(&mut self, now: Instant, severity: char, place: &str, text: &str) {
        self.lines.push(klog(now, severity, place, text));
    }

    /// Reads its command line as the nanny completes it, and says so.
    fn start(&mut self, cx: &Cx<'_, '_>) {
        let now = cx.out.now;
        let mut arguments: Vec<String> = self.options.arguments.iter().map(ToString::to_string).collect();
        for (domain, servers) in &self.config.stubs {
            let each = servers.iter().map(|server| format!("/{domain}/{}", server.replace(':', "#")));
            arguments.extend(each.flat_map(|server| ["--server".to_string(), server]));
        }
        for server in &self.config.upstreams {
            arguments.extend(["--server".to_string(), server.replace(':', "#")]);
        }
        if !self.config.upstreams.is_empty() {
            arguments.push("--no-resolv".into());
        }
        let all = arguments.join(" ");
        self.note(now, 'I', "nanny.go:116", &format!("Starting dnsmasq [{all}]"));
        let size =
            value(&arguments, "--cache-size").first().and_then(|size| size.parse().ok()).unwrap_or(150);
        self.cache = Cache::new(size);
        self.line(now, &format!("started, version 2.78 cachesize {size}"));
        self.read_servers(cx, &arguments);
        self.read_hosts(cx);
    }

    fn line(&mut self, now: Instant, text: &str) {
        self.note(now, 'I', "nanny.go:145", &format!("dnsmasq[10]: {text}"));
    }

    fn read_servers(&mut self, cx: &Cx<'_, '_>, arguments: &[String]) {
        let now = cx.out.now;
        self.servers.clear();
        for text in value(arguments, "--server") {
            let (domain, address) = match text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
                Some((domain, address)) => (format!("{}.", domain.trim_matches('.')), address),
                None => (".".to_string(), text),
            };
            let Some(to) = server(address) else { continue };
            let shown = format!("{}#{}", to.ip(), to.port());
            let text = match domain.trim_end_matches('.') {
                "" => format!("using nameserver {shown}"),
                domain => format!("using nameserver {shown} for domain {domain}"),
            };
            self.line(now, &text);
            self.add_server(&domain, to);
        }
        if arguments.iter().any(|word| word == "--no-resolv") {
            return;
        }
        self.line(now, "reading /etc/resolv.conf");
        let own = cx.files.text("/etc/resolv.conf").map(ResolvConf::parse);
        for to in own.into_iter().flat_map(|own| own.servers) {
            self.line(now, &format!("using nameserver {}#{}", to.ip(), to.port()));
            self.add_server(".", to);
        }
    }

    fn add_server(&mut self, domain: &str, to: SocketAddr) {
        match self.servers.iter_mut().find(|(known, _)| **known == *domain) {
            Some((_, servers)) => servers.push(to),
            None => self.servers.push((domain.into(), vec![to])),
        }
    }

    fn read_hosts(&mut self, cx: &Cx<'_, '_>) {
        let text = cx.files.text("/etc/hosts").unwrap_or_default();
        let mut addresses = 0;
        self.hosts.clear();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            for name in words {
                addresses += 1;
                self.hosts.push((format!("{}.", name.to_ascii_lowercase()).into(), ip));
            }
        }
        self.line(cx.out.now, &format!("read /etc/hosts - {addresses} addresses"));
    }

    /// A ConfigMap that has changed ends dnsmasq; a new one begins with an empty cache.
    fn look_again(&mut self, cx: &Cx<'_, '_>) {
        let config = Config::read(cx.files, &self.options.config);
        if config == self.config {
            return;
        }
        self.config = config;
        self.note(cx.out.now, 'I', "nanny.go:213", "Restarting dnsmasq with new configuration");
        self.note(cx.out.now, 'I', "nanny.go:165", "Killing dnsmasq");
        self.asker.forget();
        self.start(cx);
    }

    fn question(&mut self, cx: &mut Cx<'_, '_>, client: Client, query: Message) {
        let Some(question) = query.question().filter(|_| query.opcode == Opcode::QUERY).cloned() else {
            return self.send(client, &query, query.reply(Rcode::NOTIMP));
        };
        if let Some(answer) = self.at_hand(cx.out.now, &query, &question) {
            return self.send(client, &query, answer);
        }
        // A client that asks again is heard by the next server, and takes no second place.
        let again = self.asker.take_back(|waiting| {
            waiting.about.client == client
                && waiting.about.query.id == query.id
                && waiting.query.questions == query.questions
        });
        let tried = again.map(|waiting| waiting.about.server + 1);
        if tried.is_none() && self.asker.waiting().len() >= TABLE {
            if self.quiet <= cx.out.now {
                self.quiet = cx.out.now + COMPLAINTS;
                let text = format!("Maximum number of concurrent DNS queries reached (max: {TABLE})");
                self.line(cx.out.now, &text);
            }
            return self.send(client, &query, Message { ra: true, ..query.reply(Rcode::REFUSED) });
        }
        self.forward(cx, client, query, tried.unwrap_or(0));
    }

    fn forward(&mut self, cx: &mut Cx<'_, '_>, client: Client, query: Message, server: usize) {
        let name = query.question().map(|question| question.name.to_ascii_lowercase()).unwrap_or_default();
        let best = self.servers.iter().filter(|(domain, _)| in_zone(&name, domain));
        let best = best.max_by_key(|(domain, _)| domain.len()).map(|(_, servers)| servers.as_slice());
        let Some(to) = best.and_then(|servers| servers.get(server % servers.len().max(1))).copied() else {
            return self.send(client, &query, Message { ra: true, ..query.reply(Rcode::REFUSED) });
        };
        let mut asked = query.clone();
        if client.is_stream() {
            asked.edns = Some(Edns { udp: u16::MAX, ..asked.edns.unwrap_or_default() });
        }
        let until = cx.out.now + TIMEOUT;
        let waiting = Waiting { query: asked, to, until, about: Pending { client, query, server } };
        self.asker.ask(cx, waiting, &mut self.todo);
    }

    /// The answer from the hosts file or the cache.
    fn at_hand(&mut self, now: Instant, query: &Message, question: &Question) -> Option<Message> {
        let mut answer = query.reply(Rcode::NOERROR);
        answer.ra = true;
        answer.edns =
            query.edns.as_ref().map(|asked| Edns { udp: EDNS_SIZE, options: Vec::new(), ..asked.clone() });
        let lower = question.name.to_ascii_lowercase();
        let wanted = |ip: &IpAddr| ip.is_ipv4() == (question.rtype == RecordType::A);
        if matches!(question.rtype, RecordType::A | RecordType::AAAA)
            && self.hosts.iter().any(|(name, _)| **name == *lower)
        {
            let own = self.hosts.iter().filter(|(name, ip)| **name == *lower && wanted(ip));
            answer.answers = own.map(|(_, ip)| Record::address(question.name.clone(), 0, *ip)).collect();
            answer.aa = true;
            return Some(answer);
        }
        let mut found = self.cache.find(question, now)?;
        let aliases = found.iter().take_while(|record| record.rtype() == RecordType::CNAME).count();
        let rest = &mut found[aliases..];
        if rest.len() > 1 {
            // It hands out a set in another order each time.
            self.rotation += 1;
            let by = self.rotation % rest.len();
            rest.rotate_left(by);
        }
        answer.answers = found;
        Some(answer)
    }

    fn answered(&mut self, now: Instant, answer: Message, pending: Pending) {
        self.cache.keep(&answer, now);
        let answer = Message { id: pending.query.id, ra: true, ..answer };
        self.send(pending.client, &pending.query, answer);
    }

    fn send(&mut self, client: Client, query: &Message, answer: Message) {
        self.todo.extend(client.answer(query, &answer, true));
    }
}

/// The values of a flag, written `--flag=value` or `--flag value`.
fn value<'a>(arguments: &'a [String], flag: &str) -> Vec<&'a str> {
    let each = arguments.iter().enumerate().filter_map(|(n, word)| match word.strip_prefix(flag)? {
        "" => arguments.get(n + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    });
    each.collect()
}
