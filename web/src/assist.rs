//! What helps while one writes manifests: where the cursor is, what could stand there, what a field is for, what is
//! nearly right. Pure: texts and what the cluster holds in, plain values out. Knows no widgets.

pub mod context;
pub mod diff;
pub mod flow;
pub mod help;
pub mod known;
pub mod misses;
pub mod offer;

pub use context::{Context, context};
pub use help::{Help, help};
pub use known::Known;
pub use misses::{Miss, Severity, misses};
pub use offer::{Candidate, Offer, Sort, offer};

/// The byte offset of an offset in UTF-16 units, as editors count.
pub fn byte_of(text: &str, units: usize) -> usize {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left < c.len_utf16() {
            return at;
        }
        left -= c.len_utf16();
    }
    text.len()
}

/// The offset in UTF-16 units of a byte offset.
pub fn units_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).encode_utf16().count()
}

/// How many letters differ: Levenshtein's distance.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Whether one may have been meant by the other.
pub fn is_near(a: &str, b: &str) -> bool {
    let most = if a.chars().count().min(b.chars().count()) < 4 { 1 } else { 2 };
    a != b && (a.eq_ignore_ascii_case(b) || distance(a, b) <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_told_from_others() {
        assert_eq!(distance("MyAp", "MyApp"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert!(is_near("prots", "ports") && is_near("MYAPP", "MyApp"));
        assert!(!is_near("web", "app") && !is_near("web", "web"));
    }

    #[test]
    fn offsets_go_both_ways() {
        assert_eq!((byte_of("a😀b", 3), units_of("a😀b", 5)), (5, 3));
        assert_eq!(byte_of("ab", 9), 2);
    }
}
