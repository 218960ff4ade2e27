//! The disruption controller: how many pods of a PodDisruptionBudget may be evicted now.
//!
//! Models: `pkg/controller/disruption/disruption.go`. Omits: pods that were evicted but are not yet seen to go, and the
//! scale of owners other than Deployments' ReplicaSets, ReplicaSets and StatefulSets.

use super::controllers::Reconcile;
use super::desk::{Desk, key_of, split};
use super::replica_set::is_active;
use crate::api::{Change, Object, Request, Selector, pod, tree};
use crate::base::{FlatSet, Text};
use crate::effect::Out;
use serde_json::{Value, json};

const KIND: &str = "PodDisruptionBudget";

/// The controller has no memory beside its cache.
#[derive(Debug, Clone, Default)]
pub struct Disruption;

impl Reconcile for Disruption {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind == KIND {
            return desk.add(&key_of(object), change, out);
        }
        let is_pod = &*object.key.kind == "Pod";
        let concerned = |budget: &&Object| {
            !is_pod || change.before.iter().chain(&change.after).any(|pod| selector(budget).matches(pod))
        };
        let budgets = desk.cache.list(KIND, object.namespace()).filter(concerned);
        let keys: Vec<Text> = budgets.map(key_of).collect();
        keys.iter().for_each(|key| desk.add(key, change, out));
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let (namespace, name) = split(key);
        let Some(budget) = desk.cache.get(KIND, namespace, name).cloned() else { return };
        let selector = selector(&budget);
        let pods: Vec<Object> = desk
            .cache
            .list("Pod", namespace)
            .filter(|pod| selector.matches(pod) && is_active(pod))
            .cloned()
            .collect();
        let healthy = pods.iter().filter(|pod| pod::is_ready(pod)).count() as i64;
        let expected = expected(&budget, &pods, desk);
        let desired = desired(&budget, expected);
        let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
        let status = status(&budget, [healthy, desired, allowed, expected], &out.now.rfc3339());
        if budget.get("status") != Some(&status) {
            let changed = budget.edit(|tree| tree::set(tree, "status", status));
            desk.call(key, Request::update_status(desk.name, changed), out);
        }
    }
}

fn selector(budget: &Object) -> Selector {
    Selector::of_label_selector(budget.get("spec.selector"))
}

/// How many pods there should be: what their owners ask for, or as many as there are when only `minAvailable` is a number.
fn expected(budget: &Object, pods: &[Object], desk: &Desk) -> i64 {
    let minimum = budget.get("spec.minAvailable");
    if minimum.is_some_and(Value::is_number) {
        return pods.len() as i64;
    }
    let mut owners: FlatSet<Text> = FlatSet::new();
    let mut sum = 0;
    for pod in pods {
        let Some((kind, name, _)) = pod.controller() else { continue };
        let mut owner = desk.cache.get(kind, pod.namespace(), name);
        if let Some((kind, name, _)) = owner.and_then(Object::controller) {
            owner = desk.cache.get(kind, pod.namespace(), name).or(owner);
        }
        if let Some(owner) = owner
            && owners.insert(owner.uid.clone())
        {
            sum += owner.int("spec.replicas").unwrap_or(0);
        }
    }
    sum
}

/// How many must be healthy; percentages are rounded up.
fn desired(budget: &Object, expected: i64) -> i64 {
    let of = |value: &Value| match value
        .as_str()
        .and_then(|text| text.trim_end_matches('%').parse::<i64>().ok())
    {
        Some(percent) => (percent * expected + 99) / 100,
        None => value.as_i64().unwrap_or(0),
    };
    match (budget.get("spec.minAvailable"), budget.get("spec.maxUnavailable")) {
        (Some(least), _) => of(least),
        (None, Some(most)) => (expected - of(most)).max(0),
        (None, None) => 0,
    }
}

fn status(budget: &Object, [healthy, desired, allowed, expected]: [i64; 4], now: &str) -> Value {
    let (met, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let generation = budget.int("metadata.generation").unwrap_or(0);
    let known = budget.list("status.conditions").iter().find(|c| tree::str(c, "status") == met);
    let since = known.map_or(now, |known| tree::str(known, "lastTransitionTime"));
    json!({
        "conditions": [{ "type": "DisruptionAllowed", "status": met, "reason": reason, "message": "",
            "lastTransitionTime": since, "observedGeneration": generation }],
        "currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed,
        "expectedPods": expected, "observedGeneration": generation,
    })
}
