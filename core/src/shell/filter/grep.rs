//! `grep`. Omits: searching directories (`-r`), `-P`, `-z`.

use super::Work;
use crate::base::{Text, order};
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;
use crate::shell::regex;
use regex_lite::Regex;
use std::collections::VecDeque;

/// `grep`
#[derive(Debug, Clone, Default)]
pub struct Grep {
    patterns: Vec<Regex>,
    invert: bool,
    count_only: bool,
    numbers: bool,
    only_matching: bool,
    quiet: bool,
    names_only: bool,
    without_names: bool,
    silent: bool,
    with_names: Option<bool>,
    before: usize,
    after: usize,
    most: Option<u64>,
    prefix: String,
    line: u64,
    count: u64,
    found: bool,
    /// Lines before a match, not printed yet.
    held: VecDeque<(u64, String)>,
    /// Lines after a match, still to be printed.
    owed: usize,
    last_printed: u64,
}

const SPEC: Spec = Spec {
    long: &[
        ("invert-match", 'v'),
        ("ignore-case", 'i'),
        ("count", 'c'),
        ("extended-regexp", 'E'),
        ("fixed-strings", 'F'),
        ("line-number", 'n'),
        ("only-matching", 'o'),
        ("quiet", 'q'),
        ("word-regexp", 'w'),
        ("line-regexp", 'x'),
        ("files-with-matches", 'l'),
        ("after-context", 'A'),
        ("before-context", 'B'),
        ("context", 'C'),
        ("max-count", 'm'),
        ("regexp", 'e'),
        ("color", '_'),
        ("colour", '_'),
        ("line-buffered", '_'),
    ],
    status: 2,
    ..Spec::new("vicEFGnoqwxlLhHsA:B:C:m:e:_")
};

impl Work for Grep {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        let mut operands = args.operands.clone();
        let mut sources: Vec<Text> =
            args.options.iter().filter(|(letter, _)| *letter == 'e').filter_map(|(_, v)| v.clone()).collect();
        if sources.is_empty() {
            if operands.is_empty() {
                let usage =
                    "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.";
                return Err(Printed::fail(2, usage));
            }
            sources.push(operands.remove(0));
        }
        let name = argv.first().map_or("", |name| name);
        let fixed = args.has('F') || name.ends_with("fgrep");
        let extended = args.has('E') || name.ends_with("egrep");
        for pattern in sources.iter().flat_map(|source| source.split('\n')) {
            let translated =
                if fixed { Ok(regex_lite::escape(pattern)) } else { regex::translate(pattern, extended) };
            let compiled = translated.and_then(|pattern| {
                let pattern = match (args.has('x'), args.has('w')) {
                    (true, _) => format!("^(?:{pattern})$"),
                    (_, true) => format!("(?:^|\\b)(?:{pattern})(?:$|\\b)"),
                    _ => pattern,
                };
                regex::compile(&pattern, args.has('i'))
            });
            self.patterns.push(compiled.map_err(|why| Printed::fail(2, &format!("grep: {why}")))?);
        }
        let count = |letter: char| -> Result<Option<u64>, Printed> {
            let Some(text) = args.value(letter) else { return Ok(None) };
            let what = if letter == 'm' { "max count" } else { "context length argument" };
            let wrong = || Printed::fail(2, &format!("grep: {text}: invalid {what}"));
            text.parse().map(Some).map_err(|_| wrong())
        };
        let context = count('C')?.unwrap_or(0);
        self.before = count('B')?.unwrap_or(context) as usize;
        self.after = count('A')?.unwrap_or(context) as usize;
        self.most = count('m')?;
        self.invert = args.has('v');
        self.count_only = args.has('c');
        self.numbers = args.has('n');
        self.only_matching = args.has('o');
        self.quiet = args.has('q');
        self.names_only = args.has('l');
        self.without_names = args.has('L');
        self.silent = args.has('s');
        self.with_names = args.options.iter().rev().find_map(|(letter, _)| match letter {
            'h' => Some(false),
            'H' => Some(true),
            _ => None,
        });
        Ok(operands)
    }

    fn file(&mut self, name: &str, count: usize, _: &mut Vec<u8>) {
        let shown = if name == "-" { "(standard input)" } else { name };
        self.prefix = if self.with_names.unwrap_or(count > 1) { shown.to_string() } else { String::new() };
        (self.line, self.count, self.owed, self.last_printed) = (0, 0, 0, 0);
        self.held.clear();
    }

    fn line(&mut self, line: &str, _: bool, out: &mut Vec<u8>) -> bool {
        self.line += 1;
        let matched = self.patterns.iter().any(|pattern| pattern.is_match(line)) != self.invert;
        if !matched {
            self.unmatched(line, out);
            return true;
        }
        self.found = true;
        self.count += 1;
        if self.quiet || self.names_only || self.without_names {
            return false;
        }
        if !self.count_only {
            self.matched(line, out);
        }
        self.most.is_none_or(|most| self.count < most)
    }

    fn file_end(&mut self, name: &str, out: &mut Vec<u8>) {
        let shown = if name == "-" { "(standard input)" } else { name };
        if self.quiet {
        } else if self.names_only || self.without_names {
            if (self.count > 0) == self.names_only {
                out.extend(format!("{shown}\n").bytes());
            }
        } else if self.count_only {
            let colon = if self.prefix.is_empty() { "" } else { ":" };
            out.extend(format!("{}{colon}{}\n", self.prefix, self.count).bytes());
        }
    }

    fn is_done(&self) -> bool {
        self.quiet && self.found
    }

    fn end(&mut self, _: &mut Vec<u8>) -> i32 {
        i32::from(!self.found)
    }

    fn unreadable(&self, _: &str, name: &str, why: &str) -> (String, i32) {
        if self.silent {
            return (String::new(), 2);
        }
        (format!("grep: {name}: {why}"), 2)
    }
}

impl Grep {
    fn unmatched(&mut self, line: &str, out: &mut Vec<u8>) {
        if self.count_only || self.quiet || self.only_matching {
            return;
        }
        if self.owed > 0 {
            self.owed -= 1;
            self.print(self.line, '-', line, out);
        } else if self.before > 0 {
            self.held.push_back((self.line, line.to_string()));
            if self.held.len() > self.before {
                self.held.pop_front();
            }
        }
    }

    fn matched(&mut self, line: &str, out: &mut Vec<u8>) {
        if self.only_matching {
            if !self.invert {
                let patterns = self.patterns.clone();
                let found = patterns
                    .iter()
                    .flat_map(|pattern| pattern.find_iter(line))
                    .filter(|found| !found.is_empty());
                let mut found: Vec<(usize, &str)> =
                    found.map(|found| (found.start(), found.as_str())).collect();
                order::sort(&mut found);
                found.iter().for_each(|(_, text)| self.print(self.line, ':', text, out));
            }
            return;
        }
        let held = std::mem::take(&mut self.held);
        let first = held.front().map_or(self.line, |(number, _)| *number);
        let apart = self.last_printed > 0 && first > self.last_printed + 1;
        if apart && (self.before > 0 || self.after > 0) {
            out.extend_from_slice(b"--\n");
        }
        for (number, text) in held {
            self.print(number, '-', &text, out);
        }
        self.print(self.line, ':', line, out);
        self.owed = self.after;
    }

    fn print(&mut self, number: u64, separator: char, text: &str, out: &mut Vec<u8>) {
        self.last_printed = number;
        if !self.prefix.is_empty() {
            out.extend(format!("{}{separator}", self.prefix).bytes());
        }
        if self.numbers {
            out.extend(format!("{number}{separator}").bytes());
        }
        out.extend(text.bytes());
        out.push(b'\n');
    }
}
