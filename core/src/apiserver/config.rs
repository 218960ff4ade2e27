//! What an API server is started with.

use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// The configuration of an API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// `--service-cluster-ip-range`: the first is the default family.
    pub service_ranges: Vec<IpNet>,
    /// `--service-node-port-range`.
    pub node_ports: RangeInclusive<u16>,
    /// `--advertise-address`, which the endpoints of the `kubernetes` Service carry.
    pub address: IpAddr,
    /// `--secure-port`.
    pub port: u16,
    /// The version that it says it is.
    pub version: String,
}

impl Default for ApiConfig {
    fn default() -> ApiConfig {
        ApiConfig {
            service_ranges: "10.96.0.0/12".parse().into_iter().collect(),
            node_ports: 30_000..=32_767,
            address: IpAddr::from([192, 0, 2, 10]),
            port: 6443,
            version: "v1.35.6".into(),
        }
    }
}
