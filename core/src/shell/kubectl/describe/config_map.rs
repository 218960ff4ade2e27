//! The pages of ConfigMaps and Secrets. Models: kubectl `pkg/describe/describe.go` describeConfigMap, describeSecret.

use super::page::Page;
use super::{Subject, events};
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};

/// Writes a ConfigMap's.
pub fn config_map(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    heading(subject, page);
    page.line(0, "\nData\n====");
    for (key, value) in tree::pairs(&subject.tree, "data") {
        page.line(0, &format!("{key}:\n----\n{value}\n"));
    }
    page.line(0, "\nBinaryData\n====");
    for (key, value) in tree::pairs(&subject.tree, "binaryData") {
        page.line(0, &format!("{key}: {} bytes", decoded_length(value)));
    }
    page.line(0, "");
    events::events(io, subject, page)
}

/// Writes a Secret's: only how long its values are.
pub fn secret(_: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    heading(subject, page);
    page.line(0, "");
    page.field(0, "Type", format!(" {}", subject.str("type")).trim_start());
    page.line(0, "\nData\n====");
    for (key, value) in tree::pairs(&subject.tree, "data") {
        page.field(0, key, &format!("{} bytes", decoded_length(value)));
    }
    Ok(())
}

fn heading(subject: &Subject, page: &mut Page) {
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.labels("Labels", tree::map(&subject.tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(&subject.tree, "metadata.annotations"));
}

fn decoded_length(text: &str) -> usize {
    data_encoding::BASE64.decode(text.as_bytes()).map_or(0, |bytes| bytes.len())
}
