//! UDP connections that conntrack still sends to endpoints that are gone: kube-proxy deletes their entries.
//! TCP connections are left alone; they die by resets and timeouts.
//! Models: `pkg/proxy/conntrack/cleanup.go`.

use super::table::{Entry, Table};
use crate::base::{FlatSet, Text};
use crate::net::conntrack::Entry as Connection;
use crate::net::{Conntrack, Protocol};
use std::net::SocketAddr;

/// Deletes what is stale of Services that changed, as of a revision. Returns how many entries went.
pub fn clean(table: &Table, services: &[Text], revision: u64, conntrack: &mut Conntrack) -> usize {
    let entries = services.iter().flat_map(|key| table.get(key, revision));
    let of_udp = entries.filter(|entry| entry.port.protocol == Protocol::Udp);
    of_udp.map(|entry| clean_port(entry, conntrack)).sum()
}

fn clean_port(entry: &Entry, conntrack: &mut Conntrack) -> usize {
    let serving: FlatSet<SocketAddr> =
        entry.backends.all.iter().filter(|b| b.serving).map(|b| b.address).collect();
    if serving.is_empty() {
        return 0;
    }
    let dests: FlatSet<_> = entry.port.dests().collect();
    conntrack.remove_if(|connection: &Connection| {
        let (sent, protocol) = (connection.original.dst, connection.original.protocol);
        let to_address = dests.contains(&(Some(sent.ip()), protocol, sent.port()));
        let to_node = dests.contains(&(None, protocol, sent.port()));
        (to_address || to_node) && !serving.contains(&connection.reply.src)
    })
}
