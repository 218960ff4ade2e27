//! What one node sees of the table: its revision, and which endpoints it uses for what. Knows no rules.

use super::backends::{Backend, Set};
use super::mode::Config;
use super::table::{Entry, Table};
use crate::net::Protocol;
use std::net::IpAddr;
use std::sync::Arc;

/// A node's view of the table.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The table.
    pub table: &'a Table,
    /// The revision as of which the node's rules are.
    pub revision: u64,
    /// The node.
    pub node: &'a str,
    /// Its zone; empty when unknown.
    pub zone: &'a str,
    /// Its address.
    pub ip: IpAddr,
    /// What kube-proxy is configured with.
    pub config: Config,
}

impl<'a> View<'a> {
    /// The service ports that an address (`None`: every node's own) and port belong to, in the order of their rules.
    pub fn entries(
        self,
        ip: Option<IpAddr>,
        protocol: Protocol,
        port: u16,
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.table.at((ip, protocol, port), self.revision).filter(move |entry| match ip {
            // An entry may be found by its node port; at an address, only its port counts.
            Some(_) => entry.port.port == port,
            None => entry.port.node_port == port,
        })
    }

    /// Whether an address is the node's own.
    pub fn is_local(self, ip: IpAddr) -> bool {
        ip == self.ip || ip.is_loopback()
    }

    /// The endpoints for traffic that may go anywhere.
    pub fn cluster(self, entry: &'a Entry) -> &'a Set {
        entry.backends.cluster(self.node, self.zone)
    }

    /// The endpoints for traffic that must stay on its node.
    pub fn local(self, entry: &'a Entry) -> &'a Set {
        entry.backends.local(self.node)
    }

    /// The endpoints for traffic to the virtual address.
    pub fn internal(self, entry: &'a Entry) -> &'a Set {
        if entry.port.internal_local { self.local(entry) } else { self.cluster(entry) }
    }

    /// The endpoints for traffic from outside.
    pub fn external(self, entry: &'a Entry) -> &'a Set {
        if entry.port.external_local { self.local(entry) } else { self.cluster(entry) }
    }

    /// The endpoints to which this node may send anything, each once: those for all traffic, then the others of its own.
    pub fn reached(self, entry: &'a Entry) -> impl Iterator<Item = &'a Backend> {
        let used = |used: bool, set: &'a Set| if used { &set.backends[..] } else { &[] };
        let cluster = used(entry.port.uses_cluster(), self.cluster(entry));
        let local = used(entry.port.uses_local(), self.local(entry));
        // Both are in the order of the endpoints' texts.
        let is_new = |backend: &&Arc<Backend>| {
            cluster.binary_search_by(|other| other.text.cmp(&backend.text)).is_err()
        };
        cluster.iter().chain(local.iter().filter(is_new)).map(|backend| &**backend)
    }

    /// Whether `loadBalancerSourceRanges` lets a source in.
    pub fn may_enter(self, entry: &Entry, src: IpAddr) -> bool {
        let (port, ranges) = (&entry.port, &entry.port.source_ranges);
        let is_range = |ip: IpAddr| ranges.iter().any(|range| range.contains(&ip));
        ranges.is_empty() || is_range(src) || (is_range(self.ip) && port.lb_ips.contains(&src))
    }
}
