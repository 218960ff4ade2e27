//! curl: URLs in, bodies and exit codes out, in curl's own words.
//! Models: curl 8.12.1 on a terminal. Omits: TLS, proxies, HTTP/2, the progress meter, chunked bodies.

mod connect;
pub mod lookup;
pub mod options;
mod receive;
pub mod transfer;
pub mod url;
pub mod write_out;

use super::{Command, Programs};
use crate::base::{Duration, Fd, Instant, Text};
use crate::process::{Cx, Errno, OpenMode, Reply, Syscall, Turn};
use bytes::Bytes;
use lookup::Lookup;
use options::{Options, Output, Parsed};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use transfer::Transfer;
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
