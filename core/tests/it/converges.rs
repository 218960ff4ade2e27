//! Whatever is applied, scaled, deleted and broken, the world comes to rest as the specs say: Deployments have their
//! pods, slices have the ready ones, and nothing is left without its owner.

use proptest::prelude::*;
use tidepool_core::recording::{Recording, Script};

fn run(script: &mut Script, text: &str) -> String {
    script.line(text).expect("an open terminal").output
}

/// Something that a person does; some of it is refused, and that is fine.
fn deed() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("a"), Just("b")];
    let node = prop_oneof![Just("node-1"), Just("node-2")];
    prop_oneof![
        (name.clone(), 0..5_u32)
            .prop_map(|(name, n)| format!("kubectl scale deployment {name} --replicas={n}")),
        (name.clone(), 1..4_u32).prop_map(|(name, n)| format!(
            "kubectl create deployment {name} --image=example/app:{n} --replicas={n} --port=80"
        )),
        (name.clone(), 1..4_u32)
            .prop_map(|(name, n)| format!("kubectl set image deployment/{name} app=example/app:{n}")),
        name.clone().prop_map(|name| format!("kubectl delete deployment {name} --wait=false")),
        name.clone().prop_map(|name| format!("kubectl delete pods -l app={name} --wait=false")),
        name.prop_map(|name| format!("kubectl expose deployment {name} --port=80")),
        node.clone()
            .prop_map(|node| format!("kubectl annotate node {node} tidepool.dev/fault=kubelet-stopped")),
        node.prop_map(|node| format!("kubectl annotate node {node} tidepool.dev/fault-")),
        (1..400_u32).prop_map(|n| format!("sleep {n}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_world_comes_to_rest_as_the_specs_say(seed in 1..1_000_u64, deeds in prop::collection::vec(deed(), 1..12)) {
        let mut script = Script::new(Recording::new(seed, "")).expect("an empty recording");
        for deed in &deeds {
            run(&mut script, deed);
        }
        run(&mut script, "kubectl annotate nodes --all tidepool.dev/fault-");
        run(&mut script, "sleep 400");
        for name in ["a", "b"] {
            let get = |path: &str| format!("kubectl get deployment {name} --ignore-not-found -o jsonpath='{path}'");
            let wanted = run(&mut script, &get("{.spec.replicas}"));
            let ready: usize = wanted.trim().parse().unwrap_or(0);
            let status = run(&mut script, &get("{.status.availableReplicas}"));
            prop_assert_eq!(status.trim().parse().unwrap_or(0), ready, "{} of {:?}", name, deeds);
            let pods = run(&mut script, &format!("kubectl get pods -l app={name} -o name | wc -l"));
            prop_assert_eq!(pods.trim(), ready.to_string(), "pods of {} after {:?}", name, deeds);
            let service = run(&mut script, &format!("kubectl get service {name} --ignore-not-found -o name"));
            if !service.is_empty() {
                let slices = format!("kubectl get endpointslices -l kubernetes.io/service-name={name} \
                    -o jsonpath='{{range .items[*].endpoints[?(@.conditions.ready==true)]}}x{{end}}'");
                let endpoints = run(&mut script, &slices).matches('x').count();
                prop_assert_eq!(endpoints, ready, "endpoints of {} after {:?}", name, deeds);
            }
        }
    }
}
