//! Why does a Service not work? What an expert looks at, in the order in which one looks: the first that is wrong is
//! usually the reason. Facts only; the words are the page's.

use crate::api::network_policy::{NETWORK_POLICY, Policy};
use crate::api::service::{SERVICE, TargetPort};
use crate::api::{Object, endpoint_slice, pod, service, tree};
use crate::base::Text;
use crate::world::World;
use std::net::IpAddr;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Its selector: the pairs; none for a Service whose endpoints somebody else writes.
    Selector(Vec<(Text, Text)>),
    /// How many pods of its namespace have these labels, and, when none has: a pair that pods do have for one of the
    /// keys, and how many have it.
    Pods(usize, Option<(Text, Text, usize)>),
    /// How many of them are Ready, how many there are, and one that is not.
    Ready(usize, usize, Option<Text>),
    /// A port's target: the Service's port, the target as written, and the ready pods that have no such port, or where
    /// nothing listens at it (that is known for TCP).
    Target(u16, Text, Vec<Text>),
    /// How many endpoints its slices have that take traffic.
    Endpoints(usize),
    /// The nodes whose kube-proxy has not yet written what it concerns, of how many.
    Rules(Vec<Text>, usize),
    /// The NetworkPolicies that isolate its pods for ingress, and whether any of them lets anything in. Looked at only
    /// when there is one.
    Policies(Vec<Text>, bool),
    /// How many CoreDNS pods are Ready to tell its name.
    Dns(usize),
}

impl Check {
    /// Whether it is as it should be.
    pub fn is_sound(&self) -> bool {
        match self {
            Check::Selector(_) => true,
            Check::Pods(count, _) | Check::Endpoints(count) | Check::Dns(count) => *count > 0,
            Check::Ready(ready, ..) => *ready > 0,
            Check::Target(_, _, without) => without.is_empty(),
            Check::Rules(behind, _) => behind.is_empty(),
            Check::Policies(_, open) => *open,
        }
    }
}

impl World {
    /// What can be said of a Service, in the order of an expert; `None` when there is no such Service. What depends on
    /// something that is missing is left out.
    pub fn check_service(&self, namespace: &str, name: &str) -> Option<Vec<Check>> {
        let api = &self.rooms.api;
        let services = api.peek(&SERVICE);
        let object = services.iter().find(|o| o.namespace() == namespace && o.name() == name)?;
        let selector: Vec<(Text, Text)> =
            tree::pairs(object.tree(), "spec.selector").map(|(k, v)| (k.into(), v.into())).collect();
        let pods: Vec<Object> = api
            .peek(&pod::POD)
            .into_iter()
            .filter(|pod| pod.namespace() == namespace && stays(pod))
            .collect();
        let has = |pod: &&Object| selector.iter().all(|(key, value)| pod.label(key) == Some(value));
        let mut checks = vec![Check::Selector(selector.clone())];
        if !selector.is_empty() {
            let chosen: Vec<&Object> = pods.iter().filter(has).collect();
            let near = if chosen.is_empty() { near(&selector, &pods) } else { None };
            checks.push(Check::Pods(chosen.len(), near));
            let ready: Vec<&Object> = chosen.iter().filter(|pod| pod::is_ready(pod)).copied().collect();
            if let Some(first) = chosen.first() {
                let waits = chosen.iter().find(|pod| !pod::is_ready(pod)).unwrap_or(first);
                let waits = (ready.len() < chosen.len()).then(|| waits.name().into());
                checks.push(Check::Ready(ready.len(), chosen.len(), waits));
            }
            if !ready.is_empty() {
                checks.extend(service::ports(object).iter().map(|port| self.target(port, &ready)));
            }
        }
        let slices = api.peek(&endpoint_slice::ENDPOINT_SLICE);
        let own: Vec<&Object> = slices
            .iter()
            .filter(|o| o.namespace() == namespace && endpoint_slice::service_name(o) == name)
            .collect();
        let endpoints = own.iter().flat_map(|slice| endpoint_slice::endpoints(slice));
        checks.push(Check::Endpoints(endpoints.filter(|endpoint| endpoint.ready).count()));
        if !service::cluster_ips(object).is_empty() {
            checks.push(self.rules(object, &own));
        }
        checks.extend(policies(&api.peek(&NETWORK_POLICY), &pods.iter().filter(has).collect::<Vec<_>>()));
        let dns = api.peek(&pod::POD);
        let dns = dns.iter().filter(|pod| pod.label("k8s-app") == Some("kube-dns") && pod::is_ready(pod));
        checks.push(Check::Dns(dns.count()));
        Some(checks)
    }

    /// Whether something listens at a port's target in every ready pod.
    fn target(&self, port: &service::ServicePort, ready: &[&Object]) -> Check {
        let number = |pod: &Object| match &port.target {
            TargetPort::Number(number) => Some(*number),
            TargetPort::Name(name) => pod::named_port(pod, name, &port.protocol),
        };
        let listens = |pod: &&&Object| match (number(pod), pod::ip(pod)) {
            (Some(_), _) if &*port.protocol != "TCP" => true,
            (Some(number), Some(ip)) => self.listens(ip, number),
            _ => false,
        };
        let without = ready.iter().filter(|pod| !listens(pod)).map(|pod| pod.name().into()).collect();
        let written = match &port.target {
            TargetPort::Number(number) => number.to_string().into(),
            TargetPort::Name(name) => name.clone(),
        };
        Check::Target(port.port, written, without)
    }

    fn listens(&self, ip: IpAddr, port: u16) -> bool {
        let host = self.rooms.net.owner(ip);
        host.is_some_and(|host| self.rooms.kernel.listening(host).contains(&port))
    }

    /// Which nodes' rules are older than the Service or one of its slices.
    fn rules(&self, object: &Object, slices: &[&Object]) -> Check {
        let newest = slices.iter().map(|slice| slice.revision).fold(object.revision, u64::max);
        let nodes: Vec<&Text> = self.node_names().collect();
        let behind = nodes
            .iter()
            .filter(|node| self.proxy_revisions(node).is_some_and(|(_, applied)| applied < newest));
        Check::Rules(behind.map(|node| Text::clone(node)).collect(), nodes.len())
    }
}

/// The policies that isolate pods for ingress, if there are any.
fn policies(policies: &[Object], pods: &[&Object]) -> Option<Check> {
    let policies = policies.iter().map(Policy::read);
    let isolates = |policy: &Policy| {
        let is_selected =
            |pod: &&Object| pod.key.namespace == policy.key.namespace && policy.pods.matches(pod);
        policy.ingress.is_some() && pods.iter().any(is_selected)
    };
    let isolating: Vec<Policy> = policies.filter(isolates).collect();
    let open = isolating.iter().any(|policy| policy.ingress.as_ref().is_some_and(|rules| !rules.is_empty()));
    let names = isolating.into_iter().map(|policy| policy.key.name).collect::<Vec<_>>();
    (!names.is_empty()).then_some(Check::Policies(names, open))
}

/// Whether a pod is neither on its way out nor over.
fn stays(pod: &Object) -> bool {
    !pod.is_terminating() && !pod::is_finished(pod)
}

/// A pair that pods do have for a key of the selector; the commonest.
fn near(selector: &[(Text, Text)], pods: &[Object]) -> Option<(Text, Text, usize)> {
    let candidates = selector.iter().flat_map(|(key, _)| {
        pods.iter().filter_map(move |pod| Some((key.clone(), Text::from(pod.label(key)?))))
    });
    let mut counted: Vec<(Text, Text, usize)> = Vec::new();
    for (key, value) in candidates {
        match counted.iter_mut().find(|(k, v, _)| *k == key && *v == value) {
            Some((_, _, count)) => *count += 1,
            None => counted.push((key, value, 1)),
        }
    }
    counted.into_iter().max_by_key(|(_, _, count)| *count)
}
