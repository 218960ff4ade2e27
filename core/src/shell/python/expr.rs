//! Tokens to instructions: expressions, by the strength of their operators. Recurses no deeper than [`MAX_DEPTH`].

use super::assign::store;
use super::code::{Binary, Code, Compare, Const, Op, Ops, Problem, Span, Unary};
use super::lexer::Token;
use super::parser::{Frag, KEYWORDS, Parsed, Parser, Shape, distance};

/// Expressions within expressions.
const MAX_DEPTH: usize = 100;

const NOT: u8 = 4;
const COMPARE: u8 = 5;
/// Below comparisons: what may stand between `for` and `in`.
pub const BITS: u8 = 6;
const SIGN: u8 = 12;
const POWER: u8 = 13;

/// A two-sided operator and its strength.
fn binary(op: &str) -> Option<(Binary, u8)> {
    Some(match op {
        "|" => (Binary::Or, BITS),
        "^" => (Binary::Xor, 7),
        "&" => (Binary::And, 8),
        "<<" => (Binary::Shl, 9),
        ">>" => (Binary::Shr, 9),
        "+" => (Binary::Add, 10),
        "-" => (Binary::Sub, 10),
        "*" => (Binary::Mul, 11),
        "/" => (Binary::Div, 11),
        "//" => (Binary::FloorDiv, 11),
        "%" => (Binary::Mod, 11),
        "**" => (Binary::Pow, POWER),
        _ => return None,
    })
}

impl Frag {
    pub(super) fn new(op: Op, span: Span, shape: Shape) -> Frag {
        Frag { ops: vec![(op, span)], span, shape }
    }

    fn then(mut self, op: Op, span: Span, what: &'static str) -> Frag {
        self.ops.push((op, span));
        Frag { ops: self.ops, span, shape: Shape::Other(what) }
    }
}

impl Parser {
    /// Expressions separated by commas: one, or a tuple.
    pub(super) fn expressions(&mut self) -> Parsed<Frag> {
        let start = self.span();
        let first = self.starred()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_op(",") && self.begins_expression(0) {
            parts.push(self.starred()?);
        }
        let span = start.to(self.before());
        Ok(self.sequence(parts, span, Op::Tuple))
    }

    /// What may be assigned to by `for` and `with`.
    pub(super) fn targets(&mut self) -> Parsed<Frag> {
        let start = self.span();
        let first = self.target()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_op(",") && self.begins_expression(0) {
            parts.push(self.target()?);
        }
        let span = start.to(self.before());
        Ok(self.sequence(parts, span, Op::Tuple))
    }

    fn target(&mut self) -> Parsed<Frag> {
        if self.is_op("*") { self.starred() } else { self.above(BITS) }
    }

    /// A tuple or list of parts, starred or not.
    pub(super) fn sequence(&mut self, parts: Vec<Frag>, span: Span, make: fn(u32) -> Op) -> Frag {
        let starred = |part: &Frag| matches!(part.shape, Shape::Starred);
        let mut ops: Ops = Vec::new();
        if parts.iter().any(starred) {
            ops.push((Op::List(0), span));
            for part in &parts {
                ops.extend(part.ops.iter().copied());
                ops.push((if starred(part) { Op::Extend } else { Op::Append(0) }, span));
            }
            ops.push((make(u32::MAX), span));
        } else {
            parts.iter().for_each(|part| ops.extend(part.ops.iter().copied()));
            ops.push((make(u32::try_from(parts.len()).unwrap_or(u32::MAX)), span));
        }
        Frag { ops, span, shape: Shape::Tuple(parts) }
    }

    pub(super) fn starred(&mut self) -> Parsed<Frag> {
        let start = self.span();
        if !self.take_op("*") {
            return self.named_expression();
        }
        let value = self.above(BITS)?;
        Ok(Frag { ops: value.ops, span: start.to(value.span), shape: Shape::Starred })
    }

    /// An expression, or `name := expression`.
    pub(super) fn named_expression(&mut self) -> Parsed<Frag> {
        let value = self.expression()?;
        if !self.is_op(":=") {
            return Ok(value);
        }
        let [(Op::Load(name), span)] = value.ops.as_slice() else { return Err(self.invalid()) };
        let (name, at) = (*name, *span);
        self.at += 1;
        let value = self.expression()?;
        let span = at.to(value.span);
        let mut ops = value.ops;
        ops.extend([(Op::Dup, span), (Op::Store(name), at)]);
        Ok(Frag { ops, span, shape: Shape::Other("named expression") })
    }

    /// Whether an expression may begin at a token.
    pub(super) fn begins_expression(&self, ahead: usize) -> bool {
        match self.peek_at(ahead) {
            Token::Name(word) => {
                !KEYWORDS.contains(&&**word)
                    || matches!(&**word, "None" | "True" | "False" | "not" | "lambda")
            }
            Token::Int(_) | Token::Float(_) | Token::Str(_) | Token::Bytes(_) | Token::FStart => true,
            Token::Op(op) => matches!(*op, "(" | "[" | "{" | "-" | "+" | "~" | "*"),
            _ => false,
        }
    }

    /// One expression, a condition or a function included.
    pub(super) fn expression(&mut self) -> Parsed<Frag> {
        self.deeper()?;
        let found = self.whole_expression();
        self.depth -= 1;
        found
    }

    pub(super) fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new(self.span(), "too many nested parentheses"));
        }
        Ok(())
    }

    fn whole_expression(&mut self) -> Parsed<Frag> {
        if self.is_word("lambda") {
            return self.lambda();
        }
        let value = self.above(2)?;
        if !self.is_word("if") {
            return Ok(value);
        }
        self.at += 1;
        let condition = self.above(2)?;
        if !self.is_word("else") {
            let span = value.span.to(condition.span);
            return Err(Problem::new(span, "expected 'else' after 'if' expression"));
        }
        self.at += 1;
        let other = self.expression()?;
        let span = value.span.to(other.span);
        let mut ops = condition.ops;
        ops.push((Op::JumpIf(false, distance(value.ops.len() + 1)), condition.span));
        ops.extend(value.ops);
        ops.push((Op::Jump(distance(other.ops.len())), span));
        ops.extend(other.ops);
        Ok(Frag { ops, span, shape: Shape::Other("conditional expression") })
    }

    fn lambda(&mut self) -> Parsed<Frag> {
        let start = self.span();
        self.at += 1;
        let mut code = Code { name: "<lambda>".into(), parent: Some(self.code), ..Code::default() };
        let (mut ops, count) = self.parameters(&mut code, ":")?;
        self.expect_op(":")?;
        let index = self.script.codes.len();
        self.script.codes.push(code);
        let around = std::mem::replace(&mut self.code, index);
        let body = self.expression()?;
        self.code = around;
        let span = start.to(body.span);
        if let Some(code) = self.script.codes.get_mut(index) {
            code.ops = body.ops;
            code.ops.push((Op::Return, body.span));
        }
        ops.push((Op::Function(u32::try_from(index).unwrap_or(u32::MAX), count), span));
        Ok(Frag { ops, span, shape: Shape::Other("lambda") })
    }

    /// An expression of operators that are at least so strong.
    pub(super) fn above(&mut self, strength: u8) -> Parsed<Frag> {
        self.deeper()?;
        let found = self.operators(strength);
        self.depth -= 1;
        found
    }

    fn operators(&mut self, strength: u8) -> Parsed<Frag> {
        let mut left = self.operand(strength)?;
        loop {
            match self.peek().clone() {
                Token::Op(op) => {
                    if let Some((binary, own)) = binary(op)
                        && own >= strength
                    {
                        left = self.binary(left, binary, own)?;
                        continue;
                    }
                    if strength <= COMPARE && compare(op).is_some() {
                        left = self.comparison(left)?;
                        continue;
                    }
                    return Ok(left);
                }
                Token::Name(word) => match &*word {
                    "or" if strength <= 2 => left = self.shortcut(left, 3, true)?,
                    "and" if strength <= 3 => left = self.shortcut(left, NOT, false)?,
                    "in" | "is" | "not" if strength <= COMPARE => {
                        if &*word == "not" && !matches!(self.peek_at(1), Token::Name(word) if &**word == "in")
                        {
                            return Ok(left);
                        }
                        left = self.comparison(left)?;
                    }
                    _ => return Ok(left),
                },
                _ => return Ok(left),
            }
        }
    }

    fn operand(&mut self, strength: u8) -> Parsed<Frag> {
        let start = self.span();
        let (op, own) = match self.peek() {
            Token::Op("-") => (Unary::Neg, SIGN),
            Token::Op("+") => (Unary::Pos, SIGN),
            Token::Op("~") => (Unary::Invert, SIGN),
            Token::Name(word) if &**word == "not" && strength <= NOT => (Unary::Not, NOT),
            _ => return self.postfix(),
        };
        self.at += 1;
        let value = self.above(own)?;
        let span = start.to(value.span);
        if let ([(Op::Const(n), _)], Unary::Neg) = (value.ops.as_slice(), op) {
            let negative = match self.script.consts.get(*n as usize) {
                Some(Const::Int(n)) => n.checked_neg().map(Const::Int),
                Some(Const::Float(x)) => Some(Const::Float(-x)),
                _ => None,
            };
            if let Some(negative) = negative {
                let op = self.constant(negative);
                return Ok(Frag::new(op, span, Shape::Other("literal")));
            }
        }
        Ok(value.then(Op::Unary(op), span, "expression"))
    }

    fn binary(&mut self, left: Frag, op: Binary, own: u8) -> Parsed<Frag> {
        let at = self.span();
        self.at += 1;
        // A power binds to the right, and looser than the sign after it.
        let right = self.above(if op == Binary::Pow { SIGN } else { own + 1 })?;
        let mut span = left.span.to(right.span);
        span.anchor = (at.col, at.end);
        let mut ops = left.ops;
        ops.extend(right.ops);
        ops.push((Op::Binary(op, false), span));
        Ok(Frag { ops, span: Span { anchor: (0, 0), ..span }, shape: Shape::Other("expression") })
    }

    fn shortcut(&mut self, left: Frag, own: u8, when: bool) -> Parsed<Frag> {
        self.at += 1;
        let right = self.above(own)?;
        let span = left.span.to(right.span);
        let mut ops = left.ops;
        ops.push((Op::JumpIfKeep(when, distance(right.ops.len())), span));
        ops.extend(right.ops);
        Ok(Frag { ops, span, shape: Shape::Other("expression") })
    }

    fn comparison_operator(&mut self) -> Option<Compare> {
        let found = match self.peek() {
            Token::Op(op) => compare(op)?,
            Token::Name(word) => match (&**word, self.peek_at(1)) {
                ("in", _) => Compare::In,
                ("not", Token::Name(next)) if &**next == "in" => {
                    self.at += 1;
                    Compare::NotIn
                }
                ("is", Token::Name(next)) if &**next == "not" => {
                    self.at += 1;
                    Compare::IsNot
                }
                ("is", _) => Compare::Is,
                _ => return None,
            },
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    /// `a < b < c`: `b` is read once.
    fn comparison(&mut self, left: Frag) -> Parsed<Frag> {
        let start = left.span;
        let mut ops = left.ops;
        let mut exits = Vec::new();
        let Some(mut op) = self.comparison_operator() else { return Err(self.invalid()) };
        loop {
            let right = self.above(BITS)?;
            let span = start.to(right.span);
            ops.extend(right.ops);
            let Some(next) = self.comparison_operator() else {
                ops.push((Op::Compare(op), span));
                break;
            };
            ops.extend([(Op::Dup, span), (Op::Rot3, span), (Op::Compare(op), span)]);
            exits.push(ops.len());
            ops.push((Op::JumpIfKeep(false, 0), span));
            op = next;
        }
        let span = start.to(self.before());
        if !exits.is_empty() {
            ops.push((Op::Jump(2), span));
            let end = ops.len();
            ops.extend([(Op::Swap, span), (Op::Pop, span)]);
            for at in exits {
                if let Some((op, _)) = ops.get_mut(at) {
                    *op = Op::JumpIfKeep(false, distance(end) - distance(at + 1));
                }
            }
        }
        Ok(Frag { ops, span, shape: Shape::Other("comparison") })
    }

    /// An atom and what follows it: attributes, calls, elements.
    fn postfix(&mut self) -> Parsed<Frag> {
        let mut value = self.atom()?;
        loop {
            let at = self.span();
            if self.take_op(".") {
                let name = self.name()?;
                let span = value.span.to(self.before());
                value.ops.push((Op::Attr(name), span));
                value = Frag { ops: value.ops, span, shape: Shape::Target };
            } else if self.is_op("(") {
                value = self.call(value)?;
            } else if self.take_op("[") {
                let index = self.index()?;
                self.expect_op("]")?;
                let mut span = value.span.to(self.before());
                span.anchor = (at.col, span.end);
                value.ops.extend(index.ops);
                value.ops.push((Op::Index, span));
                value = Frag { ops: value.ops, span: Span { anchor: (0, 0), ..span }, shape: Shape::Target };
            } else {
                return Ok(value);
            }
        }
    }

    /// What stands between square brackets: an expression or a slice.
    fn index(&mut self) -> Parsed<Frag> {
        let start = self.span();
        let mut parts: Vec<Option<Frag>> = Vec::new();
        let mut colons = 0;
        loop {
            if self.take_op(":") {
                colons += 1;
                if parts.len() < colons {
                    parts.push(None);
                }
            } else if self.is_op("]") {
                break;
            } else if parts.len() > colons || colons > 2 {
                return Err(self.forgotten_comma(parts.pop().flatten()));
            } else {
                let part = if colons == 0 { self.expressions()? } else { self.expression()? };
                parts.push(Some(part));
            }
        }
        if colons == 0 {
            return parts.pop().flatten().ok_or_else(|| self.invalid());
        }
        let span = start.to(self.before());
        parts.resize_with(3, || None);
        let mut ops: Ops = Vec::new();
        for part in parts {
            match part {
                Some(part) => ops.extend(part.ops),
                None => {
                    let none = self.constant(Const::None);
                    ops.push((none, span));
                }
            }
        }
        ops.push((Op::Slice, span));
        Ok(Frag { ops, span, shape: Shape::Other("slice") })
    }

    /// Two expressions in brackets without a comma between them.
    pub(super) fn forgotten_comma(&mut self, left: Option<Frag>) -> Problem {
        let general = self.invalid();
        let Some(left) = left else { return general };
        let is_word = matches!(self.peek(), Token::Name(word) if KEYWORDS.contains(&&**word));
        if is_word || !self.begins_expression(0) || matches!(self.peek(), Token::Op("*")) {
            return general;
        }
        match self.expression() {
            Ok(right) => {
                Problem::new(left.span.to(right.span), "invalid syntax. Perhaps you forgot a comma?")
            }
            Err(problem) => problem,
        }
    }

    /// `for target in over if condition ...`, around what is done for each.
    pub(super) fn comprehension(&mut self, element: Ops, first_code: usize, span: Span) -> Parsed<Ops> {
        let mut clauses: Vec<(Ops, Ops, Vec<Ops>)> = Vec::new();
        while self.take_word("for") {
            let target = self.targets()?;
            self.expect_word("in")?;
            let over = self.above(2)?;
            let mut conditions = Vec::new();
            while self.take_word("if") {
                conditions.push(self.above(2)?.ops);
            }
            clauses.push((store(target)?, over.ops, conditions));
        }
        if self.is_word("async") {
            return Err(Parser::unknown(self.span(), "'async'"));
        }
        let depth = u32::try_from(clauses.len()).unwrap_or(0);
        let mut ops = element;
        if let Some((Op::Append(n) | Op::Insert(n), _)) = ops.last_mut() {
            *n = depth;
        }
        let stores = clauses.iter().flat_map(|(stores, ..)| stores);
        let hidden: Vec<u32> =
            stores.filter_map(|(op, _)| if let Op::Store(name) = op { Some(*name) } else { None }).collect();
        let mut first = Ops::new();
        for (n, (stores, over, conditions)) in clauses.into_iter().enumerate().rev() {
            for condition in conditions.into_iter().rev() {
                let mut whole = condition;
                whole.push((Op::JumpIf(false, distance(ops.len())), span));
                whole.extend(ops);
                ops = whole;
            }
            let mut whole: Ops = if n == 0 { Vec::new() } else { over.clone() };
            let turn = stores.len() + ops.len();
            if n > 0 {
                whole.push((Op::Iter, span));
            } else {
                first = over;
            }
            whole.push((Op::For(distance(turn + 1)), span));
            whole.extend(stores);
            whole.extend(ops);
            whole.push((Op::Jump(-distance(turn + 2)), span));
            ops = whole;
        }
        self.hide(&mut ops, &hidden, first_code);
        first.push((Op::Iter, span));
        first.extend(ops);
        Ok(first)
    }

    /// The variables of a comprehension are its own: they get names that no one else has.
    fn hide(&mut self, ops: &mut Ops, names: &[u32], first_code: usize) {
        for name in names {
            self.hidden += 1;
            let shown = self.script.names.get(*name as usize).map_or(String::new(), |name| name.to_string());
            let new = self.intern(&format!("{shown}\0{}", self.hidden));
            let rename = |ops: &mut Ops| {
                for (op, _) in ops.iter_mut() {
                    match op {
                        Op::Load(n) | Op::Store(n) if n == name => *n = new,
                        _ => {}
                    }
                }
            };
            rename(ops);
            for code in self.script.codes.iter_mut().skip(first_code) {
                if !code.locals.contains(name) {
                    rename(&mut code.ops);
                }
            }
        }
    }
}

fn compare(op: &str) -> Option<Compare> {
    Some(match op {
        "==" => Compare::Eq,
        "!=" => Compare::Ne,
        "<" => Compare::Lt,
        "<=" => Compare::Le,
        ">" => Compare::Gt,
        ">=" => Compare::Ge,
        _ => return None,
    })
}
