//! Brace expansion: `{a,b}`, `{1..5}`, `{01..10..3}`, `{a..e}`. Works on words before anything else is expanded.

use super::ast::{Part, Word};

/// The most words that one word may become.
const MAX_WORDS: usize = 100_000;
/// The longest word whose braces are looked at: each open one is looked through to its end.
const MAX_LENGTH: usize = 4_096;
/// How deep braces may nest.
const MAX_DEPTH: u32 = 12;

/// The words that a word stands for; itself when it has no braces that count.
pub fn expand(word: &Word) -> Vec<Word> {
    let has_brace = |part: &Part| matches!(part, Part::Plain(text) if text.contains('{'));
    if !word.parts.iter().any(has_brace) {
        return vec![word.clone()];
    }
    let mut budget = MAX_WORDS;
    let expanded = atoms(&word.parts);
    if expanded.len() > MAX_LENGTH {
        return vec![word.clone()];
    }
    match expand_atoms(&expanded, 0, &mut budget) {
        Some(words) => words.into_iter().map(|atoms| Word { parts: parts(atoms) }).collect(),
        None => vec![word.clone()],
    }
}

/// A typed character, or a part that braces do not look into.
#[derive(Debug, Clone)]
enum Atom {
    Char(char),
    Part(Part),
}

fn atoms(parts: &[Part]) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for part in parts {
        match part {
            Part::Plain(text) => atoms.extend(text.chars().map(Atom::Char)),
            part => atoms.push(Atom::Part(part.clone())),
        }
    }
    atoms
}

fn parts(atoms: Vec<Atom>) -> Vec<Part> {
    let mut parts = Vec::new();
    for atom in atoms {
        match (atom, parts.last_mut()) {
            (Atom::Char(c), Some(Part::Plain(text))) => text.push(c),
            (Atom::Char(c), _) => parts.push(Part::Plain(c.to_string())),
            (Atom::Part(part), _) => parts.push(part),
        }
    }
    parts
}

fn is(atoms: &[Atom], at: usize, c: char) -> bool {
    matches!(atoms.get(at), Some(Atom::Char(own)) if *own == c)
}

/// `None` when there would be too many words, or too deep braces.
fn expand_atoms(atoms: &[Atom], depth: u32, budget: &mut usize) -> Option<Vec<Vec<Atom>>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut words: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut at = 0;
    while let Some(atom) = atoms.get(at) {
        let group = if is(atoms, at, '{') { group(atoms, at) } else { Group::None };
        let (alternatives, next) = match group {
            Group::None => (vec![vec![atom.clone()]], at + 1),
            Group::Range(words, end) => (words, end),
            Group::Choices(choices, end) => {
                let mut all = Vec::new();
                for (from, to) in choices {
                    all.extend(expand_atoms(atoms.get(from..to)?, depth + 1, budget)?);
                }
                (all, end)
            }
        };
        at = next;
        if let [only] = alternatives.as_slice() {
            words.iter_mut().for_each(|word| word.extend(only.iter().cloned()));
            continue;
        }
        *budget = budget.checked_sub(words.len().checked_mul(alternatives.len())?)?;
        let joined = words.iter().flat_map(|word| {
            alternatives.iter().map(move |choice| word.iter().chain(choice).cloned().collect())
        });
        words = joined.collect();
    }
    Some(words)
}

enum Group {
    None,
    Choices(Vec<(usize, usize)>, usize),
    Range(Vec<Vec<Atom>>, usize),
}

/// What the brace at `start` begins.
fn group(atoms: &[Atom], start: usize) -> Group {
    let mut open = 0;
    let mut from = start + 1;
    let mut choices = Vec::new();
    for at in start..atoms.len() {
        let Some(Atom::Char(c)) = atoms.get(at) else { continue };
        match c {
            '{' => open += 1,
            ',' if open == 1 => {
                choices.push((from, at));
                from = at + 1;
            }
            '}' => {
                open -= 1;
                if open == 0 {
                    if choices.is_empty() {
                        let inner = atoms.get(start + 1..at).unwrap_or_default();
                        return range(inner).map_or(Group::None, |words| Group::Range(words, at + 1));
                    }
                    choices.push((from, at));
                    return Group::Choices(choices, at + 1);
                }
            }
            _ => {}
        }
    }
    Group::None
}

/// `1..5`, `a..e`, either with a step.
fn range(inner: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    if inner.len() > 64 {
        return None;
    }
    let text: Option<String> =
        inner.iter().map(|atom| if let Atom::Char(c) = atom { Some(*c) } else { None }).collect();
    let text = text?;
    let mut ends = text.split("..");
    let (first, last, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let step: i64 = step.map_or(Some(1), |step| step.parse().ok())?;
    let step = step.unsigned_abs().max(1);
    let words: Vec<String> = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(from), Ok(to)) => {
            let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
            let width = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
            count(from, to, step)?.map(|n| format!("{n:0width$}")).collect()
        }
        _ => {
            let letter =
                |text: &str| text.chars().next().filter(|c| c.is_ascii_alphabetic() && text.len() == 1);
            let (from, to) = (letter(first)?, letter(last)?);
            let codes = count(i64::from(u32::from(from)), i64::from(u32::from(to)), step)?;
            codes.filter_map(|code| char::from_u32(code as u32)).map(String::from).collect()
        }
    };
    Some(words.iter().map(|word| word.chars().map(Atom::Char).collect()).collect())
}

fn count(from: i64, to: i64, step: u64) -> Option<impl Iterator<Item = i64>> {
    let steps = from.abs_diff(to) / step;
    let down = to < from;
    let at = move |n: u64| if down { from - (n * step) as i64 } else { from + (n * step) as i64 };
    (steps < MAX_WORDS as u64).then(|| (0..=steps).map(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from bash 5.2.
    #[test]
    fn braces() {
        for (word, expected) in [
            ("{1..5}", "1 2 3 4 5"),
            ("{01..10..3}", "01 04 07 10"),
            ("{5..1..2}", "5 3 1"),
            ("{a..e}", "a b c d e"),
            ("a{b,c}d{e,f}", "abde abdf acde acdf"),
            ("{a,{b,c}}", "a b c"),
            ("{a}", "{a}"),
            ("{a,b", "{a,b"),
            ("x{,y}", "x xy"),
            ("{{a,b}", "{a {b"),
        ] {
            let words: Vec<String> = expand(&Word::plain(word))
                .into_iter()
                .map(|word| {
                    word.parts.iter().map(|p| if let Part::Plain(t) = p { t.as_str() } else { "" }).collect()
                })
                .collect();
            assert_eq!(words.join(" "), expected, "{word}");
        }
    }

    #[test]
    fn too_many_words_stay_as_typed() {
        assert_eq!(expand(&Word::plain(&"{a,b}".repeat(64))).len(), 1);
        assert_eq!(expand(&Word::plain(&"{".repeat(200_000))).len(), 1);
        assert_eq!(expand(&Word::plain("{1..9999999999}")).len(), 1);
    }
}
