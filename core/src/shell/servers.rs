//! The servers that containers run: one state machine over sockets, and an [`App`] that knows what each answers.
//! Omits: chunked bodies, TLS, files on disk other than those written into the container.

pub mod agnhost;
pub mod answer;
pub mod dates;
pub mod health;
pub mod nginx;
pub mod plain;
pub mod whoami;

use super::{Command, Programs};
use crate::base::{Duration, Fd, FlatMap, Instant, Text};
use crate::net::Protocol;
use crate::net::http1::{Parsed, parse_request, write_response};
use crate::process::{Cx, Ready, Reply, Signal, Syscall, Turn};
use answer::{Answer, Asked, Then};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// What a server is.
#[derive(Debug, Clone)]
pub enum App {
    /// `agnhost netexec`.
    Netexec(agnhost::Netexec),
    /// `agnhost serve-hostname`.
    ServeHostname(agnhost::ServeHostname),
    /// nginx.
    Nginx(nginx::Nginx),
    /// traefik/whoami.
    Whoami(whoami::Whoami),
    /// Servers that say little.
    Plain(plain::Plain),
    /// kube-proxy's health check node port.
    Health(health::Health),
}

/// A server.
#[derive(Debug, Clone)]
pub struct Server {
    argv: Vec<Text>,
    app: App,
    /// Ports that are still to be opened.
    ports: VecDeque<(Protocol, u16)>,
    opening: Option<(Protocol, u16, Option<Fd>)>,
    /// Lines for when the ports are open, and what else is to be done next.
    todo: VecDeque<Syscall>,
    connections: FlatMap<Fd, Connection>,
    /// Answers that are held back until an instant.
    held: FlatMap<(Instant, u64), (Fd, Answer)>,
    held_count: u64,
    started: Instant,
    is_up: bool,
    requests: u64,
}

#[derive(Debug, Clone)]
struct Connection {
    number: u64,
    peer: SocketAddr,
    buffer: BytesMut,
    done: bool,
}

impl Server {
    /// A server that listens on these ports.
    pub fn new(argv: &[Text], app: App, ports: impl IntoIterator<Item = (Protocol, u16)>) -> Server {
        Server {
            argv: argv.to_vec(),
            app,
            ports: ports.into_iter().collect(),
            opening: None,
            todo: VecDeque::new(),
            connections: FlatMap::new(),
            held: FlatMap::new(),
            held_count: 0,
            started: Instant::ZERO,
            is_up: false,
            requests: 0,
        }
    }

    /// The next step of opening the ports; `None` when all are open.
    fn open(&mut self, reply: Reply) -> Option<Syscall> {
        match (self.opening.take(), reply) {
            (Some((protocol, port, None)), Reply::Fd(fd)) => {
                self.opening = Some((protocol, port, Some(fd)));
                return Some(Syscall::Listen(fd, port));
            }
            (Some((_, port, _)), Reply::Err(_)) => {
                self.ports.clear();
                let line = format!("listen tcp :{port}: bind: address already in use\n");
                self.todo.push_back(Syscall::Exit(1));
                return Some(Syscall::Write(Fd(2), line.into()));
            }
            _ => {}
        }
        let (protocol, port) = self.ports.pop_front()?;
        self.opening = Some((protocol, port, None));
        Some(Syscall::Socket(protocol))
    }

    fn happened(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, ready: Ready) {
        match ready {
            Ready::Accepted(new, peer) => {
                self.requests += 1;
                let number = self.requests;
                self.connections
                    .insert(new, Connection { number, peer, buffer: BytesMut::new(), done: false });
                if let Some(greeting) = self.app.greeting(cx, peer) {
                    self.give(new, greeting);
                }
            }
            Ready::Data(bytes) if bytes.is_empty() => self.peer_done(fd),
            Ready::Data(bytes) => {
                if let Some(connection) = self.connections.get_mut(&fd) {
                    connection.buffer.extend_from_slice(&bytes);
                    self.read(cx, fd);
                }
            }
            Ready::Datagram(peer, bytes) => {
                let (log, answer) = self.app.datagram(cx, peer, &bytes);
                self.todo.extend(log.map(|line| Syscall::Write(Fd(2), line.into())));
                self.todo.extend(answer.map(|bytes| Syscall::SendTo(fd, peer, bytes)));
            }
            Ready::Reset => self.close(fd),
            Ready::Watch(_) => {}
        }
    }

    /// The peer has no more to send: the connection is closed once nothing more is owed to it.
    fn peer_done(&mut self, fd: Fd) {
        let owed = self.held.values().any(|(to, _)| *to == fd);
        match self.connections.get_mut(&fd) {
            Some(connection) if owed => connection.done = true,
            _ => self.close(fd),
        }
    }

    fn close(&mut self, fd: Fd) {
        self.connections.remove(&fd);
        self.held.retain(|_, (to, _)| *to != fd);
        self.todo.push_back(Syscall::Close(fd));
    }

    /// Answers the requests that a connection's buffer holds.
    fn read(&mut self, cx: &mut Cx<'_, '_>, fd: Fd) {
        while let Some(connection) = self.connections.get_mut(&fd) {
            let (request, used) = match parse_request(&connection.buffer) {
                Parsed::Whole(request, used) => (request, used),
                Parsed::Partial => return,
                Parsed::Bad => {
                    self.give(fd, self.app.bad_request(cx));
                    return;
                }
            };
            let _ = connection.buffer.split_to(used);
            let asked = Asked {
                request: &request,
                peer: connection.peer,
                connection: connection.number,
                started: self.started,
            };
            let mut answer = self.app.answer(cx, &asked);
            let wants_close = request.headers().get("connection");
            if wants_close.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close")) {
                answer = answer.and_close();
            }
            if request.method() == http::Method::HEAD {
                answer = answer.head_only();
            }
            if answer.wait == Duration::ZERO {
                self.give(fd, answer);
            } else {
                let due = cx.out.now + answer.wait;
                self.held.insert((due, self.held_count), (fd, answer));
                self.held_count += 1;
            }
        }
    }

    fn give(&mut self, fd: Fd, answer: Answer) {
        let Answer { log, wire, then, .. } = answer;
        self.todo.extend(log.into_iter().map(|(to, line)| Syscall::Write(Fd(to), line.into())));
        if !wire.is_empty() {
            self.todo.push_back(Syscall::Write(fd, wire));
        }
        match then {
            Then::KeepAlive => {}
            Then::Close => self.close(fd),
            Then::Exit(status) => self.todo.push_back(Syscall::Exit(status)),
        }
    }

    /// Gives the answers whose time has come; tells how long until the next.
    fn release(&mut self, now: Instant) -> Option<Duration> {
        while let Some(((due, _), _)) = self.held.first_key_value() {
            if *due > now {
                return Some(*due - now);
            }
            let Some((_, (fd, answer))) = self.held.pop_first() else { break };
            self.give(fd, answer);
            if self.connections.get(&fd).is_some_and(|connection| connection.done) {
                self.peer_done(fd);
            }
        }
        None
    }
}

impl Command for Server {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            self.started = cx.out.now;
        }
        if !self.is_up {
            if let Some(call) = self.open(reply) {
                return call.into();
            }
            self.is_up = self.ports.is_empty() && self.todo.is_empty();
            let lines = if self.is_up { self.app.start_lines(cx, &self.argv) } else { Vec::new() };
            self.todo.extend(lines.into_iter().map(|(fd, line)| Syscall::Write(Fd(fd), line.into())));
        } else {
            match reply {
                Reply::Ready(fd, ready) => self.happened(cx, fd, ready),
                Reply::Interrupted(_) => {
                    let (lines, status) = self.app.stop(cx.out.now);
                    self.todo.extend(lines.into_iter().map(|line| Syscall::Write(Fd(2), line.into())));
                    self.todo.extend(status.map(Syscall::Exit));
                }
                _ => {}
            }
        }
        let wait = self.release(cx.out.now);
        self.todo.pop_front().unwrap_or(Syscall::Next(wait)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}

impl App {
    fn answer(&mut self, cx: &mut Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        match self {
            App::Netexec(app) => app.answer(cx, asked),
            App::ServeHostname(app) => app.answer(cx, asked),
            App::Nginx(app) => app.answer(cx, asked),
            App::Whoami(app) => app.answer(cx, asked),
            App::Plain(app) => app.answer(cx, asked),
            App::Health(app) => app.answer(cx, asked),
        }
    }

    /// What is written when the ports are open: descriptor and line.
    fn start_lines(&self, cx: &Cx<'_, '_>, argv: &[Text]) -> Vec<(u32, String)> {
        let now = cx.out.now;
        match self {
            App::Netexec(app) => app.start_lines(now),
            App::ServeHostname(app) => app.start_lines(now),
            App::Nginx(app) => app.start_lines(now),
            App::Whoami(app) => app.start_lines(now),
            App::Plain(app) => app.start_lines(now, argv),
            App::Health(_) => Vec::new(),
        }
    }

    /// What a server says to a new connection before it is asked.
    fn greeting(&self, cx: &Cx<'_, '_>, peer: SocketAddr) -> Option<Answer> {
        match self {
            App::ServeHostname(app) => app.greeting(cx, peer),
            App::Netexec(_) | App::Nginx(_) | App::Whoami(_) | App::Plain(_) | App::Health(_) => None,
        }
    }

    fn datagram(&self, cx: &Cx<'_, '_>, peer: SocketAddr, bytes: &Bytes) -> (Option<String>, Option<Bytes>) {
        match self {
            App::Netexec(app) => app.datagram(cx, peer, bytes),
            App::ServeHostname(app) => app.datagram(cx, peer),
            App::Nginx(_) | App::Whoami(_) | App::Plain(_) | App::Health(_) => (None, None),
        }
    }

    /// What answers bytes that are no HTTP.
    fn bad_request(&self, cx: &Cx<'_, '_>) -> Answer {
        match self {
            App::Nginx(app) => app.bad_request(cx.out.now),
            App::Netexec(_) | App::ServeHostname(_) | App::Whoami(_) | App::Plain(_) | App::Health(_) => {
                answer::go_bad_request()
            }
        }
    }

    /// SIGTERM or SIGINT: what is written, and the exit status; `None` when the server goes on.
    fn stop(&self, now: Instant) -> (Vec<String>, Option<i32>) {
        match self {
            App::Nginx(app) => (app.stop_lines(now), Some(0)),
            App::ServeHostname(_) => (agnhost::ServeHostname::stop_lines(now), None),
            // A Go program that does not handle the signal ends with status 2.
            App::Netexec(_) | App::Whoami(_) => (Vec::new(), Some(2)),
            App::Plain(_) | App::Health(_) => (Vec::new(), Some(0)),
        }
    }
}

/// A response on the wire.
pub(super) fn wire(response: &http::Response<Bytes>) -> Bytes {
    write_response(response)
}
