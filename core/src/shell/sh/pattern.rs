//! Shell patterns: `*`, `?`, `[...]`, matched against names and values. Knows no files.

/// A pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    elements: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Char(char),
    Any,
    Star,
    Class(bool, Vec<(char, char)>),
}

impl Pattern {
    /// A pattern of pieces; quoted ones have no wildcards.
    pub fn new<'a>(pieces: impl IntoIterator<Item = (&'a str, bool)>) -> Pattern {
        let chars: Vec<(char, bool)> =
            pieces.into_iter().flat_map(|(text, quoted)| text.chars().map(move |c| (c, quoted))).collect();
        let mut elements = Vec::new();
        let mut at = 0;
        while let Some((c, quoted)) = chars.get(at) {
            at += 1;
            let element = match c {
                '*' if !quoted => Element::Star,
                '?' if !quoted => Element::Any,
                '[' if !quoted => match class(chars.get(at..).unwrap_or_default()) {
                    Some((element, length)) => {
                        at += length;
                        element
                    }
                    None => Element::Char('['),
                },
                c => Element::Char(*c),
            };
            if element != Element::Star || elements.last() != Some(&Element::Star) {
                elements.push(element);
            }
        }
        Pattern { elements }
    }

    /// A pattern of unquoted text.
    pub fn plain(text: &str) -> Pattern {
        Pattern::new([(text, false)])
    }

    /// Whether it has any wildcard.
    pub fn is_wild(&self) -> bool {
        self.elements.iter().any(|element| !matches!(element, Element::Char(_)))
    }

    /// The pattern cut at its slashes.
    pub fn components(&self) -> Vec<Pattern> {
        let cut = self.elements.split(|element| *element == Element::Char('/'));
        cut.map(|elements| Pattern { elements: elements.to_vec() }).collect()
    }

    /// Whether it begins with a dot, so that it may match hidden names.
    pub fn begins_with_dot(&self) -> bool {
        self.elements.first() == Some(&Element::Char('.'))
    }

    /// Its text, when it has no wildcard.
    pub fn text(&self) -> String {
        self.elements
            .iter()
            .filter_map(|element| if let Element::Char(c) = element { Some(*c) } else { None })
            .collect()
    }

    /// Whether it matches all of a text.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        self.matches_chars(&text)
    }

    /// The length in bytes of the shortest or longest start of a text that matches.
    pub fn start(&self, text: &str, longest: bool) -> Option<usize> {
        let chars: Vec<char> = text.chars().collect();
        let found = |n: &usize| self.matches_chars(chars.get(..*n).unwrap_or_default());
        let count = if longest { (0..=chars.len()).rev().find(found) } else { (0..=chars.len()).find(found) };
        Some(chars.get(..count?)?.iter().map(|c| c.len_utf8()).sum())
    }

    /// The byte at which the shortest or longest end of a text that matches begins.
    pub fn end(&self, text: &str, longest: bool) -> Option<usize> {
        let chars: Vec<char> = text.chars().collect();
        let found = |n: &usize| self.matches_chars(chars.get(*n..).unwrap_or_default());
        let from = if longest { (0..=chars.len()).find(found) } else { (0..=chars.len()).rev().find(found) };
        Some(chars.get(..from?)?.iter().map(|c| c.len_utf8()).sum())
    }

    /// Remembers the last star, and on a mismatch lets it take one character more.
    fn matches_chars(&self, text: &[char]) -> bool {
        let (mut at, mut in_text) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = text.get(in_text) {
            match self.elements.get(at) {
                Some(Element::Star) => {
                    star = Some((at, in_text));
                    at += 1;
                }
                Some(element) if element.matches(*c) => {
                    at += 1;
                    in_text += 1;
                }
                _ => {
                    let Some((star_at, from)) = star else { return false };
                    star = Some((star_at, from + 1));
                    at = star_at + 1;
                    in_text = from + 1;
                }
            }
        }
        self.elements.get(at..).unwrap_or_default().iter().all(|element| *element == Element::Star)
    }
}

impl Element {
    fn matches(&self, c: char) -> bool {
        match self {
            Element::Char(own) => *own == c,
            Element::Any | Element::Star => true,
            Element::Class(negated, ranges) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated
            }
        }
    }
}

/// A bracket expression after its `[`, and how many characters it takes.
fn class(chars: &[(char, bool)]) -> Option<(Element, usize)> {
    let negated = matches!(chars.first(), Some(('!' | '^', false)));
    let mut at = usize::from(negated);
    let mut ranges = Vec::new();
    let first = at;
    loop {
        let (c, quoted) = *chars.get(at)?;
        if c == ']' && !quoted && at > first {
            return Some((Element::Class(negated, ranges), at + 1));
        }
        if c == '/' {
            return None;
        }
        if let Some((named, length)) = named_class(chars.get(at..)?) {
            ranges.extend(named);
            at += length;
            continue;
        }
        let range_end = match (chars.get(at + 1), chars.get(at + 2)) {
            (Some(('-', false)), Some((end, _))) if *end != ']' => Some(*end),
            _ => None,
        };
        match range_end {
            Some(end) => {
                ranges.push((c, end));
                at += 3;
            }
            None => {
                ranges.push((c, c));
                at += 1;
            }
        }
    }
}

/// `[:digit:]` and its kin.
fn named_class(chars: &[(char, bool)]) -> Option<(&'static [(char, char)], usize)> {
    const CLASSES: &[(&str, &[(char, char)])] = &[
        ("[:alpha:]", &[('a', 'z'), ('A', 'Z')]),
        ("[:digit:]", &[('0', '9')]),
        ("[:alnum:]", &[('a', 'z'), ('A', 'Z'), ('0', '9')]),
        ("[:lower:]", &[('a', 'z')]),
        ("[:upper:]", &[('A', 'Z')]),
        ("[:space:]", &[(' ', ' '), ('\t', '\r')]),
        ("[:blank:]", &[(' ', ' '), ('\t', '\t')]),
        ("[:punct:]", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        ("[:xdigit:]", &[('0', '9'), ('a', 'f'), ('A', 'F')]),
    ];
    CLASSES.iter().find_map(|(name, ranges)| {
        let same = name.chars().zip(chars).all(|(c, (own, _))| c == *own) && chars.len() >= name.len();
        same.then_some((*ranges, name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_posix_says() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("?", "é", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[[:digit:]]*", "7up", true),
            ("[", "[", true),
            ("*a*b*c", "xxaxxbxxc", true),
        ] {
            assert_eq!(Pattern::plain(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_stay_fast() {
        let pattern = Pattern::plain(&"*a".repeat(200));
        assert!(!pattern.matches(&"a".repeat(150)));
    }
}
