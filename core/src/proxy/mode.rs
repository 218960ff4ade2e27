//! The three ways in which kube-proxy programs a node, and what else it is configured with. Knows no rules.
//! Models: `KubeProxyConfiguration` (`mode`, `ipvs.scheduler`, `clusterCIDR`). Omits: every other field of it; the
//! schedulers `lblc`, `lblcr`, `mh`, `fo` and `ovf`.

use ipnet::{IpNet, Ipv4Net};
use std::fmt;

/// How kube-proxy programs its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Rules of iptables: chains walked from top to bottom.
    #[default]
    Iptables,
    /// A table of nftables: maps looked up.
    Nftables,
    /// Virtual servers of IPVS, with this scheduler.
    Ipvs(Scheduler),
}

/// How IPVS picks a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduler {
    /// Round robin.
    #[default]
    Rr,
    /// Weighted round robin; kube-proxy gives every server the weight 1.
    Wrr,
    /// Least connections: active ones count 256 times.
    Lc,
    /// Weighted least connections.
    Wlc,
    /// Shortest expected delay.
    Sed,
    /// Never queue: an idle server first.
    Nq,
    /// A hash of the source's address.
    Sh,
    /// A hash of the destination's address.
    Dh,
}

/// Every scheduler, by the name in the configuration.
pub const SCHEDULERS: [(&str, Scheduler); 8] = [
    ("rr", Scheduler::Rr),
    ("wrr", Scheduler::Wrr),
    ("lc", Scheduler::Lc),
    ("wlc", Scheduler::Wlc),
    ("sed", Scheduler::Sed),
    ("nq", Scheduler::Nq),
    ("sh", Scheduler::Sh),
    ("dh", Scheduler::Dh),
];

impl Mode {
    /// Reads `mode` and `ipvs.scheduler` of the configuration; an empty text is the default of each.
    pub fn read(mode: &str, scheduler: &str) -> Result<Mode, String> {
        let wanted = if scheduler.is_empty() { "rr" } else { scheduler };
        let found = SCHEDULERS.iter().find(|(name, _)| *name == wanted).map(|(_, scheduler)| *scheduler);
        match mode {
            "" | "iptables" => Ok(Mode::Iptables),
            "nftables" => Ok(Mode::Nftables),
            "ipvs" => found.map(Mode::Ipvs).ok_or_else(|| {
                let names: Vec<&str> = SCHEDULERS.iter().map(|(name, _)| *name).collect();
                format!("must be a scheduler: {}", names.join(", "))
            }),
            _ => Err("must be iptables, nftables or ipvs".into()),
        }
    }

    /// As in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Iptables => "iptables",
            Mode::Nftables => "nftables",
            Mode::Ipvs(_) => "ipvs",
        }
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SCHEDULERS.iter().find(|(_, scheduler)| scheduler == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

/// What all kube-proxies of a cluster are configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How they program their nodes.
    pub mode: Mode,
    /// The range of pod addresses (`clusterCIDR`): what comes from elsewhere is masqueraded.
    pub pods: IpNet,
    /// The range of Service addresses, as the ServiceCIDR object says.
    pub services: IpNet,
}

impl Config {
    /// kubeadm's ranges with a mode.
    pub fn new(mode: Mode) -> Config {
        let range = |a, b, length| IpNet::V4(Ipv4Net::new_assert([a, b, 0, 0].into(), length));
        Config { mode, pods: range(10, 244, 16), services: range(10, 96, 12) }
    }
}
