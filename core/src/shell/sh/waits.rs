//! Builtins that wait: `wait`, `read`, `kill`, `jobs`.

use super::machine::{Core, Frame, Next, Origin, Unwind};
use crate::base::{Duration, Pid, Text};
use crate::process::{Errno, Reply, Signal, Syscall};
use std::collections::VecDeque;

/// What is waited for.
#[derive(Debug, Clone)]
pub(super) enum WaitFrame {
    /// The ends of children; the status of the last one counts if it was named.
    Children { todo: VecDeque<Pid>, named: bool, status: i32, asked: bool },
    /// A line.
    Line(Box<ReadLine>),
    /// Replies to signals.
    Signals { todo: VecDeque<(Pid, Signal, Text)>, status: i32, asked: Option<Text> },
    /// Which jobs ended, to print them all.
    Jobs { asked: bool },
}

/// A `read` that waits.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadLine {
    /// The variables that take the fields.
    pub names: Vec<Text>,
    /// Whether a backslash is only a backslash.
    pub raw: bool,
    /// `-t`
    pub timeout: Option<Duration>,
    /// `-n`
    pub count: Option<u32>,
    /// What was read before a continued line.
    pub before: String,
    /// Whether it asked.
    pub asked: bool,
}

impl WaitFrame {
    /// Whether Ctrl-C ends it.
    pub fn step(self, core: &mut Core, reply: Option<Reply>) -> Next {
        match self {
            WaitFrame::Children { todo, named, status, asked } => {
                children(core, reply, todo, named, status, asked)
            }
            WaitFrame::Line(read) => read.step(core, reply),
            WaitFrame::Signals { todo, status, asked } => signals(core, reply, todo, status, asked),
            WaitFrame::Jobs { asked: false } => {
                Next::Call(Frame::Wait(WaitFrame::Jobs { asked: true }), Syscall::Reap.into())
            }
            WaitFrame::Jobs { asked: true } => match reply {
                Some(Reply::Exited(pid, status)) => {
                    ended(core, pid, status);
                    Next::Call(Frame::Wait(self), Syscall::Reap.into())
                }
                _ => {
                    let report = core.jobs.report(false);
                    core.write(1, report);
                    Next::Done(0)
                }
            },
        }
    }
}

fn ended(core: &mut Core, pid: Pid, status: i32) {
    core.jobs.ended(pid, status);
    core.children.retain(|child| *child != pid);
}

fn children(
    core: &mut Core,
    reply: Option<Reply>,
    mut todo: VecDeque<Pid>,
    named: bool,
    mut status: i32,
    asked: bool,
) -> Next {
    if asked && let Some(pid) = todo.pop_front() {
        match reply {
            Some(Reply::Exited(_, code)) => {
                ended(core, pid, code);
                status = code;
            }
            _ if named => {
                core.complain(&format!("wait: pid {} is not a child of this shell", pid.0));
                status = 127;
            }
            _ => {}
        }
        if core.origin != Origin::Interactive || named {
            core.jobs.forget(pid);
        }
    }
    while let Some(pid) = todo.front().copied() {
        let known = core.jobs.iter().find(|job| job.pid == pid).and_then(|job| job.ended);
        if let Some(known) = known {
            status = known;
            core.jobs.forget(pid);
            todo.pop_front();
            continue;
        }
        let frame = WaitFrame::Children { todo, named, status, asked: true };
        return Next::Call(Frame::Wait(frame), Syscall::Wait(Some(pid)).into());
    }
    Next::Done(if named { status } else { 0 })
}

fn signals(
    core: &mut Core,
    reply: Option<Reply>,
    mut todo: VecDeque<(Pid, Signal, Text)>,
    mut status: i32,
    asked: Option<Text>,
) -> Next {
    if let (Some(name), Some(Reply::Err(errno))) = (asked, reply) {
        let what = if errno == Errno::Esrch { "No such process" } else { errno.words() };
        core.complain(&format!("kill: ({name}) - {what}"));
        status = 1;
    }
    match todo.pop_front() {
        Some((pid, signal, name)) => {
            let frame = WaitFrame::Signals { todo, status, asked: Some(name) };
            Next::Call(Frame::Wait(frame), Syscall::Kill(pid, signal).into())
        }
        None => Next::Done(status),
    }
}

impl ReadLine {
    fn step(mut self: Box<Self>, core: &mut Core, reply: Option<Reply>) -> Next {
        if !self.asked {
            return self.ask(core);
        }
        let bytes = match reply {
            Some(Reply::Data(bytes)) => bytes,
            Some(Reply::Err(Errno::Etimedout)) => return Next::Done(142),
            Some(Reply::Err(errno)) => {
                core.complain(&format!("read: read error: 0: {}", errno.words()));
                return Next::Done(1);
            }
            _ => return Next::Done(1),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.ends_with('\n') || self.count.is_some() && !text.is_empty();
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let continued = !self.raw && (line.len() - line.trim_end_matches('\\').len()) % 2 == 1;
        if continued && whole {
            self.before.push_str(line.get(..line.len() - 1).unwrap_or_default());
            return self.ask(core);
        }
        let line = std::mem::take(&mut self.before) + line;
        self.assign(core, &line);
        Next::Done(i32::from(!whole))
    }

    fn ask(mut self: Box<Self>, core: &mut Core) -> Next {
        self.asked = true;
        let Some(fd) = core.io.fd(0) else {
            self.assign(core, "");
            return Next::Done(1);
        };
        let call = match (self.count, self.timeout) {
            (Some(count), None) => Syscall::Read(fd, count),
            (count, Some(timeout)) => Syscall::ReadTimeout(fd, count.unwrap_or(4_096), timeout),
            (None, None) => Syscall::ReadLine(fd),
        };
        Next::Call(Frame::Wait(WaitFrame::Line(self)), call.into())
    }

    /// The line's fields to the variables; the last one takes the rest.
    fn assign(&self, core: &mut Core, line: &str) {
        if self.names.is_empty() {
            core.state.set("REPLY", unescape(line, self.raw));
            return;
        }
        let ifs = core.state.ifs();
        let blanks: String = ifs.chars().filter(|c| matches!(c, ' ' | '\t' | '\n')).collect();
        let mut rest = line.trim_start_matches(|c| blanks.contains(c));
        for (n, name) in self.names.iter().enumerate() {
            let last = n + 1 == self.names.len();
            let length = if last { rest.len() } else { field_length(rest, &ifs, self.raw) };
            let (field, after) = rest.split_at(length);
            let field = if last { field.trim_end_matches(|c| blanks.contains(c)) } else { field };
            core.state.set(name, unescape(field, self.raw));
            let after = after.trim_start_matches(|c| blanks.contains(c));
            let separator = after.chars().next().filter(|c| ifs.contains(*c));
            rest = after.get(separator.map_or(0, char::len_utf8)..).unwrap_or_default();
            rest = rest.trim_start_matches(|c| blanks.contains(c));
        }
    }
}

fn field_length(text: &str, ifs: &str, raw: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && ifs.contains(c) {
            return at;
        }
        escaped = !raw && c == '\\' && !escaped;
    }
    text.len()
}

fn unescape(text: &str, raw: bool) -> String {
    if raw {
        return text.to_string();
    }
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// A signal by name or number, as `kill` takes it.
pub fn signal(name: &str) -> Option<Signal> {
    Some(match name.strip_prefix("SIG").unwrap_or(name) {
        "INT" | "2" => Signal::Int,
        "KILL" | "9" => Signal::Kill,
        "PIPE" | "13" => Signal::Pipe,
        "TERM" | "15" => Signal::Term,
        _ => return None,
    })
}

/// Leaving a wait because of Ctrl-C.
pub(super) const INTERRUPTED: Unwind = Unwind::Abort(130);
