//! UDP between sockets. Models: Linux `net/ipv4/udp.c` as far as a program can see.

use super::descriptor::Came;
use super::kernel::Kernel;
use super::program::Program;
use super::socket::{ANY, SocketState};
use super::syscall::Errno;
use super::tcp::place;
use crate::base::{HostId, SockId};
use crate::effect::Out;
use crate::net::{Packet, Protocol, Segment, Topology};
use crate::trace::Refusal;
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;

impl<P: Program> Kernel<P> {
    /// Sets a UDP socket's peer and gives it a port.
    pub(super) fn connect_udp(
        &mut self,
        id: SockId,
        to: SocketAddr,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Result<(), Errno> {
        let host = self.sockets.get(id).ok_or(Errno::Ebadf)?.host;
        let local = self.ephemeral(host, Protocol::Udp, to, topology, out).ok_or(Errno::Eaddrinuse)?;
        self.sockets.set_addresses(id, Some(local), Some(to));
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.state = SocketState::Datagrams(VecDeque::new(), false);
        }
        Ok(())
    }

    /// Sends a datagram from an unconnected socket, which gets a port if it has none.
    pub(super) fn send_to(
        &mut self,
        id: SockId,
        to: SocketAddr,
        data: Bytes,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Result<(), Errno> {
        let socket = self.sockets.get(id).ok_or(Errno::Ebadf)?;
        let host = socket.host;
        let own = topology.get(host).ok_or(Errno::Ehostunreach)?.ip_towards(to.ip());
        let local = match socket.local {
            Some(local) => local,
            None => {
                let local =
                    self.ephemeral(host, Protocol::Udp, to, topology, out).ok_or(Errno::Eaddrinuse)?;
                // It may send elsewhere next: only its port is settled.
                let local = SocketAddr::new(ANY, local.port());
                self.listen(id, local)?;
                local
            }
        };
        let source = if to.ip().is_loopback() || !local.ip().is_unspecified() { local.ip() } else { own };
        let source = if to.ip().is_loopback() && source.is_unspecified() { to.ip() } else { source };
        let src = SocketAddr::new(source, local.port());
        out.send(host, Packet { protocol: Protocol::Udp, src, dst: to, segment: Segment::Datagram(data) });
        Ok(())
    }

    /// A UDP packet, or ICMP about one, reaches a namespace.
    pub(super) fn arrive_udp(
        &mut self,
        host: HostId,
        packet: Packet,
        topology: &Topology,
        out: &mut Out<'_>,
    ) {
        let connected = self.sockets.connected(host, Protocol::Udp, packet.dst, packet.src);
        let id = connected.or_else(|| self.sockets.bound(host, Protocol::Udp, packet.dst));
        let state = id.and_then(|id| self.sockets.get_mut(id)).map(|socket| &mut socket.state);
        match (&packet.segment, state) {
            (Segment::Datagram(bytes), Some(SocketState::Datagrams(inbox, _))) => {
                inbox.push_back(Came { what: (packet.src, bytes.clone()), cause: out.cause() });
            }
            (Segment::Unreachable, Some(SocketState::Datagrams(_, unreachable))) => *unreachable = true,
            (Segment::Datagram(_), _) => {
                out.refused(place(topology, host), Refusal::NotListening(packet.dst));
                return out.send(host, packet.answer(Segment::Unreachable));
            }
            _ => return,
        }
        if let Some(id) = id {
            self.mark(id, out);
        }
    }

    /// A packet reaches a namespace.
    pub fn arrive(&mut self, host: HostId, packet: Packet, topology: &Topology, out: &mut Out<'_>) {
        match packet.protocol {
            Protocol::Tcp => self.arrive_tcp(host, packet, topology, out),
            Protocol::Udp => self.arrive_udp(host, packet, topology, out),
        }
    }
}
