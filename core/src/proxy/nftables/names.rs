//! How nftables mode names its chains and sets. Knows no rules.
//! Models: `pkg/proxy/nftables/proxier.go` (servicePortChainNameBase, hashAndTruncate).

use crate::proxy::service::ServicePort;
use data_encoding::BASE32;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;

/// The longest name that nftables takes, less the longest prefix.
const MOST: usize = 240;

/// What stands behind the prefix of a service port's chains.
pub fn port_base(port: &ServicePort) -> String {
    hashed(plain(port))
}

/// What stands behind the prefix of an endpoint's chain and set.
pub fn endpoint_base(port: &ServicePort, endpoint: SocketAddr) -> String {
    let ip = endpoint.ip().to_string().replace(':', ".");
    hashed(format!("{}__{ip}/{}", plain(port), endpoint.port()))
}

/// The chain of traffic that may go anywhere, or must stay on its node.
pub fn spread_chain(port: &ServicePort, local: bool) -> String {
    format!("{}-{}", if local { "local" } else { "service" }, port_base(port))
}

fn plain(port: &ServicePort) -> String {
    let service = &port.service;
    format!("{}/{}/{}/{}", service.namespace, service.name, port.protocol, port.port_name)
}

fn hashed(name: String) -> String {
    let hash = BASE32.encode(&Sha256::digest(name.as_bytes()));
    let mut name = format!("{}-{name}", hash.get(..8).unwrap_or_default());
    if name.len() > MOST {
        name.truncate(MOST - 3);
        name.push_str("...");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of `proxier_test.go` and of a kubeadm cluster.
    #[test]
    fn names_are_those_of_real_tables() {
        for (plain, name) in [
            ("ns1/svc1/tcp/p80", "ULMVA6XW-ns1/svc1/tcp/p80"),
            ("default/web/tcp/", "PFISGYVC-default/web/tcp/"),
            ("default/web/tcp/__10.244.1.5/8080", "T6OEKE6Q-default/web/tcp/__10.244.1.5/8080"),
            ("default/kubernetes/tcp/https", "2QRHZV4L-default/kubernetes/tcp/https"),
        ] {
            assert_eq!(hashed(plain.to_string()), name);
        }
        let long = hashed("x".repeat(300));
        assert_eq!((long.len(), long.ends_with("...")), (240, true));
    }
}
