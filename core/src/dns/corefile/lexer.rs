//! Tokens of a Corefile, with their lines. Knows no grammar.

use crate::base::Text;

/// A word, a brace or a quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The file in which it stands, as messages name it.
    pub file: Text,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text, without quotes.
    pub text: Text,
}

/// Splits a text into tokens. Quotes count at a token's start only; a `#` outside quotes begins a comment anywhere.
pub fn tokens(file: &Text, text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.trim_start_matches('\u{feff}').chars().filter(|c| *c != '\r').peekable();
    let mut line = 1;
    let mut word = String::new();
    let mut begun = 1;
    while let Some(c) = chars.next() {
        match c {
            '"' if word.is_empty() => {
                let start = line;
                let mut quoted = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' if chars.peek() == Some(&'"') => quoted.extend(chars.next()),
                        other => {
                            line += usize::from(other == '\n');
                            quoted.push(other);
                        }
                    }
                }
                tokens.push(Token { file: file.clone(), line: start, text: quoted.into() });
            }
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    tokens.push(Token {
                        file: file.clone(),
                        line: begun,
                        text: std::mem::take(&mut word).into(),
                    });
                }
                line += usize::from(c == '\n');
            }
            c => {
                if word.is_empty() {
                    begun = line;
                }
                word.push(c);
            }
        }
    }
    if !word.is_empty() {
        tokens.push(Token { file: file.clone(), line: begun, text: word.into() });
    }
    tokens
}
