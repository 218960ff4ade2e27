//! Numbers, strings and bytes as they are written in a program. Knows no tokens but theirs.

use super::lexer::Token;
use bytes::Bytes;

/// A number; or CPython's words, and where in it they point.
pub fn number(text: &str) -> Result<Token, (String, usize)> {
    let lower = text.to_ascii_lowercase();
    for (prefix, radix, kind) in [("0x", 16, "hexadecimal"), ("0o", 8, "octal"), ("0b", 2, "binary")] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            let plain = digits.replace('_', "");
            return i64::from_str_radix(&plain, radix)
                .map(Token::Int)
                .map_err(|_| (format!("invalid {kind} literal"), 1));
        }
    }
    let bad = lower.char_indices().find(|(n, c)| {
        let exponent = *c == 'e' && lower.get(n + 1..).is_some_and(|rest| !rest.is_empty());
        !(c.is_ascii_digit() || matches!(c, '.' | '_' | '+' | '-') || exponent)
    });
    if let Some((n, c)) = bad {
        let what = if c == 'j' { "imaginary" } else { "decimal" };
        return Err((format!("invalid {what} literal"), n.saturating_sub(1)));
    }
    let plain = lower.replace('_', "");
    if lower.ends_with('_') || lower.contains("__") {
        return Err(("invalid decimal literal".into(), lower.len() - 1));
    }
    if plain.contains(['.', 'e']) {
        return plain.parse().map(Token::Float).map_err(|_| ("invalid decimal literal".into(), 0));
    }
    if plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|byte| byte != b'0') {
        let words = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers";
        return Err((words.into(), 0));
    }
    plain.parse().map(Token::Int).map_err(|_| ("this python3 has whole numbers of 64 bits only".into(), 0))
}

/// What an escape stands for, and how many characters it takes after the backslash.
fn escape(rest: &[char]) -> Option<(u32, usize)> {
    let hex = |n: usize| {
        let digits: String = rest.get(1..=n)?.iter().collect();
        u32::from_str_radix(&digits, 16).ok().map(|value| (value, n + 1))
    };
    match rest.first()? {
        'n' => Some((10, 1)),
        'r' => Some((13, 1)),
        't' => Some((9, 1)),
        'a' => Some((7, 1)),
        'b' => Some((8, 1)),
        'f' => Some((12, 1)),
        'v' => Some((11, 1)),
        c @ ('\\' | '\'' | '"') => Some((u32::from(*c), 1)),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '0'..='7' => {
            let digits: String = rest.iter().take(3).take_while(|c| ('0'..='7').contains(*c)).collect();
            u32::from_str_radix(&digits, 8).ok().map(|value| (value, digits.len()))
        }
        _ => None,
    }
}

/// The text of a string literal.
pub fn text(body: &[char], raw: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = body.get(at) {
        at += 1;
        if *c != '\\' || raw {
            out.push(*c);
            continue;
        }
        let rest = body.get(at..).unwrap_or_default();
        match escape(rest) {
            _ if rest.first() == Some(&'\n') => at += 1,
            Some((value, taken)) => {
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
                at += taken;
            }
            None => match rest.first() {
                Some(c @ ('x' | 'u' | 'U')) => {
                    let (digits, shape) = match c {
                        'x' => (2, "\\xXX"),
                        'u' => (4, "\\uXXXX"),
                        _ => (8, "\\UXXXXXXXX"),
                    };
                    let have = rest.iter().skip(1).take(digits).take_while(|c| c.is_ascii_hexdigit()).count();
                    let from = at - 1;
                    return Err(format!(
                        "(unicode error) 'unicodeescape' codec can't decode bytes in position {from}-{}: truncated {shape} escape",
                        at + have
                    ));
                }
                _ => out.push('\\'),
            },
        }
    }
    Ok(out)
}

/// The bytes of a bytes literal.
pub fn bytes(body: &[char], raw: bool) -> Result<Bytes, String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = body.get(at) {
        at += 1;
        let byte = u8::try_from(*c).ok().filter(u8::is_ascii);
        let byte = byte.ok_or("bytes can only contain ASCII literal characters")?;
        let rest = body.get(at..).unwrap_or_default();
        let known = if byte == b'\\' && !raw { escape(rest) } else { None };
        let is_text = matches!(rest.first(), Some('u' | 'U'));
        match known.filter(|_| !is_text) {
            Some((value, taken)) => {
                out.push((value & 0xff) as u8);
                at += taken;
            }
            None if byte == b'\\' && !raw && rest.first() == Some(&'\n') => at += 1,
            None => out.push(byte),
        }
    }
    Ok(out.into())
}
