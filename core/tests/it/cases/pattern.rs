//! Compares what was expected with what was printed. `<age>` and the like stand for one run of non-space characters;
//! runs of spaces match any run of spaces; everything else is literal.

/// The words in angle brackets that stand for something.
const WILDCARDS: &[&str] =
    &["<age>", "<ip>", "<uid>", "<time>", "<rv>", "<suffix>", "<any>", "<port>", "<hash>"];

/// Tells the first line that differs.
pub fn compare(expected: &str, printed: &str) -> Result<(), String> {
    let (mut left, mut right) = (expected.lines(), printed.lines());
    for n in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (Some(a), Some(b)) if matches(a, b) => {}
            (a, b) => {
                let show =
                    |line: Option<&str>| line.map_or("(nothing)".to_string(), |line| format!("{line:?}"));
                return Err(format!(
                    "  line {n}\n  expected {}\n  printed  {}\nall of it:\n{printed}",
                    show(a),
                    show(b)
                ));
            }
        }
    }
    Ok(())
}

fn matches(expected: &str, printed: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (expected.split_whitespace().collect(), printed.split_whitespace().collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| word(a, b))
}

/// One word: the literal parts in order, with at least one character for each wildcard between them.
fn word(expected: &str, printed: &str) -> bool {
    let Some((at, wildcard)) = WILDCARDS.iter().filter_map(|w| Some((expected.find(w)?, *w))).min() else {
        return expected == printed;
    };
    let Some(rest) = printed.strip_prefix(&expected[..at]) else { return false };
    let after = &expected[at + wildcard.len()..];
    let starts = rest.char_indices().map(|(n, c)| n + c.len_utf8());
    starts.into_iter().any(|n| word(after, &rest[n..]))
}

#[test]
fn a_wildcard_stands_for_one_word_or_a_part_of_one() {
    assert!(matches("web-<hash>-<suffix>   1/1   <age>", "web-65d9d68466-6svhl 1/1 12s"));
    assert!(!matches("web-<suffix> 1/1", "api-x 1/1"));
    assert!(!matches("<age> <age>", "12s"));
    assert!(matches("<none>", "<none>"));
    assert!(!matches("<none>", "x"));
}
