//! Lease: who holds what until when; node heartbeats.

use super::kinds::{column, name};
use super::{Kind, Object, age};
use crate::base::Instant;

/// The kind.
pub static LEASE: Kind = Kind {
    kind: "Lease",
    group: "coordination.k8s.io",
    plural: "leases",
    singular: "lease",
    create_on_update: true,
    columns: &[column("Name", name), column("Holder", holder), column("Age", age::cell)],
    ..Kind::PLAIN
};

fn holder(lease: &Object, _: Instant) -> String {
    lease.str("spec.holderIdentity").to_string()
}
