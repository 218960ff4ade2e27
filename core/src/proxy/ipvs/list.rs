//! The virtual servers as `ipvsadm -Ln` prints them, and connections as `ipvsadm -Lnc` does.
//! Models: the text of ipvsadm v1.31, sorted as by default. Omits: rates and counters of packets.

use super::{Dest, Ipvs, ServerKey, real_servers, virtual_servers, walk};
use crate::base::{FlatMap, Instant, order};
use crate::net::conntrack::State;
use crate::net::{Conntrack, Protocol};
use crate::proxy::mode::Scheduler;
use crate::proxy::table::Entry;
use crate::proxy::view::View;
use std::fmt::Write;

/// What stands above the list.
pub const HEAD: &str = "IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
";

/// All virtual servers of a node with their real servers and how many connections these have.
pub fn list(view: View<'_>, scheduler: Scheduler, ipvs: &Ipvs, conntrack: &Conntrack) -> String {
    let mut out = String::from(HEAD);
    for (key, (entry, external)) in servers(view, view.table.all(view.revision)) {
        server(&mut out, view, scheduler, (key, entry, external), (ipvs, conntrack));
    }
    out
}

/// The virtual servers of one Service alone (`ns/name`), without the head.
pub fn list_service(
    view: View<'_>,
    scheduler: Scheduler,
    ipvs: &Ipvs,
    conntrack: &Conntrack,
    service: &str,
) -> String {
    let mut out = String::new();
    for (key, (entry, external)) in servers(view, view.table.get(service, view.revision).iter()) {
        server(&mut out, view, scheduler, (key, entry, external), (ipvs, conntrack));
    }
    out
}

/// Virtual servers by protocol, address and port; of two that claim one the first keeps it.
fn servers<'a>(
    view: View<'a>,
    entries: impl Iterator<Item = &'a Entry>,
) -> FlatMap<ServerKey, (&'a Entry, bool)> {
    let mut servers = FlatMap::new();
    for entry in entries {
        for (sent, external) in virtual_servers(view, entry) {
            servers.entry((entry.port.protocol, sent)).or_insert((entry, external));
        }
    }
    servers
}

fn server(
    out: &mut String,
    view: View<'_>,
    scheduler: Scheduler,
    (key, entry, external): (ServerKey, &Entry, bool),
    (ipvs, conntrack): (&Ipvs, &Conntrack),
) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", walk::server_line(entry, key, scheduler));
    let fresh = || {
        let set = real_servers(view, entry, external);
        let backends = set.into_iter().flat_map(|set| set.backends.iter());
        backends.map(|backend| Dest { address: backend.address, weight: 1 }).collect::<Vec<Dest>>()
    };
    let mut dests = ipvs.dests(key).map_or_else(fresh, <[Dest]>::to_vec);
    order::sort_by_key(&mut dests, |dest| dest.address);
    for Dest { address, weight } in dests {
        let load = conntrack.load(key.0, key.1, address);
        let (active, inactive) = (load.active, load.inactive);
        let address = address.to_string();
        let _ = writeln!(out, "  -> {address:<28} {:<7} {weight:<6} {active:<10} {inactive:<10}", "Masq");
    }
}

/// The connections of a node.
pub fn connections(conntrack: &Conntrack, now: Instant) -> String {
    let mut out = String::from(
        "IPVS connection entries\npro expire state       source             virtual            destination\n",
    );
    for entry in conntrack.entries(now) {
        let (protocol, state) = match (entry.original.protocol, entry.state) {
            (Protocol::Udp, _) => ("UDP", "UDP"),
            (Protocol::Tcp, State::Established) => ("TCP", "ESTABLISHED"),
            (Protocol::Tcp, State::TimeWait) => ("TCP", "TIME_WAIT"),
            (Protocol::Tcp, State::Close) => ("TCP", "CLOSE"),
            (Protocol::Tcp, _) => ("TCP", "SYN_RECV"),
        };
        let seconds = (entry.expires - now).as_secs();
        let expire = format!("{:02}:{:02}", seconds / 60, seconds % 60);
        let (source, sent, real) =
            (entry.original.src.to_string(), entry.original.dst.to_string(), entry.reply.src.to_string());
        let _ = writeln!(out, "{protocol:<3} {expire:<6} {state:<11} {source:<18} {sent:<18} {real}");
    }
    out
}
