//! Restoring what web pages and word processors break in YAML: characters, tabs, lost indentation. Good YAML is left as
//! it is. Knows the field table, to see where a key belongs; knows no editor.

mod characters;
mod indent;
mod lines;
mod search;

use super::{ProblemCode, read};
use crate::api::{decode, tree};

/// What a text becomes when it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What was done, each once, in this order.
    pub what: Vec<RepairKind>,
    /// The restored text.
    pub text: String,
}

/// What can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepairKind {
    /// Invisible characters and spaces of other widths became spaces or went away.
    Spaces,
    /// Full-width punctuation, bent quotes and long dashes became plain ones.
    Typography,
    /// Tabs at the beginning of lines became spaces.
    Tabs,
    /// Lines got their place back.
    Indentation,
    /// Prose in a program got back the sign that makes it a comment (`shell::python::repair`).
    Comments,
}

/// How far a text is from being usable: unreadable documents, then fields that their kinds
/// do not have, or that are there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Damage {
    unreadable: usize,
    misplaced: usize,
}

impl Damage {
    const NONE: Damage = Damage { unreadable: 0, misplaced: 0 };
}

/// The restored text, when something can be restored.
pub fn offer(text: &str) -> Option<Repair> {
    if text.len() > read::MAX_BYTES {
        return None;
    }
    let damage = measure(text);
    let mut what = Vec::new();
    let mut best = characters::spaces(text, damage > Damage::NONE);
    if damage == Damage::NONE && (best == text || measure(&best) > Damage::NONE) {
        return None;
    }
    note(&mut what, RepairKind::Spaces, best != text);
    if measure(&best) > Damage::NONE {
        let plain = characters::typography(&best);
        note(&mut what, RepairKind::Typography, plain != best);
        let spaced = characters::tabs(&plain);
        note(&mut what, RepairKind::Tabs, spaced != plain);
        best = spaced;
        if measure(&best) > Damage::NONE {
            let restored = indent::restore(&best).filter(|restored| measure(restored) < measure(&best));
            note(&mut what, RepairKind::Indentation, restored.is_some());
            best = restored.unwrap_or(best);
        }
    }
    let is_better = damage == Damage::NONE || measure(&best) < damage;
    (is_better && !what.is_empty()).then_some(Repair { what, text: best })
}

fn note(what: &mut Vec<RepairKind>, kind: RepairKind, happened: bool) {
    if happened {
        what.push(kind);
    }
}

fn measure(text: &str) -> Damage {
    let found = super::read(text);
    let unreadable = found.problems.iter().filter(|problem| problem.code.is_fatal()).count();
    let misplaced = |document: &super::Document| {
        let value = &document.value;
        if !value.is_object() {
            return 1;
        }
        decode::decode(tree::str(value, "apiVersion"), tree::str(value, "kind"), value).unknown.len()
    };
    let twice = found.problems.iter().filter(|problem| problem.code == ProblemCode::DuplicateKey).count();
    Damage { unreadable, misplaced: twice + found.documents.iter().map(misplaced).sum::<usize>() }
}
