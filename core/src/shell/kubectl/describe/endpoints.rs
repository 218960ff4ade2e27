//! The page of an Endpoints object. Models: kubectl `pkg/describe/describe.go` describeEndpoints.

use super::page::{Page, or_none, or_unset};
use super::{Subject, events};
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};

/// Writes it.
pub fn endpoints(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.line(0, "Subsets:");
    for subset in tree::list(tree, "subsets") {
        let addresses = |path: &str| {
            let all: Vec<&str> =
                tree::list(subset, path).iter().map(|address| tree::str(address, "ip")).collect();
            all.join(",")
        };
        page.field(1, "Addresses", or_none(&addresses("addresses")));
        page.field(1, "NotReadyAddresses", or_none(&addresses("notReadyAddresses")));
        let ports = tree::list(subset, "ports");
        if !ports.is_empty() {
            page.line(1, "Ports:");
            page.line(2, "Name\tPort\tProtocol");
            page.line(2, "----\t----\t--------");
        }
        for port in ports {
            let (name, number) = (or_unset(tree::str(port, "name")), tree::int(port, "port").unwrap_or(0));
            page.line(2, &format!("{name}\t{number}\t{}", tree::str(port, "protocol")));
        }
        page.line(0, "");
    }
    events::events(io, subject, page)
}
