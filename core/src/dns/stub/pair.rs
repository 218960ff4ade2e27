//! One name's questions (A and AAAA) to the servers of resolv.conf: both at once from one socket, again after a timeout,
//! over TCP when an answer is cut off. Knows no search list.
//! Models: glibc 2.36 resolv/res_send.c (`send_dg`, `send_vc`).

use super::ResolvConf;
use crate::base::{Duration, Fd};
use crate::dns::coredns::{framed, take_framed};
use crate::dns::message::{Message, Rcode, decode, encode};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Refusal;
use bytes::BytesMut;
use std::net::SocketAddr;

/// The questions on their way.
#[derive(Debug, Clone)]
pub struct Pair {
    queries: Vec<Message>,
    answers: Vec<Option<Message>>,
    servers: Vec<SocketAddr>,
    /// Which server of how many tries.
    at: usize,
    attempts: u32,
    timeout: Duration,
    /// Questions one after another; then also on a socket of their own.
    single: bool,
    reopen: bool,
    tcp: bool,
    socket: Option<Fd>,
    /// Which question is sent next.
    sent: usize,
    stage: Stage,
    buffer: BytesMut,
    /// Whether any server said anything but "refused".
    somewhere: bool,
    servfail: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Socket,
    Connect,
    Send,
    Wait,
    /// The socket closes; then this.
    Close(After),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Again,
    NextServer,
    Done,
}

/// What the questions do next.
#[derive(Debug, Clone)]
pub enum PairStep {
    /// A system call.
    Call(Syscall),
    /// Answers.
    Done(Vec<Message>),
    /// No server answered in time.
    TimedOut,
    /// Servers answered, but none could say.
    Servfail,
    /// Nobody listens at any server's address.
    Refused,
}

impl Pair {
    /// Begins with questions.
    pub fn start(queries: Vec<Message>, conf: &ResolvConf) -> (Pair, Syscall) {
        let pair = Pair {
            answers: vec![None; queries.len()],
            queries,
            servers: conf.servers.clone(),
            at: 0,
            attempts: conf.attempts,
            timeout: conf.timeout,
            single: conf.single_request,
            reopen: conf.reopen,
            tcp: conf.use_vc,
            socket: None,
            sent: 0,
            stage: Stage::Socket,
            buffer: BytesMut::new(),
            somewhere: false,
            servfail: false,
        };
        let protocol = pair.protocol();
        (pair, Syscall::Socket(protocol))
    }

    fn protocol(&self) -> Protocol {
        if self.tcp { Protocol::Tcp } else { Protocol::Udp }
    }

    fn server(&self) -> SocketAddr {
        let index = self.at % self.servers.len().max(1);
        self.servers.get(index).copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 53)))
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> PairStep {
        match (self.stage, reply) {
            (Stage::Close(after), _) => self.closed(after),
            (_, Reply::Err(Errno::Etimedout)) => self.timed_out(cx),
            (_, Reply::Err(_)) => self.close(After::NextServer),
            (Stage::Socket, Reply::Fd(fd)) => {
                self.socket = Some(fd);
                self.stage = Stage::Connect;
                let limit = self.tcp.then(|| self.patience());
                PairStep::Call(Syscall::Connect(fd, self.server(), limit))
            }
            (Stage::Connect | Stage::Send, Reply::Done) => self.send(),
            (Stage::Wait, Reply::Data(bytes)) if self.tcp && bytes.is_empty() => {
                self.close(After::NextServer)
            }
            (Stage::Wait, Reply::Data(bytes)) if self.tcp => {
                self.buffer.extend_from_slice(&bytes);
                while let Some(message) = take_framed(&mut self.buffer) {
                    self.take(&message);
                }
                self.after_answer()
            }
            (Stage::Wait, Reply::Data(bytes)) => {
                if self.take(&bytes) {
                    self.tcp = true;
                    self.answers.fill(None);
                    return self.close(After::Again);
                }
                self.after_answer()
            }
            (_, _) => self.close(After::NextServer),
        }
    }

    /// Sends what may be sent now, then waits.
    fn send(&mut self) -> PairStep {
        let Some(fd) = self.socket else { return self.close(After::NextServer) };
        let outstanding = (0..self.sent).any(|n| self.answers[n].is_none());
        while self.sent < self.queries.len() && self.answers[self.sent].is_some() {
            self.sent += 1;
        }
        let hold = self.single && outstanding;
        if let Some(query) = self.queries.get(self.sent).filter(|_| !hold) {
            self.stage = Stage::Send;
            self.sent += 1;
            return match encode(query, false) {
                Ok(bytes) if self.tcp => PairStep::Call(Syscall::Write(fd, framed(&bytes))),
                Ok(bytes) => PairStep::Call(Syscall::Write(fd, bytes)),
                Err(_) => self.close(After::NextServer),
            };
        }
        self.stage = Stage::Wait;
        PairStep::Call(Syscall::ReadTimeout(fd, 65_536, self.patience()))
    }

    /// Files an answer; `true` when it is cut off.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let Ok(answer) = decode(bytes) else { return false };
        self.somewhere = true;
        let fits = |query: &Message| {
            let names = query.question().zip(answer.question());
            let same = names.is_some_and(|(a, b)| a.rtype == b.rtype && a.name.eq_ignore_ascii_case(&b.name));
            query.id == answer.id && answer.response && same
        };
        let Some(n) = self.queries.iter().position(fits) else { return false };
        if answer.tc && !self.tcp {
            return true;
        }
        self.answers[n] = Some(answer);
        false
    }

    fn after_answer(&mut self) -> PairStep {
        if self.answers.iter().all(Option::is_some) {
            let useless = |rcode| matches!(rcode, Rcode::SERVFAIL | Rcode::NOTIMP | Rcode::REFUSED);
            if self.answers.iter().flatten().all(|answer| useless(answer.rcode)) {
                self.servfail = true;
                return self.close(After::NextServer);
            }
            return self.close(After::Done);
        }
        if self.reopen && self.sent < self.queries.len() {
            return self.close(After::Again);
        }
        self.send()
    }

    /// How long this server is waited for.
    fn patience(&self) -> Duration {
        let index = self.at % self.servers.len().max(1);
        let shifted = self.timeout.as_secs() << index;
        let share = if index > 0 { shifted / self.servers.len().max(1) as u64 } else { shifted };
        Duration::secs(share.max(1))
    }

    fn timed_out(&mut self, cx: &mut Cx<'_, '_>) -> PairStep {
        let place = cx.place();
        cx.out.refused(place, Refusal::TimedOut(self.server(), self.patience()));
        self.somewhere = true;
        let some = self.answers.iter().any(Option::is_some);
        if !some {
            return self.close(After::NextServer);
        }
        // One of two answers came: some servers and firewalls mind two questions from one socket.
        if !self.single {
            self.single = true;
            self.answers.fill(None);
            return self.close(After::Again);
        }
        if !self.reopen {
            self.reopen = true;
            self.answers.fill(None);
            return self.close(After::Again);
        }
        self.close(After::Done)
    }

    fn close(&mut self, after: After) -> PairStep {
        self.stage = Stage::Close(after);
        match self.socket.take() {
            Some(fd) => PairStep::Call(Syscall::Close(fd)),
            None => self.closed(after),
        }
    }

    fn closed(&mut self, after: After) -> PairStep {
        self.buffer.clear();
        self.sent = 0;
        match after {
            After::Done => return PairStep::Done(self.answers.iter_mut().filter_map(Option::take).collect()),
            After::Again => {}
            After::NextServer => {
                self.at += 1;
                self.answers.fill(None);
                if self.at >= self.servers.len() * self.attempts as usize {
                    return match (self.servfail, self.somewhere) {
                        (true, _) => PairStep::Servfail,
                        (false, true) => PairStep::TimedOut,
                        (false, false) => PairStep::Refused,
                    };
                }
            }
        }
        self.stage = Stage::Socket;
        PairStep::Call(Syscall::Socket(self.protocol()))
    }
}
