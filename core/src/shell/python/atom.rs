//! Tokens to instructions: literals, names, brackets, calls and f-strings.

use super::code::{Const, Op, Ops, Problem, Span};
use super::lexer::Token;
use super::parser::{Frag, KEYWORDS, Parsed, Parser, Shape};

impl Parser {
    pub(super) fn atom(&mut self) -> Parsed<Frag> {
        let span = self.span();
        let literal = Shape::Other("literal");
        let value = match self.peek().clone() {
            Token::Int(n) => Const::Int(n),
            Token::Float(x) => Const::Float(x),
            Token::Str(_) | Token::Bytes(_) | Token::FStart => return self.strings(),
            Token::Name(word) => match &*word {
                "None" => return Ok(self.word(Const::None, "None")),
                "True" => return Ok(self.word(Const::Bool(true), "True")),
                "False" => return Ok(self.word(Const::Bool(false), "False")),
                word if KEYWORDS.contains(&word) => return Err(self.invalid()),
                _ => {
                    let name = self.name()?;
                    return Ok(Frag::new(Op::Load(name), span, Shape::Target));
                }
            },
            Token::Op("(") => return self.round(),
            Token::Op("[") => return self.square(),
            Token::Op("{") => return self.curly(),
            _ => return Err(self.invalid()),
        };
        self.at += 1;
        let op = self.constant(value);
        Ok(Frag::new(op, span, literal))
    }

    fn word(&mut self, value: Const, what: &'static str) -> Frag {
        let span = self.span();
        self.at += 1;
        let op = self.constant(value);
        Frag::new(op, span, Shape::Other(what))
    }

    /// `)` and such, or what is wrong before it.
    fn closing(&mut self, close: &str, last: Option<Frag>) -> Parsed<()> {
        if self.take_op(close) { Ok(()) } else { Err(self.forgotten_comma(last)) }
    }

    fn round(&mut self) -> Parsed<Frag> {
        let start = self.span();
        self.at += 1;
        if self.take_op(")") {
            let span = start.to(self.before());
            return Ok(self.sequence(Vec::new(), span, Op::Tuple));
        }
        if self.is_word("yield") {
            return Err(self.invalid());
        }
        let first_code = self.script.codes.len();
        let first = self.starred()?;
        if self.is_word("for") {
            let mut frag = self.list_of(first, first_code, start, Op::List(0))?;
            self.closing(")", None)?;
            frag.shape = Shape::Other("generator expression");
            return Ok(whole(frag, start.to(self.before())));
        }
        if !self.is_op(",") {
            self.closing(")", Some(first.clone()))?;
            // The brackets belong to what a traceback marks only by their content.
            return Ok(Frag { span: start.to(self.before()), ..first });
        }
        let mut parts = vec![first];
        while self.take_op(",") && !self.is_op(")") {
            let part = self.starred()?;
            parts.push(part);
        }
        self.closing(")", parts.last().cloned())?;
        let span = start.to(self.before());
        Ok(self.sequence(parts, span, Op::Tuple))
    }

    /// A comprehension into a list or set.
    fn list_of(&mut self, element: Frag, first_code: usize, start: Span, make: Op) -> Parsed<Frag> {
        let span = start.to(element.span);
        let mut inner = element.ops;
        inner.push((Op::Append(0), span));
        let mut ops: Ops = vec![(make, span)];
        ops.extend(self.comprehension(inner, first_code, span)?);
        Ok(Frag { ops, span, shape: Shape::Other("list comprehension") })
    }

    fn square(&mut self) -> Parsed<Frag> {
        let start = self.span();
        self.at += 1;
        let first_code = self.script.codes.len();
        let mut parts = Vec::new();
        while !self.is_op("]") {
            let part = self.starred()?;
            if parts.is_empty() && self.is_word("for") {
                let frag = self.list_of(part, first_code, start, Op::List(0))?;
                self.closing("]", None)?;
                return Ok(whole(frag, start.to(self.before())));
            }
            parts.push(part);
            if !self.take_op(",") {
                break;
            }
        }
        self.closing("]", parts.last().cloned())?;
        let span = start.to(self.before());
        Ok(self.sequence(parts, span, Op::List))
    }

    fn curly(&mut self) -> Parsed<Frag> {
        let start = self.span();
        self.at += 1;
        let first_code = self.script.codes.len();
        if self.take_op("}") {
            let span = start.to(self.before());
            return Ok(Frag::new(Op::Dict(0), span, Shape::Other("dict literal")));
        }
        if self.is_op("**") {
            return Err(Parser::unknown(self.span(), "'**' in a dict"));
        }
        let first = self.starred()?;
        if !self.is_op(":") {
            return self.set(first, first_code, start);
        }
        let (mut ops, mut count) = (Ops::new(), 0u32);
        let mut key = first;
        loop {
            if self.is_op(",") || self.is_op("}") {
                return Err(Problem::new(self.before(), "':' expected after dictionary key"));
            }
            self.expect_op(":")?;
            let value = self.expression()?;
            let last = value.clone();
            ops.extend(key.ops);
            ops.extend(value.ops);
            count += 1;
            if count == 1 && self.is_word("for") {
                ops.push((Op::Insert(0), start));
                let mut made: Ops = vec![(Op::Dict(0), start)];
                made.extend(self.comprehension(ops, first_code, start)?);
                self.closing("}", None)?;
                let span = start.to(self.before());
                let shape = Shape::Other("dict comprehension");
                return Ok(whole(Frag { ops: made, span: start, shape }, span));
            }
            if !self.take_op(",") || self.is_op("}") {
                self.closing("}", Some(last))?;
                break;
            }
            key = self.expression()?;
        }
        let span = start.to(self.before());
        ops.push((Op::Dict(count), span));
        Ok(Frag { ops, span, shape: Shape::Other("dict literal") })
    }

    fn set(&mut self, first: Frag, first_code: usize, start: Span) -> Parsed<Frag> {
        if self.is_word("for") {
            let mut frag = self.list_of(first, first_code, start, Op::Set(0))?;
            self.closing("}", None)?;
            frag.shape = Shape::Other("set comprehension");
            return Ok(whole(frag, start.to(self.before())));
        }
        let mut parts = vec![first];
        while self.take_op(",") && !self.is_op("}") {
            let part = self.starred()?;
            parts.push(part);
        }
        self.closing("}", parts.last().cloned())?;
        let span = start.to(self.before());
        let frag = self.sequence(parts, span, Op::Set);
        Ok(Frag { shape: Shape::Other("set display"), ..frag })
    }

    pub(super) fn call(&mut self, function: Frag) -> Parsed<Frag> {
        let start = self.span();
        self.at += 1;
        let first_code = self.script.codes.len();
        let mut plain: Vec<Frag> = Vec::new();
        let mut named: Vec<(u32, Frag)> = Vec::new();
        let mut unordered = false;
        while !self.is_op(")") {
            if self.is_op("**") {
                return Err(Parser::unknown(self.span(), "'**' in a call"));
            }
            let is_named = matches!(self.peek(), Token::Name(_)) && matches!(self.peek_at(1), Token::Op("="));
            let last = if is_named {
                let name = self.name()?;
                self.at += 1;
                let value = self.expression()?;
                named.push((name, value.clone()));
                value
            } else {
                let mut part = self.starred()?;
                if self.is_word("for") {
                    part = self.list_of(part, first_code, start, Op::List(0))?;
                }
                unordered |= !named.is_empty() && !matches!(part.shape, Shape::Starred);
                plain.push(part.clone());
                part
            };
            if self.is_op("=") {
                let words = "expression cannot contain assignment, perhaps you meant \"==\"?";
                let mut span = last.span;
                self.at += 1;
                span = span.to(self.span());
                return Err(Problem::new(
                    Span { end: self.before().end, end_line: self.before().end_line, ..span },
                    words,
                ));
            }
            if unordered && self.is_op(")") {
                return Err(Problem::new(self.span(), "positional argument follows keyword argument"));
            }
            if !self.take_op(",") {
                self.closing(")", Some(last))?;
                return Ok(self.called(function, plain, named));
            }
        }
        self.at += 1;
        Ok(self.called(function, plain, named))
    }

    fn called(&mut self, function: Frag, plain: Vec<Frag>, named: Vec<(u32, Frag)>) -> Frag {
        let span = function.span.to(self.before());
        let mut ops = function.ops;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let spread = plain.iter().any(|part| matches!(part.shape, Shape::Starred));
        let total = count(plain.len() + named.len());
        let (names, values): (Vec<u32>, Vec<Frag>) = named.into_iter().unzip();
        if spread {
            let sequence = self.sequence(plain, span, Op::List);
            ops.extend(sequence.ops);
        } else {
            plain.into_iter().for_each(|part| ops.extend(part.ops));
        }
        values.into_iter().for_each(|part| ops.extend(part.ops));
        let n = count(names.len());
        let keywords = if names.is_empty() {
            0
        } else {
            match self.constant(Const::Names(names)) {
                Op::Const(at) => at + 1,
                _ => 0,
            }
        };
        ops.push((if spread { Op::CallSpread(n, keywords) } else { Op::Call(total, keywords) }, span));
        Frag { ops, span, shape: Shape::Other("function call") }
    }

    /// String literals side by side are one.
    fn strings(&mut self) -> Parsed<Frag> {
        let start = self.span();
        let (mut ops, mut parts, mut text) = (Ops::new(), 0u32, String::new());
        let mut bytes: Option<Vec<u8>> = None;
        let mut formatted = false;
        loop {
            let span = self.span();
            match self.peek().clone() {
                Token::Str(piece) if bytes.is_none() => text.push_str(&piece),
                Token::Bytes(piece) if text.is_empty() && !formatted => {
                    bytes.get_or_insert_default().extend_from_slice(&piece);
                }
                Token::FStart if bytes.is_none() => {
                    formatted = true;
                    self.at += 1;
                    self.pieces(&mut ops, &mut parts, &mut text, span)?;
                    if !matches!(self.peek(), Token::FEnd) {
                        return Err(Problem::new(self.span(), "f-string: expecting '}'"));
                    }
                }
                Token::Str(_) | Token::Bytes(_) | Token::FStart => {
                    return Err(Problem::new(start.to(span), "cannot mix bytes and nonbytes literals"));
                }
                _ => break,
            }
            self.at += 1;
        }
        let span = start.to(self.before());
        let what = Shape::Other(if formatted { "f-string expression" } else { "literal" });
        if let Some(bytes) = bytes {
            let op = self.constant(Const::Bytes(bytes.into()));
            return Ok(Frag::new(op, span, what));
        }
        if !formatted {
            let op = self.constant(Const::Str(text.into()));
            return Ok(Frag::new(op, span, what));
        }
        self.flush(&mut ops, &mut parts, &mut text, span);
        ops.push((Op::Join(parts), span));
        Ok(Frag { ops, span, shape: what })
    }

    fn flush(&mut self, ops: &mut Ops, parts: &mut u32, text: &mut String, span: Span) {
        if !text.is_empty() {
            let op = self.constant(Const::Str(std::mem::take(text).into()));
            ops.push((op, span));
            *parts += 1;
        }
    }

    /// Text and fields of an f-string or of a format in it.
    fn pieces(&mut self, ops: &mut Ops, parts: &mut u32, text: &mut String, span: Span) -> Parsed<()> {
        loop {
            match self.peek().clone() {
                Token::FText(piece) => {
                    text.push_str(&piece);
                    self.at += 1;
                }
                Token::Op("{") => {
                    self.at += 1;
                    let mut shown = None;
                    if let Token::FSource(source) = self.peek().clone() {
                        text.push_str(&source);
                        self.at += 1;
                        shown = Some(b'r');
                    }
                    self.flush(ops, parts, text, span);
                    self.field(ops, shown, span)?;
                    *parts += 1;
                }
                _ => return Ok(()),
            }
        }
    }

    fn field(&mut self, ops: &mut Ops, shown: Option<u8>, span: Span) -> Parsed<()> {
        if let Token::Op("}" | ":") | Token::FConvert(_) = self.peek() {
            let stop = match self.peek() {
                Token::Op(op) => *op,
                _ => "!",
            };
            let words = format!("f-string: valid expression required before '{stop}'");
            return Err(Problem::new(self.span(), words));
        }
        let value = self.expressions()?;
        let at = value.span;
        ops.extend(value.ops);
        if shown.is_some() {
            self.take_op("=");
        }
        let mut convert = 0;
        if let Token::FConvert(kind) = self.peek().clone() {
            if !matches!(kind, b's' | b'r' | b'a') {
                let words = format!(
                    "f-string: invalid conversion character '{}': expected 's', 'r', or 'a'",
                    char::from(kind)
                );
                return Err(Problem::new(self.span(), words));
            }
            convert = kind;
            self.at += 1;
        }
        let has_format = self.take_op(":");
        if has_format {
            let (mut inner, mut text) = (0, String::new());
            self.deeper()?;
            self.pieces(ops, &mut inner, &mut text, span)?;
            self.depth -= 1;
            self.flush(ops, &mut inner, &mut text, span);
            ops.push((Op::Join(inner), span));
        }
        if convert == 0 && !has_format {
            convert = shown.unwrap_or(0);
        }
        if !self.take_op("}") {
            return Err(Problem::new(self.span(), "f-string: expecting '}'"));
        }
        ops.push((Op::Format(convert, has_format), at));
        Ok(())
    }
}

/// A comprehension in its brackets: what cannot be gone through is marked as a whole.
fn whole(mut frag: Frag, span: Span) -> Frag {
    for (op, at) in &mut frag.ops {
        if *op == Op::Iter && *at == frag.span {
            *at = span;
        }
    }
    Frag { span, ..frag }
}
