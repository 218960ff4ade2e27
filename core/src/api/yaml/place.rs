//! The places of a document's keys and values: a tree beside the JSON tree. Knows no values.

use super::Span;

/// Where a value is, and where what is in it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The value's bytes, without trailing space. Empty, just after the colon, for a value that is not there.
    pub value: Span,
    /// What is in it: entries of a map with their keys, items of a list without. Empty for scalars and aliases.
    pub entries: Vec<Entry>,
}

/// One entry of a map, or one item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key; empty for items of a list.
    pub key: String,
    /// The key's bytes; for items of a list those of the item.
    pub at: Span,
    /// The value.
    pub place: Place,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The steps of a path as the API server writes it: `spec.ports[0].port`, `metadata.labels[app.kubernetes.io/name]`.
/// Numbers in brackets are indices; other words in brackets are keys.
pub fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let step;
        if let Some(bracket) = rest.strip_prefix('[') {
            (step, rest) = bracket.split_once(']').unwrap_or((bracket, ""));
            steps.push(step.parse().map_or_else(|_| Step::Key(step.into()), Step::Index));
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            (step, rest) = rest.split_at(end);
            if !step.is_empty() {
                steps.push(Step::Key(step.into()));
            }
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    steps
}

impl Place {
    /// The entry one step down.
    pub fn step(&self, step: &Step) -> Option<&Entry> {
        match step {
            Step::Key(key) => self.entries.iter().rev().find(|entry| entry.key == *key),
            Step::Index(index) => self.entries.get(*index),
        }
    }

    /// The entry at a path, if every step is there.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        let mut steps = steps(path).into_iter();
        let first = self.step(&steps.next()?)?;
        steps.try_fold(first, |at, step| at.place.step(&step))
    }

    /// The deepest entry on the way to a path that is there, for problems about what is missing.
    pub fn nearest(&self, path: &str) -> Option<&Entry> {
        let mut found = None;
        let mut at = self;
        for step in steps(path) {
            let Some(entry) = at.step(&step) else { break };
            found = Some(entry);
            at = &entry.place;
        }
        found
    }

    /// The path of the innermost value at an offset, its keys included: `spec.ports[0].port`.
    pub fn path_at(&self, offset: usize) -> String {
        let mut path = String::new();
        let mut at = self;
        while let Some((index, entry)) = at.entries.iter().enumerate().find(|(_, e)| e.holds(offset)) {
            if entry.key.is_empty() && entry.at == entry.place.value {
                path.push_str(&format!("[{index}]"));
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&entry.key);
            }
            at = &entry.place;
        }
        path
    }
}

impl Entry {
    /// Whether an offset is in the key, in the value or between.
    pub fn holds(&self, offset: usize) -> bool {
        self.at.start <= offset && offset <= self.place.value.end.max(self.at.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        let key = |k: &str| Step::Key(k.into());
        assert_eq!(steps("spec.ports[0].port"), [key("spec"), key("ports"), Step::Index(0), key("port")]);
        assert_eq!(steps("metadata.labels[a.b/c]"), [key("metadata"), key("labels"), key("a.b/c")]);
        assert_eq!(steps("[2][x"), [Step::Index(2), key("x")]);
        assert_eq!(steps(""), []);
    }
}
