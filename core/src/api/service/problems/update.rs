//! What may not be changed in a Service.

use super::super::is_headless;
use crate::api::{FieldError, Object};
use serde_json::{Value, json};

/// The problems of a change.
pub(super) fn problems(service: &Object, old: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let either = |kind: &str| [service, old].iter().any(|s| s.str("spec.type") == kind);
    let both = |kind: &str| [service, old].iter().all(|s| s.str("spec.type") == kind);
    let both_headless = is_headless(service) && is_headless(old);
    if !either("ExternalName") && !both_headless {
        let ips = List { path: "spec.clusterIPs", what: "clusterIP", service, old };
        ips.problems(&mut wrong);
        let families = List { path: "spec.ipFamilies", what: "ipFamily", service, old };
        families.problems(&mut wrong);
    }
    if both("LoadBalancer") {
        let class = |s: &Object| s.get("spec.loadBalancerClass").cloned();
        if class(service) != class(old) {
            let value = class(service).unwrap_or(Value::Null);
            wrong.push(FieldError::invalid("spec.loadBalancerClass", &value, "may not change once set"));
        }
        let checked = |s: &Object| s.str("spec.externalTrafficPolicy") == "Local";
        let port = |s: &Object| s.int("spec.healthCheckNodePort").unwrap_or(0);
        if checked(service) && checked(old) && port(service) != port(old) {
            wrong.push(FieldError::forbidden("spec.healthCheckNodePort", "field is immutable"));
        }
    }
    wrong
}

/// A list whose first item stays for ever and whose second may come and go.
struct List<'a> {
    path: &'static str,
    what: &'static str,
    service: &'a Object,
    old: &'a Object,
}

impl List<'_> {
    fn problems(&self, wrong: &mut Vec<FieldError>) {
        let (new, old) = (self.service.list(self.path), self.old.list(self.path));
        let whole = json!(new);
        let at = |i: usize| format!("{}[{i}]", self.path);
        if new.is_empty() && !old.is_empty() {
            let words = format!("primary {} can not be unset", self.what);
            wrong.push(FieldError::invalid(at(0), &whole, words));
            return;
        }
        let compared = if new.len() == old.len() { new.len() } else { 1 };
        for (i, (now, before)) in new.iter().zip(old).enumerate().take(compared) {
            if now != before {
                wrong.push(FieldError::invalid(at(i), &whole, "may not change once set"));
            }
        }
        let policy = self.service.str("spec.ipFamilyPolicy");
        if old.len() == 2 && new.len() == 1 && policy != "SingleStack" {
            let words = format!("must be set to 'SingleStack' when releasing the secondary {}", self.what);
            wrong.push(FieldError::invalid("spec.ipFamilyPolicy", &json!(policy), words));
        }
    }
}
