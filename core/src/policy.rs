//! Floor 6: NetworkPolicies in force. The API only says what is wished; a network plugin's agent on every node does it.
//! This is such an agent: it knows the cluster through its own watch, and rules on the first packet of a connection as
//! it leaves a pod (after kube-proxy's translation) and as it enters one. Answers of what was let through pass.
//!
//! Models: the semantics of the NetworkPolicy API (networking.k8s.io/v1, its reference and documentation), in the way of
//! `sigs.k8s.io/kube-network-policies`: no connection is cut that was there before. Omits: that each node's agent learns
//! at a time of its own (here all know the same), SCTP.

use crate::api::network_policy::{Direction, NETWORK_POLICY, Peer, Policy, Port, Rule, Target};
use crate::api::{Kind, Object, WatchEvent, WatchKind, namespace, pod};
use crate::base::{Duration, FlatMap, Instant, ObjectRef, Text};
use crate::net::packet::Flow;
use crate::net::{Packet, Protocol, Segment};
use std::net::IpAddr;
use std::sync::Arc;

/// What the agent watches from the start.
pub static POLICY_KINDS: [&Kind; 1] = [&NETWORK_POLICY];
/// What it watches too, once there is a policy.
pub static PEER_KINDS: [&Kind; 2] = [&pod::POD, &namespace::NAMESPACE];
/// How long a datagram's answer is let through.
const ANSWER: Duration = Duration::secs(30);

/// What the agents know.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    policies: FlatMap<(Text, Text), Arc<Policy>>,
    pods: FlatMap<IpAddr, Object>,
    namespaces: FlatMap<Text, Object>,
    /// Datagrams that were let through, and when.
    flows: FlatMap<Flow, Instant>,
    watches_peers: bool,
}

/// What is said of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// No policy isolates the pod that way.
    Free,
    /// A policy's rule (from 0) lets it through.
    Allowed(ObjectRef, u32),
    /// These policies isolate the pod, and no rule of them lets it through.
    Refused(Vec<ObjectRef>),
}

impl Policies {
    /// News arrive. Gives whether pods and namespaces must be watched from now on.
    pub fn on_watch(&mut self, events: &[WatchEvent]) -> bool {
        for event in events {
            let (object, gone) = (&event.object, event.kind == WatchKind::Deleted);
            let key = object.key.clone();
            match &*key.kind {
                "NetworkPolicy" if gone => _ = self.policies.remove(&(key.namespace, key.name)),
                "NetworkPolicy" => {
                    self.policies.insert((key.namespace, key.name), Arc::new(Policy::read(object)));
                }
                "Namespace" if gone => _ = self.namespaces.remove(&key.name),
                "Namespace" => _ = self.namespaces.insert(key.name, object.clone()),
                "Pod" => self.take_pod(object, gone),
                _ => {}
            }
        }
        let begins = !self.watches_peers && !self.policies.is_empty();
        self.watches_peers |= begins;
        begins
    }

    fn take_pod(&mut self, pod: &Object, gone: bool) {
        // Pods of the host network have their node's address, and no policy covers them.
        if pod.bool("spec.hostNetwork") == Some(true) {
            return;
        }
        let ips = pod.list("status.podIPs").iter().filter_map(|ip| ip.get("ip")?.as_str()?.parse().ok());
        for ip in ips {
            let is_other = self.pods.get(&ip).is_some_and(|known| known.uid != pod.uid);
            if gone || pod::is_finished(pod) {
                // The address may be someone else's by now.
                if !is_other {
                    self.pods.remove(&ip);
                }
            } else {
                self.pods.insert(ip, pod.clone());
            }
        }
    }

    /// Whether there is any policy at all.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Rules on a packet that leaves or enters a pod; `own` and `node` are the addresses of the pod and of its node. Only
    /// packets that may begin something are ruled on.
    pub fn rule(
        &mut self,
        direction: Direction,
        packet: &Packet,
        (own, node): (IpAddr, Option<IpAddr>),
        now: Instant,
    ) -> Ruling {
        if self.policies.is_empty() || !matches!(packet.segment, Segment::Syn | Segment::Datagram(_)) {
            return Ruling::Free;
        }
        let other = match direction {
            Direction::Ingress => packet.src.ip(),
            Direction::Egress => packet.dst.ip(),
        };
        // A pod reaches itself, and its node and it reach each other, whatever a policy says.
        if own == other || node == Some(other) {
            return Ruling::Free;
        }
        let flow = packet.flow();
        let is_answer = self.flows.get(&flow.reversed()).is_some_and(|at| now.since(*at) < ANSWER);
        let ruling = if is_answer { Ruling::Free } else { self.judge(direction, packet, own, other) };
        if packet.protocol == Protocol::Udp && !matches!(ruling, Ruling::Refused(_)) {
            self.flows.retain(|_, at| now.since(*at) < ANSWER);
            self.flows.insert(flow, now);
        }
        ruling
    }

    fn judge(&self, direction: Direction, packet: &Packet, own: IpAddr, other: IpAddr) -> Ruling {
        let Some(pod) = self.pods.get(&own) else { return Ruling::Free };
        let mut isolating = Vec::new();
        let called = self.pods.get(&packet.dst.ip());
        for ((namespace, _), policy) in &self.policies {
            let Some(rules) = policy.rules(direction) else { continue };
            if **namespace != *pod.namespace() || !policy.pods.matches(pod) {
                continue;
            }
            let passes =
                |rule: &Rule| self.is_peer(rule, namespace, other) && is_port(&rule.ports, packet, called);
            if let Some(at) = rules.iter().position(passes) {
                return Ruling::Allowed(policy.key.clone(), at as u32);
            }
            isolating.push(policy.key.clone());
        }
        if isolating.is_empty() { Ruling::Free } else { Ruling::Refused(isolating) }
    }

    fn is_peer(&self, rule: &Rule, namespace: &str, ip: IpAddr) -> bool {
        let pod = self.pods.get(&ip);
        let is_it = |peer: &Peer| match peer {
            Peer::Block(range, except) => {
                range.contains(&ip) && !except.iter().any(|part| part.contains(&ip))
            }
            Peer::Pods(namespaces, pods) => pod.is_some_and(|pod| {
                let of_namespace = match namespaces {
                    None => pod.namespace() == namespace,
                    Some(selector) => {
                        self.namespaces.get(pod.namespace()).is_some_and(|n| selector.matches(n))
                    }
                };
                of_namespace && pods.matches(pod)
            }),
        };
        rule.peers.is_empty() || rule.peers.iter().any(is_it)
    }

    /// The policies that isolate a pod for a direction, for views.
    pub fn isolating(&self, pod: &Object, direction: Direction) -> Vec<ObjectRef> {
        let selects = |policy: &&Arc<Policy>| {
            policy.key.namespace == pod.key.namespace
                && policy.rules(direction).is_some()
                && policy.pods.matches(pod)
        };
        self.policies.values().filter(selects).map(|policy| policy.key.clone()).collect()
    }
}

/// Whether a packet goes to one of the ports; names are those of the pod that is called.
fn is_port(ports: &[Port], packet: &Packet, called: Option<&Object>) -> bool {
    let number = packet.dst.port();
    let is_it = |port: &Port| {
        Protocol::of_kubernetes(&port.protocol) == Some(packet.protocol)
            && match &port.target {
                None => true,
                Some(Target::Numbers(first, last)) => (*first..=*last).contains(&number),
                Some(Target::Name(name)) => {
                    called.and_then(|pod| pod::named_port(pod, name, &port.protocol)) == Some(number)
                }
            }
    };
    ports.is_empty() || ports.iter().any(is_it)
}
