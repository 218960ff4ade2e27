//! A load balancer of the cloud, in front of the cluster: it has an address of its own and hands each connection to one
//! of the nodes, with the packet's addresses as they are. Knows no rules, no packets on their way and no health checks'
//! sockets.
//!
//! Models: pass-through network load balancers (those whose `ipMode` is `VIP`), with the health check of
//! `gce_healthchecks.go`: every 8 s, unhealthy after 3 failures, healthy after 1 success. When no node is healthy all are
//! used, as GCE and NLB do. Omits: proxying balancers (`ipMode: Proxy`), zones, bandwidth, connection draining.

use super::packet::{Flow, Protocol};
use crate::base::draw::draw;
use crate::base::{Duration, FlatMap, HostId, Instant, ObjectRef, Purpose, Seed, Text};
use std::net::IpAddr;

/// How often nodes are checked.
pub const CHECK_PERIOD: Duration = Duration::secs(8);
/// How long a node may take to answer a check.
pub const CHECK_TIMEOUT: Duration = Duration::secs(1);
/// Failures in a row after which a node gets no new connections.
const UNHEALTHY_AFTER: u32 = 3;
/// How long a connection without packets is remembered.
const IDLE: Duration = Duration::secs(600);
/// Connections that are remembered.
const MAX_FLOWS: usize = 4_096;

/// What a load balancer is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalancerSpec {
    /// The Service.
    pub service: ObjectRef,
    /// Its address.
    pub ip: IpAddr,
    /// What it forwards; packets to other ports vanish.
    pub ports: Vec<(Protocol, u16)>,
    /// The nodes, by name.
    pub nodes: Vec<Text>,
    /// The port at which nodes are asked `GET /healthz`.
    pub check_port: u16,
    /// Whether a client's connections all go to one node (`sessionAffinity: ClientIP`).
    pub by_client: bool,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub struct Balancer {
    /// What it was asked to be.
    pub spec: BalancerSpec,
    targets: Vec<Target>,
    flows: FlatMap<Flow, (HostId, Instant)>,
}

/// A node behind a load balancer.
#[derive(Debug, Clone)]
struct Target {
    name: Text,
    host: HostId,
    healthy: bool,
    failures: u32,
}

/// Where a packet goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The node's namespace.
    pub host: HostId,
    /// For a new connection: the node, and how many nodes are healthy out of all.
    pub picked: Option<(Text, u32, u32)>,
}

impl Balancer {
    /// A load balancer that has checked no node yet.
    pub fn new(spec: BalancerSpec, hosts: Vec<(Text, HostId)>) -> Balancer {
        let mut new = Balancer { spec, targets: Vec::new(), flows: FlatMap::new() };
        new.set_hosts(hosts);
        new
    }

    /// The Service has changed: connections and what is known of nodes stay.
    pub fn update(&mut self, spec: BalancerSpec, hosts: Vec<(Text, HostId)>) {
        if spec.check_port != self.spec.check_port {
            self.targets.clear();
        }
        self.spec = spec;
        self.set_hosts(hosts);
    }

    fn set_hosts(&mut self, hosts: Vec<(Text, HostId)>) {
        let known = |name: &Text| self.targets.iter().find(|target| target.name == *name).cloned();
        let target = |(name, host): (Text, HostId)| {
            known(&name).unwrap_or(Target { name, host, healthy: false, failures: 0 })
        };
        self.targets = hosts.into_iter().map(target).collect();
        let targets = &self.targets;
        self.flows.retain(|_, (host, _)| targets.iter().any(|target| target.host == *host));
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Text> {
        self.targets.iter().map(|target| &target.name)
    }

    /// A node answered a check, or did not; tells the verdict when it changes.
    pub fn checked(&mut self, node: &str, success: bool) -> Option<bool> {
        let target = self.targets.iter_mut().find(|target| &*target.name == node)?;
        target.failures = if success { 0 } else { target.failures + 1 };
        let healthy = success || (target.healthy && target.failures < UNHEALTHY_AFTER);
        let changed = healthy != target.healthy;
        target.healthy = healthy;
        changed.then_some(healthy)
    }

    /// Where a packet of a flow goes; `None` when it is for no port of the balancer, or there is no node.
    pub fn forward(&mut self, flow: Flow, now: Instant) -> Option<Forward> {
        if !self.spec.ports.contains(&(flow.protocol, flow.dst.port())) {
            return None;
        }
        if let Some((host, last)) = self.flows.get_mut(&flow)
            && now.since(*last) < IDLE
        {
            *last = now;
            return Some(Forward { host: *host, picked: None });
        }
        let healthy = self.targets.iter().filter(|target| target.healthy).count();
        let usable = self.targets.iter().filter(|target| target.healthy || healthy == 0);
        // Rendezvous hashing: a node that goes moves only the connections that it had.
        let from = if self.spec.by_client { flow.src.ip().to_string() } else { flow.src.to_string() };
        let actor = |target: &Target| format!("{from} {} {} {}", flow.protocol, flow.dst, target.name);
        let best = usable.max_by_key(|target| draw(Seed(0), Purpose::Balancer, &actor(target), 0))?;
        let picked = Some((best.name.clone(), healthy as u32, self.targets.len() as u32));
        let host = best.host;
        if self.flows.len() >= MAX_FLOWS {
            self.flows.retain(|_, (_, last)| now.since(*last) < IDLE);
            if self.flows.len() >= MAX_FLOWS {
                self.flows.pop_first();
            }
        }
        self.flows.insert(flow, (host, now));
        Some(Forward { host, picked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn balancer(nodes: u32) -> Balancer {
        let name = |n: u32| Text::from(format!("node-{n}"));
        let spec = BalancerSpec {
            service: ObjectRef { kind: "Service".into(), namespace: "default".into(), name: "web".into() },
            ip: IpAddr::from([203, 0, 113, 130]),
            ports: vec![(Protocol::Tcp, 80)],
            nodes: (1..=nodes).map(name).collect(),
            check_port: 10_256,
            by_client: false,
        };
        Balancer::new(spec, (1..=nodes).map(|n| (name(n), HostId(n))).collect())
    }

    fn flow(port: u16) -> Flow {
        let src = SocketAddr::from(([198, 51, 100, 7], port));
        Flow { protocol: Protocol::Tcp, src, dst: SocketAddr::from(([203, 0, 113, 130], 80)) }
    }

    /// GCE: a node is out after the third failure in a row and back after one success.
    #[test]
    fn three_failures_take_a_node_out_and_one_success_brings_it_back() {
        let mut it = balancer(1);
        assert_eq!(it.checked("node-1", true), Some(true));
        assert_eq!(it.checked("node-1", false), None);
        assert_eq!(it.checked("node-1", false), None);
        assert_eq!(it.checked("node-1", false), Some(false));
        assert_eq!(it.checked("node-1", true), Some(true));
    }

    #[test]
    fn a_connection_stays_and_new_ones_avoid_a_node_that_is_out() {
        let mut it = balancer(3);
        for node in ["node-1", "node-2", "node-3"] {
            it.checked(node, true);
        }
        let first: Vec<_> = (0..60).filter_map(|n| it.forward(flow(40_000 + n), Instant::ZERO)).collect();
        let of = |host: u32| first.iter().filter(|f| f.host == HostId(host)).count();
        assert!((1..=3).all(|host| of(host) > 5), "each node gets a share");
        (0..3).for_each(|_| _ = it.checked("node-2", false));
        for n in 0..60 {
            let kept = it.forward(flow(40_000 + n), Instant::ZERO).map(|f| (f.host, f.picked));
            assert_eq!(kept, Some((first[usize::from(n)].host, None)), "old connections stay");
            let new = it.forward(flow(50_000 + n), Instant::ZERO).map(|f| f.host);
            assert_ne!(new, Some(HostId(2)), "new ones do not go to node-2");
        }
    }

    #[test]
    fn without_a_healthy_node_all_are_used_and_other_ports_get_nothing() {
        let mut it = balancer(2);
        let used = |it: &mut Balancer, n| it.forward(flow(n), Instant::ZERO).map(|f| f.host);
        assert!((1..40).any(|n| used(&mut it, n) == Some(HostId(1))));
        assert!((1..40).any(|n| used(&mut it, n) == Some(HostId(2))));
        let dst = SocketAddr::from(([203, 0, 113, 130], 443));
        assert_eq!(it.forward(Flow { dst, ..flow(9) }, Instant::ZERO), None);
    }
}
