//! POSIX regular expressions in terms of `regex-lite`: basic ones as grep and sed have them, and extended ones.
//!
//! Omits: back references within a pattern, equivalence classes, collating elements

use regex_lite::{Regex, RegexBuilder};

/// The most bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;

/// Compiles an extended expression. The error is in the words of glibc.
pub fn extended(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    compile(&translate(pattern, true)?, ignore_case)
}

/// Compiles a basic expression, with GNU's `\|`, `\+` and `\?`.
pub fn basic(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    compile(&translate(pattern, false)?, ignore_case)
}

/// Compiles a fixed text.
pub fn fixed(text: &str, ignore_case: bool) -> Result<Regex, String> {
    compile(&regex_lite::escape(text), ignore_case)
}

/// An expression that is already translated.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(SIZE_LIMIT)
        .nest_limit(40)
        .build();
    built.map_err(|_| "Invalid regular expression".to_string())
}

/// Rewrites a POSIX expression for `regex-lite`.
pub fn translate(pattern: &str, extended: bool) -> Result<String, String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut open = 0u32;
    // Whether a star here would have nothing to repeat, and so is a star.
    let mut at_start = true;
    while let Some(c) = chars.get(at).copied() {
        at += 1;
        let mut starts = false;
        let (special, c) = match c {
            '\\' => {
                let Some(next) = chars.get(at).copied() else { return Err("Trailing backslash".into()) };
                at += 1;
                match escape(next, extended) {
                    Escape::Is(special) => (special, next),
                    Escape::Class(class) => {
                        out.extend(class);
                        at_start = false;
                        continue;
                    }
                    Escape::BackReference => return Err("Invalid back reference".into()),
                }
            }
            '[' => {
                at = bracket(&chars, at, &mut out)?;
                at_start = false;
                continue;
            }
            c => (is_special(c, extended, at_start, ends_here(&chars, at)), c),
        };
        match (special, c) {
            (true, '(') => {
                open += 1;
                starts = true;
                out.push('(');
            }
            (true, ')') if open == 0 && extended => out.push_str("\\)"),
            (true, ')') if open == 0 => return Err("Unmatched ) or \\)".into()),
            (true, ')') => {
                open -= 1;
                out.push(')');
            }
            (true, '{') => match interval(&chars, at, extended) {
                Some((text, next)) => {
                    out.push_str(&text);
                    at = next;
                }
                None if extended => out.push_str("\\{"),
                None => return Err("Unmatched \\{".into()),
            },
            (true, '}') => out.push_str("\\}"),
            (true, '+' | '?') if at_start => out.extend(['\\', c]),
            (true, '|' | '^') => {
                starts = true;
                out.push(c);
            }
            (true, c) => out.push(c),
            (false, c) => {
                if c.is_ascii_punctuation() {
                    out.push('\\');
                }
                out.push(c);
            }
        }
        at_start = starts;
    }
    match open {
        0 => Ok(out),
        _ => Err("Unmatched ( or \\(".into()),
    }
}

/// What a character means after a backslash.
enum Escape {
    /// The character, which is special or stands for itself.
    Is(bool),
    /// A class or an anchor, as `regex-lite` writes it.
    Class([char; 2]),
    /// A back reference, which `regex-lite` has not.
    BackReference,
}

fn escape(next: char, extended: bool) -> Escape {
    match next {
        '(' | ')' | '{' | '}' | '|' | '+' | '?' => Escape::Is(!extended),
        'w' | 'W' | 's' | 'S' | 'b' | 'B' | '<' | '>' => Escape::Class(['\\', next]),
        '1'..='9' => Escape::BackReference,
        _ => Escape::Is(false),
    }
}

/// Whether a character is special where it stands, without a backslash.
fn is_special(c: char, extended: bool, at_start: bool, at_end: bool) -> bool {
    match c {
        '(' | ')' | '{' | '}' | '|' | '+' | '?' => extended,
        '.' => true,
        '*' => !at_start,
        '^' => extended || at_start,
        '$' => extended || at_end,
        _ => false,
    }
}

/// Whether a basic expression, or a group of it, ends here.
fn ends_here(chars: &[char], at: usize) -> bool {
    matches!(chars.get(at..), Some([] | ['\\', ')' | '|', ..]))
}

/// `3}`, `2,}` or `2,5}`, and where it ends.
fn interval(chars: &[char], at: usize, extended: bool) -> Option<(String, usize)> {
    let rest = chars.get(at..)?;
    let length = rest.iter().position(|c| !c.is_ascii_digit() && *c != ',')?;
    let inner: String = rest.get(..length)?.iter().collect();
    let closed = match rest.get(length..)? {
        ['}', ..] if extended => 1,
        ['\\', '}', ..] if !extended => 2,
        _ => return None,
    };
    let inner = if inner.starts_with(',') { format!("0{inner}") } else { inner };
    let counted = inner.starts_with(|c: char| c.is_ascii_digit()) && inner.matches(',').count() < 2;
    counted.then(|| (format!("{{{inner}}}"), at + length + closed))
}

/// A bracket expression after its `[`, where a backslash stands for itself.
fn bracket(chars: &[char], start: usize, out: &mut String) -> Result<usize, String> {
    let mut at = start;
    out.push('[');
    if chars.get(at) == Some(&'^') {
        out.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let Some(c) = chars.get(at).copied() else { return Err("Unmatched [, [^, [:, [., or [=".into()) };
        match c {
            ']' if at > first => {
                out.push(']');
                return Ok(at + 1);
            }
            '[' if chars.get(at + 1) == Some(&':') => {
                let rest: String = chars.get(at..).unwrap_or_default().iter().take(12).collect();
                let Some(end) = rest.find(":]") else { return Err("Invalid character class name".into()) };
                out.push_str(rest.get(..end + 2).unwrap_or_default());
                at += end + 2;
            }
            '-' if at > first && chars.get(at + 1).is_some_and(|next| *next != ']') => {
                out.push('-');
                at += 1;
            }
            c => {
                if c.is_ascii_punctuation() {
                    out.push('\\');
                }
                out.push(c);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended_differ_as_in_posix() {
        for (pattern, extended_too, text, expected) in [
            ("a+", false, "a+", true),
            ("a+", true, "aa", true),
            ("a\\+b", false, "aab", true),
            ("^\\(a\\|b\\)$", false, "b", true),
            ("^(a|b)$", true, "b", true),
            ("(a)", false, "(a)", true),
            ("x\\{2,3\\}", false, "xx", true),
            ("x{2}", true, "x", false),
            ("[^]x]", true, "]x", false),
            ("[a\\]", true, "\\", true),
            ("[[:digit:]]+", true, "a7", true),
            ("*a", false, "*a", true),
            ("a$b", false, "a$b", true),
            ("\\<no", true, "a node", true),
            ("\\<ode", true, "a node", false),
            ("a.c", true, "abc", true),
        ] {
            let regex = if extended_too { extended(pattern, false) } else { basic(pattern, false) };
            assert_eq!(regex.map(|regex| regex.is_match(text)), Ok(expected), "{pattern}");
        }
    }
}
