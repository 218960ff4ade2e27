//! What the table does with the first packet of a connection, reached through the index instead of a walk.
//! Models: the base chains of `pkg/proxy/nftables/proxier.go` by hook and priority; the kernel's `numgen random`.

use super::{Lead, is_refused, lead, names};
use crate::base::Instant;
use crate::proxy::affinity::Affinity;
use crate::proxy::backends::Backend;
use crate::proxy::table::Entry;
use crate::proxy::view::View;
use crate::proxy::walk::{Dice, Dnat, Outcome, Packet};
use crate::trace::reason::PickedBy;
use std::net::IpAddr;

/// Decides. `dice` is asked only when chance decides for a service port.
pub fn decide<'a>(
    view: View<'a>,
    packet: Packet,
    affinity: &Affinity,
    now: Instant,
    dice: impl FnOnce(&Entry) -> Dice,
) -> Outcome<'a> {
    let walk = Walk { view, packet };
    if let Some(entry) = walk.firewall() {
        return Outcome::DropSource(entry);
    }
    match walk.services() {
        Some(choice) => pick(view, packet, choice, affinity, now, dice),
        None => walk.checks(),
    }
}

struct Walk<'a> {
    view: View<'a>,
    packet: Packet,
}

/// The load-spreading chain that a packet reached.
struct Choice<'a> {
    entry: &'a Entry,
    local: bool,
    masquerade: bool,
}

impl<'a> Walk<'a> {
    fn entries(&self, ip: Option<IpAddr>) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.view.entries(ip, self.packet.protocol, self.packet.dst.port())
    }

    /// Map `firewall-ips`: the first Service at the address that filters sources, when it does not take this one.
    fn firewall(&self) -> Option<&'a Entry> {
        let (src, dst) = (self.packet.src.ip(), self.packet.dst.ip());
        let mut filtering = self.entries(Some(dst));
        let filters =
            |entry: &&Entry| entry.port.lb_ips.contains(&dst) && !entry.port.source_ranges.is_empty();
        filtering.find(filters).filter(|entry| !self.view.may_enter(entry, src))
    }

    /// Chain `services`: a hit in `service-ips` ends it, whether or not the chain behind it knows an endpoint.
    fn services(&self) -> Option<Choice<'a>> {
        let (view, dst) = (self.view, self.packet.dst.ip());
        let hit =
            |ip| self.entries(ip).find_map(move |entry| lead(view, entry, ip).map(|lead| (entry, lead)));
        let at_node = || if dst == view.ip { hit(None) } else { None };
        let (entry, lead) = hit(Some(dst)).or_else(at_node)?;
        let from_pods = view.config.pods.contains(&self.packet.src.ip());
        let (local, masquerade) = match lead {
            Lead::Internal => (entry.port.internal_local, !from_pods),
            Lead::External if !entry.port.external_local => (false, true),
            Lead::External if from_pods => (false, false),
            Lead::External if view.is_local(self.packet.src.ip()) => (false, true),
            Lead::External if view.local(entry).is_empty() => return None,
            Lead::External => (true, false),
        };
        Some(Choice { entry, local, masquerade })
    }

    /// The filter chains after the destination was left as it is.
    fn checks(&self) -> Outcome<'a> {
        let (view, dst) = (self.view, self.packet.dst.ip());
        let refused = |ip| self.entries(ip).find(|entry| is_refused(view, entry, ip));
        let at_node = if dst == view.ip { refused(None) } else { None };
        if let Some(entry) = at_node.or_else(|| refused(Some(dst))) {
            let somewhere = entry.backends.any();
            return if somewhere { Outcome::DropNotLocal(entry) } else { Outcome::Reject(entry) };
        }
        // What the node's own addresses get passes `filter-input`, where virtual addresses are not checked.
        if view.is_local(dst) {
            return Outcome::Pass;
        }
        match view.table.at_ip(dst, view.revision).find(|entry| entry.port.cluster_ip == dst) {
            Some(entry) => Outcome::RejectPort(entry),
            None if view.config.services.contains(&dst) => Outcome::DropUnallocated,
            None => Outcome::Pass,
        }
    }
}

/// The chain that spreads the load, then the endpoint's.
fn pick<'a>(
    view: View<'a>,
    packet: Packet,
    choice: Choice<'a>,
    affinity: &Affinity,
    now: Instant,
    dice: impl FnOnce(&Entry) -> Dice,
) -> Outcome<'a> {
    let Choice { entry, local, masquerade } = choice;
    let set = if local { view.local(entry) } else { view.cluster(entry) };
    let (src, n) = (packet.src.ip(), set.backends.len());
    let stuck = entry.port.affinity.and_then(|seconds| {
        let fresh = |b: &Backend| affinity.is_fresh(&entry.port, b.address, src, seconds, now);
        set.backends.iter().position(|backend| fresh(backend))
    });
    let (rule, by) = match stuck {
        Some(rule) => (rule, PickedBy::Affinity),
        None if n == 1 => (0, PickedBy::Only),
        None => {
            let draw = dice(entry).word();
            (numgen(draw, n), PickedBy::Numgen(draw))
        }
    };
    let hairpin = set.backends.get(rule).is_some_and(|backend| backend.address.ip() == src);
    let chain = names::spread_chain(&entry.port, local);
    let masquerade = masquerade || hairpin;
    Outcome::Dnat(Dnat { entry, chain, set, rule, by, draws: Vec::new(), masquerade })
}

/// The kernel's `reciprocal_scale`: a 32-bit draw on 0 .. n.
pub fn numgen(draw: u32, n: usize) -> usize {
    ((u64::from(draw) * n as u64) >> 32) as usize
}
