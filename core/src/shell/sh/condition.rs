//! `[[ ... ]]` as grammar: what stands between the brackets, as a tree. Knows no values; `test` decides.

use super::ast::Test;
use super::lexer::{Parsed, Token};
use super::parser::Parser;

/// Reads up to and with `]]`.
pub(super) fn parse(parser: &mut Parser<'_, '_>) -> Parsed<Test> {
    let test = or(parser)?;
    match parser.is_reserved("]]")? {
        true => {
            parser.advance()?;
            Ok(test)
        }
        false => Err(parser.unexpected()?),
    }
}

fn or(parser: &mut Parser<'_, '_>) -> Parsed<Test> {
    let mut tests = vec![and(parser)?];
    while parser.eat_op("||")? {
        tests.push(and(parser)?);
    }
    Ok(Test::Or(tests))
}

fn and(parser: &mut Parser<'_, '_>) -> Parsed<Test> {
    let mut tests = vec![term(parser)?];
    while parser.eat_op("&&")? {
        tests.push(term(parser)?);
    }
    Ok(Test::And(tests))
}

fn term(parser: &mut Parser<'_, '_>) -> Parsed<Test> {
    parser.newlines()?;
    parser.lexer.enter()?;
    let test = if parser.eat_op("(")? {
        let inner = or(parser)?;
        parser.expect_op(")")?;
        inner
    } else if parser.is_reserved("!")? {
        parser.advance()?;
        Test::Not(Box::new(term(parser)?))
    } else {
        primary(parser)?
    };
    parser.lexer.leave();
    parser.newlines()?;
    Ok(test)
}

fn primary(parser: &mut Parser<'_, '_>) -> Parsed<Test> {
    if parser.is_reserved("]]")? {
        return Err(parser.unexpected()?);
    }
    let raw = match parser.peek()?.0 {
        Token::Word(_, raw) => raw.clone(),
        _ => return Err(parser.unexpected()?),
    };
    let left = parser.expect_word()?;
    let unary = raw.len() == 2 && raw.starts_with('-');
    if unary && matches!(parser.peek()?.0, Token::Word(_, next) if &**next != "]]") {
        return Ok(Test::Unary(raw, parser.expect_word()?));
    }
    let operator = match parser.peek()?.0 {
        Token::Word(_, op) if is_binary(op) => op.clone(),
        Token::Op(op @ ("<" | ">")) => (*op).into(),
        _ => return Ok(Test::Word(left)),
    };
    parser.advance()?;
    let right = if &*operator == "=~" { parser.lexer.regex()? } else { parser.expect_word()? };
    Ok(Test::Binary(left, operator, right))
}

fn is_binary(op: &str) -> bool {
    matches!(
        op,
        "=" | "==" | "!=" | "=~" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}
