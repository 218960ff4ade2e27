//! sed's language: addresses and commands, read once. Knows no input.
//!
//! Omits: labels and branches, the hold space, `w`, `r`, `N`, `D`, `P`

use crate::shell::regex;
use crate::shell::sh::escape;
use regex_lite::Regex;

/// A command with the lines that it is for.
#[derive(Debug, Clone)]
pub struct Step {
    /// The first address.
    pub from: Option<Address>,
    /// The second address: a range.
    pub to: Option<Address>,
    /// `!`: for the other lines.
    pub negated: bool,
    /// What is done.
    pub action: Action,
}

/// Which line.
#[derive(Debug, Clone)]
pub enum Address {
    /// A number.
    Line(u64),
    /// `$`
    Last,
    /// `/regex/`
    Match(Regex),
    /// `first~step`
    Every(u64, u64),
    /// `+n`, after a range's first line.
    More(u64),
}

/// What is done with a line.
#[derive(Debug, Clone)]
pub enum Action {
    /// `s`
    Substitute(Box<Substitute>),
    /// `p`
    Print,
    /// `d`
    Delete,
    /// `q`; with a status.
    Quit(i32),
    /// `=`
    Number,
    /// `y`
    Transliterate(Vec<(char, char)>),
    /// `a text`
    Append(String),
    /// `i text`
    Insert(String),
    /// `c text`
    Change(String),
    /// `{`: how many steps are in the group.
    Group(usize),
    /// `}`, and comments.
    Nothing,
}

/// `s/regex/replacement/flags`
#[derive(Debug, Clone)]
pub struct Substitute {
    /// What is looked for.
    pub regex: Regex,
    /// What stands instead.
    pub with: Vec<Piece>,
    /// `g`
    pub every: bool,
    /// A number: only from that match on.
    pub nth: usize,
    /// `p`
    pub print: bool,
}

/// A piece of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// `&` and `\1`.
    Group(usize),
}

/// Reads a script. The error is sed's, with the character's number.
pub fn parse(script: &str, extended: bool) -> Result<Vec<Step>, String> {
    let mut reader = Reader { chars: script.chars().collect(), at: 0, extended };
    let mut steps: Vec<Step> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        reader.skip(|c| c.is_whitespace() || c == ';');
        if reader.peek().is_none() {
            break;
        }
        let step = reader.step()?;
        match step.action {
            Action::Group(_) => open.push(steps.len()),
            Action::Nothing if reader.chars.get(reader.at.wrapping_sub(1)) == Some(&'}') => {
                let Some(start) = open.pop() else { return reader.fail("unexpected `}'") };
                let length = steps.len() - start;
                if let Some(Step { action: Action::Group(inside), .. }) = steps.get_mut(start) {
                    *inside = length;
                }
            }
            _ => {}
        }
        steps.push(step);
    }
    match open.is_empty() {
        true => Ok(steps),
        false => Err("-e expression #1, char 0: unmatched `{'".into()),
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    extended: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn skip(&mut self, what: fn(char) -> bool) {
        while self.peek().is_some_and(what) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("-e expression #1, char {}: {what}", self.at))
    }

    fn step(&mut self) -> Result<Step, String> {
        let from = self.address()?;
        self.skip(|c| c == ' ');
        let mut to = None;
        if from.is_some() && self.peek() == Some(',') {
            self.at += 1;
            self.skip(|c| c == ' ');
            to = self.address()?;
            if to.is_none() {
                return self.fail("unexpected `,'");
            }
        }
        self.skip(|c| c == ' ');
        let negated = self.peek() == Some('!');
        self.skip(|c| c == '!' || c == ' ');
        let Some(command) = self.take() else { return self.fail("missing command") };
        let action = match command {
            's' => self.substitute()?,
            'y' => self.transliterate()?,
            'p' => Action::Print,
            'd' => Action::Delete,
            '=' => Action::Number,
            'q' => Action::Quit(self.number().unwrap_or(0) as i32 & 255),
            'a' => Action::Append(self.text()?),
            'i' => Action::Insert(self.text()?),
            'c' => Action::Change(self.text()?),
            '{' => Action::Group(0),
            '}' if from.is_some() => return self.fail("} doesn't want any addresses"),
            '}' => return Ok(Step { from, to, negated, action: Action::Nothing }),
            '#' => {
                self.skip(|c| c != '\n');
                Action::Nothing
            }
            other => return self.fail(&format!("unknown command: `{other}'")),
        };
        if !matches!(action, Action::Group(_)) {
            self.skip(|c| c == ' ');
            if !matches!(self.peek(), None | Some(';' | '\n' | '}' | '#')) {
                self.at += 1;
                return self.fail("extra characters after command");
            }
        }
        Ok(Step { from, to, negated, action })
    }

    fn number(&mut self) -> Option<u64> {
        self.skip(|c| c == ' ');
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        self.chars.get(start..self.at)?.iter().collect::<String>().parse().ok()
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        Ok(match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                let first = self.number().unwrap_or(0);
                if self.peek() == Some('~') {
                    self.at += 1;
                    return Ok(Some(Address::Every(first, self.number().unwrap_or(0))));
                }
                Some(Address::Line(first))
            }
            Some('+') => {
                self.at += 1;
                Some(Address::More(self.number().unwrap_or(0)))
            }
            Some('$') => {
                self.at += 1;
                Some(Address::Last)
            }
            Some(c @ ('/' | '\\')) => {
                self.at += 1;
                let delimiter = if c == '\\' { self.take().unwrap_or('/') } else { '/' };
                let source = self
                    .delimited(delimiter, true)
                    .ok_or("-e expression #1, char 0: unterminated address regex")?;
                let ignore_case = self.peek() == Some('I');
                self.at += usize::from(ignore_case);
                Some(Address::Match(self.regex(&source, ignore_case)?))
            }
            _ => None,
        })
    }

    fn regex(&self, source: &str, ignore_case: bool) -> Result<Regex, String> {
        let regex = if self.extended {
            regex::extended(source, ignore_case)
        } else {
            regex::basic(source, ignore_case)
        };
        regex.or_else(|why| self.fail(&why))
    }

    /// The text up to a delimiter. A backslash keeps the next character, and of an escaped delimiter only that is kept.
    fn delimited(&mut self, delimiter: char, regex: bool) -> Option<String> {
        let mut text = String::new();
        let mut bracket = false;
        loop {
            match self.take()? {
                '\\' => match self.take()? {
                    c if c == delimiter => text.push(c),
                    'n' if regex => text.push('\n'),
                    c => text.extend(['\\', c]),
                },
                c if c == delimiter && !bracket => return Some(text),
                c => {
                    bracket = regex && (c == '[' || bracket && (c != ']' || text.ends_with('[')));
                    text.push(c);
                }
            }
        }
    }

    fn substitute(&mut self) -> Result<Action, String> {
        let unterminated = "unterminated `s' command";
        let Some(delimiter) = self.take() else { return self.fail(unterminated) };
        let Some(source) = self.delimited(delimiter, true) else { return self.fail(unterminated) };
        let Some(with) = self.delimited(delimiter, false) else { return self.fail(unterminated) };
        let (mut every, mut print, mut ignore_case, mut nth) = (false, false, false, 1);
        while let Some(flag) = self.peek() {
            match flag {
                'g' => every = true,
                'p' => print = true,
                'i' | 'I' => ignore_case = true,
                '1'..='9' => {
                    nth = self.number().unwrap_or(1) as usize;
                    continue;
                }
                ';' | '\n' | '}' | ' ' | '#' => break,
                _ => {
                    self.at += 1;
                    return self.fail("unknown option to `s'");
                }
            }
            self.at += 1;
        }
        let regex = self.regex(&source, ignore_case)?;
        let with = pieces(&with);
        let highest =
            with.iter().map(|piece| if let Piece::Group(n) = piece { *n } else { 0 }).max().unwrap_or(0);
        if highest >= regex.captures_len() {
            return self.fail(&format!("invalid reference \\{highest} on `s' command's RHS"));
        }
        Ok(Action::Substitute(Box::new(Substitute { regex, with, every, nth, print })))
    }

    fn transliterate(&mut self) -> Result<Action, String> {
        let unterminated = "unterminated `y' command";
        let Some(delimiter) = self.take() else { return self.fail(unterminated) };
        let Some(from) = self.delimited(delimiter, false) else { return self.fail(unterminated) };
        let Some(to) = self.delimited(delimiter, false) else { return self.fail(unterminated) };
        let (from, to) = (escape::ansi(&from), escape::ansi(&to));
        if from.chars().count() != to.chars().count() {
            return self.fail("strings for `y' command are different lengths");
        }
        Ok(Action::Transliterate(from.chars().zip(to.chars()).collect()))
    }

    /// The text of `a`, `i` and `c`: to the end of the line.
    fn text(&mut self) -> Result<String, String> {
        self.skip(|c| c == ' ');
        if self.peek() == Some('\\') {
            self.at += 1;
            self.skip(|c| c == '\n');
        }
        let start = self.at;
        self.skip(|c| c != '\n');
        let text: String = self.chars.get(start..self.at).unwrap_or_default().iter().collect();
        match text.is_empty() {
            true => self.fail("expected \\ after `a', `c' or `i'"),
            false => Ok(text),
        }
    }
}

fn pieces(with: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut chars = with.chars();
    while let Some(c) = chars.next() {
        let group = match c {
            '&' => Some(0),
            '\\' => match chars.next() {
                Some(digit @ '0'..='9') => digit.to_digit(10).map(|digit| digit as usize),
                Some('n') => {
                    text.push('\n');
                    None
                }
                Some('t') => {
                    text.push('\t');
                    None
                }
                other => {
                    text.extend(other);
                    None
                }
            },
            c => {
                text.push(c);
                None
            }
        };
        if let Some(group) = group {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Group(group));
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}
