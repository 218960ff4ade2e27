//! What the API server warns of in a Service.
//!
//! Models: `pkg/api/service/warnings.go`. Omits: addresses in unusual spellings.

use super::is_headless;
use crate::api::Object;

/// The warnings of a Service.
pub fn warnings(service: &Object, _old: Option<&Object>) -> Vec<String> {
    let mut all = Vec::new();
    if service.annotation("service.kubernetes.io/topology-aware-hints").is_some() {
        all.push(
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use \
             service.kubernetes.io/topology-mode instead"
                .to_string(),
        );
    }
    let external_ips = !service.list("spec.externalIPs").is_empty();
    if is_headless(service) {
        let ignored = [
            ("spec.loadBalancerIP", !service.str("spec.loadBalancerIP").is_empty()),
            ("spec.externalIPs", external_ips),
            ("spec.SessionAffinity", service.str("spec.sessionAffinity") != "None"),
        ];
        for (field, _) in ignored.into_iter().filter(|(_, is_set)| *is_set) {
            all.push(format!("{field} is ignored for headless services"));
        }
    }
    let is_name = service.str("spec.type") == "ExternalName";
    if is_name && external_ips {
        all.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if !is_name && !service.str("spec.externalName").is_empty() {
        all.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if service.str("spec.trafficDistribution") == "PreferClose" {
        all.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".into());
    }
    all
}
