//! Where the shell's descriptors go, and redirections that change it.

use super::ast::{Redirect, Target};
use super::expand::{Expander, Stop};
use super::machine::Core;
use crate::base::Fd;
use crate::process::{Cx, OpenMode, Reply, Stdio, Syscall};
use crate::shell::paths;
use bytes::Bytes;
use std::collections::VecDeque;

/// Descriptors as commands number them, and what they are to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Io {
    ends: [Option<Stdio>; 10],
}

impl Io {
    /// 0, 1 and 2 as the process got them.
    pub fn inherited() -> Io {
        let mut ends = [None; 10];
        for (n, end) in ends.iter_mut().enumerate().take(3) {
            *end = Some(Stdio::From(Fd(n as u32)));
        }
        Io { ends }
    }

    /// What a number goes to; `None` when it is closed.
    pub fn get(&self, n: u32) -> Option<Stdio> {
        self.ends.get(n as usize).copied().flatten()
    }

    /// The kernel's descriptor of a number.
    pub fn fd(&self, n: u32) -> Option<Fd> {
        match self.get(n) {
            Some(Stdio::From(fd)) => Some(fd),
            Some(Stdio::Null) | None => None,
        }
    }

    /// Sends a number elsewhere.
    pub fn set(&mut self, n: u32, end: Option<Stdio>) {
        if let Some(slot) = self.ends.get_mut(n as usize) {
            *slot = end;
        }
    }

    /// What a child gets.
    pub fn stdio(&self) -> [Stdio; 3] {
        [0, 1, 2].map(|n| self.get(n).unwrap_or(Stdio::Null))
    }
}

/// A redirection whose words are expanded.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    fd: u32,
    to: To,
}

#[derive(Debug, Clone)]
enum To {
    File(String, OpenMode),
    Copy(String),
    Text(Bytes),
}

impl Opening {
    /// Expands a redirection's words.
    pub fn expand(redirect: &Redirect, expander: &mut Expander<'_, '_, '_, '_>) -> Result<Opening, Stop> {
        let to = match &redirect.to {
            Target::Read(word) => To::File(expander.text(word)?, OpenMode::Read),
            Target::Write(word) | Target::Both(word, false) => {
                To::File(expander.text(word)?, OpenMode::Truncate)
            }
            Target::Append(word) | Target::Both(word, true) => {
                To::File(expander.text(word)?, OpenMode::Append)
            }
            Target::Copy(word) => To::Copy(expander.text(word)?),
            Target::Text(word) => To::Text(expander.text(word)?.into()),
        };
        Ok(Opening { fd: redirect.fd, to })
    }
}

/// Carries out redirections, one call after the other.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    todo: VecDeque<Opening>,
    /// Where descriptors will go.
    pub io: Io,
    /// What was opened, to be closed in the end.
    pub opened: Vec<Fd>,
    document: bool,
}

/// How far redirections are.
#[derive(Debug)]
pub(super) enum OpenStep {
    Call(Syscall),
    Done,
    Failed(String),
}

impl Opener {
    /// Redirections to be carried out.
    pub fn new(todo: Vec<Opening>, io: &Io) -> Opener {
        Opener { todo: todo.into(), io: io.clone(), opened: Vec::new(), document: false }
    }

    /// Goes on, with the reply to its call.
    pub fn step(&mut self, core: &mut Core, cx: &Cx<'_, '_>, reply: Option<Reply>) -> OpenStep {
        if let Some(reply) = reply
            && let Some(step) = self.answered(core, cx, reply)
        {
            return step;
        }
        while let Some(opening) = self.todo.front() {
            let fd = opening.fd;
            match &opening.to {
                To::Copy(from) => {
                    let end = if from == "-" { None } else { from.parse().ok().and_then(|n| self.io.get(n)) };
                    if end.is_none() && from != "-" {
                        return OpenStep::Failed(format!("{from}: Bad file descriptor"));
                    }
                    self.io.set(fd, end);
                }
                To::Text(_) => {
                    return OpenStep::Call(Syscall::Open(document_path(cx).into(), OpenMode::Truncate));
                }
                To::File(path, mode) => match self.special(path) {
                    Some(end) => self.io.set(fd, end),
                    None => return self.open(path, *mode, core, cx),
                },
            }
            self.todo.pop_front();
        }
        OpenStep::Done
    }

    /// Files of `/dev` that are no files.
    fn special(&self, path: &str) -> Option<Option<Stdio>> {
        Some(match path {
            "/dev/null" => Some(Stdio::Null),
            "/dev/stdin" => self.io.get(0),
            "/dev/stdout" => self.io.get(1),
            "/dev/stderr" => self.io.get(2),
            _ => return None,
        })
    }

    fn open(&self, path: &str, mode: OpenMode, core: &Core, cx: &Cx<'_, '_>) -> OpenStep {
        let absolute = paths::absolute(core.state.cwd(), path);
        if path.is_empty() {
            return OpenStep::Failed(": No such file or directory".into());
        }
        if mode != OpenMode::Read && (path.ends_with('/') || paths::is_directory(cx.files, &absolute)) {
            return OpenStep::Failed(format!("{path}: Is a directory"));
        }
        if mode != OpenMode::Read && !paths::is_directory(cx.files, paths::parent(&absolute)) {
            return OpenStep::Failed(format!("{path}: No such file or directory"));
        }
        OpenStep::Call(Syscall::Open(absolute.into(), mode))
    }

    fn answered(&mut self, core: &mut Core, cx: &Cx<'_, '_>, reply: Reply) -> Option<OpenStep> {
        let opening = self.todo.front()?;
        let (fd, name) = match (&opening.to, reply) {
            (_, Reply::Fd(opened)) => (opened, None),
            (To::File(path, _), Reply::Err(errno)) => (Fd(0), Some(format!("{path}: {}", errno.words()))),
            (_, Reply::Err(errno)) => {
                (Fd(0), Some(format!("cannot create temp file for here-document: {}", errno.words())))
            }
            _ => return None,
        };
        if let Some(message) = name {
            return Some(OpenStep::Failed(message));
        }
        if let To::Text(body) = &opening.to {
            // Written to a file, as bash does for long ones: a pipe would have to be read while it is written.
            if !self.document {
                self.document = true;
                if !body.is_empty() {
                    core.queue.push_back(Syscall::Write(fd, body.clone()));
                }
                core.queue.push_back(Syscall::Close(fd));
                return Some(OpenStep::Call(Syscall::Open(document_path(cx).into(), OpenMode::Read)));
            }
            self.document = false;
            core.queue.push_back(Syscall::Unlink(document_path(cx).into()));
        }
        self.opened.push(fd);
        self.io.set(opening.fd, Some(Stdio::From(fd)));
        self.todo.pop_front();
        None
    }
}

fn document_path(cx: &Cx<'_, '_>) -> String {
    format!("/tmp/sh-thd.{}", cx.pid.0)
}
