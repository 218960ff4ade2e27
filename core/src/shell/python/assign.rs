//! Assignments, and statements that are expressions. Knows how a target is stored to.

use super::code::{Binary, Op, Ops, Problem, Span};
use super::lexer::Token;
use super::parser::{Frag, Parsed, Parser, Shape};

fn augmented(op: &str) -> Option<Binary> {
    Some(match op {
        "+=" => Binary::Add,
        "-=" => Binary::Sub,
        "*=" => Binary::Mul,
        "/=" => Binary::Div,
        "//=" => Binary::FloorDiv,
        "%=" => Binary::Mod,
        "**=" => Binary::Pow,
        "<<=" => Binary::Shl,
        ">>=" => Binary::Shr,
        "&=" => Binary::And,
        "|=" => Binary::Or,
        "^=" => Binary::Xor,
        _ => return None,
    })
}

impl Parser {
    pub(super) fn expression_statement(&mut self) -> Parsed<()> {
        let start = self.span();
        if (self.is_word("print") || self.is_word("exec"))
            && self.begins_expression(1)
            && !matches!(self.peek_at(1), Token::Op(_))
        {
            return Err(self.old_print(start));
        }
        let first = self.expressions()?;
        if let Token::Op(op) = *self.peek() {
            if let Some(binary) = augmented(op) {
                return self.augment(first, binary, start);
            }
            match op {
                "=" => return self.assign(first),
                ":" if matches!(first.shape, Shape::Target) => return self.annotated(first),
                "@=" => return Err(Parser::unknown(self.span(), "'@='")),
                _ => {}
            }
        }
        if let Shape::Starred = first.shape {
            return Err(Problem::new(first.span, "can't use starred expression here"));
        }
        let span = first.span;
        self.ops.extend(first.ops);
        self.emit(Op::Pop, span);
        Ok(())
    }

    fn old_print(&mut self, start: Span) -> Problem {
        let word = if self.is_word("exec") { "exec" } else { "print" };
        self.at += 1;
        match self.expressions() {
            Ok(_) => Problem::new(
                start.to(self.before()),
                format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?"),
            ),
            Err(problem) => problem,
        }
    }

    fn assign(&mut self, first: Frag) -> Parsed<()> {
        let mut targets = vec![first];
        while self.take_op("=") {
            let next = self.expressions()?;
            targets.push(next);
        }
        let Some(value) = targets.pop() else { return Ok(()) };
        if let Shape::Starred = value.shape {
            return Err(Problem::new(value.span, "can't use starred expression here"));
        }
        let span = value.span;
        self.ops.extend(value.ops);
        let last = targets.len() - 1;
        for (n, target) in targets.into_iter().enumerate() {
            if n < last {
                self.emit(Op::Dup, span);
            }
            let stores = store(target)?;
            self.ops.extend(stores);
        }
        Ok(())
    }

    fn annotated(&mut self, target: Frag) -> Parsed<()> {
        self.at += 1;
        self.expression()?;
        if self.take_op("=") {
            let value = self.expressions()?;
            self.ops.extend(value.ops);
            let stores = store(target)?;
            self.ops.extend(stores);
        }
        Ok(())
    }

    fn augment(&mut self, mut target: Frag, op: Binary, start: Span) -> Parsed<()> {
        if let Shape::Other(what) = target.shape {
            let words = format!("'{what}' is an illegal expression for augmented assignment");
            return Err(Problem::new(target.span, words));
        }
        self.at += 1;
        let value = self.expressions()?;
        let span = start.to(self.before());
        let Some((load, at)) = target.ops.pop() else { return Ok(()) };
        self.ops.extend(target.ops);
        let (before, after): (&[Op], Vec<Op>) = match load {
            Op::Load(name) => (&[], vec![Op::Store(name)]),
            Op::Attr(name) => (&[Op::Dup], vec![Op::Swap, Op::StoreAttr(name)]),
            Op::Index => (&[Op::Dup2], vec![Op::Rot3, Op::StoreIndex]),
            _ => {
                let words = "'tuple' is an illegal expression for augmented assignment";
                return Err(Problem::new(target.span, words));
            }
        };
        self.ops.extend(before.iter().map(|op| (*op, at)));
        self.emit(load, at);
        self.ops.extend(value.ops);
        self.emit(Op::Binary(op, true), span);
        self.ops.extend(after.into_iter().map(|op| (op, at)));
        Ok(())
    }
}

/// The instructions that store the top into a target.
pub fn store(target: Frag) -> Parsed<Ops> {
    let mut out: Ops = Vec::new();
    let mut work = vec![target];
    while let Some(mut target) = work.pop() {
        match target.shape {
            Shape::Target | Shape::Starred => {
                let Some((op, span)) = target.ops.pop() else { continue };
                out.extend(target.ops);
                out.push((
                    match op {
                        Op::Load(name) => Op::Store(name),
                        Op::Attr(name) => Op::StoreAttr(name),
                        _ => Op::StoreIndex,
                    },
                    span,
                ));
            }
            Shape::Tuple(parts) => {
                let starred = |part: &Frag| matches!(part.shape, Shape::Starred);
                let star = parts.iter().position(starred).map_or(0, |n| n + 1);
                if parts.iter().filter(|part| starred(part)).count() > 1 {
                    let words = "multiple starred expressions in assignment";
                    return Err(Problem::new(target.span, words));
                }
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                out.push((Op::Unpack(count(parts.len()), count(star)), target.span));
                work.extend(parts.into_iter().rev());
            }
            Shape::Other(
                what @ ("None" | "True" | "False" | "comparison" | "lambda" | "conditional expression"),
            ) => {
                return Err(Problem::new(target.span, format!("cannot assign to {what}")));
            }
            Shape::Other(what) => {
                let words = format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?");
                return Err(Problem::new(target.span, words));
            }
        }
    }
    Ok(out)
}
