//! The table `raw` of a node with addresses on a dummy interface: what goes to port 53 there and comes from it is not
//! tracked. It is NodeLocal DNSCache's, not kube-proxy's. Knows no packet: `world` takes these ways by itself.
//! Models: kubernetes/dns cmd/node-cache/app/cache_app.go. Omits: its rules of the table `filter`, which only accept.

use super::save::{Chains, as_v6, table};
use crate::base::Instant;
use crate::net::Family;
use std::net::IpAddr;

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
        add("PREROUTING", "to", 53, &["udp", "tcp"]);
        add("OUTPUT", "from", 8080, &["tcp"]);
        add("OUTPUT", "to", 8080, &["tcp"]);
        add("OUTPUT", "to", 53, &["udp", "tcp"]);
        add("OUTPUT", "from", 53, &["udp", "tcp"]);
    }
    let mut out = String::new();
    if !chains.is_empty() {
        table(&mut out, "raw", &["PREROUTING", "OUTPUT"], &chains, now);
    }
    if family == Family::V6 { as_v6(&out) } else { out }
}
