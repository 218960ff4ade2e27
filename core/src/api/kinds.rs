//! The list of kinds. A new kind is one file beside this one and one line in [`KINDS`].

use super::names::NameRule;
use super::{
    FieldError, Object, config_map, controller_revision, daemon_set, deployment, endpoint_slice, endpoints,
    event, ip_address, kept, lease, namespace, network_policy, node, pod, pod_disruption_budget, replica_set,
    secret, service, service_account, service_cidr, stateful_set,
};
use crate::base::Instant;
use serde_json::Value;

/// All kinds, in the order in which discovery lists them: by group, then by name.
pub static KINDS: &[&Kind] = &[
    &config_map::CONFIG_MAP,
    &endpoints::ENDPOINTS,
    &event::EVENT,
    &kept::LIMIT_RANGE,
    &namespace::NAMESPACE,
    &node::NODE,
    &kept::PERSISTENT_VOLUME_CLAIM,
    &kept::PERSISTENT_VOLUME,
    &pod::POD,
    &kept::POD_TEMPLATE,
    &kept::REPLICATION_CONTROLLER,
    &kept::RESOURCE_QUOTA,
    &secret::SECRET,
    &service_account::SERVICE_ACCOUNT,
    &service::SERVICE,
    &controller_revision::CONTROLLER_REVISION,
    &daemon_set::DAEMON_SET,
    &deployment::DEPLOYMENT,
    &replica_set::REPLICA_SET,
    &stateful_set::STATEFUL_SET,
    &kept::HORIZONTAL_POD_AUTOSCALER,
    &kept::CRON_JOB,
    &kept::JOB,
    &lease::LEASE,
    &endpoint_slice::ENDPOINT_SLICE,
    &kept::INGRESS_CLASS,
    &kept::INGRESS,
    &ip_address::IP_ADDRESS,
    &network_policy::NETWORK_POLICY,
    &service_cidr::SERVICE_CIDR,
    &kept::RUNTIME_CLASS,
    &pod_disruption_budget::POD_DISRUPTION_BUDGET,
    &kept::CLUSTER_ROLE_BINDING,
    &kept::CLUSTER_ROLE,
    &kept::ROLE_BINDING,
    &kept::ROLE,
    &kept::PRIORITY_CLASS,
    &kept::CSI_DRIVER,
    &kept::CSI_NODE,
    &kept::CSI_STORAGE_CAPACITY,
    &kept::STORAGE_CLASS,
    &kept::VOLUME_ATTACHMENT,
    &kept::VOLUME_ATTRIBUTES_CLASS,
];

/// A kind: its names, and what the API server does with its objects.
#[derive(Debug)]
pub struct Kind {
    /// The kind as in YAML: `EndpointSlice`.
    pub kind: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version: `v1`.
    pub version: &'static str,
    /// The resource in URLs: `endpointslices`.
    pub plural: &'static str,
    /// The singular that kubectl accepts: `endpointslice`.
    pub singular: &'static str,
    /// Short names that kubectl accepts: `svc`.
    pub short: &'static [&'static str],
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether `kubectl get all` shows it.
    pub in_all: bool,
    /// Whether it has a `/status` subresource: then writes to it leave the spec, and others leave the status.
    pub has_status: bool,
    /// Whether it has a `/scale` subresource.
    pub has_scale: bool,
    /// Whether `metadata.generation` counts changes of its spec.
    pub has_generation: bool,
    /// Whether its objects are kept, and nobody acts on them.
    pub is_kept: bool,
    /// What names its objects may have.
    pub name_rule: NameRule,
    /// Whether a PUT to a name that does not exist creates the object.
    pub create_on_update: bool,
    /// Whether a DELETE answers with the object rather than with a Status.
    pub returns_deleted: bool,
    /// Fills in upstream's defaults, in place.
    pub defaults: fn(&mut Value),
    /// Gives a new object its first status and clears what clients may not set.
    pub prepare: fn(&mut Value),
    /// The problems of a new object, or of a changed one beside the old, in upstream's order.
    pub problems: fn(&Object, Option<&Object>) -> Vec<FieldError>,
    /// What the API server warns of without refusing it.
    pub warnings: fn(&Object, Option<&Object>) -> Vec<String>,
    /// The fields that a field selector may name besides `metadata.name` and `metadata.namespace`.
    pub selectable: &'static [&'static str],
    /// The columns of `kubectl get`.
    pub columns: &'static [Column],
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.kind == other.kind && self.group == other.group
    }
}

impl Kind {
    /// A namespaced kind of the core group that needs nothing special; kinds are written as what differs from it.
    pub const PLAIN: Kind = Kind {
        kind: "",
        group: "",
        version: "v1",
        plural: "",
        singular: "",
        short: &[],
        namespaced: true,
        in_all: false,
        has_status: false,
        has_scale: false,
        has_generation: false,
        is_kept: false,
        name_rule: NameRule::Subdomain,
        create_on_update: false,
        returns_deleted: false,
        defaults: no_defaults,
        prepare: no_defaults,
        problems: no_problems,
        warnings: no_warnings,
        selectable: &[],
        columns: &[column("Name", name), column("Age", super::age::cell)],
    };

    /// `apiVersion` as in YAML: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The resource with its group, as in messages: `services`, `deployments.apps`.
    pub fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_string()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// The kind with its group, as in messages of Invalid: `Service`, `Deployment.apps`.
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_string() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// The kind of an `apiVersion` and `kind`.
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Kind> {
        KINDS.iter().copied().find(|k| k.kind == kind && k.api_version() == api_version)
    }

    /// The kind of a group, version and plural, as in URLs.
    pub fn of_url(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
        KINDS.iter().copied().find(|k| k.plural == plural && k.group == group && k.version == version)
    }

    /// The kind that a user of kubectl means: plural, singular, short name, kind in any case, with or without group.
    pub fn of_word(word: &str) -> Option<&'static Kind> {
        let word = word.to_ascii_lowercase();
        let (name, group) =
            word.split_once('.').map_or((word.as_str(), None), |(name, group)| (name, Some(group)));
        KINDS.iter().copied().find(|k| {
            let named = k.plural == name || k.singular == name || k.short.contains(&name);
            named && group.is_none_or(|g| k.group == g || format!("{}.{}", k.version, k.group) == g)
        })
    }
}

/// A column of `kubectl get`.
#[derive(Debug)]
pub struct Column {
    /// The name, as in the Table (`Cluster-IP`); kubectl prints it in upper case.
    pub name: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
    /// Whether its cells are numbers.
    pub integer: bool,
    /// What stands in it, given the object and the time.
    pub cell: fn(&Object, Instant) -> String,
}

/// A column that is always shown.
pub const fn column(name: &'static str, cell: fn(&Object, Instant) -> String) -> Column {
    Column { name, wide: false, integer: false, cell }
}

/// A column of numbers that is always shown.
pub const fn integer(name: &'static str, cell: fn(&Object, Instant) -> String) -> Column {
    Column { name, wide: false, integer: true, cell }
}

/// A column of `-o wide`.
pub const fn wide(name: &'static str, cell: fn(&Object, Instant) -> String) -> Column {
    Column { name, wide: true, integer: false, cell }
}

/// The cell of the column `Name`.
pub fn name(object: &Object, _: Instant) -> String {
    object.name().to_string()
}

/// For kinds that need no defaults.
pub fn no_defaults(_: &mut Value) {}

/// For kinds that are not checked beyond names and field types.
pub fn no_problems(_: &Object, _: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}

/// For kinds that are never warned about.
pub fn no_warnings(_: &Object, _: Option<&Object>) -> Vec<String> {
    Vec::new()
}
