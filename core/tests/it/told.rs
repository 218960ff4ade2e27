//! No new connection goes to a pod of which the node's kube-proxy has been told that it is gone: whatever is scaled,
//! deleted and updated under load, each pick is one of the endpoints that the API server's slices had as of the revision
//! of the rules that decided, and those rules are not older than the sync period behind what the node was told.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use tidepool_core::api::endpoint_slice::{ENDPOINT_SLICE, SERVICE_NAME_LABEL};
use tidepool_core::api::{Object, tree};
use tidepool_core::base::{Duration, Instant};
use tidepool_core::recording::{Recording, Script, Session};
use tidepool_core::trace::{Fact, Reason};
use tidepool_core::world::Budget;

/// A sync follows what was told within `minSyncPeriod` (1 s) and the time that the sync itself takes.
const SYNC: Duration = Duration::millis(1_500);

fn deed() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..9_u32).prop_map(|n| format!("kubectl scale deployment web --replicas={n}")),
        1 => (1..4_u32).prop_map(|n| format!("kubectl set image deployment/web app=example/app:{n}")),
        1 => Just("kubectl delete pods -l app=web --wait=false".to_string()),
        1 => Just("kubectl delete pods -l app=web --wait=false --grace-period=0 --force".to_string()),
        1 => Just("kubectl patch service web -p '{\"spec\":{\"internalTrafficPolicy\":\"Local\"}}'".to_string()),
        1 => Just("kubectl patch service web -p '{\"spec\":{\"sessionAffinity\":\"ClientIP\"}}'".to_string()),
        4 => (1..7_u32).prop_map(|n| format!("sleep {n}")),
    ]
}

fn cluster(mode: &str) -> String {
    format!("apiVersion: tidepool.dev/v1\nkind: Cluster\nspec: {{kubeProxy: {{mode: {mode}}}}}\n")
}

/// The addresses that the Service's slices name, whatever their condition, at the Service's target port.
fn endpoints(slices: &[Object]) -> BTreeSet<SocketAddr> {
    let own = slices.iter().filter(|slice| slice.label(SERVICE_NAME_LABEL) == Some("web"));
    let all = own.flat_map(|slice| slice.list("endpoints")).flat_map(|e| tree::list(e, "addresses"));
    all.filter_map(|ip| ip.as_str()?.parse::<IpAddr>().ok()).map(|ip| SocketAddr::new(ip, 8080)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_new_connection_goes_to_a_pod_that_is_known_to_be_gone(
        seed in 1..1_000_u64,
        mode in prop_oneof![Just("iptables"), Just("nftables"), Just("ipvs")],
        deeds in prop::collection::vec(deed(), 2..10),
    ) {
        let mut script = Script::new(Recording::new(seed, &cluster(mode))).expect("a cluster");
        let load = "kubectl create deployment load --image=curlimages/curl --replicas=2 -- sh -c \
            'while true; do curl -s -m 1 -o /dev/null http://web/; sleep 0.05; done'";
        let begin = [
            "kubectl create deployment web --image=example/app:1 --replicas=3 --port=8080",
            "kubectl expose deployment web --port=80 --target-port=8080",
            load,
            "sleep 10",
        ];
        for line in begin.iter().map(|line| line.to_string()).chain(deeds) {
            script.line(&line).expect("an open terminal");
        }
        script.line("sleep 5").expect("an open terminal");
        let end = script.session.world().now();
        // The same world again, a step at a time; what the slices said is kept by revision.
        let mut session = Session::new(script.session.recording().clone()).expect("what was recorded");
        let mut said: BTreeMap<u64, BTreeSet<SocketAddr>> = BTreeMap::new();
        // For each node: when it was first told which revision.
        let mut told: BTreeMap<String, Vec<(Instant, u64)>> = BTreeMap::new();
        let (mut seen, mut picks) = (session.world().log().end(), 0);
        while !session.run_until(end, Budget(1)).reached {
            let world = session.world();
            let (revision, now) = (world.revision(), world.now());
            said.entry(revision).or_insert_with(|| endpoints(&world.objects_of(&ENDPOINT_SLICE)));
            for event in world.log().since(seen) {
                let Fact::Decided(_, Reason::ServiceRule(pick)) = &event.fact else { continue };
                if &*pick.service.name != "web" {
                    continue;
                }
                picks += 1;
                let (_, known) = said.range(..=pick.revision).next_back().expect("a revision before");
                prop_assert!(known.contains(&pick.rewritten), "{:?} at {:?} is none of {known:?}", pick, event.at);
                let (_, applied) = world.proxy_revisions(&pick.node).expect("a node");
                prop_assert_eq!(applied, pick.revision);
                let owed = told.get(&*pick.node).into_iter().flatten().rfind(|(at, _)| event.at.since(*at) > SYNC);
                let owed = owed.map_or(0, |(_, revision)| *revision);
                prop_assert!(applied >= owed, "{} decides by {applied}, and was told {owed} long ago", pick.node);
            }
            seen = world.log().end();
            for node in ["node-1", "node-2", "node-3"] {
                let Some((revision, _)) = world.proxy_revisions(node) else { continue };
                let told = told.entry(node.into()).or_default();
                if told.last().is_none_or(|(_, last)| *last < revision) {
                    told.push((now, revision));
                }
            }
        }
        prop_assert!(picks > 20, "{picks} picks");
    }
}
