//! The one idea: a world is `replay(seed, inputs)`. Runs natively and in WebAssembly, which must agree byte for byte.

use tidepool_core::base::{Duration, Instant};
use tidepool_core::recording::{Recording, Script, Session};
use tidepool_core::world::Budget;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What a person does in the first five minutes.
const LINES: &[&str] = &[
    "kubectl create deployment web --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --replicas=3 --port=9376 -- /agnhost serve-hostname",
    "kubectl expose deployment web --port=80 --target-port=9376",
    "kubectl run client --image=curlimages/curl --command -- sleep infinity",
    "kubectl wait --for=condition=Ready pod/client --timeout=60s",
    "kubectl rollout status deployment/web",
    "sleep 3",
    "for i in 1 2 3 4 5; do kubectl exec client -- curl -s http://web/; echo; done",
    "kubectl delete pod client --now",
];

/// The digest of those lines with seed 7. It changes whenever anything that happens changes; accept a new one only when
/// you can say why it changed.
const DIGEST: &str = include_str!("../../cases/digest.txt");

fn played() -> Script {
    let mut script = Script::new(Recording::new(7, "")).expect("an empty recording");
    for line in LINES {
        let result = script.line(line).expect("an open terminal");
        assert_eq!(result.status, 0, "{line}\n{}", result.output);
    }
    script
}

#[test]
fn native_and_wasm_agree() {
    let digest = played().session.digest();
    assert_eq!(&*digest, DIGEST.trim(), "the digest of the first five minutes");
}

#[test]
fn a_recording_replays_to_the_same_digest() {
    let script = played();
    let json = script.session.recording().to_json();
    let again = Recording::from_json(&json).expect("what was written is read");
    let mut world = again.replay().expect("a good recording");
    world.run_until(script.session.world().now(), Budget(u64::MAX));
    let mut first = script.session.world().clone();
    first.run_until(world.now(), Budget(u64::MAX));
    assert_eq!(world.digest(), first.digest());
}

#[test]
fn cutting_a_run_anywhere_changes_nothing() {
    let whole = |budget: u64| {
        let mut session = Session::new(Recording::new(3, "")).expect("an empty recording");
        while !session.run_until(Instant::ZERO + Duration::secs(20), Budget(budget)).reached {}
        session.digest()
    };
    let uncut = whole(u64::MAX);
    for budget in [1, 7, 1_000] {
        assert_eq!(whole(budget), uncut, "cut every {budget} steps");
    }
}

#[test]
fn another_seed_is_another_world() {
    let digest = |seed| {
        let mut session = Session::new(Recording::new(seed, "")).expect("an empty recording");
        session.run_until(Instant::ZERO + Duration::secs(5), Budget(u64::MAX));
        session.digest()
    };
    assert_ne!(digest(1), digest(2));
    assert_eq!(digest(1), digest(1));
}

#[test]
fn undo_and_going_back_are_replay() {
    let mut script = played();
    let (all, now) = (script.session.recording().inputs.len(), script.session.world().now());
    let end = script.session.digest();
    let middle = script.session.world().log().since(Default::default()).next().expect("events").id;
    script.session.back_to(middle);
    assert!(script.session.world().now() < now);
    script.session.run_until(now, Budget(u64::MAX));
    let mut there = played().session;
    there.run_until(now, Budget(u64::MAX));
    assert_eq!(script.session.digest(), there.digest(), "forward again: {end}");
    assert!(script.session.undo());
    assert_eq!(script.session.recording().inputs.len(), all - 1);
}

#[test]
fn broken_recordings_are_refused_with_a_reason() {
    for (text, word) in [
        ("", "Malformed"),
        ("{\"version\":\"1\",\"seed\":1,\"inputs\":[", "Malformed"),
        ("{\"version\":\"1\",\"seed\":1,\"inputs\":[],\"extra\":1}", "Malformed"),
        ("{\"version\":\"1\",\"seed\":1,\"cluster\":\"a: b: c\",\"inputs\":[]}", "Cluster"),
        (
            "{\"version\":\"1\",\"seed\":1,\"inputs\":[{\"at\":2,\"step\":0,\"input\":{\"interrupt\":{\"terminal\":1}}},\
             {\"at\":1,\"step\":0,\"input\":{\"interrupt\":{\"terminal\":1}}}]}",
            "Disordered",
        ),
        (
            "{\"version\":\"1\",\"seed\":1,\"inputs\":[{\"at\":18446744073709551615,\"step\":0,\
             \"input\":{\"interrupt\":{\"terminal\":1}}}]}",
            "TooLarge",
        ),
    ] {
        let error = Recording::from_json(text).expect_err(text);
        assert!(format!("{error:?}").starts_with(word), "{text}: {error:?}");
    }
}
