//! A node's connection table: remembers how a connection was translated, so that later packets follow the first and
//! answers get the Service's address back.
//! Models: Linux `nf_conntrack`. Omits: helpers, zones, the table's size limit.

use super::packet::{Flow, Packet, Protocol, Segment};
use crate::base::{Duration, Instant};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// TCP: SYN seen.
    SynSent,
    /// TCP: both sides spoke.
    Established,
    /// TCP: FIN or RST seen.
    Closing,
    /// UDP: one side spoke.
    Unreplied,
    /// UDP: both sides spoke.
    Assured,
}

impl State {
    /// The kernel's default timeout (`net.netfilter.nf_conntrack_*_timeout`); kube-proxy sets established to 24 h.
    pub fn timeout(self) -> Duration {
        Duration::secs(match self {
            State::SynSent => 120,
            State::Established => 86_400,
            State::Closing => 10,
            State::Unreplied => 30,
            State::Assured => 120,
        })
    }
}

/// One tracked connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As the client sends.
    pub original: Flow,
    /// As answers arrive: from the real destination to the real source.
    pub reply: Flow,
    /// Where it stands.
    pub state: State,
    /// When it is forgotten unless refreshed.
    pub expires: Instant,
}

/// Which way a known packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    Original,
    /// Server to client.
    Reply,
}

/// The table of one node.
#[derive(Debug, Clone, Default)]
pub struct Conntrack {
    entries: BTreeMap<Flow, Entry>,
    replies: BTreeMap<Flow, Flow>,
    swept: Instant,
}

impl Conntrack {
    /// Remembers a new connection: `packet` as sent, and the source and destination that it was given. Gives back the
    /// source that it really gets: answers must tell connections apart, so a taken port is replaced by a free one.
    pub fn track(&mut self, now: Instant, packet: &Packet, src: SocketAddr, dst: SocketAddr) -> SocketAddr {
        self.sweep(now);
        let original = packet.flow();
        let src = self.free_source(now, original, src, dst);
        let reply = Flow { protocol: packet.protocol, src: dst, dst: src };
        let state = match packet.protocol {
            Protocol::Tcp => State::SynSent,
            Protocol::Udp => State::Unreplied,
        };
        let entry = Entry { original, reply, state, expires: now + state.timeout() };
        if let Some(old) = self.entries.insert(original, entry) {
            self.replies.remove(&old.reply);
        }
        self.replies.insert(reply, original);
        src
    }

    /// The wanted source, or the next port of it whose answers no other connection gets.
    fn free_source(&self, now: Instant, original: Flow, src: SocketAddr, dst: SocketAddr) -> SocketAddr {
        let is_taken = |src: SocketAddr| {
            let reply = Flow { protocol: original.protocol, src: dst, dst: src };
            let other = self.replies.get(&reply).filter(|other| **other != original);
            other.and_then(|other| self.entries.get(other)).is_some_and(|entry| entry.expires > now)
        };
        let ports = (src.port()..=u16::MAX).chain(1_024..src.port());
        let mut sources = ports.map(|port| SocketAddr::new(src.ip(), port));
        sources.find(|src| !is_taken(*src)).unwrap_or(src)
    }

    /// Translates a packet of a known connection in place and refreshes the entry. `None` when it belongs to none.
    pub fn translate(&mut self, now: Instant, packet: &mut Packet) -> Option<Direction> {
        let flow = packet.flow();
        let (original, direction) = if self.entries.contains_key(&flow) {
            (flow, Direction::Original)
        } else {
            (*self.replies.get(&flow)?, Direction::Reply)
        };
        let entry = self.entries.get_mut(&original)?;
        let reused = direction == Direction::Original
            && packet.segment == Segment::Syn
            && entry.state != State::SynSent;
        if entry.expires <= now || reused {
            self.forget(original);
            return None;
        }
        entry.state = next_state(entry.state, direction, &packet.segment);
        entry.expires = now + entry.state.timeout();
        let to = match direction {
            Direction::Original => entry.reply.reversed(),
            Direction::Reply => entry.original.reversed(),
        };
        (packet.src, packet.dst) = (to.src, to.dst);
        Some(direction)
    }

    /// Drops the entries that a predicate picks, as `conntrack -D` does. Returns how many.
    pub fn remove_if(&mut self, pick: impl Fn(&Entry) -> bool) -> usize {
        let gone: Vec<Flow> = self.entries.values().filter(|e| pick(e)).map(|e| e.original).collect();
        gone.iter().for_each(|flow| self.forget(*flow));
        gone.len()
    }

    /// The entries alive at `now`, in the order of their flows.
    pub fn entries(&self, now: Instant) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| entry.expires > now)
    }

    fn forget(&mut self, original: Flow) {
        if let Some(entry) = self.entries.remove(&original) {
            self.replies.remove(&entry.reply);
        }
    }

    /// Forgets what has expired, once a second at most.
    fn sweep(&mut self, now: Instant) {
        if now.since(self.swept) >= Duration::secs(1) {
            self.swept = now;
            self.remove_if(|entry| entry.expires <= now);
        }
    }
}

fn next_state(state: State, direction: Direction, segment: &Segment) -> State {
    match (state, segment) {
        (_, Segment::Fin | Segment::Rst) => State::Closing,
        (State::SynSent, Segment::SynAck) => State::Established,
        (State::Unreplied, Segment::Datagram(_)) if direction == Direction::Reply => State::Assured,
        _ => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn syn(src: &str, dst: &str) -> Packet {
        let (src, dst) = (src.parse().expect("src"), dst.parse().expect("dst"));
        Packet { protocol: Protocol::Tcp, src, dst, segment: Segment::Syn }
    }

    #[test]
    fn answers_get_the_service_address_back() {
        let mut table = Conntrack::default();
        let first = syn("10.244.0.9:4000", "10.96.0.1:80");
        let to = "10.244.1.5:8080".parse().expect("to");
        assert_eq!(table.track(Instant::ZERO, &first, first.src, to), first.src);
        let mut again = Packet { segment: Segment::Data(Bytes::from_static(b"x")), ..first.clone() };
        assert_eq!(table.translate(Instant::ZERO, &mut again), Some(Direction::Original));
        assert_eq!(again.dst, to);
        let mut answer = again.answer(Segment::SynAck);
        assert_eq!(table.translate(Instant::ZERO, &mut answer), Some(Direction::Reply));
        assert_eq!((answer.src, answer.dst), (first.dst, first.src));
    }

    /// Two Services with one endpoint: the second connection from the same port must be told apart.
    #[test]
    fn connections_that_would_look_alike_get_ports_of_their_own() {
        let mut table = Conntrack::default();
        let to = "10.244.1.5:8080".parse().expect("to");
        let (one, two) = (syn("10.244.0.9:4000", "10.96.0.1:80"), syn("10.244.0.9:4000", "10.96.0.2:80"));
        table.track(Instant::ZERO, &one, one.src, to);
        let src = table.track(Instant::ZERO, &two, two.src, to);
        assert_eq!(src.to_string(), "10.244.0.9:4001");
        let mut answer = Packet { protocol: Protocol::Tcp, src: to, dst: src, segment: Segment::SynAck };
        table.translate(Instant::ZERO, &mut answer);
        assert_eq!((answer.src, answer.dst), (two.dst, two.src));
    }

    #[test]
    fn a_new_connection_from_an_old_port_is_new() {
        let mut table = Conntrack::default();
        let first = syn("10.244.0.9:4000", "10.96.0.1:80");
        let to = "10.244.1.5:8080".parse().expect("to");
        table.track(Instant::ZERO, &first, first.src, to);
        table.translate(Instant::ZERO, &mut Packet { segment: Segment::Fin, ..first.clone() });
        assert_eq!(table.translate(Instant::ZERO, &mut first.clone()), None);
    }
}
