//! Session affinity: which client addresses an endpoint's chain saw lately. Knows no rules.
//! Models: `xt_recent`, one list per KUBE-SEP chain, at most 100 addresses each (`ip_list_tot`).

use super::service::ServicePort;
use crate::base::{Duration, FlatMap, Instant, Text};
use std::net::{IpAddr, SocketAddr};

/// Addresses that one list holds; the one that was seen least recently makes room.
const LIST_SIZE: usize = 100;

/// The lists of one node, by service port name and endpoint.
#[derive(Debug, Clone, Default)]
pub struct Affinity {
    lists: FlatMap<(Text, SocketAddr), FlatMap<IpAddr, Instant>>,
}

impl Affinity {
    /// `--rcheck --seconds`: whether an endpoint's chain saw an address that lately.
    pub fn is_fresh(
        &self,
        port: &ServicePort,
        endpoint: SocketAddr,
        client: IpAddr,
        seconds: u32,
        now: Instant,
    ) -> bool {
        if self.lists.is_empty() {
            return false;
        }
        let seen = self.lists.get(&(port.name.clone(), endpoint)).and_then(|list| list.get(&client));
        seen.is_some_and(|at| now.since(*at) <= Duration::secs(seconds.into()))
    }

    /// `--set`: an endpoint's chain sees an address.
    pub fn see(&mut self, port: &ServicePort, endpoint: SocketAddr, client: IpAddr, now: Instant) {
        let list = self.lists.entry((port.name.clone(), endpoint)).or_default();
        if list.len() >= LIST_SIZE && !list.contains_key(&client) {
            let stalest = list.iter().min_by_key(|(_, at)| **at).map(|(ip, _)| *ip);
            stalest.and_then(|ip| list.remove(&ip));
        }
        list.insert(client, now);
    }

    /// The addresses that an endpoint's chain saw, and when.
    pub fn clients(
        &self,
        port: &ServicePort,
        endpoint: SocketAddr,
    ) -> impl Iterator<Item = (IpAddr, Instant)> {
        let list = self.lists.get(&(port.name.clone(), endpoint)).into_iter().flatten();
        list.map(|(ip, at)| (*ip, *at))
    }

    /// A list goes with the chain that it belongs to: keeps those of a service port that `keep` still has.
    pub fn retain(&mut self, port_names: &str, keep: impl Fn(&str, SocketAddr) -> bool) {
        let of_service = |name: &str| {
            name.strip_prefix(port_names).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.lists.retain(|(name, endpoint), _| !of_service(name) || keep(name, *endpoint));
    }
}
