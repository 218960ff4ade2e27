//! What a node in IPVS mode does with the first packet of a connection.
//! Models: the chains over sets of `pkg/proxy/ipvs/proxier.go` (writeIptablesRules), and `ip_vs_in` between them.

use super::{Ipvs, Question, Server, ServerKey, real_servers, schedule};
use crate::base::Instant;
use crate::net::Conntrack;
use crate::proxy::mode::Scheduler;
use crate::proxy::service::ServicePort;
use crate::proxy::table::Entry;
use crate::proxy::view::View;
use crate::proxy::walk::{Dnat, Outcome, Packet};
use crate::trace::reason::PickedBy;
use std::net::{IpAddr, SocketAddr};

/// The service port behind a virtual server, and whether it is one for traffic from outside.
pub fn at<'a>(view: View<'a>, (protocol, sent): ServerKey) -> Option<(&'a Entry, bool)> {
    let at_address = view.entries(Some(sent.ip()), protocol, sent.port()).next();
    let at_address = at_address.map(|entry| (entry, entry.port.cluster_ip != sent.ip()));
    let is_node = sent.ip() == view.ip;
    let at_node = || view.entries(None, protocol, sent.port()).find(|_| is_node).map(|entry| (entry, true));
    at_address.or_else(at_node)
}

/// Decides.
pub fn decide<'a>(
    view: View<'a>,
    packet: Packet,
    scheduler: Scheduler,
    ipvs: &Ipvs,
    conntrack: &Conntrack,
    now: Instant,
) -> Outcome<'a> {
    let (src, dst) = (packet.src.ip(), packet.dst);
    let key = (packet.protocol, dst);
    let Some((entry, external)) = at(view, key) else { return unknown_port(view, packet) };
    let port = &entry.port;
    let at_balancer = external && port.lb_ips.contains(&dst.ip());
    if at_balancer && !may_enter(view, entry, src) {
        return Outcome::DropSource(entry);
    }
    let Some(set) = real_servers(view, entry, external) else { return Outcome::Reject(entry) };
    let affinity = port.affinity;
    let ask = Question { scheduler, key, src, conntrack, affinity, now };
    let fresh = || Server::new(entry, Some(set));
    let Some((address, by)) = schedule::schedule(ipvs, fresh, ask) else { return Outcome::Reject(entry) };
    let Some(rule) = set.backends.iter().position(|backend| backend.address == address) else {
        return Outcome::Reject(entry);
    };
    let by = match by {
        PickedBy::Least(_) => {
            let loads = set.backends.iter().map(|backend| schedule::overhead(ask, backend.address));
            PickedBy::Least(loads.collect())
        }
        by => by,
    };
    let masquerade = masquerades(view, packet) || loops_back(view, entry, address, src);
    let chain = server_line(entry, key, scheduler);
    Outcome::Dnat(Dnat { entry, chain, set, rule, by, draws: Vec::new(), masquerade })
}

/// A virtual server as `ipvsadm -Ln` heads it.
pub fn server_line(entry: &Entry, (protocol, sent): ServerKey, scheduler: Scheduler) -> String {
    let persistent = entry.port.affinity.map(|seconds| format!(" persistent {seconds}"));
    let protocol = protocol.lower().to_uppercase();
    format!("{protocol}  {sent} {scheduler}{}", persistent.unwrap_or_default())
}

/// `KUBE-IPVS-FILTER`: the addresses are the node's own (`kube-ipvs0`), but nothing on the node may be reached at them.
fn unknown_port<'a>(view: View<'a>, packet: Packet) -> Outcome<'a> {
    let ip = packet.dst.ip();
    if view.is_local(ip) {
        return Outcome::Pass;
    }
    let bound = |entry: &&Entry| {
        let port = &entry.port;
        port.cluster_ip == ip || port.external_ips.contains(&ip) || port.lb_ips.contains(&ip)
    };
    let found = view.table.at_ip(ip, view.revision).find(bound);
    found.map_or(Outcome::Pass, Outcome::RejectPort)
}

/// `KUBE-SOURCE-RANGES-FIREWALL`; for what the node itself sends `KUBE-IPVS-OUT-FILTER`, which only asks whether the
/// node lies in a range.
fn may_enter(view: View<'_>, entry: &Entry, src: IpAddr) -> bool {
    let ranges = &entry.port.source_ranges;
    let src = if view.is_local(src) { view.ip } else { src };
    ranges.is_empty() || view.may_enter(entry, src)
}

/// Whether the sets of chain `KUBE-SERVICES` mark a packet for masquerading. Sets know no Services: what one of them puts
/// there holds for all at the address. All these addresses are the node's own, so those that are not accepted before
/// pass `KUBE-NODE-PORT` too, which looks at ports alone.
fn masquerades(view: View<'_>, packet: Packet) -> bool {
    let (dst, p, number) = (packet.dst.ip(), packet.protocol, packet.dst.port());
    let any = |is_it: &dyn Fn(&ServicePort) -> bool| {
        view.entries(Some(dst), p, number).any(|entry| is_it(&entry.port))
    };
    let balancer = any(&|port| port.lb_ips.contains(&dst))
        && !any(&|port| port.lb_ips.contains(&dst) && port.external_local);
    let inside = any(&|port| port.cluster_ip == dst) && !view.config.pods.contains(&packet.src.ip());
    let external = any(&|port| port.external_ips.contains(&dst) && !port.external_local);
    if balancer || inside || external {
        return true;
    }
    let accepted = any(&|port| port.external_ips.contains(&dst));
    !accepted && view.entries(None, p, number).next().is_some_and(|entry| !entry.port.external_local)
}

/// `KUBE-LOOP-BACK`: a pod of this node that was sent to itself.
fn loops_back(view: View<'_>, entry: &Entry, address: SocketAddr, src: IpAddr) -> bool {
    let is_here = |b: &&std::sync::Arc<crate::proxy::backends::Backend>| &*b.node == view.node;
    address.ip() == src && entry.backends.all.iter().filter(is_here).any(|b| b.address == address)
}
