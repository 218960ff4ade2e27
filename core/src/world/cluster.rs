//! What a cluster is made of: nodes and zones, address ranges, latencies, seed. Read from a cluster file: multi-document
//! YAML with an optional `kind: Cluster` document (`apiVersion: tidepool.dev/v1`); the rest is applied in order.

use crate::api::{tree, yaml};
use crate::base::{Duration, Instant, Seed, Text};
use crate::effect::Timing;
use crate::net::topology::Latencies;
use crate::proxy::mode::{Config, Mode};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The seed of every draw.
    pub seed: Seed,
    /// When the world begins.
    pub start: Instant,
    /// The nodes, in order of joining.
    pub nodes: Vec<NodeSpec>,
    /// The range of pod addresses; each node gets a /24 of it.
    pub pod_cidr: Ipv4Net,
    /// The range of Service addresses.
    pub service_cidr: Ipv4Net,
    /// Whether pods, nodes and Services have IPv6 addresses too: `spec.ipFamilies: [IPv4, IPv6]`, or where nothing is said
    /// of that, a Service of the file that needs it.
    pub dual_stack: bool,
    /// How kube-proxies program their nodes.
    pub kube_proxy: Mode,
    /// Whether a cloud makes load balancers for Services (`spec.loadBalancers`: `cloud` or `none`).
    pub load_balancers: bool,
    /// What answers names: `spec.dns`.
    pub dns: Dns,
    /// How long packets take.
    pub latencies: Latencies,
    /// How long the control plane takes.
    pub timing: Timing,
    /// What is applied at the start: multi-document YAML; empty for none.
    pub manifests: Text,
}

/// What answers names in the cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dns {
    /// CoreDNS (`coredns`).
    #[default]
    CoreDns,
    /// What there was before it (`kube-dns`).
    KubeDns,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name.
    pub name: Text,
    /// Its zone.
    pub zone: Text,
}

/// A problem of a cluster file: the field and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    /// The field, such as `spec.nodes[1].name`; the document's number when it is none.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// IPv6 of pods, Services and nodes: the first two as kind has them, nodes in the documentation range.
const POD_CIDR_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, 0), 48);
const SERVICE_CIDR_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0), 112);
const NODES_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);

/// The most nodes.
const MAX_NODES: usize = 1_000;

impl Default for Cluster {
    /// Three nodes in two zones, as the recordings have them.
    fn default() -> Cluster {
        let node = |name: &str, zone: &str| NodeSpec { name: name.into(), zone: zone.into() };
        Cluster {
            seed: Seed(7),
            start: Instant::ZERO,
            nodes: vec![node("node-1", "a"), node("node-2", "b"), node("node-3", "b")],
            pod_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16),
            service_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 12),
            dual_stack: false,
            kube_proxy: Mode::default(),
            load_balancers: true,
            dns: Dns::default(),
            latencies: Latencies::default(),
            timing: Timing::default(),
            manifests: Text::default(),
        }
    }
}

impl Cluster {
    /// The default cluster with another seed.
    pub fn with_seed(seed: u64) -> Cluster {
        Cluster { seed: Seed(seed), ..Cluster::default() }
    }

    /// Reads a cluster file: the `kind: Cluster` document sets the cluster up, the others are applied in order.
    pub fn parse(text: &str) -> Result<Cluster, ClusterError> {
        let read = yaml::read(text);
        if let Some(problem) = read.problems.first() {
            let field = format!("line {}, column {}", problem.line, problem.column);
            return Err(ClusterError { field, message: problem.message.clone() });
        }
        let is_cluster = |document: &&yaml::Document| tree::str(&document.value, "kind") == "Cluster";
        let mut cluster = match read.documents.iter().find(is_cluster) {
            Some(document) => Cluster::read(&document.value)?,
            None => Cluster::default(),
        };
        let says = |document: &yaml::Document| tree::get(&document.value, "spec.ipFamilies").is_some();
        if !read.documents.iter().filter(is_cluster).any(says) {
            cluster.dual_stack = read.documents.iter().any(|document| needs_v6(&document.value));
        }
        let others = read.documents.iter().filter(|document| !is_cluster(document));
        let others: Vec<String> = others.map(|document| yaml::write(&document.value)).collect();
        cluster.manifests = others.join("---\n").into();
        Ok(cluster)
    }

    /// Reads the `spec` of a `kind: Cluster` document over the defaults.
    pub fn read(document: &Value) -> Result<Cluster, ClusterError> {
        let mut cluster = Cluster::default();
        let fail = |field: &str, message: &str| ClusterError { field: field.into(), message: message.into() };
        if let Some(seed) = tree::get(document, "spec.seed") {
            let seed = seed.as_u64().ok_or_else(|| fail("spec.seed", "must be a whole number, 0 or more"))?;
            cluster.seed = Seed(seed);
        }
        let nodes = tree::list(document, "spec.nodes");
        if nodes.len() > MAX_NODES {
            return Err(fail("spec.nodes", "must have at most 1000 entries"));
        }
        if !nodes.is_empty() {
            cluster.nodes =
                nodes.iter().enumerate().map(|(n, node)| read_node(n, node)).collect::<Result<_, _>>()?;
        }
        for (path, cidr) in
            [("spec.podCIDR", &mut cluster.pod_cidr), ("spec.serviceCIDR", &mut cluster.service_cidr)]
        {
            if let Some(value) = tree::get(document, path) {
                let text = value.as_str().unwrap_or_default();
                *cidr =
                    text.parse().map_err(|_| fail(path, "must be an IPv4 range such as 10.244.0.0/16"))?;
            }
        }
        let (mode, scheduler) = ("spec.kubeProxy.mode", "spec.kubeProxy.scheduler");
        let field = if tree::str(document, mode) == "ipvs" { scheduler } else { mode };
        cluster.kube_proxy = Mode::read(tree::str(document, mode), tree::str(document, scheduler))
            .map_err(|message| fail(field, &message))?;
        let families: Vec<&str> =
            tree::list(document, "spec.ipFamilies").iter().filter_map(Value::as_str).collect();
        cluster.dual_stack = match families.as_slice() {
            [] | ["IPv4"] => false,
            ["IPv4", "IPv6"] => true,
            _ => return Err(fail("spec.ipFamilies", "must be [IPv4] or [IPv4, IPv6]")),
        };
        cluster.load_balancers = match tree::str(document, "spec.loadBalancers") {
            "" | "cloud" => true,
            "none" => false,
            _ => return Err(fail("spec.loadBalancers", "must be cloud or none")),
        };
        cluster.dns = match tree::str(document, "spec.dns") {
            "" | "coredns" => Dns::CoreDns,
            "kube-dns" => Dns::KubeDns,
            _ => return Err(fail("spec.dns", "must be coredns or kube-dns")),
        };
        read_durations(document, &mut cluster)?;
        Ok(cluster)
    }

    /// What the kube-proxies are configured with, for each family.
    pub fn proxy_configs(&self) -> (Config, Option<Config>) {
        let mode = self.kube_proxy;
        let v4 = Config { mode, pods: self.pod_cidr.into(), services: self.service_cidr.into() };
        let v6 = || Config { mode, pods: POD_CIDR_V6.into(), services: SERVICE_CIDR_V6.into() };
        (v4, self.dual_stack.then(v6))
    }

    /// The ranges of Service addresses, the default family first.
    pub fn service_ranges(&self) -> Vec<IpNet> {
        let v6 = self.dual_stack.then_some(SERVICE_CIDR_V6.into());
        std::iter::once(self.service_cidr.into()).chain(v6).collect()
    }

    /// A node's IPv6 address and the range of its pods', in a dual-stack cluster.
    pub fn node_v6(&self, index: usize) -> Option<(IpAddr, Ipv6Net)> {
        let ip = Ipv6Addr::from(u128::from(NODES_V6) + 0x11 + index as u128);
        let pods = Ipv6Addr::from(u128::from(POD_CIDR_V6.network()) + ((index as u128 + 1) << 64));
        self.dual_stack.then(|| (ip.into(), Ipv6Net::new_assert(pods, 64)))
    }

    /// The range of a node's pods: the n-th /24 after the first.
    pub fn node_pod_cidr(&self, index: usize) -> Ipv4Net {
        let base = u32::from(self.pod_cidr.network()) + ((index as u32 + 1) << 8);
        Ipv4Net::new_assert(Ipv4Addr::from(base), 24)
    }

    /// A node's own address, of the documentation range 192.0.2.0/24 and beyond.
    pub fn node_ip(&self, index: usize) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(192, 0, 2, 11)) + index as u32))
    }

    /// The address of the DNS Service: the tenth of the range, as kubeadm does.
    pub fn dns_ip(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(u32::from(self.service_cidr.network()) + 10))
    }
}

/// Whether a document is a Service that only a cluster with IPv6 takes.
fn needs_v6(document: &Value) -> bool {
    let texts = |path| tree::list(document, path).iter().filter_map(Value::as_str);
    tree::str(document, "kind") == "Service"
        && (texts("spec.ipFamilies").any(|family| family == "IPv6")
            || texts("spec.clusterIPs")
                .chain([tree::str(document, "spec.clusterIP")])
                .any(|ip| ip.contains(':'))
            || tree::str(document, "spec.ipFamilyPolicy") == "RequireDualStack")
}

fn read_node(n: usize, node: &Value) -> Result<NodeSpec, ClusterError> {
    let name = tree::str(node, "name");
    let is_label = !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !is_label {
        let message = "must be a lower-case name such as node-1".into();
        return Err(ClusterError { field: format!("spec.nodes[{n}].name"), message });
    }
    Ok(NodeSpec { name: name.into(), zone: tree::str(node, "zone").into() })
}

fn read_durations(document: &Value, cluster: &mut Cluster) -> Result<(), ClusterError> {
    let (l, t) = (&mut cluster.latencies, &mut cluster.timing);
    let fields: [(&str, &mut Duration); 11] = [
        ("spec.latency.loopback", &mut l.loopback),
        ("spec.latency.sameNode", &mut l.same_node),
        ("spec.latency.sameZone", &mut l.same_zone),
        ("spec.latency.crossZone", &mut l.cross_zone),
        ("spec.latency.outside", &mut l.outside),
        ("spec.timing.api", &mut t.api),
        ("spec.timing.imagePull", &mut t.image_pull),
        ("spec.timing.containerStart", &mut t.container_start),
        ("spec.timing.proxyMinSync", &mut t.proxy_min_sync),
        ("spec.timing.proxyApply", &mut t.proxy_apply),
        ("spec.timing.loadBalancer", &mut t.load_balancer),
    ];
    for (path, field) in fields {
        if let Some(value) = tree::get(document, path) {
            *field = value.as_str().and_then(read_duration).ok_or_else(|| ClusterError {
                field: path.into(),
                message: "must be a time such as 250us, 20ms or 1s".into(),
            })?;
        }
    }
    Ok(())
}

/// Reads `250us`, `20ms`, `1s`.
fn read_duration(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let n: u64 = text[..at].parse().ok()?;
    let nanos = match &text[at..] {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    n.checked_mul(nanos).map(Duration)
}
