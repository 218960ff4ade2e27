//! nftables mode: the text, and in what it differs from iptables mode.

use super::bench::{Bench, web, web_slice};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidepool_core::base::{Duration, NodeId};
use tidepool_core::net::Protocol::{self, Tcp};
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::mode::Mode;
use tidepool_core::trace::reason::PickedBy;
use tidepool_core::trace::{EventId, Fact, Refusal};

const POD: &str = "10.244.0.9:40000";
const NODE: &str = "172.18.0.2:40000";
const OUTSIDE: &str = "192.0.2.1:40000";

fn slice(service: &str, ips: &[(&str, &str)]) -> Value {
    let mut slice = web_slice(ips);
    slice["metadata"]["name"] = json!(format!("{service}-x"));
    slice["metadata"]["labels"]["kubernetes.io/service-name"] = json!(service);
    slice["ports"] = json!([{"name": "p80", "port": 80, "protocol": "TCP"}]);
    slice
}

fn service(name: &str, ip: &str, spec: Value, balancer: &str) -> Value {
    let mut tree = web(spec);
    tree["metadata"]["name"] = json!(name);
    tree["spec"]["clusterIP"] = json!(ip);
    tree["spec"]["clusterIPs"] = json!([ip]);
    tree["spec"]["ports"][0]["name"] = json!("p80");
    tree["spec"]["ports"][0]["port"] = json!(80);
    if !balancer.is_empty() {
        tree["status"] = json!({"loadBalancer": {"ingress": [{"ip": balancer}]}});
    }
    tree
}

/// The Services of TestOverallNFTablesRules (`pkg/proxy/nftables/proxier_test.go`), all in one namespace.
fn upstreams_services() -> Bench {
    let mut bench = Bench::of(Mode::Nftables, 1, 1);
    let port = |n: u16| json!([{"name": "p80", "port": 80, "protocol": "TCP", "nodePort": n}]);
    let local = json!({
        "type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": port(3001), "externalIPs": ["192.168.99.22"],
    });
    bench.service(service("svc2", "10.96.0.42", local, "1.2.3.4"));
    bench.slice(slice("svc2", &[("10.180.0.2", "")]));
    let guarded = json!({
        "type": "LoadBalancer", "ports": port(3002), "loadBalancerSourceRanges": [" 203.0.113.0/25"],
        "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10_800}},
    });
    bench.service(service("svc5", "10.96.0.45", guarded, "5.6.7.8"));
    bench.slice(slice("svc5", &[("10.180.0.3", "")]));
    bench.service(service("svc6", "10.96.0.46", json!({}), ""));
    bench.run(Duration::secs(3));
    bench
}

/// Chains without the hashes of their names, and their rules.
const CHAINS: [(&str, &[&str]); 5] = [
    (
        "service-default/svc2/tcp/p80",
        &[
            "ip daddr 10.96.0.42 ip saddr != 10.244.0.0/16 jump mark-for-masquerade",
            "numgen random mod 1 vmap { 0 : goto endpoint-default/svc2/tcp/p80__10.180.0.2/80 }",
        ],
    ),
    (
        "external-default/svc2/tcp/p80",
        &[
            "ip saddr 10.244.0.0/16 goto service-default/svc2/tcp/p80 comment \"short-circuit pod traffic\"",
            "fib saddr type local jump mark-for-masquerade comment \"masquerade local traffic\"",
            "fib saddr type local goto service-default/svc2/tcp/p80 comment \"short-circuit local traffic\"",
        ],
    ),
    (
        "service-default/svc5/tcp/p80",
        &[
            "ip daddr 10.96.0.45 ip saddr != 10.244.0.0/16 jump mark-for-masquerade",
            "ip saddr @affinity-default/svc5/tcp/p80__10.180.0.3/80 goto endpoint-default/svc5/tcp/p80__10.180.0.3/80",
            "numgen random mod 1 vmap { 0 : goto endpoint-default/svc5/tcp/p80__10.180.0.3/80 }",
        ],
    ),
    (
        "endpoint-default/svc5/tcp/p80__10.180.0.3/80",
        &[
            "ip saddr 10.180.0.3 jump mark-for-masquerade",
            "update @affinity-default/svc5/tcp/p80__10.180.0.3/80 { ip saddr }",
            "meta l4proto tcp dnat to 10.180.0.3:80",
        ],
    ),
    ("firewall-default/svc5/tcp/p80", &["ip saddr != 203.0.113.0/25 drop"]),
];

const ELEMENTS: [&str; 9] = [
    "10.96.0.42 . tcp . 80 : goto service-default/svc2/tcp/p80",
    "192.168.99.22 . tcp . 80 : goto external-default/svc2/tcp/p80",
    "1.2.3.4 . tcp . 80 : goto external-default/svc2/tcp/p80",
    "tcp . 3001 : goto external-default/svc2/tcp/p80",
    "tcp . 3001 comment \"default/svc2:p80\" : drop",
    "1.2.3.4 . tcp . 80 comment \"default/svc2:p80\" : drop",
    "192.168.99.22 . tcp . 80 comment \"default/svc2:p80\" : drop",
    "5.6.7.8 . tcp . 80 : goto firewall-default/svc5/tcp/p80",
    "10.96.0.46 . tcp . 80 comment \"default/svc6:p80\" : goto reject-chain",
];

#[test]
fn services_make_the_rules_that_upstream_expects() {
    let text = upstreams_services().rules(0);
    let lines: Vec<String> = text.lines().map(plain).collect();
    for (chain, rules) in CHAINS {
        let at = lines.iter().position(|line| *line == format!("chain {chain} {{"));
        let at = at.unwrap_or_else(|| panic!("{chain} in\n{text}"));
        let found: Vec<&String> = lines.iter().skip(at + 1).take_while(|line| *line != "}").collect();
        assert_eq!(found, rules, "{chain}");
    }
    for element in ELEMENTS {
        assert!(lines.iter().any(|line| line.contains(element)), "{element} in\n{text}");
    }
    let ips = "elements = { 10.96.0.42, 10.96.0.45,\n\t\t\t     10.96.0.46 }";
    assert!(text.contains("\t\ttimeout 3h\n") && text.contains(ips), "{text}");
}

/// A line without the hashes, which upstream's names of other namespaces do not share.
fn plain(line: &str) -> String {
    let is_hash =
        |word: &str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let words = line.trim().split('-').filter(|word| !is_hash(word));
    words.collect::<Vec<_>>().join("-")
}

fn refusals(bench: &Bench) -> Vec<Refusal> {
    let events = bench.log.since(EventId(0));
    let refused = events.filter_map(|event| match &event.fact {
        Fact::Refused(_, refusal) => Some(refusal.clone()),
        _ => None,
    });
    refused.collect()
}

/// KEP-3866: what iptables mode lets pass is rejected or dropped, and node ports are not on every address.
#[test]
fn unknown_ports_are_rejected_and_unallocated_addresses_dropped() {
    let mut bench = Bench::of(Mode::Nftables, 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "nodePort": 30080}]);
    bench.service(web(json!({"type": "NodePort", "ports": ports})));
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.run(Duration::secs(2));
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:81", Tcp), Verdict::Reject);
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.8:80", Tcp), Verdict::Drop);
    assert!(matches!(refusals(&bench)[..], [Refusal::NoSuchPort(..), Refusal::Unallocated(_)]));
    let through = |masquerade| Verdict::Dnat { to: "10.244.1.5:8080".parse().expect("to"), masquerade };
    assert_eq!(bench.connect(0, "c", POD, "172.18.0.2:30080", Tcp), through(true));
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), through(true));
    assert_eq!(bench.connect(0, "c", NODE, "127.0.0.1:30080", Tcp), Verdict::Pass);
    assert_eq!(bench.connect(0, "c", POD, "8.8.8.8:53", Tcp), Verdict::Pass);
}

/// The same table of traffic as in iptables mode (KEP-2086, KEP-1669).
#[test]
fn policies_are_those_of_iptables_mode() {
    let mut bench = Bench::of(Mode::Nftables, 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "nodePort": 30080}]);
    bench.service(web(json!({"type": "NodePort", "externalTrafficPolicy": "Local", "ports": ports})));
    bench.run(Duration::secs(2));
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:80", Tcp), Verdict::Reject);
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.run(Duration::secs(2));
    let through = |masquerade| Verdict::Dnat { to: "10.244.1.5:8080".parse().expect("to"), masquerade };
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), Verdict::Drop);
    assert_eq!(bench.connect(0, "c", POD, "172.18.0.2:30080", Tcp), through(false));
    assert_eq!(bench.connect(0, "c", NODE, "172.18.0.2:30080", Tcp), through(true));
}

#[test]
fn a_draw_is_evidence_of_its_element() {
    let mut bench = Bench::of(Mode::Nftables, 1, 1);
    bench.service(web(json!({})));
    bench.slice(web_slice(&[("10.244.1.5", "n"), ("10.244.1.6", "n"), ("10.244.1.7", "n")]));
    bench.run(Duration::secs(2));
    for _ in 0..50 {
        bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
        let pick = bench.pick();
        let PickedBy::Numgen(draw) = pick.by else { panic!("{:?}", pick.by) };
        assert_eq!(u64::from(pick.rule), (u64::from(draw) * 3) >> 32);
        assert_eq!(&*pick.chain, "service-PFISGYVC-default/web/tcp/");
    }
    let service = bench.pick().service;
    let rules =
        bench.proxies.service_rules(NodeId(0), &service, bench.revision, &bench.conntrack[0], bench.now);
    assert!(rules.contains("chain service-PFISGYVC-default/web/tcp/ {\n"), "{rules}");
}

/// The 95 % quantile of chi-square with four degrees of freedom, from the tables.
const CHI_SQUARE_4: f64 = 9.488;

/// A fair choice is rejected for 5 seeds in 100 on average; for more than 11 once in 80 such tests.
#[test]
fn five_endpoints_share_alike() {
    let endpoints: Vec<String> = (0..5).map(|n| format!("10.244.1.{}", n + 5)).collect();
    let endpoints: Vec<(&str, &str)> = endpoints.iter().map(|ip| (ip.as_str(), "node-1")).collect();
    let rejected = (1..=100).filter(|seed| {
        let mut bench = Bench::of(Mode::Nftables, *seed, 1);
        bench.service(web(json!({})));
        bench.slice(web_slice(&endpoints));
        bench.run(Duration::secs(3));
        let mut counts: BTreeMap<_, f64> = BTreeMap::new();
        for n in 0..500 {
            let src = format!("10.244.0.9:{}", 30_000 + n);
            match bench.connect(0, "client", &src, "10.96.45.7:80", Protocol::Tcp) {
                Verdict::Dnat { to, .. } => *counts.entry(to).or_default() += 1.0,
                other => panic!("{other:?}"),
            }
        }
        let missing = (5 - counts.len()) as f64 * 100.0;
        let sum: f64 = counts.values().map(|n| (n - 100.0) * (n - 100.0) / 100.0).sum();
        sum + missing > CHI_SQUARE_4
    });
    let rejected = rejected.count();
    assert!(rejected <= 11, "{rejected} of 100 seeds rejected");
}
