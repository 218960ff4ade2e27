//! Characters that look like YAML's and are not. Quoted strings, comments and blocks of text keep theirs.

/// Spaces of other widths become spaces, invisible characters go away. Within a value such a space may be meant:
/// it becomes a plain one only with `within`.
pub fn spaces(text: &str, within: bool) -> String {
    outside_of_text(text, |line| {
        let mut plain = String::with_capacity(line.len());
        for (at, c) in line.char_indices() {
            let leading = plain.trim_start().is_empty();
            match c {
                '\u{3000}' if leading => plain.push_str("  "),
                _ if is_wide(c) => {
                    let rest = line.get(at..).unwrap_or_default().trim_start_matches(is_wide);
                    let at_edge =
                        leading || rest.trim().is_empty() || plain.trim_end().ends_with([':', '-', ',']);
                    plain.push(if within || at_edge { ' ' } else { c });
                }
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
                _ => plain.push(c),
            }
        }
        plain
    })
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Tabs before a line's first character become two spaces each; lines of nothing but blanks become empty.
pub fn tabs(text: &str) -> String {
    map_lines(text, |line| {
        let rest = line.trim_start_matches([' ', '\t']);
        let blank = &line[..line.len() - rest.len()];
        if !blank.contains('\t') {
            return line.to_string();
        }
        if rest.is_empty() { String::new() } else { format!("{}{rest}", blank.replace('\t', "  ")) }
    })
}

/// Full-width punctuation, bent quotes and long dashes become plain where they stand for YAML's own signs.
pub fn typography(text: &str) -> String {
    let plain = outside_of_text(text, |line| {
        let (blank, rest) = line.split_at(line.len() - line.trim_start().len());
        let mut rest = dashes(rest);
        let speaks_chinese =
            rest.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{3040}'..='\u{30ff}'));
        if let Some(colon) = rest.find('：').filter(|colon| is_key(&rest[..*colon])) {
            let value = rest[colon + '：'.len_utf8()..].trim_start().to_string();
            rest.truncate(colon);
            rest.push_str(": ");
            rest.push_str(&value);
        }
        if speaks_chinese {
            format!("{blank}{}", wrapping_quotes(&rest))
        } else {
            format!("{blank}{}", plain(&rest))
        }
    });
    map_lines(&plain, |line| line.strip_suffix(": ").map_or(line.to_string(), |key| format!("{key}:")))
}

/// A long dash, or a full-width one, before an item.
fn dashes(rest: &str) -> String {
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some('–' | '—' | '－' | '‐' | '‑' | '−'), Some(' ')) => format!("- {}", chars.as_str()),
        _ => rest.to_string(),
    }
}

/// Whether a text can stand before a colon: a word, perhaps after dashes.
fn is_key(text: &str) -> bool {
    let word = text.trim_start_matches("- ").trim();
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '“' | '”' | '„' | '‟' | '″' => plain.push('"'),
            '‘' | '’' | '‚' | '‛' | '′' => plain.push('\''),
            '、' => plain.push(','),
            '。' => plain.push('.'),
            '【' => plain.push('['),
            '】' => plain.push(']'),
            '\u{ff01}'..='\u{ff5e}' => {
                plain.push(u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c));
                if matches!(c, '：' | '，') {
                    plain.push(' ');
                }
            }
            _ => plain.push(c),
        }
    }
    if plain == text { plain } else { plain.replace(":  ", ": ").replace(",  ", ", ") }
}

/// Bent quotes around a value, in a line whose other characters stay.
fn wrapping_quotes(text: &str) -> String {
    let value_at = text.find(": ").map_or(0, |colon| colon + 2);
    let (before, value) = text.split_at(value_at);
    let inner = |open: char, close: char| value.trim_end().strip_prefix(open)?.strip_suffix(close);
    let quoted =
        inner('“', '”').map(|v| format!("\"{v}\"")).or_else(|| inner('‘', '’').map(|v| format!("'{v}'")));
    format!("{before}{}", quoted.as_deref().unwrap_or(value))
}

fn map_lines(text: &str, mut change: impl FnMut(&str) -> String) -> String {
    let mut changed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        changed.push_str(&change(body));
        changed.push_str(&line[body.len()..]);
    }
    changed
}

/// Changes what is neither in quotes, nor a comment, nor a block of text. Quotes over several lines are left whole.
fn outside_of_text(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut block: Option<usize> = None;
    let mut quote: Option<char> = None;
    map_lines(text, |line| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(key) = block {
            if line.trim().is_empty() || indent > key {
                return line.to_string();
            }
            block = None;
        }
        let (changed, still_open) = outside_of_quotes(line, quote, &change);
        quote = still_open;
        let opens_block = changed.rsplit(": ").next().is_some_and(is_block_sign);
        if quote.is_none() && opens_block {
            block = Some(indent);
        }
        changed
    })
}

fn is_block_sign(value: &str) -> bool {
    value.starts_with(['|', '>']) && value.trim_end().len() <= 3
}

/// Changes a line outside quotes and comments; gives the quote that is open at its end.
fn outside_of_quotes(
    line: &str,
    open: Option<char>,
    change: &impl Fn(&str) -> String,
) -> (String, Option<char>) {
    let mut quote = open;
    let (mut start, mut before) = (0, ' ');
    let mut changed = String::new();
    for (at, c) in line.char_indices() {
        match quote {
            Some(closing) if c == closing && !(c == '"' && before == '\\') => {
                let end = at + c.len_utf8();
                changed.push_str(&line[start..end]);
                (quote, start) = (None, end);
            }
            Some(_) => {}
            None if (c == '"' || c == '\'') && opens_quote(&line[..at]) => {
                changed.push_str(&change(&line[start..at]));
                (quote, start) = (Some(c), at);
            }
            None if c == '#' && before.is_whitespace() => {
                changed.push_str(&change(&line[start..at]));
                changed.push_str(&line[at..]);
                return (changed, None);
            }
            None => {}
        }
        before = c;
    }
    let rest = &line[start..];
    changed.push_str(&if quote.is_some() { rest.to_string() } else { change(rest) });
    (changed, quote)
}

/// Whether a quote after this begins a quoted string, rather than being a sign within a word.
fn opens_quote(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\u{a0}', '\u{3000}']);
    before.is_empty() || before.ends_with([':', '：', '-', '[', '{', ',', '，'])
}
