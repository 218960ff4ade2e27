//! nftables mode: one table of its own, in which maps lead to chains. Knows no packets on their way.
//! Models: `pkg/proxy/nftables`. Omits: what happens when two Services claim one address and port (the real transaction
//! fails; here the first keeps it), chains that linger for a second after their last use, `ip6 kube-proxy`.

pub mod list;
pub mod names;
pub mod walk;

use super::table::Entry;
use super::view::View;
use std::net::IpAddr;

/// Where a map's element leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// To the chain of the virtual address.
    Internal,
    /// To the chain of traffic from outside.
    External,
}

/// What an address of a service port (`None`: its node port) leads to in the maps `service-ips` and
/// `service-nodeports`. `None`: there is no such element.
fn lead(view: View<'_>, entry: &Entry, ip: Option<IpAddr>) -> Option<Lead> {
    let port = &entry.port;
    match ip {
        Some(ip) if port.cluster_ip == ip && !view.internal(entry).is_empty() => Some(Lead::Internal),
        Some(ip) if !port.external_ips.contains(&ip) && !port.lb_ips.contains(&ip) => None,
        Some(_) | None => entry.backends.any().then_some(Lead::External),
    }
}

/// Whether an address of a service port (`None`: its node port) is in the maps of what has no endpoints.
fn is_refused(view: View<'_>, entry: &Entry, ip: Option<IpAddr>) -> bool {
    let port = &entry.port;
    match ip {
        Some(ip) if port.cluster_ip == ip && view.internal(entry).is_empty() => true,
        Some(ip) if !port.external_ips.contains(&ip) && !port.lb_ips.contains(&ip) => false,
        Some(_) | None => view.external(entry).is_empty(),
    }
}

/// Rules that stand whatever Services there are.
pub const FIXED: u32 = 23;

/// How many rules a service port makes, without making them; elements of maps are not counted.
pub fn rules(view: View<'_>, entry: &Entry) -> u32 {
    let port = &entry.port;
    let (cluster, local) = (view.cluster(entry), view.local(entry));
    let per_endpoint = usize::from(port.affinity.is_some());
    let chain = |used: bool, n: usize| if used && n > 0 { 1 + n * per_endpoint } else { 0 };
    let spread =
        chain(port.uses_cluster(), cluster.backends.len()) + chain(port.uses_local(), local.backends.len());
    let inside = usize::from(!view.internal(entry).is_empty());
    let outside = match port.is_external() && entry.backends.any() {
        true if port.external_local => 3 + usize::from(!view.external(entry).is_empty()),
        true => 2,
        false => 0,
    };
    let firewall = usize::from(!port.lb_ips.is_empty() && !port.source_ranges.is_empty());
    let endpoints = view.reached(entry).count() * (2 + per_endpoint);
    (spread + inside + outside + firewall + endpoints) as u32
}
