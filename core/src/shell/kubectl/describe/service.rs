//! The page of a Service. Models: kubectl `pkg/describe/describe.go` describeService.

use super::page::{Page, label_list, or_unset};
use super::{Subject, events};
use crate::api::{endpoint_slice, tree};
use crate::shell::kubectl::client;
use crate::shell::kubectl::jsonpath::text_of;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes it.
pub fn service(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let path = client::path(&endpoint_slice::ENDPOINT_SLICE, subject.namespace(), "");
    let label = format!("kubernetes.io/service-name={}", subject.name());
    let slices = io.http(client::get(&path, &[("labelSelector", label.as_str())], client::TYPED))?;
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.field(0, "Selector", &label_list(tree::map(tree, "spec.selector")));
    page.field(0, "Type", subject.str("spec.type"));
    page.field_if(0, "IP Family Policy", subject.str("spec.ipFamilyPolicy"));
    page.field(0, "IP Families", &joined(tree, "spec.ipFamilies").unwrap_or("<none>".into()));
    page.field(0, "IP", subject.str("spec.clusterIP"));
    page.field(0, "IPs", &joined(tree, "spec.clusterIPs").unwrap_or("<none>".into()));
    page.field_if(0, "External IPs", &joined(tree, "spec.externalIPs").unwrap_or_default());
    page.field_if(0, "Desired LoadBalancer IP", subject.str("spec.loadBalancerIP"));
    page.field_if(0, "External Name", subject.str("spec.externalName"));
    page.field_if(0, "LoadBalancer Ingress", &ingress(tree));
    for port in tree::list(tree, "spec.ports") {
        self::port(page, port, tree::list(&slices.json, "items"));
    }
    page.field(0, "Session Affinity", subject.str("spec.sessionAffinity"));
    page.field_if(0, "External Traffic Policy", subject.str("spec.externalTrafficPolicy"));
    page.field_if(0, "Internal Traffic Policy", subject.str("spec.internalTrafficPolicy"));
    if let Some(port) = tree::int(tree, "spec.healthCheckNodePort").filter(|port| *port != 0) {
        page.field(0, "HealthCheck NodePort", &port.to_string());
    }
    let ranges = joined(tree, "spec.loadBalancerSourceRanges").unwrap_or_default();
    page.field_if(0, "LoadBalancer Source Ranges", &ranges);
    page.field_if(0, "Traffic Distribution", subject.str("spec.trafficDistribution"));
    events::events(io, subject, page)
}

fn joined(tree: &Value, path: &str) -> Option<String> {
    let parts: Vec<&str> = tree::list(tree, path).iter().filter_map(Value::as_str).collect();
    if parts.is_empty() { None } else { Some(parts.join(",")) }
}

fn ingress(tree: &Value) -> String {
    let entry = |ingress: &Value| match (tree::str(ingress, "ip"), tree::str(ingress, "ipMode")) {
        ("", _) => tree::str(ingress, "hostname").to_string(),
        (ip, "") => format!("{ip} (VIP)"),
        (ip, mode) => format!("{ip} ({mode})"),
    };
    let entries: Vec<String> = tree::list(tree, "status.loadBalancer.ingress").iter().map(entry).collect();
    entries.join(", ")
}

fn port(page: &mut Page, port: &Value, slices: &[Value]) {
    let name = tree::str(port, "name");
    let shown = or_unset(name);
    let protocol = tree::str(port, "protocol");
    page.field(0, "Port", &format!("{shown}\t{}/{protocol}", tree::int(port, "port").unwrap_or(0)));
    let target = port.get("targetPort").map(text_of).unwrap_or_default();
    page.field(0, "TargetPort", &format!("{target}/{protocol}"));
    if let Some(node_port) = tree::int(port, "nodePort").filter(|port| *port != 0) {
        page.field(0, "NodePort", &format!("{shown}\t{node_port}/{protocol}"));
    }
    page.field(0, "Endpoints", &addresses(slices, name));
}

/// The first ready addresses of a port. What is not ready is not listed, but ends the list like what is.
fn addresses(slices: &[Value], port: &str) -> String {
    const MOST: usize = 3;
    if slices.is_empty() {
        return "<none>".to_string();
    }
    let (mut listed, mut count, mut more) = (Vec::new(), 0_usize, false);
    for slice in slices {
        for number in tree::list(slice, "ports").iter().filter(|p| tree::str(p, "name") == port) {
            let number = tree::int(number, "port").unwrap_or(0);
            for endpoint in tree::list(slice, "endpoints") {
                more |= listed.len() == MOST;
                if tree::bool(endpoint, "conditions.ready") == Some(false) {
                    continue;
                }
                count += 1;
                let address =
                    tree::list(endpoint, "addresses").first().and_then(Value::as_str).unwrap_or_default();
                if listed.len() < MOST {
                    let is_v6 = address.contains(':');
                    listed.push(if is_v6 {
                        format!("[{address}]:{number}")
                    } else {
                        format!("{address}:{number}")
                    });
                }
            }
        }
    }
    let end = if more { format!(" + {} more...", count - listed.len()) } else { String::new() };
    listed.join(",") + &end
}
