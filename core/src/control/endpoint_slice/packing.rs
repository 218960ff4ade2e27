//! How endpoints are packed into slices: few writes come before full slices.
//!
//! Models: `staging/src/k8s.io/endpointslice/reconciler.go`. Slices that need no change are touched only when they can
//! take all that is left over, and nothing is ever moved to even them out.

use super::endpoints::{Endpoint, Ports, identity};
use crate::api::Object;
use crate::base::{FlatMap, Text, order};
use serde_json::Value;

/// The most endpoints of one slice.
pub const MAX_ENDPOINTS: usize = 100;

/// A slice that there is.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The slice.
    pub object: Object,
    /// Whether it belongs to this very Service, and not to an earlier one of the same name.
    pub owned: bool,
    /// Whether its labels are not what the Service gives it.
    pub labels_differ: bool,
    /// Its ports.
    pub ports: Ports,
}

/// A slice that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSlice {
    /// `addressType`.
    pub family: &'static str,
    /// Its ports.
    pub ports: Ports,
    /// Its endpoints.
    pub endpoints: Vec<Value>,
}

/// What is to be written.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Slices to make.
    pub create: Vec<NewSlice>,
    /// Slices to change, with their new ports and endpoints.
    pub update: Vec<(Object, Ports, Vec<Value>)>,
    /// Slices to remove.
    pub delete: Vec<Object>,
    /// Slices that stay as they are.
    pub unchanged: Vec<Object>,
}

impl Plan {
    /// Adds another plan.
    pub fn extend(&mut self, other: Plan) {
        self.create.extend(other.create);
        self.update.extend(other.update);
        self.delete.extend(other.delete);
        self.unchanged.extend(other.unchanged);
    }
}

/// What brings the slices of one family to the endpoints that there should be.
pub fn reconcile(
    existing: Vec<Slice>,
    desired: FlatMap<Ports, Vec<Endpoint>>,
    family: &'static str,
    service_is_going: bool,
) -> Plan {
    let count = existing.len();
    let mut plan = Plan::default();
    let mut groups: FlatMap<Ports, Vec<Slice>> = FlatMap::new();
    for slice in existing {
        if slice.owned {
            groups.entry(slice.ports.clone()).or_default().push(slice);
        } else {
            plan.delete.push(slice.object);
        }
    }
    let foreign = plan.delete.len();
    for (ports, endpoints) in desired {
        let slices = groups.remove(&ports).unwrap_or_default();
        pack(ports, endpoints, slices, family, &mut plan);
    }
    let obsolete: Vec<Slice> = groups.into_values().flatten().collect();
    let only_placeholder = |slices: &[Slice]| match slices {
        [one] => {
            one.ports == Ports::default() && one.object.list("endpoints").is_empty() && !one.labels_differ
        }
        _ => false,
    };
    let nothing_stays = count == plan.delete.len() + obsolete.len() && plan.create.is_empty();
    let keeps_placeholder =
        nothing_stays && foreign == 0 && plan.delete.is_empty() && only_placeholder(&obsolete);
    if keeps_placeholder {
        return plan;
    }
    plan.delete.extend(obsolete.into_iter().map(|slice| slice.object));
    if nothing_stays {
        plan.create.push(NewSlice { family, ports: Ports::default(), endpoints: Vec::new() });
    }
    if service_is_going {
        plan.create.clear();
    }
    recycle(&mut plan, foreign);
    plan
}

/// Packs the endpoints of one set of ports.
fn pack(ports: Ports, endpoints: Vec<Endpoint>, slices: Vec<Slice>, family: &'static str, plan: &mut Plan) {
    let mut wanted: FlatMap<Text, (usize, Value)> = endpoints
        .into_iter()
        .enumerate()
        .map(|(n, endpoint)| (endpoint.identity, (n, endpoint.value)))
        .collect();
    let (mut updates, mut unchanged) = (Vec::new(), Vec::new());
    for slice in slices {
        let old = slice.object.list("endpoints");
        let (mut kept, mut changed) = (Vec::new(), false);
        for endpoint in old {
            if let Some((_, value)) = wanted.remove(&identity(endpoint)) {
                let is_same = is_same(&value, endpoint);
                changed |= !is_same;
                kept.push(if is_same { endpoint.clone() } else { value });
            }
        }
        if changed || kept.len() != old.len() {
            if kept.is_empty() {
                plan.delete.push(slice.object);
            } else {
                updates.push((slice.object, kept));
            }
        } else if slice.labels_differ {
            updates.push((slice.object, kept));
        } else {
            unchanged.push((slice.object, kept));
        }
    }
    let mut left: Vec<(usize, Value)> = wanted.into_values().collect();
    order::sort_by_key(&mut left, |(n, _)| *n);
    let mut left: std::collections::VecDeque<Value> = left.into_iter().map(|(_, value)| value).collect();
    order::sort_by_key(&mut updates, |(_, kept)| std::cmp::Reverse(kept.len()));
    for (_, kept) in &mut updates {
        let room = MAX_ENDPOINTS.saturating_sub(kept.len()).min(left.len());
        kept.extend(left.drain(..room));
    }
    while !left.is_empty() {
        let fitting = unchanged
            .iter()
            .enumerate()
            .filter(|(_, (_, kept))| left.len() < MAX_ENDPOINTS && kept.len() + left.len() <= MAX_ENDPOINTS)
            .max_by_key(|(n, (_, kept))| (kept.len(), std::cmp::Reverse(*n)));
        if let Some((n, _)) = fitting {
            let (slice, mut kept) = unchanged.remove(n);
            kept.extend(left.drain(..));
            updates.push((slice, kept));
        } else {
            let endpoints = left.drain(..left.len().min(MAX_ENDPOINTS)).collect();
            plan.create.push(NewSlice { family, ports: ports.clone(), endpoints });
        }
    }
    plan.unchanged.extend(unchanged.into_iter().map(|(slice, _)| slice));
    plan.update.extend(updates.into_iter().map(|(slice, kept)| (slice, ports.clone(), kept)));
}

/// Whether an endpoint is what it was. Hints do not count: they are decided once all endpoints have their slice.
fn is_same(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return false };
    let fields = |map: &serde_json::Map<String, Value>| map.len() - usize::from(map.contains_key("hints"));
    fields(new) == fields(old)
        && new.iter().all(|(field, value)| field == "hints" || old.get(field) == Some(value))
}

/// A slice that goes and one that comes are one that changes; slices of an earlier Service really go.
fn recycle(plan: &mut Plan, foreign: usize) {
    while plan.delete.len() > foreign && !plan.create.is_empty() {
        let new = plan.create.remove(0);
        let slice = plan.delete.remove(foreign);
        plan.update.push((slice, new.ports, new.endpoints));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::endpoint_slice::ENDPOINT_SLICE;
    use serde_json::json;

    fn value(n: usize) -> Value {
        json!({ "addresses": [format!("10.0.{}.{}", n / 250, n % 250)], "targetRef": { "uid": n.to_string() } })
    }

    fn endpoints(range: std::ops::Range<usize>) -> Vec<Endpoint> {
        range.map(value).map(|value| Endpoint { identity: identity(&value), value }).collect()
    }

    fn slice(name: &str, range: std::ops::Range<usize>) -> Slice {
        let endpoints: Vec<Value> = range.map(value).collect();
        let tree = json!({ "metadata": { "name": name }, "endpoints": endpoints,
            "ports": [{ "name": "", "port": 80, "protocol": "TCP" }] });
        let object = Object::new(&ENDPOINT_SLICE, tree);
        Slice { owned: true, labels_differ: false, ports: Ports::of_slice(&object), object }
    }

    fn ports() -> Ports {
        slice("any", 0..0).ports
    }

    fn sizes(plan: &Plan) -> (Vec<usize>, Vec<usize>, usize) {
        let created = plan.create.iter().map(|new| new.endpoints.len()).collect();
        let updated = plan.update.iter().map(|(_, _, kept)| kept.len()).collect();
        (created, updated, plan.delete.len())
    }

    fn run(existing: Vec<Slice>, wanted: std::ops::Range<usize>) -> Plan {
        let desired = FlatMap::from([(ports(), endpoints(wanted))]);
        reconcile(existing, desired, "IPv4", false)
    }

    /// Upstream's own examples for 100 endpoints per slice.
    #[test]
    fn slices_are_packed_as_upstream_packs_them() {
        assert_eq!(sizes(&run(vec![], 0..250)), (vec![100, 100, 50], vec![], 0));
        let two = vec![slice("a", 0..62), slice("b", 62..123)];
        assert_eq!(sizes(&run(two, 0..250)), (vec![100], vec![89], 0), "61 stays; 62 takes 27");
        let two = vec![slice("a", 0..74), slice("b", 74..148)];
        assert_eq!(sizes(&run(two, 0..300)), (vec![100, 52], vec![], 0));
    }

    #[test]
    fn a_slice_that_changes_anyway_is_filled_first() {
        let mut wanted = endpoints(0..120);
        wanted.remove(3);
        let desired = FlatMap::from([(ports(), wanted)]);
        let plan = reconcile(vec![slice("a", 0..50), slice("b", 50..100)], desired, "IPv4", false);
        assert_eq!(sizes(&plan), (vec![], vec![69], 0));
    }

    /// Recorded from kube-controller-manager v1.35.6: without pods one slice without ports and endpoints remains.
    #[test]
    fn a_placeholder_stands_for_no_endpoints() {
        let plan = reconcile(vec![], FlatMap::new(), "IPv4", false);
        assert_eq!(sizes(&plan), (vec![0], vec![], 0));
        let mut empty = slice("p", 0..0);
        empty.ports = Ports::default();
        let plan = reconcile(vec![empty.clone()], FlatMap::new(), "IPv4", false);
        assert_eq!(sizes(&plan), (vec![], vec![], 0), "it is left alone");
        let plan = run(vec![empty], 0..3);
        assert_eq!(sizes(&plan), (vec![], vec![3], 0), "the first pods take its place under its name");
        let plan = reconcile(vec![slice("a", 0..3), slice("b", 3..5)], FlatMap::new(), "IPv4", false);
        assert_eq!(sizes(&plan), (vec![], vec![0], 1), "the last pods leave it behind");
    }
}
