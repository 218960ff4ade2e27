//! Options of commands, as getopt reads them: `-n 3`, `-n3`, `-rn`, `--lines=3`, `--`.

use super::print::Printed;
use crate::base::Text;

/// A command's options and operands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// The options in order, each with its value if it takes one.
    pub options: Vec<(char, Option<Text>)>,
    /// The other words.
    pub operands: Vec<Text>,
}

/// What a command takes: letters as in getopt (a colon follows those that take a value), and long names for letters.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// `"nr:k:"`
    pub letters: &'static str,
    /// `("lines", 'n')`
    pub long: &'static [(&'static str, char)],
    /// Whether options end at the first operand (commands that run a command).
    pub stops: bool,
    /// The exit status of a wrong option.
    pub status: i32,
}

impl Spec {
    /// Letters only.
    pub const fn new(letters: &'static str) -> Spec {
        Spec { letters, long: &[], stops: false, status: 1 }
    }

    fn takes_value(&self, letter: char) -> Option<bool> {
        let at = self.letters.find(letter).filter(|_| letter != ':')?;
        Some(self.letters.get(at + letter.len_utf8()..).is_some_and(|after| after.starts_with(':')))
    }

    /// Reads a command line; the first word is the command's name.
    pub fn read(&self, argv: &[Text]) -> Result<Args, Printed> {
        let name = argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name));
        let fail = |what: String| {
            Err(Printed::fail(
                self.status,
                &format!("{name}: {what}\nTry '{name} --help' for more information."),
            ))
        };
        let mut args = Args::default();
        let mut words = argv.iter().skip(1);
        while let Some(word) = words.next() {
            if &**word == "--" {
                args.operands.extend(words.cloned());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                let (long, value) =
                    long.split_once('=').map_or((long, None), |(long, value)| (long, Some(value.into())));
                let Some((_, letter)) = self.long.iter().find(|(own, _)| *own == long) else {
                    return fail(format!("unrecognized option '{word}'"));
                };
                let value = match self.takes_value(*letter) {
                    Some(true) if value.is_none() => words.next().cloned(),
                    _ => value,
                };
                args.options.push((*letter, value));
                continue;
            }
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                args.operands.push(word.clone());
                if self.stops {
                    args.operands.extend(words.cloned());
                    break;
                }
                continue;
            };
            for (at, letter) in letters.char_indices() {
                match self.takes_value(letter) {
                    None => return fail(format!("invalid option -- '{letter}'")),
                    Some(false) => args.options.push((letter, None)),
                    Some(true) => {
                        let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                        let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.into()) };
                        let Some(value) = value else {
                            return fail(format!("option requires an argument -- '{letter}'"));
                        };
                        args.options.push((letter, Some(value)));
                        break;
                    }
                }
            }
        }
        Ok(args)
    }
}

impl Args {
    /// Whether an option is there.
    pub fn has(&self, letter: char) -> bool {
        self.options.iter().any(|(own, _)| *own == letter)
    }

    /// The last value of an option.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.options.iter().rev().find(|(own, _)| *own == letter).and_then(|(_, value)| value.as_deref())
    }
}
