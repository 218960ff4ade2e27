//! IPVS's schedulers: which real server gets a new connection. Knows no Services.
//! Models: `ip_vs_rr.c`, `ip_vs_wrr.c` (all weights are 1), `ip_vs_lc.c`, `ip_vs_wlc.c`, `ip_vs_sed.c`, `ip_vs_nq.c`,
//! `ip_vs_sh.c`, `ip_vs_dh.c`, and the templates of `ip_vs_core.c`.

use super::{Dest, Ipvs, Question, Server};
use crate::base::Duration;
use crate::proxy::mode::Scheduler;
use crate::trace::reason::PickedBy;
use std::net::{IpAddr, SocketAddr};

/// How many buckets `sh` and `dh` have, as a power of two.
const BUCKET_BITS: u32 = 8;

/// The servers of a virtual server that was never used, if `fresh`, and the pick among them. `None`: there is none.
pub fn schedule(
    ipvs: &Ipvs,
    fresh: impl FnOnce() -> Server,
    ask: Question<'_>,
) -> Option<(SocketAddr, PickedBy)> {
    match ipvs.servers.get(&ask.key) {
        Some(server) => pick(server, ask),
        None => pick(&fresh(), ask),
    }
}

fn pick(server: &Server, ask: Question<'_>) -> Option<(SocketAddr, PickedBy)> {
    if let Some(address) = template(server, ask) {
        return Some((address, PickedBy::Affinity));
    }
    let live: Vec<&Dest> = server.dests.iter().filter(|dest| dest.weight > 0).collect();
    let only = live.len() == 1 && server.dests.len() == 1;
    let hashed = |hash: u32| {
        let dest = server.dests.get(hash as usize % server.dests.len().max(1))?;
        // Whose bucket is a server on its way out gets no other.
        (dest.weight > 0).then_some((dest.address, PickedBy::Hash(hash)))
    };
    let (address, by) = match ask.scheduler {
        Scheduler::Rr | Scheduler::Wrr => (rotate(server)?, PickedBy::Rotation(server.last)),
        Scheduler::Lc | Scheduler::Wlc | Scheduler::Sed | Scheduler::Nq => {
            // The evidence is added by who knows the endpoints' order.
            (least(&live, ask)?, PickedBy::Least(Vec::new()))
        }
        Scheduler::Sh => hashed(hash(ask.src))?,
        Scheduler::Dh => hashed(hash(ask.key.1.ip()))?,
    };
    Some((address, if only { PickedBy::Only } else { by }))
}

/// The persistence template of a client, while it is fresh and its server still gets connections.
fn template(server: &Server, ask: Question<'_>) -> Option<SocketAddr> {
    let seconds = ask.affinity?;
    let (address, at) = server.persistent.get(&ask.src)?;
    let fresh = ask.now.since(*at) < Duration::secs(seconds.into());
    let live = server.dests.iter().any(|dest| dest.address == *address && dest.weight > 0);
    (fresh && live).then_some(*address)
}

/// The next with weight after the last, round and round.
fn rotate(server: &Server) -> Option<SocketAddr> {
    let last = server.last.and_then(|last| server.dests.iter().position(|dest| dest.address == last));
    let start = last.map_or(0, |at| at + 1);
    let n = server.dests.len();
    let mut round = (0..n).filter_map(|i| server.dests.get((start + i) % n));
    round.find(|dest| dest.weight > 0).map(|dest| dest.address)
}

/// The first with the least.
fn least(live: &[&Dest], ask: Question<'_>) -> Option<SocketAddr> {
    live.iter().min_by_key(|dest| overhead(ask, dest.address)).map(|dest| dest.address)
}

/// How much a real server has to do, as its scheduler sees it.
pub fn overhead(ask: Question<'_>, address: SocketAddr) -> u64 {
    let load = ask.conntrack.load(ask.key.0, ask.key.1, address);
    let (active, inactive) = (u64::from(load.active), u64::from(load.inactive));
    match ask.scheduler {
        Scheduler::Sed => active + 1,
        // An idle one first: no active connection is the least of all numbers too.
        Scheduler::Nq => active,
        _ => active * 256 + inactive,
    }
}

/// `hash_32` of an address, by the kernel's golden ratio.
fn hash(ip: IpAddr) -> u32 {
    let folded = match ip {
        IpAddr::V4(ip) => u32::from(ip),
        IpAddr::V6(ip) => ip
            .octets()
            .chunks(4)
            .fold(0, |sum, part| part.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) ^ sum),
    };
    folded.wrapping_mul(0x61c8_8647) >> (32 - BUCKET_BITS)
}
