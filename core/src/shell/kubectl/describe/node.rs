//! The page of a Node. Models: kubectl `pkg/describe/describe.go` describeNode.

use super::page::{Page, or_none, plain, rfc1123};
use super::{Subject, events};
use crate::api::{age, lease, pod, tree};
use crate::shell::kubectl::client;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes it.
pub fn node(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    let path = client::path(&lease::LEASE, "kube-node-lease", subject.name());
    let lease = io.http(client::get(&path, &[], client::TYPED))?;
    let fields = format!("spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded", subject.name());
    let path = client::path(&pod::POD, "", "");
    let query = [("fieldSelector", fields.as_str()), ("limit", "500")];
    let pods = io.http(client::get(&path, &query, client::TYPED))?;
    heading(subject, page);
    page.line(0, "Lease:");
    let text = |path: &str| Some(tree::str(&lease.json, path)).filter(|text| !text.is_empty());
    page.field(1, "HolderIdentity", text("spec.holderIdentity").unwrap_or("<unset>"));
    for (title, path) in [("AcquireTime", "spec.acquireTime"), ("RenewTime", "spec.renewTime")] {
        page.field(1, title, &text(path).map_or("<unset>".to_string(), rfc1123));
    }
    conditions(subject, page);
    status(subject, page);
    self::pods(io, subject, page, tree::list(&pods.json, "items"));
    // Events of nodes name the node as their uid.
    let fields = format!(
        "involvedObject.kind=Node,involvedObject.name={},involvedObject.namespace=,involvedObject.uid={}",
        subject.name(),
        subject.name()
    );
    if subject.shows_events { events::events_by(io, "", &fields, page) } else { Ok(()) }
}

fn heading(subject: &Subject, page: &mut Page) {
    let tree = &subject.tree;
    page.field(0, "Name", subject.name());
    let labels = tree::pairs(tree, "metadata.labels");
    let roles: Vec<&str> =
        labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    page.field(0, "Roles", or_none(&roles.join(",")));
    page.labels("Labels", tree::map(tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(tree, "metadata.annotations"));
    page.field(0, "CreationTimestamp", &rfc1123(subject.str("metadata.creationTimestamp")));
    let taint = |taint: &Value| {
        let value = match tree::str(taint, "value") {
            "" => String::new(),
            value => format!("={value}"),
        };
        format!("{}{value}:{}", tree::str(taint, "key"), tree::str(taint, "effect"))
    };
    let taints: Vec<String> = tree::list(tree, "spec.taints").iter().map(taint).collect();
    page.field(0, "Taints", or_none(&taints.join("\n\t")));
    page.field(0, "Unschedulable", &tree::bool(tree, "spec.unschedulable").unwrap_or(false).to_string());
}

fn conditions(subject: &Subject, page: &mut Page) {
    let conditions = tree::list(&subject.tree, "status.conditions");
    if conditions.is_empty() {
        return;
    }
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in conditions {
        let text = |path| tree::str(condition, path);
        let (beat, change) = (rfc1123(text("lastHeartbeatTime")), rfc1123(text("lastTransitionTime")));
        let (kind, status) = (text("type"), text("status"));
        page.line(
            1,
            &format!("{kind} \t{status} \t{beat} \t{change} \t{} \t{} ", text("reason"), text("message")),
        );
    }
}

fn status(subject: &Subject, page: &mut Page) {
    let tree = &subject.tree;
    page.line(0, "Addresses:");
    for address in tree::list(tree, "status.addresses") {
        page.field(1, tree::str(address, "type"), tree::str(address, "address"));
    }
    for (title, path) in [("Capacity", "status.capacity"), ("Allocatable", "status.allocatable")] {
        if let Some(map) = tree::map(tree, path).filter(|map| !map.is_empty()) {
            page.line(0, &format!("{title}:"));
            for (name, quantity) in map {
                page.field(1, name, &plain(quantity));
            }
        }
    }
    page.line(0, "System Info:");
    const INFO: &[(&str, &str)] = &[
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ];
    for (title, field) in INFO {
        page.field(1, title, tree::str(tree, &format!("status.nodeInfo.{field}")));
    }
    page.field(1, "Kube-Proxy Version", subject.str("status.nodeInfo.kubeProxyVersion"));
    if !subject.str("spec.podCIDR").is_empty() {
        page.field(0, "PodCIDR", subject.str("spec.podCIDR"));
        let all: Vec<&str> = tree::list(tree, "spec.podCIDRs").iter().filter_map(Value::as_str).collect();
        page.field(0, "PodCIDRs", &all.join(","));
    }
    page.field_if(0, "ProviderID", subject.str("spec.providerID"));
}

/// Amounts of a resource: thousandths of a core, or bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    cpu_requests: i64,
    cpu_limits: i64,
    memory_requests: i64,
    memory_limits: i64,
}

fn pods(io: &Io<'_, '_, '_>, subject: &Subject, page: &mut Page, pods: &[Value]) {
    let total = |path: &str| tree::get(&subject.tree, path).map(plain).unwrap_or_default();
    let cpu = quantity(&total("status.allocatable.cpu"), 1000);
    let memory = quantity(&total("status.allocatable.memory"), 1);
    let of_cpu = |amount| format!("{} ({}%)", cores(amount), percent(amount, cpu));
    let of_memory = |amount| format!("{} ({}%)", bytes(amount), percent(amount, memory));
    page.line(0, &format!("Non-terminated Pods:\t({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let mut sum = Amounts::default();
    for pod in pods {
        let own = amounts(pod);
        sum.cpu_requests += own.cpu_requests;
        sum.cpu_limits += own.cpu_limits;
        sum.memory_requests += own.memory_requests;
        sum.memory_limits += own.memory_limits;
        page.line(
            1,
            &format!(
                "{}\t{}\t\t{}\t{}\t{}\t{}\t{}",
                tree::str(pod, "metadata.namespace"),
                tree::str(pod, "metadata.name"),
                of_cpu(own.cpu_requests),
                of_cpu(own.cpu_limits),
                of_memory(own.memory_requests),
                of_memory(own.memory_limits),
                age::since(tree::str(pod, "metadata.creationTimestamp"), io.now())
            ),
        );
    }
    page.line(0, "Allocated resources:");
    page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    page.line(1, &format!("cpu\t{}\t{}", of_cpu(sum.cpu_requests), of_cpu(sum.cpu_limits)));
    page.line(1, &format!("memory\t{}\t{}", of_memory(sum.memory_requests), of_memory(sum.memory_limits)));
    page.line(1, "ephemeral-storage\t0 (0%)\t0 (0%)");
}

fn amounts(pod: &Value) -> Amounts {
    let sum = |path: &str, scale: i64| -> i64 {
        let of =
            |container: &Value| tree::get(container, path).map_or(0, |value| quantity(&plain(value), scale));
        tree::list(pod, "spec.containers").iter().map(of).fold(0, i64::saturating_add)
    };
    Amounts {
        cpu_requests: sum("resources.requests.cpu", 1000),
        cpu_limits: sum("resources.limits.cpu", 1000),
        memory_requests: sum("resources.requests.memory", 1),
        memory_limits: sum("resources.limits.memory", 1),
    }
}

/// A quantity times a scale, rounded down; 0 when it is none.
fn quantity(text: &str, scale: i64) -> i64 {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let thousandths: i64 = format!("{:0<3.3}", fraction).parse().unwrap_or(0);
    let milli = whole.parse::<i64>().unwrap_or(0).saturating_mul(1000).saturating_add(thousandths);
    let factor: i64 = match suffix {
        "m" => return milli.saturating_mul(scale) / 1_000_000,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => 1,
    };
    milli.saturating_mul(scale) / 1000 * factor
}

fn percent(amount: i64, of: i64) -> i64 {
    if of == 0 { 0 } else { amount.saturating_mul(100) / of }
}

fn cores(milli: i64) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

fn bytes(amount: i64) -> String {
    for (unit, size) in [("Gi", 1_i64 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if amount != 0 && amount % size == 0 {
            return format!("{}{unit}", amount / size);
        }
    }
    amount.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    // By the rules of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
    #[test]
    fn quantities_are_read() {
        assert_eq!(quantity("100m", 1000), 100);
        assert_eq!(quantity("1.5", 1000), 1500);
        assert_eq!(quantity("2", 1000), 2000);
        assert_eq!(quantity("70Mi", 1), 70 << 20);
        assert_eq!((cores(250), cores(2000), bytes(70 << 20)), ("250m".into(), "2".into(), "70Mi".into()));
    }
}
