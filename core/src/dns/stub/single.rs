//! One question to one server, once: what dig, host and nslookup repeat by rules of their own.

use crate::base::{Duration, Fd, Instant};
use crate::dns::coredns::{framed, take_framed};
use crate::dns::message::{Message, decode, encode};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Refusal;
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;

/// The question on its way.
#[derive(Debug, Clone)]
pub struct Single {
    query: Message,
    server: SocketAddr,
    tcp: bool,
    timeout: Duration,
    socket: Option<Fd>,
    stage: Stage,
    buffer: BytesMut,
    began: Instant,
}

#[derive(Debug, Clone)]
enum Stage {
    Socket,
    Connect,
    Send,
    Wait,
    Close(Box<Outcome>),
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The answer and its bytes, or why there is none.
    pub result: Result<(Message, Bytes), Errno>,
    /// How long it took.
    pub took: Duration,
    /// Who was asked.
    pub server: SocketAddr,
    /// Whether over TCP.
    pub tcp: bool,
}

/// What the question does next.
#[derive(Debug, Clone)]
pub enum SingleStep {
    /// A system call.
    Call(Syscall),
    /// The end.
    Done(Box<Outcome>),
}

impl Single {
    /// Begins.
    pub fn start(
        query: Message,
        server: SocketAddr,
        tcp: bool,
        timeout: Duration,
        now: Instant,
    ) -> (Single, Syscall) {
        let protocol = if tcp { Protocol::Tcp } else { Protocol::Udp };
        let (socket, stage, buffer) = (None, Stage::Socket, BytesMut::new());
        let single = Single { query, server, tcp, timeout, socket, stage, buffer, began: now };
        (single, Syscall::Socket(protocol))
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> SingleStep {
        let now = cx.out.now;
        match (std::mem::replace(&mut self.stage, Stage::Socket), reply) {
            (Stage::Close(outcome), _) => SingleStep::Done(outcome),
            (Stage::Socket, Reply::Fd(fd)) => {
                self.socket = Some(fd);
                self.stage = Stage::Connect;
                let limit = self.tcp.then_some(self.timeout);
                SingleStep::Call(Syscall::Connect(fd, self.server, limit))
            }
            (Stage::Connect, Reply::Done) => match (encode(&self.query, false), self.socket) {
                (Ok(bytes), Some(fd)) => {
                    self.stage = Stage::Send;
                    SingleStep::Call(Syscall::Write(fd, if self.tcp { framed(&bytes) } else { bytes }))
                }
                _ => self.end(Err(Errno::Einval), now),
            },
            (Stage::Send, Reply::Done) => self.wait(now),
            (Stage::Wait, Reply::Data(bytes)) if self.tcp && bytes.is_empty() => {
                self.end(Err(Errno::Econnreset), now)
            }
            (Stage::Wait, Reply::Data(bytes)) => {
                let whole = if self.tcp {
                    self.buffer.extend_from_slice(&bytes);
                    take_framed(&mut self.buffer)
                } else {
                    Some(bytes)
                };
                let answer = whole.and_then(|bytes| decode(&bytes).ok().map(|answer| (answer, bytes)));
                match answer.filter(|(answer, _)| answer.id == self.query.id && answer.response) {
                    Some(answer) => self.end(Ok(answer), now),
                    None => self.wait(now),
                }
            }
            (_, Reply::Err(errno)) => {
                if errno == Errno::Etimedout {
                    let place = cx.place();
                    cx.out.refused(place, Refusal::TimedOut(self.server, self.timeout));
                }
                self.end(Err(errno), now)
            }
            (_, _) => self.end(Err(Errno::Einval), now),
        }
    }

    fn wait(&mut self, now: Instant) -> SingleStep {
        let Some(fd) = self.socket else { return self.end(Err(Errno::Ebadf), now) };
        let end = self.began + self.timeout;
        if end <= now {
            return self.end(Err(Errno::Etimedout), now);
        }
        self.stage = Stage::Wait;
        SingleStep::Call(Syscall::ReadTimeout(fd, 65_536, end.since(now)))
    }

    fn end(&mut self, result: Result<(Message, Bytes), Errno>, now: Instant) -> SingleStep {
        let (server, tcp) = (self.server, self.tcp);
        let outcome = Box::new(Outcome { result, took: now.since(self.began), server, tcp });
        match self.socket.take() {
            Some(fd) => {
                self.stage = Stage::Close(outcome);
                SingleStep::Call(Syscall::Close(fd))
            }
            None => SingleStep::Done(outcome),
        }
    }
}
