//! A rolling update under load: without a hook, calls are lost between the old pod's end and the rules of the caller's
//! node; with a hook that sleeps, and readiness, none is. Counted over several seeds, never over one that happens to do.

use tidepool_core::recording::{Recording, Script};
use tidepool_core::trace::{Event, Fact, Origin, Refusal};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;

/// Two hundred calls, one after the other.
const CALLS: &str = "kubectl exec client -- sh -c 'for i in $(seq 200); do \
     curl -s -o /dev/null -m 1 -w \"%{http_code}\\n\" http://web/; sleep 0.005; done'";

/// Calls that failed while a Deployment of three was updated, and those of them whose journey says why.
#[derive(Debug, Default)]
struct Lost {
    calls: usize,
    explained: usize,
}

fn line(script: &mut Script, text: &str) -> String {
    let result = script.line(text).expect("an open terminal");
    assert_eq!(result.status, 0, "{text}\n{}", result.output);
    result.output
}

fn lost(seed: u64, hook: &str) -> Lost {
    let mut script = Script::new(Recording::new(seed, "")).expect("an empty recording");
    let manifest = format!(
        "kubectl apply -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{{containerPort: 80}}]
        readinessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 1}}
        {hook}
YAML"
    );
    for text in [
        manifest.as_str(),
        "kubectl expose deployment web --port=80",
        "kubectl run client --image=curlimages/curl --command -- sleep infinity",
        "kubectl rollout status deployment/web",
        "kubectl wait --for=condition=Ready pod/client --timeout=60s",
        "sleep 3",
        "kubectl set image deployment/web web=nginx:1.28",
    ] {
        line(&mut script, text);
    }
    let mut lost = Lost::default();
    // For longer than the update takes; in parts, because the log is a window.
    for _ in 0..20 {
        let start = script.session.world().log().end();
        let printed = line(&mut script, CALLS);
        assert_eq!(printed.lines().count(), 200, "seed {seed}: {printed}");
        lost.calls += printed.lines().filter(|line| *line != "200").count();
        let log = script.session.world().log();
        let is_curl = |event: &&Event| {
            let journey = event.journey.and_then(|id| log.journeys.get(id));
            matches!(journey.map(|j| &j.origin), Some(Origin::Request(line, _)) if line.starts_with("curl"))
        };
        let is_gone = |event: &&Event| {
            matches!(event.fact, Fact::Refused(_, Refusal::NotListening(_) | Refusal::NoSuchAddress(_)))
        };
        lost.explained += log.since(start).filter(is_gone).filter(is_curl).count();
    }
    line(&mut script, "kubectl rollout status deployment/web");
    lost
}

#[test]
fn without_a_hook_a_rolling_update_loses_calls() {
    let lost: Vec<Lost> = SEEDS.map(|seed| lost(seed, "")).collect();
    assert!(lost.iter().filter(|lost| lost.calls > 0).count() >= 4, "{lost:?}");
    // The old pod has stopped listening or is gone, and the caller's node did not know yet.
    assert!(lost.iter().all(|lost| lost.explained >= lost.calls), "{lost:?}");
}

#[test]
fn with_a_hook_that_sleeps_it_loses_none() {
    let hook = "lifecycle: {preStop: {sleep: {seconds: 5}}}";
    let lost: Vec<Lost> = SEEDS.map(|seed| lost(seed, hook)).collect();
    assert!(lost.iter().all(|lost| lost.calls == 0 && lost.explained == 0), "{lost:?}");
}
