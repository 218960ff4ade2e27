//! Which pods go first when there are too many.
//!
//! Models: `pkg/controller/controller_utils.go`, `ActivePodsWithRanks`.

use crate::api::{Object, pod, tree};
use crate::base::{FlatMap, Instant, Text, order};
use std::cmp::Ordering;

/// Pods with a lower cost go first.
const COST_ANNOTATION: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The first `count` pods to go. `per_node` counts the pods that do the same work, per node.
pub fn pick<'a>(
    pods: Vec<&'a Object>,
    per_node: &FlatMap<Text, usize>,
    count: usize,
    now: Instant,
) -> Vec<&'a Object> {
    let mut ranked: Vec<(Rank, &Object)> =
        pods.into_iter().map(|pod| (Rank::of(pod, per_node, now), pod)).collect();
    order::sort_by(&mut ranked, |(a, x), (b, y)| a.cmp(b).then_with(|| x.uid.cmp(&y.uid)));
    ranked.into_iter().take(count).map(|(_, pod)| pod).collect()
}

/// What decides, the first difference first; the least goes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    assigned: bool,
    phase: u8,
    ready: bool,
    cost: i64,
    neighbours: std::cmp::Reverse<usize>,
    ready_for: Age,
    restarts: std::cmp::Reverse<i64>,
    age: Age,
}

impl Rank {
    fn of(pod: &Object, per_node: &FlatMap<Text, usize>, now: Instant) -> Rank {
        let ready = pod::is_ready(pod);
        let restarts = pod.list("status.containerStatuses").iter();
        let restarts = restarts.filter_map(|c| tree::int(c, "restartCount")).max().unwrap_or(0);
        Rank {
            assigned: !pod.str("spec.nodeName").is_empty(),
            phase: match pod.str("status.phase") {
                "Running" => 2,
                "Unknown" => 1,
                _ => 0,
            },
            ready,
            cost: pod.annotation(COST_ANNOTATION).and_then(|cost| cost.parse().ok()).unwrap_or(0),
            neighbours: std::cmp::Reverse(per_node.get(pod.str("spec.nodeName")).copied().unwrap_or(0)),
            ready_for: if ready { Age::since(ready_since(pod), now) } else { Age(-1) },
            restarts: std::cmp::Reverse(restarts),
            age: Age::since(Instant::from_rfc3339(pod.str("metadata.creationTimestamp")), now),
        }
    }
}

/// An age in powers of two, so that pods of about the same age are alike; younger is less.
#[derive(Debug, PartialEq, Eq)]
struct Age(i32);

impl Age {
    fn since(begin: Option<Instant>, now: Instant) -> Age {
        let nanos = begin.map_or(0, |begin| now.since(begin).0);
        Age(nanos.checked_ilog2().map_or(-1, |log| log as i32))
    }
}

impl Ord for Age {
    fn cmp(&self, other: &Age) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Age) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// When the pod became Ready.
pub fn ready_since(pod: &Object) -> Option<Instant> {
    let ready = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == "Ready")?;
    Instant::from_rfc3339(tree::str(ready, "lastTransitionTime"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, node: &str, phase: &str, ready: bool, cost: &str) -> Object {
        let condition = json!({ "type": "Ready", "status": if ready { "True" } else { "False" },
            "lastTransitionTime": "2026-01-01T00:00:05Z" });
        Object::new(
            &pod::POD,
            json!({ "metadata": { "name": name, "uid": name, "annotations": { COST_ANNOTATION: cost } },
                "spec": { "nodeName": node }, "status": { "phase": phase, "conditions": [condition] } }),
        )
    }

    /// Upstream's order: unassigned, pending, not ready, cheap, crowded.
    #[test]
    fn pods_that_serve_least_go_first() {
        let pods = [
            pod("e-ready", "n2", "Running", true, "0"),
            pod("d-crowded", "n1", "Running", true, "0"),
            pod("c-cheap", "n2", "Running", true, "-1"),
            pod("b-not-ready", "n1", "Running", false, "0"),
            pod("a-pending", "n1", "Pending", false, "0"),
            pod("0-unassigned", "", "Pending", false, "0"),
        ];
        let per_node = FlatMap::from([("n1".into(), 3), ("n2".into(), 2)]);
        let order = pick(pods.iter().collect(), &per_node, 6, Instant(10_000_000_000));
        let names: Vec<&str> = order.iter().map(|pod| pod.name()).collect();
        assert_eq!(names, ["0-unassigned", "a-pending", "b-not-ready", "c-cheap", "d-crowded", "e-ready"]);
    }
}
