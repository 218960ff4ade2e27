//! Lost indentation: the lines of each document get their columns from the search, and keep everything else.

use super::lines::{self, Line};
use super::search;
use crate::api::fields::{self, Shape};

/// Longer documents are not searched.
const MAX_LINES: usize = 2_000;

/// The text with its lines in their places; `None` when no document has a kind whose fields are known.
pub fn restore(text: &str) -> Option<String> {
    let mut restored = String::with_capacity(text.len() * 5 / 4);
    let mut any = false;
    for part in documents(text) {
        let Part { separator, body } = part;
        if let Some(line) = separator {
            restored.push_str(line);
            restored.push('\n');
        }
        match document(body) {
            Some(document) => {
                any = true;
                restored.push_str(&document);
            }
            None => restored.push_str(body),
        }
    }
    any.then_some(restored)
}

/// A document, and the separator before it.
struct Part<'a> {
    separator: Option<&'a str>,
    body: &'a str,
}

/// The documents of a text; a new `apiVersion`, `kind`, `metadata` without indentation begins one without a separator.
fn documents(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut separator, mut start, mut at) = (None, 0, 0);
    for line in text.split_inclusive('\n') {
        let is_separator = line.trim_end() == "---" || line.starts_with("--- #");
        let begins =
            line.starts_with("apiVersion:") && has_begun(&text[start..at]) && begins_object(&text[at..]);
        if is_separator || begins {
            if at > start || separator.is_some() {
                parts.push(Part { separator, body: &text[start..at] });
            }
            separator = Some(if is_separator { line.trim_end() } else { "---" });
            start = if is_separator { at + line.len() } else { at };
        }
        at += line.len();
    }
    parts.push(Part { separator, body: &text[start..] });
    parts
}

fn has_begun(body: &str) -> bool {
    body.lines().any(|line| line.starts_with("apiVersion:"))
}

fn begins_object(text: &str) -> bool {
    let mut keys =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| line.split(':').next());
    keys.next();
    matches!((keys.next().flatten(), keys.next().flatten()), (Some("kind"), Some("metadata")))
}

/// The kinds that a document may be of: where other objects are referred to, several are named.
fn kinds(body: &str) -> Vec<Shape> {
    let named = |key: &str| {
        let values = body.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'));
        let mut named: Vec<&str> = values.map(|value| value.trim().trim_matches(['"', '\''])).collect();
        named.dedup();
        named.truncate(8);
        named
    };
    let (versions, kinds) = (named("apiVersion"), named("kind"));
    let pairs = kinds.iter().flat_map(|kind| versions.iter().map(move |version| (version, kind)));
    let mut found: Vec<Shape> = Vec::new();
    for shape in pairs.filter_map(|(version, kind)| fields::of(version, kind)) {
        if !found.contains(&shape) {
            found.push(shape);
        }
    }
    if found.is_empty() {
        found.extend(kinds.first().and_then(|kind| fields::of_kind(kind)));
    }
    found.truncate(4);
    found
}

/// A document with its lines in their places.
fn document(body: &str) -> Option<String> {
    let kinds = kinds(body);
    let ends_block = |key: &str| kinds.iter().any(|root| root.field(key).is_some());
    let (lines, after) = lines::split(body, &ends_block);
    if lines.len() > MAX_LINES {
        return None;
    }
    let ways = kinds.iter().filter_map(|root| search::columns(&lines, root));
    let (_, columns) = ways.min_by_key(|(cost, _)| *cost)?;
    // Pages put a blank line between all lines; where a person put some, they stay.
    let blank = lines.iter().filter(|line| line.before.contains(&"")).count();
    let keep_blank = blank * 3 < lines.len();
    let mut text = String::with_capacity(body.len() * 5 / 4);
    for (line, column) in lines.iter().zip(&columns) {
        comments(&mut text, &line.before, *column, keep_blank);
        write(&mut text, line, *column);
    }
    comments(&mut text, &after, 0, keep_blank);
    Some(text)
}

fn comments(text: &mut String, before: &[&str], column: usize, keep_blank: bool) {
    for comment in before {
        if !comment.is_empty() {
            indent(text, column);
            text.push_str(comment);
            text.push('\n');
        } else if keep_blank {
            text.push('\n');
        }
    }
}

fn write(text: &mut String, line: &Line<'_>, column: usize) {
    indent(text, column);
    if line.is_item {
        text.push_str("- ");
    }
    text.push_str(line.body);
    text.push('\n');
    let stood = lines::block_indent(&line.block);
    for raw in &line.block {
        let rest = raw.get(stood..).unwrap_or_default().trim_end();
        if !rest.is_empty() {
            indent(text, column + if line.is_item { 4 } else { 2 });
            text.push_str(rest);
        }
        text.push('\n');
    }
}

fn indent(text: &mut String, column: usize) {
    text.extend(std::iter::repeat_n(' ', column));
}
