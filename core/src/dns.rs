//! Floor 6: DNS: messages, the stub resolver that programs hold, and CoreDNS with its plugins. Knows no shell.

pub mod corefile;
pub mod coredns;
pub mod internet;
pub mod message;
pub mod name;
pub mod plugins;
pub mod server;
pub mod stub;
pub mod zone;
pub mod zonefile;
