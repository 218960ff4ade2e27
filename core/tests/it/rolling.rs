//! A rolling update under load: without a hook, calls are lost between the old pod's end and the rules of the caller's
//! node; with a hook that sleeps, and readiness, none is. Counted over several seeds, never over one that happens to do.

use tidepool_core::recording::{Recording, Script};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;

/// Calls that failed while a Deployment of three was updated.
fn lost(seed: u64, hook: &str) -> (u32, String) {
    let mut script = Script::new(Recording::new(seed, "")).expect("an empty recording");
    let mut line = |text: &str| {
        let result = script.line(text).expect("an open terminal");
        assert_eq!(result.status, 0, "seed {seed}: {text}\n{}", result.output);
        result.output
    };
    line(&format!(
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
    ));
    line("kubectl expose deployment web --port=80");
    line("kubectl run client --image=curlimages/curl --command -- sleep infinity");
    line("kubectl rollout status deployment/web");
    line("kubectl wait --for=condition=Ready pod/client --timeout=60s");
    line("sleep 3");
    line("kubectl set image deployment/web web=nginx:1.28");
    // Two hundred calls per second for longer than the update takes.
    let calls = "for i in $(seq 4000); do curl -s -o /dev/null -m 1 -w '%{http_code} %{exitcode}\\n' http://web/; sleep 0.005; done";
    let printed = line(&format!("kubectl exec client -- sh -c \"{}\"", calls.replace('$', "\\$")));
    line("kubectl rollout status deployment/web");
    let all = printed.lines().count();
    assert_eq!(all, 4000, "seed {seed}: {printed}");
    let failed: Vec<&str> = printed.lines().filter(|line| !line.starts_with("200 ")).collect();
    (failed.len() as u32, failed.first().copied().unwrap_or_default().to_string())
}

#[test]
fn without_a_hook_a_rolling_update_loses_calls() {
    let lost: Vec<(u32, String)> = SEEDS.map(|seed| lost(seed, "")).collect();
    assert!(lost.iter().filter(|(n, _)| *n > 0).count() >= 4, "{lost:?}");
    // 7: the connection was refused, because nothing listens in the old pod any more, or no one answers for it.
    assert!(lost.iter().all(|(n, how)| *n == 0 || how.starts_with("000 ")), "{lost:?}");
}

#[test]
fn with_a_hook_that_sleeps_it_loses_none() {
    let hook = "lifecycle: {preStop: {sleep: {seconds: 5}}}";
    let lost: Vec<(u32, String)> = SEEDS.map(|seed| lost(seed, hook)).collect();
    assert!(lost.iter().all(|(n, _)| *n == 0), "{lost:?}");
}
