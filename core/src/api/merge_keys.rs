//! Which lists strategic merge patches merge by which key; all others are replaced as a whole. Knows no patch.
//! Models: the `patchMergeKey` tags of k8s.io/api.

/// The key by which the items of a list are told apart. `path` is the list's path of field names from its object,
/// without indices: `spec.template.spec.containers.ports`.
pub fn merge_key(kind: &str, path: &str) -> Option<&'static str> {
    let (parent, field) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parent.rsplit_once('.').map_or(parent, |(_, last)| last);
    match (parent, field) {
        (_, "containers" | "initContainers" | "ephemeralContainers") => Some("name"),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => Some("containerPort"),
        ("containers" | "initContainers" | "ephemeralContainers", "env") => Some("name"),
        ("containers" | "initContainers" | "ephemeralContainers", "volumeMounts") => Some("mountPath"),
        ("containers" | "initContainers" | "ephemeralContainers", "volumeDevices") => Some("devicePath"),
        ("spec", "ports") if kind == "Service" => Some("port"),
        ("spec", "volumes" | "imagePullSecrets" | "schedulingGates" | "resourceClaims") => Some("name"),
        ("spec", "hostAliases") => Some("ip"),
        ("spec", "topologySpreadConstraints") => Some("topologyKey"),
        ("status", "conditions") => Some("type"),
        ("status", "podIPs" | "hostIPs") => Some("ip"),
        ("status", "addresses") if kind == "Node" => Some("type"),
        ("metadata", "ownerReferences") => Some("uid"),
        ("", "secrets" | "imagePullSecrets") if kind == "ServiceAccount" => Some("name"),
        _ => None,
    }
}

/// Whether a list of plain values is merged as a set.
pub fn merges_values(path: &str) -> bool {
    path == "metadata.finalizers"
}

#[cfg(test)]
mod tests {
    use super::merge_key;

    #[test]
    fn ports_are_told_apart_by_where_they_stand() {
        assert_eq!(merge_key("Service", "spec.ports"), Some("port"));
        assert_eq!(merge_key("Deployment", "spec.template.spec.containers.ports"), Some("containerPort"));
        assert_eq!(merge_key("EndpointSlice", "ports"), None);
    }
}
