//! The page of a Namespace. Models: kubectl `pkg/describe/describe.go` describeNamespace.
//! Omits: quotas and limit ranges (there are none)

use super::Subject;
use super::page::Page;
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};

/// Writes it.
pub fn namespace(_: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    page.field(0, "Name", subject.name());
    page.labels("Labels", tree::map(&subject.tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(&subject.tree, "metadata.annotations"));
    page.field(0, "Status", subject.str("status.phase"));
    page.line(0, "\nNo resource quota.");
    page.line(0, "\nNo LimitRange resource.");
    Ok(())
}
