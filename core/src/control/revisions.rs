//! ControllerRevisions: the templates that a StatefulSet or a DaemonSet has had, numbered, and no more of them than
//! its history may keep.
//!
//! Models: `pkg/controller/history/controller_history.go`. Omits: revisions that are adopted, and upstream's exact hash
//! (see `deployment::template`).

use super::deployment::template::hash;
use super::desk::{Desk, key_of};
use crate::api::cache::controller_reference;
use crate::api::controller_revision::{CONTROLLER_REVISION, number};
use crate::api::request::PatchType;
use crate::api::{Object, Request, tree};
use crate::base::{FlatSet, Text, order};
use crate::effect::Out;
use serde_json::{Value, json};

/// The label of a pod that names the revision that it was made of.
pub const LABEL: &str = "controller-revision-hash";
const HASH: &str = "controller.kubernetes.io/hash";

/// The revision of an owner's template. `None` while it is being written: its arrival queues the owner again.
pub fn newest(owner: &Object, desk: &mut Desk, out: &mut Out<'_>) -> Option<Object> {
    let mut template = owner.get("spec.template").cloned().unwrap_or_default();
    // What undoes to this revision replaces the template as a whole.
    template["$patch"] = "replace".into();
    let data = json!({ "spec": { "template": template } });
    let all = list(owner, desk);
    let last = all.last().map_or(0, number);
    let Some(known) = all.iter().find(|revision| revision.get("data") == Some(&data)) else {
        let text = data.to_string();
        let first = owner.int("status.collisionCount").unwrap_or(0);
        let taken = |hash: &String| all.iter().any(|r| r.name() == format!("{}-{hash}", owner.name()));
        let hash = (first..).map(|n| hash(&text, n)).find(|hash| !taken(hash))?;
        let mut labels = owner.get("spec.template.metadata.labels").cloned().unwrap_or_else(|| json!({}));
        labels[HASH] = hash.as_str().into();
        let metadata = json!({
            "name": format!("{}-{hash}", owner.name()), "namespace": owner.namespace(), "labels": labels,
            "ownerReferences": [controller_reference(owner)],
        });
        let tree = json!({ "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata,
            "data": data, "revision": last + 1 });
        let request = Request::create(desk.name, Object::new(&CONTROLLER_REVISION, tree));
        desk.call(&key_of(owner), request, out);
        return None;
    };
    if number(known) == last {
        return Some(known.clone());
    }
    let patch = json!({ "revision": last + 1 });
    let request = Request::patch(desk.name, &CONTROLLER_REVISION, &known.key, PatchType::Merge, patch);
    desk.call(&key_of(owner), request, out);
    None
}

/// The revisions of an owner, oldest first.
pub fn list(owner: &Object, desk: &Desk) -> Vec<Object> {
    let own = desk.cache.owned(&owner.uid).filter(|object| &*object.key.kind == "ControllerRevision");
    let mut all: Vec<Object> = own.cloned().collect();
    order::sort_by_key(&mut all, number);
    all
}

/// A revision's hash, without the owner's name.
pub fn hash_of(revision: &Object) -> &str {
    revision.label(HASH).unwrap_or_default()
}

/// The template of a revision.
pub fn template(revision: &Object) -> Value {
    let mut template = revision.get("data.spec.template").cloned().unwrap_or_default();
    tree::remove(&mut template, "$patch");
    template
}

/// Removes the oldest revisions that nothing uses, beyond `revisionHistoryLimit`.
pub fn prune(owner: &Object, used: &FlatSet<Text>, desk: &mut Desk, out: &mut Out<'_>) {
    let limit = usize::try_from(owner.int("spec.revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
    let mut idle = list(owner, desk);
    idle.retain(|revision| !used.contains(&revision.key.name));
    let surplus = idle.len().saturating_sub(limit);
    for revision in idle.iter().take(surplus) {
        let request = Request::delete(desk.name, &CONTROLLER_REVISION, revision.namespace(), revision.name());
        desk.call(&key_of(owner), request, out);
    }
}
