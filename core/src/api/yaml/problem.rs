//! What can be wrong with a YAML text, as facts: a code, a place, upstream's words, and sometimes a fix. Words for
//! learners are the page's.

use super::Span;

/// A problem in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// Where.
    pub span: Span,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Which document, from 0, as kubectl counts them.
    pub document: usize,
    /// What kubectl says after `error parsing FILE: `; for problems that kubectl does not see, a plain sentence.
    pub message: String,
    /// A change that would right it.
    pub fix: Option<Fix>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemCode {
    /// The text is too long to be read.
    TooLarge,
    /// Maps or lists are nested too deeply.
    TooDeep,
    /// Aliases repeat so much that the document would explode.
    TooManyAliases,
    /// An alias to an anchor that was not defined before it.
    UnknownAnchor,
    /// A tab where spaces are needed.
    Tab,
    /// A line whose indentation fits no open map or list.
    Indentation,
    /// A `: ` where none is allowed: often a value that needs quotes, or a line indented too far.
    ColonInValue,
    /// A line without the colon that makes it a key.
    NoColon,
    /// A full-width or other typographic character where YAML needs a plain one.
    Typography,
    /// A bracket or brace that is not closed.
    UnclosedBracket,
    /// A quote that is not closed.
    UnclosedQuote,
    /// A character that cannot start a value.
    BadStart,
    /// An escape that YAML does not know.
    BadEscape,
    /// Any other break of YAML's grammar.
    Syntax,
    /// A key that is null.
    NullKey,
    /// A key that is a map or a list.
    ComplexKey,
    /// `<<` with something that is not a map.
    BadMerge,
    /// A value that its tag does not fit.
    BadTag,
    /// Infinity or not-a-number, which JSON cannot hold.
    NotFinite,
    /// The same key twice in a map; the last one wins.
    DuplicateKey,
    /// An unquoted word such as `yes`, `on` or `n`, which YAML 1.1 reads as true or false.
    WordIsBoolean,
    /// Something other than a comment on the line of a `---`, which kubectl refuses.
    BadSeparator,
    /// A second document in one part of the stream, after `...`, which kubectl does not read.
    DocumentIgnored,
}

impl ProblemCode {
    /// Whether the document cannot be used. The others are worth a hint; kubectl says nothing about them.
    pub fn is_fatal(self) -> bool {
        !matches!(self, Self::DuplicateKey | Self::WordIsBoolean | Self::DocumentIgnored)
    }
}

/// A change of the text that would right a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does.
    pub kind: FixKind,
    /// The edits, from the last to the first, so that they can be applied in order.
    pub edits: Vec<Edit>,
}

/// What a fix does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FixKind {
    /// Puts quotes around a value.
    Quote,
    /// Replaces tabs by spaces.
    Spaces,
    /// Replaces typographic characters by plain ones.
    Plain,
}

/// A replacement of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which bytes.
    pub span: Span,
    /// What to put there.
    pub text: String,
}

impl Fix {
    /// The text with the fix applied. Edits that do not fit the text are left out.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_string();
        for edit in &self.edits {
            if text.get(edit.span.clone()).is_some() {
                text.replace_range(edit.span.clone(), &edit.text);
            }
        }
        text
    }
}
