//! The pools that Services draw from: addresses and node ports, each with a static and a dynamic band.
//!
//! Models: `pkg/registry/core/service/{ipallocator,portallocator}`, KEP-3070.

use crate::base::Purpose;
use crate::effect::Out;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Why a number cannot be had, in upstream's words.
pub type Taken = String;

/// The addresses of one range.
#[derive(Debug, Clone)]
pub struct AddressPool {
    range: IpNet,
    used: BTreeSet<IpAddr>,
}

impl AddressPool {
    /// The pool of a range, all of it free.
    pub fn new(range: IpNet) -> AddressPool {
        AddressPool { range, used: BTreeSet::new() }
    }

    /// Whether it is of IPv4.
    pub fn is_v4(&self) -> bool {
        self.range.addr().is_ipv4()
    }

    /// Takes this address.
    pub fn take(&mut self, ip: IpAddr) -> Result<(), Taken> {
        self.check(ip)?;
        if self.used.insert(ip) { Ok(()) } else { Err("provided IP is already allocated".into()) }
    }

    /// Whether the address could belong to the pool.
    pub fn check(&self, ip: IpAddr) -> Result<(), Taken> {
        if !self.range.contains(&ip) {
            return Err("the provided network does not match the current range".into());
        }
        let is_end = ip == self.range.network() || (self.is_v4() && ip == self.range.broadcast());
        if is_end {
            let range = self.range;
            let words = format!(
                "the provided IP ({ip}) is not in the valid range. The range of valid IPs is {range}"
            );
            return Err(words);
        }
        Ok(())
    }

    /// Takes any address: the dynamic band first, from a drawn start; then the static one. `None` when all are taken.
    pub fn take_any(&mut self, actor: &str, out: &mut Out<'_>) -> Option<IpAddr> {
        let size = self.size();
        let bands = bands(size, 16, 256);
        for (first, count) in [(bands, size - bands), (0, bands)] {
            let start = out.below(Purpose::Allocation, actor, count);
            let found =
                (0..count).map(|n| self.nth(first + (start + n) % count)).find(|ip| !self.used.contains(ip));
            if let Some(ip) = found {
                self.used.insert(ip);
                return Some(ip);
            }
        }
        None
    }

    /// Gives an address back.
    pub fn free(&mut self, ip: IpAddr) {
        self.used.remove(&ip);
    }

    /// The first usable address: the `kubernetes` Service's.
    pub fn first(&self) -> IpAddr {
        self.nth(0)
    }

    /// How many usable addresses there are (capped, for IPv6).
    fn size(&self) -> u64 {
        let bits = u32::from(self.range.max_prefix_len() - self.range.prefix_len()).min(62);
        (1u64 << bits).saturating_sub(if self.is_v4() { 2 } else { 1 })
    }

    /// The n-th usable address, from 0.
    fn nth(&self, n: u64) -> IpAddr {
        match self.range.network() {
            IpAddr::V4(ip) => IpAddr::from((u32::from(ip).wrapping_add(n as u32 + 1)).to_be_bytes()),
            IpAddr::V6(ip) => IpAddr::from((u128::from(ip).wrapping_add(u128::from(n) + 1)).to_be_bytes()),
        }
    }
}

/// The node ports.
#[derive(Debug, Clone)]
pub struct PortPool {
    range: RangeInclusive<u16>,
    used: BTreeSet<u16>,
}

impl PortPool {
    /// The pool of a range, all of it free.
    pub fn new(range: RangeInclusive<u16>) -> PortPool {
        PortPool { range, used: BTreeSet::new() }
    }

    /// Takes this port.
    pub fn take(&mut self, port: u16) -> Result<(), Taken> {
        if !self.range.contains(&port) {
            let (first, last) = (self.range.start(), self.range.end());
            let words = format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            );
            return Err(words);
        }
        if self.used.insert(port) { Ok(()) } else { Err("provided port is already allocated".into()) }
    }

    /// Takes any port: the dynamic band first, from a drawn start. `None` when all are taken.
    pub fn take_any(&mut self, actor: &str, out: &mut Out<'_>) -> Option<u16> {
        let size = u64::from(self.range.end() - self.range.start()) + 1;
        let bands = if size <= 16 { 0 } else { (size / 32).clamp(16, 128) };
        for (first, count) in [(bands, size - bands), (0, bands)] {
            let start = out.below(Purpose::Allocation, actor, count);
            let found = (0..count).map(|n| self.range.start() + (first + (start + n) % count) as u16);
            if let Some(port) = found.into_iter().find(|port| !self.used.contains(port)) {
                self.used.insert(port);
                return Some(port);
            }
        }
        None
    }

    /// Gives a port back.
    pub fn free(&mut self, port: u16) {
        self.used.remove(&port);
    }
}

/// The size of the static band: a sixteenth, at least 16 and at most 256; none when there are 16 or fewer in all.
fn bands(size: u64, least: u64, most: u64) -> u64 {
    if size <= least { 0 } else { (size / 16).clamp(least, most) }
}
