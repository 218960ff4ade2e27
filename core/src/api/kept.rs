//! Kinds that are kept, not simulated: their objects are taken, checked for names and field types, stored and listed, and
//! nobody acts on them. The page says so beside them.
//!
//! Models: `pkg/printers/internalversion` for the columns that are here. Omits: their validation beyond field types, and
//! the columns of the others, which show name and age.

use super::kinds::{Column, column, name};
use super::{Kind, Object, age, tree};
use crate::base::Instant;

const NAME: Column = column("Name", name);
const AGE: Column = column("Age", age::cell);

/// LimitRange.
pub static LIMIT_RANGE: Kind = Kind {
    kind: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short: &["limits"],
    columns: &[NAME, column("Created At", created)],
    ..KEPT
};
/// PersistentVolumeClaim.
pub static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short: &["pvc"],
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// PersistentVolume.
pub static PERSISTENT_VOLUME: Kind = Kind {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short: &["pv"],
    namespaced: false,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// PodTemplate.
pub static POD_TEMPLATE: Kind =
    Kind { kind: "PodTemplate", plural: "podtemplates", singular: "podtemplate", ..KEPT };
/// ReplicationController.
pub static REPLICATION_CONTROLLER: Kind = Kind {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short: &["rc"],
    in_all: true,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// ResourceQuota.
pub static RESOURCE_QUOTA: Kind = Kind {
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short: &["quota"],
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// HorizontalPodAutoscaler.
pub static HORIZONTAL_POD_AUTOSCALER: Kind = Kind {
    kind: "HorizontalPodAutoscaler",
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    short: &["hpa"],
    in_all: true,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// CronJob.
pub static CRON_JOB: Kind = Kind {
    kind: "CronJob",
    group: "batch",
    plural: "cronjobs",
    singular: "cronjob",
    short: &["cj"],
    in_all: true,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// Job.
pub static JOB: Kind = Kind {
    kind: "Job",
    group: "batch",
    plural: "jobs",
    singular: "job",
    in_all: true,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// Ingress.
pub static INGRESS: Kind = Kind {
    kind: "Ingress",
    group: "networking.k8s.io",
    plural: "ingresses",
    singular: "ingress",
    short: &["ing"],
    has_status: true,
    has_generation: true,
    columns: INGRESS_COLUMNS,
    ..KEPT
};
/// IngressClass.
pub static INGRESS_CLASS: Kind = Kind {
    kind: "IngressClass",
    group: "networking.k8s.io",
    plural: "ingressclasses",
    singular: "ingressclass",
    namespaced: false,
    ..KEPT
};
/// RuntimeClass.
pub static RUNTIME_CLASS: Kind = Kind {
    kind: "RuntimeClass",
    group: "node.k8s.io",
    plural: "runtimeclasses",
    singular: "runtimeclass",
    namespaced: false,
    ..KEPT
};
/// ClusterRoleBinding.
pub static CLUSTER_ROLE_BINDING: Kind = Kind {
    kind: "ClusterRoleBinding",
    group: "rbac.authorization.k8s.io",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    namespaced: false,
    columns: &[NAME, column("Role", role), AGE],
    ..KEPT
};
/// ClusterRole.
pub static CLUSTER_ROLE: Kind = Kind {
    kind: "ClusterRole",
    group: "rbac.authorization.k8s.io",
    plural: "clusterroles",
    singular: "clusterrole",
    namespaced: false,
    columns: &[NAME, column("Created At", created)],
    ..KEPT
};
/// RoleBinding.
pub static ROLE_BINDING: Kind = Kind {
    kind: "RoleBinding",
    group: "rbac.authorization.k8s.io",
    plural: "rolebindings",
    singular: "rolebinding",
    columns: &[NAME, column("Role", role), AGE],
    ..KEPT
};
/// Role.
pub static ROLE: Kind = Kind {
    kind: "Role",
    group: "rbac.authorization.k8s.io",
    plural: "roles",
    singular: "role",
    columns: &[NAME, column("Created At", created)],
    ..KEPT
};
/// PriorityClass.
pub static PRIORITY_CLASS: Kind = Kind {
    kind: "PriorityClass",
    group: "scheduling.k8s.io",
    plural: "priorityclasses",
    singular: "priorityclass",
    short: &["pc"],
    namespaced: false,
    ..KEPT
};
/// CSIDriver.
pub static CSI_DRIVER: Kind = Kind {
    kind: "CSIDriver",
    group: "storage.k8s.io",
    plural: "csidrivers",
    singular: "csidriver",
    namespaced: false,
    ..KEPT
};
/// CSINode.
pub static CSI_NODE: Kind = Kind {
    kind: "CSINode",
    group: "storage.k8s.io",
    plural: "csinodes",
    singular: "csinode",
    namespaced: false,
    ..KEPT
};
/// CSIStorageCapacity.
pub static CSI_STORAGE_CAPACITY: Kind = Kind {
    kind: "CSIStorageCapacity",
    group: "storage.k8s.io",
    plural: "csistoragecapacities",
    singular: "csistoragecapacity",
    ..KEPT
};
/// StorageClass.
pub static STORAGE_CLASS: Kind = Kind {
    kind: "StorageClass",
    group: "storage.k8s.io",
    plural: "storageclasses",
    singular: "storageclass",
    short: &["sc"],
    namespaced: false,
    ..KEPT
};
/// VolumeAttachment.
pub static VOLUME_ATTACHMENT: Kind = Kind {
    kind: "VolumeAttachment",
    group: "storage.k8s.io",
    plural: "volumeattachments",
    singular: "volumeattachment",
    namespaced: false,
    has_status: true,
    has_generation: true,
    ..KEPT
};
/// VolumeAttributesClass.
pub static VOLUME_ATTRIBUTES_CLASS: Kind = Kind {
    kind: "VolumeAttributesClass",
    group: "storage.k8s.io",
    plural: "volumeattributesclasses",
    singular: "volumeattributesclass",
    short: &["vac"],
    namespaced: false,
    ..KEPT
};

/// What they have in common.
const KEPT: Kind = Kind { is_kept: true, ..Kind::PLAIN };

const INGRESS_COLUMNS: &[Column] = &[
    NAME,
    column("Class", |object, _| or_none(object.str("spec.ingressClassName"))),
    column("Hosts", hosts),
    column("Address", addresses),
    column("Ports", |object, _| if object.list("spec.tls").is_empty() { "80" } else { "80, 443" }.into()),
    AGE,
];

fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn created(object: &Object, _: Instant) -> String {
    object.str("metadata.creationTimestamp").into()
}

fn role(object: &Object, _: Instant) -> String {
    format!("{}/{}", object.str("roleRef.kind"), object.str("roleRef.name"))
}

/// At most three hosts, and how many more there are.
fn hosts(object: &Object, _: Instant) -> String {
    let all = object.list("spec.rules").iter().map(|rule| tree::str(rule, "host"));
    let hosts: Vec<&str> = all.filter(|host| !host.is_empty()).collect();
    match hosts.as_slice() {
        [] => "*".into(),
        hosts if hosts.len() <= 3 => hosts.join(","),
        hosts => format!("{} + {} more...", hosts[..3].join(","), hosts.len() - 3),
    }
}

fn addresses(object: &Object, _: Instant) -> String {
    let ingress = object.list("status.loadBalancer.ingress").iter();
    let address = |one: &serde_json::Value| match tree::str(one, "ip") {
        "" => tree::str(one, "hostname").to_string(),
        ip => ip.to_string(),
    };
    ingress.map(address).collect::<Vec<_>>().join(",")
}
