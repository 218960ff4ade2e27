//! Words quoted so that a shell reads them back, as bash prints them.

use super::ast::{Part, Word};
use super::parser::is_identifier;

/// A word, in single quotes where it needs them.
pub fn word(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-./:=,+@%^".contains(c);
    match text.chars().all(safe) && !text.is_empty() {
        true => text.to_string(),
        false => single(text),
    }
}

/// A word with a backslash before each character that needs one, as `printf %q` prints it.
pub fn backslashes(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-./:=+@%,".contains(c);
    match text {
        "" => "''".into(),
        _ if text.contains(['\n', '\t']) => format!("$'{}'", text.replace('\n', "\\n").replace('\t', "\\t")),
        _ => text.chars().flat_map(|c| ['\\', c].into_iter().skip(usize::from(safe(c)))).collect(),
    }
}

/// A text in single quotes.
pub fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text in double quotes, as `export -p` prints values.
pub fn double(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| ['\\', c].into_iter().skip(usize::from(!"$`\"\\".contains(c)))).collect();
    format!("\"{escaped}\"")
}

/// Whether a word begins with `name=`, so that `export` does not split its value.
pub fn looks_like_assignment(word: &Word) -> bool {
    match word.parts.first() {
        Some(Part::Plain(text)) => text
            .split_once('=')
            .is_some_and(|(name, _)| is_identifier(name.strip_suffix('+').unwrap_or(name))),
        _ => false,
    }
}
