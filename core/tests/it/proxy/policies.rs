//! Who gets what under which policy, and what happens without endpoints.

use super::bench::{Bench, web, web_slice, web_slice_of};
use serde_json::json;
use tidepool_core::api::{WatchKind, endpoint_slice};
use tidepool_core::base::Duration;
use tidepool_core::net::Protocol::{Tcp, Udp};
use tidepool_core::net::{Packet, Segment};
use tidepool_core::proxy::Verdict;
use tidepool_core::trace::{Fact, Reason};

const POD: &str = "10.244.0.9:40000";
const NODE: &str = "172.18.0.2:40000";
const OUTSIDE: &str = "192.0.2.1:40000";

fn dnat(to: &str, masquerade: bool) -> Verdict {
    Verdict::Dnat { to: to.parse().expect("an address"), masquerade }
}

#[test]
fn without_endpoints_refused_without_local_ones_lost() {
    let mut bench = Bench::new(1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "nodePort": 30080}]);
    bench.service(web(json!({"type": "NodePort", "externalTrafficPolicy": "Local", "ports": ports})));
    bench.run(Duration::secs(2));
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:80", Tcp), Verdict::Reject);
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), Verdict::Reject);
    // No rule knows this port: the packet goes its way.
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:81", Tcp), Verdict::Pass);
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.run(Duration::secs(2));
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:80", Tcp), dnat("10.244.1.5:8080", false));
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), Verdict::Drop);
    // Pods and the node itself are short-circuited to all endpoints.
    assert_eq!(bench.connect(0, "c", POD, "172.18.0.2:30080", Tcp), dnat("10.244.1.5:8080", false));
    assert_eq!(bench.connect(0, "c", NODE, "172.18.0.2:30080", Tcp), dnat("10.244.1.5:8080", true));
}

#[test]
fn sources_outside_the_pods_are_masqueraded() {
    let mut bench = Bench::new(1, 1);
    bench.service(web(json!({})));
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.run(Duration::secs(2));
    for (src, masquerade) in [(POD, false), (NODE, true), (OUTSIDE, true), ("10.244.1.5:40000", true)] {
        assert_eq!(bench.connect(0, "c", src, "10.96.45.7:80", Tcp), dnat("10.244.1.5:8080", masquerade));
    }
}

#[test]
fn endpoints_that_drain_are_used_when_none_is_ready() {
    let mut bench = Bench::new(1, 1);
    bench.service(web(json!({})));
    let endpoint = |ip: &str, ready: bool, serving: bool, terminating: bool| {
        let conditions = json!({"ready": ready, "serving": serving, "terminating": terminating});
        json!({"addresses": [ip], "nodeName": "node-1", "conditions": conditions})
    };
    let draining = endpoint("10.244.1.5", false, true, true);
    let starting = endpoint("10.244.1.6", false, false, false);
    bench.slice(web_slice_of(vec![draining.clone(), starting.clone()]));
    bench.run(Duration::secs(2));
    bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
    assert_eq!(bench.pick().candidates.len(), 1);
    assert_eq!((bench.pick().rewritten.to_string(), bench.pick().left_out), ("10.244.1.5:8080".into(), 1));
    bench.slice(web_slice_of(vec![draining, starting, endpoint("10.244.1.7", true, true, false)]));
    bench.run(Duration::secs(2));
    bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
    assert_eq!((bench.pick().rewritten.to_string(), bench.pick().left_out), ("10.244.1.7:8080".into(), 2));
}

#[test]
fn hints_are_all_or_nothing() {
    let mut bench = Bench::new(1, 3);
    for (n, zone) in [(0, "a"), (1, "b"), (2, "c")] {
        bench.node_zone(n, zone);
    }
    bench.service(web(json!({})));
    let hinted = |ip: &str, zone: &str| json!({"addresses": [ip], "conditions": {"ready": true}, "hints": {"forZones": [{"name": zone}]}});
    let (a, b) = (hinted("10.244.1.5", "a"), hinted("10.244.2.5", "b"));
    bench.slice(web_slice_of(vec![a.clone(), b.clone()]));
    bench.run(Duration::secs(3));
    for (node, candidates) in [(0, 1), (1, 1), (2, 2)] {
        bench.connect(node, "c", POD, "10.96.45.7:80", Tcp);
        assert_eq!(bench.pick().candidates.len(), candidates, "node-{node}");
    }
    bench.slice(web_slice_of(vec![
        a,
        b,
        json!({"addresses": ["10.244.3.5"], "conditions": {"ready": true}}),
    ]));
    bench.run(Duration::secs(3));
    bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
    assert_eq!(bench.pick().candidates.len(), 3);
}

#[test]
fn affinity_sticks_until_it_is_stale_or_its_endpoint_goes() {
    let mut bench = Bench::new(1, 1);
    let config = json!({"clientIP": {"timeoutSeconds": 10}});
    bench.service(web(json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": config})));
    let all = [("10.244.1.5", "n"), ("10.244.1.6", "n"), ("10.244.1.7", "n"), ("10.244.1.8", "n")];
    bench.slice(web_slice(&all));
    bench.run(Duration::secs(2));
    let first = bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
    assert!(!bench.pick().draws.is_empty());
    for _ in 0..20 {
        bench.run(Duration::secs(9));
        assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:80", Tcp), first);
        assert!(bench.pick().draws.is_empty());
    }
    bench.run(Duration::secs(11));
    bench.connect(0, "c", POD, "10.96.45.7:80", Tcp);
    assert!(!bench.pick().draws.is_empty());
    let Verdict::Dnat { to, .. } = bench.connect(0, "c", POD, "10.96.45.7:80", Tcp) else { panic!("lost") };
    let rest: Vec<_> = all.into_iter().filter(|(ip, _)| *ip != to.ip().to_string()).collect();
    bench.slice(web_slice(&rest));
    bench.run(Duration::secs(2));
    assert_ne!(bench.connect(0, "c", POD, "10.96.45.7:80", Tcp), dnat(&to.to_string(), false));
}

#[test]
fn the_first_sync_is_at_once_and_the_next_a_second_later() {
    let mut bench = Bench::new(1, 1);
    bench.service(web(json!({})));
    bench.run(Duration::millis(100));
    bench.slice(web_slice(&[("10.244.1.5", "node-1")]));
    bench.slice(web_slice(&[("10.244.1.6", "node-1")]));
    bench.run(Duration::secs(5));
    let synced: Vec<(u64, u64)> = bench
        .log
        .since(tidepool_core::trace::EventId(0))
        .filter_map(|event| match &event.fact {
            Fact::Decided(_, Reason::RulesSynced(revision, ..)) => Some((event.at.0 / 1_000_000, *revision)),
            _ => None,
        })
        .collect();
    assert_eq!(synced, [(15, 1), (1_015, 3)]);
}

#[test]
fn udp_connections_to_endpoints_that_are_gone_are_forgotten() {
    let mut bench = Bench::new(1, 1);
    let ports = json!([{"port": 53, "targetPort": 53, "protocol": "UDP"}]);
    bench.service(web(json!({"ports": ports})));
    let slice = |ips: &[&str]| {
        let endpoints: Vec<_> = ips.iter().map(|ip| json!({"addresses": [ip]})).collect();
        let mut slice = web_slice_of(endpoints);
        slice["ports"] = json!([{"name": "", "port": 53, "protocol": "UDP"}]);
        slice
    };
    bench.slice(slice(&["10.244.1.5"]));
    bench.run(Duration::secs(2));
    let verdict = bench.connect(0, "c", POD, "10.96.45.7:53", Udp);
    assert_eq!(verdict, dnat("10.244.1.5:53", false));
    let (src, dst) = (POD.parse().expect("src"), "10.96.45.7:53".parse().expect("dst"));
    let packet = Packet { protocol: Udp, src, dst, segment: Segment::Datagram(Default::default()) };
    bench.conntrack[0].track(bench.now, &packet, src, "10.244.1.5:53".parse().expect("to"));
    // Nothing serves: the entry stays.
    bench.tell(WatchKind::Deleted, &endpoint_slice::ENDPOINT_SLICE, slice(&[]));
    bench.run(Duration::secs(2));
    assert_eq!(bench.conntrack[0].entries(bench.now).count(), 1);
    bench.slice(slice(&["10.244.1.6"]));
    bench.run(Duration::secs(2));
    assert_eq!(bench.conntrack[0].entries(bench.now).count(), 0);
}
