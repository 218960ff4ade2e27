//! What is wrong with a Service, in the order in which the API server looks.
//!
//! Models: ValidateService and ValidateServiceUpdate in `pkg/apis/core/validation/validation.go`.

pub(in crate::api) mod ports;
mod update;

use super::{HEADLESS, cluster_ips};
use crate::api::{FieldError, Object, addresses, names, tree};
use serde_json::{Value, json};

/// What is said of a field that only load balancers have.
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";
/// The annotation that the field `loadBalancerSourceRanges` has replaced.
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
/// Two annotations with one meaning.
const TOPOLOGY: (&str, &str) =
    ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints");

/// The problems of a Service.
pub fn problems(service: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = old.map(|old| update::problems(service, old)).unwrap_or_default();
    let tree = service.tree();
    topology(service, &mut wrong);
    by_type(service, &mut wrong);
    ports::each(tree, &mut wrong);
    wrong.extend(names::label_problems(service.get("spec.selector"), "spec.selector"));
    affinity(service, &mut wrong);
    wrong.extend(cluster_ips::problems(tree));
    external_ips(service, &mut wrong);
    let kind = service.str("spec.type");
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !kinds.contains(&kind) {
        wrong.push(FieldError::not_supported("spec.type", kind, &kinds));
    }
    ports::together(tree, kind, &mut wrong);
    load_balancer(service, &mut wrong);
    policies(service, &mut wrong);
    wrong
}

/// Whether the addresses say that there are none.
pub(super) fn is_headless(service: &Value) -> bool {
    tree::list(service, "spec.clusterIPs") == [json!(HEADLESS)]
}

fn topology(service: &Object, wrong: &mut Vec<FieldError>) {
    let (mode, hints) = TOPOLOGY;
    if let (Some(value), Some(other)) = (service.annotation(mode), service.annotation(hints))
        && value != other
    {
        let words = format!("must match annotations[{hints}] when both are specified");
        wrong.push(FieldError::invalid(format!("metadata.annotations[{mode}]"), &json!(value), words));
    }
}

fn by_type(service: &Object, wrong: &mut Vec<FieldError>) {
    const KUBELET: i64 = 10_250;
    let kind = service.str("spec.type");
    let ports = service.list("spec.ports");
    let headless = is_headless(service.tree());
    if ports.is_empty() && !headless && kind != "ExternalName" {
        wrong.push(FieldError::required("spec.ports", ""));
    }
    if kind == "LoadBalancer" {
        for (i, port) in ports.iter().enumerate() {
            if tree::int(port, "port") == Some(KUBELET) {
                let words = format!("may not expose port {KUBELET} externally since it is used by kubelet");
                wrong.push(FieldError::invalid(format!("spec.ports[{i}]"), &json!(KUBELET), words));
            }
        }
    }
    if headless && matches!(kind, "LoadBalancer" | "NodePort") {
        let words = format!("may not be set to 'None' for {kind} services");
        wrong.push(FieldError::invalid("spec.clusterIPs[0]", &json!(HEADLESS), words));
    }
    if kind == "ExternalName" {
        external_name(service, wrong);
    }
}

fn external_name(service: &Object, wrong: &mut Vec<FieldError>) {
    for path in ["spec.clusterIPs", "spec.ipFamilies", "spec.ipFamilyPolicy"] {
        if service.get(path).is_some_and(|value| *value != json!([])) {
            wrong.push(FieldError::forbidden(path, "may not be set for ExternalName services"));
        }
    }
    let name = service.str("spec.externalName");
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        wrong.push(FieldError::required("spec.externalName", ""));
        return;
    }
    for words in names::dns1123_subdomain(name) {
        wrong.push(FieldError::invalid("spec.externalName", &json!(name), words));
    }
}

fn affinity(service: &Object, wrong: &mut Vec<FieldError>) {
    const LONGEST: i64 = 86_400;
    let affinity = service.str("spec.sessionAffinity");
    if !matches!(affinity, "ClientIP" | "None") {
        wrong.push(FieldError::not_supported("spec.sessionAffinity", affinity, &["ClientIP", "None"]));
    }
    let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
    if affinity == "ClientIP"
        && let Some(seconds) = service.int(path)
        && !(1..=LONGEST).contains(&seconds)
    {
        let words = format!("must be greater than 0 and less than {LONGEST}");
        wrong.push(FieldError::invalid(path, &json!(seconds), words));
    }
}

fn external_ips(service: &Object, wrong: &mut Vec<FieldError>) {
    for (i, ip) in service.list("spec.externalIPs").iter().enumerate() {
        let path = format!("spec.externalIPs[{i}]");
        match addresses::ip(ip, &path) {
            Ok(ip) => wrong.extend(addresses::special(ip, &path)),
            Err(error) => wrong.push(error),
        }
    }
}

fn load_balancer(service: &Object, wrong: &mut Vec<FieldError>) {
    let is_balancer = service.str("spec.type") == "LoadBalancer";
    let ranges = service.list("spec.loadBalancerSourceRanges");
    if !ranges.is_empty() {
        let path = "spec.LoadBalancerSourceRanges";
        if !is_balancer {
            wrong.push(FieldError::forbidden(path, ONLY_LOAD_BALANCER));
        }
        for (i, range) in ranges.iter().enumerate() {
            let text = range.as_str().unwrap_or_default().trim();
            wrong.extend(addresses::cidr_problem(text, &format!("{path}[{i}]")));
        }
    } else if let Some(text) = service.annotation(SOURCE_RANGES) {
        let path = format!("metadata.annotations[{SOURCE_RANGES}]");
        if !is_balancer {
            wrong.push(FieldError::forbidden(path.as_str(), ONLY_LOAD_BALANCER));
        }
        let texts = text.trim().split(',').map(str::trim);
        let texts = texts.filter(|_| !text.trim().is_empty());
        wrong.extend(texts.filter_map(|text| addresses::cidr_problem(text, &path)));
    }
    if !is_balancer && service.bool("spec.allocateLoadBalancerNodePorts").is_some() {
        wrong.push(FieldError::forbidden("spec.allocateLoadBalancerNodePorts", ONLY_LOAD_BALANCER));
    }
    if let Some(class) = service.get("spec.loadBalancerClass") {
        if is_balancer {
            for words in names::qualified_name(class.as_str().unwrap_or_default()) {
                wrong.push(FieldError::invalid("spec.loadBalancerClass", class, words));
            }
        } else {
            wrong.push(FieldError::forbidden("spec.loadBalancerClass", ONLY_LOAD_BALANCER));
        }
    }
}

fn policies(service: &Object, wrong: &mut Vec<FieldError>) {
    const EXTERNAL: &str = "spec.externalTrafficPolicy";
    const INTERNAL: &str = "spec.internalTrafficPolicy";
    const HEALTH: &str = "spec.healthCheckNodePort";
    let kind = service.str("spec.type");
    let policy = service.str(EXTERNAL);
    let accessible = matches!(kind, "NodePort" | "LoadBalancer")
        || kind == "ClusterIP" && !service.list("spec.externalIPs").is_empty();
    if !accessible && !policy.is_empty() {
        let words = "may only be set for externally-accessible services";
        wrong.push(FieldError::invalid(EXTERNAL, &json!(policy), words));
    } else if accessible && !matches!(policy, "Cluster" | "Local") {
        wrong.push(FieldError::not_supported(EXTERNAL, policy, &["Cluster", "Local"]));
    }
    let health = service.int(HEALTH).unwrap_or(0);
    if health != 0 && !(kind == "LoadBalancer" && policy == "Local") {
        let words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        wrong.push(FieldError::invalid(HEALTH, &json!(health), words));
    }
    let policy = service.str(INTERNAL);
    if matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer") && !matches!(policy, "Cluster" | "Local") {
        wrong.push(FieldError::not_supported(INTERNAL, policy, &["Cluster", "Local"]));
    }
    let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    let distribution = service.get("spec.trafficDistribution").and_then(Value::as_str);
    if let Some(distribution) = distribution.filter(|d| !known.contains(d)) {
        wrong.push(FieldError::not_supported("spec.trafficDistribution", distribution, &known));
    }
}
