//! Which lists are merged by which key, in strategic merge patches and in server-side apply; all others are replaced as a
//! whole. Knows no patch. Models: the `patchMergeKey`, `+listType`, `+mapType` and `+structType` tags of k8s.io/api.

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

/// How server-side apply takes a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// As one value.
    Atomic,
    /// As a set of values.
    Set,
    /// Items with the same values of these keys, which are sorted, are one.
    Keys(&'static [&'static str]),
}

/// How server-side apply takes the list that is a field of a struct.
pub fn lists(of: &str, field: &str) -> Lists {
    let keys: &'static [&'static str] = match (of, field) {
        ("ObjectMeta", "finalizers") | ("NodeSpec", "podCIDRs") => return Lists::Set,
        ("ObjectMeta", "ownerReferences") => &["uid"],
        ("PodSpec", "containers" | "initContainers" | "ephemeralContainers" | "volumes") => &["name"],
        ("PodSpec", "imagePullSecrets" | "schedulingGates" | "resourceClaims") => &["name"],
        ("PodSpec", "hostAliases") => &["ip"],
        ("PodSpec", "topologySpreadConstraints") => &["topologyKey", "whenUnsatisfiable"],
        ("Container" | "EphemeralContainer", "ports") => &["containerPort", "protocol"],
        ("Container" | "EphemeralContainer", "env") => &["name"],
        ("Container" | "EphemeralContainer", "volumeMounts") => &["mountPath"],
        ("Container" | "EphemeralContainer", "volumeDevices") => &["devicePath"],
        ("ResourceRequirements", "claims") => &["name"],
        ("PodStatus", "podIPs") => &["ip"],
        ("PodStatus", "resourceClaimStatuses") => &["name"],
        ("NodeStatus", "addresses") => &["type"],
        ("ServiceSpec", "ports") => &["port", "protocol"],
        ("ServiceAccount", "secrets") => &["name"],
        (_, "conditions") if of.ends_with("Status") => &["type"],
        _ => return Lists::Atomic,
    };
    Lists::Keys(keys)
}

/// The value that a key of a list's item has when it is not there.
pub fn default_of_key(key: &str) -> Option<&'static str> {
    (key == "protocol").then_some("TCP")
}

/// Whether server-side apply takes the map that is a field of a struct as one value.
pub fn is_atomic_map(of: &str, field: &str) -> bool {
    matches!((of, field), ("ServiceSpec", "selector") | ("PodSpec", "nodeSelector"))
}

/// Whether server-side apply takes a struct as one value.
pub fn is_atomic_struct(name: &str) -> bool {
    const ATOMIC: [&str; 12] = [
        "ConfigMapKeySelector",
        "FileKeySelector",
        "LabelSelector",
        "LocalObjectReference",
        "NodeSelector",
        "NodeSelectorTerm",
        "ObjectFieldSelector",
        "ObjectReference",
        "OwnerReference",
        "ResourceFieldSelector",
        "SecretKeySelector",
        "TypedLocalObjectReference",
    ];
    ATOMIC.contains(&name)
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
