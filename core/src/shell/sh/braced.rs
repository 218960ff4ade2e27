//! `${...}` as typed: the name, and what is done with its value.

use super::ast::{ParamOp, Part, Which};
use super::lexer::{Lexer, ParseError, Parsed, Waiting};
use super::parser::param;

impl Lexer<'_> {
    /// Reads after `${`, up to and with `}`.
    pub(super) fn braced(&mut self, in_double: bool) -> Parsed<Part> {
        let start = self.at;
        let length = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        if length {
            self.at += 1;
        }
        let name = self.parameter().to_string();
        if name.is_empty() {
            return self.bad(start, in_double);
        }
        if self.eat("}") {
            return Ok(param(&name, if length { ParamOp::Length } else { ParamOp::Value }));
        }
        if length {
            return self.bad(start, in_double);
        }
        let Some(op) = self.operation(in_double)? else { return self.bad(start, in_double) };
        match self.eat("}") {
            true => Ok(param(&name, op)),
            false if self.rest().is_empty() => Err(ParseError::Incomplete(Waiting::Quote('}'))),
            false => self.bad(start, in_double),
        }
    }

    fn parameter(&mut self) -> &str {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.at += digits;
            return rest.get(..digits).unwrap_or_default();
        }
        if rest.starts_with(['@', '*', '#', '?', '-', '$', '!']) {
            self.at += 1;
            return rest.get(..1).unwrap_or_default();
        }
        self.name()
    }

    fn operation(&mut self, in_double: bool) -> Parsed<Option<ParamOp>> {
        let colon = self.rest().starts_with(':') && self.rest().get(1..2).is_some_and(|c| "-=?+".contains(c));
        if colon {
            self.at += 1;
        }
        for (symbol, op) in [
            ("-", ParamOp::Default as fn(_, _) -> _),
            ("=", ParamOp::Assign),
            ("?", ParamOp::Require),
            ("+", ParamOp::Alternate),
        ] {
            if self.eat(symbol) {
                return Ok(Some(op(colon, self.brace_word(in_double)?)));
            }
        }
        for (symbol, longest, op) in [
            ("##", true, ParamOp::TrimStart as fn(_, _) -> _),
            ("#", false, ParamOp::TrimStart),
            ("%%", true, ParamOp::TrimEnd),
            ("%", false, ParamOp::TrimEnd),
        ] {
            if self.eat(symbol) {
                return Ok(Some(op(longest, self.brace_word(in_double)?)));
            }
        }
        if self.eat("/") {
            let which = match self.peek() {
                Some('/') => Which::Every,
                Some('#') => Which::Start,
                Some('%') => Which::End,
                _ => Which::First,
            };
            self.at += usize::from(which != Which::First);
            let pattern = self.brace_pattern(in_double)?;
            let with = if self.eat("/") { self.brace_word(in_double)? } else { super::ast::Word::default() };
            return Ok(Some(ParamOp::Replace(which, pattern, with)));
        }
        if self.eat(":") {
            let offset = self.brace_slice()?;
            let length = if self.eat(":") { Some(self.brace_slice()?) } else { None };
            return Ok(Some(ParamOp::Slice(offset, length)));
        }
        if self.eat("^^") {
            return Ok(Some(ParamOp::Case(true)));
        }
        Ok(self.eat(",,").then_some(ParamOp::Case(false)))
    }

    /// What is no expansion: an error, but only when it runs.
    fn bad(&mut self, start: usize, in_double: bool) -> Parsed<Part> {
        self.at = start;
        self.brace_word(in_double)?;
        let raw = self.text.get(start..self.at).unwrap_or_default().to_string();
        match self.eat("}") {
            true => Ok(param("", ParamOp::Bad(format!("${{{raw}}}").into()))),
            false => Err(ParseError::Incomplete(Waiting::Quote('}'))),
        }
    }
}
