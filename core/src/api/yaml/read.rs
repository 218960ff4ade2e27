//! Reading a stream of YAML documents: splits it as kubectl does, reads each by itself, so that a broken one does not
//! lose the others. Knows no kinds. Models: apimachinery `pkg/util/yaml/decoder.go` `YAMLReader`.

use super::lines::Lines;
use super::{Entry, Place, Problem, ProblemCode, Span, build};
use crate::base::order;
use serde_json::Value;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;

/// What a text holds.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The documents that could be read, in order; empty ones are left out.
    pub documents: Vec<Document>,
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
}

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its position among the documents of the text, from 0, broken ones counted.
    pub index: usize,
    /// The line on which it begins, from 1; the separator before it is not part of it.
    pub line: usize,
    /// Its bytes.
    pub span: Span,
    /// What it says, as JSON.
    pub value: Value,
    /// Where what it says is.
    pub root: Place,
}

impl Read {
    /// The first problem that makes a document unusable. kubectl applies the documents before it, then stops.
    pub fn fatal(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.code.is_fatal())
    }

    /// The document that holds an offset.
    pub fn document_at(&self, offset: usize) -> Option<&Document> {
        self.documents.iter().find(|d| d.span.start <= offset && offset <= d.span.end)
    }
}

impl Document {
    /// The place at a path such as `spec.ports[0].port`: its key and its value.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.root.entry(path)
    }

    /// The bytes of the value at a path; of the nearest key above it when it is not there; else of the first key.
    pub fn place(&self, path: &str) -> Span {
        if let Some(entry) = self.entry(path) {
            let value = entry.place.value.clone();
            return if value.is_empty() { entry.at.clone() } else { value };
        }
        self.key_place(path)
    }

    /// The bytes of the key at a path; of the nearest key above it when it is not there; else of the first key.
    pub fn key_place(&self, path: &str) -> Span {
        let nearest = self.root.nearest(path).or(self.root.entries.first());
        nearest.map_or(self.root.value.clone(), |entry| entry.at.clone())
    }
}

/// Reads a text.
pub fn read(text: &str) -> Read {
    let lines = Lines::of(text);
    let mut found = Read::default();
    if text.len() > MAX_BYTES {
        found.problems.push(Problem {
            code: ProblemCode::TooLarge,
            span: 0..0,
            line: 1,
            column: 1,
            document: 0,
            message: format!("the text has {} bytes; at most {MAX_BYTES} are read", text.len()),
            fix: None,
        });
        return found;
    }
    for (index, span) in parts(text).into_iter().enumerate() {
        let part = build::Part { text, lines: &lines, span: span.clone(), index };
        if let Some(problem) = bad_separator(&part) {
            found.problems.push(problem);
            continue;
        }
        let built = build::build(&part, &mut found.problems);
        if let Some((value, root)) = built.filter(|(value, _)| !value.is_null()) {
            let line = lines.line(span.start);
            found.documents.push(Document { index, line, span, value, root });
        }
    }
    order::sort_by_key(&mut found.problems, |problem| (problem.document, problem.span.start));
    found
}

/// The parts between separators: lines that begin with `---`, alone or with a comment. A separator directly after
/// another, or at the beginning, makes no part.
fn parts(text: &str) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut at = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let after = line.strip_prefix("---").map(str::trim);
        if after.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
            if is_directives(&text[start..at]) {
                // `%YAML` and its like belong to the document that the separator begins.
            } else {
                parts.push(start..at);
                start = at + line.len();
            }
        }
        at += line.len();
    }
    parts.push(start..at);
    let holds_something = |part: &Span| text[part.clone()].lines().any(|l| !matches!(l.trim(), "" | "..."));
    parts.retain(holds_something);
    parts
}

/// A line that begins with `---` and goes on: kubectl reads no further.
fn bad_separator(part: &build::Part<'_>) -> Option<Problem> {
    let mut at = part.span.start;
    for line in part.slice().split_inclusive('\n') {
        let rest =
            line.strip_prefix("---").map(str::trim).filter(|rest| !rest.is_empty() && !rest.starts_with('#'));
        if let Some(rest) = rest {
            let span = at..at + line.trim_end().len();
            let mut problem = part.problem(ProblemCode::BadSeparator, span, "");
            problem.message = format!("invalid Yaml document separator: {rest}");
            return Some(problem);
        }
        at += line.len();
    }
    None
}

/// Whether a part so far holds nothing but directives, one of them at least.
fn is_directives(part: &str) -> bool {
    let mut lines =
        part.lines().map(str::trim_end).filter(|l| !l.is_empty() && !l.starts_with('#')).peekable();
    lines.peek().is_some() && lines.all(|l| l.starts_with('%'))
}
