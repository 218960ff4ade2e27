//! What is nearly right: manifests that YAML has nothing against, and that will still not do what they are meant to.
//! Finds facts, places and changes; the words are in `words::editor`.

mod fields;
mod service;
mod workload;

use super::known::{self, Known};
use tidepool_core::api::tree;
use tidepool_core::api::yaml::{Document, Read, Span};
use tidepool_core::base::order;

/// What is nearly right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// No pod has this label of a selector.
    Label {
        /// The label: `app=MyAp`.
        wanted: String,
        /// The label that comes nearest, and how many pods have it; none but templates when 0.
        near: Option<(String, usize)>,
    },
    /// No pod has all labels of a selector, though each is on some pod.
    Together,
    /// No container of the selected pods names a port so.
    PortName {
        /// The name.
        name: String,
        /// The names and numbers that are declared.
        declared: Vec<String>,
    },
    /// No container of the selected pods declares this port.
    PortNumber {
        /// The number.
        number: i64,
        /// The names and numbers that are declared.
        declared: Vec<String>,
    },
    /// A selector wants a label that its own template does not have.
    Template {
        /// The label that is wanted.
        wanted: String,
        /// The template's label of that key, if it has one.
        found: Option<String>,
    },
    /// A namespace that does not exist.
    Namespace(String),
    /// A field that the kind does not have.
    Field {
        /// Its name.
        name: String,
        /// The one that may be meant.
        near: Option<String>,
    },
    /// A kind that nobody knows.
    Kind {
        /// Its name.
        name: String,
        /// The one that may be meant.
        near: Option<String>,
    },
    /// A kind that is not of this version.
    Version {
        /// The kind.
        kind: String,
        /// The version that it has.
        version: String,
    },
    /// A value of the wrong type: the field, and what it takes.
    Type(String, String),
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It will be refused, or cannot work.
    Error,
    /// It is accepted and does not do what it is meant to.
    Warning,
    /// It may be meant.
    Hint,
}

/// A change that would right it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which bytes.
    pub span: Span,
    /// What to put there.
    pub text: String,
    /// What the button says: the value.
    pub label: String,
}

/// Something that is nearly right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub miss: Miss,
    /// Where.
    pub span: Span,
    /// How bad it is.
    pub severity: Severity,
    /// What would right it, best first.
    pub changes: Vec<Change>,
}

/// What is nearly right in what was read of a text.
pub fn misses(text: &str, read: &Read, cluster: &Known) -> Vec<Found> {
    let known = cluster.with(&read.documents);
    let mut found = Vec::new();
    for document in &read.documents {
        fields::check(document, &mut found);
        namespace(document, cluster, &known, &mut found);
        match tree::str(&document.value, "kind") {
            "Service" => service::check(text, document, &known, &mut found),
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
                workload::check(document, &mut found)
            }
            _ => {}
        }
    }
    order::sort_by_key(&mut found, |found| found.span.start);
    found
}

fn namespace(document: &Document, cluster: &Known, known: &Known, found: &mut Vec<Found>) {
    let name = tree::str(&document.value, "metadata.namespace");
    if name.is_empty() || cluster.namespaces.is_empty() || known.namespaces.iter().any(|known| known == name)
    {
        return;
    }
    let span = document.place("metadata.namespace");
    let near = known.namespaces.iter().filter(|other| super::is_near(name, other));
    found.push(Found {
        changes: near.map(|near| replace(&span, near)).take(2).collect(),
        miss: Miss::Namespace(name.to_string()),
        span,
        severity: Severity::Error,
    });
}

/// A change that puts a word in the place of another.
fn replace(span: &Span, word: &str) -> Change {
    Change { span: span.clone(), text: scalar(word), label: word.to_string() }
}

/// A string as YAML: quoted when it would be read as something else.
fn scalar(word: &str) -> String {
    let read = tidepool_core::api::yaml::read(&format!("a: {word}\n"));
    let is_plain =
        read.documents.first().is_some_and(|d| d.value.get("a").and_then(|a| a.as_str()) == Some(word));
    if is_plain {
        word.to_string()
    } else {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The path of a key below a path; keys of labels have dots.
fn below(path: &str, key: &str) -> String {
    format!("{path}[{key}]")
}

fn pair(key: &str, value: &str) -> String {
    format!("{key}={value}")
}

#[cfg(test)]
mod tests;
