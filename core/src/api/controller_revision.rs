//! ControllerRevision: a template that a StatefulSet or a DaemonSet has had.
//!
//! Models: `pkg/printers/internalversion` for its columns.

use super::kinds::{column, name};
use super::{Kind, Object, age, tree};
use crate::base::Instant;

/// The kind.
pub static CONTROLLER_REVISION: Kind = Kind {
    kind: "ControllerRevision",
    group: "apps",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    columns: &[
        column("Name", name),
        column("Controller", controller),
        column("Revision", |revision, _| number(revision).to_string()),
        column("Age", age::cell),
    ],
    ..Kind::PLAIN
};

/// Which of its controller's revisions it is.
pub fn number(revision: &Object) -> i64 {
    revision.int("revision").unwrap_or(0)
}

fn controller(revision: &Object, _: Instant) -> String {
    let owners = revision.list("metadata.ownerReferences").iter();
    let mut owners = owners.filter(|owner| tree::bool(owner, "controller") == Some(true));
    owners.next().map_or("<none>".into(), |owner| {
        format!("{}.apps/{}", tree::str(owner, "kind").to_lowercase(), tree::str(owner, "name"))
    })
}
