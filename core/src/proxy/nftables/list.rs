//! The table as `nft list table ip kube-proxy` prints it.
//! Models: the text of nftables v1.0.6; `pkg/proxy/nftables/proxier.go` (setupNFTables, syncProxyRules).
//! Omits: other programs' tables.

use super::{Lead, is_refused, lead, names};
use crate::base::{Duration, FlatMap, Instant, order};
use crate::net::Protocol;
use crate::proxy::affinity::Affinity;
use crate::proxy::backends::Set;
use crate::proxy::table::Entry;
use crate::proxy::view::View;
use ipnet::IpNet;
use std::fmt::Write;
use std::net::IpAddr;

/// The whole table, as of a view.
pub fn list(view: View<'_>, affinity: &Affinity, now: Instant) -> String {
    let mut out = List::empty(view, affinity, now);
    view.table.all(view.revision).for_each(|entry| out.entry(entry));
    out.print()
}

/// The chains of one Service alone (`ns/name`), as of a view.
pub fn list_service(view: View<'_>, affinity: &Affinity, now: Instant, service: &str) -> String {
    let mut out = List::empty(view, affinity, now);
    view.table.get(service, view.revision).iter().for_each(|entry| out.entry(entry));
    let text = out.chains.iter().map(|(name, rules)| chain(name, "", rules)).collect::<Vec<_>>().join("\n");
    if view.ip.is_ipv6() { as_v6(&text) } else { text }
}

/// An element's key in the order of nft's listings: the kernel's bytes read as one little-endian number.
type Sorted = (u8, u8, u8, [u8; 16]);

/// A map: keys and what is printed of each.
type Map = FlatMap<Sorted, String>;

/// An affinity set: its name, its timeout in seconds, its clients and how long each has left.
type AffinitySet = (String, u32, Vec<(IpAddr, Duration)>);

struct List<'a> {
    view: View<'a>,
    affinity: &'a Affinity,
    now: Instant,
    cluster_ips: FlatMap<IpAddr, ()>,
    refused_services: Map,
    refused_ports: Map,
    firewall_ips: Map,
    service_ips: Map,
    node_ports: Map,
    sets: Vec<AffinitySet>,
    chains: Vec<(String, Vec<String>)>,
}

const MARK: &str = "jump mark-for-masquerade";

impl<'a> List<'a> {
    fn empty(view: View<'a>, affinity: &'a Affinity, now: Instant) -> List<'a> {
        List {
            view,
            affinity,
            now,
            cluster_ips: FlatMap::new(),
            refused_services: Map::new(),
            refused_ports: Map::new(),
            firewall_ips: Map::new(),
            service_ips: Map::new(),
            node_ports: Map::new(),
            sets: Vec::new(),
            chains: Vec::new(),
        }
    }

    fn entry(&mut self, entry: &'a Entry) {
        self.elements(entry);
        self.endpoint_chains(entry);
        let (view, port) = (self.view, &entry.port);
        let (cluster, local) = (view.cluster(entry), view.local(entry));
        let inside = !view.internal(entry).is_empty();
        if port.uses_cluster() && !cluster.is_empty() {
            self.spread(entry, cluster, false, inside && !port.internal_local);
        }
        if port.uses_local() && !local.is_empty() {
            self.spread(entry, local, true, inside && port.internal_local);
        }
        if port.is_external() && entry.backends.any() {
            self.external(entry);
        }
        if !port.lb_ips.is_empty() && !port.source_ranges.is_empty() {
            let sources = self.sources(entry);
            let name = format!("firewall-{}", names::port_base(port));
            self.chains.push((name, vec![format!("ip saddr != {sources} drop")]));
        }
    }

    /// What a service port puts into the maps. The first to claim a key keeps it.
    fn elements(&mut self, entry: &Entry) {
        let (view, port, base) = (self.view, &entry.port, names::port_base(&entry.port));
        self.cluster_ips.insert(port.cluster_ip, ());
        let leads = |lead| match lead {
            Lead::Internal => names::spread_chain(port, port.internal_local),
            Lead::External => format!("external-{base}"),
        };
        let refusal = if entry.backends.any() { "drop" } else { "goto reject-chain" };
        for (ip, protocol, number) in port.dests() {
            let key = sorted(ip, protocol, number);
            let shown = match ip {
                Some(ip) => format!("{ip} . {protocol} . {number}"),
                None => format!("{protocol} . {number}"),
            };
            if let Some(lead) = lead(view, entry, ip) {
                let map = if ip.is_some() { &mut self.service_ips } else { &mut self.node_ports };
                map.entry(key).or_insert_with(|| format!("{shown} : goto {}", leads(lead)));
            }
            if is_refused(view, entry, ip) {
                let map = if ip.is_some() { &mut self.refused_services } else { &mut self.refused_ports };
                map.entry(key).or_insert_with(|| format!("{shown} comment \"{}\" : {refusal}", port.name));
            }
            let is_balancer = ip.is_some_and(|ip| port.lb_ips.contains(&ip));
            if is_balancer && !port.source_ranges.is_empty() {
                self.firewall_ips.entry(key).or_insert_with(|| format!("{shown} : goto firewall-{base}"));
            }
        }
    }

    fn endpoint_chains(&mut self, entry: &'a Entry) {
        let port = &entry.port;
        for backend in self.view.reached(entry) {
            let base = names::endpoint_base(port, backend.address);
            let mut rules = vec![format!("ip saddr {} {MARK}", backend.address.ip())];
            if let Some(seconds) = port.affinity {
                rules.push(format!("update @affinity-{base} {{ ip saddr }}"));
                let left = Duration::secs(seconds.into());
                let fresh = self.affinity.clients(port, backend.address).filter_map(|(ip, at)| {
                    let age = self.now.since(at);
                    (age < left).then(|| (ip, Duration(left.0 - age.0)))
                });
                self.sets.push((format!("affinity-{base}"), seconds, fresh.collect()));
            }
            rules.push(format!("meta l4proto {} dnat to {}", port.protocol, backend.text));
            self.chains.push((format!("endpoint-{base}"), rules));
        }
    }

    /// The chain that spreads the load over a set; `inside`: traffic to the virtual address comes here.
    fn spread(&mut self, entry: &Entry, set: &Set, local: bool, inside: bool) {
        let port = &entry.port;
        let mut rules = Vec::new();
        if inside {
            let pods = self.view.config.pods;
            rules.push(format!("ip daddr {} ip saddr != {pods} {MARK}", port.cluster_ip));
        }
        let bases: Vec<String> =
            set.backends.iter().map(|backend| names::endpoint_base(port, backend.address)).collect();
        if port.affinity.is_some() {
            rules.extend(bases.iter().map(|base| format!("ip saddr @affinity-{base} goto endpoint-{base}")));
        }
        let elements = bases.iter().enumerate().map(|(n, base)| format!("{n} : goto endpoint-{base}"));
        let elements = elements.collect::<Vec<_>>().join(", ");
        rules.push(format!("numgen random mod {} vmap {{ {elements} }}", bases.len()));
        self.chains.push((names::spread_chain(port, local), rules));
    }

    fn external(&mut self, entry: &Entry) {
        let port = &entry.port;
        let all = names::spread_chain(port, false);
        let rules = if port.external_local {
            let pods = self.view.config.pods;
            let mut rules = vec![
                format!("ip saddr {pods} goto {all} comment \"short-circuit pod traffic\""),
                format!("fib saddr type local {MARK} comment \"masquerade local traffic\""),
                format!("fib saddr type local goto {all} comment \"short-circuit local traffic\""),
            ];
            if !self.view.local(entry).is_empty() {
                rules.push(format!("goto {}", names::spread_chain(port, true)));
            }
            rules
        } else {
            vec![MARK.to_string(), format!("goto {all}")]
        };
        self.chains.push((format!("external-{}", names::port_base(port)), rules));
    }

    /// The sources that a Service's load balancer takes, as an anonymous set; what lies in another range is merged.
    fn sources(&self, entry: &Entry) -> String {
        let port = &entry.port;
        let mut ranges: Vec<IpNet> = port.source_ranges.clone();
        if ranges.iter().any(|range| range.contains(&self.view.ip)) {
            ranges.extend(port.lb_ips.iter().map(|ip| IpNet::from(*ip)));
        }
        let mut ranges = IpNet::aggregate(&ranges);
        order::sort(&mut ranges);
        let show = |range: &IpNet| match range.prefix_len() == range.max_prefix_len() {
            true => range.addr().to_string(),
            false => range.to_string(),
        };
        let shown: Vec<String> = ranges.iter().map(show).collect();
        if shown.len() == 1 { shown.concat() } else { format!("{{ {} }}", shown.join(", ")) }
    }

    fn print(self) -> String {
        const BY_IP: &str = "ipv4_addr . inet_proto . inet_service : verdict";
        const BY_PORT: &str = "inet_proto . inet_service : verdict";
        let ips: Vec<String> = self.cluster_ips.keys().map(IpAddr::to_string).collect();
        let node = [self.view.ip.to_string()];
        let refused = "vmap to drop or reject packets to";
        let lines = |map: &Map| map.values().cloned().collect::<Vec<String>>();
        // nft prints two short elements in a line.
        let per_line = if self.view.ip.is_ipv4() { 2 } else { 1 };
        let mut blocks = vec![
            block("set cluster-ips", "ipv4_addr", "Active ClusterIPs", &ips, per_line),
            block("set nodeport-ips", "ipv4_addr", "IPs that accept NodePort traffic", &node, per_line),
        ];
        for (name, kind, what, map) in [
            ("services", BY_IP, "services with no endpoints", &self.refused_services),
            ("nodeports", BY_PORT, "service nodeports with no endpoints", &self.refused_ports),
        ] {
            let (name, what) = (format!("map no-endpoint-{name}"), format!("{refused} {what}"));
            blocks.push(block(&name, kind, &what, &lines(map), 1));
        }
        for (name, kind, what, map) in [
            (
                "firewall-ips",
                BY_IP,
                "destinations that are subject to LoadBalancerSourceRanges",
                &self.firewall_ips,
            ),
            ("service-ips", BY_IP, "ClusterIP, ExternalIP and LoadBalancer IP traffic", &self.service_ips),
            ("service-nodeports", BY_PORT, "NodePort traffic", &self.node_ports),
        ] {
            blocks.push(block(&format!("map {name}"), kind, what, &lines(map), 1));
        }
        for (name, seconds, clients) in &self.sets {
            let clients = clients.iter().map(|(ip, left)| format!("{ip} expires {}", time(*left)));
            let elements = elements(&clients.collect::<Vec<_>>(), per_line);
            let timeout = time(Duration::secs((*seconds).into()));
            let flags = format!("\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout {timeout}\n");
            blocks.push(format!("\tset {name} {{\n\t\ttype ipv4_addr\n{flags}{elements}\t}}\n"));
        }
        blocks.extend(fixed_chains(self.view));
        blocks.extend(self.chains.iter().map(|(name, rules)| indented(&chain(name, "", rules))));
        let mut out = String::from("table ip kube-proxy {\n\tcomment \"rules for kube-proxy\"\n");
        out.push_str(&blocks.join("\n"));
        out.push_str("}\n");
        if self.view.ip.is_ipv6() { as_v6(&out) } else { out }
    }
}

/// The same table in the words of the other family.
fn as_v6(text: &str) -> String {
    let words = [
        ("ip daddr", "ip6 daddr"),
        ("ip saddr", "ip6 saddr"),
        ("ipv4_addr", "ipv6_addr"),
        ("table ip kube-proxy", "table ip6 kube-proxy"),
    ];
    words.iter().fold(text.to_string(), |text, (v4, v6)| text.replace(v4, v6))
}

/// The chains that stand whatever Services there are.
fn fixed_chains(view: View<'_>) -> Vec<String> {
    let check = |what: &str| format!("ct state new jump {what}-check");
    let (firewall, node_ports) = (check("firewall"), check("nodeport-endpoints"));
    let (services, ips) = (check("service-endpoints"), check("cluster-ips"));
    let base = |kind: &str, hook: &str, priority: &str| {
        format!("type {kind} hook {hook} priority {priority}; policy accept;")
    };
    let by_ip = "ip daddr . meta l4proto . th dport vmap";
    let by_port = "ip daddr @nodeport-ips meta l4proto . th dport vmap";
    let range = view.config.services;
    let chains: [(&str, String, Vec<String>); 16] = [
        ("filter-prerouting-pre-dnat", base("filter", "prerouting", "dstnat - 10"), vec![firewall.clone()]),
        ("filter-output-pre-dnat", base("filter", "output", "-110"), vec![firewall]),
        ("filter-input", base("filter", "input", "filter"), vec![node_ports, services.clone()]),
        ("filter-forward", base("filter", "forward", "filter"), vec![services.clone(), ips.clone()]),
        ("filter-output", base("filter", "output", "filter"), vec![services, ips]),
        ("nat-prerouting", base("nat", "prerouting", "dstnat"), vec!["jump services".into()]),
        ("nat-output", base("nat", "output", "-100"), vec!["jump services".into()]),
        ("nat-postrouting", base("nat", "postrouting", "srcnat"), vec!["jump masquerading".into()]),
        ("nodeport-endpoints-check", String::new(), vec![format!("{by_port} @no-endpoint-nodeports")]),
        ("service-endpoints-check", String::new(), vec![format!("{by_ip} @no-endpoint-services")]),
        ("firewall-check", String::new(), vec![format!("{by_ip} @firewall-ips")]),
        (
            "services",
            String::new(),
            vec![format!("{by_ip} @service-ips"), format!("{by_port} @service-nodeports")],
        ),
        (
            "masquerading",
            String::new(),
            vec![
                "meta mark & 0x00004000 == 0x00000000 return".into(),
                "meta mark set meta mark ^ 0x00004000".into(),
                "masquerade fully-random".into(),
            ],
        ),
        (
            "cluster-ips-check",
            String::new(),
            vec![
                "ip daddr @cluster-ips reject comment \"Reject traffic to invalid ports of ClusterIPs\""
                    .into(),
                format!("ip daddr {range} drop comment \"Drop traffic to unallocated ClusterIPs\""),
            ],
        ),
        ("mark-for-masquerade", String::new(), vec!["meta mark set meta mark | 0x00004000".into()]),
        (
            "reject-chain",
            "comment \"helper for @no-endpoint-services / @no-endpoint-nodeports\"".into(),
            vec!["reject".into()],
        ),
    ];
    chains.iter().map(|(name, head, rules)| indented(&chain(name, head, rules))).collect()
}

fn chain(name: &str, head: &str, rules: &[String]) -> String {
    let mut out = format!("chain {name} {{\n");
    for line in Some(head).filter(|head| !head.is_empty()).into_iter().chain(rules.iter().map(String::as_str))
    {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\t{line}");
    }
    out.push_str("}\n");
    out
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("\t{line}\n")).collect()
}

/// A named set or map with its elements, so many per line.
fn block(head: &str, kind: &str, comment: &str, lines: &[String], per_line: usize) -> String {
    let elements = elements(lines, per_line);
    format!("\t{head} {{\n\t\ttype {kind}\n\t\tcomment \"{comment}\"\n{elements}\t}}\n")
}

fn elements(all: &[String], per_line: usize) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = all.chunks(per_line).map(|line| line.join(", ")).collect();
    format!("\t\telements = {{ {} }}\n", lines.join(",\n\t\t\t     "))
}

fn sorted(ip: Option<IpAddr>, protocol: Protocol, port: u16) -> Sorted {
    let [high, low] = port.to_be_bytes();
    let number = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    let mut ip = match ip {
        Some(IpAddr::V4(ip)) => ip.to_ipv6_compatible().octets(),
        Some(IpAddr::V6(ip)) => ip.octets(),
        None => [0; 16],
    };
    ip.reverse();
    (low, high, number, ip)
}

/// `2h59m59s996ms`, as nft prints times.
fn time(duration: Duration) -> String {
    let millis = duration.0 / 1_000_000;
    let parts = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let mut left = millis;
    let mut out = String::new();
    for (size, unit) in parts {
        if left >= size {
            out.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    if out.is_empty() { "0s".into() } else { out }
}
