//! IPVS mode: schedulers, virtual servers, and in what it differs from the others.

use super::bench::{Bench, web, web_slice};
use serde_json::json;
use std::net::SocketAddr;
use tidepool_core::base::Duration;
use tidepool_core::net::Protocol::{Tcp, Udp};
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::mode::{Mode, Scheduler};
use tidepool_core::trace::reason::PickedBy;

const POD: &str = "10.244.0.9:40000";
const NODE: &str = "172.18.0.2:40000";
const OUTSIDE: &str = "192.0.2.1:40000";
const WEB: &str = "10.96.45.7:80";

fn bench(scheduler: Scheduler, ips: &[&str]) -> Bench {
    let mut bench = Bench::of(Mode::Ipvs(scheduler), 1, 1);
    bench.service(web(json!({})));
    slice(&mut bench, ips);
    bench
}

fn slice(bench: &mut Bench, ips: &[&str]) {
    let endpoints: Vec<(&str, &str)> = ips.iter().map(|ip| (*ip, "node-1")).collect();
    bench.slice(web_slice(&endpoints));
    bench.run(Duration::secs(2));
}

fn to(bench: &mut Bench, src: &str) -> String {
    match bench.connect(0, "client", src, WEB, Tcp) {
        Verdict::Dnat { to, .. } => to.ip().to_string(),
        other => panic!("{other:?}"),
    }
}

const THREE: [&str; 3] = ["10.244.1.5", "10.244.1.6", "10.244.1.7"];

/// `ip_vs_rr.c` over `ip_vs_ctl.c`'s list, where a new server comes first.
#[test]
fn round_robin_is_an_exact_rotation() {
    let mut bench = bench(Scheduler::Rr, &THREE);
    let first: Vec<String> = (0..300).map(|_| to(&mut bench, POD)).collect();
    assert_eq!(first[..3], ["10.244.1.7", "10.244.1.6", "10.244.1.5"]);
    assert!((3..300).all(|n| first[n] == first[n - 3]));
    let after: SocketAddr = "10.244.1.6:8080".parse().expect("an address");
    assert_eq!(bench.pick().by, PickedBy::Rotation(Some(after)));
    assert_eq!(&*bench.pick().chain, "TCP  10.96.45.7:80 rr");
    // Another client continues the same rotation: it is the virtual server's, not the client's.
    assert_eq!(to(&mut bench, "10.244.7.7:1"), "10.244.1.7");
    slice(&mut bench, &["10.244.1.5", "10.244.1.6", "10.244.1.7", "10.244.1.8"]);
    let next: Vec<String> = (0..4).map(|_| to(&mut bench, POD)).collect();
    assert_eq!(next, ["10.244.1.6", "10.244.1.5", "10.244.1.8", "10.244.1.7"]);
}

/// `ip_vs_lc.c`: an active connection counts 256 times an inactive one.
#[test]
fn least_connections_goes_where_fewest_are() {
    let mut bench = bench(Scheduler::Lc, &THREE);
    let opened: Vec<SocketAddr> =
        (0..3).map(|n| bench.open(0, &format!("10.244.0.9:{}", 1000 + n), WEB, Tcp)).collect();
    let ips: Vec<String> = opened.iter().map(|to| to.ip().to_string()).collect();
    assert_eq!(ips, ["10.244.1.7", "10.244.1.6", "10.244.1.5"]);
    bench.close(0, "10.244.0.9:1001", WEB);
    assert_eq!(to(&mut bench, POD), "10.244.1.6");
    assert_eq!(bench.pick().by, PickedBy::Least(vec![256, 1, 256]));
    assert!(
        bench.rules(0).contains("  -> 10.244.1.6:8080              Masq    1      0          1         \n")
    );
}

/// `ip_vs_sh.c`: one source, one server; other sources spread.
#[test]
fn source_hashing_sticks_to_the_source() {
    let mut bench = bench(Scheduler::Sh, &THREE);
    let of = |bench: &mut Bench, n: u8| to(bench, &format!("10.244.3.{n}:5000"));
    let all: Vec<String> = (0..60).map(|n| of(&mut bench, n)).collect();
    assert!((0..60).all(|n| of(&mut bench, n) == all[usize::from(n)]));
    assert!(THREE.iter().all(|ip| all.iter().filter(|other| *other == ip).count() > 5), "{all:?}");
    assert!(matches!(bench.pick().by, PickedBy::Hash(bucket) if bucket < 256));
}

/// `graceful_termination.go`: a TCP server with connections keeps them with weight 0; looked at every minute.
#[test]
fn a_server_with_connections_drains() {
    let mut bench = bench(Scheduler::Rr, &THREE);
    let opened = bench.open(0, "10.244.0.9:1000", WEB, Tcp);
    assert_eq!(opened.ip().to_string(), "10.244.1.7");
    slice(&mut bench, &THREE[..2]);
    assert!(
        bench.rules(0).contains("  -> 10.244.1.7:8080              Masq    0      1          0         \n")
    );
    assert!((0..6).all(|_| to(&mut bench, POD) != "10.244.1.7"));
    bench.close(0, "10.244.0.9:1000", WEB);
    bench.run(Duration::secs(60));
    assert!(bench.rules(0).contains("10.244.1.7:8080"), "TIME_WAIT is a connection still");
    bench.run(Duration::secs(120));
    assert!(!bench.rules(0).contains("10.244.1.7:8080"));
}

/// The text of `ipvsadm -Ln`, by hand after its man page; node ports are virtual servers of the node's address.
#[test]
fn virtual_servers_are_listed_as_ipvsadm_does() {
    let mut bench = Bench::of(Mode::Ipvs(Scheduler::Rr), 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080}]);
    let config = json!({"clientIP": {"timeoutSeconds": 10_800}});
    bench.service(web(json!({"type": "NodePort", "ports": ports, "sessionAffinity": "ClientIP", "sessionAffinityConfig": config})));
    slice(&mut bench, &["10.244.1.5"]);
    let text = bench.rules(0);
    let text = text.split("\n\n").next().expect("a list");
    let real = "  -> 10.244.1.5:8080              Masq    1      0          0         ";
    let lines = [
        "IP Virtual Server version 1.2.1 (size=4096)",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
        "TCP  10.96.45.7:80 rr persistent 10800",
        real,
        "TCP  172.18.0.2:30080 rr persistent 10800",
        real,
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn affinity_is_the_virtual_servers_own() {
    let mut bench = Bench::of(Mode::Ipvs(Scheduler::Rr), 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080}]);
    let config = json!({"clientIP": {"timeoutSeconds": 10}});
    bench.service(web(json!({"type": "NodePort", "ports": ports, "sessionAffinity": "ClientIP", "sessionAffinityConfig": config})));
    slice(&mut bench, &THREE);
    assert_eq!(to(&mut bench, POD), "10.244.1.7");
    bench.run(Duration::secs(9));
    assert_eq!((to(&mut bench, POD).as_str(), bench.pick().by), ("10.244.1.7", PickedBy::Affinity));
    assert_eq!(to(&mut bench, "10.244.0.10:1"), "10.244.1.6");
    bench.run(Duration::secs(11));
    assert_eq!(to(&mut bench, POD), "10.244.1.5");
}

/// `proxier.go`: a Local virtual server without local endpoints gets the cluster's; nothing is dropped, and nothing is
/// masqueraded either. Without any endpoint there are no real servers, and IPVS refuses.
#[test]
fn local_policy_falls_back_to_the_cluster() {
    let mut bench = Bench::of(Mode::Ipvs(Scheduler::Rr), 1, 1);
    let ports = json!([{"port": 80, "targetPort": 8080, "nodePort": 30080}]);
    bench.service(web(json!({"type": "NodePort", "externalTrafficPolicy": "Local", "ports": ports})));
    bench.run(Duration::secs(2));
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), Verdict::Reject);
    slice(&mut bench, &["10.244.1.5"]);
    let through = |masquerade| Verdict::Dnat { to: "10.244.1.5:8080".parse().expect("to"), masquerade };
    assert_eq!(bench.connect(0, "c", OUTSIDE, "172.18.0.2:30080", Tcp), through(false));
    assert_eq!(bench.connect(0, "c", NODE, WEB, Tcp), through(true));
    assert_eq!(bench.connect(0, "c", POD, WEB, Tcp), through(false));
    // The address is the node's own, and KUBE-IPVS-FILTER guards its other ports.
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.7:81", Tcp), Verdict::Reject);
    assert_eq!(bench.connect(0, "c", POD, "10.96.45.8:80", Tcp), Verdict::Pass);
    assert_eq!(bench.connect(0, "c", POD, WEB, Udp), Verdict::Reject);
}
