//! Strings: which of YAML's notations one needs, and writing it in that notation. Knows one string at a time.
//! Models: go-yaml v2 `emitterc.go`.

use super::super::scalar;
use std::fmt::Write;

/// Longer lines are folded at their next space.
const WIDTH: usize = 80;
/// Longer keys get a line of their own.
const SIMPLE_KEY: usize = 128;

/// The text so far and the cursor's column.
#[derive(Debug, Default)]
pub struct Emitter {
    pub text: String,
    column: usize,
}

/// Where a string is written.
#[derive(Clone, Copy)]
pub struct Context {
    /// Where its continuation lines begin.
    pub indent: usize,
    /// Whether it is a key: then it is neither folded nor a block.
    pub is_key: bool,
}

/// What a string's characters allow.
struct Traits {
    plain: bool,
    single: bool,
    block: bool,
    multiline: bool,
}

/// Whether a key fits before its colon.
pub fn is_simple_key(key: &str) -> bool {
    key.len() <= SIMPLE_KEY && !key.contains(is_break)
}

impl Emitter {
    /// Writes characters of one line.
    pub fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    /// Begins a line, unless the text is empty.
    pub fn line(&mut self, indent: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// Writes a string.
    pub fn string(&mut self, string: &str, context: Context) {
        let traits = traits(string);
        let literal = string.contains('\n') && !context.is_key && traits.block;
        if literal {
            self.literal(string, context);
        } else if string.contains('\n')
            || context.is_key && needs_quotes_as_key(string, &traits)
            || !scalar::is_string(string)
        {
            self.double(string, context);
        } else if traits.plain {
            self.folded(string, context, 0);
        } else if traits.single {
            self.push('\'');
            self.folded(string, context, 1);
            self.push('\'');
        } else {
            self.double(string, context);
        }
    }

    /// The characters of a plain string, or of one in single quotes; a long line ends at a lone space.
    fn folded(&mut self, string: &str, context: Context, quotes: usize) {
        let last = string.len().saturating_sub(1);
        let mut after_space = false;
        let mut chars = string.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next_is_space = chars.peek().is_some_and(|(_, next)| *next == ' ');
            let inside = quotes == 0 || (at > 0 && at < last);
            if c == ' ' && !context.is_key && !after_space && self.column > WIDTH && inside && !next_is_space
            {
                self.line(context.indent);
            } else {
                self.push(c);
                if c == '\'' && quotes == 1 {
                    self.push(c);
                }
            }
            after_space = c == ' ';
        }
    }

    fn double(&mut self, string: &str, context: Context) {
        self.push('"');
        let last = string.len().saturating_sub(1);
        let mut after_space = false;
        let mut chars = string.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' && !context.is_key && !after_space && self.column > WIDTH && at > 0 && at < last {
                self.line(context.indent);
                if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                    self.push('\\');
                }
            } else if c == '"' || c == '\\' || !is_printable(c) || is_break(c) {
                self.escape(c);
            } else {
                self.push(c);
            }
            after_space = c == ' ';
        }
        self.push('"');
    }

    fn escape(&mut self, c: char) {
        let name = match c {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0b' => 'v',
            '\x0c' => 'f',
            '\r' => 'r',
            '\x1b' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let before = self.text.len();
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(self.text, "\\x{code:02X}"),
                    0x100..=0xffff => write!(self.text, "\\u{code:04X}"),
                    _ => write!(self.text, "\\U{code:08X}"),
                };
                self.column += self.text.len() - before;
                return;
            }
        };
        self.push('\\');
        self.push(name);
    }

    /// A block with `|`, its indentation hint where the first line is blank or indented, and its chomping sign.
    fn literal(&mut self, string: &str, context: Context) {
        self.put("|");
        if string.starts_with(|c| c == ' ' || is_break(c)) {
            self.put("2");
        }
        let content = string.trim_end_matches('\n');
        match string.len() - content.len() {
            0 => self.put("-"),
            1 if !content.is_empty() => {}
            _ => self.put("+"),
        }
        for line in string.strip_suffix('\n').unwrap_or(string).split('\n') {
            self.text.push('\n');
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', context.indent.max(2)));
                self.text.push_str(line);
            }
        }
        self.text.push('\n');
    }
}

/// kubectl leaves the key `<<` bare, and so could not read it back.
fn needs_quotes_as_key(key: &str, traits: &Traits) -> bool {
    traits.multiline || key == "<<"
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn is_printable(c: char) -> bool {
    // Readers disagree on whether the separators U+2028 and U+2029 end a line: they are escaped.
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// What the characters of a string allow.
fn traits(string: &str) -> Traits {
    let blank = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == '\t' || is_break(c));
    let mut indicators = string.starts_with("---") || string.starts_with("...");
    let (mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false);
    let mut before: Option<char> = None;
    let mut chars = string.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        indicators |= match c {
            ':' => blank(next),
            '#' => blank(before),
            '?' | '-' => before.is_none() && blank(next),
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                before.is_none()
            }
            _ => false,
        };
        special |= !is_printable(c);
        breaks |= is_break(c);
        break_space |= c == ' ' && before.is_some_and(is_break);
        space_break |= is_break(c) && before == Some(' ');
        before = Some(c);
    }
    let edge = |c: char| c == ' ' || is_break(c);
    let bare_edges = !string.starts_with(edge) && !string.ends_with(edge);
    let clean = !space_break && !special;
    Traits {
        plain: clean && bare_edges && !indicators && !breaks && !break_space && !string.is_empty(),
        single: clean && !break_space,
        block: clean && !string.ends_with(' ') && !string.is_empty(),
        multiline: breaks,
    }
}
