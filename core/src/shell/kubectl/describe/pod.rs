//! The page of a Pod. Models: kubectl `pkg/describe/describe.go` describePod.

use super::page::{Page, rfc1123};
use super::{Subject, events, replica_set, template};
use crate::api::{age, tree};
use crate::shell::kubectl::script::{Asked, Io};

/// Writes it.
pub fn pod(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    heading(io, subject, page);
    let tree = &subject.tree;
    let init = tree::list(tree, "spec.initContainers");
    if !init.is_empty() {
        template::containers(
            page,
            "Init Containers",
            init,
            tree::list(tree, "status.initContainerStatuses"),
            "",
        );
    }
    let statuses = tree::list(tree, "status.containerStatuses");
    template::containers(page, "Containers", tree::list(tree, "spec.containers"), statuses, "");
    let gates = tree::list(tree, "spec.readinessGates");
    if !gates.is_empty() {
        page.line(0, "Readiness Gates:");
        page.line(1, "Type\tStatus");
        for gate in gates {
            let wanted = tree::str(gate, "conditionType");
            let found = tree::list(tree, "status.conditions").iter().find(|c| tree::str(c, "type") == wanted);
            let status = found.map_or("<none>", |condition| tree::str(condition, "status"));
            page.line(1, &format!("{wanted} \t{status} "));
        }
    }
    let conditions = tree::list(tree, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus");
        for condition in conditions {
            page.line(1, &format!("{} \t{} ", tree::str(condition, "type"), tree::str(condition, "status")));
        }
    }
    template::volumes(page, tree::list(tree, "spec.volumes"), "");
    page.field(
        0,
        "QoS Class",
        Some(subject.str("status.qosClass")).filter(|q| !q.is_empty()).unwrap_or("BestEffort"),
    );
    page.labels("Node-Selectors", tree::map(tree, "spec.nodeSelector"));
    template::tolerations(page, "Tolerations", tree::list(tree, "spec.tolerations"));
    events::events(io, subject, page)
}

fn heading(io: &Io<'_, '_, '_>, subject: &Subject, page: &mut Page) {
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.field(0, "Priority", &tree::int(tree, "spec.priority").unwrap_or(0).to_string());
    page.field_if(0, "Priority Class Name", subject.str("spec.priorityClassName"));
    page.field_if(0, "Service Account", subject.str("spec.serviceAccountName"));
    match subject.str("spec.nodeName") {
        "" => page.field(0, "Node", "<none>"),
        node => page.field(0, "Node", &format!("{node}/{}", subject.str("status.hostIP"))),
    }
    if tree::get(tree, "status.startTime").is_some() {
        page.field(0, "Start Time", &rfc1123(subject.str("status.startTime")));
    }
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    match subject.str("metadata.deletionTimestamp") {
        "" => page.field(0, "Status", subject.str("status.phase")),
        deadline => {
            page.field(0, "Status", &format!("Terminating (lasts {})", age::since(deadline, io.now())));
            let grace = tree::int(tree, "metadata.deletionGracePeriodSeconds").unwrap_or(0);
            page.field(0, "Termination Grace Period", &format!("{grace}s"));
        }
    }
    page.field_if(0, "Reason", subject.str("status.reason"));
    page.field_if(0, "Message", subject.str("status.message"));
    page.field(0, "IP", subject.str("status.podIP"));
    let ips = tree::list(tree, "status.podIPs");
    page.line(0, if ips.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    for ip in ips {
        page.field(1, "IP", tree::str(ip, "ip"));
    }
    replica_set::controlled_by(page, tree);
    page.field_if(0, "NominatedNodeName", subject.str("status.nominatedNodeName"));
}
