//! ExternalDNS: every minute it compares what Services and Ingresses want to be called with what a zone outside says, and
//! changes the zone. The zone's server is reached as any is: by a transfer (AXFR) and by updates (RFC 2136).
//! Models: kubernetes-sigs/external-dns controller/controller.go, provider/rfc2136/rfc2136.go 0.20.
//! Omits: providers of clouds, TSIG (a zone here trusts whoever asks), `--events`, metrics.

pub mod plan;
pub mod source;

use super::coredns::{framed, take_framed};
use super::message::{Class, Message, Opcode, Question, Rcode, Record, RecordType, decode, encode};
use super::name::qualified;
use super::stub::{Families, Resolver, ResolverStep, Rules};
use crate::api::{Cache, Kind};
use crate::base::{Duration, Fd, Instant, Purpose, Text};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Ready, Reply, Signal, Syscall};
use bytes::{Bytes, BytesMut};
use plan::{Change, Plan, Policy, Registry};
use source::Sources;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// How long the server may take.
const TIMEOUT: Duration = Duration::secs(2);
/// Changes in one update.
const BATCH: usize = 50;
/// Bytes of a transfer that are read at a time.
const CHUNK: u32 = 65_535;

/// The command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--source`, `--namespace`, `--publish-internal-services`, `--annotation-prefix`.
    pub sources: Sources,
    /// `--rfc2136-host` and `--rfc2136-port`.
    pub host: Text,
    /// See `host`.
    pub port: u16,
    /// `--rfc2136-zone`.
    pub zone: Text,
    /// `--rfc2136-tsig-axfr`: without it the zone is not read, and nothing is known of it.
    pub axfr: bool,
    /// `--rfc2136-min-ttl`, in seconds.
    pub least_ttl: u32,
    /// `--policy`.
    pub policy: Policy,
    /// `--registry`, `--txt-owner-id`, `--txt-prefix`, `--txt-suffix`.
    pub registry: Registry,
    /// `--domain-filter`.
    pub domains: Vec<Text>,
    /// `--managed-record-types`.
    pub types: Vec<RecordType>,
    /// `--interval`.
    pub interval: Duration,
    /// `--once`.
    pub once: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// What is wrong with the command line.
    pub wrong: Option<String>,
}

/// The program.
#[derive(Debug, Clone)]
pub struct ExternalDns {
    options: Options,
    cache: Cache,
    stage: Stage,
    server: Option<SocketAddr>,
    records: Vec<Record>,
    batches: VecDeque<Vec<Change>>,
    /// When it begins next.
    next: Instant,
    lines: Vec<String>,
    /// A call that waits until the lines are written.
    held: Option<Syscall>,
    /// How it ends, once it is to.
    ends: Option<i32>,
}

#[derive(Debug, Clone)]
enum Stage {
    Begin,
    /// The watch was asked for.
    Watch,
    /// It waits for the time, or for the first list.
    Idle,
    Name(Box<Resolver>),
    /// A socket for a transfer was asked for; it connects; it is written to; its answer is read.
    Transfer(Step, BytesMut),
    Update(Step),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Socket,
    Connect(Fd),
    Write(Fd),
    Read(Fd),
    Close,
}

impl ExternalDns {
    /// With a command line.
    pub fn new(options: Options) -> ExternalDns {
        ExternalDns {
            options,
            cache: Cache::default(),
            stage: Stage::Begin,
            server: None,
            records: Vec::new(),
            batches: VecDeque::new(),
            next: Instant::ZERO,
            lines: Vec::new(),
            held: None,
            ends: None,
        }
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let call = match (self.held.take(), reply) {
            (_, Reply::Interrupted(Signal::Term | Signal::Int)) => {
                self.say(cx.out.now, "info", "Received SIGTERM. Terminating...");
                Syscall::Exit(0)
            }
            (Some(held), _) => held,
            (None, reply) => self.go_on(cx, reply),
        };
        let call = match self.ends {
            Some(status) => Syscall::Exit(status),
            None => call,
        };
        if self.lines.is_empty() {
            return call;
        }
        self.held = Some(call);
        Syscall::Write(Fd(2), self.lines.drain(..).collect::<String>().into())
    }

    /// A line as logrus writes it.
    fn say(&mut self, now: Instant, level: &str, text: &str) {
        self.lines.push(format!("time=\"{}\" level={level} msg={text:?}\n", now.rfc3339()));
    }

    fn go_on(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        match (std::mem::replace(&mut self.stage, Stage::Idle), reply) {
            (Stage::Begin, _) => self.begin(cx),
            (Stage::Watch, Reply::Err(_)) => Syscall::Exit(1),
            (Stage::Watch, _) => Syscall::Next(None),
            (Stage::Idle, Reply::Ready(_, Ready::Watch(events))) => {
                for event in &events {
                    self.cache.apply(event);
                }
                self.idle(cx)
            }
            (Stage::Idle, _) => self.idle(cx),
            (Stage::Name(mut resolver), reply) => {
                let step = resolver.resume(cx, reply);
                self.named(cx, resolver, step)
            }
            (Stage::Transfer(step, buffer), reply) => self.transfer(cx, step, buffer, reply),
            (Stage::Update(step), reply) => self.update(cx, step, reply),
        }
    }

    fn begin(&mut self, cx: &Cx<'_, '_>) -> Syscall {
        let now = cx.out.now;
        if let Some(wrong) = self.options.wrong.take() {
            self.say(now, "fatal", &format!("flag parsing error: {wrong}"));
            return Syscall::Exit(1);
        }
        self.say(now, "info", "Instantiating new Kubernetes client");
        self.say(now, "info", "Using inCluster-config based on serviceaccount-token");
        let variable = |name: &str| cx.environment.get(name).map_or("", |value| &**value);
        let (host, port) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"));
        self.say(now, "info", &format!("Created Kubernetes client https://{host}:{port}"));
        let (zone, host, port) = (qualified(&self.options.zone), &self.options.host, self.options.port);
        let line = format!("Configured RFC2136 with zone '[{zone}]' and nameserver '{host}:{port}'");
        self.say(now, "info", &line);
        self.stage = Stage::Watch;
        let kinds =
            [("v1", "Service"), ("v1", "Pod"), ("v1", "Node"), ("discovery.k8s.io/v1", "EndpointSlice")];
        let kinds = kinds.into_iter().chain([("networking.k8s.io/v1", "Ingress")]);
        Syscall::Watch(kinds.filter_map(|(version, kind)| Kind::find(version, kind)).collect())
    }

    /// Begins when it is time; otherwise waits.
    fn idle(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let now = cx.out.now;
        if self.next > now {
            return Syscall::Next(Some(self.next.since(now)));
        }
        self.next = now + self.options.interval;
        self.records.clear();
        match self.options.host.parse::<IpAddr>() {
            Ok(ip) => {
                self.server = Some(SocketAddr::new(ip, self.options.port));
                self.read_zone(cx)
            }
            Err(_) => {
                let host = self.options.host.clone();
                let (resolver, step) = Resolver::start_by(cx, Rules::Go, &host, Families::V4);
                self.named(cx, Box::new(resolver), step)
            }
        }
    }

    fn named(&mut self, cx: &mut Cx<'_, '_>, resolver: Box<Resolver>, step: ResolverStep) -> Syscall {
        match step {
            ResolverStep::Call(call) => {
                self.stage = Stage::Name(resolver);
                call
            }
            ResolverStep::Done(found) => {
                let ip = found.ok().and_then(|found| found.addresses.first().copied());
                self.server = ip.map(|ip| SocketAddr::new(ip, self.options.port));
                if self.server.is_none() {
                    let host = &self.options.host;
                    return self.failed(
                        cx,
                        &format!("failed to fetch records via AXFR: dial tcp: lookup {host}: no such host"),
                    );
                }
                self.read_zone(cx)
            }
        }
    }

    fn read_zone(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        if !self.options.axfr {
            return self.make_plan(cx);
        }
        self.stage = Stage::Transfer(Step::Socket, BytesMut::new());
        Syscall::Socket(Protocol::Tcp)
    }

    /// What could not be done is tried again at the next time.
    fn failed(&mut self, cx: &mut Cx<'_, '_>, words: &str) -> Syscall {
        self.say(cx.out.now, "error", &format!("Failed to do run once: {words}"));
        self.batches.clear();
        self.ended(cx)
    }

    fn ended(&mut self, cx: &Cx<'_, '_>) -> Syscall {
        if self.options.once {
            self.ends = Some(0);
        }
        self.stage = Stage::Idle;
        Syscall::Next(Some(self.next.since(cx.out.now)))
    }

    fn query(&self, cx: &mut Cx<'_, '_>, rtype: RecordType) -> Message {
        let actor = cx.hostname();
        let id = cx.out.draw(Purpose::DnsId, &actor) as u16;
        Message { rd: false, ..Message::query(id, Question::new(qualified(&self.options.zone), rtype)) }
    }

    fn transfer(&mut self, cx: &mut Cx<'_, '_>, step: Step, mut buffer: BytesMut, reply: Reply) -> Syscall {
        let Some(server) = self.server else { return self.ended(cx) };
        let (next, call) = match (step, reply) {
            (Step::Close, _) => return self.make_plan(cx),
            (_, Reply::Err(errno)) => {
                let words = match errno {
                    Errno::Etimedout => "i/o timeout".to_string(),
                    errno => errno.words().to_lowercase(),
                };
                return self
                    .failed(cx, &format!("failed to fetch records via AXFR: dial tcp {server}: {words}"));
            }
            (Step::Socket, Reply::Fd(fd)) => (Step::Connect(fd), Syscall::Connect(fd, server, Some(TIMEOUT))),
            (Step::Connect(fd), _) => {
                let query = self.query(cx, RecordType::AXFR);
                let bytes = encode(&query, false).unwrap_or_default();
                (Step::Write(fd), Syscall::Write(fd, framed(&bytes)))
            }
            (Step::Write(fd), _) => (Step::Read(fd), Syscall::ReadTimeout(fd, CHUNK, TIMEOUT)),
            (Step::Read(fd), Reply::Data(bytes)) => {
                buffer.extend_from_slice(&bytes);
                match take_framed(&mut buffer).and_then(|bytes| decode(&bytes).ok()) {
                    Some(answer) if answer.rcode == Rcode::NOERROR => self.records = answer.answers,
                    Some(answer) => {
                        let line = format!("AXFR error: dns: bad xfr rcode: {}", answer.rcode.0);
                        self.say(cx.out.now, "error", &line);
                    }
                    None if bytes.is_empty() => {
                        self.say(cx.out.now, "error", "AXFR error: EOF");
                    }
                    None => {
                        self.stage = Stage::Transfer(Step::Read(fd), buffer);
                        return Syscall::ReadTimeout(fd, CHUNK, TIMEOUT);
                    }
                }
                (Step::Close, Syscall::Close(fd))
            }
            _ => return self.ended(cx),
        };
        self.stage = Stage::Transfer(next, buffer);
        call
    }

    fn make_plan(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let plan = Plan {
            desired: self.options.sources.endpoints(&self.cache),
            current: self.options.registry.read(&self.records),
            policy: self.options.policy,
            registry: &self.options.registry,
            domains: &self.options.domains,
            types: &self.options.types,
            least_ttl: self.options.least_ttl,
        };
        let changes = plan.changes();
        if changes.is_empty() {
            self.say(cx.out.now, "info", "All records are already up to date");
            return self.ended(cx);
        }
        self.batches = changes.chunks(BATCH).map(<[Change]>::to_vec).collect();
        self.next_batch(cx)
    }

    fn next_batch(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let Some(batch) = self.batches.front() else { return self.ended(cx) };
        let line = |change: &Change| {
            format!("{} RR: {}", if change.add { "Adding" } else { "Removing" }, change.line())
        };
        let lines: Vec<String> = batch.iter().map(line).collect();
        for line in lines {
            self.say(cx.out.now, "info", &line);
        }
        if self.options.dry_run {
            self.batches.pop_front();
            return self.next_batch(cx);
        }
        self.stage = Stage::Update(Step::Socket);
        Syscall::Socket(Protocol::Udp)
    }

    fn update(&mut self, cx: &mut Cx<'_, '_>, step: Step, reply: Reply) -> Syscall {
        let Some(server) = self.server else { return self.ended(cx) };
        let (next, call) = match (step, reply) {
            (Step::Close, _) => return self.next_batch(cx),
            (_, Reply::Err(errno)) => {
                let words = format!("read udp->{server}: {}", errno.words().to_lowercase());
                return self.failed(cx, &format!("RFC2136 update failed: {words}"));
            }
            (Step::Socket, Reply::Fd(fd)) => (Step::Connect(fd), Syscall::Connect(fd, server, None)),
            (Step::Connect(fd), _) => (Step::Write(fd), Syscall::Write(fd, self.message(cx))),
            (Step::Write(fd), _) => (Step::Read(fd), Syscall::ReadTimeout(fd, CHUNK, TIMEOUT)),
            (Step::Read(fd), Reply::Data(bytes)) => {
                self.batches.pop_front();
                let rcode = decode(&bytes).map_or(Rcode::FORMERR, |answer| answer.rcode);
                if rcode != Rcode::NOERROR {
                    self.say(
                        cx.out.now,
                        "error",
                        &format!("RFC2136 update failed: bad return code: {rcode}"),
                    );
                }
                (Step::Close, Syscall::Close(fd))
            }
            _ => return self.ended(cx),
        };
        self.stage = Stage::Update(next);
        call
    }

    /// The update of the next batch: what goes has class NONE and no TTL.
    fn message(&self, cx: &mut Cx<'_, '_>) -> Bytes {
        let mut message = self.query(cx, RecordType::SOA);
        message.opcode = Opcode::UPDATE;
        for change in self.batches.front().into_iter().flatten() {
            let record = change.record().map(|record| match change.add {
                true => record,
                false => Record { class: Class::NONE, ttl: 0, ..record },
            });
            message.authorities.extend(record);
        }
        encode(&message, true).unwrap_or_default()
    }
}
