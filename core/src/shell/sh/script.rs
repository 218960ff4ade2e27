//! Where commands come from: a text, or lines of standard input. Reads one complete command, runs it, reads the next.

use super::complete;
use super::flow::ListFrame;
use super::lexer::{ParseError, Waiting};
use super::machine::{Core, Frame, Next, Origin, Unwind};
use super::parser;
use crate::base::Text;
use crate::process::{Reply, Syscall};
use std::sync::Arc;

/// A source of commands.
#[derive(Debug, Clone)]
pub(super) struct Script {
    source: Source,
    text: Arc<str>,
    at: usize,
    line: u32,
    phase: Phase,
    /// The line that ends the here-document being read; no other line can complete the command.
    awaited: Option<String>,
    tested: bool,
}

/// What a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Standard input, line by line.
    Input,
    /// The words of `sh -c`, or a file.
    Text,
    /// `eval`
    Eval,
    /// `.` and `source`: `return` leaves it.
    Sourced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Run,
    /// Asked for the jobs that ended.
    Reap,
    /// Asked for a line.
    Line,
    Ended,
}

impl Script {
    /// Commands from standard input.
    pub fn input() -> Script {
        Script::new(Source::Input, "".into())
    }

    /// Commands of a text.
    pub fn new(source: Source, text: Text) -> Script {
        Script { source, text, at: 0, line: 1, phase: Phase::Run, awaited: None, tested: false }
    }

    /// Says whether its failure is looked at.
    pub fn set_tested(&mut self, tested: bool) {
        self.tested = tested;
    }

    /// Whether `return` leaves it.
    pub fn is_sourced(&self) -> bool {
        self.source == Source::Sourced
    }

    /// Whether it is where the shell's own commands come from, and not an `eval`.
    pub fn is_main(&self) -> bool {
        matches!(self.source, Source::Input | Source::Text)
    }

    /// Whether it waits for a line of which nothing has come.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Line && self.rest().is_empty()
    }

    /// The command line was given up: what was read of it goes.
    pub fn drop_rest(&mut self, all: bool) {
        if all || self.phase == Phase::Line {
            self.at = self.text.len();
        }
        self.awaited = None;
        self.phase = Phase::Run;
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn step(mut self, core: &mut Core, reply: Option<Reply>) -> Next {
        match (self.phase, reply) {
            (Phase::Line, Some(Reply::Data(bytes))) => {
                self.phase = if bytes.is_empty() { Phase::Ended } else { Phase::Run };
                let line = String::from_utf8_lossy(&bytes);
                let complete = self
                    .awaited
                    .as_ref()
                    .is_none_or(|end| line.trim_start_matches('\t').trim_end_matches('\n') == end);
                self.text = format!("{}{line}", self.rest()).into();
                self.at = 0;
                if !complete && self.phase == Phase::Run {
                    return self.ask(core);
                }
            }
            (Phase::Line, _) => self.phase = Phase::Ended,
            (Phase::Reap, Some(Reply::Exited(pid, status))) => {
                core.jobs.ended(pid, status);
                core.children.retain(|child| *child != pid);
                return Next::Call(Frame::Script(self), Syscall::Reap.into());
            }
            (Phase::Reap, _) => {
                let report = core.jobs.report(true);
                core.write(2, report);
                return self.ask(core);
            }
            _ => {}
        }
        self.next(core)
    }

    fn ask(mut self, core: &mut Core) -> Next {
        self.phase = Phase::Line;
        let fd = core.io.fd(0).unwrap_or_default();
        Next::Call(Frame::Script(self), Syscall::ReadLine(fd).into())
    }

    fn next(mut self, core: &mut Core) -> Next {
        let more = self.source == Source::Input && self.phase != Phase::Ended;
        self.awaited = None;
        match parser::next(self.rest(), self.line, more) {
            Ok(Some((list, length))) => {
                let taken = self.rest().get(..length).unwrap_or_default();
                self.line += taken.bytes().filter(|byte| *byte == b'\n').count() as u32;
                self.at += length;
                let frame = ListFrame::frame(Arc::new(list), self.tested);
                Next::Push(Frame::Script(self), frame)
            }
            Ok(None) if more => {
                self.line += self.rest().bytes().filter(|byte| *byte == b'\n').count() as u32;
                self.at = self.text.len();
                if core.origin == Origin::Interactive && !core.subshell {
                    self.phase = Phase::Reap;
                    return Next::Call(Frame::Script(self), Syscall::Reap.into());
                }
                self.ask(core)
            }
            Ok(None) => Next::Done(core.state.status),
            Err(ParseError::Incomplete(waiting)) if more => {
                if let Waiting::HereDocument(end) = waiting {
                    self.awaited = Some(end);
                }
                self.ask(core)
            }
            Err(error) => self.refuse(core, error),
        }
    }

    /// A syntax error: a terminal's shell drops what was typed, any other ends.
    fn refuse(mut self, core: &mut Core, error: ParseError) -> Next {
        let (message, offset) = match error {
            ParseError::Incomplete(waiting) => (complete::at_end(&waiting), self.rest().len()),
            ParseError::Syntax(message, offset) => (message, offset),
        };
        let before = self.rest().get(..offset).unwrap_or_default();
        // The end of the text is on the line after its last one.
        let after = u32::from(message.ends_with("end of file") && !before.ends_with('\n'));
        let line = self.line + after + before.bytes().filter(|byte| *byte == b'\n').count() as u32;
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        let shown =
            self.rest().get(start..).unwrap_or_default().lines().next().unwrap_or_default().to_string();
        let name = core.state.name.clone();
        let place = match (core.origin, self.source) {
            (Origin::Interactive, _) => format!("{name}: "),
            (_, Source::Eval) => format!("{name}: eval: line {line}: "),
            (Origin::Command, _) => format!("{name}: -c: line {line}: "),
            (Origin::Script, _) => format!("{name}: line {line}: "),
        };
        let mut text = format!("{place}{message}\n");
        if core.origin != Origin::Interactive && message.contains("unexpected token") {
            text.push_str(&format!("{place}`{shown}'\n"));
        }
        core.write(2, text);
        core.state.status = 2;
        if !self.is_main() {
            return Next::Done(2);
        }
        if core.origin == Origin::Interactive && !core.subshell && self.phase != Phase::Ended {
            self.drop_rest(true);
            return Next::Again(Frame::Script(self));
        }
        Next::Unwind(Unwind::Exit(2))
    }
}
