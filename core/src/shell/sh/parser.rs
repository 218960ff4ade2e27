//! Tokens to trees: the grammar. Recursive, with the lexer's depth limit. Knows no variables and no processes.
//!
//! Models: bash 5.2's grammar and its words for syntax errors
//! Omits: arrays, `select`, `coproc`, `case` fall-through (`;&`), process substitution, aliases

use super::ast::{
    AndOr, Assignment, Command, Compound, Connector, Construct, Item, List, Param, ParamOp, Part, Pipeline,
    Redirect, Simple, Target, Word,
};
use super::condition;
use super::lexer::{Lexer, ParseError, Parsed, Token, Waiting, is_name, is_name_start};
use crate::base::Text;
use std::sync::Arc;

/// The most bytes that a text may have.
const MAX_SOURCE: usize = 1 << 20;

/// Reads one complete command (a line, or as many as its constructs take) from a text whose first line has this number.
/// Gives it and how many bytes it took; nothing when the text has none.
pub fn next(text: &str, line: u32, more: bool) -> Parsed<Option<(List, usize)>> {
    if text.len() > MAX_SOURCE {
        return Err(ParseError::Syntax(format!("input longer than {MAX_SOURCE} bytes"), 0));
    }
    let mut lexer = Lexer::new(text, line, more);
    let mut parser = Parser { lexer: &mut lexer, peeked: None };
    while let (Token::Newline, _) = parser.peek()? {
        parser.advance()?;
    }
    if let (Token::End, _) = parser.peek()? {
        return Ok(None);
    }
    let list = parser.line()?;
    let next = match parser.peek()? {
        (Token::Newline | Token::End, _) => parser.lexer.at,
        _ => return Err(parser.unexpected()?),
    };
    Ok(Some((list, next)))
}

/// Reads all of a text as one list.
pub fn whole(lexer: &mut Lexer<'_>) -> Parsed<List> {
    let mut parser = Parser { lexer, peeked: None };
    let list = parser.list()?;
    match parser.peek()? {
        (Token::End, _) => Ok(list),
        _ => Err(parser.unexpected()?),
    }
}

/// Reads the list of a substitution; the lexer then stands after what closes it.
pub fn list_until(lexer: &mut Lexer<'_>, close: &str) -> Parsed<List> {
    let mut parser = Parser { lexer, peeked: None };
    let list = parser.list()?;
    parser.expect_op(close).map_err(|error| match error {
        ParseError::Incomplete(Waiting::Command) => ParseError::Incomplete(Waiting::Quote(')')),
        other => other,
    })?;
    Ok(list)
}

/// A parameter's expansion as a part.
pub fn param(name: &str, op: ParamOp) -> Part {
    Part::Param(Box::new(Param { name: name.into(), op }))
}

/// A lexer with one token of lookahead.
pub(super) struct Parser<'l, 't> {
    pub(super) lexer: &'l mut Lexer<'t>,
    peeked: Option<(Token, usize)>,
}

/// Words with a meaning where a command may begin, that end what came before.
const CLOSERS: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}", "in"];

impl Parser<'_, '_> {
    pub(super) fn peek(&mut self) -> Parsed<(&Token, usize)> {
        if self.peeked.is_none() {
            self.peeked = Some(self.lexer.token()?);
        }
        match &self.peeked {
            Some((token, at)) => Ok((token, *at)),
            None => Err(ParseError::Incomplete(Waiting::Command)),
        }
    }

    pub(super) fn advance(&mut self) -> Parsed<(Token, usize)> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lexer.token(),
        }
    }

    /// The error that the next token is.
    pub(super) fn unexpected(&mut self) -> Parsed<ParseError> {
        let (token, at) = self.peek()?;
        let name = match token {
            Token::End => return Ok(ParseError::Incomplete(Waiting::Command)),
            Token::Newline => "newline".to_string(),
            Token::Op(op) => (*op).to_string(),
            Token::Number(number) => number.to_string(),
            Token::Word(_, raw) => raw.to_string(),
        };
        Ok(ParseError::Syntax(format!("syntax error near unexpected token `{name}'"), at))
    }

    fn is_op(&mut self, what: &str) -> Parsed<bool> {
        Ok(matches!(self.peek()?.0, Token::Op(op) if *op == what))
    }

    pub(super) fn eat_op(&mut self, what: &str) -> Parsed<bool> {
        let found = self.is_op(what)?;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect_op(&mut self, what: &str) -> Parsed<()> {
        match self.eat_op(what)? {
            true => Ok(()),
            false => Err(self.unexpected()?),
        }
    }

    pub(super) fn is_reserved(&mut self, what: &str) -> Parsed<bool> {
        Ok(matches!(self.peek()?.0, Token::Word(_, raw) if &**raw == what))
    }

    fn eat_reserved(&mut self, what: &str) -> Parsed<bool> {
        let found = self.is_reserved(what)?;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_reserved(&mut self, what: &str) -> Parsed<()> {
        match self.eat_reserved(what)? {
            true => Ok(()),
            false => Err(self.unexpected()?),
        }
    }

    pub(super) fn newlines(&mut self) -> Parsed<()> {
        while let (Token::Newline, _) = self.peek()? {
            self.advance()?;
        }
        Ok(())
    }

    /// Commands up to the end of the line.
    fn line(&mut self) -> Parsed<List> {
        let mut list = List::default();
        loop {
            let (item, separated) = self.item()?;
            list.items.push(item);
            match self.peek()?.0 {
                Token::Newline | Token::End => return Ok(list),
                _ if separated => {}
                _ => return Err(self.unexpected()?),
            }
        }
    }

    /// Commands over lines, up to a token that cannot begin one.
    fn list(&mut self) -> Parsed<List> {
        let mut list = List::default();
        loop {
            self.newlines()?;
            if self.at_closer()? {
                return Ok(list);
            }
            list.items.push(self.item()?.0);
        }
    }

    fn at_closer(&mut self) -> Parsed<bool> {
        Ok(match self.peek()?.0 {
            Token::End | Token::Op(")" | ";;") => true,
            Token::Word(_, raw) => CLOSERS.contains(&&**raw) && &**raw != "in",
            _ => false,
        })
    }

    /// A list that may not be empty.
    fn body(&mut self) -> Parsed<Arc<List>> {
        let list = self.list()?;
        match list.items.is_empty() {
            true => Err(self.unexpected()?),
            false => Ok(Arc::new(list)),
        }
    }

    /// A command of a list, and whether a separator ended it.
    fn item(&mut self) -> Parsed<(Item, bool)> {
        let start = self.peek()?.1;
        let and_or = Arc::new(self.and_or()?);
        let (token, end) = self.peek()?;
        let (background, separator) = match token {
            Token::Op("&") => (true, true),
            Token::Op(";") => (false, true),
            Token::Op(")" | ";;") | Token::Newline | Token::End => (false, false),
            Token::Word(_, raw) if CLOSERS.contains(&&**raw) => (false, false),
            _ => return Err(self.unexpected()?),
        };
        let text = self.lexer.text.get(start..end).unwrap_or_default().trim_end().into();
        if separator {
            self.advance()?;
        }
        Ok((Item { and_or, background, text }, separator))
    }

    fn and_or(&mut self) -> Parsed<AndOr> {
        let first = Arc::new(self.pipeline()?);
        let mut rest = Vec::new();
        loop {
            let connector = match self.peek()?.0 {
                Token::Op("&&") => Connector::And,
                Token::Op("||") => Connector::Or,
                _ => return Ok(AndOr { first, rest }),
            };
            self.advance()?;
            self.newlines()?;
            rest.push((connector, Arc::new(self.pipeline()?)));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut pipeline = Pipeline { negated: false, timed: false, commands: Vec::new() };
        loop {
            if self.eat_reserved("!")? {
                pipeline.negated = !pipeline.negated;
            } else if self.eat_reserved("time")? {
                pipeline.timed = true;
            } else {
                break;
            }
        }
        loop {
            pipeline.commands.push(self.command()?);
            let both = self.is_op("|&")?;
            if !both && !self.is_op("|")? {
                return Ok(pipeline);
            }
            self.advance()?;
            self.newlines()?;
            if both && let Some(command) = pipeline.commands.pop() {
                pipeline.commands.push(with_errors(command));
            }
        }
    }

    /// A command.
    pub(super) fn command(&mut self) -> Parsed<Command> {
        self.lexer.enter()?;
        let (token, at) = self.peek()?;
        let word = match token {
            Token::Word(_, raw) => Some(raw.clone()),
            Token::Op("(") => None,
            Token::Op("<" | ">" | ">>" | "<<" | "<<-" | "<<<" | "<&" | ">&" | "&>" | "&>>" | ">|")
            | Token::Number(_) => Some(Text::from("")),
            _ => return Err(self.unexpected()?),
        };
        let line = self.lexer.line(at);
        let construct = match word.as_deref() {
            None => Some(self.parenthesis()?),
            Some("{") => Some(self.group()?),
            Some("for") => Some(self.for_loop()?),
            Some("while") => Some(self.while_loop(false)?),
            Some("until") => Some(self.while_loop(true)?),
            Some("if") => Some(self.if_else()?),
            Some("case") => Some(self.case()?),
            Some("[[") => {
                self.advance()?;
                Some(Construct::Test(condition::parse(self)?))
            }
            Some("function") => {
                self.advance()?;
                Some(self.function_keyword()?)
            }
            Some(word) if CLOSERS.contains(&word) && word != "in" => return Err(self.unexpected()?),
            Some(_) => None,
        };
        let command = match construct {
            Some(kind) => {
                let redirects =
                    if matches!(kind, Construct::Function(..)) { Vec::new() } else { self.redirects()? };
                Command::Compound(Arc::new(Compound { line, kind, redirects }))
            }
            None => self.simple(line)?,
        };
        self.lexer.leave();
        Ok(command)
    }

    fn parenthesis(&mut self) -> Parsed<Construct> {
        self.advance()?;
        if self.lexer.peek() == Some('(') && self.peeked.is_none() {
            let start = self.lexer.at;
            self.lexer.at += 1;
            let word = self.lexer.arithmetic()?;
            if self.lexer.eat("))") {
                return Ok(Construct::Arithmetic(word));
            }
            if self.lexer.depth > 4 {
                return Err(ParseError::Syntax("syntax error: nested too deeply".into(), start));
            }
            self.lexer.at = start;
        }
        let list = self.body()?;
        self.expect_op(")")?;
        Ok(Construct::Subshell(list))
    }

    fn group(&mut self) -> Parsed<Construct> {
        self.advance()?;
        let list = self.body()?;
        self.expect_reserved("}")?;
        Ok(Construct::Group(list))
    }

    /// `do ... done`, or `{ ... }` as bash also takes.
    fn do_done(&mut self) -> Parsed<Arc<List>> {
        let braces = self.eat_reserved("{")?;
        if !braces {
            self.expect_reserved("do")?;
        }
        let body = self.body()?;
        self.expect_reserved(if braces { "}" } else { "done" })?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Parsed<Construct> {
        self.advance()?;
        if self.eat_op("(")? && self.peeked.is_none() && self.lexer.eat("(") {
            return self.for_arithmetic();
        }
        let name = match self.peek()? {
            (Token::Word(_, raw), _) if is_identifier(raw) => raw.clone(),
            (Token::Word(_, raw), at) => {
                return Err(ParseError::Syntax(format!("`{raw}': not a valid identifier"), at));
            }
            _ => return Err(self.unexpected()?),
        };
        self.advance()?;
        self.newlines()?;
        let mut words = None;
        if self.eat_reserved("in")? {
            let mut list = Vec::new();
            while let Token::Word(word, _) = self.peek()?.0 {
                list.push(word.clone());
                self.advance()?;
            }
            words = Some(list);
        }
        if !self.eat_op(";")? && words.is_some() && !matches!(self.peek()?.0, Token::Newline) {
            return Err(self.unexpected()?);
        }
        self.newlines()?;
        Ok(Construct::For(name, words, self.do_done()?))
    }

    fn for_arithmetic(&mut self) -> Parsed<Construct> {
        let first = self.lexer.arithmetic()?;
        let second = if self.lexer.eat(";") { self.lexer.arithmetic()? } else { Word::default() };
        let third = if self.lexer.eat(";") { self.lexer.arithmetic()? } else { Word::default() };
        if !self.lexer.eat("))") {
            return Err(self.unexpected()?);
        }
        self.eat_op(";")?;
        self.newlines()?;
        Ok(Construct::ForArithmetic(Box::new([first, second, third]), self.do_done()?))
    }

    fn while_loop(&mut self, until: bool) -> Parsed<Construct> {
        self.advance()?;
        let condition = self.body()?;
        Ok(Construct::Loop(until, condition, self.do_done()?))
    }

    fn if_else(&mut self) -> Parsed<Construct> {
        self.advance()?;
        let mut arms = Vec::new();
        loop {
            let condition = self.body()?;
            self.expect_reserved("then")?;
            arms.push((condition, self.body()?));
            if !self.eat_reserved("elif")? {
                break;
            }
        }
        let otherwise = if self.eat_reserved("else")? { Some(self.body()?) } else { None };
        self.expect_reserved("fi")?;
        Ok(Construct::If(arms, otherwise))
    }

    fn case(&mut self) -> Parsed<Construct> {
        self.advance()?;
        let word = self.expect_word()?;
        self.newlines()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.newlines()?;
            if self.eat_reserved("esac")? {
                return Ok(Construct::Case(word, arms));
            }
            self.eat_op("(")?;
            let mut patterns = vec![self.expect_word()?];
            while self.eat_op("|")? {
                patterns.push(self.expect_word()?);
            }
            self.expect_op(")")?;
            let body = Arc::new(self.list()?);
            arms.push((patterns, body));
            if !self.eat_op(";;")? && !self.is_reserved("esac")? {
                return Err(self.unexpected()?);
            }
        }
    }

    pub(super) fn expect_word(&mut self) -> Parsed<Word> {
        match self.peek()?.0 {
            Token::Word(word, _) => {
                let word = word.clone();
                self.advance()?;
                Ok(word)
            }
            _ => Err(self.unexpected()?),
        }
    }

    fn function_keyword(&mut self) -> Parsed<Construct> {
        let name = match self.peek()?.0 {
            Token::Word(_, raw) => raw.clone(),
            _ => return Err(self.unexpected()?),
        };
        self.advance()?;
        if self.eat_op("(")? {
            self.expect_op(")")?;
        }
        self.newlines()?;
        Ok(Construct::Function(name, self.command()?))
    }

    fn simple(&mut self, line: u32) -> Parsed<Command> {
        let mut simple = Simple { line, assignments: Vec::new(), words: Vec::new(), redirects: Vec::new() };
        loop {
            if let Some(redirect) = self.redirect(&mut simple.redirects)? {
                simple.redirects.push(redirect);
                continue;
            }
            let Token::Word(word, raw) = self.peek()?.0 else { break };
            let (word, raw) = (word.clone(), raw.clone());
            self.advance()?;
            match assignment(&word) {
                Some(assignment) if simple.words.is_empty() => simple.assignments.push(assignment),
                _ => simple.words.push(word),
            }
            let first =
                simple.words.len() == 1 && simple.assignments.is_empty() && simple.redirects.is_empty();
            if first && self.is_op("(")? && raw.chars().all(|c| is_name(c) || "-.:".contains(c)) {
                self.advance()?;
                self.expect_op(")")?;
                self.newlines()?;
                let kind = Construct::Function(raw, self.command()?);
                return Ok(Command::Compound(Arc::new(Compound { line, kind, redirects: Vec::new() })));
            }
        }
        Ok(Command::Simple(Arc::new(simple)))
    }

    fn redirects(&mut self) -> Parsed<Vec<Redirect>> {
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect(&mut redirects)? {
            redirects.push(redirect);
        }
        Ok(redirects)
    }

    fn redirect(&mut self, before: &mut Vec<Redirect>) -> Parsed<Option<Redirect>> {
        let mut number = None;
        if let Token::Number(n) = self.peek()?.0 {
            number = Some(*n);
            self.advance()?;
        }
        let Token::Op(op) = self.peek()?.0 else { return Ok(None) };
        let op = *op;
        if !op.contains(['<', '>']) {
            return Ok(None);
        }
        self.advance()?;
        let word = self.expect_word()?;
        let input = u32::from(!op.starts_with('<'));
        let to = match op {
            "<" => Target::Read(word),
            ">" | ">|" => Target::Write(word),
            ">>" => Target::Append(word),
            "&>" => Target::Both(word, false),
            "&>>" => Target::Both(word, true),
            ">&" if number.is_none() && !is_descriptor(&word) => Target::Both(word, false),
            ">&" | "<&" => Target::Copy(word),
            "<<<" => {
                let mut word = word;
                word.parts.push(Part::Quoted("\n".into()));
                Target::Text(Word { parts: vec![Part::Double(word.parts)] })
            }
            _ => Target::Text(self.lexer.document(&word, op == "<<-")?),
        };
        if let Target::Both(..) = to {
            before.push(Redirect { fd: 1, to });
            return Ok(Some(Redirect { fd: 2, to: Target::Copy(Word::plain("1")) }));
        }
        Ok(Some(Redirect { fd: number.unwrap_or(input), to }))
    }
}

/// A command whose standard error goes where its output goes: `|&`.
fn with_errors(command: Command) -> Command {
    let and_or = AndOr {
        first: Arc::new(Pipeline { negated: false, timed: false, commands: vec![command] }),
        rest: Vec::new(),
    };
    let item = Item { and_or: Arc::new(and_or), background: false, text: "".into() };
    let redirects = vec![Redirect { fd: 2, to: Target::Copy(Word::plain("1")) }];
    let kind = Construct::Group(Arc::new(List { items: vec![item] }));
    Command::Compound(Arc::new(Compound { line: 1, kind, redirects }))
}

/// Whether a word after `>&` names a descriptor.
fn is_descriptor(word: &Word) -> bool {
    match word.parts.as_slice() {
        [Part::Plain(text)] => text == "-" || text.bytes().all(|byte| byte.is_ascii_digit()),
        [Part::Param(_)] => true,
        _ => false,
    }
}

/// Whether a text is a variable's name.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name)
}

/// A word as an assignment, if it is one.
fn assignment(word: &Word) -> Option<Assignment> {
    let Some(Part::Plain(text)) = word.parts.first() else { return None };
    let (name, value) = text.split_once('=')?;
    let (name, append) = match name.strip_suffix('+') {
        Some(name) => (name, true),
        None => (name, false),
    };
    if !is_identifier(name) {
        return None;
    }
    let mut parts = word.parts.clone();
    match value.is_empty() {
        true => drop(parts.remove(0)),
        false => parts[0] = Part::Plain(value.to_string()),
    }
    Some(Assignment { name: name.into(), append, value: Word { parts } })
}
