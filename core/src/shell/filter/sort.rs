//! `sort`. Omits: `-M`, `-R`, `-c`, locales (bytes are compared).

use super::Work;
use crate::base::{Text, order};
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;
use std::cmp::Ordering;

/// `sort -n -r -k 2,2n -t : -u -f -h -V`
#[derive(Debug, Clone, Default)]
pub struct Sort {
    keys: Vec<Key>,
    global: How,
    separator: Option<char>,
    unique: bool,
    stable: bool,
    lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct How {
    numeric: bool,
    human: bool,
    version: bool,
    reverse: bool,
    fold: bool,
    skip_blanks: bool,
}

#[derive(Debug, Clone)]
struct Key {
    from: (usize, usize),
    to: Option<(usize, usize)>,
    how: Option<How>,
}

const SPEC: Spec = Spec {
    long: &[
        ("numeric-sort", 'n'),
        ("reverse", 'r'),
        ("unique", 'u'),
        ("key", 'k'),
        ("field-separator", 't'),
        ("ignore-case", 'f'),
        ("human-numeric-sort", 'h'),
        ("version-sort", 'V'),
        ("stable", 's'),
    ],
    status: 2,
    ..Spec::new("nruk:t:fhVbsg")
};

impl How {
    fn add(&mut self, letter: char) -> bool {
        match letter {
            'n' | 'g' => self.numeric = true,
            'h' => self.human = true,
            'V' => self.version = true,
            'r' => self.reverse = true,
            'f' => self.fold = true,
            'b' => self.skip_blanks = true,
            _ => return false,
        }
        true
    }

    fn compare(self, left: &str, right: &str) -> Ordering {
        let (left, right) = match self.skip_blanks || self.numeric || self.human {
            true => (left.trim_start(), right.trim_start()),
            false => (left, right),
        };
        let order = if self.human {
            magnitude(left).cmp(&magnitude(right)).then_with(|| numeric(left, right))
        } else if self.numeric {
            numeric(left, right)
        } else if self.version {
            version(left, right)
        } else if self.fold {
            left.to_uppercase().cmp(&right.to_uppercase())
        } else {
            left.cmp(right)
        };
        if self.reverse { order.reverse() } else { order }
    }
}

impl Work for Sort {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        for (letter, value) in &args.options {
            let value = value.as_deref().unwrap_or_default();
            match letter {
                'u' => self.unique = true,
                's' => self.stable = true,
                't' => self.separator = if value == "\\0" { Some('\0') } else { value.chars().next() },
                'k' => {
                    let key = key(value).ok_or_else(|| {
                        Printed::fail(
                            2,
                            &format!(
                                "sort: invalid number at field start: invalid count at start of '{value}'"
                            ),
                        )
                    })?;
                    self.keys.push(key);
                }
                letter => drop(self.global.add(*letter)),
            }
        }
        Ok(args.operands)
    }

    fn line(&mut self, line: &str, _: bool, _: &mut Vec<u8>) -> bool {
        self.lines.push(line.to_string());
        true
    }

    fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        let mut lines = std::mem::take(&mut self.lines);
        let last_resort = |left: &str, right: &str| match self.stable || self.unique {
            true => Ordering::Equal,
            false if self.global.reverse => right.cmp(left),
            false => left.cmp(right),
        };
        order::sort_by(&mut lines, |left, right| {
            self.compare(left, right).then_with(|| last_resort(left, right))
        });
        if self.unique {
            lines.dedup_by(|right, left| self.compare(left, right) == Ordering::Equal);
        }
        for line in lines {
            out.extend(line.bytes());
            out.push(b'\n');
        }
        0
    }

    fn unreadable(&self, _: &str, name: &str, why: &str) -> (String, i32) {
        match why {
            "Is a directory" => (format!("sort: read failed: {name}: {why}"), 2),
            _ => (format!("sort: cannot read: {name}: {why}"), 2),
        }
    }
}

impl Sort {
    fn compare(&self, left: &str, right: &str) -> Ordering {
        if self.keys.is_empty() {
            return self.global.compare(left, right);
        }
        let orders = self.keys.iter().map(|key| {
            let how = key.how.unwrap_or(self.global);
            how.compare(self.part(left, key), self.part(right, key))
        });
        orders.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
    }

    /// What a key selects of a line.
    fn part<'l>(&self, line: &'l str, key: &Key) -> &'l str {
        let fields = self.fields(line);
        let position = |(field, char): (usize, usize)| {
            let (from, to) = fields.get(field.saturating_sub(1)).copied().unwrap_or((line.len(), line.len()));
            let text = line.get(from..to).unwrap_or_default();
            (from + text.char_indices().nth(char.saturating_sub(1)).map_or(text.len(), |(at, _)| at), to)
        };
        let start = position(key.from).0;
        let end = match key.to {
            None => line.len(),
            Some((field, 0)) => fields.get(field.saturating_sub(1)).map_or(line.len(), |(_, to)| *to),
            Some((field, char)) => position((field, char + 1)).0,
        };
        line.get(start..end.max(start)).unwrap_or_default()
    }

    /// Where fields are; without a separator, a field begins with the blanks before it.
    fn fields(&self, line: &str) -> Vec<(usize, usize)> {
        let mut fields = Vec::new();
        let mut from = 0;
        if let Some(separator) = self.separator {
            for field in line.split(separator) {
                fields.push((from, from + field.len()));
                from += field.len() + separator.len_utf8();
            }
            return fields;
        }
        let mut seen_text = false;
        for (at, c) in line.char_indices() {
            let blank = matches!(c, ' ' | '\t');
            if blank && seen_text {
                fields.push((from, at));
                (from, seen_text) = (at, false);
            }
            seen_text |= !blank;
        }
        fields.push((from, line.len()));
        fields
    }
}

/// `2`, `2,3`, `2.3n,4r`
fn key(text: &str) -> Option<Key> {
    let (from, to) = text.split_once(',').map_or((text, None), |(from, to)| (from, Some(to)));
    let mut how = How::default();
    let mut any = false;
    let mut position = |text: &str| -> Option<(usize, usize)> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        for letter in text.get(digits.len()..)?.chars() {
            any = true;
            how.add(letter).then_some(())?;
        }
        let (field, char) = digits.split_once('.').unwrap_or((digits, "0"));
        Some((field.parse().ok()?, char.parse().ok()?))
    };
    let from = position(from).filter(|(field, _)| *field > 0)?;
    let to = to.map(&mut position).map_or(Some(None), |to| to.map(Some))?;
    Some(Key { from, to, how: any.then_some(how) })
}

/// Decimal numbers of any length, compared without floats.
fn numeric(left: &str, right: &str) -> Ordering {
    let (left, right) = (Number::of(left), Number::of(right));
    match (left.negative, right.negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.size().cmp(&right.size()),
        (true, true) => right.size().cmp(&left.size()),
    }
}

struct Number<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Number<'t> {
    fn of(text: &'t str) -> Number<'t> {
        let text = text.trim_start();
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (whole, rest) = text.split_at(end);
        let rest = rest.strip_prefix('.').unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let fraction = rest.get(..end).unwrap_or_default().trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        Number { negative: negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction }
    }

    fn size(&self) -> (usize, &'t str, &'t str) {
        (self.whole.len(), self.whole, self.fraction)
    }
}

/// The unit of `10K`, `2Gi`.
fn magnitude(text: &str) -> usize {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').chars().next();
    unit.and_then(|unit| "KMGTPE".find(unit.to_ascii_uppercase())).map_or(0, |at| at + 1)
}

/// Runs of digits compare as numbers.
fn version(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let split = |text: &str, digits: bool| {
            text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len())
        };
        for digits in [false, true] {
            let ((l, l_rest), (r, r_rest)) =
                (left.split_at(split(left, digits)), right.split_at(split(right, digits)));
            let order = if digits { numeric(l, r) } else { l.cmp(r) };
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (l_rest, r_rest);
        }
    }
}
