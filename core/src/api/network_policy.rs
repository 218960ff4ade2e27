//! NetworkPolicy: its names, and what the world reads of one: whom it selects, which ways it isolates, what it lets pass.
//!
//! Models: `pkg/apis/networking/v1/defaults.go`, `pkg/apis/networking/validation`, printNetworkPolicy.

pub mod problems;

use super::kinds::{column, name};
use super::{Kind, Object, Selector, age, tree};
use crate::base::{ObjectRef, Text};
use ipnet::IpNet;
use serde_json::{Value, json};

/// The kind.
pub static NETWORK_POLICY: Kind = Kind {
    kind: "NetworkPolicy",
    group: "networking.k8s.io",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short: &["netpol"],
    has_generation: true,
    defaults,
    problems: problems::problems,
    columns: &[
        column("Name", name),
        column("Pod-Selector", |object, _| selector_text(object.get("spec.podSelector"))),
        column("Age", age::cell),
    ],
    ..Kind::PLAIN
};

/// Which way a connection goes, as seen from the selected pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To them.
    Ingress,
    /// From them.
    Egress,
}

impl Direction {
    /// As in `policyTypes`.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        }
    }
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The object.
    pub key: ObjectRef,
    /// Which pods of its namespace it isolates.
    pub pods: Selector,
    /// What may come in; `None` when it does not isolate that way.
    pub ingress: Option<Vec<Rule>>,
    /// What may go out; `None` when it does not isolate that way.
    pub egress: Option<Vec<Rule>>,
}

/// What a policy lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Who is at the other end; empty for anyone.
    pub peers: Vec<Peer>,
    /// At which ports; empty for all.
    pub ports: Vec<Port>,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Pods, of the policy's own namespace when there is no selector of namespaces.
    Pods(Option<Selector>, Selector),
    /// Addresses of a range but for some.
    Block(IpNet, Vec<IpNet>),
}

/// A port, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
    /// Which; `None` for all of the protocol.
    pub target: Option<Target>,
}

/// A number, a range of numbers, or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// From the first to the last.
    Numbers(u16, u16),
    /// The container's port of that name, at the pod that is called.
    Name(Text),
}

impl Policy {
    /// Reads one. What is not valid is left out; the API server has refused it.
    pub fn read(object: &Object) -> Policy {
        let types: Vec<&str> = object.list("spec.policyTypes").iter().filter_map(Value::as_str).collect();
        let rules = |direction: Direction, field: &str, peers: &str| {
            types
                .contains(&direction.word())
                .then(|| object.list(field).iter().map(|rule| read_rule(rule, peers)).collect::<Vec<Rule>>())
        };
        Policy {
            key: object.key.clone(),
            pods: Selector::of_label_selector(object.get("spec.podSelector")),
            ingress: rules(Direction::Ingress, "spec.ingress", "from"),
            egress: rules(Direction::Egress, "spec.egress", "to"),
        }
    }

    /// Its rules for a direction; `None` when it does not isolate that way.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

fn read_rule(rule: &Value, peers: &str) -> Rule {
    Rule {
        peers: tree::list(rule, peers).iter().filter_map(read_peer).collect(),
        ports: tree::list(rule, "ports").iter().map(read_port).collect(),
    }
}

fn read_peer(peer: &Value) -> Option<Peer> {
    if let Some(block) = peer.get("ipBlock") {
        let except = tree::list(block, "except").iter().filter_map(|range| range.as_str()?.parse().ok());
        return Some(Peer::Block(tree::str(block, "cidr").parse().ok()?, except.collect()));
    }
    let selector = |field| peer.get(field).map(|selector| Selector::of_label_selector(Some(selector)));
    Some(Peer::Pods(selector("namespaceSelector"), selector("podSelector").unwrap_or_default()))
}

fn read_port(port: &Value) -> Port {
    let number = |field| tree::int(port, field).and_then(|n| u16::try_from(n).ok());
    let target = match port.get("port") {
        Some(Value::String(name)) => Some(Target::Name(name.as_str().into())),
        _ => number("port").map(|first| Target::Numbers(first, number("endPort").unwrap_or(first))),
    };
    let protocol = Some(tree::str(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    Port { protocol: protocol.into(), target }
}

/// Without `policyTypes` a policy isolates for ingress, and for egress when it has rules for it.
fn defaults(policy: &mut Value) {
    for rules in ["spec.ingress", "spec.egress"] {
        for rule in tree::list_mut(policy, rules) {
            for port in tree::list_mut(rule, "ports") {
                tree::default(port, "protocol", "TCP");
            }
        }
    }
    if tree::list(policy, "spec.policyTypes").is_empty() {
        let egress = (!tree::list(policy, "spec.egress").is_empty()).then_some("Egress");
        let types: Vec<&str> = std::iter::once("Ingress").chain(egress).collect();
        tree::set(policy, "spec.policyTypes", json!(types));
    }
    tree::default(policy, "spec.podSelector", json!({}));
}

/// A label selector in one line, as kubectl prints it: `a=b,c in (d,e)`; `<none>` when it selects everything.
pub fn selector_text(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return "<none>".into() };
    let mut parts: Vec<String> =
        tree::pairs(selector, "matchLabels").map(|(key, value)| format!("{key}={value}")).collect();
    for expression in tree::list(selector, "matchExpressions") {
        let key = tree::str(expression, "key");
        let values: Vec<&str> = tree::list(expression, "values").iter().filter_map(Value::as_str).collect();
        parts.push(match tree::str(expression, "operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_string(),
            _ => format!("!{key}"),
        });
    }
    if parts.is_empty() { "<none>".into() } else { parts.join(",") }
}
