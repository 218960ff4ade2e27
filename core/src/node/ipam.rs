//! Addresses of a node's pods: from .2 upward, the one after the last one given out first, so that an address is not
//! used again at once.
//!
//! Models: the CNI plugin `host-local`.

use crate::base::FlatSet;
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};

/// The addresses of a node's range.
#[derive(Debug, Clone)]
pub struct Ipam {
    range: Ipv4Net,
    last: u32,
    taken: FlatSet<u32>,
}

impl Ipam {
    /// All of a range is free. Its first address is the bridge's.
    pub fn new(range: Ipv4Net) -> Ipam {
        let last = u32::from(range.network()) + 1;
        Ipam { range, last, taken: FlatSet::new() }
    }

    /// The next free address; `None` when all are taken.
    pub fn take(&mut self) -> Option<IpAddr> {
        let (first, end) = (u32::from(self.range.network()) + 2, u32::from(self.range.broadcast()));
        let free = (self.last + 1..end).chain(first..=self.last.min(end - 1));
        let ip = free.into_iter().find(|ip| !self.taken.contains(ip))?;
        self.last = ip;
        self.taken.insert(ip);
        Some(Ipv4Addr::from(ip).into())
    }

    /// Gives an address back.
    pub fn release(&mut self, ip: IpAddr) {
        if let IpAddr::V4(ip) = ip {
            self.taken.remove(&u32::from(ip));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_used_again_at_once() {
        let mut ipam = Ipam::new("10.244.1.0/29".parse().expect("a range"));
        let take = |ipam: &mut Ipam| ipam.take().map(|ip| ip.to_string()).unwrap_or_default();
        assert_eq!(take(&mut ipam), "10.244.1.2");
        ipam.release("10.244.1.2".parse().expect("an address"));
        let rest: Vec<String> = (0..5).map(|_| take(&mut ipam)).collect();
        assert_eq!(rest, ["10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6", "10.244.1.2"]);
        assert_eq!(take(&mut ipam), "");
    }
}
