//! Chance as a pure function: a draw is a hash of seed, purpose, the actor's stable name and that actor's own counter.
//! One more draw somewhere renames nothing elsewhere. Knows no counters; `engine::Draws` keeps them.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The number that, with the inputs, is the whole world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Seed(pub u64);

/// What a draw is for. The number enters the draw and must never change or be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// The random suffix of a generated name.
    NameSuffix = 1,
    /// An object's uid.
    Uid = 2,
    /// A cluster IP or a node port.
    Allocation = 3,
    /// Which kube-proxy rule matches (`-m statistic --mode random`).
    RuleMatch = 4,
    /// A client's ephemeral port.
    EphemeralPort = 5,
    /// The id of a DNS message.
    DnsId = 6,
    /// The order in which CoreDNS's `loadbalance` hands out records.
    DnsShuffle = 7,
    /// Latencies.
    Latency = 8,
    /// When a probe's first tick falls.
    ProbePhase = 9,
    /// Packet loss and other injected faults.
    Fault = 10,
    /// Which upstream CoreDNS's `forward` asks.
    Upstream = 11,
    /// `$RANDOM` and what else a program draws.
    Program = 12,
    /// Which node the scheduler takes among equals.
    Schedule = 13,
    /// To which node a load balancer outside hands a connection.
    Balancer = 14,
}

/// A 64-bit draw, uniform over its whole range.
pub fn draw(seed: Seed, purpose: Purpose, actor: &str, counter: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed.0, purpose as u64);
    hasher.write(actor.as_bytes());
    hasher.write(&counter.to_le_bytes());
    hasher.finish()
}

/// A draw scaled to `0..n` (multiply and take the high half; the bias is below n / 2^64). 0 when `n` is 0.
pub fn below(draw: u64, n: u64) -> u64 {
    ((u128::from(draw) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_each_of_its_four_parts_and_on_nothing_else() {
        let base = draw(Seed(7), Purpose::Uid, "Pod default/web", 0);
        assert_eq!(base, draw(Seed(7), Purpose::Uid, "Pod default/web", 0));
        assert_ne!(base, draw(Seed(8), Purpose::Uid, "Pod default/web", 0));
        assert_ne!(base, draw(Seed(7), Purpose::NameSuffix, "Pod default/web", 0));
        assert_ne!(base, draw(Seed(7), Purpose::Uid, "Pod default/api", 0));
        assert_ne!(base, draw(Seed(7), Purpose::Uid, "Pod default/web", 1));
    }

    #[test]
    fn below_stays_below() {
        assert_eq!(below(u64::MAX, 5), 4);
        assert_eq!(below(0, 5), 0);
        assert_eq!(below(u64::MAX, 0), 0);
    }
}
