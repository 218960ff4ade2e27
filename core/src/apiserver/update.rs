//! Changing objects: PUT and what patches come to.
//!
//! Models: `Store.Update` and `rest.BeforeUpdate`.

use super::services::Claim;
use super::{ApiServer, Warnings, create, managed, meta};
use crate::api::{Kind, Managed, Object, Request, Response, Status, Verb, endpoint_slice, namespace, tree};
use crate::effect::Out;
use crate::trace::Change;
use serde_json::Value;
use std::sync::Arc;

/// Makes the new tree out of the old object.
pub(super) type Make<'a> = dyn Fn(&Object) -> Result<Made, Status> + 'a;

/// A new tree, and who manages it where that is known already.
pub(super) struct Made {
    pub tree: Value,
    pub managed: Option<Managed>,
}

impl From<Value> for Made {
    fn from(tree: Value) -> Made {
        Made { tree, managed: None }
    }
}

impl ApiServer {
    /// Changes an object to what `make` makes of it.
    pub(super) fn change(
        &mut self,
        request: &Request,
        make: &Make<'_>,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let kind = request.kind;
        if request.subresource == "scale" {
            return self.rescale(request, make, warnings, out);
        }
        let Some(old) = self.stored(kind, &request.namespace, &request.name).cloned() else {
            return self.create_instead(request, make, warnings, out);
        };
        let Made { mut tree, managed } = make(&old)?;
        let said = managed::take_said(&mut tree).filter(|_| request.subresource.is_empty());
        create::place(request, &mut tree)?;
        check_identity(&old, &mut tree)?;
        meta::carry_over(&old, &mut tree);
        (kind.defaults)(&mut tree);
        keep_other_half(request, &old, &mut tree);
        let managed = match managed {
            Some(managed) => Some(Arc::new(managed)),
            None => managed_after(request, &old, &tree, said.as_deref(), out),
        };
        let claim = self.claim_changed(request, &old, &mut tree, out)?;
        count_generation(kind, &old, &mut tree);
        let result = self.finish_change(request, &old, (tree, managed), &claim, warnings, out);
        self.settle(claim, result.is_ok() && !request.options.dry_run, out);
        result
    }

    fn create_instead(
        &mut self,
        request: &Request,
        make: &Make<'_>,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let (kind, name) = (request.kind, &*request.name);
        let is_put = matches!(request.verb, Verb::Update(_));
        if !kind.create_on_update || !request.subresource.is_empty() || !is_put {
            return Err(Status::not_found(kind, name));
        }
        let nothing = Object::new(kind, Value::Object(serde_json::Map::new()));
        let object = Object::new(kind, make(&nothing)?.tree);
        if object.revision != 0 {
            return Err(Status::not_found(kind, name));
        }
        self.create(request, &object, None, warnings, out)
    }

    fn finish_change(
        &mut self,
        request: &Request,
        old: &Object,
        (tree, managed): (Value, Option<Arc<Managed>>),
        claim: &Claim,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let kind = request.kind;
        let mut wrong = meta::problems(kind, &tree);
        wrong.extend(meta::new_finalizers(old, &tree));
        let object = Object::new(kind, tree).managed_by(managed);
        let is_whole = request.subresource.is_empty();
        if is_whole {
            wrong.extend((kind.problems)(&object, Some(old)));
        }
        if !wrong.is_empty() {
            return Err(Status::invalid(kind, object.name(), wrong));
        }
        if is_whole {
            warnings.extend((kind.warnings)(&object, Some(old)));
        }
        // What changes nothing is not written: the revision stays.
        if object == *old && same_managers(&object, old) {
            return Ok(Response::Object(old.clone()));
        }
        if request.options.dry_run {
            return Ok(Response::Object(object));
        }
        if is_released(&object) {
            return Ok(Response::Object(self.remove(&object, out)));
        }
        self.tell_claim(&object.key, claim, out);
        let change = if request.subresource == "status" { Change::StatusUpdated } else { Change::Updated };
        Ok(Response::Object(self.put(object, change, out)))
    }
}

/// Who manages an object after it was changed.
fn managed_after(
    request: &Request,
    old: &Object,
    tree: &Value,
    said: Option<&[Value]>,
    out: &Out<'_>,
) -> Option<Arc<Managed>> {
    if said.is_none() && tree == old.tree() {
        return old.managed.clone();
    }
    let before = managed::before(said, old.managed.as_deref());
    let writer = managed::Writer::new(request, out.now)?;
    Some(Arc::new(writer.updated(old.tree(), tree, before, false)))
}

/// Whether the same managers manage the same fields; when they last did does not count.
fn same_managers(object: &Object, old: &Object) -> bool {
    match (&object.managed, &old.managed) {
        (Some(new), Some(old)) => Arc::ptr_eq(new, old) || new.same_sets(old),
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => one.0.is_empty(),
    }
}

/// Whether nothing holds an object any more that is marked for deletion.
fn is_released(object: &Object) -> bool {
    let held = !object.list("metadata.finalizers").is_empty()
        || object.kind == &namespace::NAMESPACE && !object.list("spec.finalizers").is_empty()
        || object.int("metadata.deletionGracePeriodSeconds").unwrap_or(0) > 0;
    object.is_terminating() && !held
}

/// The name, uid and revision must be those of the stored object, where they are given.
fn check_identity(old: &Object, tree: &mut Value) -> Result<(), Status> {
    let name = tree::str(tree, "metadata.name");
    if name.is_empty() {
        tree::set(tree, "metadata.name", old.name());
    } else if name != old.name() {
        let url = old.name();
        let words = format!("the name of the object ({name}) does not match the name on the URL ({url})");
        return Err(Status::bad_request(words));
    }
    let uid = tree::str(tree, "metadata.uid");
    if !uid.is_empty() && uid != &*old.uid {
        return Err(Status::precondition(old.kind, old.name(), &uid_words(uid, &old.uid)));
    }
    match tree::str(tree, "metadata.resourceVersion") {
        "" => Ok(()),
        said if said.parse() == Ok(old.revision) => Ok(()),
        _ => Err(Status::conflict(old.kind, old.name())),
    }
}

/// What is said when another object has taken the name.
pub(super) fn uid_words(said: &str, found: &str) -> String {
    format!("Precondition failed: UID in precondition: {said}, UID in object meta: {found}")
}

/// Writes to `/status` change only the status, other writes all but the status.
fn keep_other_half(request: &Request, old: &Object, tree: &mut Value) {
    if !request.kind.has_status {
        return;
    }
    if request.subresource == "status" {
        let status = tree.get("status").cloned();
        let metadata = tree.get("metadata").cloned().unwrap_or_default();
        *tree = old.tree().clone();
        put_field(tree, "status", status);
        // As upstream's status strategies do: labels stay, other metadata may change. Deployments count revisions so.
        if let Some(kept) = tree.get_mut("metadata") {
            for field in ["annotations", "finalizers"] {
                put_field(kept, field, metadata.get(field).cloned());
            }
        }
        return;
    }
    put_field(tree, "status", old.tree().get("status").cloned());
    if *request.kind == namespace::NAMESPACE && request.subresource != "finalize" {
        match old.get("spec.finalizers") {
            Some(finalizers) => tree::set(tree, "spec.finalizers", finalizers.clone()),
            None => drop(tree::remove(tree, "spec.finalizers")),
        }
    }
}

fn put_field(tree: &mut Value, field: &str, value: Option<Value>) {
    let Some(map) = tree.as_object_mut() else { return };
    match value {
        Some(value) => drop(map.insert(field.into(), value)),
        None => drop(map.remove(field)),
    }
}

/// A changed spec counts up. An EndpointSlice has none: all of it but metadata counts, and so do its labels.
fn count_generation(kind: &Kind, old: &Object, tree: &mut Value) {
    if !kind.has_generation {
        return;
    }
    let fields: &[&str] = if *kind == endpoint_slice::ENDPOINT_SLICE {
        &["addressType", "endpoints", "ports"]
    } else {
        &["spec"]
    };
    let labels = *kind == endpoint_slice::ENDPOINT_SLICE
        && tree::get(tree, "metadata.labels") != old.get("metadata.labels");
    if labels || fields.iter().any(|field| tree.get(field) != old.tree().get(field)) {
        tree::set(tree, "metadata.generation", old.int("metadata.generation").unwrap_or(0) + 1);
    }
}
