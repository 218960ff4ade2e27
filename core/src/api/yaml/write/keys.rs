//! The order of a map's keys: letters by code, runs of digits by their number. Models: go-yaml v2 `sorter.go`.

use serde_json::{Map, Value};
use std::cmp::Ordering;

/// The entries of a map in the order in which they are written.
pub fn sorted(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<(&str, &Value)> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let mut width = 1;
    while width < entries.len() {
        entries = entries.chunks(2 * width).flat_map(|pair| merge(pair, width)).collect();
        width *= 2;
    }
    entries
}

/// Merges two sorted runs. The standard sort may panic here: upstream's order is not transitive for every set of keys.
fn merge<'a>(pair: &[(&'a str, &'a Value)], width: usize) -> Vec<(&'a str, &'a Value)> {
    let (mut left, mut right) = pair.split_at(width.min(pair.len()));
    let mut merged = Vec::with_capacity(pair.len());
    while let (Some(a), Some(b)) = (left.first(), right.first()) {
        let from = if compare(a.0, b.0).is_gt() { &mut right } else { &mut left };
        merged.push(from[0]);
        *from = &from[1..];
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    merged
}

fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if a.is_ascii() && b.is_ascii() && !a.bytes().chain(b.bytes()).any(|c| c.is_ascii_digit()) {
        return compare_words(a, b);
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    let (x, y) = (a[at], b[at]);
    if let Some(order) = by_letter(x, y) {
        return order;
    }
    // Zeros in front of a number count as less only when nothing but zeros stands before them.
    let inside_number =
        (x == '0' || y == '0') && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let (n, n_end) = run_of_digits(&a, at, inside_number);
    let (m, m_end) = run_of_digits(&b, at, inside_number);
    n.cmp(&m).then(n_end.cmp(&m_end)).then(x.cmp(&y))
}

fn compare_words(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) => by_letter(x.into(), y.into()).unwrap_or(x.cmp(&y)),
    }
}

/// The order of two different characters if one is a letter: letters come last.
fn by_letter(x: char, y: char) -> Option<Ordering> {
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => Some(x.cmp(&y)),
        (true, false) => Some(Ordering::Greater),
        (false, true) => Some(Ordering::Less),
        (false, false) => None,
    }
}

fn run_of_digits(text: &[char], from: usize, inside_number: bool) -> (i64, usize) {
    let digits = text[from..].iter().map_while(|c| c.to_digit(10));
    let (mut number, mut end) = (i64::from(inside_number), from);
    for digit in digits {
        number = number.wrapping_mul(10).wrapping_add(digit.into());
        end += 1;
    }
    (number, end)
}
