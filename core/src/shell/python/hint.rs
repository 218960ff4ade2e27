//! The name that a misspelt one may have meant. Knows no program.
//! Models: CPython 3.12 Python/suggestions.c.

const MOVE: usize = 2;
const CASE: usize = 1;
const MAX_LENGTH: usize = 40;

/// The closest of some names, if one is close.
pub fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = name.chars().collect();
    let mut best: Option<(usize, &str)> = None;
    for other in known.filter(|other| *other != name) {
        let letters: Vec<char> = other.chars().collect();
        let most = (wanted.len() + letters.len() + 3) * MOVE / 6;
        let most = best.map_or(most, |(distance, _)| most.min(distance - 1));
        let found = distance(&wanted, &letters);
        if found <= most && best.is_none_or(|(distance, _)| found < distance) {
            best = Some((found, other));
        }
    }
    best.map(|(_, other)| other)
}

/// Edits between two names; another case costs half as much.
fn distance(a: &[char], b: &[char]) -> usize {
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return usize::MAX;
    }
    let cost = |x: char, y: char| {
        if x == y {
            0
        } else if x.eq_ignore_ascii_case(&y) {
            CASE
        } else {
            MOVE
        }
    };
    let mut row: Vec<usize> = (0..=b.len()).map(|n| n * MOVE).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i * MOVE;
        let mut left = (i + 1) * MOVE;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, place) in b.iter().zip(row.iter_mut().skip(1)) {
            let swap = corner + cost(*x, *y);
            corner = *place;
            left = swap.min(corner.min(left) + MOVE);
            *place = left;
        }
    }
    row.last().copied().unwrap_or(0)
}
