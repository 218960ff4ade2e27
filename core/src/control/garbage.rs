//! The garbage collector: what is owned goes with its owner, in the way that the deletion asked for.
//!
//! Models: `pkg/controller/garbagecollector/`. Omits: virtual nodes, asking the API server whether an unknown owner is
//! really absent (the cache is told of owners before their dependents).

use super::controllers::Reconcile;
use super::desk::Desk;
use crate::api::cache::owner_uids;
use crate::api::request::PatchType;
use crate::api::{Cache, Change, Kind, Object, Request, kinds::KINDS, tree};
use crate::base::{FlatMap, FlatSet, ObjectRef, Text};
use crate::effect::Out;
use serde_json::{Value, json};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// The graph of owners and what they own.
#[derive(Debug, Clone, Default)]
pub struct Garbage {
    dependents: FlatMap<Text, FlatSet<ObjectRef>>,
    uids: FlatMap<Text, ObjectRef>,
}

impl Reconcile for Garbage {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        if let Some(before) = &change.before {
            self.unlink(before);
        }
        if let Some(after) = &change.after {
            self.link(after);
            if is_waiting(after) || owner_uids(after).next().is_some() {
                desk.add(&key(&after.key), change, out);
            }
        }
        let Some(object) = change.object() else { return };
        let is_new_object = change.before.as_ref().is_some_and(|before| before.uid != object.uid);
        if change.after.is_none() || is_new_object {
            let gone = change.before.as_ref().map_or(&object.uid, |before| &before.uid);
            let dependents = self.dependents.get(gone).into_iter().flatten();
            dependents.for_each(|dependent| desk.add(&key(dependent), change, out));
        }
        // An owner that waits for its dependents may go now; one that begins to wait sends them away.
        for uid in owner_uids(object) {
            let owner = self.uids.get(uid).filter(|owner| desk.cache.find(owner).is_some_and(is_waiting));
            if let Some(owner) = owner {
                desk.add(&key(owner), change, out);
            }
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = find(key, &desk.cache).cloned() else { return };
        if object.is_terminating() {
            if has_finalizer(&object, ORPHAN) {
                self.orphan(key, &object, desk, out);
            } else if has_finalizer(&object, FOREGROUND) {
                self.foreground(key, &object, desk, out);
            }
            return;
        }
        self.collect(key, &object, desk, out);
    }
}

impl Garbage {
    fn link(&mut self, object: &Object) {
        self.uids.insert(object.uid.clone(), object.key.clone());
        for uid in owner_uids(object) {
            self.dependents.entry(uid.into()).or_default().insert(object.key.clone());
        }
    }

    fn unlink(&mut self, object: &Object) {
        self.uids.remove(&object.uid);
        for uid in owner_uids(object) {
            if let Some(keys) = self.dependents.get_mut(uid) {
                keys.remove(&object.key);
                if keys.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
    }

    fn dependents(&self, uid: &str, desk: &Desk) -> Vec<Object> {
        let keys = self.dependents.get(uid).into_iter().flatten();
        keys.filter_map(|key| desk.cache.find(key)).cloned().collect()
    }

    /// Removes an object whose owners are all gone or going; forgets owners that are, when others remain.
    fn collect(&self, key: &str, object: &Object, desk: &mut Desk, out: &mut Out<'_>) {
        let owners = object.list("metadata.ownerReferences");
        let (mut solid, mut waiting) = (Vec::new(), false);
        for owner in owners {
            let known = self.uids.get(tree::str(owner, "uid")).and_then(|key| desk.cache.find(key));
            match known {
                Some(known) if known.is_terminating() && has_finalizer(known, FOREGROUND) => {
                    waiting |= tree::bool(owner, "blockOwnerDeletion") == Some(true);
                }
                Some(_) => solid.push(owner.clone()),
                None => {}
            }
        }
        if owners.is_empty() || solid.len() == owners.len() {
            return;
        }
        if !solid.is_empty() {
            let patch = json!({ "metadata": { "uid": &*object.uid, "ownerReferences": solid } });
            let request = Request::patch(desk.name, object.kind, &object.key, PatchType::Merge, patch);
            return desk.call(key, request, out);
        }
        let foreground = waiting && self.dependents.contains_key(&object.uid);
        let propagation = if foreground { "Foreground" } else { "Background" };
        desk.call(key, deletion(desk.name, object, propagation), out);
    }

    /// The object's dependents are let go, then it may go itself.
    fn orphan(&self, key: &str, object: &Object, desk: &mut Desk, out: &mut Out<'_>) {
        let dependents = self.dependents(&object.uid, desk);
        if dependents.is_empty() {
            return release(key, object, ORPHAN, desk, out);
        }
        for dependent in dependents {
            let owners = dependent.list("metadata.ownerReferences").iter();
            let others: Value =
                owners.filter(|owner| tree::str(owner, "uid") != &*object.uid).cloned().collect();
            let patch = json!({ "metadata": { "uid": &*dependent.uid, "ownerReferences": others } });
            let request = Request::patch(desk.name, dependent.kind, &dependent.key, PatchType::Merge, patch);
            desk.call(key, request, out);
        }
    }

    /// The object waits until the dependents that block it are gone.
    fn foreground(&self, key: &str, object: &Object, desk: &mut Desk, out: &mut Out<'_>) {
        let blocks = |dependent: &Object| {
            dependent.list("metadata.ownerReferences").iter().any(|owner| {
                tree::str(owner, "uid") == &*object.uid
                    && tree::bool(owner, "blockOwnerDeletion") == Some(true)
            })
        };
        let dependents = self.dependents(&object.uid, desk);
        if !dependents.iter().any(blocks) {
            return release(key, object, FOREGROUND, desk, out);
        }
        for dependent in dependents.iter().filter(|dependent| !dependent.is_terminating()) {
            self.collect(key, dependent, desk, out);
        }
    }
}

/// Removes a finalizer, so that the object can go.
fn release(key: &str, object: &Object, finalizer: &str, desk: &mut Desk, out: &mut Out<'_>) {
    let finalizers = object.list("metadata.finalizers").iter();
    let others: Value = finalizers.filter(|f| f.as_str() != Some(finalizer)).cloned().collect();
    let patch = json!({ "metadata": { "uid": &*object.uid, "finalizers": others } });
    let request = Request::patch(desk.name, object.kind, &object.key, PatchType::Merge, patch);
    desk.call(key, request, out);
}

fn deletion(agent: &str, object: &Object, propagation: &str) -> Request {
    let mut request = Request::delete(agent, object.kind, object.namespace(), object.name());
    request.options.uid = object.uid.clone();
    request.options.propagation = propagation.into();
    request
}

fn has_finalizer(object: &Object, finalizer: &str) -> bool {
    object.list("metadata.finalizers").iter().any(|f| f.as_str() == Some(finalizer))
}

/// Whether an object is marked for deletion and waits for what it owns.
fn is_waiting(object: &Object) -> bool {
    object.is_terminating() && (has_finalizer(object, FOREGROUND) || has_finalizer(object, ORPHAN))
}

/// The key of an object of any kind in the queue.
fn key(object: &ObjectRef) -> Text {
    format!("{}/{}/{}", object.kind, object.namespace, object.name).into()
}

fn find<'a>(key: &str, cache: &'a Cache) -> Option<&'a Object> {
    let mut parts = key.splitn(3, '/');
    cache.get(parts.next()?, parts.next()?, parts.next()?)
}

/// Kinds that come in floods, and that own nothing and are owned by nothing.
const IGNORED: [&str; 2] = ["Event", "Lease"];

/// The kinds that can own or be owned.
pub fn is_collected(kind: &Kind) -> bool {
    !IGNORED.contains(&kind.kind)
}

/// The kinds of what lives in namespaces and is not watched: removed without looking.
pub fn unwatched() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.namespaced && !is_collected(kind))
}
