//! Patches: the four ways of saying what should change.

pub mod fit;

use super::managed::Writer;
use super::update::Made;
use super::{ApiServer, Warnings};
use crate::api::patch::{json, merge, strategic};
use crate::api::request::PatchType;
use crate::api::tree;
use crate::api::{Managed, Object, Request, Response, Status};
use crate::effect::Out;
use serde_json::Value;

impl ApiServer {
    pub(super) fn patch(
        &mut self,
        request: &Request,
        how: PatchType,
        patch: &Value,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let exists = self.stored(request.kind, &request.namespace, &request.name).is_some();
        if how == PatchType::Apply {
            check_applied(request, patch)?;
        }
        let writer = Writer::new(request, out.now);
        if how == PatchType::Apply && !exists && request.subresource.is_empty() {
            let nothing = Object::new(request.kind, Value::Object(serde_json::Map::new()));
            let (tree, managed) = match &writer {
                Some(writer) => writer.apply(&nothing, patch)?,
                None => (patch.clone(), Managed::default()),
            };
            let object = Object::new(request.kind, tree);
            return self.create(request, &object, Some(managed), warnings, out);
        }
        let make = |old: &Object| {
            if let (PatchType::Apply, Some(writer), true) = (how, &writer, request.subresource != "scale") {
                let (tree, managed) = writer.apply(old, patch)?;
                return Ok(Made { tree, managed: Some(managed) });
            }
            // Only a patch that is about managers needs to see them.
            let mut tree = if is_about_managers(patch) { old.shown() } else { old.tree().clone() };
            match how {
                PatchType::Merge => {
                    merge::apply(&mut tree, patch);
                    fit::patched(old.kind, &mut tree)?;
                }
                PatchType::Json => {
                    json::apply(&mut tree, patch)?;
                    fit::patched(old.kind, &mut tree)?;
                }
                PatchType::Strategic => strategic::apply(old.kind.kind, &mut tree, patch)?,
                PatchType::Apply => strategic::apply_configuration(old.kind.kind, &mut tree, patch)?,
            }
            Ok(tree.into())
        };
        self.change(request, &make, warnings, out)
    }
}

/// Whether a patch says anything of `metadata.managedFields`.
fn is_about_managers(patch: &Value) -> bool {
    let names = |path: &str| path.starts_with("/metadata/managedFields") || path == "/metadata";
    match patch {
        Value::Array(operations) => operations.iter().any(|operation| names(tree::str(operation, "path"))),
        _ => tree::get(patch, "metadata.managedFields").is_some(),
    }
}

/// An applied configuration must say what it is, and may not say who manages what.
fn check_applied(request: &Request, configuration: &Value) -> Result<(), Status> {
    let (said, expected) = (tree::str(configuration, "apiVersion"), request.kind.api_version());
    if said.is_empty() || tree::str(configuration, "kind").is_empty() {
        return Err(Status::bad_request("invalid object type: /, Kind="));
    }
    if request.subresource != "scale" && said != expected {
        let words = "Incorrect version specified in apply patch. Specified patch version:";
        return Err(Status::bad_request(format!("{words} {said}, expected: {expected}")));
    }
    if tree::get(configuration, "metadata.managedFields").is_some() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}
