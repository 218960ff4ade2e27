//! The page of a NetworkPolicy. Models: kubectl `pkg/describe/describe.go` NetworkPolicyDescriber.

use super::Subject;
use super::page::Page;
use crate::api::network_policy::selector_text;
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes it.
pub fn network_policy(_: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    let created = subject.str("metadata.creationTimestamp").replace('T', " ");
    page.field(0, "Created on", &format!("{} +0000 UTC", created.trim_end_matches('Z')));
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.line(0, "Spec:");
    let pods = match selector_text(tree::get(tree, "spec.podSelector")) {
        all if all == "<none>" => {
            "<none> (Allowing the specific traffic to all pods in this namespace)".into()
        }
        selector => selector,
    };
    page.line(1, &format!("PodSelector:     {pods}"));
    let types: Vec<&str> = tree::list(tree, "spec.policyTypes").iter().filter_map(Value::as_str).collect();
    for (kind, way, field) in [("Ingress", "ingress", "spec.ingress"), ("Egress", "egress", "spec.egress")] {
        if types.contains(&kind) {
            page.line(1, &format!("Allowing {way} traffic:"));
            rules(page, tree::list(tree, field), way == "ingress");
        } else {
            page.line(1, &format!("Not affecting {way} traffic"));
        }
    }
    page.line(1, &format!("Policy Types: {}", types.join(", ")));
    Ok(())
}

fn rules(page: &mut Page, rules: &[Value], ingress: bool) {
    let way = if ingress { "ingress" } else { "egress" };
    if rules.is_empty() {
        page.line(2, &format!("<none> (Selected pods are isolated for {way} connectivity)"));
    }
    let (peers, title, end) = if ingress { ("from", "From", "source") } else { ("to", "To", "destination") };
    for (i, rule) in rules.iter().enumerate() {
        let ports = tree::list(rule, "ports");
        if ports.is_empty() {
            page.line(2, "To Port: <any> (traffic allowed to all ports)");
        }
        for port in ports {
            let number = match port.get("port") {
                Some(Value::String(name)) => name.clone(),
                Some(number) => number.to_string(),
                None => "<nil>".into(),
            };
            let protocol = Some(tree::str(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
            page.line(
                2,
                &match tree::int(port, "endPort") {
                    Some(end) => format!("To Port Range: {number}-{end}/{protocol}"),
                    None => format!("To Port: {number}/{protocol}"),
                },
            );
        }
        let list = tree::list(rule, peers);
        if list.is_empty() {
            page.line(2, &format!("{title}: <any> (traffic not restricted by {end})"));
        }
        for peer in list {
            page.line(2, &format!("{title}:"));
            self::peer(page, peer);
        }
        if i + 1 < rules.len() {
            page.line(2, "----------");
        }
    }
}

fn peer(page: &mut Page, peer: &Value) {
    for (field, title) in [("namespaceSelector", "NamespaceSelector"), ("podSelector", "PodSelector")] {
        if let Some(selector) = peer.get(field) {
            page.line(3, &format!("{title}: {}", selector_text(Some(selector))));
        }
    }
    if let Some(block) = peer.get("ipBlock") {
        let except: Vec<&str> = tree::list(block, "except").iter().filter_map(Value::as_str).collect();
        page.line(3, "IPBlock:");
        page.line(4, &format!("CIDR: {}", tree::str(block, "cidr")));
        page.line(4, &format!("Except: {}", except.join(", ")));
    }
}
