//! Compound statements: what is open, and how its parts become one. Knows no expressions.

use super::assign::store;
use super::code::{Code, Const, Op, Ops, Problem, Span};
use super::lexer::Token;
use super::parser::{Parsed, Parser, distance};

/// Blocks that may be open at once.
const MAX_BLOCKS: usize = 60;
/// Where a jump out of a loop goes, until its place is known.
const UNKNOWN: i32 = i32::MAX;

/// A compound statement that is open.
#[derive(Debug)]
pub struct Block {
    kind: Kind,
    /// The instructions before it.
    before: Ops,
    /// What is being read.
    part: Part,
    /// Its header.
    span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Body,
    Handler,
    Else,
    Finally,
}

#[derive(Debug)]
enum Kind {
    /// Conditions with what they guard, and the rest.
    If { arms: Vec<(Ops, Ops)>, otherwise: Ops },
    /// What comes before the first turn, what begins each, the body, and the rest.
    Loop { over: Ops, head: Ops, stores: Ops, body: Ops, otherwise: Ops },
    /// Its code, the one around it, and what makes the function.
    Def { index: usize, around: usize, make: Ops, body: Ops },
    /// The parts of a `try`.
    Try { body: Ops, handlers: Vec<Handler>, otherwise: Ops, finally: Option<Ops> },
    /// The hidden name of what is closed; whether another one is around it in the same statement.
    With { hidden: u32, within: bool, body: Ops },
}

/// An `except` clause.
#[derive(Debug)]
struct Handler {
    class: Option<Ops>,
    name: Option<u32>,
    body: Ops,
    span: Span,
}

impl Parser {
    /// A statement with blocks begins.
    pub(super) fn open_block(&mut self, word: &str) -> Parsed<()> {
        let span = self.span();
        self.at += 1;
        if self.blocks.len() >= MAX_BLOCKS {
            return Err(Problem::new(span, "too many statically nested blocks"));
        }
        let kind = match word {
            "if" => Kind::If { arms: vec![(self.condition()?, Vec::new())], otherwise: Vec::new() },
            "while" => {
                let head = self.condition()?;
                let none = Vec::new;
                Kind::Loop { over: none(), head, stores: none(), body: none(), otherwise: none() }
            }
            "for" => self.for_header(span)?,
            "def" => return self.open_def(span),
            "with" => return self.open_with(span),
            _ => Kind::Try { body: Vec::new(), handlers: Vec::new(), otherwise: Vec::new(), finally: None },
        };
        let before = std::mem::take(&mut self.ops);
        self.blocks.push(Block { kind, before, part: Part::Body, span });
        self.suite(word, &format!("'{word}' statement"), span)
    }

    fn condition(&mut self) -> Parsed<Ops> {
        let start = self.span();
        let condition = self.named_expression()?;
        if self.is_op("=") {
            let is_name = matches!(condition.ops.as_slice(), [(Op::Load(_), _)]);
            self.at += 1;
            let value = self.expression()?;
            if is_name {
                let words = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                return Err(Problem::new(start.to(value.span), words));
            }
            return store(condition).and(Err(self.invalid()));
        }
        Ok(condition.ops)
    }

    fn for_header(&mut self, span: Span) -> Parsed<Kind> {
        let target = self.targets()?;
        self.expect_word("in")?;
        let over = self.expressions()?;
        let mut ops = over.ops;
        ops.push((Op::Iter, statement(span)));
        let (head, body, otherwise) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Kind::Loop { over: ops, head, stores: store(target)?, body, otherwise })
    }

    fn open_def(&mut self, span: Span) -> Parsed<()> {
        let name = self.name()?;
        let mut code = Code {
            name: self.script.names.get(name as usize).map_or(String::new(), |name| name.to_string()),
            parent: Some(self.code),
            ..Code::default()
        };
        self.expect_op("(")?;
        let (defaults, count) = self.parameters(&mut code, ")")?;
        self.expect_op(")")?;
        if self.take_op("->") {
            self.expression()?;
        }
        let index = self.script.codes.len();
        self.script.codes.push(code);
        let mut make = defaults;
        let id = u32::try_from(index).unwrap_or(u32::MAX);
        make.push((Op::Function(id, count), span));
        make.push((Op::Store(name), span));
        let before = std::mem::take(&mut self.ops);
        self.blocks.push(Block {
            kind: Kind::Def { index, around: self.code, make, body: Vec::new() },
            before,
            part: Part::Body,
            span,
        });
        self.code = index;
        self.suite("def", "function definition", span)
    }

    /// Parameters with their defaults: the defaults' instructions and how many there are.
    pub(super) fn parameters(&mut self, code: &mut Code, end: &str) -> Parsed<(Ops, u32)> {
        let (mut defaults, mut count) = (Vec::new(), 0);
        while !self.is_op(end) {
            if code.rest || self.is_op("**") || self.is_op("/") {
                return Err(Parser::unknown(self.span(), "parameters of this kind"));
            }
            code.rest = self.take_op("*");
            let at = self.span();
            let name = self.name()?;
            if code.locals.contains(&name) {
                let shown = self.script.names.get(name as usize).map_or("", |name| name);
                return Err(Problem::new(at, format!("duplicate argument '{shown}' in function definition")));
            }
            code.locals.push(name);
            if end == ")" && self.take_op(":") {
                self.expression()?;
            }
            if self.take_op("=") {
                let value = self.expression()?;
                defaults.extend(value.ops);
                count += 1;
            } else if count > 0 && !code.rest {
                return Err(Problem::new(at, "non-default argument follows default argument"));
            }
            if !self.take_op(",") {
                break;
            }
        }
        code.params = code.locals.len();
        Ok((defaults, count))
    }

    /// `with a as b, c as d:`
    fn open_with(&mut self, span: Span) -> Parsed<()> {
        let bracketed = self.is_op("(") && self.closes_before_colon();
        self.at += usize::from(bracketed);
        let mut opened = 0;
        loop {
            let value = self.expression()?;
            self.hidden += 1;
            let hidden = self.intern(&format!("\0with{}", self.hidden));
            let at = value.span;
            self.ops.extend(value.ops);
            self.emit(Op::Enter, statement(span));
            self.emit(Op::Store(hidden), at);
            let before = std::mem::take(&mut self.ops);
            let kind = Kind::With { hidden, within: opened > 0, body: Vec::new() };
            opened += 1;
            self.blocks.push(Block { kind, before, part: Part::Body, span: at });
            if self.take_word("as") {
                let target = self.targets()?;
                self.emit(Op::Load(hidden), at);
                let stores = store(target)?;
                self.ops.extend(stores);
            }
            if !self.take_op(",") || (bracketed && self.is_op(")")) {
                break;
            }
        }
        if bracketed {
            self.expect_op(")")?;
        }
        self.suite("with", "'with' statement", span)
    }

    /// Whether a bracket that begins here closes right before the colon.
    fn closes_before_colon(&self) -> bool {
        let mut depth = 0;
        for (n, (token, _)) in self.tokens.iter().enumerate().skip(self.at) {
            match token {
                Token::Op("(" | "[" | "{") => depth += 1,
                Token::Op(")" | "]" | "}") => {
                    depth -= 1;
                    if depth == 0 {
                        return matches!(self.tokens.get(n + 1), Some((Token::Op(":"), _)));
                    }
                }
                Token::Newline | Token::End => return false,
                _ => {}
            }
        }
        false
    }

    /// What follows a header: a colon, then the rest of the line or an indented block.
    fn suite(&mut self, word: &str, what: &str, header: Span) -> Parsed<()> {
        if !self.take_op(":") {
            let forced = !matches!(word, "if" | "elif" | "while") || *self.peek() == Token::Newline;
            let message = if forced { "expected ':'" } else { "invalid syntax" };
            return Err(match self.invalid() {
                problem if problem.class == "SyntaxError" => Problem::new(self.span(), message),
                problem => problem,
            });
        }
        if *self.peek() != Token::Newline {
            if let Token::Name(word) = self.peek()
                && matches!(&**word, "if" | "while" | "for" | "def" | "try" | "with" | "class")
            {
                return Err(self.invalid());
            }
            self.simple_line()?;
            return self.close_block();
        }
        self.at += 1;
        if *self.peek() != Token::Indent {
            let words = format!("expected an indented block after {what} on line {}", header.line);
            let next = self.tokens.iter().skip(self.at).find(|(token, _)| *token != Token::Dedent);
            let (span, marked) = match next {
                None | Some((Token::End, _)) => (header, false),
                Some((_, span)) => (Span { end_line: span.line, end: span.col + 1, ..*span }, true),
            };
            return Err(Problem { class: "IndentationError", marked, ..Problem::new(span, words) });
        }
        self.at += 1;
        Ok(())
    }

    /// A block ends: another part of its statement follows, or the statement is whole.
    pub(super) fn close_block(&mut self) -> Parsed<()> {
        loop {
            let Some(mut block) = self.blocks.pop() else { return Ok(()) };
            *block.present() = std::mem::take(&mut self.ops);
            let at = self.span();
            let next = match self.peek().clone() {
                Token::Name(word) => self.next_part(&mut block, &word)?,
                _ => None,
            };
            if let Some((word, part)) = next {
                block.part = part;
                self.blocks.push(block);
                return self.suite(word, &format!("'{word}' statement"), at);
            }
            let again = matches!(block.kind, Kind::With { within: true, .. });
            self.assemble(block)?;
            if !again {
                return Ok(());
            }
        }
    }

    fn next_part(&mut self, block: &mut Block, word: &str) -> Parsed<Option<(&'static str, Part)>> {
        let span = self.span();
        let part = block.part;
        Ok(match (&mut block.kind, word) {
            (Kind::If { arms, .. }, "elif") if part == Part::Body => {
                self.at += 1;
                arms.push((self.condition()?, Vec::new()));
                Some(("elif", Part::Body))
            }
            (Kind::If { .. } | Kind::Loop { .. }, "else") if part == Part::Body => {
                self.at += 1;
                Some(("else", Part::Else))
            }
            (Kind::Try { handlers, .. }, "except") if matches!(part, Part::Body | Part::Handler) => {
                self.at += 1;
                if self.is_op("*") {
                    return Err(Parser::unknown(span, "'except*'"));
                }
                let class = if self.is_op(":") { None } else { Some(self.expression()?) };
                let name = if self.take_word("as") { Some(self.name()?) } else { None };
                let class = class.map(|class| class.ops);
                handlers.push(Handler { class, name, body: Vec::new(), span: statement(span) });
                Some(("except", Part::Handler))
            }
            (Kind::Try { .. }, "else") if part == Part::Handler => {
                self.at += 1;
                Some(("else", Part::Else))
            }
            (Kind::Try { finally, .. }, "finally") if part != Part::Finally => {
                self.at += 1;
                *finally = Some(Vec::new());
                Some(("finally", Part::Finally))
            }
            _ => None,
        })
    }

    fn assemble(&mut self, block: Block) -> Parsed<()> {
        let Block { kind, before, span, .. } = block;
        self.ops = before;
        match kind {
            Kind::If { arms, otherwise } => self.assemble_if(arms, otherwise, span),
            Kind::Loop { over, head, stores, body, otherwise } => {
                let is_for = head.is_empty();
                let body: Ops = stores.into_iter().chain(body).collect();
                let mut head = head;
                let past = distance(body.len() + 1);
                head.push((if is_for { Op::For(past) } else { Op::JumpIf(false, past) }, span));
                self.emit(Op::Loop, span);
                self.ops.extend(over);
                self.assemble_loop(head, body, otherwise, span);
            }
            Kind::Def { index, around, make, body } => {
                let outer = std::mem::replace(&mut self.ops, body);
                self.code = index;
                self.finish_code();
                self.code = around;
                self.ops = outer;
                self.ops.extend(make);
            }
            Kind::Try { body, handlers, otherwise, finally } => {
                if handlers.is_empty() && finally.is_none() {
                    return Err(Problem::new(self.span(), "expected 'except' or 'finally' block"));
                }
                self.assemble_try(body, handlers, otherwise, finally, span);
            }
            Kind::With { hidden, body, .. } => {
                self.emit(Op::Finally(distance(body.len() + 1)), span);
                self.ops.extend(body);
                let closing = [Op::EndBlock, Op::Load(hidden), Op::Exit, Op::EndFinally];
                self.ops.extend(closing.map(|op| (op, span)));
            }
        }
        Ok(())
    }

    fn assemble_if(&mut self, arms: Vec<(Ops, Ops)>, otherwise: Ops, span: Span) {
        let mut rest = otherwise;
        for (condition, mut body) in arms.into_iter().rev() {
            if !rest.is_empty() {
                body.push((Op::Jump(distance(rest.len())), span));
            }
            let mut whole = condition;
            whole.push((Op::JumpIf(false, distance(body.len())), span));
            whole.extend(body);
            whole.append(&mut rest);
            rest = whole;
        }
        self.ops.extend(rest);
    }

    /// The head decides and jumps over the body and the jump after it, to where the loop ends by itself.
    fn assemble_loop(&mut self, head: Ops, mut body: Ops, otherwise: Ops, span: Span) {
        let length = body.len();
        for (at, (op, _)) in body.iter_mut().enumerate() {
            let jump_back = distance(length) - distance(at + 1);
            match op {
                Op::Leave(to @ UNKNOWN, true) => *to = jump_back + 2 + distance(otherwise.len()),
                Op::Leave(to @ UNKNOWN, false) => *to = jump_back,
                _ => {}
            }
        }
        let back = -distance(head.len() + length + 1);
        self.ops.extend(head);
        self.ops.extend(body);
        self.emit(Op::Jump(back), span);
        self.emit(Op::EndBlock, span);
        self.ops.extend(otherwise);
    }

    fn assemble_try(
        &mut self,
        body: Ops,
        handlers: Vec<Handler>,
        otherwise: Ops,
        finally: Option<Ops>,
        span: Span,
    ) {
        let mut inner: Ops = body;
        if !handlers.is_empty() {
            let mut parts: Ops = vec![(Op::Reraise, span)];
            for handler in handlers.into_iter().rev() {
                parts = self.handler(handler, parts);
            }
            let mut whole: Ops = vec![(Op::Try(distance(inner.len() + 2 + otherwise.len())), span)];
            whole.extend(inner);
            whole.push((Op::EndBlock, span));
            whole.extend(otherwise);
            whole.push((Op::Jump(distance(parts.len())), span));
            whole.extend(parts);
            inner = whole;
        }
        match finally {
            Some(finally) => {
                self.emit(Op::Finally(distance(inner.len() + 1)), span);
                self.ops.extend(inner);
                self.emit(Op::EndBlock, span);
                self.ops.extend(finally);
                self.emit(Op::EndFinally, span);
            }
            None => self.ops.extend(inner),
        }
    }

    /// One `except` clause, and the instructions for when it does not match.
    fn handler(&mut self, handler: Handler, rest: Ops) -> Ops {
        let Handler { class, name, body, span } = handler;
        let mut guarded: Ops = Vec::new();
        if let Some(name) = name {
            guarded.extend([(Op::Current, span), (Op::Store(name), span)]);
        }
        guarded.extend(body);
        if let Some(name) = name {
            let none = self.constant(Const::None);
            guarded.extend([(none, span), (Op::Store(name), span), (Op::Delete(name), span)]);
        }
        guarded.push((Op::EndBlock, span));
        guarded.push((Op::Jump(distance(rest.len())), span));
        let mut out: Ops = Vec::new();
        if let Some(class) = class {
            out.extend(class);
            out.push((Op::Matches, span));
            out.push((Op::JumpIf(false, distance(guarded.len())), span));
        }
        out.extend(guarded);
        out.extend(rest);
        out
    }

    /// `break`, `continue`.
    pub(super) fn leave_loop(&mut self, word: &str, span: Span) -> Parsed<()> {
        let is_break = word == "break";
        for block in self.blocks.iter().rev() {
            match (&block.kind, block.part) {
                (Kind::Loop { .. }, Part::Body) => {
                    self.emit(Op::Leave(UNKNOWN, is_break), span);
                    return Ok(());
                }
                (Kind::Def { .. }, _) => break,
                _ => {}
            }
        }
        let words = if is_break { "'break' outside loop" } else { "'continue' not properly in loop" };
        Err(Problem::new(span, words))
    }
}

/// A statement with blocks as a whole: it goes on after its first line, so that a traceback marks nothing in it.
fn statement(span: Span) -> Span {
    Span { end_line: span.line + 1, ..span }
}

impl Block {
    /// Where the instructions of the part that is being read belong.
    fn present(&mut self) -> &mut Ops {
        match (&mut self.kind, self.part) {
            (Kind::If { arms, otherwise }, part) => match arms.last_mut() {
                Some((_, body)) if part == Part::Body => body,
                _ => otherwise,
            },
            (Kind::Loop { otherwise, .. } | Kind::Try { otherwise, .. }, Part::Else) => otherwise,
            (Kind::Try { body, handlers, .. }, Part::Handler) => match handlers.last_mut() {
                Some(handler) => &mut handler.body,
                None => body,
            },
            (Kind::Try { body, finally, .. }, Part::Finally) => finally.as_mut().unwrap_or(body),
            (
                Kind::Loop { body, .. }
                | Kind::Def { body, .. }
                | Kind::Try { body, .. }
                | Kind::With { body, .. },
                _,
            ) => body,
        }
    }
}
