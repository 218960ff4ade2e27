//! The course: which lessons there are, in order, and what each builds on.

use serde::Deserialize;
use std::collections::BTreeMap;

/// `course.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// The lessons, in order.
    pub lessons: Vec<Entry>,
}

/// A lesson of the course.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its folder.
    pub folder: String,
    /// Its title by language, as in its front matter: the list of lessons shows them before any lesson is loaded.
    pub titles: BTreeMap<String, String>,
    /// How many minutes it takes, as in its front matter.
    pub minutes: u32,
    /// The folders of the lessons to be done before it.
    #[serde(default)]
    pub needs: Vec<String>,
}

impl Course {
    /// Reads `course.yaml`; the error is the reader's, with its line.
    pub fn parse(text: &str) -> Result<Course, String> {
        crate::front::read(text).map_err(|(line, message)| format!("line {line}: {message}"))
    }

    /// Lessons that need one which does not come before them: the lesson and what it needs.
    pub fn disordered(&self) -> Vec<(&str, &str)> {
        let before = |n: usize, need: &str| self.lessons[..n].iter().any(|entry| entry.folder == need);
        let needs =
            self.lessons.iter().enumerate().flat_map(|(n, e)| e.needs.iter().map(move |need| (n, e, need)));
        let missing = needs.filter(|(n, _, need)| !before(*n, need));
        missing.map(|(_, entry, need)| (entry.folder.as_str(), need.as_str())).collect()
    }
}
