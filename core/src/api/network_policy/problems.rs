//! What is wrong with a NetworkPolicy. Models: `pkg/apis/networking/validation/validation.go` (ValidateNetworkPolicySpec).

use crate::api::{FieldError, Object, addresses, names, tree};
use ipnet::IpNet;
use serde_json::{Value, json};

/// All problems, in upstream's order.
pub fn problems(policy: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = selector(policy.get("spec.podSelector"), "spec.podSelector");
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in policy.list(&format!("spec.{field}")).iter().enumerate() {
            let path = format!("spec.{field}[{i}]");
            for (n, one) in tree::list(rule, "ports").iter().enumerate() {
                port(one, &format!("{path}.ports[{n}]"), &mut wrong);
            }
            for (n, one) in tree::list(rule, peers).iter().enumerate() {
                peer(one, &format!("{path}.{peers}[{n}]"), &mut wrong);
            }
        }
    }
    let types = policy.list("spec.policyTypes");
    if types.len() > 2 {
        let words = "may not specify more than two policyTypes";
        wrong.push(FieldError::invalid("spec.policyTypes", &json!(types), words));
        return wrong;
    }
    let unknown = types.iter().enumerate().filter_map(|(i, kind)| Some((i, kind.as_str()?)));
    let unknown = unknown.filter(|(_, kind)| !matches!(*kind, "Ingress" | "Egress"));
    wrong.extend(unknown.map(|(i, kind)| {
        FieldError::not_supported(format!("spec.policyTypes[{i}]"), kind, &["Egress", "Ingress"])
    }));
    wrong
}

fn selector(selector: Option<&Value>, path: &str) -> Vec<FieldError> {
    let Some(selector) = selector else { return Vec::new() };
    names::label_problems(selector.get("matchLabels"), &format!("{path}.matchLabels"))
}

fn port(port: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let protocol = tree::str(port, "protocol");
    if !matches!(protocol, "" | "TCP" | "UDP" | "SCTP") {
        wrong.push(FieldError::not_supported(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]));
    }
    let end = tree::int(port, "endPort");
    match port.get("port") {
        Some(Value::String(name)) => {
            if end.is_some() {
                let words = "may not be specified when `port` is non-numeric";
                wrong.push(FieldError::forbidden(format!("{path}.endPort"), words));
            }
            let problems = names::port_name(name).into_iter();
            wrong.extend(
                problems.map(|words| FieldError::invalid(format!("{path}.port"), &json!(name), words)),
            );
        }
        Some(value) => {
            let number = value.as_i64().unwrap_or_default();
            if let Some(words) = names::port_number(number) {
                wrong.push(FieldError::invalid(format!("{path}.port"), value, words));
            }
            if let Some(end) = end {
                let at = format!("{path}.endPort");
                if end < number {
                    let words = "must be greater than or equal to `port`";
                    wrong.push(FieldError::invalid(at.as_str(), &json!(end), words));
                }
                if let Some(words) = names::port_number(end) {
                    wrong.push(FieldError::invalid(at, &json!(end), words));
                }
            }
        }
        None if end.is_some() => {
            let words = "may not be specified when `port` is not specified";
            wrong.push(FieldError::forbidden(format!("{path}.endPort"), words));
        }
        None => {}
    }
}

fn peer(peer: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let selectors = ["podSelector", "namespaceSelector"];
    for field in selectors {
        wrong.extend(selector(peer.get(field), &format!("{path}.{field}")));
    }
    let has_selector = selectors.iter().any(|field| peer.get(field).is_some());
    if let Some(block) = peer.get("ipBlock") {
        ip_block(block, &format!("{path}.ipBlock"), wrong);
        if has_selector {
            wrong.push(FieldError::forbidden(path, "may not specify both ipBlock and another peer"));
        }
    } else if !has_selector {
        wrong.push(FieldError::required(path, "must specify a peer"));
    }
}

fn ip_block(block: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let cidr = tree::str(block, "cidr");
    if cidr.is_empty() {
        return wrong.push(FieldError::required(format!("{path}.cidr"), ""));
    }
    wrong.extend(addresses::cidr_problem(cidr, &format!("{path}.cidr")));
    let Ok(whole) = cidr.parse::<IpNet>() else { return };
    for (n, except) in tree::list(block, "except").iter().enumerate() {
        let at = format!("{path}.except[{n}]");
        let text = except.as_str().unwrap_or_default();
        if let Some(problem) = addresses::cidr_problem(text, &at) {
            wrong.push(problem);
            continue;
        }
        let is_within = text
            .parse::<IpNet>()
            .is_ok_and(|part| whole.contains(&part) && part.prefix_len() > whole.prefix_len());
        if !is_within {
            wrong.push(FieldError::invalid(at, except, "must be a strict subset of `cidr`"));
        }
    }
}
