//! Where the cursor is within `{}` and `[]` on one line. Knows no fields.

use super::context::{At, Step};

/// Where the cursor is.
#[derive(Debug, Default)]
pub struct Flow {
    /// The way from the outer bracket.
    pub path: Vec<Step>,
    /// Key or value.
    pub at: At,
    /// What is typed.
    pub typed: String,
    /// The keys before it in the same map.
    pub siblings: Vec<String>,
}

/// An open bracket.
struct Open {
    is_map: bool,
    key: Option<String>,
    keys: Vec<String>,
}

/// Reads from the outer bracket up to the cursor.
pub fn read(text: &str) -> Flow {
    let mut open: Vec<Open> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(end), c) if end == c => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => {
                open.push(Open { is_map: c == '{', key: None, keys: Vec::new() });
                word.clear();
            }
            (None, '}' | ']') => {
                open.pop();
                word.clear();
            }
            (None, ',') => {
                if let Some(inner) = open.last_mut() {
                    inner.key = None;
                }
                word.clear();
            }
            (None, ':') => {
                if let Some(inner) = open.last_mut().filter(|inner| inner.is_map && inner.key.is_none()) {
                    let key = std::mem::take(&mut word).trim().to_string();
                    inner.keys.push(key.clone());
                    inner.key = Some(key);
                } else {
                    word.push(c);
                }
            }
            (None, c) => word.push(c),
        }
    }
    let mut found = Flow { typed: word.trim_start().to_string(), ..Flow::default() };
    for inner in &open {
        match (&inner.key, inner.is_map) {
            (Some(key), _) => found.path.push(Step::Key(key.clone())),
            (None, false) => found.path.push(Step::Item),
            (None, true) => {}
        }
    }
    if let Some(inner) = open.last().filter(|inner| inner.is_map && inner.key.is_none()) {
        found.at = At::Key;
        found.siblings = inner.keys.clone();
    }
    found
}
