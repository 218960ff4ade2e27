//! `test`, `[` and `[[`: what holds of texts, numbers and files.

use super::arith;
use super::ast::{Test, Word};
use super::expand::{Expander, Stop};
use super::state::State;
use crate::process::Files;
use crate::shell::{paths, regex};

/// How deep `!` and parentheses may nest in `[`.
const MAX_DEPTH: u32 = 40;

/// Whether a `[[ ]]` holds.
pub fn condition(test: &Test, expander: &mut Expander<'_, '_, '_, '_>) -> Result<bool, Stop> {
    Ok(match test {
        Test::Word(word) => !expander.text(word)?.is_empty(),
        Test::Unary(op, word) => {
            let value = expander.text(word)?;
            let set = expander.state.get(&value).is_some();
            unary(op, &value, set, expander.cx.files, expander.state.cwd()).map_err(Stop::Error)?
        }
        Test::Binary(left, op, right) => binary(left, op, right, expander)?,
        Test::Not(inner) => !condition(inner, expander)?,
        Test::And(tests) => {
            for test in tests {
                if !condition(test, expander)? {
                    return Ok(false);
                }
            }
            true
        }
        Test::Or(tests) => {
            for test in tests {
                if condition(test, expander)? {
                    return Ok(true);
                }
            }
            false
        }
    })
}

fn binary(
    left: &Word,
    op: &str,
    right: &Word,
    expander: &mut Expander<'_, '_, '_, '_>,
) -> Result<bool, Stop> {
    let value = expander.text(left)?;
    Ok(match op {
        "=" | "==" => expander.pattern(right)?.matches(&value),
        "!=" => !expander.pattern(right)?.matches(&value),
        "=~" => {
            let pattern = expander.regex(right)?;
            let regex = regex::extended(&pattern, false)
                .map_err(|_| Stop::Error(format!("[[: invalid regular expression `{pattern}'")))?;
            regex.is_match(&value)
        }
        "<" => value < expander.text(right)?,
        ">" => value > expander.text(right)?,
        _ => {
            let right = expander.text(right)?;
            let mut number = |text: &str| {
                arith::evaluate(text, expander.state).map_err(|e| Stop::Error(format!("[[: {e}")))
            };
            let (left, right) = (number(&value)?, number(&right)?);
            compare(op, left, right).unwrap_or(false)
        }
    })
}

fn compare(op: &str, left: i64, right: i64) -> Option<bool> {
    Some(match op {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        "-ge" => left >= right,
        _ => return None,
    })
}

fn unary(op: &str, value: &str, set: bool, files: &Files, cwd: &str) -> Result<bool, String> {
    let path = paths::absolute(cwd, value);
    let exists = files.get(&path).is_some();
    Ok(match op {
        "-n" => !value.is_empty(),
        "-z" => value.is_empty(),
        "-f" => exists,
        "-e" | "-r" | "-w" => (exists || paths::is_directory(files, &path)) && !value.is_empty(),
        "-x" => paths::is_directory(files, &path) || crate::shell::commands::find(&path).is_some(),
        "-d" => paths::is_directory(files, &path) && !value.is_empty(),
        "-s" => files.get(&path).is_some_and(|content| !content.is_empty()),
        "-v" => set,
        "-t" | "-h" | "-L" | "-p" | "-S" | "-b" | "-c" => false,
        _ => return Err(format!("{op}: unary operator expected")),
    })
}

/// What `[` and `test` need besides their words.
pub struct Surroundings<'a> {
    /// The files.
    pub files: &'a Files,
    /// The working directory.
    pub cwd: &'a str,
    /// The variables, in a shell.
    pub state: Option<&'a State>,
}

/// Whether the words of `[` hold. The error is bash's, without the name.
pub fn words(words: &[&str], around: &Surroundings<'_>) -> Result<bool, String> {
    let mut reader = Reader { words, at: 0, around, depth: 0 };
    if words.is_empty() {
        return Ok(false);
    }
    // With three words the middle one is the operator, whatever the others look like.
    if let [left, op, right] = words
        && is_binary(op)
    {
        return reader.compare(left, op, right);
    }
    let held = reader.or()?;
    match words.len() - reader.at {
        0 => Ok(held),
        _ if words.len() == 3 => Err(format!("{}: binary operator expected", words[1])),
        _ => Err("too many arguments".into()),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    around: &'a Surroundings<'a>,
    depth: u32,
}

impl Reader<'_> {
    fn eat(&mut self, what: &str) -> bool {
        let found = self.words.get(self.at) == Some(&what);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut held = self.and()?;
        while self.eat("-o") {
            held |= self.and()?;
        }
        Ok(held)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut held = self.term()?;
        while self.eat("-a") {
            held &= self.term()?;
        }
        Ok(held)
    }

    fn term(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many arguments".into());
        }
        let left = self.words.len() - self.at;
        if left > 1 && self.eat("!") {
            let held = !self.term()?;
            self.depth -= 1;
            return Ok(held);
        }
        if left > 2 && self.eat("(") {
            let held = self.or()?;
            if !self.eat(")") {
                return Err("`)' expected".into());
            }
            self.depth -= 1;
            return Ok(held);
        }
        self.depth -= 1;
        self.primary()
    }

    fn primary(&mut self) -> Result<bool, String> {
        let rest = self.words.get(self.at..).unwrap_or_default();
        match rest {
            [left, op, right, ..] if is_binary(op) => {
                self.at += 3;
                self.compare(left, op, right)
            }
            [op, value, ..] if op.len() == 2 && op.starts_with('-') => {
                self.at += 2;
                let set = self.around.state.is_some_and(|state| state.get(value).is_some());
                unary(op, value, set, self.around.files, self.around.cwd)
            }
            [value] | [value, ..] => {
                self.at += 1;
                if rest.len() == 2 && self.words.len() == 2 {
                    return Err(format!("{value}: unary operator expected"));
                }
                Ok(!value.is_empty())
            }
            [] => Err("argument expected".into()),
        }
    }

    fn compare(&self, left: &str, op: &str, right: &str) -> Result<bool, String> {
        let number = |text: &str| {
            let number = text.trim().parse::<i64>();
            number.map_err(|_| format!("{text}: integer expression expected"))
        };
        match op {
            "=" | "==" => Ok(left == right),
            "!=" => Ok(left != right),
            "<" => Ok(left < right),
            ">" => Ok(left > right),
            _ => {
                let (left, right) = (number(left)?, number(right)?);
                Ok(compare(op, left, right).unwrap_or(false))
            }
        }
    }
}

fn is_binary(op: &str) -> bool {
    matches!(op, "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge")
}
