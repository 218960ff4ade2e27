//! Discovery: which groups, versions and resources there are; and the version.

use crate::api::Kind;
use crate::api::kinds::KINDS;
use crate::base::order;
use serde_json::{Value, json};

/// The answer for a discovery path; `None` when it is none.
pub(super) fn answer(path: &str, version: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Some(version_info(version)),
        ["api"] => {
            Some(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }))
        }
        ["apis"] => {
            let groups: Vec<Value> =
                groups().into_iter().map(|(group, version)| group_of(group, version)).collect();
            Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
        }
        ["api", "v1"] => Some(resources("", "v1")),
        ["apis", group] => groups().into_iter().find(|(known, _)| known == group).map(|(group, version)| {
            let mut found = group_of(group, version);
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            found
        }),
        ["apis", group, version] if groups().contains(&(*group, *version)) => Some(resources(group, version)),
        _ => None,
    }
}

/// The groups but the core group, in order, each with its version.
fn groups() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<(&str, &str)> = KINDS.iter().map(|kind| (kind.group, kind.version)).collect();
    all.retain(|(group, _)| !group.is_empty());
    order::sort(&mut all);
    all.dedup();
    all
}

fn group_of(group: &str, version: &str) -> Value {
    let version = json!({ "groupVersion": format!("{group}/{version}"), "version": version });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

fn resources(group: &str, version: &str) -> Value {
    let own = KINDS.iter().filter(|kind| kind.group == group && kind.version == version);
    let mut all = Vec::new();
    for kind in own {
        all.push(resource(kind, kind.plural, &VERBS));
        let subs = [("status", kind.has_status), ("scale", kind.has_scale)];
        for (sub, _) in subs.into_iter().filter(|(_, has)| *has) {
            all.push(resource(kind, &format!("{}/{sub}", kind.plural), &["get", "patch", "update"]));
        }
    }
    let group_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all })
}

/// What can be done with every kind.
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn resource(kind: &Kind, name: &str, verbs: &[&str]) -> Value {
    let mut found = json!({
        "name": name, "singularName": if name.contains('/') { "" } else { kind.singular },
        "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs,
    });
    if !name.contains('/') {
        if !kind.short.is_empty() {
            found["shortNames"] = kind.short.into();
        }
        if kind.in_all {
            found["categories"] = json!(["all"]);
        }
    }
    found
}

fn version_info(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next(), "minor": numbers.next(), "gitVersion": version, "platform": "linux/amd64",
    })
}
