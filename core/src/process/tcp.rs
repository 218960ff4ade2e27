//! TCP between sockets: handshake, streams, FIN and RST.
//! Models: Linux `net/ipv4/tcp*.c` as far as a program can see. Omits: ACK, windows, TIME_WAIT, half-open listen queues.

use super::descriptor::Came;
use super::kernel::Kernel;
use super::program::Program;
use super::socket::{Socket, SocketState, Stream};
use super::syscall::Errno;
use crate::base::{Duration, HostId, Purpose, SockId};
use crate::effect::{Out, Wake};
use crate::net::{Packet, Protocol, Segment, Topology};
use crate::trace::{Place, Refusal};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The pauses before SYN is sent again (`tcp_syn_retries` 6: in all 127 s).
const SYN_PAUSES: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Linux's ephemeral ports (`ip_local_port_range`): first, and how many.
const EPHEMERAL: (u16, u64) = (32_768, 28_232);

impl<P: Program> Kernel<P> {
    /// Begins a connection. `false` when no port is free.
    pub(super) fn connect(
        &mut self,
        id: SockId,
        to: SocketAddr,
        timeout: Option<Duration>,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> bool {
        let Some(host) = self.sockets.get(id).map(|socket| socket.host) else { return false };
        let Some(local) = self.ephemeral(host, Protocol::Tcp, to, topology, out) else { return false };
        self.sockets.set_addresses(id, Some(local), Some(to));
        let patience = timeout.unwrap_or(Duration::secs(127));
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.state = SocketState::Connecting(out.now, out.now + patience);
        }
        self.send_syn(id, 0, out);
        true
    }

    fn send_syn(&mut self, id: SockId, attempt: u32, out: &mut Out<'_>) {
        let Some(socket) = self.sockets.get(id) else { return };
        let (Some(local), Some(peer)) = (socket.local, socket.peer) else { return };
        let SocketState::Connecting(_, deadline) = socket.state else { return };
        out.send(
            socket.host,
            Packet { protocol: Protocol::Tcp, src: local, dst: peer, segment: Segment::Syn },
        );
        let pause = SYN_PAUSES.get(attempt as usize).copied().unwrap_or(64);
        let next = (out.now + Duration::secs(pause)).min(deadline);
        out.at(next, Wake::Socket(id, attempt + 1));
    }

    /// A socket's timer: SYN again, or give up.
    pub fn socket_timer(&mut self, id: SockId, attempt: u32, topology: &Topology, out: &mut Out<'_>) {
        let Some(socket) = self.sockets.get(id) else { return };
        let SocketState::Connecting(since, deadline) = socket.state else { return };
        if out.now < deadline {
            return self.send_syn(id, attempt, out);
        }
        let (host, peer) = (socket.host, socket.peer);
        if let Some(peer) = peer {
            out.refused(place(topology, host), Refusal::TimedOut(peer, out.now - since));
        }
        self.fail(id, Errno::Etimedout, out);
    }

    /// A source address that is free: the loopback address towards itself, else the namespace's own.
    pub(super) fn ephemeral(
        &self,
        host: HostId,
        protocol: Protocol,
        to: SocketAddr,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Option<SocketAddr> {
        let own = topology.get(host)?;
        let ip = if to.ip().is_loopback() { to.ip() } else { own.ip_towards(to.ip()) };
        let start = out.below(Purpose::EphemeralPort, &own.place.to_string(), EPHEMERAL.1);
        (0..EPHEMERAL.1).find_map(|n| {
            let port = EPHEMERAL.0 + ((start + n) % EPHEMERAL.1) as u16;
            let local = SocketAddr::new(ip, port);
            (!self.sockets.in_use(host, protocol, local, Some(to))).then_some(local)
        })
    }

    /// A TCP packet, or ICMP about one, reaches a namespace.
    pub(super) fn arrive_tcp(
        &mut self,
        host: HostId,
        packet: Packet,
        topology: &Topology,
        out: &mut Out<'_>,
    ) {
        let known = self.sockets.connected(host, Protocol::Tcp, packet.dst, packet.src);
        match (known, &packet.segment) {
            (Some(id), Segment::SynAck) => self.established(id, out),
            (Some(id), Segment::Data(bytes)) => {
                let came = Came { what: bytes.clone(), cause: out.cause() };
                self.on_stream(id, out, |stream| stream.inbox.push_back(came));
            }
            (Some(id), Segment::Fin) => {
                let came = Came { what: (), cause: out.cause() };
                self.on_stream(id, out, |stream| stream.peer_done = Some(came));
            }
            (Some(id), Segment::Rst) => self.reset(id, out),
            (Some(id), Segment::Unreachable) => self.fail(id, Errno::Econnrefused, out),
            (None, Segment::Syn) => self.open_from(host, packet, topology, out),
            (None, Segment::Data(_)) => out.send(host, packet.answer(Segment::Rst)),
            (Some(_), Segment::Syn | Segment::Datagram(_))
            | (
                None,
                Segment::SynAck | Segment::Fin | Segment::Rst | Segment::Datagram(_) | Segment::Unreachable,
            ) => {}
        }
    }

    /// SYN: a listener answers it, or the kernel refuses.
    fn open_from(&mut self, host: HostId, packet: Packet, topology: &Topology, out: &mut Out<'_>) {
        let Some(listener) = self.sockets.bound(host, Protocol::Tcp, packet.dst) else {
            out.refused(place(topology, host), Refusal::NotListening(packet.dst));
            return out.send(host, packet.answer(Segment::Rst));
        };
        let socket = Socket {
            host,
            protocol: Protocol::Tcp,
            local: Some(packet.dst),
            peer: Some(packet.src),
            owner: None,
            refs: 0,
            state: SocketState::Open(Stream::default()),
        };
        let id = self.sockets.add(socket);
        if let Some(SocketState::Listening(backlog)) =
            self.sockets.get_mut(listener).map(|socket| &mut socket.state)
        {
            backlog.push_back(id);
        }
        self.mark(listener, out);
        out.send(host, packet.answer(Segment::SynAck));
    }

    fn established(&mut self, id: SockId, out: &mut Out<'_>) {
        if let Some(socket) = self.sockets.get_mut(id)
            && matches!(socket.state, SocketState::Connecting(..))
        {
            socket.state = SocketState::Open(Stream::default());
            self.mark(id, out);
        }
    }

    fn on_stream(&mut self, id: SockId, out: &mut Out<'_>, change: impl FnOnce(&mut Stream)) {
        if let Some(SocketState::Open(stream)) = self.sockets.get_mut(id).map(|socket| &mut socket.state) {
            change(stream);
            self.mark(id, out);
        }
    }

    fn reset(&mut self, id: SockId, out: &mut Out<'_>) {
        let connecting = |socket: &Socket| matches!(socket.state, SocketState::Connecting(..));
        let refused = self.sockets.get(id).is_some_and(connecting);
        self.fail(id, if refused { Errno::Econnrefused } else { Errno::Econnreset }, out);
    }

    fn fail(&mut self, id: SockId, errno: Errno, out: &mut Out<'_>) {
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.state = SocketState::Failed(errno);
            self.mark(id, out);
        }
    }

    /// Something happened on a socket: its owner is told.
    pub(super) fn mark(&mut self, id: SockId, out: &mut Out<'_>) {
        let Some((pid, fd)) = self.sockets.get(id).and_then(|socket| socket.owner) else { return };
        if let Some(process) = self.process(pid)
            && !process.ready.contains(&fd)
        {
            process.ready.push_back(fd);
        }
        self.poke(pid, out);
    }

    /// Sends stream data, or a datagram of a connected UDP socket.
    pub(super) fn transmit(&mut self, id: SockId, data: Bytes, out: &mut Out<'_>) -> Result<(), Errno> {
        let socket = self.sockets.get(id).ok_or(Errno::Ebadf)?;
        let (Some(src), Some(dst)) = (socket.local, socket.peer) else { return Err(Errno::Einval) };
        let segment = match &socket.state {
            SocketState::Open(_) => Segment::Data(data),
            SocketState::Datagrams(..) => Segment::Datagram(data),
            SocketState::Failed(_) => return Err(Errno::Epipe),
            SocketState::Fresh | SocketState::Listening(_) | SocketState::Connecting(..) => {
                return Err(Errno::Einval);
            }
        };
        out.send(socket.host, Packet { protocol: socket.protocol, src, dst, segment });
        Ok(())
    }

    /// The last descriptor of a socket was closed: FIN, or RST when data was left unread.
    pub(super) fn close_socket(&mut self, id: SockId, out: &mut Out<'_>) {
        let Some(socket) = self.sockets.remove(id) else { return };
        if let SocketState::Listening(backlog) = &socket.state {
            backlog.iter().for_each(|waiting| self.close_socket(*waiting, out));
        }
        let (SocketState::Open(stream), Some(src), Some(dst)) = (&socket.state, socket.local, socket.peer)
        else {
            return;
        };
        let segment = match (stream.inbox.is_empty(), stream.shut) {
            (true, true) => return,
            (true, false) => Segment::Fin,
            (false, _) => Segment::Rst,
        };
        out.send(socket.host, Packet { protocol: Protocol::Tcp, src, dst, segment });
    }

    /// This side has no more to send: FIN, once.
    pub(super) fn shut_down(&mut self, id: SockId, out: &mut Out<'_>) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let (host, src, dst) = (socket.host, socket.local, socket.peer);
        let (SocketState::Open(stream), Some(src), Some(dst)) = (&mut socket.state, src, dst) else { return };
        if !std::mem::replace(&mut stream.shut, true) {
            out.send(host, Packet { protocol: Protocol::Tcp, src, dst, segment: Segment::Fin });
        }
    }

    /// What a process reads next from a stream.
    pub(super) fn read_stream(&mut self, id: SockId, max: usize) -> Option<Result<Came<Bytes>, Errno>> {
        match &mut self.sockets.get_mut(id)?.state {
            SocketState::Open(stream) => match stream.inbox.front_mut() {
                Some(front) if front.what.len() > max => {
                    Some(Ok(Came { what: front.what.split_to(max), cause: front.cause }))
                }
                Some(_) => stream.inbox.pop_front().map(Ok),
                None => {
                    let end = stream.peer_done.as_ref()?;
                    stream.end_seen = true;
                    Some(Ok(Came { what: Bytes::new(), cause: end.cause }))
                }
            },
            SocketState::Failed(errno) => Some(Err(*errno)),
            SocketState::Datagrams(inbox, unreachable) => match inbox.pop_front() {
                Some(came) => Some(Ok(Came { what: came.what.1, cause: came.cause })),
                None => std::mem::take(unreachable).then_some(Err(Errno::Econnrefused)),
            },
            SocketState::Fresh | SocketState::Listening(_) => Some(Err(Errno::Einval)),
            SocketState::Connecting(..) => None,
        }
    }

    /// A listening socket's state, for [`Kernel::listen`].
    pub(super) fn listen(&mut self, id: SockId, at: SocketAddr) -> Result<(), Errno> {
        let socket = self.sockets.get(id).ok_or(Errno::Ebadf)?;
        let (host, protocol) = (socket.host, socket.protocol);
        if self.sockets.taken(host, protocol, at) {
            return Err(Errno::Eaddrinuse);
        }
        self.sockets.set_addresses(id, Some(at), None);
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.state = match protocol {
                Protocol::Tcp => SocketState::Listening(VecDeque::new()),
                Protocol::Udp => SocketState::Datagrams(VecDeque::new(), false),
            };
        }
        Ok(())
    }
}

/// The spot of a namespace.
pub(super) fn place(topology: &Topology, host: HostId) -> Place {
    topology.get(host).map_or(Place::World, |host| host.place.clone())
}
