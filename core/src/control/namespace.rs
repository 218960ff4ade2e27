//! The namespace controller: a namespace that is to go loses its content first.
//!
//! Models: `pkg/controller/namespace/deletion/{namespaced_resources_deleter,status_condition_utils}.go`.

use super::controllers::Reconcile;
use super::desk::Desk;
use super::garbage::unwatched;
use crate::api::namespace::NAMESPACE;
use crate::api::request::PatchType;
use crate::api::{Change, Kind, Object, Request, Verb, kinds::KINDS, tree};
use crate::base::{Duration, FlatMap};
use crate::effect::Out;
use serde_json::{Value, json};

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
            if !is_first {
                report(&namespace, desk, out);
            }
            desk.add_after(key, AGAIN, out);
        }
    }
}

/// Says in the status what the namespace waits for.
fn report(namespace: &Object, desk: &mut Desk, out: &mut Out<'_>) {
    let mut content = Vec::new();
    let mut finalizers: FlatMap<&str, usize> = FlatMap::new();
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        let left: Vec<&Object> = desk.cache.list(kind.kind, namespace.name()).collect();
        if !left.is_empty() {
            content.push(format!("{}.{} has {} resource instances", kind.plural, kind.group, left.len()));
        }
        for finalizer in left.iter().flat_map(|o| o.list("metadata.finalizers")).filter_map(Value::as_str) {
            *finalizers.entry(finalizer).or_default() += 1;
        }
    }
    let held: Vec<String> =
        finalizers.iter().map(|(name, n)| format!("{name} in {n} resource instances")).collect();
    let remaining =
        |what: &[String], words: &str| (!what.is_empty()).then(|| format!("{words}: {}", what.join(", ")));
    let content = remaining(&content, "Some resources are remaining");
    let held = remaining(&held, "Some content in the namespace has finalizers remaining");
    let known = namespace.list("status.conditions");
    let condition = |(kind, ok, wrong, fine): (&str, &str, &str, &str), trouble: Option<String>| {
        let status = if trouble.is_some() { "True" } else { "False" };
        let before = known.iter().find(|c| tree::str(c, "type") == kind && tree::str(c, "status") == status);
        let since = before.map_or(out.now.rfc3339(), |c| tree::str(c, "lastTransitionTime").into());
        json!({
            "type": kind, "status": status, "lastTransitionTime": since,
            "reason": if trouble.is_some() { wrong } else { ok },
            "message": trouble.unwrap_or_else(|| fine.into()),
        })
    };
    let conditions = vec![
        condition(DISCOVERY, None),
        condition(PARSING, None),
        condition(DELETION, None),
        condition(CONTENT, content),
        condition(FINALIZERS, held),
    ];
    if known != conditions {
        let patch = json!({ "status": { "conditions": conditions } });
        let request = Request::patch(desk.name, &NAMESPACE, &namespace.key, PatchType::Merge, patch);
        desk.call(namespace.name(), Request { subresource: "status", ..request }, out);
    }
}

/// A condition: its type, the reason when all is well, the reason otherwise, and the words when all is well.
type Words = (&'static str, &'static str, &'static str, &'static str);

const DISCOVERY: Words = (
    "NamespaceDeletionDiscoveryFailure",
    "ResourcesDiscovered",
    "DiscoveryFailed",
    "All resources successfully discovered",
);
const PARSING: Words = (
    "NamespaceDeletionGroupVersionParsingFailure",
    "ParsedGroupVersions",
    "GroupVersionParsingFailed",
    "All legacy kube types successfully parsed",
);
const DELETION: Words = (
    "NamespaceDeletionContentFailure",
    "ContentDeleted",
    "ContentDeletionFailed",
    "All content successfully deleted, may be waiting on finalization",
);
const CONTENT: Words = (
    "NamespaceContentRemaining",
    "ContentRemoved",
    "SomeResourcesRemain",
    "All content successfully removed",
);
const FINALIZERS: Words = (
    "NamespaceFinalizersRemaining",
    "ContentHasNoFinalizers",
    "SomeFinalizersRemain",
    "All content-preserving finalizers finished",
);
