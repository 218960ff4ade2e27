//! The namespace controller: a namespace that is to go loses its content first.
//!
//! Models: `pkg/controller/namespace/deletion/namespaced_resources_deleter.go`. Omits: the conditions of the status.

use super::controllers::Reconcile;
use super::desk::Desk;
use super::garbage::unwatched;
use crate::api::{Change, Kind, Request, Verb, kinds::KINDS, tree};
use crate::base::{Duration, FlatMap};
use crate::effect::Out;
use serde_json::json;

/// How long after a look at what is left the next one is.
const AGAIN: Duration = Duration::secs(5);

/// The controller: it remembers how often it has asked each namespace's content to go.
#[derive(Debug, Clone, Default)]
pub struct Namespaces {
    /// Objects that are left in namespaces that are to go.
    left: FlatMap<String, usize>,
}

impl Reconcile for Namespaces {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        let name = match &*object.key.kind {
            "Namespace" => object.name().to_string(),
            _ => object.namespace().to_string(),
        };
        let going = desk.cache.get("Namespace", "", &name).is_some_and(|n| n.is_terminating());
        if going {
            desk.add(&name, change, out);
        } else {
            self.left.remove(&name);
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(namespace) = desk.cache.get("Namespace", "", key).cloned() else { return };
        if !namespace.is_terminating() || namespace.list("spec.finalizers").is_empty() {
            return;
        }
        let watched = KINDS.iter().copied().filter(|kind| kind.namespaced);
        let present: Vec<&'static Kind> =
            watched.filter(|kind| desk.cache.list(kind.kind, key).any(|o| !o.is_terminating())).collect();
        let left = KINDS.iter().map(|kind| desk.cache.list(kind.kind, key).count()).sum();
        let is_first = self.left.insert(key.into(), left).is_none();
        let kinds = present.into_iter().chain(unwatched().filter(|_| is_first || left == 0));
        for kind in kinds {
            let all = Request::list(desk.name, kind, key);
            desk.call(key, Request { verb: Verb::DeleteCollection, ..all }, out);
        }
        if left == 0 {
            self.left.remove(key);
            let done = namespace.edit(|tree| tree::set(tree, "spec.finalizers", json!([])));
            let request = Request::update(desk.name, done);
            desk.call(key, Request { subresource: "finalize", ..request }, out);
        } else {
            desk.add_after(key, AGAIN, out);
        }
    }
}
