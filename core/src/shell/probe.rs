//! The kubelet's probes over the network, as programs: exit status 0 is success. Exec probes are ordinary commands.
//! Models: `pkg/probe/{http,tcp}`. Omits: TLS, following redirects (a redirect is a success).

use super::print::Print;
use super::{Command, Programs, commands, images};
use crate::base::{Duration, Fd, Instant, Text};
use crate::effect::ProbeAction;
use crate::net::Protocol;
use crate::net::http1::{Parsed, parse_response};
use crate::process::{Cx, Errno, Reply, Syscall, Turn};
use std::net::SocketAddr;

/// A probe.
#[derive(Debug, Clone)]
pub struct Probe {
    to: SocketAddr,
    /// The request; empty when a connection is enough.
    request: Text,
    timeout: Duration,
    deadline: Instant,
    state: State,
    socket: Option<Fd>,
    buffer: Vec<u8>,
    status: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Opening,
    Connecting,
    Sending,
    Reading,
    Saying,
}

/// The program of a probe. A command that does not exist fails as it would in the container.
pub fn program(action: &ProbeAction, timeout: Duration) -> Programs {
    let argv: &[Text] = match action {
        ProbeAction::Exec(argv) => argv,
        ProbeAction::Http(..) | ProbeAction::Tcp(_) => &[],
    };
    match (Probe::new(action, timeout), commands::program(argv)) {
        (Some(probe), _) => probe.into(),
        (None, Some(command)) => command,
        (None, None) => Print::new(argv, images::not_found).into(),
    }
}

impl Probe {
    /// The program of a probe; `None` for exec probes.
    pub fn new(action: &ProbeAction, timeout: Duration) -> Option<Probe> {
        let (to, request) = match action {
            ProbeAction::Http(to, path, headers) => (*to, get(*to, path, headers)),
            ProbeAction::Tcp(to) => (*to, String::new()),
            ProbeAction::Exec(_) => return None,
        };
        Some(Probe {
            to,
            request: request.into(),
            timeout,
            deadline: Instant::ZERO,
            state: State::Start,
            socket: None,
            buffer: Vec::new(),
            status: 1,
        })
    }

    /// Ends with a line that says what was seen; the kubelet's event carries it.
    fn say(&mut self, success: bool, text: String) -> Syscall {
        self.status = i32::from(!success);
        self.state = State::Saying;
        Syscall::Write(Fd(1), text.into())
    }

    fn fail(&mut self, errno: Errno) -> Syscall {
        let Probe { to, .. } = self;
        let is_http = !self.request.is_empty();
        let url = format!("Get \"http://{to}{}\"", self.request.split(' ').nth(1).unwrap_or("/"));
        let text = match errno {
            Errno::Etimedout if is_http => {
                format!("{url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
            }
            Errno::Etimedout => format!("dial tcp {to}: i/o timeout"),
            Errno::Econnreset => format!("{url}: read tcp {to}: read: connection reset by peer"),
            Errno::Ehostunreach => format!("dial tcp {to}: connect: no route to host"),
            _ => format!("dial tcp {to}: connect: connection refused"),
        };
        let dialled = matches!(errno, Errno::Econnrefused | Errno::Ehostunreach);
        let text = if is_http && dialled { format!("{url}: {text}") } else { text };
        self.say(false, text)
    }

    fn read(&mut self, cx: &Cx<'_, '_>) -> Syscall {
        let left = self.deadline.since(cx.out.now);
        match self.socket {
            Some(fd) if left > Duration::ZERO => Syscall::ReadTimeout(fd, 65_536, left),
            _ => self.fail(Errno::Etimedout),
        }
    }

    fn received(&mut self, cx: &Cx<'_, '_>, bytes: &[u8]) -> Syscall {
        self.buffer.extend_from_slice(bytes);
        match parse_response(&self.buffer, bytes.is_empty()) {
            Parsed::Whole(response, _) => {
                let code = response.status().as_u16();
                let success = (200..400).contains(&code);
                let text = if success {
                    String::new()
                } else {
                    format!("HTTP probe failed with statuscode: {code}")
                };
                self.say(success, text)
            }
            Parsed::Partial if !bytes.is_empty() => self.read(cx),
            Parsed::Partial => {
                let url =
                    format!("Get \"http://{}{}\"", self.to, self.request.split(' ').nth(1).unwrap_or("/"));
                self.say(false, format!("{url}: EOF"))
            }
            Parsed::Bad => {
                let first =
                    String::from_utf8_lossy(&self.buffer).lines().next().unwrap_or_default().to_string();
                let url =
                    format!("Get \"http://{}{}\"", self.to, self.request.split(' ').nth(1).unwrap_or("/"));
                self.say(false, format!("{url}: net/http: HTTP/1.x transport connection broken: malformed HTTP response {first:?}"))
            }
        }
    }
}

fn get(to: SocketAddr, path: &str, headers: &[(Text, Text)]) -> String {
    let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
    let given = |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let host = given("host").map_or_else(|| to.to_string(), |(_, value)| value.to_string());
    let agent = given("user-agent").map_or("kube-probe/1.35", |(_, value)| value);
    let accept = given("accept").map_or("*/*", |(_, value)| value);
    let apart = ["host", "user-agent", "accept"];
    let rest = headers.iter().filter(|(key, _)| !apart.contains(&key.to_ascii_lowercase().as_str()));
    let rest: String = rest.map(|(key, value)| format!("{key}: {value}\r\n")).collect();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: {accept}\r\n{rest}Connection: close\r\n\r\n"
    )
}

impl Command for Probe {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let call = match (self.state, reply) {
            (State::Start, _) => {
                self.deadline = cx.out.now + self.timeout;
                self.state = State::Opening;
                Syscall::Socket(Protocol::Tcp)
            }
            (State::Opening, Reply::Fd(fd)) => {
                (self.socket, self.state) = (Some(fd), State::Connecting);
                Syscall::Connect(fd, self.to, Some(self.timeout))
            }
            (State::Connecting, Reply::Done) if self.request.is_empty() => self.say(true, String::new()),
            (State::Connecting, Reply::Done) => {
                self.state = State::Sending;
                let fd = self.socket.unwrap_or_default();
                Syscall::Write(fd, self.request.to_string().into())
            }
            (State::Sending, _) => {
                self.state = State::Reading;
                self.read(cx)
            }
            (State::Reading, Reply::Data(bytes)) => self.received(cx, &bytes),
            (State::Saying, _) => Syscall::Exit(self.status),
            (_, Reply::Err(errno)) => self.fail(errno),
            _ => self.fail(Errno::Einval),
        };
        call.into()
    }

    fn command(&self) -> Text {
        format!("probe {}", self.to).into()
    }
}
