//! `$(...)`: a child shell that writes into a pipe, which is read to its end.

use super::Sh;
use super::ast::List;
use super::flow::ListFrame;
use super::machine::{Core, Frame, Next, Unwind};
use super::state::State;
use crate::base::{Fd, Pid};
use crate::process::{Reply, Stdio, Syscall};
use std::sync::Arc;

/// The most bytes that a substitution may print.
const MAX_OUTPUT: usize = 1 << 22;
/// How much is read at once.
const CHUNK: u32 = 1 << 16;

/// A command substitution.
#[derive(Debug, Clone)]
pub(super) struct Substitution {
    list: Arc<List>,
    state: Box<State>,
    phase: Phase,
    read: Option<Fd>,
    write: Option<Fd>,
    child: Option<Pid>,
    output: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Pipe,
    Spawn,
    Read,
    Wait,
}

impl Substitution {
    /// Runs a list with variables as they are at that point of the expansion.
    pub fn new(list: Arc<List>, state: State) -> Substitution {
        Substitution {
            list,
            state: Box::new(state),
            phase: Phase::Begin,
            read: None,
            write: None,
            child: None,
            output: Vec::new(),
        }
    }

    pub fn step(mut self, core: &mut Core, reply: Option<Reply>) -> Next {
        match (self.phase, reply) {
            (Phase::Begin, _) => {
                self.phase = Phase::Pipe;
                Next::Call(Frame::Substitution(self), Syscall::Pipe.into())
            }
            (Phase::Pipe, Some(Reply::Pair(read, write))) => {
                (self.read, self.write) = (Some(read), Some(write));
                self.phase = Phase::Spawn;
                let mut stdio = core.io.stdio();
                stdio[1] = Stdio::From(write);
                let mut child = core.clone();
                child.state = (*self.state).clone();
                let turn = Sh::child(&child, ListFrame::frame(self.list.clone(), false), stdio, false);
                Next::Call(Frame::Substitution(self), turn)
            }
            (Phase::Spawn, Some(Reply::Spawned(pid))) => {
                core.children.push(pid);
                self.child = Some(pid);
                core.close(self.write.take());
                self.read(core)
            }
            (Phase::Read, Some(Reply::Data(bytes)))
                if !bytes.is_empty() && self.output.len() < MAX_OUTPUT =>
            {
                self.output.extend_from_slice(&bytes);
                self.read(core)
            }
            (Phase::Read, _) => {
                core.close(self.read.take());
                self.phase = Phase::Wait;
                let call = Syscall::Wait(self.child);
                Next::Call(Frame::Substitution(self), call.into())
            }
            (Phase::Wait, Some(Reply::Exited(pid, status))) => {
                core.children.retain(|child| *child != pid);
                self.done(core, status)
            }
            (Phase::Wait, _) => self.done(core, 127),
            (Phase::Pipe | Phase::Spawn, reply) => {
                if let Some(Reply::Err(errno)) = reply {
                    core.complain(&format!(
                        "cannot make process for command substitution: {}",
                        errno.words()
                    ));
                }
                self.abandon(core);
                Next::Unwind(Unwind::Abort(254))
            }
        }
    }

    fn read(mut self, _core: &mut Core) -> Next {
        self.phase = Phase::Read;
        let fd = self.read.unwrap_or_default();
        Next::Call(Frame::Substitution(self), Syscall::Read(fd, CHUNK).into())
    }

    fn done(self, core: &mut Core, status: i32) -> Next {
        if core.interrupted {
            core.interrupted = false;
            if status == 130 {
                return Next::Unwind(Unwind::Abort(130));
            }
        }
        let text = String::from_utf8_lossy(&self.output).replace('\0', "");
        core.substituted = Some(text.trim_end_matches('\n').to_string());
        core.substituted_status = Some(status);
        Next::Done(status)
    }

    pub fn abandon(self, core: &mut Core) {
        core.close(self.read);
        core.close(self.write);
    }
}
