//! What is wrong with `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`.
//!
//! Models: ValidateServiceClusterIPsRelatedFields in `pkg/apis/core/validation/validation.go`.

use crate::api::addresses::NOT_AN_IP;
use crate::api::{FieldError, tree};
use serde_json::{Value, json};
use std::net::IpAddr;

/// The problems, given the whole Service.
pub fn problems(service: &Value) -> Vec<FieldError> {
    if tree::str(service, "spec.type") == "ExternalName" {
        return Vec::new();
    }
    let list = tree::list(service, "spec.clusterIPs");
    let whole = json!(list);
    let mut wrong = Vec::new();
    match (tree::str(service, "spec.clusterIP"), list.first()) {
        ("", None) => {}
        ("", Some(_)) => wrong.push(FieldError::invalid(
            "spec.clusterIPs",
            &whole,
            "must be empty when `clusterIP` is not specified",
        )),
        (_, None) => wrong.push(FieldError::required("spec.clusterIPs", "")),
        (ip, Some(first)) if first == ip => {}
        _ => wrong.push(FieldError::invalid("spec.clusterIPs", &whole, "first value must match `clusterIP`")),
    }
    families(service, &mut wrong);
    if addresses(list, &whole, &mut wrong) {
        return wrong;
    }
    if list.len() > 1 && !dual(list) {
        let words = "may specify no more than one IP for each IP family";
        wrong.push(FieldError::invalid("spec.clusterIPs", &whole, words));
    }
    if wrong.is_empty() && list != [json!(super::HEADLESS)] {
        for (i, (ip, family)) in list.iter().zip(tree::list(service, "spec.ipFamilies")).enumerate() {
            let is_v4 = parse(ip).is_some_and(|ip| ip.is_ipv4());
            if let (Some(family), false) = (family.as_str(), (family == "IPv4") == is_v4) {
                let words = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
                wrong.push(FieldError::invalid(format!("spec.clusterIPs[{i}]"), ip, words));
            }
        }
    }
    wrong
}

fn families(service: &Value, wrong: &mut Vec<FieldError>) {
    let mut seen = Vec::new();
    for (i, family) in tree::list(service, "spec.ipFamilies").iter().enumerate() {
        let path = format!("spec.ipFamilies[{i}]");
        let text = family.as_str().unwrap_or_default();
        if !matches!(text, "IPv4" | "IPv6") {
            wrong.push(FieldError::not_supported(path.as_str(), text, &["IPv4", "IPv6"]));
        }
        if seen.contains(&text) {
            wrong.push(FieldError::duplicate(path, family));
        }
        seen.push(text);
    }
    let policy = tree::str(service, "spec.ipFamilyPolicy");
    let known = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    if !policy.is_empty() && !known.contains(&policy) {
        wrong.push(FieldError::not_supported("spec.ipFamilyPolicy", policy, &known));
    }
}

/// Tells whether one of the addresses cannot be read, so that there is no use in looking further.
fn addresses(list: &[Value], whole: &Value, wrong: &mut Vec<FieldError>) -> bool {
    let mut unreadable = false;
    for (i, ip) in list.iter().enumerate() {
        if i == 0 && ip == super::HEADLESS {
            if list.len() > 1 {
                unreadable = true;
                let words = "'None' must be the first and only value";
                wrong.push(FieldError::invalid("spec.clusterIPs", whole, words));
            }
        } else if parse(ip).is_none() {
            unreadable = true;
            wrong.push(FieldError::invalid(format!("spec.clusterIPs[{i}]"), ip, NOT_AN_IP));
        }
    }
    if list.len() > 2 {
        wrong.push(FieldError::invalid("spec.clusterIPs", whole, "may only hold up to 2 values"));
    }
    unreadable
}

fn dual(list: &[Value]) -> bool {
    let v4 = list.iter().filter(|ip| parse(ip).is_some_and(|ip| ip.is_ipv4())).count();
    list.len() == 2 && v4 == 1
}

fn parse(ip: &Value) -> Option<IpAddr> {
    ip.as_str()?.parse().ok()
}
