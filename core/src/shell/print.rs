//! Commands that look, print once and end: a function from words and surroundings to what is printed.

use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::process::{Cx, Reply, Syscall, Turn};
use bytes::Bytes;

/// What such a command printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// The exit status.
    pub status: i32,
}

impl Printed {
    /// Success with this on standard output.
    pub fn out(text: impl Into<Vec<u8>>) -> Printed {
        Printed { out: text.into(), ..Printed::default() }
    }

    /// Failure with this line on standard error.
    pub fn fail(status: i32, line: &str) -> Printed {
        Printed { out: Vec::new(), err: format!("{line}\n").into_bytes(), status }
    }
}

/// A command as a function.
pub type Run = fn(&mut Cx<'_, '_>, &[Text]) -> Printed;

/// Such a command as a program.
#[derive(Debug, Clone)]
pub struct Print {
    argv: Vec<Text>,
    run: Run,
    left: Vec<Syscall>,
}

impl Print {
    /// The program that runs a function once.
    pub fn new(argv: &[Text], run: Run) -> Print {
        Print { argv: argv.to_vec(), run, left: Vec::new() }
    }
}

impl Command for Print {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            let printed = (self.run)(cx, &self.argv);
            self.left = vec![Syscall::Exit(printed.status)];
            for (fd, bytes) in [(2, printed.err), (1, printed.out)] {
                if !bytes.is_empty() {
                    self.left.push(Syscall::Write(Fd(fd), Bytes::from(bytes)));
                }
            }
        }
        self.left.pop().unwrap_or(Syscall::Exit(0)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}

/// `true`.
pub fn succeed(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::default()
}
