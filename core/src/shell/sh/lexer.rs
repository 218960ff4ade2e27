//! Characters to words: quotes, `$`, backticks, operators, here-documents. Knows no grammar; the parser asks it for the
//! next token.

use super::ast::{List, Part, Word};
use super::parser;
use crate::base::Text;
use std::sync::Arc;

/// Why a text is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// It is the beginning of one.
    Incomplete(Waiting),
    /// It is none: what is wrong, and at which byte.
    Syntax(String, usize),
}

/// What the text lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The other quote, or `)` or `}`.
    Quote(char),
    /// The line that ends a here-document.
    HereDocument(String),
    /// The line after `\`.
    Continuation,
    /// The rest of a construct, or what follows `|`, `&&`, `||`.
    Command,
}

/// The result of reading.
pub type Parsed<T> = Result<T, ParseError>;

/// A token.
#[derive(Debug, Clone)]
pub enum Token {
    /// A word, and how it was typed.
    Word(Word, Text),
    /// An operator.
    Op(&'static str),
    /// A number right before `<` or `>`.
    Number(u32),
    /// The end of a line.
    Newline,
    /// The end of the text.
    End,
}

/// Longest first.
const OPERATORS: &[&str] = &[
    "&>>", "<<<", "<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "&>", ">|", "|&", "<", ">", "|", "&", ";",
    "(", ")",
];

/// How deep constructs, substitutions and quotes may nest.
const MAX_DEPTH: u32 = 40;

/// Reads tokens from a text.
#[derive(Debug)]
pub struct Lexer<'t> {
    /// The text.
    pub text: &'t str,
    /// The next byte.
    pub at: usize,
    /// Whether more text may come: then an unfinished here-document waits instead of ending.
    pub more: bool,
    /// How deep this is nested.
    pub depth: u32,
    after_documents: Option<usize>,
    first_line: u32,
    counted: (usize, u32),
}

/// What surrounds the parts being read: what ends them, and what has meaning among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Word,
    /// After `=~`: parentheses and bars belong to it.
    Regex,
    Double,
    /// `${x-...}`; `true` inside double quotes.
    Brace(bool),
    /// `${x/pattern/...}`: a slash ends it too.
    Pattern(bool),
    /// `${x:offset:length}`: a colon ends it too.
    Slice,
    Arithmetic,
    Document,
}

impl<'t> Lexer<'t> {
    /// Reads a text whose first line has this number.
    pub fn new(text: &'t str, line: u32, more: bool) -> Lexer<'t> {
        Lexer { text, at: 0, more, depth: 0, after_documents: None, first_line: line, counted: (0, line) }
    }

    /// The line of a byte, from 1.
    pub fn line(&mut self, at: usize) -> u32 {
        if at < self.counted.0 {
            self.counted = (0, self.first_line);
        }
        let between = self.text.as_bytes().get(self.counted.0..at).unwrap_or_default();
        self.counted = (at, self.counted.1 + between.iter().filter(|byte| **byte == b'\n').count() as u32);
        self.counted.1
    }

    /// Enters a nested construct; [`Lexer::leave`] must follow.
    pub fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ParseError::Syntax("syntax error: nested too deeply".into(), self.at));
        }
        Ok(())
    }

    /// Leaves a nested construct.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The character that comes next.
    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The text that is left.
    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes a text if it comes next.
    pub fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// The next token and the byte at which it begins.
    pub fn token(&mut self) -> Parsed<(Token, usize)> {
        self.blanks()?;
        let start = self.at;
        let Some(c) = self.peek() else { return Ok((Token::End, start)) };
        if c == '\n' {
            self.at = self.after_documents.take().unwrap_or(self.at + 1);
            return Ok((Token::Newline, start));
        }
        if let Some(op) = OPERATORS.iter().find(|op| self.rest().starts_with(**op)) {
            self.at += op.len();
            return Ok((Token::Op(op), start));
        }
        if c.is_ascii_digit() {
            let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = self.rest().split_at(digits);
            if let Ok(number) = number.parse()
                && after.starts_with(['<', '>'])
            {
                self.at += digits;
                return Ok((Token::Number(number), start));
            }
        }
        let word = self.word(Within::Word)?;
        Ok((Token::Word(word, self.text.get(start..self.at).unwrap_or_default().into()), start))
    }

    /// The word after `=~`.
    pub fn regex(&mut self) -> Parsed<Word> {
        self.blanks()?;
        self.word(Within::Regex)
    }

    /// What stands between `((` and `))`, or up to a `;` in a `for`. The closing characters are left.
    pub fn arithmetic(&mut self) -> Parsed<Word> {
        self.word(Within::Arithmetic)
    }

    /// The text of a here-document whose delimiter was just read.
    pub fn document(&mut self, delimiter: &Word, tabs: bool) -> Parsed<Word> {
        let (end, quoted) = unquote(delimiter);
        let line_end = self.rest().find('\n').map(|n| self.at + n + 1).unwrap_or(self.text.len());
        let mut at = self.after_documents.unwrap_or(line_end);
        let mut body = String::new();
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            if rest.is_empty() {
                if self.more {
                    return Err(ParseError::Incomplete(Waiting::HereDocument(end)));
                }
                break;
            }
            let whole = rest.split_inclusive('\n').next().unwrap_or_default();
            at += whole.len();
            let line = if tabs { whole.trim_start_matches('\t') } else { whole };
            if line.strip_suffix('\n').unwrap_or(line) == end {
                break;
            }
            body.push_str(line);
        }
        self.after_documents = Some(at);
        if quoted {
            return Ok(Word { parts: vec![Part::Quoted(body)] });
        }
        let mut inner = Lexer { depth: self.depth, ..Lexer::new(&body, 1, false) };
        inner.enter()?;
        Ok(Word { parts: vec![Part::Double(inner.parts(Within::Document)?)] })
    }

    fn blanks(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.rest().starts_with("\\\n") => {
                    self.at += 2;
                    self.continued()?;
                }
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return Ok(()),
            }
        }
    }

    fn continued(&self) -> Parsed<()> {
        match self.more && self.rest().is_empty() {
            true => Err(ParseError::Incomplete(Waiting::Continuation)),
            false => Ok(()),
        }
    }

    fn word(&mut self, within: Within) -> Parsed<Word> {
        Ok(Word { parts: self.parts(within)? })
    }

    fn parts(&mut self, within: Within) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut open = 0u32;
        while let Some(c) = self.peek() {
            if ends(within, c, open, self.rest()) {
                break;
            }
            let part = match c {
                '\\' => self.backslash(within)?,
                '\'' if single_quotes(within) => Some(Part::Quoted(self.single()?)),
                '"' if within != Within::Double && within != Within::Document => Some(self.double()?),
                '$' => self.dollar(within)?,
                '`' => Some(self.backticks()?),
                _ => {
                    self.at += c.len_utf8();
                    match c {
                        '(' => open += 1,
                        ')' => open = open.saturating_sub(1),
                        _ => {}
                    }
                    Some(Part::Plain(c.to_string()))
                }
            };
            match part {
                Some(Part::Plain(text)) => plain.push_str(&text),
                Some(part) => {
                    flush(&mut parts, &mut plain);
                    parts.push(part);
                }
                None => {}
            }
        }
        flush(&mut parts, &mut plain);
        Ok(parts)
    }

    fn backslash(&mut self, within: Within) -> Parsed<Option<Part>> {
        self.at += 1;
        let Some(c) = self.take() else {
            return if self.more {
                Err(ParseError::Incomplete(Waiting::Continuation))
            } else {
                Ok(Some(quoted('\\')))
            };
        };
        if c == '\n' {
            self.continued()?;
            return Ok(None);
        }
        let special = match within {
            Within::Double | Within::Brace(true) | Within::Pattern(true) => "$`\"\\}",
            Within::Document | Within::Arithmetic | Within::Slice => "$`\\",
            Within::Word | Within::Regex | Within::Brace(false) | Within::Pattern(false) => {
                return Ok(Some(quoted(c)));
            }
        };
        let kept = !special.contains(c) || (within == Within::Double && c == '}');
        Ok(Some(if kept { Part::Quoted(format!("\\{c}")) } else { quoted(c) }))
    }

    fn single(&mut self) -> Parsed<String> {
        self.at += 1;
        let Some(length) = self.rest().find('\'') else {
            return Err(ParseError::Incomplete(Waiting::Quote('\'')));
        };
        let text = self.rest().get(..length).unwrap_or_default().to_string();
        self.at += length + 1;
        Ok(text)
    }

    fn double(&mut self) -> Parsed<Part> {
        self.at += 1;
        self.enter()?;
        let parts = self.parts(Within::Double)?;
        self.leave();
        self.close("\"", '"')?;
        Ok(Part::Double(parts))
    }

    fn close(&mut self, what: &str, quote: char) -> Parsed<()> {
        match self.eat(what) {
            true => Ok(()),
            false => Err(ParseError::Incomplete(Waiting::Quote(quote))),
        }
    }

    fn dollar(&mut self, within: Within) -> Parsed<Option<Part>> {
        self.at += 1;
        let in_double = matches!(
            within,
            Within::Double
                | Within::Brace(true)
                | Within::Pattern(true)
                | Within::Document
                | Within::Arithmetic
                | Within::Slice
        );
        self.enter()?;
        let part = match self.peek() {
            Some('{') => {
                self.at += 1;
                self.braced(in_double)?
            }
            Some('(') => self.parenthesis()?,
            Some('\'') if !in_double => Part::Quoted(self.ansi()?),
            Some('"') if !in_double => self.double()?,
            Some(c) if is_name_start(c) => {
                let name = self.name();
                parser::param(name, super::ast::ParamOp::Value)
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 1;
                parser::param(&c.to_string(), super::ast::ParamOp::Value)
            }
            _ => Part::Plain("$".into()),
        };
        self.leave();
        Ok(Some(part))
    }

    /// A name that begins here; empty when none does.
    pub fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let starts = rest.starts_with(is_name_start);
        let length = if starts { rest.find(|c| !is_name(c)).unwrap_or(rest.len()) } else { 0 };
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The word of `${x:-word}`; the closing brace is left.
    pub fn brace_word(&mut self, in_double: bool) -> Parsed<Word> {
        self.word(Within::Brace(in_double))
    }

    /// The pattern of `${x/pattern/...}`; the slash or brace is left.
    pub fn brace_pattern(&mut self, in_double: bool) -> Parsed<Word> {
        self.word(Within::Pattern(in_double))
    }

    /// A number of `${x:offset:length}`; the colon or brace is left.
    pub fn brace_slice(&mut self) -> Parsed<Word> {
        self.word(Within::Slice)
    }

    fn parenthesis(&mut self) -> Parsed<Part> {
        let start = self.at;
        if self.eat("((") {
            let parts = self.parts(Within::Arithmetic)?;
            if self.eat("))") {
                return Ok(Part::Arithmetic(parts));
            }
            if self.rest().is_empty() {
                return Err(ParseError::Incomplete(Waiting::Quote(')')));
            }
            // It was `( (...) ...)` after all. Reading twice per level must not multiply.
            if self.depth > 4 {
                return Err(ParseError::Syntax("syntax error: nested too deeply".into(), start));
            }
        }
        self.at = start + 1;
        let list = parser::list_until(self, ")")?;
        Ok(Part::Command(Arc::new(list)))
    }

    fn backticks(&mut self) -> Parsed<Part> {
        self.at += 1;
        let mut source = String::new();
        loop {
            match self.take() {
                None => return Err(ParseError::Incomplete(Waiting::Quote('`'))),
                Some('`') => break,
                Some('\\') => match self.take() {
                    Some(c @ ('`' | '$' | '\\')) => source.push(c),
                    Some(c) => source.extend(['\\', c]),
                    None => return Err(ParseError::Incomplete(Waiting::Quote('`'))),
                },
                Some(c) => source.push(c),
            }
        }
        let mut inner = Lexer { depth: self.depth, ..Lexer::new(&source, 1, false) };
        inner.enter()?;
        let list: List = parser::whole(&mut inner).map_err(|error| match error {
            ParseError::Syntax(message, _) => ParseError::Syntax(message, self.at),
            ParseError::Incomplete(_) => {
                ParseError::Syntax("syntax error: unexpected end of file".into(), self.at)
            }
        })?;
        Ok(Part::Command(Arc::new(list)))
    }

    /// `$'...'`
    fn ansi(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut raw = String::new();
        loop {
            match self.take() {
                None => return Err(ParseError::Incomplete(Waiting::Quote('\''))),
                Some('\'') => return Ok(super::escape::ansi(&raw)),
                Some('\\') => {
                    raw.push('\\');
                    raw.extend(self.take());
                }
                Some(c) => raw.push(c),
            }
        }
    }
}

fn ends(within: Within, c: char, open: u32, rest: &str) -> bool {
    match within {
        Within::Word => is_meta(c),
        Within::Regex => matches!(c, ' ' | '\t' | '\n') && open == 0,
        Within::Double => c == '"',
        Within::Brace(_) => c == '}',
        Within::Pattern(_) => c == '}' || c == '/',
        Within::Slice => c == '}' || (c == ':' && open == 0),
        Within::Arithmetic => open == 0 && (c == ')' || (c == ';' && !rest.starts_with(";;"))),
        Within::Document => false,
    }
}

fn single_quotes(within: Within) -> bool {
    matches!(within, Within::Word | Within::Regex | Within::Brace(false) | Within::Pattern(false))
}

fn quoted(c: char) -> Part {
    Part::Quoted(c.to_string())
}

fn flush(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Plain(std::mem::take(plain)));
    }
}

fn is_meta(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

/// Whether a name may begin with this.
pub fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Whether a name may contain this.
pub fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A delimiter's text, and whether any of it is quoted.
fn unquote(word: &Word) -> (String, bool) {
    let mut text = String::new();
    let mut quoted = false;
    for part in &word.parts {
        match part {
            Part::Plain(plain) => text.push_str(plain),
            Part::Quoted(inner) => {
                quoted = true;
                text.push_str(inner);
            }
            Part::Double(parts) => {
                quoted = true;
                for part in parts {
                    if let Part::Plain(inner) | Part::Quoted(inner) = part {
                        text.push_str(inner);
                    }
                }
            }
            Part::Param(param) => text.push_str(&format!("${}", param.name)),
            Part::Command(_) | Part::Arithmetic(_) => {}
        }
    }
    (text, quoted)
}
