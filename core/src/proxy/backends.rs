//! Endpoints as kube-proxy reads them from slices, and which of them a node uses. Knows no rules.
//! Models: `pkg/proxy/endpointschangetracker.go`, `pkg/proxy/topology.go`.

use crate::api::{Object, endpoint_slice, tree};
use crate::base::{FlatMap, Text, order};
use crate::net::Protocol;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// One endpoint of a service port.
#[derive(Debug, PartialEq, Eq)]
pub struct Backend {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same as text; endpoints are ordered by it.
    pub text: Text,
    /// The node that it runs on; empty when unknown.
    pub node: Text,
    /// Takes new traffic.
    pub ready: bool,
    /// Still answers although its pod is on its way out.
    pub draining: bool,
    /// Still answers.
    pub serving: bool,
    zone_hints: Vec<Text>,
    node_hints: Vec<Text>,
}

/// What a slice holds for one named port.
#[derive(Debug, Clone)]
pub struct SlicePort {
    /// The port's name, equal to the Service port's.
    pub name: Text,
    /// Its protocol.
    pub protocol: Protocol,
    /// The endpoints, with this port.
    pub backends: Vec<Arc<Backend>>,
}

/// Reads a slice, for the address family of the proxier.
pub fn slice_ports(slice: &Object, v4: bool) -> Vec<SlicePort> {
    let family = if v4 { "IPv4" } else { "IPv6" };
    if slice.str("addressType") != family {
        return Vec::new();
    }
    let endpoints = endpoint_slice::endpoints(slice);
    let node_hints = slice.list("endpoints").iter().map(|value| {
        let hints = tree::list(value, "hints.forNodes").iter();
        hints.map(|hint| Text::from(tree::str(hint, "name"))).collect::<Vec<Text>>()
    });
    let endpoints: Vec<_> = endpoints.into_iter().zip(node_hints).collect();
    let ports = endpoint_slice::ports(slice).into_iter().filter(|port| port.port != 0);
    ports
        .filter_map(|port| {
            let backends = endpoints.iter().filter_map(|(endpoint, node_hints)| {
                let ip: IpAddr = *endpoint.addresses.first()?;
                let address = SocketAddr::new(ip, port.port);
                Some(Arc::new(Backend {
                    address,
                    text: address.to_string().into(),
                    node: endpoint.node.clone(),
                    ready: endpoint.ready,
                    serving: endpoint.serving,
                    draining: endpoint.serving && endpoint.terminating,
                    zone_hints: endpoint.zone_hints.clone(),
                    node_hints: node_hints.clone(),
                }))
            });
            let protocol = Protocol::of_kubernetes(&port.protocol)?;
            Some(SlicePort { name: port.name, protocol, backends: backends.collect() })
        })
        .collect()
}

/// Endpoints among which a chain chooses, in the order of its rules. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Set {
    /// The endpoints.
    pub backends: Vec<Arc<Backend>>,
    /// Their addresses, shared with the evidence of each pick.
    pub addresses: Arc<[SocketAddr]>,
}

impl Set {
    fn of(backends: Vec<Arc<Backend>>) -> Set {
        let addresses = backends.iter().map(|backend| backend.address).collect();
        Set { backends, addresses }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.backends.is_empty()
    }
}

/// All endpoints of a service port, and for each node those that it uses: computed once, shared by all nodes.
#[derive(Debug, Default)]
pub struct Backends {
    /// All that are known, ready or not, ordered by their text.
    pub all: Vec<Arc<Backend>>,
    /// How many of them are not ready.
    pub not_ready: u32,
    everywhere: Set,
    by_node_hint: FlatMap<Text, Set>,
    by_zone_hint: FlatMap<Text, Set>,
    local: FlatMap<Text, Set>,
    none: Set,
}

impl Backends {
    /// Orders endpoints and computes who uses which. `uses_local`: whether some traffic stays on its node.
    pub fn new(mut all: Vec<Arc<Backend>>, uses_local: bool) -> Backends {
        order::sort_by(&mut all, |a, b| a.text.cmp(&b.text));
        all.dedup_by(|a, b| a.text == b.text);
        let ready: Vec<_> = all.iter().filter(|b| b.ready).cloned().collect();
        let not_ready = (all.len() - ready.len()) as u32;
        let hinted = |hints: fn(&Backend) -> &[Text]| {
            let mut by: FlatMap<Text, Vec<Arc<Backend>>> = FlatMap::new();
            // One endpoint without a hint disables hints for the whole service, on every node.
            if ready.iter().all(|backend| !hints(backend).is_empty()) {
                for backend in &ready {
                    hints(backend)
                        .iter()
                        .for_each(|hint| by.entry(hint.clone()).or_default().push(backend.clone()));
                }
            }
            by.into_iter().map(|(hint, backends)| (hint, Set::of(backends))).collect()
        };
        let (by_node_hint, by_zone_hint) = (hinted(|b| &b.node_hints), hinted(|b| &b.zone_hints));
        let local = if uses_local { local(&all) } else { FlatMap::new() };
        let everywhere = if ready.is_empty() {
            Set::of(all.iter().filter(|b| b.draining).cloned().collect())
        } else {
            Set::of(ready)
        };
        Backends { all, not_ready, everywhere, by_node_hint, by_zone_hint, local, none: Set::default() }
    }

    /// What a node uses for traffic that may go anywhere.
    pub fn cluster(&self, node: &str, zone: &str) -> &Set {
        let zoned = if zone.is_empty() { None } else { self.by_zone_hint.get(zone) };
        self.by_node_hint.get(node).or(zoned).unwrap_or(&self.everywhere)
    }

    /// What a node uses for traffic that must stay on it. Hints never apply here.
    pub fn local(&self, node: &str) -> &Set {
        self.local.get(node).unwrap_or(&self.none)
    }

    /// Whether anything could answer, on any node.
    pub fn any(&self) -> bool {
        !self.everywhere.is_empty()
    }
}

/// Per node, its ready endpoints; where it has none, those that still drain.
fn local(all: &[Arc<Backend>]) -> FlatMap<Text, Set> {
    type List = Vec<Arc<Backend>>;
    let mut by: FlatMap<Text, (List, List)> = FlatMap::new();
    for backend in all.iter().filter(|b| !b.node.is_empty()) {
        let (ready, draining) = by.entry(backend.node.clone()).or_default();
        if backend.ready {
            ready.push(backend.clone());
        } else if backend.draining {
            draining.push(backend.clone());
        }
    }
    let choose = |(ready, draining): (Vec<_>, Vec<_>)| if ready.is_empty() { draining } else { ready };
    by.into_iter().map(|(node, sets)| (node, Set::of(choose(sets)))).collect()
}
