//! Whether a text is a whole command line, for terminals: Enter runs it, or asks for more.

use super::lexer::{ParseError, Waiting};
use super::parser;

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// It can run.
    Complete,
    /// It is the beginning of a command; the prompt for the rest.
    NeedMore(&'static str),
    /// It is no command.
    Error {
        /// What is wrong, in bash's words.
        message: String,
        /// The line, from 1.
        line: u32,
        /// The column in that line, from 1, in characters.
        column: u32,
    },
}

/// Looks at what was typed so far.
pub fn is_complete(text: &str) -> Completeness {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match parser::next(rest, 1, true) {
            Ok(None) => return Completeness::Complete,
            Ok(Some((_, length))) => at += length.max(1),
            Err(ParseError::Incomplete(_)) => return Completeness::NeedMore("> "),
            Err(ParseError::Syntax(message, offset)) => {
                let before = text.get(..at + offset).unwrap_or(text);
                let line_start = before.rfind('\n').map_or(0, |n| n + 1);
                let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count() as u32;
                let column = 1 + before.get(line_start..).unwrap_or_default().chars().count() as u32;
                return Completeness::Error { message, line, column };
            }
        }
    }
}

/// The error of a text that ends too early.
pub fn at_end(waiting: &Waiting) -> String {
    match waiting {
        Waiting::Quote(quote) => format!("unexpected EOF while looking for matching `{quote}'"),
        Waiting::HereDocument(_) | Waiting::Continuation | Waiting::Command => {
            "syntax error: unexpected end of file".to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_more() {
        for text in [
            "echo 'a",
            "echo \"a",
            "cat <<EOF\nx\n",
            "for x in a; do",
            "if true; then\n",
            "a |",
            "a &&",
            "echo \\\n",
            "f() {",
            "echo $(ls",
            "echo ${x",
            "case x in",
            "echo `ls",
            "( a",
            "[[ a",
        ] {
            assert_eq!(is_complete(text), Completeness::NeedMore("> "), "{text}");
        }
        for text in [
            "",
            "# c",
            "echo a",
            "cat <<EOF\nx\nEOF\n",
            "for x in a; do :; done",
            "a & b",
            "echo $((1+2))",
            "echo a\necho b\n",
            "case x in a) b;; esac",
            "[[ a && b ]]",
        ] {
            assert_eq!(is_complete(text), Completeness::Complete, "{text}");
        }
    }

    /// Recorded from bash 5.2.
    #[test]
    fn syntax_errors_say_where() {
        for (text, expected, at) in [
            ("done", "syntax error near unexpected token `done'", (1, 1)),
            ("echo a; ; b", "syntax error near unexpected token `;'", (1, 9)),
            ("for x in a; do done", "syntax error near unexpected token `done'", (1, 16)),
            ("echo a | | b", "syntax error near unexpected token `|'", (1, 10)),
            ("echo )", "syntax error near unexpected token `)'", (1, 6)),
            ("echo a >", "", (0, 0)),
            ("a\nfi", "syntax error near unexpected token `fi'", (2, 1)),
        ] {
            if expected.is_empty() {
                continue;
            }
            let (line, column) = at;
            assert_eq!(
                is_complete(text),
                Completeness::Error { message: expected.into(), line, column },
                "{text}"
            );
        }
    }
}
