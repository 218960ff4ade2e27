//! curl: URLs in, bodies and exit codes out, in curl's own words.
//! Models: curl 8.12.1 on a terminal. Omits: TLS, proxies, HTTP/2, the progress meter, chunked bodies.

pub mod lookup;
pub mod options;
pub mod transfer;
pub mod url;
pub mod write_out;

use super::{Command, Programs};
use crate::base::{Duration, Fd, Instant, Text};
use crate::net::Protocol;
use crate::process::{Cx, Errno, OpenMode, Reply, Syscall, Turn};
use bytes::Bytes;
use lookup::{Lookup, Source, Step};
use options::{Family, Options, Output, Parsed};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use transfer::{NotHttp, Transfer};
use url::Target;
use write_out::{End, write_out};

/// A running curl.
#[derive(Debug, Clone)]
pub struct Curl {
    argv: Vec<Text>,
    options: Options,
    state: State,
    /// Calls to be made before the state goes on; only the last one's reply counts.
    todo: VecDeque<Syscall>,
    transfer: Option<Transfer>,
    /// How many URLs were begun.
    begun: usize,
    status: i32,
    addresses: VecDeque<IpAddr>,
    connection: Option<Connection>,
    /// Connections made so far.
    opened: u32,
    output: Sink,
}

#[derive(Debug, Clone)]
struct Connection {
    fd: Fd,
    number: u32,
    host: (String, u16),
    ends: (SocketAddr, SocketAddr),
    reused: bool,
}

#[derive(Debug, Clone)]
enum State {
    Start,
    NextUrl,
    OpeningFile,
    Looking(Lookup),
    Opening(SocketAddr),
    Connecting(Fd, SocketAddr),
    Connected(Fd, SocketAddr),
    Refused(Fd, SocketAddr, Errno),
    Reading,
}

/// Where the body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Terminal,
    File(Fd),
    Nowhere,
}

/// Bytes read at once.
const CHUNK: u32 = 65_536;
/// `CURLOPT_CONNECTTIMEOUT` when none is given.
const CONNECT_PATIENCE: Duration = Duration::secs(300);

impl Curl {
    /// curl with these words.
    pub fn new(argv: &[Text]) -> Curl {
        Curl {
            argv: argv.to_vec(),
            options: Options::default(),
            state: State::Start,
            todo: VecDeque::new(),
            transfer: None,
            begun: 0,
            status: 0,
            addresses: VecDeque::new(),
            connection: None,
            opened: 0,
            output: Sink::Terminal,
        }
    }

    /// Goes on with the reply that the state waits for; queues at least one call.
    fn act(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        match std::mem::replace(&mut self.state, State::NextUrl) {
            State::Start => self.start(cx),
            State::NextUrl => self.next_url(cx),
            State::OpeningFile => match reply {
                Reply::Fd(fd) => {
                    self.output = Sink::File(fd);
                    self.look_up(cx);
                }
                _ => self.finish(cx, 23, "Failure writing output to destination, passed 1 returned 0".into()),
            },
            State::Looking(mut lookup) => {
                let step = lookup.resume(cx, reply);
                self.looked(cx, lookup, step);
            }
            State::Opening(to) => match reply {
                Reply::Fd(fd) => self.connect(cx, fd, to),
                _ => self.finish(cx, 7, "Couldn't open socket: Too many open files".into()),
            },
            State::Connecting(fd, to) => {
                self.state = match reply {
                    Reply::Err(errno) => State::Refused(fd, to, errno),
                    _ => State::Connected(fd, to),
                };
                self.todo.push_back(Syscall::SocketName(fd));
            }
            State::Connected(fd, to) => self.connected(cx, fd, to, reply),
            State::Refused(fd, to, errno) => self.refused(cx, fd, to, errno, reply),
            State::Reading => self.read(cx, reply),
        }
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) {
        match options::parse(cx, self.argv.get(1..).unwrap_or_default()) {
            Parsed::Run(options) => {
                self.options = *options;
                let lines: Vec<String> = self
                    .options
                    .resolve
                    .iter()
                    .map(|(host, port, ips)| {
                        let ips: Vec<String> = ips.iter().map(IpAddr::to_string).collect();
                        format!("* Added {host}:{port}:{} to DNS cache", ips.join(","))
                    })
                    .collect();
                lines.into_iter().for_each(|line| self.verbose(line));
                self.next_url(cx);
            }
            Parsed::Print(text) => {
                self.write(1, text);
                self.todo.push_back(Syscall::Exit(0));
            }
            Parsed::Usage(text) => {
                self.write(2, text);
                self.todo.push_back(Syscall::Exit(2));
            }
        }
    }

    fn next_url(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(url) = self.options.urls.get(self.begun).cloned() else {
            self.todo.push_back(Syscall::Exit(self.status));
            return;
        };
        let output = self.options.outputs.get(self.begun).cloned();
        self.begun += 1;
        self.output = Sink::Terminal;
        let target = match Target::parse(&url) {
            Ok(target) => target,
            Err((code, message)) => return self.finish(cx, code, message),
        };
        let path = match output {
            Some(Output::File(path)) if path == "-" => None,
            Some(Output::File(path)) => Some(path),
            Some(Output::Remote) => {
                let path = target.path.split('?').next().unwrap_or_default();
                path.rsplit('/').next().map(str::to_string)
            }
            None => None,
        };
        self.transfer = Some(Transfer::new(&self.options, &url, target, cx.out.now));
        match path {
            Some(path) if path == "/dev/null" => self.output = Sink::Nowhere,
            Some(path) => {
                self.state = State::OpeningFile;
                let path = if path.starts_with('/') { path } else { format!("/{path}") };
                self.todo.push_back(Syscall::Open(path.into(), OpenMode::Truncate));
                return;
            }
            None => {}
        }
        self.look_up(cx);
    }

    fn look_up(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(target) = self.transfer.as_ref().map(|transfer| transfer.target.clone()) else { return };
        if let Some(connection) = &mut self.connection
            && connection.host == (target.host.clone(), target.port)
        {
            connection.reused = true;
            self.verbose(format!("* Re-using existing connection with host {}", target.host));
            return self.send(cx);
        }
        if let Some(connection) = self.connection.take() {
            self.todo.push_back(Syscall::Close(connection.fd));
        }
        match lookup::known(&self.options, &target) {
            Some((ips, source)) => {
                if source == Source::Given {
                    self.verbose(format!("* Hostname {} was found in DNS cache", target.host));
                }
                self.resolved(cx, ips, source);
            }
            None => {
                let (lookup, step) = Lookup::start(cx, &target.host, self.options.family);
                self.looked(cx, lookup, step);
            }
        }
    }

    fn looked(&mut self, cx: &mut Cx<'_, '_>, lookup: Lookup, step: Step) {
        let late = self.time_left(cx.out.now) == Some(Duration::ZERO);
        match step {
            _ if late => {
                let took = self.elapsed(cx.out.now).as_millis();
                self.finish(cx, 28, format!("Resolving timed out after {took} milliseconds"));
            }
            Step::Call(call) => {
                self.state = State::Looking(lookup);
                self.todo.push_back(call);
            }
            Step::Done(ips) => self.resolved(cx, ips, Source::Resolver),
        }
    }

    fn resolved(&mut self, cx: &mut Cx<'_, '_>, ips: Vec<IpAddr>, source: Source) {
        let now = cx.out.now;
        let wanted = |ip: &IpAddr| match self.options.family {
            Some(Family::V4) => ip.is_ipv4(),
            Some(Family::V6) => ip.is_ipv6(),
            None => true,
        };
        self.addresses = ips.into_iter().filter(wanted).collect();
        let Some(transfer) = &mut self.transfer else { return };
        let (host, port) = (transfer.target.host.clone(), transfer.target.port);
        transfer.marks.looked_up = Some(now);
        if self.addresses.is_empty() {
            let message = format!("Could not resolve host: {host}");
            self.verbose(format!("* {message}"));
            self.verbose("* shutting down connection #0".to_string());
            return self.finish(cx, 6, message);
        }
        if source == Source::Resolver {
            let list = |v4: bool| {
                let ips = self.addresses.iter().filter(|ip| ip.is_ipv4() == v4);
                let ips: Vec<String> = ips.map(IpAddr::to_string).collect();
                if ips.is_empty() { "(none)".to_string() } else { ips.join(", ") }
            };
            let (v6, v4) = (list(false), list(true));
            self.verbose(format!("* Host {host}:{port} was resolved."));
            self.verbose(format!("* IPv6: {v6}"));
            self.verbose(format!("* IPv4: {v4}"));
        }
        self.try_next(cx);
    }

    /// Tries the next address.
    fn try_next(&mut self, cx: &mut Cx<'_, '_>) {
        let port = self.transfer.as_ref().map_or(80, |transfer| transfer.target.port);
        match self.addresses.pop_front() {
            Some(ip) => {
                let to = SocketAddr::new(ip, port);
                self.verbose(format!("*   Trying {to}..."));
                self.state = State::Opening(to);
                self.todo.push_back(Syscall::Socket(Protocol::Tcp));
            }
            None => {
                let host = self.transfer.as_ref().map_or("", |transfer| &transfer.target.host);
                let took = self.elapsed(cx.out.now).as_millis();
                let message = format!(
                    "Failed to connect to {host} port {port} after {took} ms: Could not connect to server"
                );
                self.verbose(format!("* {message}"));
                self.verbose(format!("* closing connection #{}", self.opened));
                self.finish(cx, 7, message);
            }
        }
    }

    fn connect(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr) {
        let patience = self.connect_left(cx.out.now);
        self.state = State::Connecting(fd, to);
        self.todo.push_back(Syscall::Connect(fd, to, Some(patience.min(Duration::secs(127)))));
    }

    fn refused(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr, errno: Errno, name: Reply) {
        self.todo.push_back(Syscall::Close(fd));
        let is_late = errno == Errno::Etimedout && self.connect_left(cx.out.now) == Duration::ZERO;
        if is_late {
            let took = self.elapsed(cx.out.now).as_millis();
            let message = format!("Connection timed out after {took} milliseconds");
            self.verbose(format!("* {message}"));
            self.verbose(format!("* closing connection #{}", self.opened));
            return self.finish(cx, 28, message);
        }
        let from = match name {
            Reply::Addresses(local, _) => format!(" from {} port {}", local.ip(), local.port()),
            _ => String::new(),
        };
        let (ip, port, words) = (to.ip(), to.port(), errno.words());
        self.verbose(format!("* connect to {ip} port {port}{from} failed: {words}"));
        self.try_next(cx);
    }

    fn connected(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr, name: Reply) {
        let now = cx.out.now;
        let Some(transfer) = &mut self.transfer else { return };
        transfer.marks.connected = Some(now);
        transfer.connects += 1;
        let host = (transfer.target.host.clone(), transfer.target.port);
        let local = match name {
            Reply::Addresses(local, _) => local,
            _ => SocketAddr::new(to.ip(), 0),
        };
        self.verbose(format!("* Connected to {} ({}) port {}", host.0, to.ip(), to.port()));
        self.verbose("* using HTTP/1.x".to_string());
        let number = self.opened;
        self.opened += 1;
        self.connection = Some(Connection { fd, number, host, ends: (local, to), reused: false });
        self.send(cx);
    }

    fn send(&mut self, cx: &mut Cx<'_, '_>) {
        let (Some(transfer), Some(connection)) = (&mut self.transfer, &self.connection) else { return };
        let fd = connection.fd;
        transfer.ends = Some(connection.ends);
        transfer.marks.looked_up.get_or_insert(cx.out.now);
        transfer.marks.connected.get_or_insert(cx.out.now);
        let lines = transfer.request(&self.options);
        let mut wire = transfer::wire(&lines);
        transfer.sizes.1 = wire.len();
        let body = transfer.body.clone();
        wire.extend_from_slice(body.as_deref().unwrap_or_default().as_bytes());
        lines.iter().for_each(|line| self.verbose(format!("> {line}")));
        self.verbose("> ".to_string());
        self.verbose(match &body {
            Some(body) if !body.is_empty() => format!("* upload completely sent off: {} bytes", body.len()),
            _ => "* Request completely sent off".to_string(),
        });
        self.todo.push_back(Syscall::Write(fd, wire.into()));
        self.await_bytes(cx);
    }

    /// Asks for more of the response, as long as there is time.
    fn await_bytes(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(fd) = self.connection.as_ref().map(|connection| connection.fd) else { return };
        self.state = State::Reading;
        self.todo.push_back(match self.time_left(cx.out.now) {
            Some(left) => Syscall::ReadTimeout(fd, CHUNK, left),
            None => Syscall::Read(fd, CHUNK),
        });
    }

    fn read(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        let now = cx.out.now;
        let bytes = match reply {
            Reply::Data(bytes) if bytes.is_empty() => return self.ended(cx),
            Reply::Data(bytes) => bytes,
            Reply::Err(Errno::Etimedout) => return self.timed_out(cx),
            Reply::Err(errno) => {
                let message = format!("Recv failure: {}", errno.words());
                self.verbose(format!("* {message}"));
                return self.broken(cx, 56, message);
            }
            _ => return self.broken(cx, 56, "Recv failure: Bad file descriptor".into()),
        };
        let Some(transfer) = &mut self.transfer else { return };
        transfer.marks.first_byte.get_or_insert(now);
        if transfer.head.is_some() {
            return self.body(cx, bytes);
        }
        match transfer.take_head(&bytes) {
            Err(NotHttp) => {
                self.verbose("* Received HTTP/0.9 when not allowed".to_string());
                self.broken(cx, 1, "Received HTTP/0.9 when not allowed".into());
            }
            Ok(None) => self.await_bytes(cx),
            Ok(Some(rest)) => self.head(cx, rest.into()),
        }
    }

    /// The head is whole.
    fn head(&mut self, cx: &mut Cx<'_, '_>, rest: Bytes) {
        let Some((transfer, head)) =
            self.transfer.as_ref().and_then(|t| t.head.clone().map(|head| (t, head)))
        else {
            return;
        };
        let bodiless = transfer.is_bodiless();
        let failed = head.status >= 400 && self.options.fail;
        let follows = self.follows(&head);
        head.lines.iter().for_each(|line| self.verbose(format!("< {line}")));
        if follows && head.length.is_some() {
            self.verbose("* Ignoring the response-body".to_string());
            self.verbose("* setting size while ignoring".to_string());
        }
        if failed {
            self.verbose(format!("* The requested URL returned error: {}", head.status));
        } else if head.length.is_none() && !bodiless {
            self.verbose("* no chunk, no close, no size. Assume close to signal end".to_string());
        }
        self.verbose("< ".to_string());
        if self.options.include && !failed {
            let text: String = head.lines.iter().map(|line| format!("{line}\r\n")).collect();
            self.emit(format!("{text}\r\n").into());
        }
        if failed {
            let message = format!("The requested URL returned error: {}", head.status);
            return self.broken(cx, 22, message);
        }
        if bodiless || head.length == Some(0) { self.complete(cx) } else { self.body(cx, rest) }
    }

    fn follows(&self, head: &transfer::Head) -> bool {
        self.options.location && (300..400).contains(&head.status) && head.header("location").is_some()
    }

    /// More of the body.
    fn body(&mut self, cx: &mut Cx<'_, '_>, bytes: Bytes) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(head) = transfer.head.clone() else { return };
        let room = head.length.map_or(u64::MAX, |length| length.saturating_sub(transfer.received));
        let bytes = bytes.slice(..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        transfer.received += bytes.len() as u64;
        let whole = head.length.is_some_and(|length| transfer.received >= length);
        if !bytes.is_empty() && !self.follows(&head) {
            self.emit(bytes);
        }
        if whole { self.complete(cx) } else { self.await_bytes(cx) }
    }

    /// The peer has no more to send.
    fn ended(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &self.transfer else { return };
        let reused = self.connection.as_ref().is_some_and(|connection| connection.reused);
        match &transfer.head {
            None if transfer.buffer.is_empty() && reused => {
                // The server had closed the idle connection: a fresh one.
                if let Some(connection) = self.connection.take() {
                    self.verbose(format!("* Connection {} seems to be dead", connection.number));
                    self.todo.push_back(Syscall::Close(connection.fd));
                }
                self.look_up(cx);
            }
            None => {
                let message = "Empty reply from server".to_string();
                self.verbose(format!("* {message}"));
                self.broken(cx, 52, message);
            }
            Some(head) => match head.length {
                Some(length) => {
                    let missing = length.saturating_sub(transfer.received);
                    let message = format!("end of response with {missing} bytes missing");
                    self.verbose(format!("* {message}"));
                    self.broken(cx, 18, message);
                }
                None => {
                    self.close("shutting down");
                    self.redirect_or_finish(cx);
                }
            },
        }
    }

    fn timed_out(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &self.transfer else { return };
        let took = self.elapsed(cx.out.now).as_millis();
        let received = transfer.received;
        let out_of = transfer.head.as_ref().and_then(|head| head.length);
        let out_of = out_of.map_or(String::new(), |length| format!(" out of {length}"));
        let message =
            format!("Operation timed out after {took} milliseconds with {received}{out_of} bytes received");
        self.verbose(format!("* {message}"));
        self.broken(cx, 28, message);
    }

    /// The response is whole.
    fn complete(&mut self, cx: &mut Cx<'_, '_>) {
        let head = self.transfer.as_ref().and_then(|transfer| transfer.head.as_ref());
        let closes =
            head.and_then(|head| head.header("connection")).is_some_and(|v| v.eq_ignore_ascii_case("close"));
        if closes {
            self.close("shutting down");
        } else if let Some(connection) = &self.connection {
            let (number, host) = (connection.number, connection.host.0.clone());
            self.verbose(format!("* Connection #{number} to host {host} left intact"));
        }
        self.redirect_or_finish(cx);
    }

    fn redirect_or_finish(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(head) = transfer.head.clone() else { return };
        let follows = self.options.location && (300..400).contains(&head.status);
        let location = head.header("location").filter(|_| follows).map(str::to_string);
        let Some(location) = location else {
            let failed = head.status >= 400 && self.options.fail_with_body;
            let message = format!("The requested URL returned error: {}", head.status);
            return if failed { self.finish(cx, 22, message) } else { self.finish(cx, 0, String::new()) };
        };
        let limit = self.options.max_redirects.unwrap_or(50);
        if transfer.redirects >= limit {
            return self.finish(cx, 47, format!("Maximum ({limit}) redirects followed"));
        }
        match transfer.target.follow(&location) {
            Err((code, message)) => self.finish(cx, code, message),
            Ok(target) => {
                transfer.redirects += 1;
                if matches!(head.status, 301..=303)
                    && transfer.method == "POST"
                    && self.options.method.is_none()
                {
                    transfer.method = "GET".to_string();
                    transfer.body = None;
                }
                let line = format!("* Issue another request to this URL: '{}'", target.url());
                (transfer.target, transfer.head, transfer.received) = (target, None, 0);
                self.verbose(line);
                self.look_up(cx);
            }
        }
    }

    /// A transfer that broke off takes its connection with it.
    fn broken(&mut self, cx: &mut Cx<'_, '_>, code: i32, message: String) {
        self.close(if code == 52 { "shutting down" } else { "closing" });
        self.finish(cx, code, message);
    }

    fn close(&mut self, how: &str) {
        if let Some(connection) = self.connection.take() {
            self.verbose(format!("* {how} connection #{}", connection.number));
            self.todo.push_back(Syscall::Close(connection.fd));
        }
    }

    /// The transfer is over, well or not.
    fn finish(&mut self, cx: &mut Cx<'_, '_>, code: i32, message: String) {
        let now = cx.out.now;
        self.status = code;
        if code != 0 && (!self.options.silent || self.options.show_error) {
            self.write(2, format!("curl: ({code}) {message}\n"));
        }
        let transfer = self.transfer.take();
        if let Some(format) = self.options.write_out.clone()
            && let Some(transfer) = transfer
        {
            let end = End { number: self.begun.saturating_sub(1), code, message };
            let (text, complaints) = write_out(&transfer, &format, &end, now);
            complaints.into_iter().for_each(|line| self.write(2, line));
            self.write(1, text);
        }
        if let Sink::File(fd) = self.output {
            self.todo.push_back(Syscall::Close(fd));
        }
        self.state = State::NextUrl;
    }

    fn verbose(&mut self, line: String) {
        if self.options.verbose {
            self.write(2, format!("{line}\n"));
        }
    }

    fn emit(&mut self, bytes: Bytes) {
        match self.output {
            Sink::Terminal => self.todo.push_back(Syscall::Write(Fd(1), bytes)),
            Sink::File(fd) => self.todo.push_back(Syscall::Write(fd, bytes)),
            Sink::Nowhere => {}
        }
    }

    /// Text on a standard descriptor. Lines for one descriptor become one write.
    fn write(&mut self, fd: u32, text: String) {
        if let Some(Syscall::Write(Fd(last), bytes)) = self.todo.back_mut()
            && *last == fd
        {
            *bytes = [bytes, text.as_bytes()].concat().into();
        } else if !text.is_empty() {
            self.todo.push_back(Syscall::Write(Fd(fd), text.into()));
        }
    }

    fn elapsed(&self, now: Instant) -> Duration {
        self.transfer.as_ref().map_or(Duration::ZERO, |transfer| now.since(transfer.marks.began))
    }

    /// What is left of `--max-time`.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        let limit = self.options.max_time?;
        Some(Duration(limit.0.saturating_sub(self.elapsed(now).0)))
    }

    /// What is left for connecting.
    fn connect_left(&self, now: Instant) -> Duration {
        let limit = self.options.connect_timeout.unwrap_or(CONNECT_PATIENCE);
        let limit = self.options.max_time.map_or(limit, |max| max.min(limit));
        Duration(limit.0.saturating_sub(self.elapsed(now).0))
    }
}

impl Command for Curl {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let mut reply = Some(reply);
        // A URL that fails in silence asks for no call; the next one then goes on.
        while self.todo.is_empty() {
            self.act(cx, reply.take().unwrap_or(Reply::Done));
        }
        self.todo.pop_front().unwrap_or(Syscall::Exit(self.status)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}
