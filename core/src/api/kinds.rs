//! The list of kinds. A new kind is one file beside this one and one line in [`KINDS`].

use super::{
    FieldError, Object, config_map, deployment, endpoint_slice, endpoints, event, lease, namespace, node,
    pod, replica_set, secret, service, stateful_set,
};
use crate::base::Instant;
use serde_json::Value;

/// All kinds, in the order in which `kubectl api-resources` and discovery list them.
pub static KINDS: &[&Kind] = &[
    &config_map::CONFIG_MAP,
    &endpoints::ENDPOINTS,
    &event::EVENT,
    &namespace::NAMESPACE,
    &node::NODE,
    &pod::POD,
    &secret::SECRET,
    &service::SERVICE,
    &deployment::DEPLOYMENT,
    &replica_set::REPLICA_SET,
    &stateful_set::STATEFUL_SET,
    &lease::LEASE,
    &endpoint_slice::ENDPOINT_SLICE,
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
    /// Whether `metadata.generation` counts changes of its spec.
    pub has_generation: bool,
    /// Fills in upstream's defaults, in place.
    pub defaults: fn(&mut Value),
    /// The problems of a new object, or of a changed one beside the old, in upstream's order.
    pub problems: fn(&Object, Option<&Object>) -> Vec<FieldError>,
    /// The columns of `kubectl get`.
    pub columns: &'static [Column],
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.kind == other.kind && self.group == other.group
    }
}

impl Kind {
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
    /// What stands in it, given the object and the time.
    pub cell: fn(&Object, Instant) -> String,
}

/// A column that is always shown.
pub const fn column(name: &'static str, cell: fn(&Object, Instant) -> String) -> Column {
    Column { name, wide: false, cell }
}

/// A column of `-o wide`.
pub const fn wide(name: &'static str, cell: fn(&Object, Instant) -> String) -> Column {
    Column { name, wide: true, cell }
}

/// For kinds that need no defaults.
pub fn no_defaults(_: &mut Value) {}

/// For kinds that are not checked beyond names and field types.
pub fn no_problems(_: &Object, _: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}
