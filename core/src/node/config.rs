//! What a node is: its name, addresses and size. Knows nothing of what runs on it.

use crate::base::Text;
use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A node's own facts, as its kubelet's command line and the machine give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// The node's name.
    pub name: Text,
    /// Its address.
    pub ip: IpAddr,
    /// Its zone; empty when it has none.
    pub zone: Text,
    /// Labels beside the usual ones.
    pub labels: Vec<(Text, Text)>,
    /// The range of its pods' addresses.
    pub pod_cidr: Ipv4Net,
    /// Its address and the range of its pods of the other family, in a dual-stack cluster.
    pub other: Option<(IpAddr, Ipv6Net)>,
    /// Processors.
    pub cpu: Text,
    /// Memory.
    pub memory: Text,
    /// The most pods that it takes.
    pub max_pods: u32,
    /// The address of the cluster's DNS Service.
    pub cluster_dns: IpAddr,
    /// The cluster's domain.
    pub cluster_domain: Text,
    /// The machine's own resolv.conf: name servers and search list.
    pub host_dns: (Vec<IpAddr>, Vec<Text>),
}

impl NodeConfig {
    /// The `n`th node of a plain cluster, from 1: `node-1`, 192.0.2.11, pods in 10.244.1.0/24.
    pub fn numbered(n: u32, zone: &str) -> NodeConfig {
        let pods = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 244, 0, 0)) + (n << 8));
        let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(192, 0, 2, 10)) + n);
        NodeConfig {
            name: format!("node-{n}").into(),
            ip: ip.into(),
            zone: zone.into(),
            labels: Vec::new(),
            pod_cidr: Ipv4Net::new_assert(pods, 24),
            other: None,
            cpu: "4".into(),
            memory: "8Gi".into(),
            max_pods: 110,
            cluster_dns: Ipv4Addr::new(10, 96, 0, 10).into(),
            cluster_domain: "cluster.local".into(),
            host_dns: (vec![Ipv4Addr::new(192, 0, 2, 1).into()], Vec::new()),
        }
    }

    /// The address of the other family that goes with one of this node's: its own, or a pod's at the same place of its
    /// range. (The plugin `host-local` counts each range by itself; the two stay together until the smaller wraps.)
    pub fn other_ip(&self, ip: IpAddr) -> Option<IpAddr> {
        let (own, pods) = self.other?;
        match ip {
            ip if ip == self.ip => Some(own),
            IpAddr::V4(ip) => {
                let place = u32::from(ip).checked_sub(u32::from(self.pod_cidr.network()))?;
                Some(Ipv6Addr::from(u128::from(pods.network()) + u128::from(place)).into())
            }
            IpAddr::V6(_) => None,
        }
    }
}
