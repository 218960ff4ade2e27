//! The page of an EndpointSlice. Models: kubectl `pkg/describe/describe.go` describeEndpointSliceV1.

use super::page::{Page, or_unset};
use super::{Subject, events};
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes it.
pub fn endpoint_slice(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.field(0, "AddressType", subject.str("addressType"));
    ports(page, tree::list(tree, "ports"));
    let endpoints = tree::list(tree, "endpoints");
    page.line(0, if endpoints.is_empty() { "Endpoints: <none>" } else { "Endpoints:" });
    for endpoint in endpoints {
        self::endpoint(page, endpoint);
    }
    events::events(io, subject, page)
}

fn ports(page: &mut Page, ports: &[Value]) {
    if ports.is_empty() {
        page.line(0, "Ports: <unset>");
        return;
    }
    page.line(0, "Ports:");
    page.line(1, "Name\tPort\tProtocol");
    page.line(1, "----\t----\t--------");
    for port in ports {
        let number = tree::int(port, "port").map_or("<unset>".to_string(), |number| number.to_string());
        page.line(
            1,
            &format!("{}\t{number}\t{}", or_unset(tree::str(port, "name")), tree::str(port, "protocol")),
        );
    }
}

fn endpoint(page: &mut Page, endpoint: &Value) {
    let addresses: Vec<&str> = tree::list(endpoint, "addresses").iter().filter_map(Value::as_str).collect();
    page.field(1, "- Addresses", &addresses.join(", "));
    page.line(2, "Conditions:");
    let ready =
        tree::bool(endpoint, "conditions.ready").map_or("<unset>".to_string(), |ready| ready.to_string());
    page.field(3, "Ready", &ready);
    page.field(2, "Hostname", or_unset(tree::str(endpoint, "hostname")));
    if let Some(target) = tree::get(endpoint, "targetRef") {
        page.field(2, "TargetRef", &format!("{}/{}", tree::str(target, "kind"), tree::str(target, "name")));
    }
    page.field(2, "NodeName", or_unset(tree::str(endpoint, "nodeName")));
    page.field(2, "Zone", or_unset(tree::str(endpoint, "zone")));
}
