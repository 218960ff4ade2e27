//! The table `raw` of a node with addresses on a dummy interface: what goes to port 53 there and comes from it is not
//! tracked. It is NodeLocal DNSCache's, not kube-proxy's. Knows no packet: `world` asks which address is untracked.
//! Models: kubernetes/dns cmd/node-cache/app/cache_app.go. Omits: its rules of the table `filter`, which only accept.

use super::save::{Chains, as_v6, table};
use crate::base::Instant;
use crate::net::Family;
use std::net::{IpAddr, SocketAddr};

/// DNS, and the health check.
const DNS: u16 = 53;
const HEALTH: u16 = 8080;

/// Whether what goes to an address, or comes from it, is not tracked on a node with these addresses.
pub fn is_untracked(dummies: &[IpAddr], at: SocketAddr) -> bool {
    matches!(at.port(), DNS | HEALTH) && dummies.contains(&at.ip())
}

/// The table as `iptables-save` prints it; nothing where there are no such addresses.
pub fn save(dummies: &[IpAddr], family: Family, now: Instant) -> String {
    let mut chains = Chains::new();
    // Each rule is put before the last one.
    for ip in dummies.iter().filter(|ip| Family::of(**ip) == family).rev() {
        let net = format!("{ip}/{}", if family == Family::V4 { 32 } else { 128 });
        let mut add = |chain: &str, way: &str, port: u16, protocols: &[&str]| {
            let (address, number) = if way == "to" { ("-d", "--dport") } else { ("-s", "--sport") };
            let rules = chains.entry(chain.to_string()).or_default();
            for p in protocols {
                rules.push(format!("{address} {net} -p {p} -m {p} {number} {port} -j NOTRACK"));
            }
        };
        add("PREROUTING", "to", DNS, &["udp", "tcp"]);
        add("OUTPUT", "from", HEALTH, &["tcp"]);
        add("OUTPUT", "to", HEALTH, &["tcp"]);
        add("OUTPUT", "to", DNS, &["udp", "tcp"]);
        add("OUTPUT", "from", DNS, &["udp", "tcp"]);
    }
    let mut out = String::new();
    if !chains.is_empty() {
        table(&mut out, "raw", &["PREROUTING", "OUTPUT"], &chains, now);
    }
    if family == Family::V6 { as_v6(&out) } else { out }
}
