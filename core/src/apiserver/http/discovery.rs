//! Discovery: which groups, versions and resources there are, one by one or all at once; the version, and health.
//!
//! Models: apiserver `pkg/endpoints/discovery`, `pkg/server/healthz`. Omits: subresources that are not served, but for a
//! Service's `proxy`, which clients list.

use super::url::Query;
use crate::api::Kind;
use crate::api::kinds::KINDS;
use crate::apiserver::ApiConfig;
use crate::base::order;
use serde_json::{Value, json};
use std::net::IpAddr;

/// An answer of discovery.
pub(super) enum Found {
    /// A document of its own kind.
    Plain(Value),
    /// All groups at once, with all that is in them.
    Aggregated(Value),
    /// Words, and whether they are good ones.
    Text(String, bool),
}

/// What aggregated discovery is called in `Accept` and `Content-Type`.
pub(super) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The answer for a discovery path; `None` when it is none.
pub(super) fn answer(path: &str, query: &Query, accept: &str, config: &ApiConfig) -> Option<Found> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let aggregated = accept.split(',').next().is_some_and(|first| {
        let mut parts = first.split(';').map(str::trim);
        let all: Vec<&str> = parts.by_ref().collect();
        AGGREGATED.split(';').skip(1).all(|wanted| all.contains(&wanted))
    });
    Some(match parts.as_slice() {
        ["version"] => Found::Plain(version_info(&config.version)),
        ["healthz" | "livez" | "readyz"] => Found::Text(health(path, query.has("verbose")), true),
        [kind @ ("healthz" | "livez" | "readyz"), check] => {
            let known = CHECKS.contains(check) || *check == "shutdown" && *kind == "readyz";
            if known { Found::Text("ok".into(), true) } else { not_found() }
        }
        ["api"] if aggregated => Found::Aggregated(aggregate(&[("", "v1")])),
        ["apis"] if aggregated => Found::Aggregated(aggregate(&groups())),
        ["api"] => {
            let address = match config.address {
                IpAddr::V4(address) => format!("{address}:{}", config.port),
                IpAddr::V6(address) => format!("[{address}]:{}", config.port),
            };
            Found::Plain(json!({
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": address }],
            }))
        }
        ["apis"] => {
            let groups: Vec<Value> =
                groups().into_iter().map(|(group, version)| group_of(group, version)).collect();
            Found::Plain(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
        }
        ["api", "v1"] => Found::Plain(resources("", "v1")),
        ["api", version] if *version != "v1" => not_found(),
        ["apis", group] => match groups().into_iter().find(|(known, _)| known == group) {
            Some((group, version)) => {
                let mut found = group_of(group, version);
                found["kind"] = "APIGroup".into();
                found["apiVersion"] = "v1".into();
                Found::Plain(found)
            }
            None => not_found(),
        },
        ["apis", group, version, ..] if !groups().contains(&(*group, *version)) => not_found(),
        ["apis", group, version] => Found::Plain(resources(group, version)),
        _ => return None,
    })
}

/// What is said of a path that leads nowhere.
pub(super) fn not_found() -> Found {
    Found::Text("404 page not found\n".into(), false)
}

/// What the server looks at when it is asked whether it is well; the first ones of upstream's.
const CHECKS: [&str; 4] = ["ping", "log", "etcd", "poststarthook/start-apiextensions-controllers"];

fn health(path: &str, verbose: bool) -> String {
    if !verbose {
        return "ok".into();
    }
    let mut text: String = CHECKS.iter().map(|check| format!("[+]{check} ok\n")).collect();
    text.push_str(&format!("{} check passed\n", path.trim_matches('/')));
    text
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

fn of_group(group: &str, version: &str) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(move |kind| kind.group == group && kind.version == version)
}

/// A part of a resource.
struct Subresource {
    name: &'static str,
    verbs: &'static [&'static str],
    /// The group, version and kind of what it takes and gives, where that is not the resource itself.
    other: Option<(&'static str, &'static str, &'static str)>,
}

fn subresources(kind: &Kind) -> Vec<Subresource> {
    const CHANGES: &[&str] = &["get", "patch", "update"];
    let sub = |name, verbs, other| Subresource { name, verbs, other };
    let mut all = Vec::new();
    match kind.kind {
        "Pod" => {
            all.push(sub("binding", &["create"], Some(("", "", "Binding"))));
            all.push(sub("eviction", &["create"], Some(("policy", "v1", "Eviction"))));
            all.push(sub("log", &["get"], None));
        }
        "Namespace" => all.push(sub("finalize", &["update"], None)),
        "Service" => {
            let verbs = &["create", "delete", "get", "patch", "update"];
            all.push(sub("proxy", verbs, Some(("", "", "ServiceProxyOptions"))));
        }
        _ => {}
    }
    if kind.has_scale {
        all.push(sub("scale", CHANGES, Some(("autoscaling", "v1", "Scale"))));
    }
    if kind.has_status {
        all.push(sub("status", CHANGES, None));
    }
    all
}

fn resources(group: &str, version: &str) -> Value {
    let mut all = Vec::new();
    for kind in of_group(group, version) {
        all.push(resource(kind));
        for sub in subresources(kind) {
            let (of, at, name) = sub.other.unwrap_or(("", "", kind.kind));
            let mut found = json!({
                "name": format!("{}/{}", kind.plural, sub.name), "singularName": "", "namespaced": kind.namespaced,
                "kind": name, "verbs": sub.verbs,
            });
            if !of.is_empty() {
                found["group"] = of.into();
                found["version"] = at.into();
            }
            all.push(found);
        }
    }
    let group_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all })
}

/// What can be done with every kind.
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn resource(kind: &Kind) -> Value {
    let mut found = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": VERBS,
    });
    name_it(kind, &mut found);
    found
}

/// Short names and categories, where there are any.
fn name_it(kind: &Kind, found: &mut Value) {
    if !kind.short.is_empty() {
        found["shortNames"] = kind.short.into();
    }
    if kind.in_all {
        found["categories"] = json!(["all"]);
    }
}

fn aggregate(groups: &[(&str, &str)]) -> Value {
    let response = |(group, version, kind): (&str, &str, &str)| json!({ "group": group, "version": version, "kind": kind });
    let resource = |kind: &'static Kind| {
        let mut found = json!({
            "resource": kind.plural, "responseKind": response(("", "", kind.kind)),
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.singular,
            "verbs": VERBS,
        });
        name_it(kind, &mut found);
        let below = subresources(kind);
        if !below.is_empty() {
            let shown = |sub: Subresource| {
                let kind = response(sub.other.unwrap_or(("", "", kind.kind)));
                json!({ "subresource": sub.name, "responseKind": kind, "verbs": sub.verbs })
            };
            found["subresources"] = below.into_iter().map(shown).collect();
        }
        found
    };
    let item = |(group, version): &(&str, &str)| {
        let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
        let resources: Vec<Value> = of_group(group, version).map(resource).collect();
        let version = json!({ "version": version, "resources": resources, "freshness": "Current" });
        json!({ "metadata": metadata, "versions": [version] })
    };
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": groups.iter().map(item).collect::<Vec<_>>(),
    })
}

fn version_info(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next(), "minor": numbers.next(), "gitVersion": version, "platform": "linux/amd64",
    })
}
