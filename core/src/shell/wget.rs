//! wget, as busybox and alpine have it.
//! Models: busybox 1.36 `networking/wget.c`. Omits: the progress bar, TLS, FTP, proxies, `-c`, redirects beyond ten.

use super::curl::lookup::{Lookup, Step};
use super::curl::url::Target;
use super::{Command, Programs};
use crate::base::{Duration, Fd, Instant, Text};
use crate::net::Protocol;
use crate::net::http1::{Parsed, parse_response};
use crate::process::{Cx, Errno, OpenMode, Reply, Syscall, Turn};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// A running wget.
#[derive(Debug, Clone)]
pub struct Wget {
    argv: Vec<Text>,
    options: Options,
    target: Option<Target>,
    state: State,
    todo: VecDeque<Syscall>,
    socket: Fd,
    deadline: Instant,
    buffer: Vec<u8>,
    redirects: u32,
}

#[derive(Debug, Clone, Default)]
struct Options {
    url: String,
    output: Option<String>,
    quiet: bool,
    show_headers: bool,
    spider: bool,
    timeout: Option<u64>,
    headers: Vec<String>,
    post: Option<String>,
    agent: Option<String>,
}

#[derive(Debug, Clone)]
enum State {
    Start,
    Looking(Lookup),
    Opening(IpAddr),
    Connecting(SocketAddr),
    Reading,
    Saving(Bytes),
}

impl Wget {
    /// wget with these words.
    pub fn new(argv: &[Text]) -> Wget {
        Wget {
            argv: argv.to_vec(),
            options: Options::default(),
            target: None,
            state: State::Start,
            todo: VecDeque::new(),
            socket: Fd(0),
            deadline: Instant::ZERO,
            buffer: Vec::new(),
            redirects: 0,
        }
    }

    fn act(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) {
        match std::mem::replace(&mut self.state, State::Start) {
            State::Start => self.start(cx),
            State::Looking(mut lookup) => {
                let step = lookup.resume(cx, reply);
                self.looked(lookup, step);
            }
            State::Opening(ip) => {
                let Reply::Fd(fd) = reply else { return self.die("wget: socket: Too many open files") };
                self.socket = fd;
                let to = SocketAddr::new(ip, self.target.as_ref().map_or(80, |target| target.port));
                self.state = State::Connecting(to);
                let left = self.deadline.since(cx.out.now).min(Duration::secs(127));
                self.todo.push_back(Syscall::Connect(fd, to, Some(left)));
            }
            State::Connecting(to) => match reply {
                Reply::Err(Errno::Etimedout) if cx.out.now >= self.deadline => {
                    self.die("wget: download timed out");
                }
                Reply::Err(errno) => {
                    let line = format!("wget: can't connect to remote host ({}): {}", to.ip(), errno.words());
                    self.die(&line);
                }
                _ => self.send(cx),
            },
            State::Reading => match reply {
                Reply::Data(bytes) => self.received(cx, &bytes),
                Reply::Err(Errno::Etimedout) => self.die("wget: download timed out"),
                _ => self.die("wget: error getting response: Connection reset by peer"),
            },
            State::Saving(body) => {
                let Reply::Fd(fd) = reply else { return self.die("wget: can't open file") };
                self.todo.push_back(Syscall::Write(fd, body));
                self.todo.push_back(Syscall::Exit(0));
            }
        }
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) {
        if self.target.is_none() {
            match parse(self.argv.get(1..).unwrap_or_default()) {
                Ok(options) => self.options = options,
                Err(line) => return self.die(&line),
            }
            self.deadline = cx.out.now + Duration::secs(self.options.timeout.unwrap_or(900));
            match Target::parse(&self.options.url) {
                Ok(target) => self.target = Some(target),
                Err(_) => {
                    let line = format!("wget: not an http or ftp url: {}", self.options.url);
                    return self.die(&line);
                }
            }
        }
        let host = self.target.as_ref().map(|target| target.host.clone()).unwrap_or_default();
        match host.parse() {
            Ok(ip) => self.open(ip),
            Err(_) => {
                let (lookup, step) = Lookup::start(cx, &host, None);
                self.looked(lookup, step);
            }
        }
    }

    fn looked(&mut self, lookup: Lookup, step: Step) {
        match step {
            Step::Call(call) => {
                self.state = State::Looking(lookup);
                self.todo.push_back(call);
            }
            Step::Done(ips) => match ips.first() {
                Some(ip) => self.open(*ip),
                None => {
                    let host = self.target.as_ref().map_or("", |target| &target.host);
                    let line = format!("wget: bad address '{host}'");
                    self.die(&line);
                }
            },
        }
    }

    fn open(&mut self, ip: IpAddr) {
        let (host, port) = self.target.as_ref().map_or(("", 80), |t| (t.host.as_str(), t.port));
        let line = format!("Connecting to {host} ({})\n", SocketAddr::new(ip, port));
        self.tell(line);
        self.state = State::Opening(ip);
        self.todo.push_back(Syscall::Socket(Protocol::Tcp));
    }

    fn send(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(target) = &self.target else { return };
        let method = match (&self.options.post, self.options.spider) {
            (Some(_), _) => "POST",
            (None, true) => "HEAD",
            (None, false) => "GET",
        };
        let agent = self.options.agent.as_deref().unwrap_or("Wget");
        let mut text = format!("{method} {} HTTP/1.1\r\nHost: {}\r\n", target.path, target.authority());
        let given =
            |name: &str| self.options.headers.iter().any(|h| h.to_ascii_lowercase().starts_with(name));
        if !given("user-agent:") {
            text.push_str(&format!("User-Agent: {agent}\r\n"));
        }
        text.push_str("Connection: close\r\n");
        self.options.headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
        if let Some(post) = &self.options.post {
            if !given("content-type:") {
                text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
            text.push_str(&format!("Content-Length: {}\r\n\r\n{post}", post.len()));
        } else {
            text.push_str("\r\n");
        }
        self.todo.push_back(Syscall::Write(self.socket, text.into()));
        self.await_bytes(cx);
    }

    fn await_bytes(&mut self, cx: &mut Cx<'_, '_>) {
        self.state = State::Reading;
        let left = self.deadline.since(cx.out.now);
        self.todo.push_back(Syscall::ReadTimeout(self.socket, 65_536, left));
    }

    fn received(&mut self, cx: &mut Cx<'_, '_>, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        let ended = bytes.is_empty();
        match parse_response(&self.buffer, ended) {
            Parsed::Whole(response, _) => self.done(&response),
            // The answer to HEAD has a length and no body.
            Parsed::Partial if self.options.spider && self.buffer.ends_with(b"\r\n\r\n") => {
                let ok = self.buffer.starts_with(b"HTTP/1.1 2");
                let first = self.first_line();
                if ok { self.end("remote file exists\n") } else { self.refused(&first) }
            }
            Parsed::Partial if !ended => self.await_bytes(cx),
            Parsed::Partial => self.die("wget: error getting response"),
            Parsed::Bad => self.die("wget: error getting response"),
        }
    }

    fn done(&mut self, response: &http::Response<Bytes>) {
        let status = response.status();
        let first = self.first_line();
        if self.options.show_headers {
            let head = String::from_utf8_lossy(&self.buffer);
            let head = head.split("\r\n\r\n").next().unwrap_or_default();
            let lines: String = head.lines().map(|line| format!("  {line}\n")).collect();
            self.todo.push_back(Syscall::Write(Fd(2), lines.into()));
        }
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        if status.is_redirection()
            && let Some(next) = location.and_then(|to| self.target.as_ref()?.follow(to).ok())
        {
            self.redirects += 1;
            if self.redirects > 10 {
                return self.die("wget: too many redirections");
            }
            self.target = Some(next);
            self.buffer.clear();
            self.todo.push_back(Syscall::Close(self.socket));
            return;
        }
        if !status.is_success() {
            return self.refused(&first);
        }
        if self.options.spider {
            return self.end("remote file exists\n");
        }
        self.save(response.body().clone());
    }

    fn save(&mut self, body: Bytes) {
        let path = self.target.as_ref().map_or("", |t| t.path.split('?').next().unwrap_or_default());
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("index.html");
        match self.options.output.clone().unwrap_or_else(|| name.to_string()).as_str() {
            "-" => {
                self.tell("writing to stdout\n".to_string());
                self.todo.push_back(Syscall::Write(Fd(1), body));
                self.end("written to stdout\n");
            }
            "/dev/null" => {
                self.tell("saving to '/dev/null'\n".to_string());
                self.end("'/dev/null' saved\n");
            }
            file => {
                self.tell(format!("saving to '{file}'\n"));
                self.tell(format!("'{file}' saved\n"));
                let path = if file.starts_with('/') { file.to_string() } else { format!("/{file}") };
                self.state = State::Saving(body);
                self.todo.push_back(Syscall::Open(path.into(), OpenMode::Truncate));
            }
        }
    }

    fn first_line(&self) -> String {
        String::from_utf8_lossy(&self.buffer).lines().next().unwrap_or_default().trim_end().to_string()
    }

    fn refused(&mut self, first: &str) {
        let line = format!("wget: server returned error: {first}");
        self.die(&line);
    }

    fn end(&mut self, line: &str) {
        self.tell(line.to_string());
        self.todo.push_back(Syscall::Exit(0));
    }

    fn die(&mut self, line: &str) {
        self.todo.push_back(Syscall::Write(Fd(2), format!("{line}\n").into()));
        self.todo.push_back(Syscall::Exit(1));
    }

    fn tell(&mut self, line: String) {
        if !self.options.quiet {
            self.todo.push_back(Syscall::Write(Fd(2), line.into()));
        }
    }
}

/// Reads the words after `wget`. `Err`: what it complains of.
fn parse(words: &[Text]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.iter().map(|word| &**word);
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let short = match name {
                "quiet" => 'q',
                "spider" => 's',
                "server-response" => 'S',
                "output-document" => 'O',
                "timeout" => 'T',
                "header" => 'h',
                "post-data" => 'p',
                "user-agent" => 'U',
                "tries" => 't',
                "no-check-certificate" => 'n',
                _ => return Err(format!("wget: unrecognized option: {name}")),
            };
            let takes = "OThpUt".contains(short);
            let value = if takes { value.or_else(|| words.next()) } else { value };
            options.set(short, value.unwrap_or_default());
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let mut rest = letters;
            while let Some(letter) = rest.chars().next() {
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
                if "OTUt".contains(letter) {
                    let value = if rest.is_empty() { words.next() } else { Some(rest) };
                    let Some(value) = value else {
                        return Err(format!("wget: option requires an argument: {letter}"));
                    };
                    options.set(letter, value);
                    break;
                }
                if !"qSc".contains(letter) {
                    return Err(format!("wget: unrecognized option: {letter}"));
                }
                options.set(letter, "");
            }
        } else {
            options.url = word.to_string();
        }
    }
    if options.url.is_empty() { Err("wget: missing URL".to_string()) } else { Ok(options) }
}

impl Options {
    fn set(&mut self, letter: char, value: &str) {
        match letter {
            'q' => self.quiet = true,
            's' => self.spider = true,
            'S' => self.show_headers = true,
            'O' => self.output = Some(value.to_string()),
            'T' => self.timeout = value.parse().ok(),
            'h' => self.headers.push(value.to_string()),
            'p' => self.post = Some(value.to_string()),
            'U' => self.agent = Some(value.to_string()),
            _ => {}
        }
    }
}

impl Command for Wget {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let mut reply = Some(reply);
        while self.todo.is_empty() {
            self.act(cx, reply.take().unwrap_or(Reply::Done));
        }
        self.todo.pop_front().unwrap_or(Syscall::Exit(1)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}
