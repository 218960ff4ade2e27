//! Words and signs of Go's templates. Models: Go `text/template/parse/lex.go`.

use serde_json::Value;
use std::fmt;

/// A word or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// `range`, `index`, `true`.
    Word(String),
    /// `.a.b`; empty for `.`.
    Field(Vec<String>),
    /// `.a` right behind a parenthesis.
    Attached(Vec<String>),
    /// `$x.a`.
    Variable(String, Vec<String>),
    Literal(Value),
    /// `(`, `)`, `|`, `,`, `=`, and `:` for `:=`.
    Sign(char),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Text(text) | Token::Word(text) => write!(f, "{text:?}"),
            Token::Open => f.write_str("{{"),
            Token::Close => f.write_str("}}"),
            Token::Field(path) | Token::Attached(path) => write!(f, "<.{}>", path.join(".")),
            Token::Variable(name, _) => write!(f, "<${name}>"),
            Token::Literal(value) => write!(f, "{value}"),
            Token::Sign(sign) => write!(f, "{:?}", sign.to_string()),
        }
    }
}

/// Tokens that are taken one after the other.
pub(super) struct Tokens {
    all: Vec<Token>,
    at: usize,
}

impl Tokens {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.all.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.all.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// `$x :=`, `$k, $v :=` or `$x =`, if it stands here: the variables, and whether they are new.
    pub(super) fn assignment(&mut self) -> Option<(Vec<String>, bool)> {
        let mut names = Vec::new();
        let mut at = self.at;
        loop {
            match self.all.get(at) {
                Some(Token::Variable(name, path)) if path.is_empty() => names.push(name.clone()),
                _ => return None,
            }
            match self.all.get(at + 1) {
                Some(Token::Sign(',')) => at += 2,
                Some(Token::Sign(sign @ (':' | '='))) => {
                    self.at = at + 2;
                    return Some((names, *sign == ':'));
                }
                _ => return None,
            }
        }
    }
}

/// All tokens of a template.
pub(super) fn tokens(text: &str) -> Result<Tokens, String> {
    let mut all = Vec::new();
    let mut rest = text;
    let mut trims = false;
    while let Some(at) = rest.find("{{") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let trims_before = after.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_whitespace));
        let before = if trims { before.trim_start() } else { before };
        let before = if trims_before { before.trim_end() } else { before };
        if !before.is_empty() {
            all.push(Token::Text(before.to_string()));
        }
        let after = if trims_before { &after[1..] } else { after };
        (rest, trims) = match after.trim_start().strip_prefix("/*") {
            Some(comment) => comment_end(comment)?,
            None => action(after, &mut all)?,
        };
    }
    let rest = if trims { rest.trim_start() } else { rest };
    if !rest.is_empty() {
        all.push(Token::Text(rest.to_string()));
    }
    Ok(Tokens { all, at: 0 })
}

fn comment_end(comment: &str) -> Result<(&str, bool), String> {
    let (_, after) = comment.split_once("*/").ok_or("unclosed comment")?;
    closing(after.trim_start())
        .or_else(|| closing(after))
        .ok_or_else(|| "comment ends before closing delimiter".into())
}

/// What follows `}}` or ` -}}`, and whether spaces behind it go.
fn closing(text: &str) -> Option<(&str, bool)> {
    match text.strip_prefix("-}}") {
        Some(rest) => Some((rest, true)),
        None => text.strip_prefix("}}").map(|rest| (rest, false)),
    }
}

/// The tokens of an action, after its `{{`: what follows it, and whether spaces behind it go.
fn action<'t>(text: &'t str, all: &mut Vec<Token>) -> Result<(&'t str, bool), String> {
    all.push(Token::Open);
    let mut rest = text;
    loop {
        let spaced = rest.trim_start();
        if let Some(end) = closing(spaced) {
            all.push(Token::Close);
            return Ok(end);
        }
        let is_attached = spaced.len() == rest.len() && all.last() == Some(&Token::Sign(')'));
        let (token, after) = token(spaced, is_attached)?;
        all.push(token);
        rest = after;
    }
}

fn token(text: &str, is_attached: bool) -> Result<(Token, &str), String> {
    let Some(first) = text.chars().next() else { return Err("unclosed action".into()) };
    if let Some(rest) = text.strip_prefix(":=") {
        return Ok((Token::Sign(':'), rest));
    }
    let after = &text[first.len_utf8()..];
    match first {
        '(' | ')' | '|' | ',' | '=' => Ok((Token::Sign(first), after)),
        '.' if !after.starts_with(|c: char| c.is_ascii_digit()) => {
            let (path, rest) = path(text);
            Ok((if is_attached { Token::Attached(path) } else { Token::Field(path) }, rest))
        }
        '$' => {
            let (name, rest) = word(after);
            let (path, rest) = path(rest);
            Ok((Token::Variable(name.to_string(), path), rest))
        }
        '"' | '`' => quoted(text, first),
        c if c.is_ascii_digit() || c == '-' || c == '+' => number(text),
        c if c.is_alphabetic() || c == '_' => {
            let (word, rest) = word(text);
            Ok((Token::Word(word.to_string()), rest))
        }
        c => Err(format!("unexpected bad character U+{:04X} {c:?} in command", u32::from(c))),
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}

/// `.a.b` and what follows; a lone dot is an empty path.
fn path(text: &str) -> (Vec<String>, &str) {
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some(after) = rest.strip_prefix('.') {
        let (name, behind) = word(after);
        rest = behind;
        if name.is_empty() {
            break;
        }
        names.push(name.to_string());
    }
    (names, rest)
}

fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Token::Literal(out.into()), &text[at + 1..])),
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, other)) => out.push(other),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err(if quote == '"' { "unterminated quoted string" } else { "unterminated raw quoted string" }.into())
}

fn number(text: &str) -> Result<(Token, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match serde_json::from_str::<Value>(digits.trim_start_matches('+')) {
        Ok(value) if value.is_number() => Ok((Token::Literal(value), rest)),
        _ => Err(format!("bad number syntax: {digits:?}")),
    }
}
