//! The pools from which Services get addresses and node ports. Numbers that are drawn come from the upper band, so that
//! the lower one stays free for numbers that are asked for by name.
//!
//! Models: `pkg/registry/core/service/{ipallocator,portallocator}`, KEP-3070 and KEP-3668.

use crate::base::FlatSet;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Why a number cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolError {
    /// Someone has it.
    Taken,
    /// It is not in the range at all.
    Outside,
    /// It is the network's own address or its broadcast address.
    Reserved,
    /// None is left.
    Full,
}

/// Numbers of which some are taken.
#[derive(Debug, Clone)]
struct Pool {
    first: u128,
    last: u128,
    /// How many numbers from the first are kept for those who ask by name.
    band: u128,
    taken: FlatSet<u128>,
}

impl Pool {
    /// Takes a number: `draw` gives one below its argument.
    fn next(&mut self, draw: impl FnOnce(u64) -> u64) -> Result<u128, PoolError> {
        let split = self.first + self.band;
        let dynamic = split..=self.last;
        let fixed = self.first..=split.saturating_sub(1);
        let mut draw = Some(draw);
        for range in [dynamic, fixed] {
            let (start, end) = (*range.start(), *range.end());
            if self.band == 0 && end < start {
                continue;
            }
            let size = end.saturating_sub(start) + 1;
            let offset = match draw.take() {
                Some(draw) => u128::from(draw(u64::try_from(size).unwrap_or(u64::MAX))),
                None => 0,
            };
            let from = start + offset.min(size - 1);
            let free = (from..=end).chain(start..from).find(|n| !self.taken.contains(n));
            if let Some(number) = free {
                self.taken.insert(number);
                return Ok(number);
            }
        }
        Err(PoolError::Full)
    }

    fn take(&mut self, number: u128) -> Result<(), PoolError> {
        if !(self.first..=self.last).contains(&number) {
            return Err(PoolError::Outside);
        }
        if self.taken.insert(number) { Ok(()) } else { Err(PoolError::Taken) }
    }
}

/// The cluster IPs of one family.
#[derive(Debug, Clone)]
pub struct AddressPool {
    /// The range, as configured.
    pub range: IpNet,
    pool: Pool,
}

impl AddressPool {
    /// A pool of which nothing is taken.
    pub fn new(range: IpNet) -> AddressPool {
        let range = range.trunc();
        let (network, end) = (number(range.network()), number(range.broadcast()));
        // IPv6 has no broadcast address, and no more than 2^64 addresses are used.
        let last = match range {
            IpNet::V4(_) => end.saturating_sub(1),
            IpNet::V6(_) => end.min(network.saturating_add(u128::from(u64::MAX))),
        };
        let size = end.saturating_sub(network).saturating_add(1);
        let band = if size <= 16 { 0 } else { (size / 16).clamp(16, 256) };
        AddressPool { range, pool: Pool { first: network + 1, last, band, taken: FlatSet::new() } }
    }

    /// Takes any address.
    pub fn next(&mut self, draw: impl FnOnce(u64) -> u64) -> Result<IpAddr, PoolError> {
        let is_v4 = self.is_v4();
        self.pool.next(draw).map(|n| address(n, is_v4))
    }

    /// Takes an address.
    pub fn take(&mut self, ip: IpAddr) -> Result<(), PoolError> {
        self.check(ip)?;
        self.pool.take(number(ip))
    }

    /// Whether an address is one that Services may have.
    pub fn check(&self, ip: IpAddr) -> Result<(), PoolError> {
        if !self.range.contains(&ip) {
            return Err(PoolError::Outside);
        }
        let usable = (self.pool.first..=self.pool.last).contains(&number(ip));
        if usable { Ok(()) } else { Err(PoolError::Reserved) }
    }

    /// Gives an address back.
    pub fn release(&mut self, ip: IpAddr) {
        if self.is_v4() == ip.is_ipv4() {
            self.pool.taken.remove(&number(ip));
        }
    }

    /// Whether it holds IPv4 addresses.
    pub fn is_v4(&self) -> bool {
        matches!(self.range, IpNet::V4(_))
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn address(number: u128, is_v4: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(n) if is_v4 => IpAddr::V4(Ipv4Addr::from(n)),
        _ => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// The node ports.
#[derive(Debug, Clone)]
pub struct PortPool {
    /// The range, as configured.
    pub range: RangeInclusive<u16>,
    pool: Pool,
}

impl PortPool {
    /// A pool of which nothing is taken.
    pub fn new(range: RangeInclusive<u16>) -> PortPool {
        let (first, last) = (u128::from(*range.start()), u128::from(*range.end()));
        let size = last.saturating_sub(first) + 1;
        let band = if size <= 16 { 0 } else { (size / 32).clamp(16, 128) };
        PortPool { range, pool: Pool { first, last, band, taken: FlatSet::new() } }
    }

    /// Takes any port.
    pub fn next(&mut self, draw: impl FnOnce(u64) -> u64) -> Result<u16, PoolError> {
        self.pool.next(draw).map(|n| u16::try_from(n).unwrap_or(0))
    }

    /// Takes a port.
    pub fn take(&mut self, port: i64) -> Result<(), PoolError> {
        self.pool.take(u128::try_from(port).map_err(|_| PoolError::Outside)?)
    }

    /// Whether someone has a port.
    pub fn is_taken(&self, port: i64) -> bool {
        u128::try_from(port).is_ok_and(|port| self.pool.taken.contains(&port))
    }

    /// Gives a port back.
    pub fn release(&mut self, port: u16) {
        self.pool.taken.remove(&u128::from(port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(range: &str) -> AddressPool {
        AddressPool::new(range.parse().expect("a range"))
    }

    #[test]
    fn bands_follow_kep_3070() {
        for (range, band) in
            [("10.0.0.0/28", 0), ("10.0.0.0/27", 16), ("10.0.0.0/22", 64), ("10.96.0.0/12", 256)]
        {
            assert_eq!(pool(range).pool.band, band, "{range}");
        }
        assert_eq!(PortPool::new(30_000..=32_767).pool.band, 86);
    }

    #[test]
    fn drawn_addresses_come_from_the_upper_band_until_it_is_full() {
        let mut pool = pool("10.0.0.0/27");
        let mut ips = Vec::new();
        while let Ok(ip) = pool.next(|_| 3) {
            ips.push(ip.to_string());
        }
        assert_eq!(ips.first().map(String::as_str), Some("10.0.0.20"));
        // 10.0.0.17 to .30 are the upper band; then the lower one.
        assert_eq!(ips[13], "10.0.0.19");
        assert_eq!(ips[14], "10.0.0.1");
        assert_eq!(ips.len(), 30);
    }
}
