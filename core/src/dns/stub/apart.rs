//! One name's questions as Go's own resolver asks them: each from a socket of its own, all at once; a server that says
//! neither yes nor no, or nothing, is followed by the next. Knows no search list.
//! Models: Go 1.24 net/dnsclient_unix.go (`tryOneName`, `exchange`).

use super::ResolvConf;
use super::pair::PairStep;
use crate::base::{Duration, Fd, Instant};
use crate::dns::coredns::{framed, take_framed};
use crate::dns::message::{Edns, Message, Rcode, decode, encode};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::Refusal;
use bytes::BytesMut;
use std::net::SocketAddr;

/// What Go says that it can take in a datagram.
const UDP: u16 = 1232;

/// The questions on their way.
#[derive(Debug, Clone)]
pub struct Apart {
    asks: Vec<Ask>,
    servers: Vec<SocketAddr>,
    attempts: u32,
    timeout: Duration,
    /// One question after another.
    single: bool,
    /// Which server of how many tries.
    at: usize,
    /// Which question the last call was for.
    now_for: usize,
    stage: Stage,
    servfail: bool,
    /// From where the present question is asked.
    local: Option<SocketAddr>,
    /// From where the last was asked, if nothing came.
    silence: Option<SocketAddr>,
}

#[derive(Debug, Clone)]
struct Ask {
    query: Message,
    answer: Option<Message>,
    socket: Option<Fd>,
    /// Whether this try has sent it, and whether it is over for it.
    sent: bool,
    over: bool,
    tcp: bool,
    until: Instant,
    buffer: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Socket,
    Connect,
    Name,
    Send,
    Wait,
    Close,
}

impl Apart {
    /// Begins with questions.
    pub fn start(queries: Vec<Message>, conf: &ResolvConf) -> (Apart, Syscall) {
        let ask = |mut query: Message| {
            query.edns = Some(Edns { udp: UDP, ..Edns::default() });
            let (answer, socket, buffer) = (None, None, BytesMut::new());
            Ask {
                query,
                answer,
                socket,
                sent: false,
                over: false,
                tcp: conf.use_vc,
                until: Instant::ZERO,
                buffer,
            }
        };
        let apart = Apart {
            asks: queries.into_iter().map(ask).collect(),
            servers: conf.servers.clone(),
            attempts: conf.attempts,
            timeout: conf.timeout,
            single: conf.single_request,
            at: 0,
            now_for: 0,
            stage: Stage::Socket,
            servfail: false,
            local: None,
            silence: None,
        };
        let protocol = apart.protocol();
        (apart, Syscall::Socket(protocol))
    }

    /// From where the last question was asked, if nothing came in time.
    pub fn silence(&self) -> Option<SocketAddr> {
        self.silence
    }

    fn protocol(&self) -> Protocol {
        let tcp = self.asks.get(self.now_for).is_some_and(|ask| ask.tcp);
        if tcp { Protocol::Tcp } else { Protocol::Udp }
    }

    fn server(&self) -> SocketAddr {
        let index = self.at % self.servers.len().max(1);
        self.servers.get(index).copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 53)))
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> PairStep {
        let (now, server) = (cx.out.now, self.server());
        let Some(ask) = self.asks.get_mut(self.now_for) else { return self.verdict() };
        match (self.stage, reply) {
            (Stage::Socket, Reply::Fd(fd)) => {
                (ask.socket, ask.until) = (Some(fd), now + self.timeout);
                self.stage = Stage::Connect;
                PairStep::Call(Syscall::Connect(fd, server, Some(self.timeout)))
            }
            (Stage::Connect, Reply::Done) => {
                self.stage = Stage::Name;
                PairStep::Call(Syscall::SocketName(ask.socket.unwrap_or_default()))
            }
            (Stage::Name, Reply::Addresses(local, _)) => {
                self.local = Some(local);
                match encode(&ask.query, false) {
                    Ok(bytes) => {
                        let bytes = if ask.tcp { framed(&bytes) } else { bytes };
                        self.stage = Stage::Send;
                        PairStep::Call(Syscall::Write(ask.socket.unwrap_or_default(), bytes))
                    }
                    Err(_) => self.close(),
                }
            }
            (Stage::Send, Reply::Done) => {
                ask.sent = true;
                self.next(now)
            }
            (Stage::Wait, Reply::Data(bytes)) => self.came(&bytes, now),
            (Stage::Close, _) => self.next(now),
            (_, Reply::Err(Errno::Etimedout)) => {
                let place = cx.place();
                cx.out.refused(place, Refusal::TimedOut(server, self.timeout));
                self.silence = self.local;
                self.close()
            }
            (_, _) => self.close(),
        }
    }

    fn came(&mut self, bytes: &[u8], now: Instant) -> PairStep {
        let ask = &mut self.asks[self.now_for];
        let whole = if ask.tcp {
            ask.buffer.extend_from_slice(bytes);
            if bytes.is_empty() {
                return self.close();
            }
            take_framed(&mut ask.buffer)
        } else {
            Some(bytes::Bytes::copy_from_slice(bytes))
        };
        let answer = whole.and_then(|bytes| decode(&bytes).ok());
        let Some(answer) = answer.filter(|answer| answer.id == ask.query.id && answer.response) else {
            return self.wait(now);
        };
        if answer.tc && !ask.tcp {
            (ask.tcp, ask.sent) = (true, false);
            return self.close_for_another();
        }
        match answer.rcode {
            Rcode::NOERROR | Rcode::NXDOMAIN => ask.answer = Some(answer),
            _ => (self.servfail, self.silence) = (true, None),
        }
        self.close()
    }

    /// This try is over for the present question.
    fn close(&mut self) -> PairStep {
        if let Some(ask) = self.asks.get_mut(self.now_for) {
            ask.over = true;
        }
        self.close_for_another()
    }

    fn close_for_another(&mut self) -> PairStep {
        self.stage = Stage::Close;
        match self.asks.get_mut(self.now_for).and_then(|ask| ask.socket.take()) {
            Some(fd) => PairStep::Call(Syscall::Close(fd)),
            None => self.verdict(),
        }
    }

    /// The next question is sent, or the next answer read, or the next server tried.
    fn next(&mut self, now: Instant) -> PairStep {
        let open = |ask: &Ask| ask.answer.is_none() && !ask.over;
        let waits = self.asks.iter().any(|ask| open(ask) && ask.sent);
        let unsent = self.asks.iter().position(|ask| open(ask) && !ask.sent);
        if let Some(n) = unsent.filter(|_| !(self.single && waits)) {
            self.now_for = n;
            self.stage = Stage::Socket;
            return PairStep::Call(Syscall::Socket(self.protocol()));
        }
        if let Some(n) = self.asks.iter().position(|ask| open(ask) && ask.sent) {
            self.now_for = n;
            return self.wait(now);
        }
        self.at += 1;
        let left = self.at < self.servers.len() * self.attempts as usize;
        if self.asks.iter().all(|ask| ask.answer.is_some()) || !left {
            return self.verdict();
        }
        for ask in self.asks.iter_mut().filter(|ask| ask.answer.is_none()) {
            (ask.sent, ask.over) = (false, false);
            ask.buffer.clear();
        }
        self.next(now)
    }

    fn wait(&mut self, now: Instant) -> PairStep {
        let ask = &self.asks[self.now_for];
        self.stage = Stage::Wait;
        let left = ask.until.since(now);
        PairStep::Call(Syscall::ReadTimeout(ask.socket.unwrap_or_default(), 65_536, left))
    }

    fn verdict(&mut self) -> PairStep {
        let answers: Vec<Message> = self.asks.iter_mut().filter_map(|ask| ask.answer.take()).collect();
        match (answers.is_empty(), self.servfail) {
            (false, _) => PairStep::Done(answers),
            (true, true) => PairStep::Servfail,
            (true, false) => PairStep::TimedOut,
        }
    }
}
