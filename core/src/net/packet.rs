//! Packets are typed structs, not bytes; their payload is bytes.
//! Omits: ACK and sequence numbers, segmentation, TTL. A TCP segment that is not lost arrives in order.

use bytes::Bytes;
use std::fmt;
use std::net::SocketAddr;

/// A packet on its way. The addresses are what is on it now; NAT rewrites them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Source address and port.
    pub src: SocketAddr,
    /// Destination address and port.
    pub dst: SocketAddr,
    /// What it carries.
    pub segment: Segment,
}

/// The transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As in iptables rules and chain names: `tcp`.
    pub fn lower(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }

    /// As in Kubernetes objects: `TCP`. `None` for SCTP, which is not simulated.
    pub fn of_kubernetes(word: &str) -> Option<Protocol> {
        match word {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            _ => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lower())
    }
}

/// What a packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// TCP: open.
    Syn,
    /// TCP: opened.
    SynAck,
    /// TCP: part of the stream.
    Data(Bytes),
    /// TCP: the sender has no more to send.
    Fin,
    /// TCP: refused, or gone.
    Rst,
    /// UDP payload.
    Datagram(Bytes),
    /// ICMP port-unreachable about a packet of this protocol; `src` and `dst` are those of an answer to that packet.
    Unreachable,
}

impl Packet {
    /// The packet's flow as conntrack keys it.
    pub fn flow(&self) -> Flow {
        Flow { protocol: self.protocol, src: self.src, dst: self.dst }
    }

    /// An answer to this packet, with addresses swapped.
    pub fn answer(&self, segment: Segment) -> Packet {
        Packet { protocol: self.protocol, src: self.dst, dst: self.src, segment }
    }
}

/// Protocol, source and destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Source.
    pub src: SocketAddr,
    /// Destination.
    pub dst: SocketAddr,
}

impl Flow {
    /// The flow of answers.
    pub fn reversed(self) -> Flow {
        Flow { protocol: self.protocol, src: self.dst, dst: self.src }
    }
}
