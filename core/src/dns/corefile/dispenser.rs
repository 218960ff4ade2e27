//! Walks over tokens, line by line and block by block, and words complaints about them. Knows no directive.

use super::Token;
use crate::base::Text;

/// A cursor over tokens.
#[derive(Debug, Clone)]
pub struct Dispenser {
    tokens: Vec<Token>,
    /// One more than the index of the present token; 0 before the first.
    at: usize,
    nesting: usize,
}

impl Dispenser {
    /// Before the first of these tokens.
    pub fn new(tokens: Vec<Token>) -> Dispenser {
        Dispenser { tokens, at: 0, nesting: 0 }
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Steps to the next token.
    pub fn advance(&mut self) -> bool {
        let more = self.at < self.tokens.len();
        self.at += usize::from(more);
        more
    }

    /// Steps back.
    pub fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// Steps to the next token if it is on the same line.
    pub fn next_arg(&mut self) -> bool {
        let Some(present) = self.at.checked_sub(1).and_then(|n| self.tokens.get(n)) else {
            return self.advance();
        };
        let last_line = present.line + present.text.matches('\n').count();
        let same =
            self.tokens.get(self.at).is_some_and(|next| next.line == last_line && next.file == present.file);
        self.at += usize::from(same);
        same
    }

    /// Steps to the next token within the block that opens here or is open.
    pub fn next_block(&mut self) -> bool {
        if self.nesting > 0 {
            let more = self.advance();
            if !more || self.val() == "}" {
                self.nesting -= 1;
                return false;
            }
            return true;
        }
        if !self.next_arg() {
            return false;
        }
        if self.val() != "{" {
            self.back();
            return false;
        }
        self.advance();
        if self.val() == "}" {
            return false;
        }
        self.nesting += 1;
        true
    }

    /// The rest of the line, up to an opening brace.
    pub fn remaining_args(&mut self) -> Vec<Text> {
        let mut args = Vec::new();
        while self.next_arg() {
            if self.val() == "{" {
                self.back();
                break;
            }
            args.push(self.val().into());
        }
        args
    }

    /// The present token's text; empty before the first.
    pub fn val(&self) -> &str {
        self.at.checked_sub(1).and_then(|n| self.tokens.get(n)).map_or("", |token| &token.text)
    }

    /// The present token.
    pub fn token(&self) -> Option<Token> {
        self.tokens.get(self.at.checked_sub(1)?).cloned()
    }

    /// Whether the present token begins a line.
    pub fn is_new_line(&self) -> bool {
        match self.at {
            0 => false,
            1 => true,
            at => {
                let (before, present) = (&self.tokens[at - 2], &self.tokens[at - 1]);
                before.file != present.file || before.line + before.text.matches('\n').count() < present.line
            }
        }
    }

    /// Puts tokens in the place of the last `count` ones, and stands on the first of them.
    pub fn splice(&mut self, count: usize, tokens: Vec<Token>) {
        let start = self.at.saturating_sub(count);
        self.tokens.splice(start..self.at, tokens);
        self.at = (start + 1).min(self.tokens.len());
    }

    /// `file:line - Error during parsing: ...`
    pub fn err(&self, message: &str) -> String {
        format!("{} - Error during parsing: {message}", self.place())
    }

    /// A wrong number of arguments.
    pub fn arg_err(&self) -> String {
        match self.val() {
            "{" => self.err("Unexpected token '{', expecting argument"),
            val => self.err(&format!("Wrong argument count or unexpected line ending after '{val}'")),
        }
    }

    /// `file:line - Syntax error: ...`
    pub fn syntax_err(&self, expected: &str) -> String {
        let val = self.val();
        format!("{} - Syntax error: Unexpected token '{val}', expecting '{expected}'", self.place())
    }

    fn place(&self) -> String {
        let token = self.at.checked_sub(1).and_then(|n| self.tokens.get(n)).or(self.tokens.first());
        let line = if self.at == 0 { 0 } else { token.map_or(0, |token| token.line) };
        format!("{}:{line}", token.map_or("Corefile", |token| &token.file))
    }
}
