//! What is wrong with the manifests, where, and what would right it: the core's findings with places that an editor
//! understands, and what is nearly right beside what the cluster holds. Knows no words of its own.

use crate::assist::{self, Known, Miss, Severity};
use tidepool_core::api::yaml;
use tidepool_core::base::order;

/// A problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From: line and column, from 1, in UTF-16 units as editors count.
    pub from: (u32, u32),
    /// To.
    pub to: (u32, u32),
    /// Whether the manifests cannot be used.
    pub fatal: bool,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in kubectl's words; empty when there is a `miss`, or no sentence of kubectl's.
    pub message: String,
    /// What is nearly right.
    pub miss: Option<Miss>,
    /// What would right it.
    pub fixes: Vec<Fix>,
}

/// What would right a problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// Bring lost indentation back: the whole text as it would be.
    Indentation(String),
    /// Give comments their `#` back: the whole text as it would be.
    Comments(String),
    /// A small change.
    Small(yaml::Fix),
    /// Another word.
    Word(assist::misses::Change),
}

impl Fix {
    /// The text, put right.
    pub fn apply(&self, text: &str) -> String {
        match self {
            Fix::Indentation(whole) | Fix::Comments(whole) => whole.clone(),
            Fix::Small(fix) => fix.apply(text),
            Fix::Word(change) => {
                let mut text = text.to_string();
                if text.get(change.span.clone()).is_some() {
                    text.replace_range(change.span.clone(), &change.text);
                }
                text
            }
        }
    }
}

/// What is wrong with a text by itself.
pub fn find(text: &str) -> Vec<Problem> {
    find_in(text, &Known::default())
}

/// What is wrong with a text, and what is nearly right beside what the cluster holds.
pub fn find_in(text: &str, known: &Known) -> Vec<Problem> {
    let mut read = yaml::read(text);
    let found = std::mem::take(&mut read.problems);
    let mut problems: Vec<Problem> = found.into_iter().map(|p| problem(text, p)).collect();
    if let Some(whole) = repaired(text) {
        let fix = Fix::Indentation(whole);
        match problems.iter_mut().find(|problem| problem.fatal) {
            Some(problem) => problem.fixes.insert(0, fix),
            None => problems.insert(0, Problem { fixes: vec![fix], ..flattened() }),
        }
    } else {
        problems.extend(assist::misses(text, &read, known).into_iter().map(|found| missed(text, found)));
        order::sort_by_key(&mut problems, |problem| problem.severity);
    }
    problems
}

/// What is wrong with a Python program: comments that lost their `#`, at the first line that did.
pub fn find_in_program(text: &str) -> Vec<Problem> {
    let Some(repair) = tidepool_core::shell::python::repair::offer(text) else { return Vec::new() };
    let lines = text.lines().zip(repair.text.lines());
    let (line, length) = lines
        .enumerate()
        .find(|(_, (is, was))| is != was)
        .map_or((1, 1), |(n, (is, _))| (n as u32 + 1, is.encode_utf16().count() as u32));
    let fixes = vec![Fix::Comments(repair.text)];
    vec![Problem { from: (line, 1), to: (line, length + 1), fixes, ..flattened() }]
}

/// A text whose indentation is lost may still be YAML of another meaning; that is a problem of its own.
fn flattened() -> Problem {
    Problem {
        from: (1, 1),
        to: (1, 2),
        fatal: true,
        severity: Severity::Error,
        message: String::new(),
        miss: None,
        fixes: Vec::new(),
    }
}

/// The text as it was before a web page flattened it, if that can be told.
fn repaired(text: &str) -> Option<String> {
    yaml::repair::offer(text).map(|repair| repair.text)
}

fn problem(text: &str, found: yaml::Problem) -> Problem {
    Problem {
        from: position(text, found.span.start),
        to: position(text, found.span.end),
        fatal: found.code.is_fatal(),
        severity: if found.code.is_fatal() { Severity::Error } else { Severity::Warning },
        miss: None,
        message: found.message,
        fixes: found.fix.into_iter().map(Fix::Small).collect(),
    }
}

fn missed(text: &str, found: assist::misses::Found) -> Problem {
    Problem {
        from: position(text, found.span.start),
        to: position(text, found.span.end),
        fatal: false,
        severity: found.severity,
        message: String::new(),
        miss: Some(found.miss),
        fixes: found.changes.into_iter().map(Fix::Word).collect(),
    }
}

/// The line and column of an offset, from 1.
fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() as u32 + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.encode_utf16().count() as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_utf16_units() {
        assert_eq!(position("a: 1\nb😀c", 5), (2, 1));
        assert_eq!(position("a: 1\nb😀c", 10), (2, 4));
        assert_eq!(position("", 0), (1, 1));
    }

    #[test]
    fn sound_manifests_have_no_problems() {
        assert_eq!(find("apiVersion: v1\nkind: Service\n"), []);
    }
}
