//! Pipelines: a pipe between each two commands, all of them running at once, then a wait for each.

use super::Sh;
use super::ast::{Command, Pipeline};
use super::flow;
use super::io::Io;
use super::machine::{Core, Frame, Next, Unwind};
use super::simple::SimpleFrame;
use crate::base::{Fd, Instant, Pid};
use crate::process::{Cx, Reply, Stdio, Syscall};
use std::sync::Arc;

/// A pipeline.
#[derive(Debug, Clone)]
pub(super) struct PipelineFrame {
    pipeline: Arc<Pipeline>,
    tested: bool,
    at: usize,
    phase: Phase,
    /// Where descriptors went before.
    before: Option<Io>,
    /// The end of the last pipe that the next command will read.
    input: Option<Fd>,
    /// Ends of pipes that the command being started gets, and that are closed here once it has them.
    handed: Vec<Fd>,
    /// What each command became: a process, or already a status.
    parts: Vec<Result<Pid, i32>>,
    statuses: Vec<i32>,
    began: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    /// A pipeline of one command runs in the shell itself.
    Alone,
    /// Asked for a pipe.
    Pipe,
    /// Asked for a child shell that runs a construct.
    Spawn,
    /// A command runs, or could not be started.
    Launched,
    Wait,
}

impl PipelineFrame {
    pub fn new(pipeline: Arc<Pipeline>, tested: bool) -> PipelineFrame {
        let tested = tested || pipeline.negated;
        PipelineFrame {
            pipeline,
            tested,
            at: 0,
            phase: Phase::Begin,
            before: None,
            input: None,
            handed: Vec::new(),
            parts: Vec::new(),
            statuses: Vec::new(),
            began: None,
        }
    }

    pub fn step(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>, reply: Option<Reply>) -> Next {
        match self.phase {
            Phase::Begin => {
                self.began = self.pipeline.timed.then_some(cx.out.now);
                if let [only] = self.pipeline.commands.as_slice() {
                    let frame = flow::command(only, self.tested);
                    self.phase = Phase::Alone;
                    return Next::Push(Frame::Pipeline(self), frame);
                }
                self.before = Some(core.io.clone());
                self.next_command(core)
            }
            Phase::Alone => self.finish(core, cx, core.state.status),
            Phase::Pipe => match reply {
                Some(Reply::Pair(read, write)) => self.launch(core, Some((read, write))),
                _ => {
                    core.complain("pipe error: Too many open files");
                    self.abandon(core);
                    Next::Unwind(Unwind::Abort(254))
                }
            },
            Phase::Spawn => {
                core.state.status = 254;
                match reply {
                    Some(Reply::Spawned(pid)) => core.launched = Some(pid),
                    Some(Reply::Err(errno)) => core.complain(&format!("fork: {}", errno.words())),
                    _ => {}
                }
                self.launched(core)
            }
            Phase::Launched => self.launched(core),
            Phase::Wait => {
                if let Some(reply) = reply {
                    self.waited(core, &reply);
                }
                self.wait(core, cx)
            }
        }
    }

    fn next_command(mut self: Box<Self>, core: &mut Core) -> Next {
        if self.at + 1 < self.pipeline.commands.len() {
            self.phase = Phase::Pipe;
            return Next::Call(Frame::Pipeline(self), Syscall::Pipe.into());
        }
        self.launch(core, None)
    }

    /// Starts the next command, with its output in a pipe unless it is the last.
    fn launch(mut self: Box<Self>, core: &mut Core, pipe: Option<(Fd, Fd)>) -> Next {
        let mut io = self.before.clone().unwrap_or_else(Io::inherited);
        if let Some(read) = self.input {
            io.set(0, Some(Stdio::From(read)));
        }
        if let Some((_, write)) = pipe {
            io.set(1, Some(Stdio::From(write)));
        }
        self.handed = self.input.into_iter().chain(pipe.map(|(_, write)| write)).collect();
        self.input = pipe.map(|(read, _)| read);
        core.io = io;
        core.launched = None;
        let Some(command) = self.pipeline.commands.get(self.at).cloned() else { return Next::Done(1) };
        self.at += 1;
        match command {
            Command::Simple(simple) => {
                self.phase = Phase::Launched;
                Next::Push(
                    Frame::Pipeline(self),
                    Frame::Simple(Box::new(SimpleFrame::new(simple, Some(false)))),
                )
            }
            command => {
                self.phase = Phase::Spawn;
                let turn = Sh::child(core, flow::command(&command, false), core.io.stdio(), false);
                Next::Call(Frame::Pipeline(self), turn)
            }
        }
    }

    fn launched(mut self: Box<Self>, core: &mut Core) -> Next {
        let part = core.launched.take().ok_or(core.state.status);
        core.children.extend(part.ok());
        self.parts.push(part);
        core.close(self.handed.drain(..));
        if self.at < self.pipeline.commands.len() {
            return self.next_command(core);
        }
        if let Some(io) = self.before.take() {
            core.io = io;
        }
        self.phase = Phase::Wait;
        Next::Again(Frame::Pipeline(self))
    }

    fn wait(mut self: Box<Self>, core: &mut Core, cx: &Cx<'_, '_>) -> Next {
        while let Some(part) = self.parts.get(self.statuses.len()) {
            match part {
                Ok(pid) => {
                    let call = Syscall::Wait(Some(*pid));
                    return Next::Call(Frame::Pipeline(self), call.into());
                }
                Err(status) => self.statuses.push(*status),
            }
        }
        if core.interrupted {
            core.interrupted = false;
            if self.statuses.contains(&130) {
                return Next::Unwind(Unwind::Abort(130));
            }
        }
        let last = self.statuses.last().copied().unwrap_or(0);
        let failed = self.statuses.iter().rev().find(|status| **status != 0).copied();
        let status = if core.state.options.pipefail { failed.unwrap_or(last) } else { last };
        self.finish(core, cx, status)
    }

    fn waited(&mut self, core: &mut Core, reply: &Reply) {
        let status = match reply {
            Reply::Exited(pid, status) => {
                core.children.retain(|child| child != pid);
                *status
            }
            _ => 127,
        };
        self.statuses.push(status);
    }

    fn finish(self, core: &mut Core, cx: &Cx<'_, '_>, status: i32) -> Next {
        if let Some(began) = self.began {
            let took = cx.out.now.since(began).as_millis();
            let (minutes, seconds, millis) = (took / 60_000, took / 1_000 % 60, took % 1_000);
            let real = format!("\nreal\t{minutes}m{seconds}.{millis:03}s\nuser\t0m0.000s\nsys\t0m0.000s\n");
            core.write(2, real);
        }
        let status = if self.pipeline.negated { i32::from(status == 0) } else { status };
        if core.state.options.errexit && !self.tested && status != 0 {
            return Next::Unwind(Unwind::Exit(status));
        }
        Next::Done(status)
    }

    pub fn abandon(self, core: &mut Core) {
        core.close(self.handed);
        core.close(self.input);
        if let Some(io) = self.before {
            core.io = io;
        }
    }
}
