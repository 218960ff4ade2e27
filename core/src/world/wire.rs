//! A packet's way: the node's conntrack and kube-proxy rules, the link, and the namespace that has the address.
//! Omits: routing tables, MTU, and a source port of its own for masqueraded connections unless the port is taken.

use super::Rooms;
use crate::api::network_policy::Direction;
use crate::base::{HostId, NodeId, Purpose};
use crate::dns::message;
use crate::effect::{Out, Wake};
use crate::net::conntrack::Direction as Way;
use crate::net::{Packet, Segment};
use crate::proxy::{Verdict, raw};
use crate::trace::cargo::Addresses;
use crate::trace::{Cargo, Fact, Hop, Place, Reason, Refusal, TcpFlag};
use bytes::Bytes;
use std::net::SocketAddr;

/// The fault of a node whose kernel loses packets when two of one socket race for an entry in its connection table, and
/// in how many of those races one is lost. Newer kernels resolve most of them; the race is rare, and is the fault's alone here.
const RACE: &str = "conntrack-race";
const RACES: u64 = 8;

/// The port of DNS.
const DNS_PORT: u16 = 53;

impl Rooms {
    /// A packet leaves a namespace.
    pub(super) fn send(&mut self, from: HostId, packet: Packet, out: &mut Out<'_>) {
        let Some(host) = self.net.get(from) else { return };
        let node = host.node;
        if packet.dst.ip().is_loopback() || host.ips().any(|own| own == packet.dst.ip()) {
            return self.carry(from, from, packet, out);
        }
        match node {
            Some(node) => self.pass_node(node, from, packet, out),
            None => self.route(from, packet, out),
        }
    }

    /// A node's network stack sees a packet on its way out: conntrack first, then rules for new connections.
    fn pass_node(&mut self, node: NodeId, from: HostId, mut packet: Packet, out: &mut Out<'_>) {
        let Some(machine) = self.nodes.get_mut(node.0 as usize) else { return };
        let dummies = self.net.get(machine.host).map(|host| host.dummies.as_slice()).unwrap_or_default();
        if raw::is_untracked(dummies, packet.src) || raw::is_untracked(dummies, packet.dst) {
            return self.leave(from, packet, out);
        }
        if machine.kubelet.has_fault(RACE)
            && machine.conntrack.races(out.now, &packet)
            && out.below(Purpose::Fault, &machine.name, RACES) == 0
        {
            machine.conntrack.insertion_failed();
            out.refused(Place::Node(machine.name.clone()), Refusal::InsertFailed(packet.dst));
            return;
        }
        let before = (packet.src, packet.dst);
        match machine.conntrack.translate(out.now, &mut packet) {
            Some(direction) => {
                let place = Place::Node(machine.name.clone());
                note_translation(&place, direction, before, &packet, out);
                self.leave(from, packet, out);
            }
            None if matches!(packet.segment, Segment::Syn | Segment::Datagram(_)) => {
                self.consult_rules(node, from, packet, out);
            }
            None => self.leave(from, packet, out),
        }
    }

    /// The first packet of a connection meets kube-proxy's rules.
    fn consult_rules(&mut self, node: NodeId, from: HostId, mut packet: Packet, out: &mut Out<'_>) {
        let client = self.net.get(from).map_or(Place::World, |host| host.place.clone());
        let Some(machine) = self.nodes.get(node.0 as usize) else { return };
        match self.proxies.of(packet.dst.ip()).translate(node, &client, &packet, &machine.conntrack, out) {
            Verdict::Pass => self.leave(from, packet, out),
            Verdict::Dnat { to, masquerade } => {
                let Some(machine) = self.nodes.get_mut(node.0 as usize) else { return };
                let node_ip = self.net.get(machine.host).map(|host| host.ip_towards(packet.dst.ip()));
                let src = match node_ip {
                    Some(ip) if masquerade => SocketAddr::new(ip, packet.src.port()),
                    _ => packet.src,
                };
                let src = machine.conntrack.track(out.now, &packet, src, to);
                (packet.src, packet.dst) = (src, to);
                self.leave(from, packet, out);
            }
            Verdict::Reject => {
                let answer = packet.answer(Segment::Unreachable);
                self.carry_between(Place::Node(self.node_name(node)), from, from, answer, out);
            }
            Verdict::Drop => {}
        }
    }

    /// A packet leaves a pod as it now is, if its policies let it.
    fn leave(&mut self, from: HostId, packet: Packet, out: &mut Out<'_>) {
        if self.may_pass(Direction::Egress, from, &packet, out) {
            self.route(from, packet, out);
        }
    }

    /// Finds who has the destination and sends the packet there.
    fn route(&mut self, from: HostId, packet: Packet, out: &mut Out<'_>) {
        let node = self.net.get(from).and_then(|host| self.nodes.get(host.node?.0 as usize));
        // An address of a dummy interface is known on its own node only, and leads to the node itself.
        let near = node
            .map(|machine| machine.host)
            .filter(|node| self.net.get(*node).is_some_and(|node| node.dummies.contains(&packet.dst.ip())));
        match near.or_else(|| self.net.owner(packet.dst.ip())) {
            Some(to) => self.carry(from, to, packet, out),
            None => {
                let by = self.net.get(from).map(|host| (host.node, host.place.clone()));
                let by = match by {
                    Some((Some(node), _)) => Place::Node(self.node_name(node)),
                    Some((None, place)) => place,
                    None => Place::World,
                };
                out.refused(by, Refusal::NoSuchAddress(packet.dst));
            }
        }
    }

    pub(super) fn carry(&mut self, from: HostId, to: HostId, packet: Packet, out: &mut Out<'_>) {
        let place = self.net.get(from).map_or(Place::World, |host| host.place.clone());
        self.carry_between(place, from, to, packet, out);
    }

    fn carry_between(&mut self, place: Place, from: HostId, to: HostId, packet: Packet, out: &mut Out<'_>) {
        let there = self.net.get(to).map_or(Place::World, |host| host.place.clone());
        let takes = self.net.latency(from, to);
        let addresses = Some(Addresses { src: packet.src, dst: packet.dst });
        out.fact(Fact::Moved(Hop { from: place, to: there, cargo: cargo(&packet), addresses, takes }));
        out.after(takes, Wake::Arrive(to, Box::new(packet)));
    }

    /// A packet reaches a namespace: its node's conntrack first, and at a node's own address its rules for node ports.
    pub(super) fn arrive(&mut self, to: HostId, mut packet: Packet, out: &mut Out<'_>) {
        let Some(host) = self.net.get(to) else { return };
        if !host.up {
            let by = host.node.map_or(Place::World, |node| Place::Node(self.node_name(node)));
            out.refused(by, Refusal::NoSuchAddress(packet.dst));
            return;
        }
        let (is_node, at) = (matches!(host.place, Place::Node(_)), host.node);
        let Some(node) = at else { return self.through_balancer(to, packet, out) };
        // A policy sees the addresses that are on the wire, before answers get the Service's back.
        if !is_node && !self.may_pass(Direction::Ingress, to, &packet, out) {
            return;
        }
        let Some(machine) = self.nodes.get_mut(node.0 as usize) else { return };
        let before = (packet.src, packet.dst);
        let translated = machine.conntrack.translate(out.now, &mut packet);
        if let Some(direction) = translated {
            note_translation(&Place::Node(machine.name.clone()), direction, before, &packet, out);
        }
        if is_node && packet.dst != before.1 {
            return self.route(to, packet, out);
        }
        if is_node && self.net.get(to).is_some_and(|host| host.dummies.contains(&packet.dst.ip())) {
            return self.kernel.arrive(to, packet, &self.net, out);
        }
        let is_new = matches!(packet.segment, Segment::Syn | Segment::Datagram(_));
        if is_node && translated.is_none() && is_new && before.0.ip() != before.1.ip() {
            return self.node_port(node, to, packet, out);
        }
        self.kernel.arrive(to, packet, &self.net, out);
    }

    /// A new connection reaches a node from outside: a node port, an address that its rules know (a load balancer's, an
    /// external IP), or a program of the node.
    fn node_port(&mut self, node: NodeId, host: HostId, packet: Packet, out: &mut Out<'_>) {
        let own = self.net.get(host).map_or(packet.dst.ip(), |host| host.ip_towards(packet.dst.ip()));
        let client = self.net.owner(packet.src.ip()).and_then(|id| self.net.get(id));
        let client = client.map_or(Place::World, |host| host.place.clone());
        let Some(machine) = self.nodes.get(node.0 as usize) else { return };
        match self.proxies.of(packet.dst.ip()).translate(node, &client, &packet, &machine.conntrack, out) {
            Verdict::Pass if packet.dst.ip() == own => self.kernel.arrive(host, packet, &self.net, out),
            Verdict::Pass => {
                out.refused(Place::Node(self.node_name(node)), Refusal::NoSuchAddress(packet.dst));
            }
            Verdict::Dnat { to, masquerade } => {
                let Some(machine) = self.nodes.get_mut(node.0 as usize) else { return };
                let src = if masquerade { SocketAddr::new(own, packet.src.port()) } else { packet.src };
                let src = machine.conntrack.track(out.now, &packet, src, to);
                self.route(host, Packet { src, dst: to, ..packet }, out);
            }
            Verdict::Reject => self.route(host, packet.answer(Segment::Unreachable), out),
            Verdict::Drop => {}
        }
    }

    pub(super) fn node_name(&self, node: NodeId) -> crate::base::Text {
        self.nodes.get(node.0 as usize).map(|machine| machine.name.clone()).unwrap_or_default()
    }
}

/// The facts of a translation: the destination on the way there, the source on the way back.
fn note_translation(
    place: &Place,
    direction: Way,
    before: (SocketAddr, SocketAddr),
    packet: &Packet,
    out: &mut Out<'_>,
) {
    match direction {
        Way::Original if before.1 != packet.dst => {
            out.decided(place.clone(), Reason::Conntrack(before.1, packet.dst));
        }
        Way::Reply if before.0 != packet.src => {
            out.decided(place.clone(), Reason::SourceRestored(before.0, packet.src));
        }
        Way::Original | Way::Reply => {}
    }
}

/// What a packet carries, as the log says it.
fn cargo(packet: &Packet) -> Cargo {
    let is_dns = packet.src.port() == DNS_PORT || packet.dst.port() == DNS_PORT;
    match &packet.segment {
        Segment::Syn => Cargo::Tcp(TcpFlag::Syn),
        Segment::SynAck => Cargo::Tcp(TcpFlag::SynAck),
        Segment::Fin => Cargo::Tcp(TcpFlag::Fin),
        Segment::Rst => Cargo::Tcp(TcpFlag::Rst),
        Segment::Unreachable => Cargo::PortUnreachable,
        Segment::Datagram(bytes) if is_dns => message::summary(bytes).map_or(payload(bytes), Cargo::Dns),
        Segment::Data(bytes) if is_dns && bytes.len() > 2 => {
            message::summary(&bytes.slice(2..)).map_or(payload(bytes), Cargo::Dns)
        }
        Segment::Data(bytes) => http_cargo(bytes).unwrap_or(payload(bytes)),
        Segment::Datagram(bytes) => payload(bytes),
    }
}

fn payload(bytes: &Bytes) -> Cargo {
    Cargo::Payload(bytes.len() as u64)
}

/// The first line of an HTTP message, if the payload begins with one.
fn http_cargo(bytes: &Bytes) -> Option<Cargo> {
    let end = bytes.iter().take(2_048).position(|byte| *byte == b'\r' || *byte == b'\n')?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    let length = bytes.len() as u64;
    if let Some(rest) = line.strip_prefix("HTTP/1.") {
        let status = rest.split(' ').nth(1)?.parse().ok()?;
        return Some(Cargo::HttpResponse(status, length));
    }
    line.contains(" HTTP/1.").then(|| Cargo::HttpRequest(line.into(), length))
}
