//! A node's rules as `iptables-save` prints them.
//! Models: the text of iptables v1.8.9; `pkg/proxy/iptables/proxier.go`, `pkg/kubelet/kubelet_network_linux.go`.
//! Omits: counters (they print as 0), nfacct matches, ipsets, other programs' rules.

use super::backends::{Backend, Set};
use super::chains;
use super::table::Entry;
use super::view::View;
use crate::base::{FlatMap, FlatSet, Instant};
use std::fmt::Write;
use std::net::IpAddr;

/// Above this many endpoints in the cluster, endpoint rules carry no comments.
pub const LARGE_CLUSTER: usize = 1_000;

/// Everything, as of a view.
pub fn save(view: View<'_>, now: Instant) -> String {
    let entries: Vec<&Entry> = view.table.all(view.revision).collect();
    let endpoints: usize = entries.iter().map(|entry| entry.backends.all.len()).sum();
    let mut out = Rules::new(view, endpoints > LARGE_CLUSTER);
    entries.iter().for_each(|entry| out.entry(entry));
    out.print(now)
}

/// The rules of one Service alone (`ns/name`), as of a view: those of table nat, then those of table filter.
pub fn save_service(view: View<'_>, service: &str) -> String {
    let mut out = Rules { view, large: false, filter: Chains::new(), nat: Chains::new(), last: Vec::new() };
    view.table.get(service, view.revision).iter().for_each(|entry| out.entry(entry));
    let lines = |chains: &Chains| -> String {
        let rules = chains.iter().flat_map(|(chain, rules)| rules.iter().map(move |rule| (chain, rule)));
        rules.map(|(chain, rule)| format!("-A {chain} {rule}\n")).collect()
    };
    lines(&out.nat) + &lines(&out.filter)
}

/// One table: rules by chain, in the order of the chains' names.
pub(super) type Chains = FlatMap<String, Vec<String>>;

struct Rules<'a> {
    view: View<'a>,
    large: bool,
    filter: Chains,
    nat: Chains,
    last: Vec<String>,
}

const NEW: &str = "-m conntrack --ctstate NEW ";

impl<'a> Rules<'a> {
    fn new(view: View<'a>, large: bool) -> Rules<'a> {
        let mut rules = Rules { view, large, filter: Chains::new(), nat: Chains::new(), last: Vec::new() };
        rules.fixed_filter();
        rules.fixed_nat();
        rules
    }

    fn filter(&mut self, chain: &str, rule: impl Into<String>) {
        self.filter.entry(chain.to_string()).or_default().push(rule.into());
    }

    fn nat(&mut self, chain: &str, rule: impl Into<String>) {
        self.nat.entry(chain.to_string()).or_default().push(rule.into());
    }

    fn fixed_filter(&mut self) {
        let (firewall, services) = ("kubernetes load balancer firewall", "kubernetes service portals");
        let external = "kubernetes externally-visible service portals";
        for (chain, new, text, target) in [
            ("INPUT", NEW, firewall, "KUBE-PROXY-FIREWALL"),
            ("INPUT", "", "kubernetes health check service ports", "KUBE-NODEPORTS"),
            ("INPUT", NEW, external, "KUBE-EXTERNAL-SERVICES"),
            ("FORWARD", NEW, firewall, "KUBE-PROXY-FIREWALL"),
            ("FORWARD", "", "kubernetes forwarding rules", "KUBE-FORWARD"),
            ("FORWARD", NEW, services, "KUBE-SERVICES"),
            ("FORWARD", NEW, external, "KUBE-EXTERNAL-SERVICES"),
            ("OUTPUT", NEW, firewall, "KUBE-PROXY-FIREWALL"),
            ("OUTPUT", NEW, services, "KUBE-SERVICES"),
        ] {
            self.filter(chain, format!("{new}{}-j {target}", comment(text)));
        }
        kubelet_rules(&mut self.filter, &mut self.nat);
        let forward = comment("kubernetes forwarding rules");
        let known = comment("kubernetes forwarding conntrack rule");
        self.filter("KUBE-FORWARD", "-m conntrack --ctstate INVALID -j DROP");
        self.filter("KUBE-FORWARD", format!("{forward}-m mark --mark 0x4000/0x4000 -j ACCEPT"));
        self.filter("KUBE-FORWARD", format!("{known}-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        for chain in ["KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"] {
            self.filter.entry(chain.to_string()).or_default();
        }
    }

    fn fixed_nat(&mut self) {
        let services = comment("kubernetes service portals");
        self.nat("PREROUTING", format!("{services}-j KUBE-SERVICES"));
        self.nat("OUTPUT", format!("{services}-j KUBE-SERVICES"));
        let postrouting = comment("kubernetes postrouting rules");
        self.nat("POSTROUTING", format!("{postrouting}-j KUBE-POSTROUTING"));
        self.nat("KUBE-MARK-MASQ", "-j MARK --set-xmark 0x4000/0x4000");
        self.nat("KUBE-POSTROUTING", "-m mark ! --mark 0x4000/0x4000 -j RETURN");
        self.nat("KUBE-POSTROUTING", "-j MARK --set-xmark 0x4000/0x0");
        let snat = comment("kubernetes service traffic requiring SNAT");
        self.nat("KUBE-POSTROUTING", format!("{snat}-j MASQUERADE --random-fully"));
        let last = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");
        let not_loopback = if self.view.ip.is_ipv4() { "" } else { "! -d ::1/128 " };
        self.last = vec![format!("{not_loopback}{last}-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS")];
        for chain in ["KUBE-NODEPORTS", "KUBE-SERVICES"] {
            self.nat.entry(chain.to_string()).or_default();
        }
    }

    /// The rules of one service port.
    fn entry(&mut self, entry: &Entry) {
        let (node, zone) = (self.view.node, self.view.zone);
        let (port, any) = (&entry.port, entry.backends.any());
        let (cluster, local) = (entry.backends.cluster(node, zone), entry.backends.local(node));
        let internal = if port.internal_local { local } else { cluster };
        let external = if port.external_local { local } else { cluster };
        self.cluster_ip_rules(entry, !internal.is_empty());
        if port.is_external() {
            self.external_rules(entry, !external.is_empty());
        }
        if port.health_check_node_port != 0 && port.external_local {
            let text = comment(&format!("{} health check node port", port.name));
            let rule = format!("-p tcp {text}-m tcp --dport {} -j ACCEPT", port.health_check_node_port);
            self.filter("KUBE-NODEPORTS", rule);
        }
        if !internal.is_empty() {
            let chain = if port.internal_local { port.local_chain() } else { port.cluster_chain() };
            let to = to(port.cluster_ip, entry, "cluster IP");
            self.nat(&chain, format!("! -s {} {to}-j KUBE-MARK-MASQ", self.view.config.pods));
        }
        if any && port.is_external() {
            self.external_chain(entry, !external.is_empty());
        }
        let uses_cluster = port.uses_cluster() && !cluster.is_empty();
        let uses_local = port.uses_local() && !local.is_empty();
        if uses_cluster {
            self.spread(entry, &port.cluster_chain(), cluster);
        }
        if uses_local {
            self.spread(entry, &port.local_chain(), local);
        }
        let reached = [(uses_cluster, cluster), (uses_local, local)];
        let reached = reached.iter().filter(|(used, _)| *used).flat_map(|(_, set)| &set.backends);
        let mut done = FlatSet::new();
        reached.filter(|b| done.insert(b.address)).for_each(|backend| self.endpoint(entry, backend));
    }

    fn cluster_ip_rules(&mut self, entry: &Entry, usable: bool) {
        let port = &entry.port;
        if usable {
            let chain = if port.internal_local { port.local_chain() } else { port.cluster_chain() };
            let to = to(port.cluster_ip, entry, "cluster IP");
            self.nat("KUBE-SERVICES", format!("{to}-j {chain}"));
        } else {
            let (why, target) = refusal(entry);
            let to = to(port.cluster_ip, entry, why);
            self.filter("KUBE-SERVICES", format!("{to}-j {target}"));
        }
    }

    /// The ways in from outside: external addresses, the load balancer's, node ports.
    fn external_rules(&mut self, entry: &Entry, usable: bool) {
        let (port, any) = (&entry.port, entry.backends.any());
        let ext = format!("KUBE-EXT-{}", port.hash);
        let firewall = (!port.source_ranges.is_empty()).then(|| format!("KUBE-FW-{}", port.hash));
        for ip in port.external_ips.iter().filter(|_| any) {
            self.nat("KUBE-SERVICES", format!("{}-j {ext}", to(*ip, entry, "external IP")));
        }
        for ip in port.lb_ips.iter().filter(|_| any) {
            let target = firewall.as_ref().unwrap_or(&ext);
            self.nat("KUBE-SERVICES", format!("{}-j {target}", to(*ip, entry, "loadbalancer IP")));
            if let Some(firewall) = &firewall {
                let to = to(*ip, entry, &format!("traffic not accepted by {firewall}"));
                self.filter("KUBE-PROXY-FIREWALL", format!("{to}-j DROP"));
            }
        }
        let (p, node_port) = (port.protocol, port.node_port);
        if any && node_port != 0 {
            let rule = format!("-p {p} {}-m {p} --dport {node_port} -j {ext}", comment(&port.name));
            self.nat("KUBE-NODEPORTS", rule);
        }
        if any && let Some(firewall) = &firewall {
            self.firewall_chain(entry, firewall, &ext);
        }
        if usable {
            return;
        }
        let (why, target) = refusal(entry);
        for ip in port.external_ips.iter().chain(&port.lb_ips) {
            self.filter("KUBE-EXTERNAL-SERVICES", format!("{}-j {target}", to(*ip, entry, why)));
        }
        if node_port != 0 {
            let text = comment(&format!("{} {why}", port.name));
            let rule =
                format!("-p {p} {text}-m addrtype --dst-type LOCAL -m {p} --dport {node_port} -j {target}");
            self.filter("KUBE-EXTERNAL-SERVICES", rule);
        }
    }

    fn firewall_chain(&mut self, entry: &Entry, firewall: &str, ext: &str) {
        let port = &entry.port;
        let text = comment(&format!("{} loadbalancer IP", port.name));
        for range in &port.source_ranges {
            self.nat(firewall, format!("-s {range} {text}-j {ext}"));
        }
        if port.source_ranges.iter().any(|range| range.contains(&self.view.ip)) {
            for ip in &port.lb_ips {
                self.nat(firewall, format!("-s {} {text}-j {ext}", host(*ip)));
            }
        }
        let rest = format!("other traffic to {} will be dropped by KUBE-PROXY-FIREWALL", port.name);
        self.nat(firewall, comment(&rest).trim_end().to_string());
    }

    fn external_chain(&mut self, entry: &Entry, usable: bool) {
        let port = &entry.port;
        let (ext, all) = (format!("KUBE-EXT-{}", port.hash), port.cluster_chain());
        let text = |what: &str| comment(&format!("{what} traffic for {} external destinations", port.name));
        if !port.external_local {
            self.nat(&ext, format!("{}-j KUBE-MARK-MASQ", text("masquerade")));
            self.nat(&ext, format!("-j {all}"));
            return;
        }
        self.nat(&ext, format!("-s {} {}-j {all}", self.view.config.pods, text("pod")));
        let local = "-m addrtype --src-type LOCAL";
        self.nat(&ext, format!("{}{local} -j KUBE-MARK-MASQ", text("masquerade LOCAL")));
        self.nat(&ext, format!("{}{local} -j {all}", text("route LOCAL")));
        if usable {
            self.nat(&ext, format!("-j {}", port.local_chain()));
        }
    }

    /// The rules that spread the load over a set.
    fn spread(&mut self, entry: &Entry, chain: &str, set: &Set) {
        let port = &entry.port;
        let text = |large: bool, b: &Backend| {
            if large { String::new() } else { comment(&format!("{} -> {}", port.name, b.text)) }
        };
        if let Some(seconds) = port.affinity {
            for backend in &set.backends {
                let sep = port.endpoint_chain(&backend.text);
                let recent = format!("--rcheck --seconds {seconds} --reap --name {sep}");
                let text = text(self.large, backend);
                self.nat(chain, format!("{text}-m recent {recent} {MASK} --rsource -j {sep}"));
            }
        }
        let n = set.backends.len();
        for (i, backend) in set.backends.iter().enumerate() {
            let sep = port.endpoint_chain(&backend.text);
            let text = text(self.large, backend);
            let chance = if i + 1 < n {
                let p = chains::probability(chains::threshold(n - i));
                format!("-m statistic --mode random --probability {p} ")
            } else {
                String::new()
            };
            self.nat(chain, format!("{text}{chance}-j {sep}"));
        }
    }

    fn endpoint(&mut self, entry: &Entry, backend: &Backend) {
        let port = &entry.port;
        let sep = port.endpoint_chain(&backend.text);
        let text = if self.large { String::new() } else { comment(&port.name) };
        let source = host(backend.address.ip());
        self.nat(&sep, format!("-s {source} {text}-j KUBE-MARK-MASQ"));
        let recent = match port.affinity {
            Some(_) => format!("-m recent --set --name {sep} {MASK} --rsource "),
            None => String::new(),
        };
        let (p, address) = (port.protocol, &backend.text);
        let rule = format!("-p {p} {text}{recent}-m {p} -j DNAT --to-destination {address}");
        self.nat(&sep, rule);
    }

    fn print(mut self, now: Instant) -> String {
        let last = std::mem::take(&mut self.last);
        self.nat.entry("KUBE-SERVICES".to_string()).or_default().extend(last);
        for table in [&mut self.filter, &mut self.nat] {
            table.entry("KUBE-PROXY-CANARY".to_string()).or_default();
        }
        tables(&self.filter, &self.nat, now)
    }
}

/// The tables as they are printed; table mangle has nothing but the chains by which flushes are noticed.
pub(super) fn tables(filter: &Chains, nat: &Chains, now: Instant) -> String {
    let canaries = ["KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-PROXY-CANARY"];
    let mangle: Chains = canaries.map(|chain| (chain.to_string(), Vec::new())).into();
    let mut out = String::new();
    table(&mut out, "filter", &["INPUT", "FORWARD", "OUTPUT"], filter, now);
    table(&mut out, "nat", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], nat, now);
    let built_in = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    table(&mut out, "mangle", &built_in, &mangle, now);
    out
}

/// The tables of a node whose kube-proxy uses no iptables: the kubelet's rules alone.
pub fn save_kubelet(now: Instant) -> String {
    let (mut filter, mut nat) = (Chains::new(), Chains::new());
    kubelet_rules(&mut filter, &mut nat);
    tables(&filter, &nat, now)
}

/// What the kubelet puts there.
pub(super) fn kubelet_rules(filter: &mut Chains, nat: &mut Chains) {
    let mut add = |chain: &str, rule: &str| {
        filter.entry(chain.to_string()).or_default().push(rule.to_string());
    };
    add("INPUT", "-j KUBE-FIREWALL");
    add("OUTPUT", "-j KUBE-FIREWALL");
    add(
        "KUBE-FIREWALL",
        "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" \
         -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    );
    for table in [filter, nat] {
        table.entry("KUBE-KUBELET-CANARY".to_string()).or_default();
    }
}

/// The same tables in the words of the other family; the kubelet's rule about 127.0.0.0/8 has no twin there.
pub fn as_v6(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("block incoming localnet connections"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    text.replace("by iptables-save", "by ip6tables-save")
        .replace(MASK, "--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
}

const MASK: &str = "--mask 255.255.255.255";

/// A table, with its built-in chains first.
pub(super) fn table(out: &mut String, name: &str, built_in: &[&str], chains: &Chains, now: Instant) {
    let user = chains.keys().map(String::as_str).filter(|chain| !built_in.contains(chain));
    let user: Vec<&str> = user.collect();
    let when = ctime(now);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# Generated by iptables-save v1.8.9 on {when}\n*{name}");
    for chain in built_in {
        let _ = writeln!(out, ":{chain} ACCEPT [0:0]");
    }
    for chain in &user {
        let _ = writeln!(out, ":{chain} - [0:0]");
    }
    for chain in built_in.iter().chain(&user) {
        for rule in chains.get(*chain).into_iter().flatten() {
            let _ = writeln!(out, "-A {chain} {rule}");
        }
    }
    let _ = writeln!(out, "COMMIT\n# Completed on {when}");
}

/// `Thu Jan  1 00:00:00 2026`, as ctime(3) prints.
fn ctime(now: Instant) -> String {
    let ((year, month, day), second) = now.civil();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.get(month as usize - 1).unwrap_or(&"Jan");
    // The world begins on a Thursday.
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let weekday = days.get((now.0 / 86_400_000_000_000 % 7) as usize).unwrap_or(&"Thu");
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday} {month} {day:2} {h:02}:{m:02}:{s:02} {year}")
}

pub(super) fn comment(text: &str) -> String {
    format!("-m comment --comment \"{text}\" ")
}

pub(super) fn host(ip: IpAddr) -> String {
    format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 })
}

/// The matches of a rule for an address of a service port.
fn to(ip: IpAddr, entry: &Entry, what: &str) -> String {
    let (port, p) = (&entry.port, entry.port.protocol);
    let text = comment(&format!("{} {what}", port.name));
    format!("-d {} -p {p} {text}-m {p} --dport {} ", host(ip), port.port)
}

fn refusal(entry: &Entry) -> (&'static str, &'static str) {
    let v4 = entry.port.cluster_ip.is_ipv4();
    match (entry.backends.any(), v4) {
        (true, _) => ("has no local endpoints", "DROP"),
        (false, true) => ("has no endpoints", "REJECT --reject-with icmp-port-unreachable"),
        (false, false) => ("has no endpoints", "REJECT --reject-with icmp6-port-unreachable"),
    }
}
