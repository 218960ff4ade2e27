//! Text to tokens, with indentation. Knows no grammar but that of f-strings' braces.
//! Models: CPython 3.12's tokenizer and its words.

use super::code::{Problem, Span};
use super::literal;
use crate::base::Text;
use bytes::Bytes;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name or a keyword.
    Name(Text),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Str(Text),
    /// Bytes.
    Bytes(Bytes),
    /// An f-string begins.
    FStart,
    /// A stretch of an f-string.
    FText(Text),
    /// The source of a field that ends in `=`.
    FSource(Text),
    /// `!r`, `!s`, `!a`
    FConvert(u8),
    /// An f-string ends.
    FEnd,
    /// An operator or bracket.
    Op(&'static str),
    /// The end of a line.
    Newline,
    /// A block begins.
    Indent,
    /// A block ends.
    Dedent,
    /// The end.
    End,
}

/// Longest first.
const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
    "@=", "==", "<=", ">=", "<<", ">>", "**", "//", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<",
    ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=",
];
/// Blocks within blocks.
const MAX_INDENT: usize = 100;
/// Brackets within brackets, as in CPython.
const MAX_BRACKETS: usize = 200;

/// An f-string on its way.
#[derive(Debug, Clone)]
struct Field {
    quote: char,
    triple: bool,
    raw: bool,
    start: Span,
    /// Open brackets when the field began.
    depth: usize,
    /// How deep fields are nested: 0 in the text itself; whether the innermost is in its format.
    nested: Vec<(usize, bool)>,
}

/// A reader of tokens.
#[derive(Debug)]
pub struct Lexer<'t> {
    chars: &'t [char],
    at: usize,
    line: u32,
    col: u32,
    /// Columns, with tabs to every eighth one and with tabs as one.
    indents: Vec<(u32, u32)>,
    brackets: Vec<(char, Span)>,
    fields: Vec<Field>,
    tokens: Vec<(Token, Span)>,
}

/// All tokens of a text, and what ended it early. With it: the bracket that was open there.
pub fn tokens(text: &str) -> (Vec<(Token, Span)>, Option<Problem>) {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer {
        chars: &chars,
        at: 0,
        line: 1,
        col: 0,
        indents: vec![(0, 0)],
        brackets: Vec::new(),
        fields: Vec::new(),
        tokens: Vec::new(),
    };
    let problem = lexer.run().err();
    let here = lexer.here();
    lexer.tokens.push((Token::End, here));
    (lexer.tokens, problem)
}

type Lexed<T> = Result<T, Problem>;

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            self.col = 0;
        } else {
            self.col += 1;
        }
        Some(c)
    }

    fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.advance();
        }
    }

    fn here(&self) -> Span {
        Span { line: self.line, col: self.col, end_line: self.line, end: self.col, anchor: (0, 0) }
    }

    fn since(&self, start: Span) -> Span {
        start.to(self.here())
    }

    /// One character, marked.
    fn one(&self, span: Span) -> Span {
        Span { end_line: span.line, end: span.col + 1, ..span }
    }

    fn push(&mut self, token: Token, start: Span) {
        let span = self.since(start);
        self.tokens.push((token, span));
    }

    fn in_text(&self) -> bool {
        self.fields.last().is_some_and(|f| f.nested.last().is_none_or(|(_, in_format)| *in_format))
    }

    fn run(&mut self) -> Lexed<()> {
        if self.peek(0) == Some('\u{feff}') {
            self.at += 1;
        }
        self.indentation()?;
        while let Some(c) = self.peek(0) {
            if self.in_text() {
                self.field_text()?;
                continue;
            }
            let start = self.here();
            match c {
                ' ' | '\t' | '\x0c' | '\r' => drop(self.advance()),
                '#' => self.comment(),
                '\\' => self.continuation()?,
                '\n' => self.newline()?,
                c if c.is_ascii_digit() => self.number(start)?,
                '.' if self.peek(1).is_some_and(|c| c.is_ascii_digit()) => self.number(start)?,
                '"' | '\'' => self.string("", start)?,
                c if c == '_' || c.is_alphabetic() => self.name(start)?,
                _ => self.operator(start)?,
            }
        }
        self.finish()
    }

    fn finish(&mut self) -> Lexed<()> {
        if let Some(field) = self.fields.last() {
            return Err(self.unterminated(field.start, field.triple, "f-string"));
        }
        if let Some((open, span)) = self.brackets.last() {
            return Err(Problem::new(*span, format!("'{open}' was never closed")));
        }
        let start = self.here();
        let at_line_start = self
            .tokens
            .last()
            .is_none_or(|(token, _)| matches!(token, Token::Newline | Token::Indent | Token::Dedent));
        if !at_line_start {
            self.push(Token::Newline, start);
        }
        for _ in 1..self.indents.len() {
            self.push(Token::Dedent, start);
        }
        Ok(())
    }

    fn comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.advance();
        }
    }

    fn continuation(&mut self) -> Lexed<()> {
        self.advance();
        if self.peek(0) == Some('\r') {
            self.advance();
        }
        if self.peek(0) == Some('\n') {
            self.advance();
            return Ok(());
        }
        let span = self.here();
        Err(Problem::new(self.one(span), "unexpected character after line continuation character"))
    }

    fn newline(&mut self) -> Lexed<()> {
        if let Some(field) = self.fields.last()
            && !field.triple
            && self.brackets.len() <= field.depth
        {
            return Err(self.unterminated(field.start, false, "f-string"));
        }
        let start = self.here();
        if !self.brackets.is_empty() || !self.fields.is_empty() {
            self.advance();
            return Ok(());
        }
        let blank = self
            .tokens
            .last()
            .is_none_or(|(token, _)| matches!(token, Token::Newline | Token::Indent | Token::Dedent));
        if !blank {
            let span = self.one(start);
            self.tokens.push((Token::Newline, span));
        }
        self.advance();
        self.indentation()
    }

    /// At the beginning of a line: how far it is in.
    fn indentation(&mut self) -> Lexed<()> {
        let (mut width, mut narrow) = (0u32, 0u32);
        loop {
            match self.peek(0) {
                Some(' ') => (width, narrow) = (width + 1, narrow + 1),
                Some('\t') => (width, narrow) = ((width / 8 + 1) * 8, narrow + 1),
                Some('\x0c') => (width, narrow) = (0, 0),
                _ => break,
            }
            self.advance();
        }
        let rest = self.chars.get(self.at..).unwrap_or_default();
        if rest.is_empty() || matches!(rest.first(), Some('#' | '\n')) || rest.starts_with(&['\r', '\n']) {
            return Ok(());
        }
        let now = self.indents.last().copied().unwrap_or((0, 0));
        let here = self.here();
        if (width > now.0) != (narrow > now.1) {
            let words = "inconsistent use of tabs and spaces in indentation";
            return Err(Problem { marked: false, ..self.bad_indent("TabError", words) });
        }
        if width > now.0 {
            if self.indents.len() >= MAX_INDENT {
                return Err(self.bad_indent("IndentationError", "too many levels of indentation"));
            }
            self.indents.push((width, narrow));
            self.push(Token::Indent, here);
        }
        while self.indents.last().is_some_and(|top| width < top.0) {
            self.indents.pop();
            self.push(Token::Dedent, here);
        }
        if self.indents.last().map(|top| top.0) != Some(width) {
            let words = "unindent does not match any outer indentation level";
            return Err(self.bad_indent("IndentationError", words));
        }
        Ok(())
    }

    /// Marks the end of the line, as CPython does.
    fn bad_indent(&mut self, class: &'static str, message: &str) -> Problem {
        self.comment();
        let span = self.here();
        Problem { class, ..Problem::new(self.one(span), message) }
    }

    fn name(&mut self, start: Span) -> Lexed<()> {
        let from = self.at;
        while self.peek(0).is_some_and(|c| c == '_' || c.is_alphanumeric()) {
            self.advance();
        }
        let name: String = self.chars.get(from..self.at).unwrap_or_default().iter().collect();
        let is_prefix =
            matches!(name.to_ascii_lowercase().as_str(), "r" | "b" | "u" | "f" | "br" | "rb" | "fr" | "rf");
        match self.peek(0) {
            Some('"' | '\'') if is_prefix => self.string(&name.to_ascii_lowercase(), start),
            _ => {
                self.push(Token::Name(name.into()), start);
                Ok(())
            }
        }
    }

    fn number(&mut self, start: Span) -> Lexed<()> {
        let from = self.at;
        let is_based = self.peek(0) == Some('0')
            && self.peek(1).is_some_and(|c| matches!(c.to_ascii_lowercase(), 'x' | 'o' | 'b'));
        while let Some(c) = self.peek(0) {
            let sign = !is_based
                && matches!(c, '+' | '-')
                && self.at > from
                && matches!(self.chars.get(self.at - 1), Some('e' | 'E'));
            if !(c.is_alphanumeric() || c == '_' || (c == '.' && !is_based) || sign) {
                break;
            }
            self.advance();
        }
        let text: String = self.chars.get(from..self.at).unwrap_or_default().iter().collect();
        match literal::number(&text) {
            Ok(token) => {
                self.push(token, start);
                Ok(())
            }
            Err((message, offset)) => {
                let col = start.col + u32::try_from(offset).unwrap_or(0);
                Err(Problem::new(self.one(Span { col, ..start }), message))
            }
        }
    }

    fn unterminated(&self, start: Span, triple: bool, what: &str) -> Problem {
        let last = if triple && self.col == 0 && self.line > start.line { self.line - 1 } else { self.line };
        let triple = if triple { "triple-quoted " } else { "" };
        let quote = |at: usize| self.chars.get(at).copied();
        let within = self.fields.last().filter(|_| what == "string");
        if within.is_some_and(|field| self.offset(start).and_then(quote) == Some(field.quote)) {
            return Problem::new(self.one(start), "f-string: expecting '}'");
        }
        let message = format!("unterminated {triple}{what} literal (detected at line {last})");
        Problem::new(self.one(start), message)
    }

    /// Where a place of the present line is in the text.
    fn offset(&self, place: Span) -> Option<usize> {
        if place.line == self.line { self.at.checked_sub((self.col - place.col) as usize) } else { None }
    }

    fn string(&mut self, prefix: &str, start: Span) -> Lexed<()> {
        let Some(quote) = self.advance() else { return Ok(()) };
        let triple = self.peek(0) == Some(quote) && self.peek(1) == Some(quote);
        if triple {
            self.skip(2);
        }
        let raw = prefix.contains('r');
        if prefix.contains('f') {
            self.push(Token::FStart, start);
            let depth = self.brackets.len();
            self.fields.push(Field { quote, triple, raw, start, depth, nested: Vec::new() });
            return Ok(());
        }
        let from = self.at;
        loop {
            match self.peek(0) {
                None => return Err(self.unterminated(start, triple, "string")),
                Some('\n') if !triple => return Err(self.unterminated(start, false, "string")),
                Some('\\') => self.skip(2),
                Some(c) if c == quote && (!triple || self.closes(quote)) => break,
                Some(_) => drop(self.advance()),
            }
        }
        let body = self.chars.get(from..self.at).unwrap_or_default();
        let token = if prefix.contains('b') {
            literal::bytes(body, raw).map(Token::Bytes)
        } else {
            literal::text(body, raw).map(|text| Token::Str(text.into()))
        };
        self.skip(if triple { 3 } else { 1 });
        let token = token.map_err(|message| Problem::new(self.since(start), message))?;
        self.push(token, start);
        Ok(())
    }

    fn closes(&self, quote: char) -> bool {
        self.peek(1) == Some(quote) && self.peek(2) == Some(quote)
    }

    /// The text of an f-string, or the format of one of its fields.
    fn field_text(&mut self) -> Lexed<()> {
        let Some(field) = self.fields.last().cloned() else { return Ok(()) };
        let start = self.here();
        let in_format = !field.nested.is_empty();
        let from = self.at;
        let mut pieces = String::new();
        let mut plain_from = from;
        let flush = |pieces: &mut String, chars: &[char]| match literal::text(chars, field.raw) {
            Ok(text) => {
                pieces.push_str(&text);
                Ok(())
            }
            Err(message) => Err(Problem::new(start, message)),
        };
        loop {
            let doubled = |lexer: &Self, c| !in_format && lexer.peek(1) == Some(c);
            let Some(c) = self.peek(0) else {
                return Err(self.unterminated(field.start, field.triple, "f-string"));
            };
            match c {
                '\n' if !field.triple => return Err(self.unterminated(field.start, false, "f-string")),
                '\\' if !field.raw => self.skip(2),
                '{' | '}' if doubled(self, c) => {
                    flush(&mut pieces, self.chars.get(plain_from..self.at).unwrap_or_default())?;
                    pieces.push(c);
                    self.skip(2);
                    plain_from = self.at;
                }
                '{' | '}' => break,
                c if c == field.quote && (!field.triple || self.closes(c)) => break,
                _ => drop(self.advance()),
            }
        }
        flush(&mut pieces, self.chars.get(plain_from..self.at).unwrap_or_default())?;
        if !pieces.is_empty() {
            self.push(Token::FText(pieces.into()), start);
        }
        self.field_edge(&field, in_format)
    }

    /// At a brace or quote of an f-string.
    fn field_edge(&mut self, field: &Field, in_format: bool) -> Lexed<()> {
        let start = self.here();
        match self.peek(0) {
            Some('{') => {
                self.open('{', start)?;
                self.advance();
                self.push(Token::Op("{"), start);
                let depth = self.brackets.len();
                if let Some(field) = self.fields.last_mut() {
                    field.nested.push((depth, false));
                }
                self.field_source();
            }
            Some('}') if in_format => {
                self.advance();
                self.brackets.pop();
                self.push(Token::Op("}"), start);
                if let Some(field) = self.fields.last_mut() {
                    field.nested.pop();
                }
            }
            Some('}') => return Err(Problem::new(self.one(start), "f-string: single '}' is not allowed")),
            Some(_) if in_format => {
                return Err(Problem::new(self.one(start), "f-string: expecting '}'"));
            }
            _ => {
                self.skip(if field.triple { 3 } else { 1 });
                self.fields.pop();
                self.push(Token::FEnd, start);
            }
        }
        Ok(())
    }

    /// `{name=}`: the text of the field, if it ends so.
    fn field_source(&mut self) {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let mut depth = 0i32;
        for (n, c) in rest.iter().enumerate() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' => depth -= 1,
                '}' | '!' | ':' | '\n' | '"' | '\'' if depth <= 0 => return,
                '=' if depth == 0 => {
                    let before = n.checked_sub(1).and_then(|n| rest.get(n));
                    let next = rest.get(n + 1..).unwrap_or_default();
                    let spaces = next.iter().take_while(|c| **c == ' ').count();
                    let ends = matches!(next.get(spaces), Some('}' | ':' | '!'));
                    if ends && next.first() != Some(&'=') && !matches!(before, Some('=' | '<' | '>' | '!')) {
                        let text: String = rest.iter().take(n + 1 + spaces).collect();
                        let here = self.here();
                        self.tokens.push((Token::FSource(text.into()), here));
                    }
                    return;
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, c: char, span: Span) -> Lexed<()> {
        if self.brackets.len() >= MAX_BRACKETS {
            return Err(Problem::new(self.one(span), "too many nested parentheses"));
        }
        let span = self.one(span);
        self.brackets.push((c, span));
        Ok(())
    }

    fn close(&mut self, c: char, span: Span) -> Lexed<()> {
        let one = self.one(span);
        let Some((open, at)) = self.brackets.pop() else {
            return Err(Problem::new(one, format!("unmatched '{c}'")));
        };
        if matches!((open, c), ('(', ')') | ('[', ']') | ('{', '}')) {
            return Ok(());
        }
        let line = if at.line == span.line { String::new() } else { format!(" on line {}", at.line) };
        let words = format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'{line}");
        Err(Problem::new(one, words))
    }

    fn operator(&mut self, start: Span) -> Lexed<()> {
        let c = self.peek(0).unwrap_or(' ');
        if let Some(field) = self.fields.last()
            && field.nested.last().is_some_and(|(depth, _)| *depth == self.brackets.len())
            && self.field_operator(c, start)
        {
            return Ok(());
        }
        let matches = |op: &&&str| op.chars().enumerate().all(|(n, c)| self.peek(n) == Some(c));
        let Some(op) = OPERATORS.iter().find(matches) else {
            let span = self.one(start);
            let code = u32::from(c);
            let message = match c {
                '!' | '$' | '?' | '`' => "invalid syntax".to_string(),
                c if c.is_control() || c.is_whitespace() || (0x200b..=0x200f).contains(&code) => {
                    format!("invalid non-printable character U+{code:04X}")
                }
                c => format!("invalid character '{c}' (U+{code:04X})"),
            };
            return Err(Problem::new(span, message));
        };
        match c {
            '(' | '[' | '{' => self.open(c, start)?,
            ')' | ']' | '}' => self.close(c, start)?,
            _ => {}
        }
        self.skip(op.len());
        self.push(Token::Op(op), start);
        Ok(())
    }

    /// What ends the expression of an f-string's field: `!r`, `:`, `}`, and its `=`.
    fn field_operator(&mut self, c: char, start: Span) -> bool {
        match c {
            '!' if self.peek(1) != Some('=') => {
                let kind = self.peek(1).and_then(|c| u8::try_from(c).ok()).unwrap_or(b'?');
                self.skip(2);
                self.push(Token::FConvert(kind), start);
            }
            ':' => {
                self.advance();
                self.push(Token::Op(":"), start);
                if let Some(nested) = self.fields.last_mut().and_then(|field| field.nested.last_mut()) {
                    nested.1 = true;
                }
            }
            '}' => {
                self.advance();
                self.brackets.pop();
                self.push(Token::Op("}"), start);
                if let Some(field) = self.fields.last_mut() {
                    field.nested.pop();
                }
            }
            _ => return false,
        }
        true
    }
}
