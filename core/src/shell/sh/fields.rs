//! Fields: what a word becomes, which pieces of it were quoted, and where unquoted values split.

use super::pattern::Pattern;

/// A field in the making: pieces of text, and whether each was quoted.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The pieces.
    pub pieces: Vec<(String, bool)>,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        match self.pieces.last_mut() {
            Some((last, same)) if *same == quoted => last.push_str(text),
            _ => self.pieces.push((text.to_string(), quoted)),
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// As a pattern: quoted pieces have no wildcards.
    pub fn pattern(&self) -> Pattern {
        Pattern::new(self.pieces.iter().map(|(text, quoted)| (text.as_str(), *quoted)))
    }
}

/// The fields of a word.
#[derive(Debug, Clone)]
pub struct Fields {
    done: Vec<Field>,
    current: Option<Field>,
    /// The separators; `None`: nothing splits (assignments, here-documents).
    ifs: Option<String>,
}

impl Fields {
    /// No fields yet.
    pub fn new(ifs: Option<String>) -> Fields {
        Fields { done: Vec::new(), current: None, ifs }
    }

    /// Text that does not split: typed, or quoted.
    pub fn add(&mut self, text: &str, quoted: bool) {
        if quoted || !text.is_empty() {
            self.current.get_or_insert_default().push(text, quoted);
        }
    }

    /// A value, split at the separators. Blank separators in a row are one; each other separator ends a field, with the
    /// blanks around it.
    pub fn split(&mut self, value: &str) {
        let Some(ifs) = self.ifs.clone() else { return self.add(value, false) };
        let mut after_blank = false;
        let mut rest = value;
        while !rest.is_empty() {
            let length = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
            let (text, after) = rest.split_at(length);
            self.add(text, false);
            let Some(separator) = after.chars().next() else { return };
            let blank = matches!(separator, ' ' | '\t' | '\n');
            if self.current.is_some() {
                self.end_field();
                after_blank = blank;
            } else if !blank {
                if !after_blank {
                    self.done.push(Field::default());
                }
                after_blank = false;
            }
            rest = after.get(separator.len_utf8()..).unwrap_or_default();
        }
    }

    /// Ends the field in the making.
    pub fn end_field(&mut self) {
        self.done.extend(self.current.take());
    }

    /// All fields.
    pub fn finish(mut self) -> Vec<Field> {
        self.end_field();
        self.done
    }
}
