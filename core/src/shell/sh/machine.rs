//! The shell's stack: what a frame is, what it may answer, and what all frames share. Knows no grammar.

use super::call::Call;
use super::compound::CompoundFrame;
use super::flow::{AndOrFrame, ForArithmeticFrame, ForFrame, IfFrame, ListFrame, LoopFrame};
use super::io::Io;
use super::jobs::Jobs;
use super::pipeline::PipelineFrame;
use super::script::Script;
use super::simple::SimpleFrame;
use super::state::{State, Var};
use super::substitution::Substitution;
use super::waits::WaitFrame;
use crate::base::{Fd, Pid, Text};
use crate::process::{Cx, Reply, Syscall, Turn};
use crate::shell::Programs;
use bytes::Bytes;
use std::collections::VecDeque;

/// A construct that is being carried out.
#[derive(Debug, Clone)]
pub(super) enum Frame {
    Script(Script),
    List(ListFrame),
    AndOr(AndOrFrame),
    Pipeline(Box<PipelineFrame>),
    Simple(Box<SimpleFrame>),
    Compound(Box<CompoundFrame>),
    For(ForFrame),
    ForArithmetic(ForArithmeticFrame),
    Loop(LoopFrame),
    If(IfFrame),
    Substitution(Substitution),
    Call(Call),
    Wait(WaitFrame),
}

/// What a frame does next.
#[derive(Debug)]
pub(super) enum Next {
    /// It goes on at once.
    Again(Frame),
    /// It makes a call, and goes on with the reply.
    Call(Frame, Turn<Programs>),
    /// It goes on when another frame is done.
    Push(Frame, Frame),
    /// Another frame takes its place.
    Replace(Frame),
    /// It is done, with this exit status.
    Done(i32),
    /// It leaves frames below it.
    Unwind(Unwind),
}

/// Leaving frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwind {
    /// `break n`
    Break(u32),
    /// `continue n`
    Continue(u32),
    /// `return n`
    Return(i32),
    /// The command line is given up, with this status: an expansion failed, or Ctrl-C.
    Abort(i32),
    /// The shell ends.
    Exit(i32),
}

/// How a shell came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A terminal's shell.
    Interactive,
    /// `sh -c`
    Command,
    /// `sh file`, or a script on standard input.
    Script,
}

/// What all frames share.
#[derive(Debug, Clone)]
pub(super) struct Core {
    pub state: State,
    /// Where descriptors go.
    pub io: Io,
    /// Calls whose replies no one waits for; made before anything else.
    pub queue: VecDeque<Syscall>,
    pub jobs: Jobs,
    pub origin: Origin,
    /// Whether this is a clone that a pipeline, `( )`, `&` or `$( )` made.
    pub subshell: bool,
    /// What the last substitution printed.
    pub substituted: Option<String>,
    /// The status of the last substitution of a command.
    pub substituted_status: Option<i32>,
    /// What the last detached command became: a process, or nothing.
    pub launched: Option<Pid>,
    /// Whether Ctrl-C came while a child ran.
    pub interrupted: bool,
    /// Loops around the present command.
    pub loops: u32,
    /// What `local` hid, one list for each function that runs.
    pub locals: Vec<Vec<(Text, Option<Var>)>>,
    /// Children that run.
    pub children: Vec<Pid>,
    /// `trap ... EXIT`
    pub exit_trap: Option<Text>,
}

impl Core {
    /// Writes to a descriptor, without waiting for the reply.
    pub fn write(&mut self, fd: u32, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if let Some(fd) = self.io.fd(fd)
            && !bytes.is_empty()
        {
            self.queue.push_back(Syscall::Write(fd, bytes));
        }
    }

    /// Closes descriptors.
    pub fn close(&mut self, fds: impl IntoIterator<Item = Fd>) {
        self.queue.extend(fds.into_iter().map(Syscall::Close));
    }

    /// An error message on standard error: with the shell's name, and with the line when it runs a script.
    pub fn complain(&mut self, message: &str) {
        let name = self.state.name.clone();
        let line = self.state.line;
        match self.origin {
            Origin::Interactive => self.write(2, format!("{name}: {message}\n")),
            Origin::Command | Origin::Script => self.write(2, format!("{name}: line {line}: {message}\n")),
        }
    }

    /// Sets variables for a while; gives back what they were.
    pub fn set_for_a_while(&mut self, assignments: &[(Text, Text)]) -> Vec<(Text, Option<Var>)> {
        let before = |name: &Text| (name.clone(), self.state.var(name).cloned());
        let saved = assignments.iter().map(|(name, _)| before(name)).collect();
        for (name, value) in assignments {
            self.state.set(name, value.clone());
            self.state.export(name);
        }
        saved
    }

    /// Puts variables back.
    pub fn restore(&mut self, saved: Vec<(Text, Option<Var>)>) {
        for (name, var) in saved.into_iter().rev() {
            self.state.restore(&name, var);
        }
    }
}

impl Frame {
    /// Goes on, with the reply to its call if it made one.
    pub fn step(self, core: &mut Core, cx: &mut Cx<'_, '_>, reply: Option<Reply>) -> Next {
        match self {
            Frame::Script(frame) => frame.step(core, reply),
            Frame::List(frame) => frame.step(core, reply),
            Frame::AndOr(frame) => frame.step(core),
            Frame::Pipeline(frame) => frame.step(core, cx, reply),
            Frame::Simple(frame) => frame.step(core, cx, reply),
            Frame::Compound(frame) => frame.step(core, cx, reply),
            Frame::For(frame) => frame.step(core, cx),
            Frame::ForArithmetic(frame) => frame.step(core, cx),
            Frame::Loop(frame) => frame.step(core),
            Frame::If(frame) => frame.step(core),
            Frame::Substitution(frame) => frame.step(core, reply),
            Frame::Call(frame) => frame.step(core),
            Frame::Wait(frame) => frame.step(core, reply),
        }
    }

    /// Undoes what the frame set up, when it is left early.
    pub fn abandon(self, core: &mut Core) {
        match self {
            Frame::Pipeline(frame) => frame.abandon(core),
            Frame::Simple(frame) => frame.abandon(core),
            Frame::Compound(frame) => frame.abandon(core),
            Frame::Substitution(frame) => frame.abandon(core),
            Frame::Call(frame) => frame.abandon(core),
            Frame::For(_) | Frame::ForArithmetic(_) | Frame::Loop(_) => {
                core.loops = core.loops.saturating_sub(1)
            }
            Frame::Script(_) | Frame::List(_) | Frame::AndOr(_) | Frame::If(_) | Frame::Wait(_) => {}
        }
    }

    /// Whether `break` and `continue` count it.
    pub fn is_loop(&self) -> bool {
        matches!(self, Frame::For(_) | Frame::ForArithmetic(_) | Frame::Loop(_))
    }
}
