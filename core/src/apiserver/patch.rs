//! Patches: the four ways of saying what should change.

pub mod fit;
pub mod json;
pub mod merge;
pub mod strategic;

use super::{ApiServer, Warnings};
use crate::api::request::PatchType;
use crate::api::{Object, Request, Response, Status};
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
        if how == PatchType::Apply && !exists && request.subresource.is_empty() {
            let object = Object::new(request.kind, patch.clone());
            return self.create(request, &object, warnings, out);
        }
        let make = |old: &Object| {
            let mut tree = old.tree().clone();
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
            Ok(tree)
        };
        self.change(request, &make, warnings, out)
    }
}
