//! How iptables mode names its chains, and which probabilities the kernel really holds. Knows no services.
//! Models: `pkg/proxy/iptables/proxier.go` (servicePortChainID, computeProbability); `xt_statistic`.

use crate::base::Text;
use data_encoding::BASE32;
use sha2::{Digest, Sha256};

/// The part of chain names that identifies a service port: of its name (`ns/name:port`) and protocol (`tcp`).
pub fn port_hash(name: &str, protocol: &str) -> Text {
    hash(&[name, protocol])
}

/// The chain of one endpoint of a service port; `address` is `ip:port`.
pub fn endpoint_chain(name: &str, protocol: &str, address: &str) -> String {
    format!("KUBE-SEP-{}", hash(&[name, protocol, address]))
}

fn hash(parts: &[&str]) -> Text {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part.as_bytes()));
    let text = BASE32.encode(&hasher.finalize());
    text.get(..16).unwrap_or_default().into()
}

/// The kernel's threshold for a rule that shall match with probability 1/n: a 31-bit draw below it matches. The
/// probability passes through ten decimals of text on its way into the kernel.
pub fn threshold(n: usize) -> u32 {
    let n = n.max(1) as u128;
    let decimals = (10_000_000_000 + n / 2) / n;
    ((decimals * (1 << 31) + 5_000_000_000) / 10_000_000_000) as u32
}

/// A threshold as iptables-save prints it: eleven decimals.
pub fn probability(threshold: u32) -> String {
    let scaled = (u128::from(threshold) * 100_000_000_000 + (1 << 30)) >> 31;
    format!("{}.{:011}", scaled / 100_000_000_000, scaled % 100_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that clusters of kubeadm really show.
    #[test]
    fn names_are_those_of_real_clusters() {
        for (name, protocol, hash) in [
            ("default/kubernetes:https", "tcp", "NPX46M4PTMTKRN6Y"),
            ("kube-system/kube-dns:dns", "udp", "TCOU7JCQXEZGVUNU"),
            ("kube-system/kube-dns:dns-tcp", "tcp", "ERIFXISQEP7F7OF4"),
            ("kube-system/kube-dns:metrics", "tcp", "JD5MR3NA4I4DYORP"),
            ("default/web", "tcp", "LOLE4ISW44XBNF3G"),
            ("default/nginx", "tcp", "2CMXP7HKUVJN7L6M"),
        ] {
            assert_eq!(&*port_hash(name, protocol), hash);
        }
        for (name, protocol, address, chain) in [
            ("default/web", "tcp", "10.244.1.5:8080", "KUBE-SEP-XQWD6PXGZUTOOIVQ"),
            ("default/web", "tcp", "[fd00:10:244::5]:8080", "KUBE-SEP-QGQYRWUG4RCCAQNM"),
            ("kube-system/kube-dns:dns", "udp", "10.244.0.2:53", "KUBE-SEP-YIL6JZP7A3QYXJU2"),
        ] {
            assert_eq!(endpoint_chain(name, protocol, address), chain);
        }
    }

    /// What iptables-save prints for 1/2 to 1/10.
    #[test]
    fn probabilities_are_those_that_the_kernel_holds() {
        let printed: Vec<String> = (2..=10).map(|n| probability(threshold(n))).collect();
        let real = [
            "0.50000000000",
            "0.33333333349",
            "0.25000000000",
            "0.20000000019",
            "0.16666666651",
            "0.14285714272",
            "0.12500000000",
            "0.11111111101",
            "0.10000000009",
        ];
        assert_eq!(printed, real);
        assert_eq!(threshold(1), 1 << 31);
    }

    /// 1/n, 1/(n-1), ..., 1 one after the other give each endpoint 1/n, as far as 31 bits can say.
    #[test]
    fn rules_in_a_row_give_everyone_the_same() {
        for n in [1, 2, 3, 7, 100, 5_000] {
            let mut left = 1.0;
            for i in 0..n {
                let share = left * f64::from(threshold(n - i)) / f64::from(1u32 << 31);
                assert!((share - 1.0 / n as f64).abs() < 1e-8, "rule {i} of {n}: {share}");
                left -= share;
            }
            assert!(left.abs() < 1e-6, "{left} is left of {n}");
        }
    }
}
