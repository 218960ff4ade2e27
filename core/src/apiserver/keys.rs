//! Where objects are in storage: the same keys that `etcdctl get --prefix /registry` shows of a real cluster.

use crate::api::Kind;

/// The key of an object.
pub fn object(kind: &Kind, namespace: &str, name: &str) -> String {
    let mut key = prefix(kind, namespace);
    key.push_str(name);
    key
}

/// The beginning of the keys of a kind, in one namespace or (empty) in all.
pub fn prefix(kind: &Kind, namespace: &str) -> String {
    let folder = folder(kind);
    if kind.namespaced && !namespace.is_empty() {
        format!("/registry/{folder}/{namespace}/")
    } else {
        format!("/registry/{folder}/")
    }
}

/// The folder of a kind. A few do not carry their plural's name, for history's sake.
fn folder(kind: &Kind) -> &'static str {
    match (kind.group, kind.kind) {
        ("", "Service") => "services/specs",
        ("", "Endpoints") => "services/endpoints",
        ("", "Node") => "minions",
        ("networking.k8s.io", "Ingress") => "ingress",
        _ => kind.plural,
    }
}
