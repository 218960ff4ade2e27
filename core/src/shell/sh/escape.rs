//! Backslash escapes of `$'...'`, `echo -e` and `printf`.

/// The text that `$'...'` stands for.
pub fn ansi(raw: &str) -> String {
    expand(raw, false).0
}

/// Expands escapes; `\c` ends the output, which the flag tells. `zero`: octal numbers need a leading zero, as in `echo`.
pub fn expand(raw: &str, zero: bool) -> (String, bool) {
    let mut out = String::new();
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(c) = chars.next() else {
            out.push('\\');
            break;
        };
        let mut digits = |radix: u32, most: usize, first: Option<char>| {
            let mut value = first.and_then(|c| c.to_digit(radix));
            for _ in 0..most {
                let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
                chars.next();
                value = Some(value.unwrap_or(0).wrapping_mul(radix).wrapping_add(digit));
            }
            value.map(|value| char::from_u32(value).unwrap_or('\u{fffd}'))
        };
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'e' | 'E' => out.push('\u{1b}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'c' => return (out, true),
            '\\' => out.push('\\'),
            '\'' | '"' | '?' if !zero => out.push(c),
            'x' => match digits(16, 2, None) {
                Some(c) => out.push(c),
                None => out.push_str("\\x"),
            },
            'u' => out.extend(digits(16, 4, None)),
            'U' => out.extend(digits(16, 8, None)),
            '0' if zero => out.push(digits(8, 3, None).unwrap_or('\0')),
            '0'..='7' if !zero => out.extend(digits(8, 2, Some(c))),
            _ => out.extend(['\\', c]),
        }
    }
    (out, false)
}
