//! What Go says of a text that is not JSON. Knows texts only; trees come from serde_json. Models: encoding/json
//! `scanner.go`.

/// Where a text stops being JSON, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonProblem {
    /// The offset of the offending character; the text's length when it ends too early.
    pub offset: usize,
    /// `invalid character 'o' in literal null (expecting 'u')`, or `unexpected end of JSON input`.
    pub words: String,
}

/// The problem of a text that should be one JSON value.
pub fn problem(text: &str) -> Option<JsonProblem> {
    let end = match value_end(text, 0) {
        Ok(end) => end,
        Err(problem) => return Some(problem),
    };
    let rest = text.get(end..).unwrap_or_default();
    let at = end + rest.find(|c: char| !is_space(c))?;
    Some(unexpected(text, at, "after top-level value"))
}

/// Where the first JSON value from an offset on ends.
pub fn value_end(text: &str, from: usize) -> Result<usize, JsonProblem> {
    let mut scan = Scan { text, at: from, open: Vec::new() };
    scan.value("looking for beginning of value")?;
    while let Some(open) = scan.open.last().copied() {
        scan.after_member(open)?;
    }
    Ok(scan.at)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The problem of the character at an offset.
fn unexpected(text: &str, offset: usize, context: &str) -> JsonProblem {
    let words = match text.get(offset..).and_then(|rest| rest.chars().next()) {
        None => "unexpected end of JSON input".to_string(),
        Some('\'') => format!("invalid character '\\'' {context}"),
        Some('"') => format!("invalid character '\"' {context}"),
        Some(c) if c.is_ascii() => format!("invalid character '{}' {context}", c.escape_default()),
        // Go looks at bytes, and takes one for the character of its number.
        Some(_) => {
            let byte = text.as_bytes().get(offset).copied().unwrap_or_default();
            format!("invalid character '{}' {context}", char::from(byte))
        }
    };
    JsonProblem { offset, words }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// `{` or `[` of what is open. No recursion: texts nest as deep as they like.
    open: Vec<u8>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|b| is_space(char::from(b))) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, context: &str) -> Result<T, JsonProblem> {
        Err(unexpected(self.text, self.at, context))
    }

    /// A scalar, or the beginning of an object or an array up to its first member's own beginning.
    fn value(&mut self, context: &str) -> Result<(), JsonProblem> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(b'}') {
                    self.at += 1;
                    return Ok(());
                }
                self.open.push(b'{');
                self.key()
            }
            Some(b'[') => {
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(b']') {
                    self.at += 1;
                    return Ok(());
                }
                self.open.push(b'[');
                self.begin()
            }
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.fail(context),
        }
    }

    /// The first value in an array, or the value of a key: nested beginnings are followed without recursion.
    fn begin(&mut self) -> Result<(), JsonProblem> {
        loop {
            self.skip_space();
            let empty = |closing: u8| {
                let rest = self.text.get(self.at + 1..).unwrap_or_default().trim_start_matches(is_space);
                rest.as_bytes().first() == Some(&closing)
            };
            match self.peek() {
                Some(b'[') if !empty(b']') => {
                    self.at += 1;
                    self.open.push(b'[');
                }
                Some(b'{') if !empty(b'}') => {
                    self.at += 1;
                    self.open.push(b'{');
                    self.name()?;
                }
                _ => return self.value("looking for beginning of value"),
            }
        }
    }

    /// A key, its colon, and the beginning of its value.
    fn key(&mut self) -> Result<(), JsonProblem> {
        self.name()?;
        self.begin()
    }

    fn name(&mut self) -> Result<(), JsonProblem> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return self.fail("looking for beginning of object key string");
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return self.fail("after object key");
        }
        self.at += 1;
        Ok(())
    }

    /// What follows a member: the next, or the end.
    fn after_member(&mut self, open: u8) -> Result<(), JsonProblem> {
        self.skip_space();
        match (open, self.peek()) {
            (b'{', Some(b',')) => {
                self.at += 1;
                self.key()
            }
            (b'[', Some(b',')) => {
                self.at += 1;
                self.begin()
            }
            (b'{', Some(b'}')) | (b'[', Some(b']')) => {
                self.at += 1;
                self.open.pop();
                Ok(())
            }
            (b'{', _) => self.fail("after object key:value pair"),
            _ => self.fail("after array element"),
        }
    }

    fn string(&mut self) -> Result<(), JsonProblem> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                None | Some(0..=0x1f) => return self.fail("in string literal"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonProblem> {
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return self.fail("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.fail("in string escape code"),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonProblem> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, context: &str) -> Result<(), JsonProblem> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.fail(context);
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), JsonProblem> {
        for expected in word.chars() {
            if self.peek().map(char::from) != Some(expected) {
                return self.fail(&format!("in literal {word} (expecting '{expected}')"));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from kube-apiserver v1.35.6 and kubectl v1.35.2.
    #[test]
    fn problems_are_worded_as_go_words_them() {
        let said = |text: &str| problem(text).map(|p| (p.offset, p.words));
        let case = |offset: usize, words: &str| Some((offset, words.to_string()));
        assert_eq!(said("not json"), case(1, "invalid character 'o' in literal null (expecting 'u')"));
        assert_eq!(
            said("{{{{Y"),
            case(1, "invalid character '{' looking for beginning of object key string")
        );
        assert_eq!(
            said("{\"a\": 1,}"),
            case(8, "invalid character '}' looking for beginning of object key string")
        );
        assert_eq!(said("{\"a\": x}"), case(6, "invalid character 'x' looking for beginning of value"));
        assert_eq!(said("{\"a\": 1"), case(7, "unexpected end of JSON input"));
    }

    #[test]
    fn json_has_no_problem() {
        for text in ["{}", " [1, -2.5e3, {\"a\": [[], {}]}, \"\\u00e9\\n\", true, null] ", "0"] {
            assert_eq!(problem(text), None, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(problem(&deep).map(|p| p.offset), Some(100_000));
    }
}
