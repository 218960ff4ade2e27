//! Whatever is applied, scaled, deleted and broken: every EndpointSlice is in order after every single write, and at rest
//! the slices of a Service together are its pods.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tidepool_core::api::endpoint_slice::{ENDPOINT_SLICE, SERVICE_NAME_LABEL};
use tidepool_core::api::{Object, pod::POD, service::SERVICE, tree};
use tidepool_core::recording::{Recording, Script, Session};
use tidepool_core::world::{Budget, World};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const DUAL: &str = "apiVersion: tidepool.dev/v1\nkind: Cluster\nspec: {ipFamilies: [IPv4, IPv6]}\n";

/// Something that a person does; some of it is refused, and that is fine.
fn deed() -> impl Strategy<Value = String> {
    let patch = |patch: &str| format!("kubectl patch service s -p '{{\"spec\":{patch}}}'");
    let spec = prop_oneof![
        Just(r#"{"publishNotReadyAddresses":true}"#),
        Just(r#"{"publishNotReadyAddresses":false}"#),
        Just(r#"{"trafficDistribution":"PreferSameZone"}"#),
        Just(r#"{"trafficDistribution":"PreferSameNode"}"#),
        Just(r#"{"trafficDistribution":null}"#),
        Just(r#"{"ports":[{"port":80,"targetPort":8080}]}"#),
        Just(r#"{"ports":[{"port":80,"targetPort":9090}]}"#),
        Just(r#"{"ipFamilyPolicy":"PreferDualStack"}"#),
        Just(r#"{"ipFamilyPolicy":"SingleStack"}"#),
    ];
    prop_oneof![
        3 => (0..130_u32).prop_map(|n| format!("kubectl scale deployment a --replicas={n}")),
        2 => spec.prop_map(patch),
        1 => Just("kubectl label service s note=x --overwrite".to_string()),
        1 => Just("kubectl delete service s --wait=false".to_string()),
        1 => Just("kubectl expose deployment a --name=s --port=80 --target-port=8080".to_string()),
        1 => Just("kubectl annotate service s service.kubernetes.io/topology-mode=Auto".to_string()),
        1 => Just("kubectl delete endpointslices -l kubernetes.io/service-name=s --wait=false".to_string()),
        1 => Just("kubectl delete pods -l app=a --wait=false".to_string()),
        1 => Just("kubectl annotate node node-2 tidepool.dev/fault=kubelet-stopped --overwrite".to_string()),
        2 => (1..40_u32).prop_map(|n| format!("sleep {n}")),
    ]
}

fn addresses(endpoint: &serde_json::Value) -> Vec<&str> {
    tree::list(endpoint, "addresses").iter().filter_map(|ip| ip.as_str()).collect()
}

/// What must hold of a slice of the controller whenever it is looked at.
fn check(slice: &Object) -> Result<(), TestCaseError> {
    let name = slice.name();
    let owner = slice.controller().map(|(kind, name, _)| (kind.to_string(), name.to_string()));
    let service = slice.label(SERVICE_NAME_LABEL).unwrap_or_default().to_string();
    prop_assert_eq!(owner, Some(("Service".to_string(), service.clone())), "{}", name);
    prop_assert!(name.starts_with(&format!("{service}-")), "{}", name);
    let (family, endpoints) = (slice.str("addressType"), slice.list("endpoints"));
    prop_assert!(family == "IPv4" || family == "IPv6", "{}", family);
    prop_assert!(endpoints.len() <= 100, "{} endpoints in {}", endpoints.len(), name);
    prop_assert!(
        !slice.list("ports").is_empty() || endpoints.is_empty(),
        "no ports, yet endpoints: {}",
        name
    );
    let mut seen = BTreeSet::new();
    for endpoint in endpoints {
        let ips = addresses(endpoint);
        prop_assert_eq!(ips.len(), 1);
        prop_assert_eq!(ips.iter().all(|ip| ip.contains(':')), family == "IPv6", "{:?} in {}", ips, name);
        prop_assert!(seen.insert((ips, tree::str(endpoint, "targetRef.uid"))), "twice in {}", name);
        let is = |condition: &str| tree::bool(endpoint, &format!("conditions.{condition}"));
        let (ready, serving, terminating) = (is("ready"), is("serving"), is("terminating"));
        prop_assert!(ready.is_some() && serving.is_some() && terminating.is_some());
        prop_assert!(!tree::str(endpoint, "nodeName").is_empty() && !tree::str(endpoint, "zone").is_empty());
        for hint in tree::list(endpoint, "hints.forNodes") {
            prop_assert_eq!(tree::str(hint, "name"), tree::str(endpoint, "nodeName"));
        }
    }
    Ok(())
}

/// At rest: each family's slices together are the pods, each once, with the conditions that they have.
fn check_at_rest(world: &World) -> Result<(), TestCaseError> {
    let (slices, pods) = (world.objects_of(&ENDPOINT_SLICE), world.objects_of(&POD));
    for service in world.objects_of(&SERVICE).iter().filter(|service| service.name() == "s") {
        let anyway = service.bool("spec.publishNotReadyAddresses") == Some(true);
        for family in service.list("spec.ipFamilies").iter().filter_map(|family| family.as_str()) {
            let own = slices.iter().filter(|slice| {
                slice.label(SERVICE_NAME_LABEL) == Some("s") && slice.str("addressType") == family
            });
            let own: Vec<&Object> = own.collect();
            prop_assert!(!own.is_empty(), "at least a placeholder remains");
            let mut found = BTreeMap::new();
            for endpoint in own.iter().flat_map(|slice| slice.list("endpoints")) {
                let ready = tree::bool(endpoint, "conditions.ready");
                let twice = found.insert(tree::str(endpoint, "targetRef.name").to_string(), ready);
                prop_assert!(twice.is_none(), "{} is in two slices", endpoint);
            }
            let wanted: BTreeMap<String, Option<bool>> = pods
                .iter()
                .filter(|pod| pod.label("app") == Some("a") && !pod.str("status.podIP").is_empty())
                .filter(|pod| !matches!(pod.str("status.phase"), "Succeeded" | "Failed"))
                .map(|pod| {
                    let conditions = pod.list("status.conditions").iter();
                    let ready = conditions.into_iter().find(|c| tree::str(c, "type") == "Ready");
                    let ready = ready.is_some_and(|c| tree::str(c, "status") == "True");
                    (pod.name().to_string(), Some(anyway || (ready && !pod.is_terminating())))
                })
                .collect();
            prop_assert_eq!(found, wanted, "{}", family);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slices_are_in_order_after_every_write(
        seed in 1..1_000_u64, dual in any::<bool>(), deeds in prop::collection::vec(deed(), 1..10),
    ) {
        let cluster = if dual { DUAL } else { "" };
        let mut script = Script::new(Recording::new(seed, cluster)).expect("a cluster");
        let begin = [
            "kubectl create deployment a --image=example/app:1 --replicas=3 --port=8080",
            "kubectl expose deployment a --name=s --port=80 --target-port=8080",
        ];
        for line in begin.iter().map(|line| line.to_string()).chain(deeds) {
            script.line(&line).expect("an open terminal");
        }
        script.line("sleep 120").expect("an open terminal");
        let end = script.session.world().now();
        // The same world again, a step at a time.
        let mut session = Session::new(script.session.recording().clone()).expect("what was recorded");
        let mut known: BTreeMap<String, u64> = BTreeMap::new();
        let mut revision = 0;
        while !session.run_until(end, Budget(1)).reached {
            if session.world().revision() == revision {
                continue;
            }
            revision = session.world().revision();
            for slice in session.world().objects_of(&ENDPOINT_SLICE) {
                let own = slice.label(MANAGED_BY) == Some("endpointslice-controller.k8s.io");
                if own && known.insert(slice.name().to_string(), slice.revision) != Some(slice.revision) {
                    check(&slice)?;
                }
            }
        }
        check_at_rest(session.world())?;
    }
}
