//! Questions that wait for upstreams: who is asked, until when, and what follows when no answer comes.
//! Models: CoreDNS plugin/forward/forward.go, plugin/pkg/proxy.
//! Omits: health probes: a refused exchange is repeated after half a second, and the third one ends it.

use super::{framed, take_framed};
use crate::base::FlatMap;
use crate::base::{Duration, Fd, Instant, Purpose};
use crate::dns::message::{Message, decode, encode};
use crate::dns::plugins::forward::Order;
use crate::dns::server::Exchange;
use crate::net::Protocol;
use crate::process::{Cx, Reply, Syscall};
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;

/// How long one exchange may take.
const READ_TIMEOUT: Duration = Duration::secs(2);
/// After this no further exchange begins.
const DEADLINE: Duration = Duration::secs(5);
/// How long after a refusal the next exchange begins.
const PAUSE: Duration = Duration::millis(500);
/// Refusals until an upstream counts as down.
const MAX_REFUSED: u32 = 3;

/// All that wait.
#[derive(Debug, Clone, Default)]
pub struct Upstreams {
    next: u64,
    waiting: FlatMap<u64, Waiting>,
    sockets: FlatMap<Fd, u64>,
}

/// One that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The client's question.
    pub exchange: Exchange,
    /// The socket on which it came.
    pub client_fd: Fd,
    /// The number of the question as the plugin asked it.
    asked: u16,
    query: Message,
    order: Order,
    /// What came over TCP so far.
    buffer: BytesMut,
    tried: usize,
    refused: u32,
    socket: Option<Fd>,
    local: Option<SocketAddr>,
    connected: bool,
    /// When the present exchange, or the pause before the next, ends.
    until: Option<Instant>,
    deadline: Instant,
}

/// What follows when an exchange failed.
#[derive(Debug, Clone, Default)]
pub struct Retry {
    /// A socket to close.
    pub close: Option<Fd>,
    /// Over what the next exchange begins, if it does now.
    pub again: Option<Protocol>,
    /// The question, given up, and the words for it.
    pub given_up: Option<(Box<Waiting>, String)>,
}

impl Upstreams {
    /// A new one. Its first call is for a socket.
    pub fn add(
        &mut self,
        client_fd: Fd,
        exchange: Exchange,
        mut query: Message,
        order: Order,
        cx: &mut Cx<'_, '_>,
    ) -> u64 {
        let asked = query.id;
        let actor = cx.hostname();
        query.id = cx.out.draw(Purpose::DnsId, &actor) as u16;
        let id = self.next;
        self.next += 1;
        let waiting = Waiting {
            exchange,
            client_fd,
            asked,
            query,
            order,
            buffer: BytesMut::new(),
            tried: 0,
            refused: 0,
            socket: None,
            local: None,
            connected: false,
            until: None,
            deadline: cx.out.now + DEADLINE,
        };
        self.waiting.insert(id, waiting);
        id
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whose socket it is.
    pub fn of_socket(&self, fd: Fd) -> Option<u64> {
        self.sockets.get(&fd).copied()
    }

    /// When the next exchange or pause ends.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().filter_map(|waiting| waiting.until).min()
    }

    /// Those whose exchange or pause has ended.
    pub fn due(&self, now: Instant) -> Vec<u64> {
        let due = |waiting: &Waiting| waiting.until.is_some_and(|until| until <= now);
        self.waiting.iter().filter(|(_, waiting)| due(waiting)).map(|(id, _)| *id).collect()
    }

    /// Goes on after a call: socket, connect, name, send.
    pub fn replied(&mut self, id: u64, reply: &Reply, now: Instant) -> Option<Syscall> {
        let waiting = self.waiting.get_mut(&id)?;
        let target = waiting.target()?;
        match reply {
            Reply::Fd(fd) => {
                waiting.socket = Some(*fd);
                waiting.connected = false;
                self.sockets.insert(*fd, id);
                waiting.buffer.clear();
                let limit = waiting.order.tcp.then_some(READ_TIMEOUT);
                Some(Syscall::Connect(*fd, target, limit))
            }
            Reply::Done if !waiting.connected => {
                waiting.connected = true;
                waiting.socket.map(Syscall::SocketName)
            }
            Reply::Addresses(local, _) => {
                waiting.local = Some(*local);
                waiting.until = Some(now + READ_TIMEOUT);
                let bytes = encode(&waiting.query, false).ok()?;
                let bytes = if waiting.order.tcp { framed(&bytes) } else { bytes };
                waiting.socket.map(|fd| Syscall::Write(fd, bytes))
            }
            _ => None,
        }
    }

    /// An answer came: the socket to close, what waited for it, and the answer with the plugin's number.
    pub fn answered(&mut self, id: u64, bytes: &Bytes) -> Option<(Fd, Waiting, Message)> {
        let waiting = self.waiting.get_mut(&id)?;
        let mut answer = if waiting.order.tcp {
            waiting.buffer.extend_from_slice(bytes);
            decode(&take_framed(&mut waiting.buffer)?).ok()?
        } else {
            decode(bytes).ok()?
        };
        if waiting.query.id != answer.id {
            return None;
        }
        let waiting = self.waiting.remove(&id)?;
        let fd = waiting.socket?;
        self.sockets.remove(&fd);
        answer.id = waiting.asked;
        Some((fd, waiting, answer))
    }

    /// Nothing came in time; or a pause is over.
    pub fn timed_out(&mut self, id: u64, now: Instant) -> Retry {
        if let Some(waiting) = self.waiting.get_mut(&id)
            && waiting.socket.is_none()
        {
            waiting.until = None;
            return Retry { again: Some(waiting.protocol()), ..Retry::default() };
        }
        self.failed(id, now, "i/o timeout", Duration::ZERO)
    }

    /// The upstream's machine refused.
    pub fn refused(&mut self, id: u64, now: Instant) -> Retry {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            waiting.refused += 1;
        }
        self.failed(id, now, "read: connection refused", PAUSE)
    }

    fn failed(&mut self, id: u64, now: Instant, words: &str, pause: Duration) -> Retry {
        let Some(waiting) = self.waiting.get_mut(&id) else { return Retry::default() };
        let target = waiting.target();
        let close = waiting.socket.take();
        if let Some(fd) = close {
            self.sockets.remove(&fd);
        }
        waiting.tried += 1;
        let down = waiting.refused >= MAX_REFUSED;
        if now < waiting.deadline && !down {
            let again = (pause == Duration::ZERO).then(|| waiting.protocol());
            waiting.until = again.is_none().then(|| now + pause);
            return Retry { close, again, given_up: None };
        }
        let name = |address: Option<SocketAddr>| address.map(|a| a.to_string()).unwrap_or_default();
        let protocol = if waiting.order.tcp { "tcp" } else { "udp" };
        let words = format!("read {protocol} {}->{}: {words}", name(waiting.local), name(target));
        let given_up = self.waiting.remove(&id).map(|waiting| (Box::new(waiting), words));
        Retry { close, again: None, given_up }
    }
}

impl Waiting {
    fn target(&self) -> Option<SocketAddr> {
        self.order.to.get(self.tried % self.order.to.len().max(1)).copied()
    }

    fn protocol(&self) -> Protocol {
        if self.order.tcp { Protocol::Tcp } else { Protocol::Udp }
    }
}
