//! The kube-proxies of both families: as in a real one, each family has a proxier that knows nothing of the other.

use crate::api::WatchEvent;
use crate::base::NodeId;
use crate::effect::Out;
use crate::net::{Conntrack, Family};
use crate::proxy::mode::Config;
use crate::proxy::{KubeProxies, ipvs};
use std::net::IpAddr;

/// The proxiers.
#[derive(Debug, Clone)]
pub(super) struct Proxiers {
    /// Those of IPv4.
    pub(super) v4: KubeProxies,
    /// Those of IPv6, in a dual-stack cluster.
    pub(super) v6: Option<KubeProxies>,
}

impl Proxiers {
    pub(super) fn new((v4, v6): (Config, Option<Config>)) -> Proxiers {
        Proxiers { v4: KubeProxies::new(v4), v6: v6.map(KubeProxies::new) }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &KubeProxies> {
        std::iter::once(&self.v4).chain(&self.v6)
    }

    /// Those of a family, if the cluster has it.
    pub(super) fn get(&self, family: Family) -> Option<&KubeProxies> {
        match family {
            Family::V4 => Some(&self.v4),
            Family::V6 => self.v6.as_ref(),
        }
    }

    /// Those of a family; those of IPv4 when the cluster has no other.
    pub(super) fn get_mut(&mut self, family: Family) -> &mut KubeProxies {
        match (&mut self.v6, family) {
            (Some(v6), Family::V6) => v6,
            _ => &mut self.v4,
        }
    }

    /// Those that see packets to an address.
    pub(super) fn of(&mut self, ip: IpAddr) -> &mut KubeProxies {
        self.get_mut(Family::of(ip))
    }

    /// A node starts its kube-proxy.
    pub(super) fn join(&mut self, id: NodeId, name: &str, (v4, v6): (IpAddr, Option<IpAddr>)) {
        self.v4.join(id, name, v4);
        if let (Some(proxies), Some(ip)) = (&mut self.v6, v6) {
            proxies.join(id, name, ip);
        }
    }

    /// A node's kube-proxy is told what happened.
    pub(super) fn on_watch(&mut self, id: NodeId, events: &[WatchEvent], out: &mut Out<'_>) {
        self.v4.on_watch(id, events, out);
        if let Some(v6) = &mut self.v6 {
            v6.on_watch(id, events, out);
        }
    }

    /// The virtual servers of both families in one list; `None` in another mode.
    pub(super) fn ipvs_list(&self, id: NodeId, conntrack: &Conntrack) -> Option<String> {
        let mut list = self.v4.ipvs_list(id, conntrack)?;
        let v6 = self.v6.as_ref().and_then(|v6| v6.ipvs_list(id, conntrack));
        v6.into_iter().for_each(|v6| list.push_str(v6.strip_prefix(ipvs::list::HEAD).unwrap_or(&v6)));
        Some(list)
    }
}
