//! ServiceCIDR: ranges from which Services get their cluster IPs.
//!
//! Models: `pkg/apis/networking/validation` (ValidateServiceCIDR), printServiceCIDR.

use super::kinds::{column, name};
use super::{FieldError, Kind, Object, age, tree};
use ipnet::IpNet;
use serde_json::{Value, json};

/// The kind.
pub static SERVICE_CIDR: Kind = Kind {
    kind: "ServiceCIDR",
    group: "networking.k8s.io",
    plural: "servicecidrs",
    singular: "servicecidr",
    namespaced: false,
    has_status: true,
    prepare: |range| _ = tree::remove(range, "status"),
    problems,
    columns: &[
        column("Name", name),
        column("CIDRs", |object, _| texts(object).collect::<Vec<_>>().join(",")),
        column("Age", age::cell),
    ],
    ..Kind::PLAIN
};

fn texts(object: &Object) -> impl Iterator<Item = &str> {
    object.list("spec.cidrs").iter().filter_map(Value::as_str)
}

/// The ranges.
pub fn ranges(object: &Object) -> impl Iterator<Item = IpNet> {
    texts(object).filter_map(|text| text.parse().ok())
}

/// Whether Services get addresses from it: it is ready, and not on its way out.
pub fn is_ready(object: &Object) -> bool {
    let conditions = object.list("status.conditions").iter();
    let ready = conditions.into_iter().find(|condition| tree::str(condition, "type") == "Ready");
    !object.is_terminating() && ready.is_some_and(|ready| tree::str(ready, "status") == "True")
}

fn problems(object: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let (path, all) = ("spec.cidrs", object.list("spec.cidrs"));
    let spec = json!({ "CIDRs": all });
    if all.is_empty() {
        return vec![FieldError::required(path, "at least one CIDR required")];
    }
    if all.len() > 2 {
        return vec![FieldError::invalid(path, &spec, "may only hold up to 2 values")];
    }
    let families: Vec<bool> = ranges(object).map(|range| range.addr().is_ipv4()).collect();
    if all.len() == 2 && !matches!(families.as_slice(), [true, false] | [false, true]) {
        let words =
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        return vec![FieldError::invalid(path, &spec, words)];
    }
    if let Some(old) = old {
        let kept = old.list(path);
        // A second family may be added; nothing else may change.
        let grows = all.starts_with(kept) && kept.len() <= all.len();
        if !grows {
            let changed = all.iter().zip(kept).enumerate().find(|(_, (new, old))| new != old);
            let (at, value) = changed
                .map_or((path.into(), json!(all)), |(n, (new, _))| (format!("{path}[{n}]"), new.clone()));
            return vec![FieldError::invalid(at, &value, "field is immutable")];
        }
    }
    let mut wrong = Vec::new();
    for (n, text) in all.iter().enumerate() {
        let at = format!("{path}[{n}]");
        match text.as_str().and_then(|text| text.parse::<IpNet>().ok()) {
            None => {
                let words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
                wrong.push(FieldError::invalid(at, text, words));
            }
            Some(range) if range.trunc().to_string() != text.as_str().unwrap_or_default() => {
                let words = format!("must be in canonical form (\"{}\")", range.trunc());
                wrong.push(FieldError::invalid(at, text, words));
            }
            Some(_) => {}
        }
    }
    wrong
}
