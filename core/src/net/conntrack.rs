//! A node's connection table: remembers how a connection was translated, so that later packets follow the first and
//! answers get the Service's address back.
//! Models: Linux `nf_conntrack`; on nodes with IPVS, `ip_vs_conn` and its timeouts in the same entries. Omits: helpers,
//! zones, the table's size limit, the states between the first FIN and TIME_WAIT.

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
    /// TCP: FIN seen.
    TimeWait,
    /// TCP: RST seen.
    Close,
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
            State::TimeWait => 120,
            State::Close => 10,
            State::Unreplied => 30,
            State::Assured => 120,
        })
    }

    /// How long IPVS keeps a connection (`ip_vs_proto_tcp.c`, `ip_vs_proto_udp.c`); kube-proxy leaves these alone.
    pub fn ipvs_timeout(self) -> Duration {
        Duration::secs(match self {
            State::SynSent | State::TimeWait => 120,
            State::Established => 900,
            State::Close => 10,
            State::Unreplied | State::Assured => 300,
        })
    }

    /// Whether IPVS counts the connection as active.
    fn is_active(self) -> bool {
        self == State::Established
    }
}

/// The connections of a virtual server to a real server, as IPVS counts them: a TCP connection is active while it is
/// established; all others are inactive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Established TCP connections.
    pub active: u32,
    /// The others.
    pub inactive: u32,
}

/// Where a connection was sent, and where it really goes.
type Served = (Protocol, SocketAddr, SocketAddr);

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
    /// When it was made.
    pub created: Instant,
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
    /// On nodes with IPVS: connections by virtual and real server.
    loads: Option<BTreeMap<Served, Load>>,
    /// Entries that could not be inserted since another packet of the same flow was faster.
    insert_failed: u64,
}

impl Entry {
    /// The entry as `conntrack -L` prints it, without counters of packets.
    pub fn line(&self, now: Instant) -> String {
        let (protocol, number, state) = match self.state {
            State::SynSent => ("tcp", 6, "SYN_SENT "),
            State::Established => ("tcp", 6, "ESTABLISHED "),
            State::TimeWait => ("tcp", 6, "TIME_WAIT "),
            State::Close => ("tcp", 6, "CLOSE "),
            State::Unreplied | State::Assured => ("udp", 17, ""),
        };
        let flow = |f: &Flow| {
            format!("src={} dst={} sport={} dport={}", f.src.ip(), f.dst.ip(), f.src.port(), f.dst.port())
        };
        let seconds = (self.expires - now).as_secs();
        let (unreplied, assured) = match self.state {
            State::SynSent | State::Unreplied => ("[UNREPLIED] ", ""),
            State::Established | State::TimeWait | State::Assured => ("", " [ASSURED]"),
            State::Close => ("", ""),
        };
        let (original, reply) = (flow(&self.original), flow(&self.reply));
        format!("{protocol:<8} {number} {seconds} {state}{original} {unreplied}{reply}{assured} mark=0 use=1")
    }

    fn served(&self) -> Served {
        (self.original.protocol, self.original.dst, self.reply.src)
    }
}

impl Conntrack {
    /// The table of a node with IPVS: connections are counted by server, and IPVS's timeouts hold.
    pub fn with_ipvs() -> Conntrack {
        Conntrack { loads: Some(BTreeMap::new()), ..Conntrack::default() }
    }

    /// The connections of a virtual server to a real one. None are counted on nodes without IPVS.
    pub fn load(&self, protocol: Protocol, sent: SocketAddr, real: SocketAddr) -> Load {
        let loads = self.loads.as_ref();
        loads.and_then(|loads| loads.get(&(protocol, sent, real))).copied().unwrap_or_default()
    }

    fn timeout(&self, state: State) -> Duration {
        if self.loads.is_some() { state.ipvs_timeout() } else { state.timeout() }
    }

    /// A connection came (`was` is none), went (`is` is none) or changed.
    fn count(&mut self, served: Served, was: Option<State>, is: Option<State>) {
        let Some(loads) = &mut self.loads else { return };
        if was.map(State::is_active) == is.map(State::is_active) {
            return;
        }
        let load = loads.entry(served).or_default();
        if let Some(was) = was {
            let n = if was.is_active() { &mut load.active } else { &mut load.inactive };
            *n = n.saturating_sub(1);
        }
        if let Some(is) = is {
            *(if is.is_active() { &mut load.active } else { &mut load.inactive }) += 1;
        }
        if *load == Load::default() {
            loads.remove(&served);
        }
    }

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
        let entry = Entry { original, reply, state, expires: now + self.timeout(state), created: now };
        self.forget(original);
        self.count(entry.served(), None, Some(state));
        self.entries.insert(original, entry);
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
        let counted = self.loads.is_some();
        let entry = self.entries.get_mut(&original)?;
        let reused = direction == Direction::Original
            && packet.segment == Segment::Syn
            && entry.state != State::SynSent;
        if entry.expires <= now || reused {
            self.forget(original);
            return None;
        }
        let was = entry.state;
        entry.state = next_state(was, direction, &packet.segment);
        let timeout = if counted { entry.state.ipvs_timeout() } else { entry.state.timeout() };
        entry.expires = now + timeout;
        let to = match direction {
            Direction::Original => entry.reply.reversed(),
            Direction::Reply => entry.original.reversed(),
        };
        (packet.src, packet.dst) = (to.src, to.dst);
        let (served, is) = (entry.served(), entry.state);
        self.count(served, Some(was), Some(is));
        Some(direction)
    }

    /// Whether a datagram of a flow runs beside the flow's first one, which is not yet inserted: it left at the same
    /// instant, and a destination is being chosen for both. Models: the race of kubernetes/kubernetes#56903.
    pub fn races(&self, now: Instant, packet: &Packet) -> bool {
        let translated = |entry: &Entry| entry.reply.src != entry.original.dst;
        let fresh =
            |entry: &&Entry| entry.created == now && entry.state == State::Unreplied && translated(entry);
        packet.protocol == Protocol::Udp && self.entries.get(&packet.flow()).filter(fresh).is_some()
    }

    /// A packet was lost since its entry could not be inserted.
    pub fn insertion_failed(&mut self) {
        self.insert_failed += 1;
    }

    /// The counters as `conntrack -S` prints them, a line for each processor; who loses a race runs on the second.
    pub fn statistics(&self, processors: u32) -> String {
        let line = |cpu: u32| {
            let failed = if cpu == 1 { self.insert_failed } else { 0 };
            format!(
                "cpu={cpu:<4}\tfound=0 invalid=0 insert=0 insert_failed={failed} drop={failed} early_drop=0 error=0 \
                 search_restart=0 clash_resolve=0 chaintoolong=0 \n"
            )
        };
        (0..processors.max(2)).map(line).collect()
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
            self.count(entry.served(), Some(entry.state), None);
        }
    }

    /// Forgets what has expired, once a second at most.
    pub fn sweep(&mut self, now: Instant) {
        if now.since(self.swept) >= Duration::secs(1) {
            self.swept = now;
            self.remove_if(|entry| entry.expires <= now);
        }
    }
}

fn next_state(state: State, direction: Direction, segment: &Segment) -> State {
    match (state, segment) {
        (_, Segment::Rst) => State::Close,
        (State::SynSent | State::Established, Segment::Fin) => State::TimeWait,
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

    /// `ip_vs_proto_tcp.c`: active while established; after the FIN inactive for two minutes.
    #[test]
    fn ipvs_counts_connections_by_what_they_do() {
        let mut table = Conntrack::with_ipvs();
        let first = syn("10.244.0.9:4000", "10.96.0.1:80");
        let to = "10.244.1.5:8080".parse().expect("to");
        let load = |table: &Conntrack| {
            let load = table.load(Protocol::Tcp, first.dst, to);
            (load.active, load.inactive)
        };
        table.track(Instant::ZERO, &first, first.src, to);
        assert_eq!(load(&table), (0, 1));
        let mut answer =
            Packet { protocol: Protocol::Tcp, src: to, dst: first.src, segment: Segment::SynAck };
        table.translate(Instant::ZERO, &mut answer);
        assert_eq!(load(&table), (1, 0));
        table.translate(Instant::ZERO, &mut Packet { segment: Segment::Fin, ..first.clone() });
        assert_eq!(load(&table), (0, 1));
        table.sweep(Instant::ZERO + Duration::secs(119));
        assert_eq!(load(&table), (0, 1));
        table.sweep(Instant::ZERO + Duration::secs(121));
        assert_eq!(load(&table), (0, 0));
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
