//! Creating objects.
//!
//! Models: `Store.Create` and `rest.BeforeCreate`.

use super::services::Claim;
use super::{ApiServer, Warnings, admission, managed, meta};
use crate::api::{Managed, Object, Request, Response, Status, tree};
use crate::effect::Out;
use crate::trace::Change;
use serde_json::Value;
use std::sync::Arc;

/// How often another name is drawn when a generated one is taken.
const NAME_ATTEMPTS: usize = 8;

impl ApiServer {
    pub(super) fn create(
        &mut self,
        request: &Request,
        object: &Object,
        applied: Option<Managed>,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let kind = request.kind;
        let mut tree = object.tree().clone();
        let said = managed::take_said(&mut tree);
        place(request, &mut tree)?;
        let shown = match tree::str(&tree, "metadata.name") {
            "" => tree::str(&tree, "metadata.generateName"),
            name => name,
        };
        self.check_namespace(request, shown)?;
        (kind.defaults)(&mut tree);
        let writer = managed::Writer::new(request, out.now);
        let managed =
            applied.or_else(|| Some(writer?.created(&tree, managed::before(said.as_deref(), None))));
        admission::admit(kind, &mut tree);
        self.name(request, &mut tree, out);
        let claim = self.claim_new(request, &mut tree, out)?;
        let result = self.finish_create(request, (tree, managed), &claim, warnings, out);
        self.settle(claim, result.is_ok() && !request.options.dry_run, out);
        result
    }

    fn finish_create(
        &mut self,
        request: &Request,
        (mut tree, managed): (Value, Option<Managed>),
        claim: &Claim,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let kind = request.kind;
        (kind.prepare)(&mut tree);
        let (namespace, name) = (tree::str(&tree, "metadata.namespace"), tree::str(&tree, "metadata.name"));
        let uid = meta::uid(kind, namespace, name, out);
        meta::stamp(kind, &mut tree, &uid, out);
        let mut wrong = meta::problems(kind, &tree);
        let object = Object::new(kind, tree).managed_by(managed.map(Arc::new));
        wrong.extend((kind.problems)(&object, None));
        if !wrong.is_empty() {
            return Err(Status::invalid(kind, object.name(), wrong));
        }
        warnings.extend((kind.warnings)(&object, None));
        if self.stored(kind, object.namespace(), object.name()).is_some() {
            return Err(Status::already_exists(kind, object.name()));
        }
        if request.options.dry_run {
            return Ok(Response::Object(object));
        }
        self.tell_claim(&object.key, claim, out);
        Ok(Response::Object(self.put(object, Change::Created, out)))
    }

    /// Draws a name where only its beginning is given.
    fn name(&self, request: &Request, tree: &mut Value, out: &mut Out<'_>) {
        let base = tree::str(tree, "metadata.generateName").to_string();
        if base.is_empty() || !tree::str(tree, "metadata.name").is_empty() {
            return;
        }
        for _ in 0..NAME_ATTEMPTS {
            let name = meta::generate_name(request.kind, &request.namespace, &base, out);
            let taken = self.stored(request.kind, &request.namespace, &name).is_some();
            tree::set(tree, "metadata.name", name);
            if !taken {
                return;
            }
        }
    }
}

/// An object goes to the namespace of its request, which it may name too.
pub(super) fn place(request: &Request, tree: &mut Value) -> Result<(), Status> {
    tree::default(tree, "apiVersion", request.kind.api_version());
    tree::default(tree, "kind", request.kind.kind);
    if !request.kind.namespaced {
        return Ok(());
    }
    let said = tree::str(tree, "metadata.namespace");
    if said.is_empty() {
        tree::set(tree, "metadata.namespace", &*request.namespace);
    } else if said != &*request.namespace {
        let words = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Status::bad_request(words));
    }
    Ok(())
}
