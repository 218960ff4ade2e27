//! `sed`: runs a script over lines. Holds one line back, to know which is the last.
//!
//! Omits: the copy that `-i` with a suffix keeps

use super::Work;
use super::sed_script::{self, Action, Address, Piece, Step, Substitute};
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `sed -n -e script -E -i`
#[derive(Debug, Clone, Default)]
pub struct Sed {
    steps: Vec<Step>,
    /// For each step: whether its range is open, and until which line at most.
    open: Vec<Option<u64>>,
    quiet: bool,
    in_place: bool,
    number: u64,
    waiting: Option<(String, bool)>,
    quit: Option<i32>,
    /// The last line had no newline, and neither has what is printed of it.
    unended: bool,
}

const SPEC: Spec = Spec {
    long: &[
        ("quiet", 'n'),
        ("silent", 'n'),
        ("expression", 'e'),
        ("regexp-extended", 'E'),
        ("in-place", 'i'),
    ],
    ..Spec::new("ne:Erizsu")
};

impl Work for Sed {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        // `-i` may have a suffix right behind it, and then is nothing else.
        let in_place = |word: &&Text| word.starts_with("-i") && !word.starts_with("--");
        let rest: Vec<Text> = argv.iter().filter(|word| !in_place(word)).cloned().collect();
        let args = SPEC.read(&rest)?;
        let mut operands = args.operands.clone();
        let scripts: Vec<&str> = args
            .options
            .iter()
            .filter(|(letter, _)| *letter == 'e')
            .filter_map(|(_, value)| value.as_deref())
            .collect();
        let script = if !scripts.is_empty() {
            scripts.join("\n")
        } else if operands.is_empty() {
            return Err(Printed::fail(
                1,
                "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...",
            ));
        } else {
            operands.remove(0).to_string()
        };
        let extended = args.has('E') || args.has('r');
        self.steps =
            sed_script::parse(&script, extended).map_err(|why| Printed::fail(1, &format!("sed: {why}")))?;
        self.open = vec![None; self.steps.len()];
        self.quiet = args.has('n');
        self.in_place = args.has('i') || rest.len() < argv.len();
        Ok(operands)
    }

    fn line(&mut self, line: &str, ended: bool, out: &mut Vec<u8>) -> bool {
        if let Some((before, before_ended)) = self.waiting.replace((line.to_string(), ended)) {
            self.run(&before, before_ended, false, out);
        }
        self.quit.is_none()
    }

    fn file_end(&mut self, _: &str, out: &mut Vec<u8>) {
        if self.in_place {
            self.flush(out);
            self.number = 0;
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        self.flush(out);
        self.quit.unwrap_or(0)
    }

    fn is_done(&self) -> bool {
        self.quit.is_some()
    }

    fn in_place(&self) -> bool {
        self.in_place
    }

    fn unreadable(&self, _: &str, name: &str, why: &str) -> (String, i32) {
        match why {
            "Is a directory" => (format!("sed: couldn't edit {name}: not a regular file"), 4),
            _ => (format!("sed: can't read {name}: {why}"), 2),
        }
    }
}

impl Sed {
    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.quit.is_none()
            && let Some((line, ended)) = self.waiting.take()
        {
            self.run(&line, ended, true, out);
        }
    }

    fn run(&mut self, line: &str, ended: bool, last: bool, out: &mut Vec<u8>) {
        self.number += 1;
        self.unended = !ended;
        let mut space = line.to_string();
        let mut after = Vec::new();
        let mut at = 0;
        let steps = std::mem::take(&mut self.steps);
        let mut deleted = false;
        while let Some(step) = steps.get(at) {
            at += 1;
            if self.selects(at - 1, step, &space, last) == step.negated {
                if let Action::Group(length) = step.action {
                    at += length;
                }
                continue;
            }
            match &step.action {
                Action::Substitute(substitute) => {
                    if let Some(changed) = substituted(substitute, &space) {
                        space = changed;
                        if substitute.print {
                            self.print(&space, out);
                        }
                    }
                }
                Action::Print => self.print(&space, out),
                Action::Delete => deleted = true,
                Action::Quit(status) => self.quit = Some(*status),
                Action::Number => out.extend(format!("{}\n", self.number).bytes()),
                Action::Transliterate(pairs) => {
                    let map = |c: char| pairs.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
                    space = space.chars().map(map).collect();
                }
                Action::Append(text) => after.push(text.clone()),
                Action::Insert(text) => out.extend(format!("{text}\n").bytes()),
                Action::Change(text) => {
                    let range_goes_on =
                        step.to.is_some() && self.open.get(at - 1).is_some_and(Option::is_some);
                    if !range_goes_on {
                        out.extend(format!("{text}\n").bytes());
                    }
                    deleted = true;
                }
                Action::Group(_) | Action::Nothing => {}
            }
            if deleted || self.quit.is_some() {
                break;
            }
        }
        self.steps = steps;
        if !self.quiet && !deleted {
            self.print(&space, out);
        }
        for text in after {
            out.extend(format!("{text}\n").bytes());
        }
    }

    fn print(&self, text: &str, out: &mut Vec<u8>) {
        out.extend(text.bytes());
        if !self.unended {
            out.push(b'\n');
        }
    }

    fn selects(&mut self, index: usize, step: &Step, space: &str, last: bool) -> bool {
        let Some(from) = &step.from else { return true };
        let number = self.number;
        let holds = |address: &Address| match address {
            Address::Line(line) => *line == number,
            Address::Last => last,
            Address::Match(regex) => regex.is_match(space),
            Address::Every(first, 0) => *first == number,
            Address::Every(first, step) => number >= *first && (number - first).is_multiple_of(*step),
            Address::More(_) => false,
        };
        let Some(to) = &step.to else { return holds(from) };
        let Some(slot) = self.open.get_mut(index) else { return false };
        match *slot {
            Some(until) => {
                if number >= until || holds(to) {
                    *slot = None;
                }
                // A range whose last line is already behind has only its first.
                !matches!(to, Address::Line(line) if number > *line)
            }
            None if holds(from) => {
                *slot = match to {
                    Address::Line(line) if *line <= number => None,
                    Address::Line(line) => Some(*line),
                    Address::More(0) => None,
                    Address::More(more) => Some(number + more),
                    Address::Last if last => None,
                    _ => Some(u64::MAX),
                };
                true
            }
            None => false,
        }
    }
}

/// The text after a substitution; `None` when nothing matched.
fn substituted(substitute: &Substitute, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut end = 0;
    let mut changed = false;
    for (n, captures) in substitute.regex.captures_iter(text).enumerate() {
        let whole = captures.get(0)?;
        if n + 1 < substitute.nth {
            continue;
        }
        out.push_str(text.get(end..whole.start())?);
        for piece in &substitute.with {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(n) => out.push_str(captures.get(*n).map_or("", |group| group.as_str())),
            }
        }
        end = whole.end();
        changed = true;
        if !substitute.every {
            break;
        }
    }
    out.push_str(text.get(end..)?);
    changed.then_some(out)
}
