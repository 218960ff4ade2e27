//! The index gives what a linear walk of the rendered rules gives, for whatever Services there are.

use super::bench::Bench;
use super::linear::{Tables, Walker};
use super::linear_nft::{Looked, Nft};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tidepool_core::base::{Duration, NodeId};
use tidepool_core::net::Protocol;
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::mode::{Mode, Scheduler};
use tidepool_core::trace::{EventId, Fact, Place, Reason};

const NODES: u32 = 2;

/// An endpoint: which pod, and in which state it is.
type Pod = (u8, u8, u8);

#[derive(Debug, Clone)]
struct Plan {
    external: u8,
    internal_local: bool,
    external_local: bool,
    affinity: bool,
    ranges: u8,
    udp: bool,
    two_ports: bool,
    health: bool,
    hints: u8,
    pods: Vec<Pod>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let pods = vec((0..12u8, 0..4u8, 0..3u8), 0..7);
    (0..16u8, flags, 0..4u8, 0..4u8, pods).prop_map(|(external, flags, ranges, hints, pods)| {
        let (internal_local, external_local, affinity, udp, two_ports, health) = flags;
        Plan {
            external,
            internal_local,
            external_local,
            affinity,
            ranges,
            udp,
            two_ports,
            health,
            hints,
            pods,
        }
    })
}

/// A Service's spec: type, node ports, external addresses and the rest, from a plan.
fn service(n: usize, plan: &Plan) -> Value {
    let (with_node_port, with_ips, with_balancer) =
        (plan.external & 1 != 0, plan.external & 2 != 0, plan.external & 4 != 0);
    let protocol = if plan.udp { "UDP" } else { "TCP" };
    let mut ports = vec![json!({"name": "a", "port": 80, "protocol": protocol})];
    if plan.two_ports {
        ports.push(json!({"name": "b", "port": 81, "protocol": "TCP"}));
    }
    if with_node_port {
        for (i, port) in ports.iter_mut().enumerate() {
            port["nodePort"] = json!(30_000 + n * 2 + i);
        }
    }
    let policy = |local: bool| if local { "Local" } else { "Cluster" };
    let ip = format!("10.96.0.{}", n + 1);
    let kind = if with_balancer { "LoadBalancer" } else { "NodePort" };
    let mut spec = json!({
        "type": if with_node_port || with_balancer { kind } else { "ClusterIP" },
        "clusterIP": ip, "clusterIPs": [ip], "ports": ports,
        "internalTrafficPolicy": policy(plan.internal_local),
        "externalTrafficPolicy": policy(plan.external_local),
    });
    if with_ips {
        // Two Services may want the same address: the first one's rule stands first.
        spec["externalIPs"] = json!([format!("192.0.2.{}", 10 + n % 2)]);
    }
    if plan.affinity {
        spec["sessionAffinity"] = json!("ClientIP");
        spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": 60}});
    }
    match plan.ranges {
        1 => spec["loadBalancerSourceRanges"] = json!(["203.0.113.0/24"]),
        2 => spec["loadBalancerSourceRanges"] = json!(["172.18.0.0/16", "203.0.113.0/25"]),
        3 => spec["loadBalancerSourceRanges"] = json!(["203.0.113.0/24", "0.0.0.0/0"]),
        _ => {}
    }
    if plan.health && with_balancer && plan.external_local {
        spec["healthCheckNodePort"] = json!(32_000 + n);
    }
    let balancer = json!({"ingress": [{"ip": format!("198.51.100.{}", n + 1)}]});
    let status = if with_balancer { json!({"loadBalancer": balancer}) } else { json!({}) };
    json!({"metadata": {"name": format!("s{n}"), "namespace": "default"}, "spec": spec, "status": status})
}

fn slice(n: usize, plan: &Plan) -> Value {
    let endpoint = |(pod, state, zone): &Pod| {
        let conditions = match state {
            0 | 1 => json!({"ready": true, "serving": true, "terminating": false}),
            2 => json!({"ready": false, "serving": true, "terminating": true}),
            _ => json!({"ready": false, "serving": false, "terminating": false}),
        };
        let hints = match plan.hints {
            2 => json!({"forZones": [{"name": format!("zone-{}", zone % 2)}]}),
            3 if *zone > 0 => json!({"forZones": [{"name": format!("zone-{}", zone % 2)}]}),
            _ => Value::Null,
        };
        json!({
            "addresses": [format!("10.244.{}.{}", pod % 3, pod + 2)], "nodeName": format!("node-{}", pod % 3),
            "conditions": conditions, "hints": hints,
        })
    };
    let protocol = if plan.udp { "UDP" } else { "TCP" };
    let endpoints: Vec<Value> = plan.pods.iter().map(endpoint).collect();
    json!({
        "metadata": {"name": format!("s{n}-x"), "namespace": "default", "labels": {"kubernetes.io/service-name": format!("s{n}")}},
        "addressType": "IPv4",
        "ports": [{"name": "a", "port": 8080, "protocol": protocol}, {"name": "b", "port": 9090, "protocol": "TCP"}],
        "endpoints": endpoints,
    })
}

const SOURCES: [&str; 7] =
    ["10.244.0.2", "10.244.1.3", "10.244.2.4", "172.18.0.2", "203.0.113.9", "203.0.113.200", "198.51.100.1"];

fn destination(ip: u8, n: u8, port: u8) -> String {
    let n = n % 5;
    let port = match port % 5 {
        0 | 1 => 80,
        2 => 81,
        other => 30_000 + u16::from(n) * 2 + u16::from(other % 2),
    };
    match ip % 6 {
        5 => format!("10.97.0.{}:{port}", n + 1),
        0 => format!("10.96.0.{}:{port}", n + 1),
        1 => format!("192.0.2.{}:{port}", 10 + n % 2),
        2 => format!("198.51.100.{}:{port}", n + 1),
        3 => format!("172.18.0.2:{port}"),
        _ => format!("172.18.0.3:{port}"),
    }
}

type Draw = (u8, u8, u8, usize, bool);

fn check(mode: Mode, seed: u64, plans: &[Plan], packets: &[Draw]) {
    let mut bench = Bench::of(mode, seed, NODES);
    bench.node_zone(0, "zone-0");
    for (n, plan) in plans.iter().enumerate() {
        bench.service(service(n, plan));
        bench.slice(slice(n, plan));
    }
    bench.run(Duration::secs(3));
    let text = bench.rules(0);
    let (tables, nft) = (Tables::parse(&text), Nft::parse(&text));
    let counted = bench.log.since(EventId(0)).filter_map(|event| match &event.fact {
        Fact::Decided(Place::KubeProxy(node), Reason::RulesSynced(_, rules, ..)) if &**node == "node-0" => {
            Some(*rules)
        }
        _ => None,
    });
    let rules = match mode {
        Mode::Iptables => tables.rules,
        Mode::Nftables => nft.rules(),
        Mode::Ipvs(_) => text.lines().skip(3).take_while(|line| !line.is_empty()).count(),
    };
    let counted = counted.last();
    // Of virtual servers that two Services claim, only one is listed.
    if !matches!(mode, Mode::Ipvs(_)) || counted == Some(rules as u32) {
        assert_eq!(counted, Some(rules as u32), "the count of rules in\n{text}");
    }
    let (mut recent, mut affinity) = (BTreeMap::new(), BTreeMap::new());
    for (n, (ip, service, port, source, udp)) in packets.iter().enumerate() {
        let client = format!("client-{n}");
        let (src, dst) =
            (format!("{}:4000", SOURCES[source % SOURCES.len()]), destination(*ip, *service, *port));
        let protocol = if *udp { Protocol::Udp } else { Protocol::Tcp };
        let verdict = bench.connect(0, &client, &src, &dst, protocol);
        let mut walker = Walker {
            tables: &tables,
            node: "172.18.0.2".parse().expect("an address"),
            recent: &mut recent,
            now: bench.now,
            seed,
            client: Place::Pod("default".into(), client.as_str().into()).to_string(),
            protocol,
            src: src.parse().expect("src"),
            dst: dst.parse().expect("dst"),
            mark: false,
            dice: None,
        };
        let (client, now) = (walker.client.clone(), walker.now);
        let expected = match mode {
            Mode::Iptables => walker.verdict(),
            Mode::Ipvs(_) => walker.ipvs_verdict(&text, chosen(&verdict)),
            Mode::Nftables => {
                let (src, dst) = (walker.src, walker.dst);
                nft.verdict(
                    Looked { protocol, src, dst, node: walker.node, seed, client, now },
                    &mut affinity,
                )
            }
        };
        assert_eq!(verdict, expected, "{protocol} {src} > {dst} under\n{text}");
        bench.run(Duration::secs(25));
    }
    assert!(bench.proxies.revisions(NodeId(0)).is_some());
}

fn chosen(verdict: &Verdict) -> Option<SocketAddr> {
    match verdict {
        Verdict::Dnat { to, .. } => Some(*to),
        Verdict::Pass | Verdict::Reject | Verdict::Drop => None,
    }
}

const MODES: [Mode; 4] =
    [Mode::Iptables, Mode::Nftables, Mode::Ipvs(Scheduler::Rr), Mode::Ipvs(Scheduler::Sh)];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_index_decides_as_the_text_does(
        seed in any::<u64>(),
        plans in vec(plan(), 1..6),
        packets in vec((0..6u8, 0..5u8, 0..5u8, 0..7usize, any::<bool>()), 40),
    ) {
        for mode in MODES {
            check(mode, seed, &plans, &packets);
        }
    }
}
