//! The rooms side by side, and what passes between them without being a wake. Each room sees only its own input.

use super::Cluster;
use super::proxiers::Proxiers;
use super::watches::Watches;
use crate::api::Kind;
use crate::apiserver::ApiServer;
use crate::base::{FlatMap, HostId, NodeId, Pid, Text};
use crate::control::Controllers;
use crate::effect::{Client, Out};
use crate::net::{Balancer, Conntrack, Host, Topology};
use crate::node::Kubelet;
use crate::policy::Policies;
use crate::process::{Errno, Kernel, Netlink, Request, Root};
use crate::proxy::health::Checks;
use crate::proxy::mode::Mode;
use crate::shell::Programs;
use crate::trace::Place;
use std::net::{IpAddr, Ipv4Addr};

/// The operator's own machine, where kubectl is typed.
pub const OPERATOR: &str = "host";
/// The address of the operator's machine (documentation range 198.51.100.0/24).
const OPERATOR_IP: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// The network plugin, as watches name it.
const NETWORK_PLUGIN: &str = "network-policies";

/// All rooms.
#[derive(Debug, Clone)]
pub struct Rooms {
    pub(super) api: ApiServer,
    pub(super) controllers: Controllers,
    pub(super) nodes: Vec<Machine>,
    pub(super) proxies: Proxiers,
    pub(super) policies: Policies,
    pub(super) net: Topology,
    /// The cloud's load balancers, by their own namespace.
    pub(super) balancers: FlatMap<HostId, Balancer>,
    pub(super) kernel: Kernel<Programs>,
    pub(super) watches: Watches,
    /// The namespace of each pod, by the pod's uid.
    pub(super) sandboxes: FlatMap<Text, Root>,
    pub(super) operator: HostId,
}

/// A node: its kubelet, its kernel's connection table, and what its kube-proxy runs.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) name: Text,
    pub(super) host: HostId,
    pub(super) kubelet: Kubelet,
    pub(super) conntrack: Conntrack,
    /// What its health check node ports say.
    pub(super) health: Checks,
    /// The servers behind them.
    pub(super) checks: FlatMap<u16, Pid>,
}

impl Rooms {
    /// The rooms of a cluster before anything has happened.
    pub(super) fn new(cluster: &Cluster) -> Rooms {
        let mut net = Topology::default();
        net.latencies = cluster.latencies.clone();
        let operator = net.add(Host {
            place: Place::Outside(OPERATOR.into()),
            node: None,
            ip: OPERATOR_IP,
            other_ip: None,
            dummies: Vec::new(),
            up: true,
        });
        Rooms {
            api: ApiServer::new(&super::bootstrap::api_config(cluster)),
            controllers: Controllers::new(),
            nodes: Vec::new(),
            proxies: Proxiers::new(cluster.proxy_configs()),
            policies: Policies::default(),
            net,
            balancers: FlatMap::new(),
            kernel: Kernel::default(),
            watches: Watches::default(),
            sandboxes: FlatMap::new(),
            operator,
        }
    }

    pub(super) fn kubelet(&mut self, node: NodeId) -> Option<&mut Kubelet> {
        self.nodes.get_mut(node.0 as usize).map(|machine| &mut machine.kubelet)
    }

    /// After each piece of work: watchers learn of writes, the kernel's requests are carried out.
    pub(super) fn settle(&mut self, out: &mut Out<'_>) {
        for request in self.kernel.drain_requests() {
            match request {
                Request::Subscribe(pid, fd, kinds) => {
                    self.subscribe(Client::Process(pid, fd), &kinds, None, out)
                }
                Request::Unsubscribe(pid, fd) => self.watches.remove(Client::Process(pid, fd)),
                Request::Netlink(pid, what) => {
                    let answer = self.netlink(pid, what, out);
                    self.kernel.netlink_answer(pid, answer, out);
                }
            }
        }
        self.fan_out(out);
    }

    /// What the network stack of a process's node holds.
    fn netlink(&mut self, pid: Pid, what: Netlink, out: &Out<'_>) -> Result<String, Errno> {
        let host = self.kernel.get(pid).map(|process| process.host);
        let at = self.nodes.iter().position(|machine| Some(machine.host) == host).ok_or(Errno::Eperm)?;
        let (id, machine) = (NodeId(at as u32), self.nodes.get(at).ok_or(Errno::Eperm)?);
        if let Netlink::AddAddress(ip) | Netlink::RemoveAddress(ip) = what {
            self.net.set_dummy(machine.host, ip, matches!(what, Netlink::AddAddress(_)));
            return Ok(String::new());
        }
        let dummies = self.net.get(machine.host).map(|host| host.dummies.as_slice()).unwrap_or_default();
        let connections = || machine.conntrack.entries(out.now);
        let dump = match what {
            Netlink::Iptables(family) => {
                let untracked = crate::proxy::raw::save(dummies, family, out.now);
                self.proxies.get(family).map(|proxies| untracked + &proxies.iptables_save(id, out.now))
            }
            Netlink::Ipsets => self.proxies.all().map(|proxies| Some(proxies.ipset_save(id))).collect(),
            Netlink::Nftables => self.proxies.all().map(|proxies| proxies.nft_list(id, out.now)).collect(),
            Netlink::Ipvs => self.proxies.ipvs_list(id, &machine.conntrack),
            Netlink::IpvsConnections => {
                let list = || crate::proxy::ipvs::list::connections(&machine.conntrack, out.now);
                matches!(self.proxies.v4.mode(), Mode::Ipvs(_)).then(list)
            }
            Netlink::ConntrackStatistics => {
                let processors = machine.kubelet.config().cpu.parse().unwrap_or(1);
                Some(machine.conntrack.statistics(processors))
            }
            Netlink::AddAddress(_) | Netlink::RemoveAddress(_) => None,
            Netlink::Conntrack => {
                Some(connections().map(|entry| format!("{}\n", entry.line(out.now))).collect())
            }
        };
        dump.ok_or(Errno::Enoent)
    }

    /// Where a client of the API server sits.
    pub(super) fn client_place(&self, client: Client) -> Place {
        let node = |id: NodeId| self.nodes.get(id.0 as usize).map(|m| m.name.clone()).unwrap_or_default();
        match client {
            Client::Controller(id) => crate::control::place(id),
            Client::Kubelet(id) => Place::Kubelet(node(id)),
            Client::Proxy(id) => Place::KubeProxy(node(id)),
            Client::Process(pid, _) => {
                let host = self.kernel.get(pid).and_then(|process| self.net.get(process.host));
                host.map_or(Place::World, |host| host.place.clone())
            }
            Client::Policy | Client::PolicyPeers => Place::Controller(NETWORK_PLUGIN.into()),
            Client::Bootstrap => Place::ApiServer,
        }
    }

    /// A client begins to watch kinds: it is told of everything that there is, then of changes.
    pub(super) fn subscribe(
        &mut self,
        client: Client,
        kinds: &[&'static Kind],
        node: Option<Text>,
        out: &mut Out<'_>,
    ) {
        self.fan_out(out);
        let mut cursor = 0;
        let present = self.api.watch_from(kinds, &mut cursor).unwrap_or_default();
        self.watches.add(client, kinds, node, present, out);
    }
}
