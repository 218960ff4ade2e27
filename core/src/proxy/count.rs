//! How many rules (`-A` lines) a service port makes, without making them. A test compares with the rendered text.

use super::table::Entry;
use super::view::View;
use crate::base::FlatSet;

/// Rules that stand whatever Services there are.
pub const FIXED: u32 = 23;

/// The rules of one service port on a node.
pub fn rules(view: View<'_>, entry: &Entry) -> u32 {
    let (port, any) = (&entry.port, entry.backends.any());
    let cluster = entry.backends.cluster(view.node, view.zone);
    let local = entry.backends.local(view.node);
    let internal = if port.internal_local { local } else { cluster };
    let external = if port.external_local { local } else { cluster };
    let inside = if internal.is_empty() { 1 } else { 2 };
    let health = usize::from(port.health_check_node_port != 0 && port.external_local && port.is_external());
    let outside = if port.is_external() { outside(view, entry, any, !external.is_empty()) } else { 0 };
    let cluster = if port.uses_cluster() { &cluster.backends[..] } else { &[] };
    let local = if port.uses_local() { &local.backends[..] } else { &[] };
    let per_endpoint = if port.affinity.is_some() { 2 } else { 1 };
    let reached = match (cluster.is_empty(), local.is_empty()) {
        (false, false) => {
            cluster.iter().chain(local).map(|backend| backend.address).collect::<FlatSet<_>>().len()
        }
        _ => cluster.len() + local.len(),
    };
    let spread = (cluster.len() + local.len()) * per_endpoint;
    (inside + health + outside + spread + 2 * reached) as u32
}

fn outside(view: View<'_>, entry: &Entry, any: bool, usable: bool) -> usize {
    let port = &entry.port;
    let (ips, vips) = (port.external_ips.len(), port.lb_ips.len());
    let node_port = usize::from(port.node_port != 0);
    let refused = if usable { 0 } else { ips + vips + node_port };
    if !any {
        return refused;
    }
    let ways_in = ips + vips + node_port;
    let chain = if port.external_local { 3 + usize::from(usable) } else { 2 };
    let firewall = if port.source_ranges.is_empty() {
        0
    } else {
        let own = port.source_ranges.iter().any(|range| range.contains(&view.ip));
        vips + port.source_ranges.len() + if own { vips } else { 0 } + 1
    };
    refused + ways_in + chain + firewall
}
