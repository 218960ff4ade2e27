//! Reads the text of a label selector. Models: apimachinery `pkg/labels/selector.go`, Lexer and Parser.

use super::Requirement;
use crate::api::names;

/// A word or sign of a selector.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    kind: Kind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    End,
    Word,
    Sign,
}

impl Token {
    fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    fn is_end(&self) -> bool {
        self.kind == Kind::End
    }
}

/// All requirements of a text.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), at: 0 };
    let mut all = Vec::new();
    loop {
        let next = parser.peek().clone();
        if next.is_end() {
            return Ok(all);
        }
        if next.kind != Kind::Word && !next.is("!") {
            return Err(format!("found '{}', expected: !, identifier, or 'end of string'", next.text));
        }
        let requirement = parser.requirement();
        all.push(requirement.map_err(|text| format!("unable to parse requirement: {text}"))?);
        let after = parser.take();
        if after.is_end() {
            return Ok(all);
        }
        if !after.is(",") {
            return Err(format!("found '{}', expected: ',' or 'end of string'", after.text));
        }
        let next = parser.peek();
        if next.kind != Kind::Word && !next.is("!") {
            return Err(format!("found '{}', expected: identifier after ','", next.text));
        }
    }
}

/// Words, and signs as long as they can be.
fn tokens(text: &str) -> Vec<Token> {
    const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        let (kind, length) = match sign {
            Some(sign) => (Kind::Sign, sign.len()),
            None => {
                let ends = |c: char| c.is_whitespace() || "=!(),><".contains(c);
                (Kind::Word, rest.find(ends).unwrap_or(rest.len()))
            }
        };
        let (token, after) = rest.split_at(length);
        found.push(Token { kind, text: token.to_string() });
        rest = after.trim_start();
    }
    found.push(Token { kind: Kind::End, text: String::new() });
    found
}

struct Parser {
    /// Never empty: the last is the end.
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_negated = self.peek().is("!");
        if is_negated {
            self.take();
        }
        let key = self.take();
        if key.kind != Kind::Word {
            return Err(format!("found '{}', expected: identifier", key.text));
        }
        let key = key.text;
        if let Some(wrong) = names::qualified_name(&key).first() {
            return Err(format!("<nil>: Invalid value: \"{key}\": {wrong}"));
        }
        if is_negated {
            return Ok(Requirement::DoesNotExist(key));
        }
        if self.peek().is_end() || self.peek().is(",") {
            return Ok(Requirement::Exists(key));
        }
        let operator = self.take();
        match operator.text.as_str() {
            "=" | "==" => Ok(Requirement::In(key.clone(), vec![self.value(&key)?])),
            "!=" => Ok(Requirement::NotIn(key.clone(), vec![self.value(&key)?])),
            "in" => Ok(Requirement::In(key.clone(), self.values(&key)?)),
            "notin" => Ok(Requirement::NotIn(key.clone(), self.values(&key)?)),
            ">" => Ok(Requirement::Greater(key.clone(), self.number()?)),
            "<" => Ok(Requirement::Less(key.clone(), self.number()?)),
            other => Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    /// The value behind a sign; it may be empty.
    fn value(&mut self, key: &str) -> Result<String, String> {
        if self.peek().is_end() || self.peek().is(",") {
            return Ok(String::new());
        }
        let value = self.take();
        if value.kind != Kind::Word {
            return Err(format!("found '{}', expected: identifier", value.text));
        }
        checked(key, value.text)
    }

    fn number(&mut self) -> Result<i64, String> {
        let value = self.take();
        let words = "for 'Gt', 'Lt' operators, the value must be an integer";
        value.text.parse().map_err(|_| format!("values[0]: Invalid value: {:?}: {words}", value.text))
    }

    /// A list in parentheses.
    fn values(&mut self, key: &str) -> Result<Vec<String>, String> {
        let open = self.take();
        if !open.is("(") {
            return Err(format!("found '{}' expected: '('", open.text));
        }
        if self.peek().is(")") {
            self.take();
            return Ok(vec![String::new()]);
        }
        let mut values = Vec::new();
        loop {
            let token = self.take();
            if token.is(",") || token.is(")") {
                values.push(String::new());
                if token.is(")") {
                    return Ok(values);
                }
                continue;
            }
            if token.kind != Kind::Word {
                return Err(format!("found '{}', expected: ',', ')' or identifier", token.text));
            }
            values.push(checked(key, token.text)?);
            let after = self.take();
            if after.is(")") {
                return Ok(values);
            }
            if !after.is(",") {
                return Err(format!("found '{}', expected: ',' or ')'", after.text));
            }
        }
    }
}

fn checked(key: &str, value: String) -> Result<String, String> {
    match names::label_value(&value).first() {
        Some(wrong) => Err(format!("values[0][{key}]: Invalid value: {value:?}: {wrong}")),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from kube-apiserver v1.35.6.
    #[test]
    fn refusals_are_in_upstreams_words() {
        for (text, expected) in [
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a===", "unable to parse requirement: found '=', expected: identifier"),
        ] {
            assert_eq!(requirements(text), Err(expected.to_string()));
        }
        assert_eq!(requirements("a=="), Ok(vec![Requirement::In("a".into(), vec![String::new()])]));
    }

    // By the grammar in upstream's documentation of labels.
    #[test]
    fn terms_are_read() {
        let in_list = |key: &str, values: &[&str]| {
            Requirement::In(key.into(), values.iter().map(ToString::to_string).collect())
        };
        assert_eq!(
            requirements("a=b, c in (d,e),!f,g notin (h),i,j!=k,in=x"),
            Ok(vec![
                in_list("a", &["b"]),
                in_list("c", &["d", "e"]),
                Requirement::DoesNotExist("f".into()),
                Requirement::NotIn("g".into(), vec!["h".into()]),
                Requirement::Exists("i".into()),
                Requirement::NotIn("j".into(), vec!["k".into()]),
                in_list("in", &["x"]),
            ])
        );
    }
}
