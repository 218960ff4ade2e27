//! One name's questions as musl asks them: to every server at once from one socket, again at intervals until all are
//! answered or the time is up. Knows no search list.
//! Models: musl 1.2.5 src/network/res_msend.c.
//! Omits: which of several servers said SERVFAIL or cut its answer off: all, or the first, are asked again.

use super::ResolvConf;
use super::pair::PairStep;
use crate::base::{Duration, Fd, Instant};
use crate::dns::coredns::{framed, take_framed};
use crate::dns::message::{Message, Rcode, decode, encode};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Refusal;
use bytes::BytesMut;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The questions on their way.
#[derive(Debug, Clone)]
pub struct Fan {
    queries: Vec<Message>,
    answers: Vec<Option<Message>>,
    servers: Vec<SocketAddr>,
    /// For all tries together.
    timeout: Duration,
    interval: Duration,
    /// Whether an answer that is cut off is asked for over TCP.
    insist: bool,
    began: Instant,
    sent: Instant,
    /// Which question goes to which server next.
    to_send: VecDeque<(usize, usize)>,
    /// How many more SERVFAILs are answered with the question again, until the next interval.
    patience: usize,
    socket: Option<Fd>,
    stage: Stage,
    /// The question that is asked over TCP, its connection and what came of it.
    stream: (usize, Option<Fd>, BytesMut),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Socket,
    Send,
    Wait,
    Tcp(Tcp),
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tcp {
    Socket,
    Connect,
    Send,
    Wait,
    Close,
}

impl Fan {
    /// Begins with questions.
    pub fn start(mut queries: Vec<Message>, conf: &ResolvConf, insist: bool) -> (Fan, Syscall) {
        // Answers are told apart by their ids alone.
        if let [first, second] = &mut queries[..]
            && first.id == second.id
        {
            second.id = second.id.wrapping_add(1);
        }
        let attempts = u64::from(conf.attempts.max(1));
        let fan = Fan {
            answers: vec![None; queries.len()],
            queries,
            servers: conf.servers.clone(),
            timeout: conf.timeout,
            interval: Duration::nanos(conf.timeout.0 / attempts),
            insist,
            began: Instant::ZERO,
            sent: Instant::ZERO,
            to_send: VecDeque::new(),
            patience: 0,
            socket: None,
            stage: Stage::Socket,
            stream: (0, None, BytesMut::new()),
        };
        (fan, Syscall::Socket(Protocol::Udp))
    }

    /// Goes on with a reply. What is done may have fewer answers than there were questions.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> PairStep {
        let now = cx.out.now;
        match (self.stage, reply) {
            (Stage::Socket, Reply::Fd(fd)) => {
                (self.socket, self.began) = (Some(fd), now);
                self.round(now)
            }
            (Stage::Send, _) => self.go_on(now),
            (Stage::Wait, Reply::Data(bytes)) => self.take(&bytes, now),
            (Stage::Wait, Reply::Err(Errno::Etimedout)) => {
                if let Some(server) = self.servers.first() {
                    let place = cx.place();
                    cx.out.refused(place, Refusal::TimedOut(*server, now.since(self.sent)));
                }
                if now.since(self.began) < self.timeout { self.round(now) } else { self.close() }
            }
            // An unconnected socket hears nothing of "port unreachable": musl waits on.
            (Stage::Wait, Reply::Err(Errno::Econnrefused)) => self.go_on(now),
            (Stage::Tcp(stage), reply) => self.tcp(stage, reply, now),
            (Stage::Close, _) => PairStep::Done(self.answers.iter_mut().filter_map(Option::take).collect()),
            (_, _) => self.close(),
        }
    }

    /// All that is not answered goes to all servers.
    fn round(&mut self, now: Instant) -> PairStep {
        let open = (0..self.queries.len()).filter(|n| self.answers[*n].is_none());
        self.to_send = open.flat_map(|n| (0..self.servers.len()).map(move |server| (n, server))).collect();
        self.patience = 2 * self.queries.len();
        self.sent = now;
        self.go_on(now)
    }

    fn go_on(&mut self, now: Instant) -> PairStep {
        let Some(fd) = self.socket else { return self.close() };
        while let Some((query, server)) = self.to_send.pop_front() {
            if let (Ok(bytes), Some(to)) = (encode(&self.queries[query], false), self.servers.get(server)) {
                self.stage = Stage::Send;
                return PairStep::Call(Syscall::SendTo(fd, *to, bytes));
            }
        }
        if self.answers.iter().all(Option::is_some) {
            return self.close();
        }
        let until = (self.began + self.timeout).min(self.sent + self.interval);
        self.stage = Stage::Wait;
        PairStep::Call(Syscall::ReadTimeout(fd, 65_536, until.since(now)))
    }

    fn take(&mut self, bytes: &[u8], now: Instant) -> PairStep {
        let answer = decode(bytes).ok().filter(|answer| answer.response);
        let to = answer.as_ref().and_then(|answer| self.queries.iter().position(|q| q.id == answer.id));
        if let (Some(answer), Some(query)) = (answer, to.filter(|n| self.answers[*n].is_none())) {
            match answer.rcode {
                Rcode::NOERROR | Rcode::NXDOMAIN if answer.tc && self.insist => {
                    self.stream = (query, None, BytesMut::new());
                    self.stage = Stage::Tcp(Tcp::Socket);
                    return PairStep::Call(Syscall::Socket(Protocol::Tcp));
                }
                Rcode::NOERROR | Rcode::NXDOMAIN => self.answers[query] = Some(answer),
                Rcode::SERVFAIL if self.patience > 0 => {
                    self.patience -= 1;
                    self.to_send.extend((0..self.servers.len()).map(|server| (query, server)));
                }
                _ => {}
            }
        }
        self.go_on(now)
    }

    fn tcp(&mut self, stage: Tcp, reply: Reply, now: Instant) -> PairStep {
        let left = (self.began + self.timeout).since(now);
        let (query, connection, buffer) = &mut self.stream;
        let (next, call) = match (stage, reply, *connection) {
            (Tcp::Socket, Reply::Fd(fd), _) => {
                *connection = Some(fd);
                let Some(server) = self.servers.first() else { return self.close() };
                (Tcp::Connect, Syscall::Connect(fd, *server, Some(left)))
            }
            (Tcp::Connect, Reply::Done, Some(fd)) => match encode(&self.queries[*query], false) {
                Ok(bytes) => (Tcp::Send, Syscall::Write(fd, framed(&bytes))),
                Err(_) => (Tcp::Close, Syscall::Close(fd)),
            },
            (Tcp::Send, Reply::Done, Some(fd)) => (Tcp::Wait, Syscall::ReadTimeout(fd, 65_536, left)),
            (Tcp::Wait, Reply::Data(bytes), Some(fd)) => {
                buffer.extend_from_slice(&bytes);
                match take_framed(buffer).and_then(|message| decode(&message).ok()) {
                    Some(answer) => {
                        self.answers[*query] = Some(answer);
                        (Tcp::Close, Syscall::Close(fd))
                    }
                    None if bytes.is_empty() => (Tcp::Close, Syscall::Close(fd)),
                    None => (Tcp::Wait, Syscall::ReadTimeout(fd, 65_536, left)),
                }
            }
            (Tcp::Close, _, _) | (_, _, None) => return self.go_on(now),
            (_, _, Some(fd)) => (Tcp::Close, Syscall::Close(fd)),
        };
        self.stage = Stage::Tcp(next);
        PairStep::Call(call)
    }

    fn close(&mut self) -> PairStep {
        self.stage = Stage::Close;
        match self.socket.take() {
            Some(fd) => PairStep::Call(Syscall::Close(fd)),
            None => PairStep::Done(self.answers.iter_mut().filter_map(Option::take).collect()),
        }
    }
}
