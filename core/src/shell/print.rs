//! Commands that look, print once and end: a function from words and surroundings to what is printed and which files
//! change.

use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::process::{Cx, OpenMode, Reply, Syscall, Turn};
use bytes::Bytes;
use std::collections::VecDeque;

/// What such a command printed and did.
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

/// A command as a function that changes files too.
pub type Change = fn(&mut Cx<'_, '_>, &[Text]) -> (Vec<FileChange>, Printed);

/// A change of a file, by absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// It has this content from now on.
    Put(String, Bytes),
    /// It is gone.
    Remove(String),
}

/// Such a command as a program.
#[derive(Debug, Clone)]
pub struct Print {
    argv: Vec<Text>,
    run: Act,
    changes: VecDeque<FileChange>,
    calls: VecDeque<Syscall>,
    printed: Option<Printed>,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Run(Run),
    Change(Change),
}

impl Print {
    /// The program that runs a function once.
    pub fn new(argv: &[Text], run: Run) -> Print {
        Print::with(argv, Act::Run(run))
    }

    /// The program that runs a function once and changes files.
    pub fn changing(argv: &[Text], change: Change) -> Print {
        Print::with(argv, Act::Change(change))
    }

    fn with(argv: &[Text], run: Act) -> Print {
        Print { argv: argv.to_vec(), run, changes: VecDeque::new(), calls: VecDeque::new(), printed: None }
    }

    fn begin(&mut self, cx: &mut Cx<'_, '_>) {
        let (changes, printed) = match self.run {
            Act::Run(run) => (Vec::new(), run(cx, &self.argv)),
            Act::Change(change) => change(cx, &self.argv),
        };
        self.changes = changes.into();
        self.printed = Some(printed);
    }
}

impl Command for Print {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => self.begin(cx),
            Reply::Fd(fd) => {
                if let Some(FileChange::Put(_, content)) = self.changes.pop_front() {
                    let writes = (!content.is_empty()).then_some(Syscall::Write(fd, content));
                    self.calls.extend(writes.into_iter().chain([Syscall::Close(fd)]));
                }
            }
            _ => {}
        }
        if let Some(call) = self.calls.pop_front() {
            return call.into();
        }
        match self.changes.front().cloned() {
            Some(FileChange::Put(path, _)) => return Syscall::Open(path.into(), OpenMode::Truncate).into(),
            Some(FileChange::Remove(path)) => {
                self.changes.pop_front();
                return Syscall::Unlink(path.into()).into();
            }
            None => {}
        }
        if let Some(printed) = self.printed.take() {
            let writes =
                [(2, printed.err), (1, printed.out)].into_iter().filter(|(_, bytes)| !bytes.is_empty());
            self.calls.extend(writes.map(|(fd, bytes)| Syscall::Write(Fd(fd), bytes.into())));
            self.calls.push_back(Syscall::Exit(printed.status));
        }
        self.calls.pop_front().unwrap_or(Syscall::Exit(1)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}

/// `true`.
pub fn succeed(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::default()
}

/// `false`.
pub fn fail(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed { status: 1, ..Printed::default() }
}
