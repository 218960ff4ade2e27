//! The network outside, as far as names go: servers of the root, of top-level domains and of a few zones, and a resolver
//! that finds its way down to them. Among the zones: one that is slow, one that is broken, one whose answers last for a day,
//! and one that takes updates. Knows no cluster.
//! Names and addresses are those set aside for documentation (RFC 2606, RFC 5737, RFC 3849), but for the root's and the
//! top-level domains' servers, which have names that a reader knows.
//! Omits: more than one server for a zone, `arpa` itself, DNSSEC.

pub mod authority;
pub mod resolver;
pub mod zones;

use std::net::{IpAddr, Ipv4Addr};

/// A machine that answers for zones.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Its name, as the stage and journeys say it.
    pub name: &'static str,
    /// Its address.
    pub ip: IpAddr,
    /// The zones that it serves, as zone files.
    pub zones: &'static [&'static str],
    /// How it behaves.
    pub manner: Manner,
}

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It answers.
    Plain,
    /// It answers late.
    Slow,
    /// It takes updates and hands out its zones, to whoever asks.
    Dynamic,
}

const fn machine(name: &'static str, ip: [u8; 4], zones: &'static [&'static str], manner: Manner) -> Machine {
    Machine { name, ip: IpAddr::V4(Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3])), zones, manner }
}

/// Where resolvers begin.
pub const ROOT: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 101));

/// All machines.
pub static MACHINES: &[Machine] = &[
    machine("a.root-servers.net", [198, 51, 100, 101], zones::ROOT, Manner::Plain),
    machine("a.gtld-servers.net", [198, 51, 100, 102], zones::TOP, Manner::Plain),
    machine("ns.example.com", [203, 0, 113, 53], zones::EXAMPLES, Manner::Plain),
    machine("ns.slow.example", [203, 0, 113, 54], &[zones::SLOW], Manner::Slow),
    // It is named as the server of broken.example, and knows nothing of it.
    machine("ns.broken.example", [203, 0, 113, 55], &[], Manner::Plain),
    machine("ns.tidepool.example", [203, 0, 113, 60], &[zones::DYNAMIC], Manner::Dynamic),
];
