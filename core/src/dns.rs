//! Floor 6: DNS: messages, the stub resolver that programs hold, CoreDNS with its plugins, NodeLocal DNSCache, kube-dns, ExternalDNS. Knows no shell.

pub mod asker;
pub mod corefile;
pub mod coredns;
pub mod dnsmasq;
pub mod external_dns;
pub mod internet;
pub mod kubedns;
pub mod listener;
pub mod message;
pub mod name;
pub mod node_cache;
pub mod plugins;
pub mod server;
pub mod stub;
pub mod zone;
pub mod zonefile;
