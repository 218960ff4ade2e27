//! CoreDNS as a program: it reads its Corefile, watches the API server, listens, and answers.
//! Models: CoreDNS coremain/run.go, core/dnsserver/server.go, plugin/{health,ready,kubernetes}.
//! Omits: metrics, TCP to upstreams; time spent on an answer is none.

mod reload;
mod upstream;
mod web;

use super::message::Rcode;
use super::plugins::kubernetes::PodMode;
use super::plugins::{Env, Plugin};
use super::server::{Exchange, Progress, Server, banner};
use super::zone::Cluster;
use crate::base::{Duration, Fd, FlatMap, Instant, Text};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Ready, Reply, Signal, Syscall};
use crate::trace::Reason;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::net::SocketAddr;
use upstream::Upstreams;

/// The version, as `CoreDNS -version` says it.
pub const VERSION: &str = "CoreDNS-1.14.7";

/// Where the Corefile is.
pub const COREFILE: &str = "/etc/coredns/Corefile";

/// kubeadm's Corefile: what runs when there is no file.
pub const DEFAULT_COREFILE: &str = ".:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
";

/// How long it waits for the first list before it serves without.
const STARTUP_TIMEOUT: Duration = Duration::secs(5);

/// The program.
#[derive(Debug, Clone, Default)]
pub struct CoreDns {
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
    /// Until when it waits for the first list.
    patience: Option<Instant>,
    /// When the Corefile is looked at again.
    recheck: Option<Instant>,
    /// When it ends, once it was told to stop.
    ends: Option<Instant>,
}

#[derive(Debug, Clone, Default)]
enum Expect {
    #[default]
    Nothing,
    Socket(Socket),
    Watch,
    Ready,
    Upstream(u64),
}

#[derive(Debug, Clone)]
enum Todo {
    Call(Syscall),
    Listen(Socket),
    Watch,
    Upstream(u64, Syscall),
}

/// What a listening socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    Udp(u16),
    Tcp(u16),
    Http(u16, &'static str),
}

#[derive(Debug, Clone)]
struct Connection {
    socket: Socket,
    peer: SocketAddr,
    buffer: BytesMut,
}

impl CoreDns {
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
                self.todo.push_front(Todo::Call(Syscall::Listen(fd, socket.port())));
            }
            (Expect::Watch, Reply::Fd(_)) => self.patience = Some(now + STARTUP_TIMEOUT),
            (Expect::Ready, Reply::Ready(fd, ready)) => self.ready(cx, fd, ready),
            (Expect::Upstream(id), reply) => self.upstream(cx, id, &reply),
            (_, _) => {}
        }
        self.pass_of_time(cx);
        self.call(now)
    }

    /// Reads the Corefile and plans what comes before serving.
    fn start(&mut self, cx: &mut Cx<'_, '_>) -> Result<(), String> {
        self.corefile = cx.files.text(COREFILE).unwrap_or(DEFAULT_COREFILE).into();
        self.server = Server::new(&self.corefile, cx.files, &mut self.lines)?;
        let http = self.server.blocks.iter().flat_map(|block| &block.http);
        self.todo.extend(http.map(|(port, what)| Todo::Listen(Socket::Http(*port, what))));
        if self.kubernetes().next().is_some() {
            self.todo.push_back(Todo::Watch);
        } else {
            self.cluster.synced = true;
            self.serve();
        }
        Ok(())
    }

    fn kubernetes(&self) -> impl Iterator<Item = &super::plugins::kubernetes::Kubernetes> {
        self.server.plugins().filter_map(|plugin| match plugin {
            Plugin::Kubernetes(kubernetes) => Some(&**kubernetes),
            _ => None,
        })
    }

    /// Opens the DNS ports and says so.
    fn serve(&mut self) {
        self.serving = true;
        self.patience = None;
        for port in self.server.ports() {
            self.todo.push_back(Todo::Listen(Socket::Udp(port)));
            self.todo.push_back(Todo::Listen(Socket::Tcp(port)));
        }
        let listens = self.server.blocks.iter().flat_map(|block| &block.listens);
        self.lines.extend(listens.map(|listen| Text::from(banner(listen))));
        self.lines.extend(self.configuration());
        self.lines.push(VERSION.into());
        self.lines.push("linux/amd64, go1.26.6, 4b26cce".into());
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
                    if let Some(Socket::Udp(port)) = self.sockets.get(&fd).copied() {
                        self.question(cx, fd, &bytes, peer, port, false);
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
                if let Some(answer) = web::answer(&connection.buffer, what, self.cluster.synced) {
                    self.todo.push_back(Todo::Call(Syscall::Write(fd, answer)));
                    self.close(fd);
                }
            }
            Socket::Tcp(port) | Socket::Udp(port) => {
                let mut messages = Vec::new();
                while let Some(message) = take_framed(&mut connection.buffer) {
                    messages.push(message);
                }
                for message in messages {
                    self.question(cx, fd, &message, peer, port, true);
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
        let Some(mut exchange) = Exchange::new(bytes, peer, port, tcp, cx.out.now) else { return };
        let client = exchange.client.clone();
        let progress = self.with_env(cx, &client, |server, env| exchange.begin(server, env));
        self.progress(cx, fd, exchange, progress);
    }

    fn with_env<T>(
        &mut self,
        cx: &mut Cx<'_, '_>,
        client: &super::plugins::Client,
        work: impl FnOnce(&mut Server, &mut Env<'_, '_>) -> T,
    ) -> T {
        let local: Vec<_> = cx.ip().into_iter().collect();
        let actor = cx.hostname();
        let mut env = Env {
            cluster: &self.cluster,
            local: &local,
            client,
            out: cx.out,
            actor: &actor,
            lines: &mut self.lines,
            rewritten: None,
        };
        work(&mut self.server, &mut env)
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
            Progress::Forward(query, to) => {
                let id = self.upstreams.add(fd, exchange, query, to, cx);
                self.todo.push_back(Todo::Upstream(id, Syscall::Socket(Protocol::Udp)));
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
        let Some((socket, mut waiting, answer)) = self.upstreams.answered(id, bytes) else { return };
        self.todo.push_back(Todo::Call(Syscall::Close(socket)));
        let client = waiting.exchange.client.clone();
        let progress =
            self.with_env(cx, &client, |server, env| waiting.exchange.forwarded(Ok(answer), server, env));
        self.progress(cx, waiting.client_fd, waiting.exchange, progress);
    }

    /// An upstream did not answer: its socket is closed; then it is tried again later, or given up.
    fn after_upstream(&mut self, cx: &mut Cx<'_, '_>, id: u64, retry: upstream::Retry) {
        self.todo.extend(retry.close.map(|fd| Todo::Call(Syscall::Close(fd))));
        if retry.again {
            self.todo.push_back(Todo::Upstream(id, Syscall::Socket(Protocol::Udp)));
        }
        let Some((mut waiting, words)) = retry.given_up else { return };
        let client = waiting.exchange.client.clone();
        let progress =
            self.with_env(cx, &client, |server, env| waiting.exchange.forwarded(Err(words), server, env));
        self.progress(cx, waiting.client_fd, waiting.exchange, progress);
    }
}

impl Socket {
    fn port(self) -> u16 {
        match self {
            Socket::Udp(port) | Socket::Tcp(port) | Socket::Http(port, _) => port,
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
