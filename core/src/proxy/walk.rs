//! What a node's rules do with the first packet of a connection: the decision that the rendered rules describe, reached
//! through the index instead of a walk. Knows no conntrack and the world's counters.
//! Models: the chains of `pkg/proxy/iptables/proxier.go`, traversed as netfilter does.

use super::affinity::Affinity;
use super::backends::{Backend, Set};
use super::chains;
use super::service::ServicePort;
use super::table::Entry;
use super::view::View;
use crate::base::draw::draw;
use crate::base::{Instant, Purpose, Seed, Text};
use crate::net::Protocol;
use crate::trace::reason::PickedBy;
use std::net::{IpAddr, SocketAddr};

/// What the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Source.
    pub src: SocketAddr,
    /// Destination.
    pub dst: SocketAddr,
}

/// What happens to a packet.
#[derive(Debug, Clone)]
pub enum Outcome<'a> {
    /// No rule concerns it.
    Pass,
    /// It gets an endpoint's address.
    Dnat(Dnat<'a>),
    /// It is answered with port unreachable: no endpoint anywhere.
    Reject(&'a Entry),
    /// It vanishes: there are endpoints, and none on this node.
    DropNotLocal(&'a Entry),
    /// It vanishes: its source is not in the load balancer's ranges.
    DropSource(&'a Entry),
    /// It is answered with port unreachable: the Service at the address has no such port.
    RejectPort(&'a Entry),
    /// It vanishes: no Service has this address of their range.
    DropUnallocated,
}

/// How an endpoint was picked.
#[derive(Debug, Clone)]
pub struct Dnat<'a> {
    /// The service port.
    pub entry: &'a Entry,
    /// What spread the load: a chain, or a virtual server.
    pub chain: String,
    /// The endpoints among which it chose.
    pub set: &'a Set,
    /// Which of them.
    pub rule: usize,
    /// What decided.
    pub by: PickedBy,
    /// Draw and threshold of the rules that were tried, the last [`DRAWS_KEPT`] of them.
    pub draws: Vec<(u32, u32)>,
    /// Whether the source becomes the node's.
    pub masquerade: bool,
}

impl Dnat<'_> {
    /// The endpoint.
    pub fn backend(&self) -> Option<&Backend> {
        self.set.backends.get(self.rule).map(|backend| &**backend)
    }
}

/// Of a walk past thousands of rules, evidence keeps the last draws.
pub const DRAWS_KEPT: usize = 64;

/// The kernel's draws for one packet: one draw of the world, spread over as many rules as are tried.
#[derive(Debug, Clone, Copy)]
pub struct Dice {
    base: u64,
    rolled: u64,
}

impl Dice {
    /// Dice from a draw of the world.
    pub fn new(base: u64) -> Dice {
        Dice { base, rolled: 0 }
    }

    /// The next 31-bit draw.
    pub fn roll(&mut self) -> u32 {
        self.word() & 0x7fff_ffff
    }

    /// The next 32-bit draw.
    pub fn word(&mut self) -> u32 {
        let drawn = draw(Seed(self.base), Purpose::RuleMatch, "", self.rolled);
        self.rolled += 1;
        drawn as u32
    }
}

/// Decides. `dice` is asked only when chance decides for a service port.
pub fn decide<'a>(
    view: View<'a>,
    packet: Packet,
    affinity: &Affinity,
    now: Instant,
    dice: impl FnOnce(&Entry) -> Dice,
) -> Outcome<'a> {
    let walk = Walk { view, packet, affinity, now };
    match walk.nat() {
        Some(choice) => walk.pick(choice, dice),
        None => walk.filter(),
    }
}

struct Walk<'a, 'b> {
    view: View<'a>,
    packet: Packet,
    affinity: &'b Affinity,
    now: Instant,
}

/// The load-spreading chain that a packet reached.
struct Choice<'a> {
    entry: &'a Entry,
    local: bool,
    masquerade: bool,
}

impl<'a> Walk<'a, '_> {
    /// Table nat: KUBE-SERVICES, then KUBE-NODEPORTS for the node's own addresses.
    fn nat(&self) -> Option<Choice<'a>> {
        let at_address = self.entries(Some(self.packet.dst.ip()));
        let mut found = at_address.filter_map(|entry| self.services_rule(entry));
        if let Some(choice) = found.next() {
            return Some(choice);
        }
        if !self.view.is_local(self.packet.dst.ip()) {
            return None;
        }
        let mut at_node = self.entries(None).filter(|entry| entry.backends.any());
        at_node.find_map(|entry| self.external_chain(entry))
    }

    fn entries(&self, ip: Option<IpAddr>) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.view.entries(ip, self.packet.protocol, self.packet.dst.port())
    }

    /// What a service port's rules in KUBE-SERVICES do, in their order.
    fn services_rule(&self, entry: &'a Entry) -> Option<Choice<'a>> {
        let (port, ip) = (&entry.port, self.packet.dst.ip());
        if port.cluster_ip == ip && !self.view.internal(entry).is_empty() {
            let masquerade = !self.view.config.pods.contains(&self.packet.src.ip());
            return Some(Choice { entry, local: port.internal_local, masquerade });
        }
        if !entry.backends.any() {
            return None;
        }
        if port.external_ips.contains(&ip)
            && let Some(choice) = self.external_chain(entry)
        {
            return Some(choice);
        }
        let at_balancer = port.lb_ips.contains(&ip) && self.view.may_enter(entry, self.packet.src.ip());
        if at_balancer { self.external_chain(entry) } else { None }
    }

    /// KUBE-EXT of a service port.
    fn external_chain(&self, entry: &'a Entry) -> Option<Choice<'a>> {
        let src = self.packet.src.ip();
        if !entry.port.external_local {
            Some(Choice { entry, local: false, masquerade: true })
        } else if self.view.config.pods.contains(&src) {
            Some(Choice { entry, local: false, masquerade: false })
        } else if self.view.is_local(src) {
            Some(Choice { entry, local: false, masquerade: true })
        } else if !self.view.local(entry).is_empty() {
            Some(Choice { entry, local: true, masquerade: false })
        } else {
            None
        }
    }

    /// Table filter, for what nat left alone.
    fn filter(&self) -> Outcome<'a> {
        let dst = self.packet.dst.ip();
        for entry in self.entries(Some(dst)) {
            let firewalled = entry.port.lb_ips.contains(&dst) && !entry.port.source_ranges.is_empty();
            if firewalled && entry.backends.any() {
                return Outcome::DropSource(entry);
            }
        }
        let (to_node, from_node) = (self.view.is_local(dst), self.view.is_local(self.packet.src.ip()));
        if !to_node {
            let mut inside = self.entries(Some(dst)).filter(|entry| entry.port.cluster_ip == dst);
            if let Some(entry) = inside.find(|entry| self.view.internal(entry).is_empty()) {
                return self.refuse(entry);
            }
        }
        // What the node itself sends to others passes OUTPUT, where externally-visible portals are not consulted.
        if from_node && !to_node {
            return Outcome::Pass;
        }
        let is_external = |port: &ServicePort| port.external_ips.contains(&dst) || port.lb_ips.contains(&dst);
        let mut outside = self.entries(Some(dst)).filter(|entry| is_external(&entry.port));
        if let Some(entry) = outside.find(|entry| self.view.external(entry).is_empty()) {
            return self.refuse(entry);
        }
        let mut at_node = self.entries(None).filter(|_| to_node);
        match at_node.find(|entry| self.view.external(entry).is_empty()) {
            Some(entry) => self.refuse(entry),
            None => Outcome::Pass,
        }
    }

    fn refuse(&self, entry: &'a Entry) -> Outcome<'a> {
        if entry.backends.any() { Outcome::DropNotLocal(entry) } else { Outcome::Reject(entry) }
    }

    /// KUBE-SVC or KUBE-SVL, then KUBE-SEP.
    fn pick(&self, choice: Choice<'a>, dice: impl FnOnce(&Entry) -> Dice) -> Outcome<'a> {
        let Choice { entry, local, masquerade } = choice;
        let set = if local { self.view.local(entry) } else { self.view.cluster(entry) };
        let chain = if local { entry.port.local_chain() } else { entry.port.cluster_chain() };
        let src = self.packet.src.ip();
        let stuck = entry.port.affinity.and_then(|seconds| {
            let fresh = |b: &Backend| self.affinity.is_fresh(&entry.port, b.address, src, seconds, self.now);
            set.backends.iter().position(|backend| fresh(backend))
        });
        let (rule, by, draws) = match stuck {
            Some(rule) => (rule, PickedBy::Affinity, Vec::new()),
            None if set.backends.len() == 1 => (0, PickedBy::Only, Vec::new()),
            None => {
                let (rule, draws) = spread(set.backends.len(), dice(entry));
                (rule, PickedBy::Rules, draws)
            }
        };
        let hairpin = set.backends.get(rule).is_some_and(|backend| backend.address.ip() == src);
        Outcome::Dnat(Dnat { entry, chain, set, rule, by, draws, masquerade: masquerade || hairpin })
    }
}

/// Walks n rules with probabilities 1/n, 1/(n-1), ..., 1: which one matched, and the draws of those tried.
fn spread(n: usize, mut dice: Dice) -> (usize, Vec<(u32, u32)>) {
    let mut draws = Vec::new();
    let mut rules = 0..n.saturating_sub(1);
    let matched = rules.find(|rule| {
        let (drawn, threshold) = (dice.roll(), chains::threshold(n - rule));
        draws.push((drawn, threshold));
        drawn < threshold
    });
    draws.drain(..draws.len().saturating_sub(DRAWS_KEPT));
    (matched.unwrap_or(n.saturating_sub(1)), draws)
}

/// The name under which a client draws for a service port.
pub fn actor(client: &impl std::fmt::Display, entry: &Entry) -> Text {
    format!("{client} > {}", entry.port.name).into()
}
