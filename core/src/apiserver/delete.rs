//! Deleting objects: at once, after a grace period, or when their finalizers are gone.
//!
//! Models: `Store.Delete`, `rest.BeforeDelete`, pod `strategy.CheckGracefulDelete`. What owned objects come to is the
//! garbage collector's part.

use super::{ApiServer, admission, update};
use crate::api::{FieldError, Object, Request, Response, Status, namespace, pod, tree};
use crate::base::{Duration, Instant};
use crate::effect::Out;
use crate::trace::Change;
use serde_json::Value;

/// Held until what the object owns is gone.
const FOREGROUND: &str = "foregroundDeletion";
/// Held until what the object owns has been let go.
const ORPHAN: &str = "orphan";

impl ApiServer {
    pub(super) fn delete(&mut self, request: &Request, out: &mut Out<'_>) -> Result<Response, Status> {
        let found = self.stored(request.kind, &request.namespace, &request.name).cloned();
        let object = found.ok_or_else(|| Status::not_found(request.kind, &request.name))?;
        self.delete_object(request, &object, out).map(Response::Object)
    }

    pub(super) fn delete_collection(
        &mut self,
        request: &Request,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        super::read::check_fields(request.kind, &request.options)?;
        let all: Vec<Object> = self.matching(request).cloned().collect();
        let mut deleted = Vec::with_capacity(all.len());
        for object in all {
            deleted.push(self.delete_object(request, &object, out)?);
        }
        Ok(Response::List(deleted, self.store.revision()))
    }

    fn delete_object(
        &mut self,
        request: &Request,
        object: &Object,
        out: &mut Out<'_>,
    ) -> Result<Object, Status> {
        let options = &request.options;
        if !options.uid.is_empty() && options.uid != object.uid {
            let words = update::uid_words(&options.uid, &object.uid);
            return Err(Status::precondition(object.kind, object.name(), &words));
        }
        if !options.version.is_empty() && options.version.parse() != Ok(object.revision) {
            let (said, found) = (&options.version, object.revision);
            let words = format!(
                "Precondition failed: ResourceVersion in precondition: {said}, ResourceVersion in object meta: {found}"
            );
            return Err(Status::precondition(object.kind, object.name(), &words));
        }
        check_propagation(&options.propagation)?;
        admission::check_deletion(object)?;
        if options.dry_run {
            return Ok(object.clone());
        }
        let grace = grace_seconds(object, options.grace_seconds);
        let finalizers = finalizers(object, &options.propagation);
        let held = !finalizers.is_empty()
            || object.kind == &namespace::NAMESPACE && !object.list("spec.finalizers").is_empty();
        if grace == 0 && !held {
            return Ok(self.remove(object, out));
        }
        let marked = mark(object, grace, finalizers, out.now);
        if marked == *object {
            return Ok(marked);
        }
        Ok(self.put(marked, Change::Terminating, out))
    }
}

/// What is wished for what the object owns must be one of three things.
fn check_propagation(wish: &str) -> Result<(), Status> {
    if matches!(wish, "" | "Foreground" | "Background" | "Orphan") {
        return Ok(());
    }
    let known = ["Foreground", "Background", "Orphan", "nil"];
    Err(Status::invalid_options(
        "DeleteOptions",
        vec![FieldError::not_supported("propagationPolicy", wish, &known)],
    ))
}

/// The object marked for deletion. A second request may shorten what is left, never lengthen it.
fn mark(object: &Object, grace: u64, finalizers: Vec<Value>, now: Instant) -> Object {
    let left = object.int("metadata.deletionGracePeriodSeconds").and_then(|n| u64::try_from(n).ok());
    object.edit(|tree| {
        if left.is_none_or(|left| grace < left) {
            tree::set(tree, "metadata.deletionTimestamp", (now + Duration::secs(grace)).rfc3339());
            tree::set(tree, "metadata.deletionGracePeriodSeconds", grace);
        }
        if left.is_none()
            && let Some(generation) = tree::int(tree, "metadata.generation")
        {
            tree::set(tree, "metadata.generation", generation + 1);
        }
        if finalizers.is_empty() {
            tree::remove(tree, "metadata.finalizers");
        } else {
            tree::set(tree, "metadata.finalizers", finalizers);
        }
        if object.kind == &namespace::NAMESPACE {
            tree::set(tree, "status.phase", "Terminating");
        }
    })
}

/// How long an object gets: only pods that run somewhere get more than nothing.
fn grace_seconds(object: &Object, asked: Option<u64>) -> u64 {
    if object.kind != &pod::POD {
        return 0;
    }
    let seconds = |path| object.int(path).and_then(|n| u64::try_from(n).ok());
    let left = seconds("metadata.deletionGracePeriodSeconds");
    let period = asked.or(left).or_else(|| seconds("spec.terminationGracePeriodSeconds")).unwrap_or(30);
    if object.str("spec.nodeName").is_empty() || pod::is_finished(object) { 0 } else { period }
}

/// The finalizers that the object has once the wish for its dependents is noted.
fn finalizers(object: &Object, propagation: &str) -> Vec<Value> {
    let mut all = object.list("metadata.finalizers").to_vec();
    let wish = match propagation {
        "Foreground" => Some(FOREGROUND),
        "Orphan" => Some(ORPHAN),
        "Background" => None,
        _ => return all,
    };
    all.retain(|f| f != FOREGROUND && f != ORPHAN);
    all.extend(wish.map(Value::from));
    all
}
