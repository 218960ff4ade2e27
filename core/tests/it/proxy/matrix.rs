//! The table of traffic, cell by cell: who reaches which endpoints under which policy, and what each mode does with the
//! source. Models: KEP-2086 (internalTrafficPolicy), KEP-1669 (terminating endpoints), `proxier.go` of each mode.

use super::bench::{Bench, web, web_slice};
use serde_json::{Value, json};
use tidepool_core::base::Duration;
use tidepool_core::net::Protocol::Tcp;
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::mode::{Mode, Scheduler};

const HERE: &str = "10.244.0.5:8080";
const THERE: &str = "10.244.1.5:8080";
const POD: &str = "10.244.0.9:4000";
const NODE: &str = "172.18.0.2:4000";
const OUTSIDE: &str = "203.0.113.9:4000";
const INSIDE: &str = "10.96.45.7:80";
/// A node port, an external address, the load balancer's.
const FROM_OUTSIDE: [&str; 3] = ["172.18.0.2:30080", "192.0.2.99:80", "198.51.100.9:80"];
const MODES: [Mode; 3] = [Mode::Iptables, Mode::Nftables, Mode::Ipvs(Scheduler::Rr)];

/// What happens to a packet: the endpoints among which is chosen, and whether the source is rewritten.
#[derive(Debug, PartialEq)]
enum Cell {
    Through(Vec<&'static str>, bool),
    Drop,
    Reject,
    Pass,
}

fn bench(mode: Mode, spec: &Value, here: bool) -> Bench {
    let mut bench = Bench::of(mode, 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080}]);
    let mut service = web(json!({"type": "LoadBalancer", "ports": ports, "externalIPs": ["192.0.2.99"]}));
    for (field, value) in spec.as_object().into_iter().flatten() {
        service["spec"][field] = value.clone();
    }
    service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.9"}]}});
    bench.service(service);
    let all = [("10.244.0.5", "node-0"), ("10.244.1.5", "node-1")];
    bench.slice(web_slice(if here { &all } else { &all[1..] }));
    bench.run(Duration::secs(2));
    bench
}

fn cell(bench: &mut Bench, src: &str, dst: &str) -> Cell {
    match bench.connect(0, "c", src, dst, Tcp) {
        Verdict::Pass => Cell::Pass,
        Verdict::Drop => Cell::Drop,
        Verdict::Reject => Cell::Reject,
        Verdict::Dnat { masquerade, .. } => {
            let candidates = bench.pick().candidates;
            let known = [HERE, THERE].into_iter();
            let among = known.filter(|known| candidates.iter().any(|c| c.to_string() == *known));
            Cell::Through(among.collect(), masquerade)
        }
    }
}

#[test]
fn every_cell_of_the_table() {
    for mode in MODES {
        let is_ipvs = matches!(mode, Mode::Ipvs(_));
        for here in [true, false] {
            let all = || if here { vec![HERE, THERE] } else { vec![THERE] };
            let mut cluster = bench(mode, &json!({}), here);
            let policies = json!({"internalTrafficPolicy": "Local", "externalTrafficPolicy": "Local"});
            let mut local = bench(mode, &policies, here);
            for (src, is_pod) in [(POD, true), (NODE, false), (OUTSIDE, false)] {
                let what = format!("{mode:?} {src} here={here}");
                assert_eq!(cell(&mut cluster, src, INSIDE), Cell::Through(all(), !is_pod), "{what}");
                let inside = match (here, is_ipvs) {
                    (true, _) => Cell::Through(vec![HERE], !is_pod),
                    (false, true) => Cell::Through(all(), !is_pod),
                    (false, false) => Cell::Drop,
                };
                assert_eq!(cell(&mut local, src, INSIDE), inside, "{what}");
                for dst in FROM_OUTSIDE {
                    let what = format!("{what} {dst}");
                    assert_eq!(cell(&mut cluster, src, dst), Cell::Through(all(), true), "{what}");
                    let outside = match (src, here) {
                        // IPVS has one virtual server for all, and its sets never masquerade Local traffic.
                        (_, true) if is_ipvs => Cell::Through(vec![HERE], false),
                        (_, false) if is_ipvs => Cell::Through(all(), false),
                        (POD, _) => Cell::Through(all(), false),
                        (NODE, _) => Cell::Through(all(), true),
                        (_, true) => Cell::Through(vec![HERE], false),
                        (_, false) => Cell::Drop,
                    };
                    assert_eq!(cell(&mut local, src, dst), outside, "{what}");
                }
            }
        }
    }
}

/// `loadBalancerSourceRanges` closes the load balancer's address and nothing else; a range of everything opens it.
#[test]
fn source_ranges_guard_the_load_balancer_alone() {
    for mode in MODES {
        let mut bench = bench(mode, &json!({"loadBalancerSourceRanges": ["203.0.113.0/25"]}), false);
        let through = |masquerade| Cell::Through(vec![THERE], masquerade);
        assert_eq!(cell(&mut bench, OUTSIDE, "198.51.100.9:80"), through(true), "{mode:?}");
        for src in ["203.0.113.200:1", POD, NODE] {
            assert_eq!(cell(&mut bench, src, "198.51.100.9:80"), Cell::Drop, "{mode:?} {src}");
        }
        for dst in &FROM_OUTSIDE[..2] {
            assert_eq!(cell(&mut bench, "203.0.113.200:1", dst), through(true), "{mode:?} {dst}");
        }
        assert_eq!(cell(&mut bench, POD, INSIDE), through(false), "{mode:?}");
        let mut open =
            self::bench(mode, &json!({"loadBalancerSourceRanges": ["203.0.113.0/25", "0.0.0.0/0"]}), false);
        assert_eq!(cell(&mut open, "8.8.8.8:1", "198.51.100.9:80"), through(true), "{mode:?}");
        // A node in a range may come with the balancer's address as its own (a route to itself).
        let mut own = self::bench(mode, &json!({"loadBalancerSourceRanges": ["172.18.0.0/16"]}), false);
        assert_eq!(cell(&mut own, "198.51.100.9:1", "198.51.100.9:80"), through(true), "{mode:?}");
    }
}

/// Nothing at all: refused at every address. `service.kubernetes.io/service-proxy-name`: none of kube-proxy's business.
#[test]
fn without_endpoints_every_address_refuses() {
    for mode in MODES {
        for policy in ["Cluster", "Local"] {
            let policies = json!({"internalTrafficPolicy": policy, "externalTrafficPolicy": policy});
            let mut bench = bench(mode, &policies, false);
            bench.slice(web_slice(&[]));
            bench.run(Duration::secs(2));
            for dst in [INSIDE, FROM_OUTSIDE[0], FROM_OUTSIDE[1], FROM_OUTSIDE[2]] {
                assert_eq!(cell(&mut bench, POD, dst), Cell::Reject, "{mode:?} {policy} {dst}");
            }
        }
    }
}

/// `ipMode: Proxy`: the balancer's address is left to the balancer.
#[test]
fn a_balancer_that_proxies_keeps_its_address() {
    let mut bench = Bench::new(1, 1);
    let mut service = web(json!({"type": "LoadBalancer"}));
    service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.9", "ipMode": "Proxy"}]}});
    bench.service(service);
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.run(Duration::secs(2));
    assert_eq!(cell(&mut bench, POD, "198.51.100.9:80"), Cell::Pass);
    assert!(!bench.rules(0).contains("198.51.100.9"));
}

/// Above 1,000 endpoints the rules of endpoints lose their comments, and the others keep theirs (`largeClusterEndpointsThreshold`).
#[test]
fn large_clusters_save_comments() {
    for (endpoints, has_comments) in [(1_000, true), (1_001, false)] {
        let mut bench = Bench::new(1, 1);
        bench.service(web(json!({})));
        let ips: Vec<String> =
            (0..endpoints).map(|n| format!("10.244.{}.{}", n / 250, n % 250 + 1)).collect();
        let list: Vec<(&str, &str)> = ips.iter().map(|ip| (ip.as_str(), "node-1")).collect();
        bench.slice(web_slice(&list));
        bench.run(Duration::secs(2));
        let rules = bench.rules(0);
        assert_eq!(rules.contains("--comment \"default/web -> 10.244.0.1:8080\""), has_comments);
        assert_eq!(rules.contains("-s 10.244.0.1/32 -m comment"), has_comments);
        assert!(rules.contains("--comment \"default/web cluster IP\""));
    }
}

/// What stands on a node without Services: `pkg/proxy/iptables/proxier.go` and `pkg/kubelet/kubelet_network_linux.go`.
#[test]
fn static_rules_are_upstreams() {
    let mut bench = Bench::new(1, 1);
    bench.service(web(json!({"clusterIP": "None", "clusterIPs": ["None"]})));
    bench.run(Duration::secs(2));
    let rules = bench.rules(0);
    let rules: Vec<&str> = rules.lines().filter(|line| line.starts_with("-A")).collect();
    let new = "-m conntrack --ctstate NEW";
    let expected = [
        format!(
            "-A INPUT {new} -m comment --comment \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL"
        ),
        "-A INPUT -m comment --comment \"kubernetes health check service ports\" -j KUBE-NODEPORTS".into(),
        format!(
            "-A INPUT {new} -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES"
        ),
        "-A INPUT -j KUBE-FIREWALL".into(),
        format!(
            "-A FORWARD {new} -m comment --comment \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL"
        ),
        "-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD".into(),
        format!("-A FORWARD {new} -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES"),
        format!(
            "-A FORWARD {new} -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES"
        ),
        format!(
            "-A OUTPUT {new} -m comment --comment \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL"
        ),
        format!("-A OUTPUT {new} -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES"),
        "-A OUTPUT -j KUBE-FIREWALL".into(),
    ];
    assert_eq!(rules[..expected.len()], expected);
    for rule in [
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
        "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
        "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully",
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    ] {
        assert!(rules.contains(&rule), "{rule}");
    }
    assert_eq!(rules.len(), 23);
}
