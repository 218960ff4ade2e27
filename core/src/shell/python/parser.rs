//! Tokens to instructions: statements. Blocks are on a stack; expressions recurse no deeper than a fixed limit. Knows no
//! values.

use super::code::{Code, Const, Op, Ops, Problem, Script, Span};
use super::lexer::{self, Token};
use super::{block::Block, resolve};
use crate::base::{FlatMap, Text};

/// The most bytes that a program may have.
pub const MAX_SOURCE: usize = 1 << 17;

/// What parsing comes to.
pub type Parsed<T> = Result<T, Problem>;

/// A piece of an expression.
#[derive(Debug, Clone)]
pub struct Frag {
    /// Its instructions.
    pub ops: Ops,
    /// Where it stands.
    pub span: Span,
    /// What it looks like.
    pub shape: Shape,
}

/// What an expression looks like, for assignments.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A name, an attribute or an element.
    Target,
    /// A tuple or list of such.
    Tuple(Vec<Frag>),
    /// `*` and such.
    Starred,
    /// Anything else, in CPython's words.
    Other(&'static str),
}

/// The parser.
#[derive(Debug)]
pub struct Parser {
    pub(super) tokens: Vec<(Token, Span)>,
    pub(super) at: usize,
    pub(super) script: Script,
    interned: FlatMap<Text, u32>,
    /// The function being read.
    pub(super) code: usize,
    /// The instructions of the block being read.
    pub(super) ops: Ops,
    pub(super) blocks: Vec<Block>,
    pub(super) depth: usize,
    pub(super) hidden: u32,
}

/// Words that are no names.
pub const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Compiles a program.
pub fn compile(file: &str, text: &str) -> Parsed<Script> {
    if text.len() > MAX_SOURCE {
        return Err(Parser::unknown(Span { line: 1, ..Span::default() }, "programs of this size"));
    }
    let (tokens, broken) = lexer::tokens(text);
    let script = Script {
        file: file.to_string(),
        lines: text.lines().map(str::to_string).collect(),
        codes: vec![Code { name: "<module>".into(), ..Code::default() }],
        ..Script::default()
    };
    let mut parser = Parser {
        tokens,
        at: 0,
        script,
        interned: FlatMap::new(),
        code: 0,
        ops: Vec::new(),
        blocks: Vec::new(),
        depth: 0,
        hidden: 0,
    };
    let parsed = parser.program();
    match (parsed, broken) {
        // What the lexer stumbles over comes first, wherever it is; not so what is no syntax at all.
        (Err(problem), Some(broken)) if problem.class.is_empty() && problem.span.line < broken.span.line => {
            Err(problem)
        }
        // A bracket that stays open explains only what comes on later lines.
        (Err(problem), Some(broken))
            if broken.message.ends_with("was never closed")
                && problem.span.line.max(parser.span().line) <= broken.span.line =>
        {
            if *parser.peek() == Token::End { Err(broken) } else { Err(problem) }
        }
        (_, Some(broken)) => Err(broken),
        (Err(problem), None) => Err(problem),
        (Ok(()), None) => {
            resolve::resolve(&mut parser.script);
            Ok(parser.script)
        }
    }
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &Token {
        self.tokens.get(self.at + ahead).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn span(&self) -> Span {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(Span::default(), |(_, span)| *span)
    }

    /// Where the token before this one stands.
    pub(super) fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(Span::default(), |(_, span)| *span)
    }

    pub(super) fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Token::Op(found) if *found == op)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(found) if &**found == word)
    }

    pub(super) fn take_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_op(&mut self, op: &str) -> Parsed<()> {
        if self.take_op(op) { Ok(()) } else { Err(self.invalid()) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.invalid()) }
    }

    /// A name that is no keyword.
    pub(super) fn name(&mut self) -> Parsed<u32> {
        match self.peek().clone() {
            Token::Name(name) if !KEYWORDS.contains(&&*name) => {
                self.at += 1;
                Ok(self.intern(&name))
            }
            _ => Err(self.invalid()),
        }
    }

    pub(super) fn intern(&mut self, name: &str) -> u32 {
        if let Some(id) = self.interned.get(name) {
            return *id;
        }
        let id = u32::try_from(self.script.names.len()).unwrap_or(u32::MAX);
        self.script.names.push(name.into());
        self.interned.insert(name.into(), id);
        id
    }

    pub(super) fn constant(&mut self, value: Const) -> Op {
        let known = self.script.consts.iter().rev().take(16).position(|other| match (other, &value) {
            (Const::Float(a), Const::Float(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        });
        let at = match known {
            Some(back) => self.script.consts.len() - 1 - back,
            None => {
                self.script.consts.push(value);
                self.script.consts.len() - 1
            }
        };
        Op::Const(u32::try_from(at).unwrap_or(u32::MAX))
    }

    pub(super) fn emit(&mut self, op: Op, span: Span) {
        self.ops.push((op, span));
    }

    /// The general complaint about the present token.
    pub(super) fn invalid(&self) -> Problem {
        let span = self.span();
        match self.peek() {
            Token::Indent => Problem {
                class: "IndentationError",
                marked: false,
                ..Problem::new(span, "unexpected indent")
            },
            Token::Name(word) => match &**word {
                "yield" | "await" | "async" | "class" => Parser::unknown(span, &format!("'{word}'")),
                _ => Problem::new(span, "invalid syntax"),
            },
            Token::Op("...") => Parser::unknown(span, "'...'"),
            _ => Problem::new(span, "invalid syntax"),
        }
    }

    /// What is Python, but not known here.
    pub(super) fn unknown(span: Span, what: &str) -> Problem {
        Problem { class: "", message: what.to_string(), span, marked: false }
    }

    fn program(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Token::End => break,
                Token::Newline => self.at += 1,
                Token::Dedent => {
                    self.at += 1;
                    self.close_block()?;
                }
                Token::Indent => return Err(self.invalid()),
                _ => self.statement()?,
            }
        }
        self.finish_code();
        Ok(())
    }

    /// The end of a function or of the program.
    pub(super) fn finish_code(&mut self) {
        let span = self.before();
        let none = self.constant(Const::None);
        self.emit(none, span);
        self.emit(Op::Return, span);
        let ops = std::mem::take(&mut self.ops);
        if let Some(code) = self.script.codes.get_mut(self.code) {
            code.ops = ops;
        }
    }

    fn statement(&mut self) -> Parsed<()> {
        if let Token::Op("@") = self.peek() {
            return Err(Parser::unknown(self.span(), "decorators"));
        }
        if let Token::Name(word) = self.peek().clone() {
            match &*word {
                "if" | "while" | "for" | "def" | "try" | "with" => return self.open_block(&word),
                "class" => return Err(Parser::unknown(self.span(), "'class'")),
                "async" => return Err(Parser::unknown(self.span(), "'async'")),
                "match" if self.looks_like_match() => return Err(Parser::unknown(self.span(), "'match'")),
                _ => {}
            }
        }
        self.simple_line()
    }

    fn looks_like_match(&self) -> bool {
        let starts =
            matches!(self.peek_at(1), Token::Name(_) | Token::Str(_) | Token::Int(_) | Token::Op("(" | "["));
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|(token, _)| *token == Token::Newline).unwrap_or(0);
        let last = end.checked_sub(1).and_then(|n| rest.get(n));
        starts && matches!(last, Some((Token::Op(":"), _)))
    }

    /// Simple statements up to the end of the line.
    pub(super) fn simple_line(&mut self) -> Parsed<()> {
        loop {
            self.simple()?;
            let more = self.take_op(";");
            match self.peek() {
                Token::Newline => {
                    self.at += 1;
                    return Ok(());
                }
                Token::End => return Ok(()),
                _ if more => {}
                _ => return Err(self.invalid()),
            }
        }
    }

    fn simple(&mut self) -> Parsed<()> {
        let start = self.span();
        let Token::Name(word) = self.peek().clone() else { return self.expression_statement() };
        let known = matches!(
            &*word,
            "pass"
                | "break"
                | "continue"
                | "return"
                | "raise"
                | "global"
                | "nonlocal"
                | "del"
                | "assert"
                | "import"
                | "from"
        );
        if !known {
            return self.expression_statement();
        }
        self.at += 1;
        match &*word {
            "pass" => {}
            "break" | "continue" => self.leave_loop(&word, start)?,
            "return" => self.return_statement(start)?,
            "raise" => self.raise_statement(start)?,
            "global" | "nonlocal" => self.declare(&word)?,
            "del" => self.delete()?,
            "assert" => self.assert(start)?,
            "import" => self.import(start)?,
            _ => self.import_from(start)?,
        }
        Ok(())
    }

    fn at_statement_end(&self) -> bool {
        matches!(self.peek(), Token::Newline | Token::End | Token::Op(";"))
    }

    fn return_statement(&mut self, start: Span) -> Parsed<()> {
        let value = if self.at_statement_end() { None } else { Some(self.expressions()?) };
        let span = start.to(self.before());
        if self.code == 0 {
            return Err(Problem::new(span, "'return' outside function"));
        }
        match value {
            Some(value) => self.ops.extend(value.ops),
            None => {
                let none = self.constant(Const::None);
                self.emit(none, span);
            }
        }
        self.emit(Op::Return, span);
        Ok(())
    }

    fn raise_statement(&mut self, start: Span) -> Parsed<()> {
        let mut kind = 0;
        if !self.at_statement_end() {
            let value = self.expression()?;
            self.ops.extend(value.ops);
            kind = 1;
            if self.take_word("from") {
                let cause = self.expression()?;
                self.ops.extend(cause.ops);
                kind = 2;
            }
        }
        self.emit(Op::Raise(kind), start.to(self.before()));
        Ok(())
    }

    fn declare(&mut self, word: &str) -> Parsed<()> {
        loop {
            let name = self.name()?;
            if let Some(code) = self.script.codes.get_mut(self.code) {
                if word == "global" { code.globals.push(name) } else { code.outer.push(name) }
            }
            if !self.take_op(",") {
                return Ok(());
            }
        }
    }

    fn delete(&mut self) -> Parsed<()> {
        loop {
            let mut target = self.expression()?;
            if let Shape::Other(what) = target.shape {
                return Err(Problem::new(target.span, format!("cannot delete {what}")));
            }
            let Some((op, span)) = target.ops.pop() else { return Ok(()) };
            self.ops.extend(target.ops);
            match op {
                Op::Load(name) => self.emit(Op::Delete(name), span),
                Op::Index => self.emit(Op::DeleteIndex, span),
                _ => return Err(Parser::unknown(span, "'del' of this")),
            }
            if !self.take_op(",") || self.at_statement_end() {
                return Ok(());
            }
        }
    }

    fn assert(&mut self, start: Span) -> Parsed<()> {
        let condition = self.expression()?;
        let class = self.intern("AssertionError");
        let span = condition.span;
        let mut raising: Ops = vec![(Op::Load(class), span)];
        if self.take_op(",") {
            let message = self.expression()?;
            raising.extend(message.ops);
            raising.push((Op::Call(1, 0), span));
        }
        raising.push((Op::Raise(1), start.to(self.before())));
        self.ops.extend(condition.ops);
        let over = distance(raising.len());
        self.emit(Op::JumpIf(true, over), span);
        self.ops.extend(raising);
        Ok(())
    }

    fn dotted(&mut self) -> Parsed<(String, u32)> {
        let first = self.name()?;
        let mut whole = self.script.names.get(first as usize).map_or(String::new(), |name| name.to_string());
        while self.take_op(".") {
            let part = self.name()?;
            whole.push('.');
            whole.push_str(self.script.names.get(part as usize).map_or("", |name| name));
        }
        Ok((whole, first))
    }

    fn import(&mut self, start: Span) -> Parsed<()> {
        loop {
            let (module, first) = self.dotted()?;
            let name = if self.take_word("as") { self.name()? } else { first };
            let id = self.intern(&module);
            let span = start.to(self.before());
            self.emit(Op::Import(id), span);
            self.emit(Op::Store(name), span);
            if !self.take_op(",") {
                return Ok(());
            }
        }
    }

    fn import_from(&mut self, start: Span) -> Parsed<()> {
        let (module, _) = self.dotted()?;
        self.expect_word("import")?;
        if self.is_op("*") {
            return Err(Parser::unknown(self.span(), "'from ... import *'"));
        }
        let bracketed = self.take_op("(");
        let mut parts = Vec::new();
        loop {
            let part = self.name()?;
            let name = if self.take_word("as") { self.name()? } else { part };
            parts.push((part, name));
            if !self.take_op(",") || (bracketed && self.is_op(")")) {
                break;
            }
        }
        if bracketed {
            self.expect_op(")")?;
        }
        let span = start.to(self.before());
        let id = self.intern(&module);
        self.emit(Op::Import(id), span);
        for (part, name) in parts {
            self.emit(Op::ImportFrom(part), span);
            self.emit(Op::Store(name), span);
        }
        self.emit(Op::Pop, span);
        Ok(())
    }
}

/// A jump over so many instructions.
pub fn distance(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
