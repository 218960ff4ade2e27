//! IPVS mode: a virtual server per address and port, with real servers among which the kernel's scheduler picks; what
//! IPVS cannot do, a few rules of iptables over sets of addresses do. Knows no packets on their way.
//! Models: `pkg/proxy/ipvs`, `graceful_termination.go`; the kernel's `net/netfilter/ipvs`. Omits: what happens when two
//! Services claim one address and port (here the first keeps it); the order in which real servers came to a virtual
//! server that nobody has used yet (it is that of a kube-proxy that has just started).

pub mod list;
pub mod rules;
pub mod schedule;
pub mod walk;

use super::backends::Set;
use super::mode::Scheduler;
use super::table::Entry;
use super::view::View;
use crate::base::{FlatMap, Instant, Text};
use crate::net::conntrack::Load;
use crate::net::{Conntrack, Protocol};
use crate::trace::reason::PickedBy;
use std::net::{IpAddr, SocketAddr};

/// A virtual server: its protocol, address and port.
pub type ServerKey = (Protocol, SocketAddr);

/// The kernel's state of one node: that of the virtual servers that were used. All others follow from the table.
#[derive(Debug, Clone, Default)]
pub struct Ipvs {
    servers: FlatMap<ServerKey, Server>,
}

/// The state of a virtual server.
#[derive(Debug, Clone)]
pub struct Server {
    /// The Service that it belongs to, `ns/name`.
    service: Text,
    /// Its real servers in the kernel's order: the newest first.
    dests: Vec<Dest>,
    /// Round robin: the one that was picked last.
    last: Option<SocketAddr>,
    /// Session affinity: which real server a client was sent to, and when.
    persistent: FlatMap<IpAddr, (SocketAddr, Instant)>,
}

/// A real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dest {
    /// Where it listens.
    pub address: SocketAddr,
    /// 1, or 0 when it gets no new connections.
    pub weight: u32,
}

/// The endpoints that kube-proxy gives a virtual server as real servers; `external`: one for traffic from outside.
/// With policy Local and no endpoint on the node it is what traffic may use that goes anywhere.
pub fn real_servers<'a>(view: View<'a>, entry: &'a Entry, external: bool) -> Option<&'a Set> {
    let port = &entry.port;
    let only_local = if external { port.external_local } else { port.internal_local };
    let local = view.local(entry);
    match only_local {
        true if !local.is_empty() => Some(local),
        true if !port.uses_cluster() => None,
        _ => Some(view.cluster(entry)),
    }
}

/// The virtual servers of a service port on a node: their addresses, and whether they are for traffic from outside.
pub fn virtual_servers<'a>(view: View<'a>, entry: &'a Entry) -> impl Iterator<Item = (SocketAddr, bool)> {
    let port = &entry.port;
    port.dests().map(move |(ip, _, number)| match ip {
        Some(ip) => (SocketAddr::new(ip, number), ip != port.cluster_ip),
        None => (SocketAddr::new(view.ip, number), true),
    })
}

/// How many lines a service port makes in `ipvsadm -Ln`: its virtual servers and their real servers.
pub fn rules(view: View<'_>, entry: &Entry) -> u32 {
    let reals = |external| real_servers(view, entry, external).map_or(0, |set| set.backends.len());
    virtual_servers(view, entry).map(|(_, external)| 1 + reals(external) as u32).sum()
}

impl Server {
    /// A virtual server as a kube-proxy that has just started makes it: servers are added one after the other, each in
    /// front of the others.
    fn new(entry: &Entry, set: Option<&Set>) -> Server {
        let backends = set.into_iter().flat_map(|set| set.backends.iter().rev());
        let dests = backends.map(|backend| Dest { address: backend.address, weight: 1 }).collect();
        let service = format!("{}/{}", entry.port.service.namespace, entry.port.service.name);
        Server { service: service.into(), dests, last: None, persistent: FlatMap::new() }
    }

    /// A sync: new real servers come to the front; those that are no longer wanted go, or, with connections, stay
    /// without weight.
    fn update(&mut self, key: ServerKey, set: Option<&Set>, conntrack: &Conntrack) {
        let wanted: Vec<SocketAddr> =
            set.into_iter().flat_map(|set| set.backends.iter().map(|backend| backend.address)).collect();
        for address in &wanted {
            match self.dests.iter_mut().find(|dest| dest.address == *address) {
                Some(dest) => dest.weight = 1,
                None => self.dests.insert(0, Dest { address: *address, weight: 1 }),
            }
        }
        let is_wanted = |address: &SocketAddr| wanted.contains(address);
        let gone: Vec<SocketAddr> =
            self.dests.iter().map(|dest| dest.address).filter(|address| !is_wanted(address)).collect();
        for address in gone {
            if let Some(dest) = self.dests.iter_mut().find(|dest| dest.address == address) {
                dest.weight = 0;
            }
            self.remove_if_idle(key, address, conntrack);
        }
    }

    /// Takes a real server without weight away, unless it is TCP and has connections.
    fn remove_if_idle(&mut self, (protocol, sent): ServerKey, address: SocketAddr, conntrack: &Conntrack) {
        let busy = conntrack.load(protocol, sent, address) != Load::default();
        if busy && protocol == Protocol::Tcp {
            return;
        }
        let Some(at) = self.dests.iter().position(|dest| dest.address == address) else { return };
        if self.last == Some(address) {
            self.last = at.checked_sub(1).and_then(|before| self.dests.get(before)).map(|dest| dest.address);
        }
        self.dests.remove(at);
    }

    fn is_draining(&self) -> bool {
        self.dests.iter().any(|dest| dest.weight == 0)
    }
}

impl Ipvs {
    /// The real servers of a virtual server in the kernel's order, if it was ever used.
    pub fn dests(&self, key: ServerKey) -> Option<&[Dest]> {
        self.servers.get(&key).map(|server| &*server.dests)
    }

    /// A sync of the Services that `concerns` picks. Tells whether some real servers are on their way out.
    pub fn sync(
        &mut self,
        view: View<'_>,
        concerns: impl Fn(&str) -> bool,
        conntrack: &mut Conntrack,
        now: Instant,
    ) -> bool {
        conntrack.sweep(now);
        let mut servers = std::mem::take(&mut self.servers);
        servers.retain(|key, server| {
            if !concerns(&server.service) {
                return true;
            }
            match walk::at(view, *key) {
                Some((entry, external)) => {
                    server.update(*key, real_servers(view, entry, external), conntrack);
                    true
                }
                None => false,
            }
        });
        self.servers = servers;
        self.servers.values().any(Server::is_draining)
    }

    /// Once a minute: real servers on their way out go when their connections have. Tells whether some are left.
    pub fn drain(&mut self, conntrack: &mut Conntrack, now: Instant) -> bool {
        conntrack.sweep(now);
        for (key, server) in self.servers.iter_mut() {
            let out: Vec<SocketAddr> =
                server.dests.iter().filter(|dest| dest.weight == 0).map(|dest| dest.address).collect();
            out.into_iter().for_each(|address| server.remove_if_idle(*key, address, conntrack));
        }
        self.servers.values().any(Server::is_draining)
    }

    /// Remembers what a new connection was sent to. `by` affinity the rotation did not move.
    pub fn remember(
        &mut self,
        view: View<'_>,
        key: ServerKey,
        (client, real): (IpAddr, SocketAddr),
        by: &PickedBy,
        now: Instant,
    ) {
        let Some((entry, external)) = walk::at(view, key) else { return };
        let server = self
            .servers
            .entry(key)
            .or_insert_with(|| Server::new(entry, real_servers(view, entry, external)));
        if *by != PickedBy::Affinity {
            server.last = Some(real);
        }
        if entry.port.affinity.is_some() {
            server.persistent.insert(client, (real, now));
        }
    }
}

/// What a scheduler looks at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The scheduler.
    pub scheduler: Scheduler,
    /// The virtual server.
    pub key: ServerKey,
    /// The client.
    pub src: IpAddr,
    /// The node's connections.
    pub conntrack: &'a Conntrack,
    /// How long session affinity lasts, in seconds.
    pub affinity: Option<u32>,
    /// When.
    pub now: Instant,
}
