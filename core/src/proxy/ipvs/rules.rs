//! What IPVS mode leaves to iptables: masquerading and filtering by sets of addresses, as `ipset save` and
//! `iptables-save` print them.
//! Models: `pkg/proxy/ipvs/proxier.go` (writeIptablesRules, createAndLinkKubeChain), `ipset.go`. Omits: SCTP's sets, the
//! sets' sizes and hash seeds, `-m physdev` (no packet here comes over a bridge's port).

use crate::base::{FlatMap, FlatSet, Instant};
use crate::proxy::save::{Chains, comment, host, kubelet_rules, tables};
use crate::proxy::table::Entry;
use crate::proxy::view::View;
use std::net::IpAddr;

/// A set: its name, its type, and the comment of the rules that match it.
type Def = (&'static str, &'static str, &'static str);

const LOOP_BACK: Def = (
    "KUBE-LOOP-BACK",
    "hash:ip,port,ip",
    "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose",
);
const CLUSTER_IP: Def =
    ("KUBE-CLUSTER-IP", "hash:ip,port", "Kubernetes service cluster ip + port for masquerade purpose");
const EXTERNAL_IP: Def = (
    "KUBE-EXTERNAL-IP",
    "hash:ip,port",
    "Kubernetes service external ip + port for masquerade and filter purpose",
);
const EXTERNAL_IP_LOCAL: Def = (
    "KUBE-EXTERNAL-IP-LOCAL",
    "hash:ip,port",
    "Kubernetes service external ip + port with externalTrafficPolicy=local",
);
const BALANCER: Def = ("KUBE-LOAD-BALANCER", "hash:ip,port", "Kubernetes service lb portal");
const BALANCER_LOCAL: Def = (
    "KUBE-LOAD-BALANCER-LOCAL",
    "hash:ip,port",
    "Kubernetes service load balancer ip + port with externalTrafficPolicy=local",
);
const BALANCER_FW: Def = (
    "KUBE-LOAD-BALANCER-FW",
    "hash:ip,port",
    "Kubernetes service load balancer ip + port for load balancer with sourceRange",
);
const SOURCE_IP: Def = (
    "KUBE-LOAD-BALANCER-SOURCE-IP",
    "hash:ip,port,ip",
    "Kubernetes service load balancer ip + port + source IP for packet filter purpose",
);
const SOURCE_CIDR: Def = (
    "KUBE-LOAD-BALANCER-SOURCE-CIDR",
    "hash:ip,port,net",
    "Kubernetes service load balancer ip + port + source cidr for packet filter purpose",
);
const NODE_PORT_TCP: Def =
    ("KUBE-NODE-PORT-TCP", "bitmap:port", "Kubernetes nodeport TCP port for masquerade purpose");
const NODE_PORT_UDP: Def =
    ("KUBE-NODE-PORT-UDP", "bitmap:port", "Kubernetes nodeport UDP port for masquerade purpose");
const NODE_PORT_LOCAL_TCP: Def = (
    "KUBE-NODE-PORT-LOCAL-TCP",
    "bitmap:port",
    "Kubernetes nodeport TCP port with externalTrafficPolicy=local",
);
const NODE_PORT_LOCAL_UDP: Def = (
    "KUBE-NODE-PORT-LOCAL-UDP",
    "bitmap:port",
    "Kubernetes nodeport UDP port with externalTrafficPolicy=local",
);
const HEALTH: Def = ("KUBE-HEALTH-CHECK-NODE-PORT", "bitmap:port", "Kubernetes health check node port");
const IPVS_IPS: Def = ("KUBE-IPVS-IPS", "hash:ip", "Kubernetes ipvs addresses");

const ALL: [Def; 15] = [
    BALANCER,
    BALANCER_FW,
    BALANCER_LOCAL,
    CLUSTER_IP,
    EXTERNAL_IP,
    EXTERNAL_IP_LOCAL,
    HEALTH,
    IPVS_IPS,
    LOOP_BACK,
    NODE_PORT_LOCAL_TCP,
    NODE_PORT_LOCAL_UDP,
    NODE_PORT_TCP,
    NODE_PORT_UDP,
    SOURCE_CIDR,
    SOURCE_IP,
];

/// The members of each set.
type Sets = FlatMap<&'static str, FlatSet<String>>;

/// The sets, as `ipset save` prints them.
pub fn ipset_save(view: View<'_>) -> String {
    let sets = Built::new(view).sets;
    let mut out = String::new();
    for (name, kind, _) in ALL {
        let size = match kind {
            "bitmap:port" => "range 0-65535",
            _ => "family inet hashsize 1024 maxelem 65536",
        };
        out.push_str(&format!("create {name} {kind} {size}\n"));
        for member in sets.get(name).into_iter().flatten() {
            out.push_str(&format!("add {name} {member}\n"));
        }
    }
    out
}

/// The rules over the sets, as `iptables-save` prints them.
pub fn iptables_save(view: View<'_>, now: Instant) -> String {
    let built = Built::new(view);
    let (filter, nat) = built.rules(view);
    tables(&filter, &nat, now)
}

#[derive(Default)]
struct Built {
    sets: Sets,
    /// Addresses of load balancers that the node itself may not reach: address, protocol, port.
    closed: FlatSet<(IpAddr, &'static str, u16)>,
}

impl Built {
    fn new(view: View<'_>) -> Built {
        let mut built = Built::default();
        view.table.all(view.revision).for_each(|entry| built.entry(view, entry));
        built
    }

    fn add(&mut self, (set, ..): Def, member: String) {
        self.sets.entry(set).or_default().insert(member);
    }

    fn entry(&mut self, view: View<'_>, entry: &Entry) {
        let port = &entry.port;
        let p = port.protocol.lower();
        let at = |ip: IpAddr| format!("{ip},{p}:{}", port.port);
        for backend in entry.backends.all.iter().filter(|backend| &*backend.node == view.node) {
            let (ip, number) = (backend.address.ip(), backend.address.port());
            self.add(LOOP_BACK, format!("{ip},{p}:{number},{ip}"));
        }
        self.add(CLUSTER_IP, at(port.cluster_ip));
        self.add(IPVS_IPS, port.cluster_ip.to_string());
        for ip in &port.external_ips {
            self.add(if port.external_local { EXTERNAL_IP_LOCAL } else { EXTERNAL_IP }, at(*ip));
            self.bind(view, *ip);
        }
        for ip in &port.lb_ips {
            self.balancer(view, entry, *ip);
        }
        if port.node_port != 0 {
            let (all, local) = match p {
                "tcp" => (NODE_PORT_TCP, NODE_PORT_LOCAL_TCP),
                _ => (NODE_PORT_UDP, NODE_PORT_LOCAL_UDP),
            };
            self.add(all, port.node_port.to_string());
            if port.external_local {
                self.add(local, port.node_port.to_string());
            }
        }
        if port.health_check_node_port != 0 {
            self.add(HEALTH, port.health_check_node_port.to_string());
        }
    }

    /// An address is put on `kube-ipvs0`, unless another interface of the node has it.
    fn bind(&mut self, view: View<'_>, ip: IpAddr) {
        if ip != view.ip {
            self.add(IPVS_IPS, ip.to_string());
        }
    }

    fn balancer(&mut self, view: View<'_>, entry: &Entry, ip: IpAddr) {
        let port = &entry.port;
        let p = port.protocol.lower();
        let member = format!("{ip},{p}:{}", port.port);
        self.add(BALANCER, member.clone());
        self.bind(view, ip);
        if port.external_local {
            self.add(BALANCER_LOCAL, member.clone());
        }
        if port.source_ranges.is_empty() {
            return;
        }
        self.add(BALANCER_FW, member.clone());
        for range in &port.source_ranges {
            self.add(SOURCE_CIDR, format!("{member},{range}"));
        }
        if port.source_ranges.iter().any(|range| range.contains(&view.ip)) {
            self.add(SOURCE_IP, format!("{member},{ip}"));
        } else {
            self.closed.insert((ip, p, port.port));
        }
    }

    fn has(&self, (set, ..): Def) -> bool {
        self.sets.contains_key(set)
    }

    fn rules(&self, view: View<'_>) -> (Chains, Chains) {
        let (mut filter, mut nat) = (Chains::new(), Chains::new());
        let chains = [
            (
                &mut filter,
                &["KUBE-FORWARD", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER", "KUBE-NODE-PORT"][..],
            ),
            (&mut nat, &["KUBE-LOAD-BALANCER", "KUBE-MARK-MASQ", "KUBE-NODE-PORT", "KUBE-POSTROUTING"][..]),
        ];
        for (table, names) in chains {
            table.extend(names.iter().map(|name| (name.to_string(), Vec::new())));
        }
        for chain in ["KUBE-PROXY-FIREWALL", "KUBE-SOURCE-RANGES-FIREWALL"] {
            filter.entry(chain.to_string()).or_default();
        }
        kubelet_rules(&mut filter, &mut nat);
        let mut add = |table: &str, chain: &str, rule: String| {
            let table = if table == "nat" { &mut nat } else { &mut filter };
            table.entry(chain.to_string()).or_default().push(rule);
        };
        jumps(&mut add);
        self.nat_rules(view, &mut add);
        self.filter_rules(&mut add);
        (filter, nat)
    }

    fn nat_rules(&self, view: View<'_>, add: &mut impl FnMut(&str, &str, String)) {
        add("nat", "KUBE-SERVICES", "-s 127.0.0.0/8 -j RETURN".into());
        for (set, chain, target, matches, protocol) in [
            (LOOP_BACK, "KUBE-POSTROUTING", "MASQUERADE", "dst,dst,src", ""),
            (BALANCER, "KUBE-SERVICES", "KUBE-LOAD-BALANCER", "dst,dst", ""),
            (BALANCER_LOCAL, "KUBE-LOAD-BALANCER", "RETURN", "dst,dst", ""),
            (NODE_PORT_LOCAL_TCP, "KUBE-NODE-PORT", "RETURN", "dst", "-p tcp "),
            (NODE_PORT_TCP, "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "dst", "-p tcp "),
            (NODE_PORT_LOCAL_UDP, "KUBE-NODE-PORT", "RETURN", "dst", "-p udp "),
            (NODE_PORT_UDP, "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "dst", "-p udp "),
        ] {
            if self.has(set) {
                add("nat", chain, format!("{protocol}{}-j {target}", in_set(set, matches)));
            }
        }
        if self.has(CLUSTER_IP) {
            let rule =
                format!("! -s {} {}-j KUBE-MARK-MASQ", view.config.pods, in_set(CLUSTER_IP, "dst,dst"));
            add("nat", "KUBE-SERVICES", rule);
        }
        for (set, masquerades) in [(EXTERNAL_IP, true), (EXTERNAL_IP_LOCAL, false)] {
            if !self.has(set) {
                continue;
            }
            let to = in_set(set, "dst,dst");
            if masquerades {
                add("nat", "KUBE-SERVICES", format!("{to}-j KUBE-MARK-MASQ"));
            }
            add("nat", "KUBE-SERVICES", format!("{to}-m addrtype ! --src-type LOCAL -j ACCEPT"));
            add("nat", "KUBE-SERVICES", format!("{to}-m addrtype --dst-type LOCAL -j ACCEPT"));
        }
        add("nat", "KUBE-SERVICES", "-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT".into());
        for set in [CLUSTER_IP, BALANCER] {
            if self.has(set) {
                add("nat", "KUBE-SERVICES", format!("-m set --match-set {} dst,dst -j ACCEPT", set.0));
            }
        }
        add("nat", "KUBE-LOAD-BALANCER", "-j KUBE-MARK-MASQ".into());
        add("nat", "KUBE-POSTROUTING", "-m mark ! --mark 0x4000/0x4000 -j RETURN".into());
        add("nat", "KUBE-POSTROUTING", "-j MARK --set-xmark 0x4000/0x0".into());
        let snat = comment("kubernetes service traffic requiring SNAT");
        add("nat", "KUBE-POSTROUTING", format!("{snat}-j MASQUERADE --random-fully"));
        add("nat", "KUBE-MARK-MASQ", "-j MARK --set-xmark 0x4000/0x4000".into());
    }

    fn filter_rules(&self, add: &mut impl FnMut(&str, &str, String)) {
        let ranges = "KUBE-SOURCE-RANGES-FIREWALL";
        for (set, chain, target, matches) in [
            (BALANCER_FW, "KUBE-PROXY-FIREWALL", ranges, "dst,dst"),
            (SOURCE_CIDR, ranges, "RETURN", "dst,dst,src"),
            (SOURCE_IP, ranges, "RETURN", "dst,dst,src"),
        ] {
            if self.has(set) {
                add("filter", chain, format!("{}-j {target}", in_set(set, matches)));
            }
        }
        add("filter", ranges, "-j DROP".into());
        for (ip, protocol, port) in &self.closed {
            let server = format!("--vproto {protocol} --vaddr {ip} --vport {port}");
            add("filter", "KUBE-IPVS-OUT-FILTER", format!("-s {} -m ipvs {server} -j DROP", host(*ip)));
        }
        let forward = comment("kubernetes forwarding rules");
        let known = comment("kubernetes forwarding conntrack rule");
        add("filter", "KUBE-FORWARD", format!("{forward}-m mark --mark 0x4000/0x4000 -j ACCEPT"));
        add("filter", "KUBE-FORWARD", format!("{known}-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        add("filter", "KUBE-NODE-PORT", format!("{}-j ACCEPT", in_set(HEALTH, "dst")));
        for (set, matches) in [
            (BALANCER, "dst,dst"),
            (CLUSTER_IP, "dst,dst"),
            (EXTERNAL_IP, "dst,dst"),
            (EXTERNAL_IP_LOCAL, "dst,dst"),
            (HEALTH, "dst"),
        ] {
            add("filter", "KUBE-IPVS-FILTER", format!("-m set --match-set {} {matches} -j RETURN", set.0));
        }
        let bound = format!("-m set --match-set {} dst", IPVS_IPS.0);
        let reject = "-j REJECT --reject-with icmp-port-unreachable";
        add("filter", "KUBE-IPVS-FILTER", format!("-m conntrack --ctstate NEW {bound} {reject}"));
    }
}

/// The ways from the built-in chains; each was put before the others.
fn jumps(add: &mut impl FnMut(&str, &str, String)) {
    for (table, chain, text, target) in [
        ("nat", "PREROUTING", "kubernetes service portals", "KUBE-SERVICES"),
        ("nat", "OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
        ("nat", "POSTROUTING", "kubernetes postrouting rules", "KUBE-POSTROUTING"),
        ("filter", "INPUT", "kubernetes ipvs access filter", "KUBE-IPVS-FILTER"),
        ("filter", "INPUT", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
        ("filter", "INPUT", "kubernetes health check rules", "KUBE-NODE-PORT"),
        ("filter", "FORWARD", "kubernetes forwarding rules", "KUBE-FORWARD"),
        ("filter", "OUTPUT", "kubernetes ipvs access filter", "KUBE-IPVS-OUT-FILTER"),
    ] {
        add(table, chain, format!("{}-j {target}", comment(text)));
    }
}

fn in_set((name, _, text): Def, matches: &str) -> String {
    format!("{}-m set --match-set {name} {matches} ", comment(text))
}
