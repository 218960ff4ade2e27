//! What a client of the API server knows: its own copy of the objects that it watches. News that are older than what it
//! knows already (from the answer to its own write, say) are ignored, so a client reads its own writes.
//!
//! Models: client-go `tools/cache` with the index by controlling owner.

use super::{Object, WatchEvent, WatchKind, tree};
use crate::base::{FlatMap, FlatSet, ObjectRef, Text};
use crate::trace::Cause;

/// A client's copy of objects.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    kinds: FlatMap<&'static str, FlatMap<Text, FlatMap<Text, Object>>>,
    gone: FlatMap<ObjectRef, u64>,
    owned: FlatMap<Text, FlatSet<ObjectRef>>,
}

/// How what a client knows has changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// The object as it was known; `None` when it is new.
    pub before: Option<Object>,
    /// The object now; `None` when it is gone.
    pub after: Option<Object>,
    /// The write that changed it.
    pub cause: Cause,
}

impl Change {
    /// The object after the change, or before it when it is gone.
    pub fn object(&self) -> Option<&Object> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

impl Cache {
    /// Takes in news; `None` when they are no news.
    pub fn apply(&mut self, event: &WatchEvent) -> Option<Change> {
        match event.kind {
            WatchKind::Added | WatchKind::Modified => self.learn(&event.object, event.cause),
            WatchKind::Deleted => {
                self.gone.remove(&event.object.key);
                let known = self.find(&event.object.key)?;
                if known.revision > event.revision {
                    return None;
                }
                let before = self.remove(&event.object.key);
                before.map(|before| Change { before: Some(before), after: None, cause: event.cause })
            }
        }
    }

    /// Takes in an object as the API server answered it; `None` when it is no newer than what is known.
    pub fn learn(&mut self, object: &Object, cause: Cause) -> Option<Change> {
        if self.gone.get(&object.key).is_some_and(|revision| *revision >= object.revision) {
            return None;
        }
        let before = self.find(&object.key);
        if before.is_some_and(|known| known.revision >= object.revision) {
            return None;
        }
        let before = self.remove(&object.key);
        self.insert(object.clone());
        Some(Change { before, after: Some(object.clone()), cause })
    }

    /// Takes in the answer to a deletion: the object may be gone, or marked and still there.
    pub fn learn_deletion(&mut self, object: &Object, cause: Cause) -> Option<Change> {
        let grace = object.int("metadata.deletionGracePeriodSeconds").unwrap_or(0);
        let stays = object.is_terminating() && (grace > 0 || !object.list("metadata.finalizers").is_empty());
        if stays {
            return self.learn(object, cause);
        }
        let before = self.remove(&object.key)?;
        self.gone.insert(object.key.clone(), object.revision.max(before.revision));
        Some(Change { before: Some(before), after: None, cause })
    }

    /// An object by kind, namespace (empty when cluster-scoped) and name.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        self.kinds.get(kind)?.get(namespace)?.get(name)
    }

    /// An object by its reference.
    pub fn find(&self, key: &ObjectRef) -> Option<&Object> {
        self.get(&key.kind, &key.namespace, &key.name)
    }

    /// The objects of a kind in a namespace (empty for cluster-scoped kinds), by name.
    pub fn list(&self, kind: &str, namespace: &str) -> impl Iterator<Item = &Object> {
        self.kinds.get(kind).and_then(|all| all.get(namespace)).into_iter().flat_map(FlatMap::values)
    }

    /// The objects of a kind, by namespace and name.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.kinds.get(kind).into_iter().flatten().flat_map(|(_, names)| names.values())
    }

    /// The objects that an owner controls, by kind, namespace and name.
    pub fn owned(&self, uid: &str) -> impl Iterator<Item = &Object> {
        self.owned.get(uid).into_iter().flatten().filter_map(|key| self.find(key))
    }

    fn insert(&mut self, object: Object) {
        if let Some((_, _, uid)) = object.controller() {
            self.owned.entry(uid.into()).or_default().insert(object.key.clone());
        }
        let names = self.kinds.entry(object.kind.kind).or_default().entry(object.key.namespace.clone());
        names.or_default().insert(object.key.name.clone(), object);
    }

    fn remove(&mut self, key: &ObjectRef) -> Option<Object> {
        let names = self.kinds.get_mut(&*key.kind)?.get_mut(&*key.namespace)?;
        let object = names.remove(&*key.name)?;
        if names.is_empty() {
            self.kinds.get_mut(&*key.kind)?.remove(&*key.namespace);
        }
        if let Some((_, _, uid)) = object.controller()
            && let Some(keys) = self.owned.get_mut(uid)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.owned.remove(uid);
            }
        }
        Some(object)
    }
}

/// An owner reference that makes its holder a dependent which the owner controls.
pub fn controller_reference(owner: &Object) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": owner.kind.api_version(), "kind": owner.kind.kind, "name": owner.name(),
        "uid": &*owner.uid, "controller": true, "blockOwnerDeletion": true,
    })
}

/// The uids of an object's owners.
pub fn owner_uids(object: &Object) -> impl Iterator<Item = &str> {
    object.list("metadata.ownerReferences").iter().map(|owner| tree::str(owner, "uid"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(revision: u64) -> Object {
        let meta = json!({ "name": "a", "namespace": "n", "resourceVersion": revision.to_string(),
            "ownerReferences": [{ "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": true }] });
        Object::new(&super::super::pod::POD, json!({ "metadata": meta }))
    }

    fn event(kind: WatchKind, revision: u64) -> WatchEvent {
        WatchEvent { kind, object: pod(revision), revision, cause: Cause::default() }
    }

    #[test]
    fn news_that_are_older_than_the_own_write_are_ignored() {
        let mut cache = Cache::default();
        assert!(cache.apply(&event(WatchKind::Added, 2)).is_some());
        assert!(cache.learn(&pod(4), Cause::default()).is_some());
        assert!(cache.apply(&event(WatchKind::Modified, 3)).is_none());
        assert!(cache.apply(&event(WatchKind::Modified, 4)).is_none());
        assert_eq!(cache.owned("u").count(), 1);
    }

    #[test]
    fn what_was_deleted_does_not_come_back_with_late_news() {
        let mut cache = Cache::default();
        cache.apply(&event(WatchKind::Added, 2));
        assert!(cache.learn_deletion(&pod(5), Cause::default()).is_some());
        assert!(cache.apply(&event(WatchKind::Modified, 3)).is_none());
        assert!(cache.apply(&event(WatchKind::Deleted, 5)).is_none());
        assert!(cache.apply(&event(WatchKind::Added, 6)).is_some(), "a new object of the same name");
    }
}
