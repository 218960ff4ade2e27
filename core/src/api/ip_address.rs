//! IPAddress: the record that a cluster IP is taken, and by whom.
//!
//! Models: `pkg/apis/networking/validation` (ValidateIPAddress), printIPAddress.

use super::kinds::{column, name};
use super::names::NameRule;
use super::{FieldError, Kind, Object, age, tree};
use serde_json::json;
use std::net::IpAddr;

/// The kind.
pub static IP_ADDRESS: Kind = Kind {
    kind: "IPAddress",
    group: "networking.k8s.io",
    plural: "ipaddresses",
    singular: "ipaddress",
    short: &["ip"],
    namespaced: false,
    name_rule: NameRule::Ip,
    problems,
    columns: &[
        column("Name", name),
        column("ParentRef", |object, _| parent(object)),
        column("Age", age::cell),
    ],
    ..Kind::PLAIN
};

/// The record of an address that the API server gave to a Service.
pub fn of_service(ip: IpAddr, namespace: &str, service: &str) -> Object {
    let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
    let tree = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
        "metadata": { "name": ip.to_string(), "labels": {
            "ipaddress.kubernetes.io/ip-family": family,
            "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        } },
        "spec": { "parentRef": {
            "group": "", "resource": "services", "namespace": namespace, "name": service,
        } },
    });
    Object::new(&IP_ADDRESS, tree)
}

/// `services/default/kubernetes`
fn parent(object: &Object) -> String {
    let field = |field: &str| object.str(&format!("spec.parentRef.{field}"));
    let resource = match field("group") {
        "" => field("resource").to_string(),
        group => format!("{}.{group}", field("resource")),
    };
    let parts = [resource.as_str(), field("namespace"), field("name")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn problems(object: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let reference = object.get("spec.parentRef");
    let Some(reference) = reference else { return vec![FieldError::required("spec.parentRef", "")] };
    if let Some(old) = old {
        return match old.get("spec.parentRef") == Some(reference) {
            true => Vec::new(),
            false => vec![FieldError::invalid("spec.parentRef", reference, "field is immutable")],
        };
    }
    let missing = ["resource", "name"].into_iter().filter(|field| tree::str(reference, field).is_empty());
    missing.map(|field| FieldError::required(format!("spec.parentRef.{field}"), "")).collect()
}
