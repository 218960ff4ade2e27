//! CoreDNS as a program: it reads its Corefile, watches the API server, listens, and answers.
//! Models: CoreDNS coremain/run.go, core/dnsserver/server.go, plugin/{health,ready,kubernetes}.
//! Omits: time spent on an answer, which is none.

mod reload;
mod upstream;
mod web;

use super::corefile::Source;
use super::message::{Message, Question, Rcode, RecordType};
use super::plugins::kubernetes::{PodMode, under};
use super::plugins::{Env, Plugin};
use super::server::{Exchange, Progress, Server};
use super::zone::Cluster;
use crate::base::{Duration, Fd, FlatMap, Instant, Purpose, Text};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Ready, Reply, Signal, Syscall};
use crate::trace::Reason;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::net::SocketAddr;
use upstream::Upstreams;

/// The version, as `CoreDNS -version` says it.
pub const VERSION: &str = "CoreDNS-1.14.7";

/// What it was built with, as `-version` says it.
pub const BUILD: &str = "linux/amd64, go1.26.6, 4b26cce";

/// What runs without a Corefile.
const NO_COREFILE: &str = ".:53 {\n    whoami\n    log\n}\n";

/// How long it waits for the first list before it serves without.
const STARTUP_TIMEOUT: Duration = Duration::secs(5);

/// The program.
#[derive(Debug, Clone, Default)]
pub struct CoreDns {
    /// The Corefile's path, as the command line has it; none was given when it is empty.
    path: Text,
    /// The port of server blocks that name none.
    port: u16,
    server: Server,
    cluster: Cluster,
    corefile: Text,
    /// What was called last, to make sense of the reply.
    expect: Expect,
    todo: VecDeque<Todo>,
    lines: Vec<Text>,
    sockets: FlatMap<Fd, Socket>,
    connections: FlatMap<Fd, Connection>,
    upstreams: Upstreams,
    serving: bool,
    /// Whether `loop` has yet to ask.
    unlooped: bool,
    /// Until when it waits for the first list.
    patience: Option<Instant>,
    /// When the Corefile is looked at again.
    recheck: Option<Instant>,
    /// When it ends, once it was told to stop.
    ends: Option<Instant>,
    /// Corefiles that were refused while it ran.
    failed_reloads: u64,
    /// Questions that were refused as too many waited.
    rejected: u64,
}

#[derive(Debug, Clone, Default)]
enum Expect {
    #[default]
    Nothing,
    Socket(Socket),
    Bound(Socket),
    Watch,
    Ready,
    Upstream(u64),
}

#[derive(Debug, Clone)]
enum Todo {
    Call(Syscall),
    Listen(Socket),
    Bind(Fd, Socket),
    Watch,
    Upstream(u64, Syscall),
}

/// What a listening socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    Udp(SocketAddr),
    Tcp(SocketAddr),
    Http(SocketAddr, &'static str),
}

#[derive(Debug, Clone)]
struct Connection {
    socket: Socket,
    peer: SocketAddr,
    buffer: BytesMut,
}

impl CoreDns {
    /// With the Corefile at a path (`-conf`), and a port for server blocks that name none (`-dns.port`).
    pub fn new(path: &str, port: u16) -> CoreDns {
        CoreDns { path: path.into(), port, ..CoreDns::default() }
    }

    /// Its server blocks.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        match (std::mem::take(&mut self.expect), reply) {
            (_, Reply::Start) => {
                if let Err(refused) = self.start(cx) {
                    self.todo = VecDeque::from([
                        Todo::Call(Syscall::Write(Fd(2), format!("{refused}\n").into())),
                        Todo::Call(Syscall::Exit(1)),
                    ]);
                }
            }
            (_, Reply::Interrupted(Signal::Term | Signal::Int)) => self.stop(now),
            (Expect::Socket(socket), Reply::Fd(fd)) => {
                self.sockets.insert(fd, socket);
                self.todo.push_front(Todo::Bind(fd, socket));
            }
            (Expect::Bound(socket), Reply::Err(errno)) => self.cannot_listen(socket, errno),
            (Expect::Watch, Reply::Fd(_)) => self.patience = Some(now + STARTUP_TIMEOUT),
            (Expect::Ready, Reply::Ready(fd, ready)) => self.ready(cx, fd, ready),
            (Expect::Upstream(id), reply) => self.upstream(cx, id, &reply),
            (_, _) => {}
        }
        self.pass_of_time(cx);
        if self.unlooped && self.todo.is_empty() {
            self.unlooped = false;
            self.look_for_loops(cx);
        }
        self.call(now)
    }

    /// Reads the Corefile and plans what comes before serving.
    fn start(&mut self, cx: &mut Cx<'_, '_>) -> Result<(), String> {
        (self.corefile, self.server) = self.read(cx)?;
        let pages = self.server.pages().into_iter();
        self.todo.extend(pages.map(|(at, what)| Todo::Listen(Socket::Http(at, what))));
        if self.kubernetes().next().is_some() {
            self.todo.push_back(Todo::Watch);
        } else {
            self.cluster.synced = true;
            self.serve();
        }
        Ok(())
    }

    /// Reads the Corefile as it is now.
    fn read(&mut self, cx: &Cx<'_, '_>) -> Result<(Text, Server), String> {
        let given = !self.path.is_empty();
        let path = if given { self.path.clone() } else { "Corefile".into() };
        let cwd = cx.environment.get("PWD").map_or("/", |cwd| cwd);
        let whole = match path.strip_prefix('/') {
            Some(_) => path.to_string(),
            None => format!("{}/{path}", cwd.trim_end_matches('/')),
        };
        let text: Text = match cx.files.text(&whole) {
            Some(text) => text.into(),
            None if given => {
                return Err(format!("loading Caddyfile via flag: open {path}: no such file or directory"));
            }
            None => NO_COREFILE.into(),
        };
        let (files, variables) = (cx.files, cx.environment);
        let source = Source { path: &path, text: &text, files, variables, port: self.port };
        let server = Server::new(&source, &mut self.lines)?;
        // What may be imported counts too: all files below the Corefile's folder, unless that is everything.
        let folder = whole.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside =
            cx.files.paths_from(folder).take_while(|path| path.starts_with(folder) && !folder.is_empty());
        let texts = beside.filter(|path| ***path != *whole).filter_map(|path| cx.files.text(path));
        Ok((std::iter::once(&*text).chain(texts).collect::<String>().into(), server))
    }

    fn kubernetes(&self) -> impl Iterator<Item = &super::plugins::kubernetes::Kubernetes> {
        self.server.plugins().filter_map(|plugin| match plugin {
            Plugin::Kubernetes(kubernetes) => Some(&**kubernetes),
            _ => None,
        })
    }

    /// Opens the DNS ports and says so.
    fn serve(&mut self) {
        (self.serving, self.unlooped) = (true, true);
        self.patience = None;
        for at in self.server.addresses() {
            self.todo.push_back(Todo::Listen(Socket::Udp(at)));
            self.todo.push_back(Todo::Listen(Socket::Tcp(at)));
        }
        self.lines.extend(self.server.banner());
        self.lines.extend(self.configuration());
        self.lines.push(VERSION.into());
        self.lines.push(BUILD.into());
    }

    /// A port that cannot be had ends the process; a page's only goes without.
    fn cannot_listen(&mut self, socket: Socket, errno: Errno) {
        let at = socket.at();
        let shown = if at.ip().is_unspecified() { format!(":{}", at.port()) } else { at.to_string() };
        let (protocol, is_page) = match socket {
            Socket::Udp(_) => ("udp", false),
            Socket::Tcp(_) => ("tcp", false),
            Socket::Http(..) => ("tcp", true),
        };
        let words = errno.words().to_lowercase();
        let line = format!("listen {protocol} {shown}: bind: {words}");
        if is_page {
            return self.lines.push(format!("[ERROR] {line}").into());
        }
        self.todo = VecDeque::from([
            Todo::Call(Syscall::Write(Fd(2), format!("{line}\n").into())),
            Todo::Call(Syscall::Exit(1)),
        ]);
    }

    fn stop(&mut self, now: Instant) {
        if self.ends.is_some() {
            return;
        }
        let lameduck = self.server.blocks.iter().map(|block| block.lameduck).max().unwrap_or_default();
        self.lines.push("[INFO] SIGTERM: Shutting down servers then terminating".into());
        if lameduck > Duration::ZERO {
            let seconds = lameduck.as_secs();
            self.lines.push(format!("[INFO] plugin/health: Going into lameduck mode for {seconds}s").into());
        }
        self.ends = Some(now + lameduck);
    }

    /// What is due by now: the end, the first list given up, upstreams that did not answer.
    fn pass_of_time(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.out.now;
        if self.patience.is_some_and(|until| until <= now) {
            self.lines
                .push("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API".into());
            self.serve();
        }
        self.look_again(cx);
        for id in self.upstreams.due(now) {
            let retry = self.upstreams.timed_out(id, now);
            self.after_upstream(cx, id, retry);
        }
    }

    fn call(&mut self, now: Instant) -> Syscall {
        if !self.lines.is_empty() {
            let text: String =
                self.lines.drain(..).flat_map(|line| [line.to_string(), "\n".into()]).collect();
            return Syscall::Write(Fd(1), text.into());
        }
        match self.todo.pop_front() {
            Some(Todo::Call(call)) => call,
            Some(Todo::Listen(socket)) => {
                self.expect = Expect::Socket(socket);
                Syscall::Socket(if let Socket::Udp(_) = socket { Protocol::Udp } else { Protocol::Tcp })
            }
            Some(Todo::Bind(fd, socket)) => {
                self.expect = Expect::Bound(socket);
                Syscall::ListenAt(fd, socket.at())
            }
            Some(Todo::Watch) => {
                self.expect = Expect::Watch;
                Syscall::Watch(Cluster::kinds(self.kubernetes().any(|k| k.pods == PodMode::Verified)))
            }
            Some(Todo::Upstream(id, call)) => {
                self.expect = Expect::Upstream(id);
                call
            }
            None if self.ends.is_some_and(|end| end <= now) => Syscall::Exit(0),
            None => {
                self.expect = Expect::Ready;
                let next = [self.patience, self.ends, self.recheck, self.upstreams.next_due()]
                    .into_iter()
                    .flatten()
                    .min();
                Syscall::Next(next.map(|at| at.since(now)))
            }
        }
    }

    fn ready(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, ready: Ready) {
        match ready {
            Ready::Watch(events) => {
                self.cluster.apply(&events, cx.out.now);
                self.cluster.synced = true;
                if !self.serving {
                    self.serve();
                }
            }
            Ready::Accepted(connection, peer) => {
                if let Some(socket) = self.sockets.get(&fd).copied() {
                    let buffer = BytesMut::new();
                    self.connections.insert(connection, Connection { socket, peer, buffer });
                }
            }
            Ready::Datagram(peer, bytes) => match self.upstreams.of_socket(fd) {
                Some(id) => self.upstream_answered(cx, id, &bytes),
                None => {
                    if let Some(Socket::Udp(at)) = self.sockets.get(&fd).copied() {
                        self.question(cx, fd, &bytes, peer, at.port(), false);
                    }
                }
            },
            Ready::Data(bytes) => match self.upstreams.of_socket(fd) {
                Some(id) => self.upstream_answered(cx, id, &bytes),
                None => self.stream(cx, fd, &bytes),
            },
            Ready::Reset => match self.upstreams.of_socket(fd) {
                Some(id) => {
                    let retry = self.upstreams.refused(id, cx.out.now);
                    self.after_upstream(cx, id, retry);
                }
                None => self.close(fd),
            },
        }
    }

    /// Bytes of a connection: whole messages are taken from its buffer.
    fn stream(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, bytes: &Bytes) {
        let Some(connection) = self.connections.get_mut(&fd) else { return };
        if bytes.is_empty() {
            return self.close(fd);
        }
        connection.buffer.extend_from_slice(bytes);
        let (socket, peer) = (connection.socket, connection.peer);
        match socket {
            Socket::Http(_, what) => {
                let metrics = || web::metrics(&self.server, self.failed_reloads, self.rejected);
                if let Some(answer) = web::answer(&connection.buffer, what, self.cluster.synced, metrics) {
                    self.todo.push_back(Todo::Call(Syscall::Write(fd, answer)));
                    self.close(fd);
                }
            }
            Socket::Tcp(at) | Socket::Udp(at) => {
                let mut messages = Vec::new();
                while let Some(message) = take_framed(&mut connection.buffer) {
                    messages.push(message);
                }
                for message in messages {
                    self.question(cx, fd, &message, peer, at.port(), true);
                }
            }
        }
    }

    fn close(&mut self, fd: Fd) {
        if self.connections.remove(&fd).is_some() {
            self.todo.push_back(Todo::Call(Syscall::Close(fd)));
        }
    }

    fn question(
        &mut self,
        cx: &mut Cx<'_, '_>,
        fd: Fd,
        bytes: &[u8],
        peer: SocketAddr,
        port: u16,
        tcp: bool,
    ) {
        let Some(exchange) = Exchange::new(bytes, peer, port, tcp, cx.out.now) else { return };
        self.exchange(cx, fd, exchange, Exchange::begin);
    }

    /// Takes a question on, and what plugins want asked for besides.
    fn exchange(
        &mut self,
        cx: &mut Cx<'_, '_>,
        fd: Fd,
        mut exchange: Exchange,
        work: impl FnOnce(&mut Exchange, &mut Server, &mut Env<'_, '_>) -> Progress,
    ) {
        let client = exchange.client.clone();
        let progress = self.with_env(cx, &client, |server, env| work(&mut exchange, server, env));
        let later = std::mem::take(&mut exchange.later);
        for mut again in later.into_iter().map(|later| exchange.again(later)) {
            let progress = self.with_env(cx, &client, |server, env| again.go_on(server, env));
            self.progress(cx, fd, again, progress);
        }
        self.progress(cx, fd, exchange, progress);
    }

    /// Each `loop` asks for its name.
    fn look_for_loops(&mut self, cx: &mut Cx<'_, '_>) {
        let actor = cx.hostname();
        let mut questions = Vec::new();
        for block in &mut self.server.blocks {
            let port = block.listens.first().map_or(53, |(_, port)| *port);
            for (_, plugin) in &mut block.plugins {
                let Plugin::Loop(looking) = plugin else { continue };
                let mut number = || cx.out.draw(Purpose::Program, &actor) >> 1;
                let labels = format!("{}.{}", number(), number());
                looking.name = under(&labels, &looking.zone);
                let id = cx.out.draw(Purpose::DnsId, &actor) as u16;
                questions
                    .push((Message::query(id, Question::new(looking.name.clone(), RecordType::HINFO)), port));
            }
        }
        for (query, port) in questions {
            let exchange = Exchange::of_its_own(query, port, cx.out.now);
            self.exchange(cx, Fd(0), exchange, Exchange::begin);
        }
    }

    fn with_env<T>(
        &mut self,
        cx: &mut Cx<'_, '_>,
        client: &super::plugins::Client,
        work: impl FnOnce(&mut Server, &mut Env<'_, '_>) -> T,
    ) -> T {
        let local: Vec<_> = cx.ips().collect();
        let actor = cx.hostname();
        let mut env = Env {
            cluster: &self.cluster,
            local: &local,
            client,
            out: cx.out,
            actor: &actor,
            lines: &mut self.lines,
            rewritten: None,
            by: "",
            refresh: false,
            fatal: false,
        };
        let done = work(&mut self.server, &mut env);
        if env.fatal {
            self.todo.push_back(Todo::Call(Syscall::Exit(1)));
        }
        done
    }

    fn progress(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, exchange: Exchange, progress: Progress) {
        match progress {
            Progress::Done(bytes, by, rcode, count) => {
                self.decided(cx, by, rcode, count);
                let Some(bytes) = bytes else { return };
                self.todo.push_back(Todo::Call(if exchange.client.tcp {
                    Syscall::Write(fd, framed(&bytes))
                } else {
                    Syscall::SendTo(fd, exchange.client.address, bytes)
                }));
            }
            Progress::Forward(_, order) if order.limit.is_some_and(|limit| self.upstreams.len() >= limit) => {
                self.rejected += 1;
                let words =
                    format!("concurrent queries exceeded maximum {}", order.limit.unwrap_or_default());
                self.exchange(cx, fd, exchange, |exchange, server, env| {
                    exchange.forwarded(Err((Rcode::REFUSED, words)), server, env)
                });
            }
            Progress::Forward(query, order) => {
                let protocol = if order.tcp { Protocol::Tcp } else { Protocol::Udp };
                let id = self.upstreams.add(fd, exchange, query, *order, cx);
                self.todo.push_back(Todo::Upstream(id, Syscall::Socket(protocol)));
            }
        }
    }

    fn decided(&self, cx: &mut Cx<'_, '_>, by: &'static str, rcode: Rcode, count: u16) {
        if !by.is_empty() {
            let place = cx.place();
            cx.out.decided(place, Reason::DnsPlugin(by.into(), rcode.to_string().into(), count));
        }
    }

    /// A reply to a call that was made for an upstream.
    fn upstream(&mut self, cx: &mut Cx<'_, '_>, id: u64, reply: &Reply) {
        if let Reply::Err(Errno::Econnrefused | Errno::Econnreset | Errno::Ehostunreach) = reply {
            let retry = self.upstreams.refused(id, cx.out.now);
            return self.after_upstream(cx, id, retry);
        }
        if let Some(call) = self.upstreams.replied(id, reply, cx.out.now) {
            self.todo.push_front(Todo::Upstream(id, call));
        }
    }

    fn upstream_answered(&mut self, cx: &mut Cx<'_, '_>, id: u64, bytes: &Bytes) {
        let Some((socket, waiting, answer)) = self.upstreams.answered(id, bytes) else { return };
        self.todo.push_back(Todo::Call(Syscall::Close(socket)));
        self.exchange(cx, waiting.client_fd, waiting.exchange, |exchange, server, env| {
            exchange.forwarded(Ok(answer), server, env)
        });
    }

    /// An upstream did not answer: its socket is closed; then it is tried again later, or given up.
    fn after_upstream(&mut self, cx: &mut Cx<'_, '_>, id: u64, retry: upstream::Retry) {
        self.todo.extend(retry.close.map(|fd| Todo::Call(Syscall::Close(fd))));
        if let Some(protocol) = retry.again {
            self.todo.push_back(Todo::Upstream(id, Syscall::Socket(protocol)));
        }
        let Some((waiting, words)) = retry.given_up else { return };
        self.exchange(cx, waiting.client_fd, waiting.exchange, |exchange, server, env| {
            exchange.forwarded(Err((Rcode::SERVFAIL, words)), server, env)
        });
    }
}

impl Socket {
    fn at(self) -> SocketAddr {
        match self {
            Socket::Udp(at) | Socket::Tcp(at) | Socket::Http(at, _) => at,
        }
    }
}

/// A message as it goes over TCP: its length in two bytes, then itself.
pub fn framed(bytes: &[u8]) -> Bytes {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut out = BytesMut::with_capacity(bytes.len() + 2);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    out.freeze()
}

/// Takes a whole message from the front of a stream.
pub fn take_framed(buffer: &mut BytesMut) -> Option<Bytes> {
    let [high, low, ..] = buffer[..] else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if buffer.len() < length + 2 {
        return None;
    }
    let mut message = buffer.split_to(length + 2);
    Some(message.split_off(2).freeze())
}
