//! What is wrong with the manifests, where, and what would right it: the core's findings with places that an editor
//! understands. Knows no words; what it passes on is kubectl's.

use tidepool_core::api::yaml;

/// A problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From: line and column, from 1, in UTF-16 units as editors count.
    pub from: (u32, u32),
    /// To.
    pub to: (u32, u32),
    /// Whether the manifests cannot be used.
    pub fatal: bool,
    /// What is wrong, in kubectl's words.
    pub message: String,
    /// What would right it.
    pub fixes: Vec<Fix>,
}

/// What would right a problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// Bring lost indentation back: the whole text as it would be.
    Indentation(String),
    /// A small change.
    Small(yaml::Fix),
}

impl Fix {
    /// The text, put right.
    pub fn apply(&self, text: &str) -> String {
        match self {
            Fix::Indentation(whole) => whole.clone(),
            Fix::Small(fix) => fix.apply(text),
        }
    }
}

/// What is wrong with a text.
pub fn find(text: &str) -> Vec<Problem> {
    let mut problems: Vec<Problem> =
        yaml::read(text).problems.into_iter().map(|p| problem(text, p)).collect();
    if let Some(whole) = repaired(text) {
        let fix = Fix::Indentation(whole);
        match problems.iter_mut().find(|problem| problem.fatal) {
            Some(problem) => problem.fixes.insert(0, fix),
            None => problems.insert(0, Problem { fixes: vec![fix], ..flattened() }),
        }
    }
    problems
}

/// A text whose indentation is lost may still be YAML of another meaning; that is a problem of its own.
fn flattened() -> Problem {
    Problem { from: (1, 1), to: (1, 2), fatal: true, message: String::new(), fixes: Vec::new() }
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
        message: found.message,
        fixes: found.fix.into_iter().map(Fix::Small).collect(),
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
