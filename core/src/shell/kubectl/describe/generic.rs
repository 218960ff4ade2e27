//! The page of a kind that has none of its own: its tree, with titles made of field names.
//! Models: kubectl `pkg/describe/describe.go` genericDescriber.

use super::page::{Page, plain};
use super::{Subject, events};
use crate::api::tree;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// How deep the tree is shown.
const MAX_DEPTH: usize = 30;

/// Writes it.
pub fn generic(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    page.field(0, "Name", subject.name());
    page.field(0, "Namespace", subject.namespace());
    page.labels("Labels", tree::map(&subject.tree, "metadata.labels"));
    page.annotations("Annotations", tree::map(&subject.tree, "metadata.annotations"));
    let mut rest = subject.tree.clone();
    for known in ["name", "namespace", "labels", "annotations", "managedFields", "selfLink"] {
        tree::remove(&mut rest, &format!("metadata.{known}"));
    }
    content(page, &rest, 0);
    events::events(io, subject, page)
}

fn content(page: &mut Page, tree: &Value, level: usize) {
    if level > MAX_DEPTH {
        return;
    }
    for (key, value) in tree.as_object().into_iter().flatten() {
        let title = title(key);
        match value {
            Value::Object(_) => {
                page.line(level, &format!("{title}:"));
                content(page, value, level + 1);
            }
            Value::Array(items) => {
                page.line(level, &format!("{title}:"));
                for item in items {
                    if item.is_object() {
                        content(page, item, level + 1);
                    } else {
                        page.line(level + 1, &plain(item));
                    }
                }
            }
            scalar => page.field(level, &title, &plain(scalar)),
        }
    }
}

/// `apiVersion` becomes `API Version`.
fn title(field: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in field.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let worded = words.iter().map(|word| {
        let upper = word.to_uppercase();
        if ["API", "URL", "UID", "OSB", "GUID"].contains(&upper.as_str()) {
            return upper;
        }
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
    });
    worded.collect::<Vec<String>>().join(" ")
}
