//! Hints in slices: which zones and nodes an endpoint is meant for, by `trafficDistribution` or by the annotation
//! `service.kubernetes.io/topology-mode`. Decides after packing; where upstream walks a map, we go by the zones' names.
//!
//! Models: `staging/src/k8s.io/endpointslice/{trafficdist,topologycache}`.

use super::endpoints::Ports;
use super::packing::Plan;
use crate::api::{Object, node, tree};
use crate::base::{FlatMap, Text};
use crate::control::scheduler::resources::milli;
use serde_json::{Value, json};

/// How much more than its share an endpoint may get: a fifth.
const OVERLOAD: f64 = 0.2;
const DISABLED: &str = "TopologyAwareHintsDisabled";

/// What a Service wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No hints.
    None,
    /// Every ready endpoint for its own zone, and with `true` for its own node.
    Close(bool),
    /// Zones get endpoints by their share of the nodes' processors.
    Auto,
}

impl Wish {
    /// Reads it. The annotation beats the field; the older one of two annotations beats the newer.
    pub fn of(service: &Object) -> Wish {
        let older = service.annotation("service.kubernetes.io/topology-aware-hints");
        let annotation = older.or(service.annotation("service.kubernetes.io/topology-mode"));
        match (annotation, service.str("spec.trafficDistribution")) {
            (Some("Auto" | "auto"), _) => Wish::Auto,
            (_, "PreferClose" | "PreferSameZone") => Wish::Close(false),
            (_, "PreferSameNode") => Wish::Close(true),
            _ => Wish::None,
        }
    }
}

/// An event about a Service: whether it is a warning, reason, message.
pub type Said = (bool, &'static str, String);

/// Endpoints per zone.
type Zones = FlatMap<Text, usize>;

/// What is remembered of the Services whose zones are shared out.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// Each zone's share of the processors; `None` when that cannot be told, or there is one zone only.
    shares: Option<FlatMap<Text, f64>>,
    /// By Service and family: how many endpoints each zone was given.
    given: FlatMap<(Text, &'static str), Zones>,
}

impl Topology {
    /// Takes in the nodes. Gives the Services for which zones have too few endpoints now.
    pub fn set_nodes<'a>(&mut self, nodes: impl Iterator<Item = &'a Object>) -> Vec<Text> {
        self.shares = shares(nodes);
        let overloaded = self.given.iter().filter(|(_, zones)| is_overloaded(zones, self.shares.as_ref()));
        overloaded.map(|((service, _), _)| service.clone()).collect()
    }

    /// Forgets a Service.
    pub fn forget(&mut self, service: &str) {
        self.given.retain(|(key, _), _| &**key != service);
    }

    /// Writes the hints of one family into a plan: slices that are written anyway get theirs, others are written when
    /// theirs are wrong. Gives what is to be said.
    pub fn hint(&mut self, service: &Text, wish: Wish, family: &'static str, plan: &mut Plan) -> Vec<Said> {
        let key = (service.clone(), family);
        let mut said = Vec::new();
        match wish {
            Wish::Auto => return self.share_out(key, plan),
            Wish::Close(nodes) => rewrite(plan, |endpoint| close(endpoint, nodes)),
            Wish::None => rewrite(plan, strip),
        }
        if self.given.remove(&key).is_some() {
            said.push((
                true,
                DISABLED,
                format!("Topology Aware Hints has been disabled, addressType: {family}"),
            ));
        }
        said
    }

    fn share_out(&mut self, key: (Text, &'static str), plan: &mut Plan) -> Vec<Said> {
        let family = key.1;
        let allocations = match allocate(self.shares.as_ref(), ready_count(plan)) {
            Ok(allocations) => allocations,
            Err(why) => return self.give_up(&key, plan, why),
        };
        let mut given = keep_good_slices(plan, &allocations);
        let mut endpoints = written(plan);
        for endpoint in endpoints.iter_mut().filter(|endpoint| is_ready(endpoint)) {
            let zone = tree::str(endpoint, "zone").to_string();
            if zone.is_empty() {
                let why = "One or more endpoints do not have a zone specified".to_string();
                return self.give_up(&key, plan, why);
            }
            **endpoint = for_zone(endpoint, &zone);
            *given.entry(zone.into()).or_default() += 1;
        }
        let (mut giving, mut receiving) = moves(&allocations, &given);
        for endpoint in endpoints.iter_mut().filter(|endpoint| is_ready(endpoint)) {
            let zone: Text = tree::str(endpoint, "zone").into();
            let Some(left) = giving.get_mut(&zone).filter(|left| **left > 0) else { continue };
            let Some((to, wanted)) = receiving.iter_mut().find(|(_, wanted)| **wanted > 0) else { break };
            **endpoint = for_zone(endpoint, to);
            (*left, *wanted) = (*left - 1, *wanted - 1);
            *given.entry(to.clone()).or_default() += 1;
            if let Some(count) = given.get_mut(&zone) {
                *count -= 1;
            }
        }
        if given.is_empty() {
            return self.give_up(&key, plan, "No hints allocated for zones".into());
        }
        let was_enabled = self.given.keys().any(|(service, _)| *service == key.0);
        self.given.insert(key, given);
        let message = format!("Topology Aware Hints has been enabled, addressType: {family}");
        if was_enabled { Vec::new() } else { vec![(false, "TopologyAwareHintsEnabled", message)] }
    }

    fn give_up(&mut self, key: &(Text, &'static str), plan: &mut Plan, why: String) -> Vec<Said> {
        self.given.remove(key);
        rewrite(plan, strip);
        vec![(true, DISABLED, format!("{why}, addressType: {}", key.1))]
    }
}

fn is_ready(endpoint: &Value) -> bool {
    tree::bool(endpoint, "conditions.ready") == Some(true)
}

fn strip(endpoint: &Value) -> Value {
    let mut endpoint = endpoint.clone();
    tree::remove(&mut endpoint, "hints");
    endpoint
}

fn for_zone(endpoint: &Value, zone: &str) -> Value {
    let mut endpoint = endpoint.clone();
    tree::set(&mut endpoint, "hints", json!({ "forZones": [{ "name": zone }] }));
    endpoint
}

/// An endpoint that is not ready keeps whatever hint it has.
fn close(endpoint: &Value, nodes: bool) -> Value {
    if !is_ready(endpoint) {
        return endpoint.clone();
    }
    let mut new = strip(endpoint);
    let mut hints = json!({});
    let wanted = [("forZones", "zone", true), ("forNodes", "nodeName", nodes)];
    for (field, of, _) in wanted.into_iter().filter(|(_, _, is_wanted)| *is_wanted) {
        let name = tree::str(endpoint, of);
        if !name.is_empty() {
            hints[field] = json!([{ "name": name }]);
        }
    }
    if hints.as_object().is_some_and(|hints| !hints.is_empty()) {
        tree::set(&mut new, "hints", hints);
    }
    new
}

/// Applies a rule to every endpoint; slices that were not to be written are when it changes them.
fn rewrite(plan: &mut Plan, rule: impl Fn(&Value) -> Value) {
    written(plan).into_iter().for_each(|endpoint| *endpoint = rule(endpoint));
    move_changed(plan, |endpoints| {
        let new: Vec<Value> = endpoints.iter().map(&rule).collect();
        (new != endpoints).then_some(new)
    });
}

/// The endpoints of the slices that are written.
fn written(plan: &mut Plan) -> Vec<&mut Value> {
    let created = plan.create.iter_mut().flat_map(|new| new.endpoints.iter_mut());
    created.chain(plan.update.iter_mut().flat_map(|(_, _, endpoints)| endpoints.iter_mut())).collect()
}

/// Slices that were not to be written are, with other endpoints, when `change` gives some.
fn move_changed(plan: &mut Plan, mut change: impl FnMut(&[Value]) -> Option<Vec<Value>>) {
    for slice in std::mem::take(&mut plan.unchanged) {
        match change(slice.list("endpoints")) {
            Some(endpoints) => plan.update.push((slice.clone(), Ports::of_slice(&slice), endpoints)),
            None => plan.unchanged.push(slice),
        }
    }
}

fn ready_count(plan: &mut Plan) -> usize {
    let kept: usize =
        plan.unchanged.iter().map(|s| s.list("endpoints").iter().filter(|e| is_ready(e)).count()).sum();
    kept + written(plan).iter().filter(|endpoint| is_ready(endpoint)).count()
}

/// What a zone is to get.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Allocation {
    maximum: usize,
    desired: f64,
}

/// Each zone's share of the processors of the ready nodes that are not of the control plane.
fn shares<'a>(nodes: impl Iterator<Item = &'a Object>) -> Option<FlatMap<Text, f64>> {
    let mut by_zone: FlatMap<Text, i64> = FlatMap::new();
    let roles = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
    for node in nodes.filter(|node| !roles.iter().any(|role| node.label(role).is_some())) {
        let conditions = node.list("status.conditions").iter();
        let ready = conditions.into_iter().find(|condition| tree::str(condition, "type") == "Ready");
        if ready.is_none_or(|ready| tree::str(ready, "status") != "True") {
            continue;
        }
        let (zone, cpu) = (node::zone(node), milli(node.get("status.allocatable.cpu")));
        if zone.is_empty() || cpu == 0 {
            return None;
        }
        *by_zone.entry(zone.into()).or_default() += cpu;
    }
    let total: i64 = by_zone.values().sum();
    if by_zone.len() < 2 || total == 0 {
        return None;
    }
    Some(by_zone.into_iter().map(|(zone, cpu)| (zone, cpu as f64 / total as f64)).collect())
}

/// The smallest number of endpoints that keeps a zone below the overload, for a desired number.
fn least(desired: f64) -> usize {
    (desired * (1.0 / (1.0 + OVERLOAD))).ceil() as usize
}

fn allocate(shares: Option<&FlatMap<Text, f64>>, n: usize) -> Result<FlatMap<Text, Allocation>, String> {
    let Some(shares) = shares else {
        return Err(
            "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
                .into(),
        );
    };
    let numbers = format!("({n} endpoints, {} zones)", shares.len());
    if shares.len() > n {
        return Err(format!("Insufficient number of endpoints {numbers}"));
    }
    let minima: Vec<usize> = shares.values().map(|share| least(share * n as f64)).collect();
    let total: usize = minima.iter().sum();
    let Some(spare) = n.checked_sub(total) else {
        let words =
            "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold";
        return Err(format!("{words} {numbers}"));
    };
    let allocation = |((zone, share), minimum): ((&Text, &f64), usize)| {
        let desired = (share * n as f64).max(minimum as f64);
        (zone.clone(), Allocation { maximum: minimum + spare, desired })
    };
    Ok(shares.iter().zip(minima).map(allocation).collect())
}

/// Counts the hints of slices that need not be written; those whose hints will not do are.
fn keep_good_slices(plan: &mut Plan, allocations: &FlatMap<Text, Allocation>) -> Zones {
    let mut given = Zones::new();
    move_changed(plan, |endpoints| {
        let Some(hinted) = hints_by_zone(endpoints, &given, allocations) else {
            return Some(endpoints.to_vec());
        };
        for (zone, count) in hinted {
            *given.entry(zone).or_default() += count;
        }
        None
    });
    given
}

/// How many endpoints of a slice are hinted to each zone; `None` when the hints must be made anew.
fn hints_by_zone(
    endpoints: &[Value],
    given: &Zones,
    allocations: &FlatMap<Text, Allocation>,
) -> Option<Zones> {
    let mut hinted = Zones::new();
    for endpoint in endpoints.iter().filter(|endpoint| is_ready(endpoint)) {
        let zones = tree::list(endpoint, "hints.forZones");
        if zones.is_empty() {
            return None;
        }
        for zone in zones.iter().map(|zone| tree::str(zone, "name")) {
            allocations.get(zone)?;
            *hinted.entry(zone.into()).or_default() += 1;
        }
    }
    let fits = hinted.iter().all(|(zone, count)| {
        let before = given.get(zone).copied().unwrap_or_default();
        allocations.get(zone).is_some_and(|allocation| before + count <= allocation.maximum)
    });
    fits.then_some(hinted)
}

/// How many endpoints each zone gives away, and how many each receives.
fn moves(allocations: &FlatMap<Text, Allocation>, given: &Zones) -> (Zones, Zones) {
    let mut surplus: FlatMap<Text, f64> = FlatMap::new();
    let mut deficit: FlatMap<Text, f64> = FlatMap::new();
    for (zone, allocation) in allocations {
        let more = given.get(zone).copied().unwrap_or_default() as f64 - allocation.desired;
        if more > 0.0 {
            surplus.insert(zone.clone(), more);
        } else if more < 0.0 {
            deficit.insert(zone.clone(), -more);
        }
    }
    let (mut giving, mut receiving) = (Zones::new(), Zones::new());
    while let (Some((from, give)), Some((to, take))) = (most(&surplus), most(&deficit)) {
        if (give < 1.0 && take < 1.0) || give < 0.5 || take < 0.5 {
            break;
        }
        *giving.entry(from.clone()).or_default() += 1;
        *receiving.entry(to.clone()).or_default() += 1;
        surplus.insert(from, give - 1.0);
        deficit.insert(to, take - 1.0);
    }
    (giving, receiving)
}

/// The zone with the largest number, if any is above zero.
fn most(zones: &FlatMap<Text, f64>) -> Option<(Text, f64)> {
    let mut best: Option<(Text, f64)> = None;
    for (zone, n) in zones {
        if *n > best.as_ref().map_or(0.0, |(_, most)| *most) {
            best = Some((zone.clone(), *n));
        }
    }
    best
}

fn is_overloaded(zones: &Zones, shares: Option<&FlatMap<Text, f64>>) -> bool {
    let Some(shares) = shares else { return !zones.is_empty() };
    let total: usize = zones.values().sum();
    shares.iter().any(|(zone, share)| zones.get(zone).is_none_or(|n| *n < least(total as f64 * share)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::endpoint_slice::packing::NewSlice;

    fn plan(zones: &[&str]) -> Plan {
        let endpoint = |(n, zone): (usize, &&str)| json!({ "addresses": [format!("10.0.0.{n}")], "conditions": { "ready": true }, "zone": zone });
        let endpoints = zones.iter().enumerate().map(endpoint).collect();
        let slice = NewSlice { family: "IPv4", ports: Ports::default(), endpoints };
        Plan { create: vec![slice], ..Plan::default() }
    }

    fn topology(shares: &[(&str, f64)]) -> Topology {
        let shares = shares.iter().map(|(zone, share)| (Text::from(*zone), *share)).collect();
        Topology { shares: Some(shares), ..Topology::default() }
    }

    fn hinted(plan: &mut Plan) -> Vec<String> {
        let zones = written(plan).into_iter().map(|e| tree::list(e, "hints.forZones").to_vec());
        zones.map(|z| z.first().map_or("-".into(), |z| tree::str(z, "name").to_string())).collect()
    }

    fn run(topology: &mut Topology, plan: &mut Plan) -> Vec<String> {
        let said = topology.hint(&"ns/web".into(), Wish::Auto, "IPv4", plan);
        said.into_iter().map(|(_, _, message)| message).collect()
    }

    /// The texts of `topologycache/event.go`.
    #[test]
    fn it_says_why_there_are_no_hints() {
        let halves = [("a", 0.5), ("b", 0.5)];
        let mut one = plan(&["a"]);
        let words = "Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4";
        assert_eq!(run(&mut topology(&halves), &mut one), [words]);
        let mut no_zone = plan(&["a", ""]);
        let words = "One or more endpoints do not have a zone specified, addressType: IPv4";
        assert_eq!(run(&mut topology(&halves), &mut no_zone), [words]);
        assert_eq!(hinted(&mut no_zone), ["-", "-"], "none is left half done");
        // Three thirds of four: each needs ceil(4/3/1.2) = 2, and 6 are more than 4.
        let thirds = [("a", 1.0 / 3.0), ("b", 1.0 / 3.0), ("c", 1.0 / 3.0)];
        let words = "Unable to allocate minimum required endpoints to each zone without exceeding overload \
                     threshold (4 endpoints, 3 zones), addressType: IPv4";
        assert_eq!(run(&mut topology(&thirds), &mut plan(&["a", "b", "c", "a"])), [words]);
        let unknown = run(&mut Topology::default(), &mut plan(&["a", "b"]));
        assert!(unknown[0].starts_with("Insufficient Node information"), "{unknown:?}");
    }

    /// `redistributeHints`: a zone with more than its share lends the first of its endpoints.
    #[test]
    fn zones_with_too_many_lend_to_zones_with_too_few() {
        let mut topology = topology(&[("a", 0.5), ("b", 0.5)]);
        let mut four = plan(&["a", "a", "a", "b"]);
        assert_eq!(
            run(&mut topology, &mut four),
            ["Topology Aware Hints has been enabled, addressType: IPv4"]
        );
        assert_eq!(hinted(&mut four), ["b", "a", "a", "b"]);
        assert!(run(&mut topology, &mut plan(&["a", "b"])).is_empty(), "it is said once");
        let said = topology.hint(&"ns/web".into(), Wish::None, "IPv4", &mut four);
        assert_eq!(said[0].2, "Topology Aware Hints has been disabled, addressType: IPv4");
        assert_eq!(hinted(&mut four), ["-", "-", "-", "-"]);
    }
}
