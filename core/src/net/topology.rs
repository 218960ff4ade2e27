//! Who has which address and on which node: the network namespaces of pods, nodes and machines outside.

use crate::base::FlatMap;
use crate::base::{Duration, HostId, NodeId};
use crate::trace::Place;
use std::net::IpAddr;

/// A network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What it is on the stage: a pod, a node, a machine outside.
    pub place: Place,
    /// The node on which it runs; `None` for machines outside the cluster.
    pub node: Option<NodeId>,
    /// Its address.
    pub ip: IpAddr,
    /// Its address of the other family, in a dual-stack cluster.
    pub other_ip: Option<IpAddr>,
    /// Addresses of dummy interfaces: known on its own node only, and to no one as where they lead.
    pub dummies: Vec<IpAddr>,
    /// Whether it is there: a pod's sandbox goes with the pod, and its address then belongs to no one.
    pub up: bool,
}

impl Host {
    /// Its addresses, the first one first.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.ip).chain(self.other_ip)
    }

    /// Its address of the family of another address; its first one when it has none.
    pub fn ip_towards(&self, other: IpAddr) -> IpAddr {
        self.ips().find(|ip| ip.is_ipv4() == other.is_ipv4()).unwrap_or(self.ip)
    }

    /// Whether an address is its own.
    pub fn has(&self, ip: IpAddr) -> bool {
        self.ips().any(|own| own == ip) || self.dummies.contains(&ip)
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(ip: IpAddr) -> Family {
        if ip.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// How long one way takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies {
    /// Within a namespace (loopback).
    pub loopback: Duration,
    /// Between two namespaces of one node.
    pub same_node: Duration,
    /// Between nodes of one zone.
    pub same_zone: Duration,
    /// Between zones.
    pub cross_zone: Duration,
    /// Between the cluster and machines outside.
    pub outside: Duration,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies {
            loopback: Duration::micros(20),
            same_node: Duration::micros(60),
            same_zone: Duration::micros(250),
            cross_zone: Duration::micros(700),
            outside: Duration::micros(1_500),
        }
    }
}

/// All namespaces.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    hosts: Vec<Host>,
    owners: FlatMap<IpAddr, HostId>,
    /// Zone of each node, by the node's index.
    pub zones: Vec<crate::base::Text>,
    /// How long ways take.
    pub latencies: Latencies,
}

impl Topology {
    /// Brings up a namespace.
    pub fn add(&mut self, host: Host) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        for ip in host.ips() {
            self.owners.insert(ip, id);
        }
        self.hosts.push(host);
        id
    }

    /// Takes a namespace down; its address belongs to no one until it is given out again.
    pub fn remove(&mut self, id: HostId) {
        let Some(host) = self.hosts.get_mut(id.0 as usize) else { return };
        host.up = false;
        for ip in host.ips() {
            if self.owners.get(&ip) == Some(&id) {
                self.owners.remove(&ip);
            }
        }
    }

    /// Gives a namespace an address on a dummy interface, or takes it away.
    pub fn set_dummy(&mut self, id: HostId, ip: IpAddr, there: bool) {
        let Some(host) = self.hosts.get_mut(id.0 as usize) else { return };
        host.dummies.retain(|own| *own != ip);
        host.dummies.extend(there.then_some(ip));
    }

    /// A namespace, up or not. Ids come from [`Topology::add`] and are never reused.
    pub fn get(&self, id: HostId) -> Option<&Host> {
        self.hosts.get(id.0 as usize)
    }

    /// Who has an address now.
    pub fn owner(&self, ip: IpAddr) -> Option<HostId> {
        self.owners.get(&ip).copied()
    }

    /// The namespaces that are up, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (HostId, &Host)> {
        self.hosts.iter().enumerate().map(|(n, host)| (HostId(n as u32), host)).filter(|(_, host)| host.up)
    }

    /// How long a packet takes between two namespaces.
    pub fn latency(&self, from: HostId, to: HostId) -> Duration {
        let node = |id| self.get(id).and_then(|host| host.node);
        let zone = |node: NodeId| self.zones.get(node.0 as usize);
        match (node(from), node(to)) {
            _ if from == to => self.latencies.loopback,
            (Some(a), Some(b)) if a == b => self.latencies.same_node,
            (Some(a), Some(b)) if zone(a) == zone(b) => self.latencies.same_zone,
            (Some(_), Some(_)) => self.latencies.cross_zone,
            _ => self.latencies.outside,
        }
    }
}
