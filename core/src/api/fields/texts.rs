//! What fields are for, in this project's own words, and which values they may have. Knows no layout.

use super::Shape;
use crate::base::FlatMap;
use std::sync::LazyLock;

static TEXT: &str = include_str!("texts.txt");

/// By struct, or by struct and field: `Service`, `ServiceSpec.ports`.
static TEXTS: LazyLock<FlatMap<&'static str, &'static str>> =
    LazyLock::new(|| TEXT.lines().filter_map(|line| line.split_once(": ")).collect());

/// The values of upstream's types of words, in order.
const VALUES: &[(&str, &[&str])] = &[
    ("v1.AddressType", &["FQDN", "IPv4", "IPv6"]),
    ("v1.DNSPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("v1.DeploymentStrategyType", &["Recreate", "RollingUpdate"]),
    ("v1.IPFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]),
    ("v1.NamespacePhase", &["Active", "Terminating"]),
    ("v1.PodManagementPolicyType", &["OrderedReady", "Parallel"]),
    ("v1.PodPhase", &["Failed", "Pending", "Running", "Succeeded", "Unknown"]),
    ("v1.PodQOSClass", &["BestEffort", "Burstable", "Guaranteed"]),
    ("v1.Protocol", &["SCTP", "TCP", "UDP"]),
    ("v1.PullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("v1.RestartPolicy", &["Always", "Never", "OnFailure"]),
    ("v1.ServiceAffinity", &["ClientIP", "None"]),
    ("v1.ServiceExternalTrafficPolicy", &["Cluster", "Local"]),
    ("v1.ServiceInternalTrafficPolicy", &["Cluster", "Local"]),
    ("v1.ServiceType", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ("v1.TaintEffect", &["NoExecute", "NoSchedule", "PreferNoSchedule"]),
    ("v1.URIScheme", &["HTTP", "HTTPS"]),
];

/// The values that a type allows; none when it allows any.
pub fn values(shape: &Shape) -> &'static [&'static str] {
    let Shape::Text(name) = shape else { return &[] };
    VALUES.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
}

/// What a struct is; empty when nothing is written of it.
pub fn of_struct(shape: &Shape) -> &'static str {
    TEXTS.get(shape.struct_name()).copied().unwrap_or_default()
}

/// What a field is for; empty when nothing is written of it.
pub fn of_field(parent: &Shape, name: &str) -> &'static str {
    let own = format!("{}.{name}", parent.struct_name());
    let any = format!("*.{name}");
    TEXTS.get(own.as_str()).or_else(|| TEXTS.get(any.as_str())).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fields;

    #[test]
    fn every_text_is_about_a_field_that_exists() {
        let structs: Vec<Shape> = fields::structs().collect();
        for name in TEXTS.keys() {
            let (of, field) = name.split_once('.').unwrap_or((name, ""));
            let mut fitting = structs.iter().filter(|shape| of == "*" || shape.struct_name() == of);
            let exists = fitting.any(|shape| field.is_empty() || shape.field(field).is_some());
            assert!(exists, "{name}");
        }
    }
}
