//! Sockets as data: which there are, and which packet belongs to which. Knows no processes beyond their ids.

use super::descriptor::Came;
use super::syscall::Errno;
use crate::base::{Fd, FlatMap, HostId, Instant, Pid, SockId};
use crate::net::Protocol;
use crate::net::packet::Flow;
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A socket.
#[derive(Debug, Clone)]
pub struct Socket {
    /// The namespace.
    pub host: HostId,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its own address, once it has one.
    pub local: Option<SocketAddr>,
    /// The other side, if it is connected.
    pub peer: Option<SocketAddr>,
    /// The process and descriptor that are told of what happens; `None` until a connection is accepted.
    pub owner: Option<(Pid, Fd)>,
    /// How many descriptors go to it.
    pub refs: u32,
    /// Where it stands.
    pub state: SocketState,
}

/// Where a socket stands.
#[derive(Debug, Clone)]
pub enum SocketState {
    /// New.
    Fresh,
    /// TCP: takes connections; those that wait to be accepted.
    Listening(VecDeque<SockId>),
    /// TCP: SYN sent; since when, and until when it is tried.
    Connecting(Instant, Instant),
    /// TCP: connected.
    Open(Stream),
    /// UDP: the datagrams that came; and whether the last one sent was answered with port-unreachable.
    Datagrams(VecDeque<Came<(SocketAddr, Bytes)>>, bool),
    /// TCP: the connection did not come about, or broke.
    Failed(Errno),
}

/// A TCP connection's two directions.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// What came and was not yet read.
    pub inbox: VecDeque<Came<Bytes>>,
    /// The peer has no more to send, and why we know.
    pub peer_done: Option<Came<()>>,
    /// Whether the process was told so.
    pub end_seen: bool,
    /// Whether this side has said that it has no more to send.
    pub shut: bool,
}

/// No address of its own: a socket takes what comes to any address of its namespace, of either family.
pub const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn any(ip: IpAddr) -> IpAddr {
    if ip.is_unspecified() { ANY } else { ip }
}

/// All sockets.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    all: FlatMap<SockId, Arc<Socket>>,
    bound: FlatMap<(HostId, Protocol, u16, IpAddr), SockId>,
    connected: FlatMap<(HostId, Flow), SockId>,
    next: u64,
}

impl Sockets {
    /// A new socket.
    pub fn add(&mut self, socket: Socket) -> SockId {
        self.next += 1;
        let id = SockId(self.next);
        self.all.insert(id, Arc::new(socket));
        self.index(id);
        id
    }

    /// A socket.
    pub fn get(&self, id: SockId) -> Option<&Socket> {
        self.all.get(&id).map(|socket| &**socket)
    }

    /// A socket, to be changed. Addresses are changed through [`Sockets::set_addresses`].
    pub fn get_mut(&mut self, id: SockId) -> Option<&mut Socket> {
        self.all.get_mut(&id).map(Arc::make_mut)
    }

    /// All sockets, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (SockId, &Socket)> {
        self.all.iter().map(|(id, socket)| (*id, &**socket))
    }

    /// Gives a socket its addresses.
    pub fn set_addresses(&mut self, id: SockId, local: Option<SocketAddr>, peer: Option<SocketAddr>) {
        self.unindex(id);
        if let Some(socket) = self.get_mut(id) {
            (socket.local, socket.peer) = (local, peer);
        }
        self.index(id);
    }

    /// Removes a socket.
    pub fn remove(&mut self, id: SockId) -> Option<Arc<Socket>> {
        self.unindex(id);
        self.all.remove(&id)
    }

    /// Who listens at an address: a socket with that address before one with none of its own.
    pub fn bound(&self, host: HostId, protocol: Protocol, at: SocketAddr) -> Option<SockId> {
        let with = |ip| self.bound.get(&(host, protocol, at.port(), ip)).copied();
        with(at.ip()).or_else(|| with(ANY))
    }

    /// Whether a listener at an address would stand in the way of another, or the other way round.
    pub fn taken(&self, host: HostId, protocol: Protocol, at: SocketAddr) -> bool {
        let key = |ip| (host, protocol, at.port(), ip);
        let mut at_port = self
            .bound
            .range(key(ANY)..)
            .take_while(|(found, _)| (found.0, found.1, found.2) == (host, protocol, at.port()));
        at.ip().is_unspecified() && at_port.next().is_some() || self.bound(host, protocol, at).is_some()
    }

    /// The connection that a packet to `local` from `peer` belongs to.
    pub fn connected(
        &self,
        host: HostId,
        protocol: Protocol,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Option<SockId> {
        self.connected.get(&(host, Flow { protocol, src: local, dst: peer })).copied()
    }

    /// Whether a port is in use by a listener, or by a connection to `peer`.
    pub fn in_use(
        &self,
        host: HostId,
        protocol: Protocol,
        local: SocketAddr,
        peer: Option<SocketAddr>,
    ) -> bool {
        let to_peer = |peer| self.connected(host, protocol, local, peer).is_some();
        self.bound(host, protocol, local).is_some() || peer.is_some_and(to_peer)
    }

    fn index(&mut self, id: SockId) {
        let Some(socket) = self.get(id) else { return };
        match (socket.local, socket.peer) {
            (Some(local), Some(peer)) => {
                let flow = Flow { protocol: socket.protocol, src: local, dst: peer };
                self.connected.insert((socket.host, flow), id);
            }
            (Some(local), None) => {
                self.bound.insert((socket.host, socket.protocol, local.port(), any(local.ip())), id);
            }
            (None, _) => {}
        }
    }

    fn unindex(&mut self, id: SockId) {
        let Some(socket) = self.get(id) else { return };
        match (socket.local, socket.peer) {
            (Some(local), Some(peer)) => {
                let flow = Flow { protocol: socket.protocol, src: local, dst: peer };
                self.connected.remove(&(socket.host, flow));
            }
            (Some(local), None) => {
                self.bound.remove(&(socket.host, socket.protocol, local.port(), any(local.ip())));
            }
            (None, _) => {}
        }
    }
}
