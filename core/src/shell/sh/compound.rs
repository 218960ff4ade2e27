//! Constructs: their redirections around, then what they are.

use super::ast::{Command, Compound, Construct, List, Word};
use super::expand::{Expander, Stop};
use super::flow::{self, ForArithmeticFrame, ForFrame, IfFrame, ListFrame, LoopFrame};
use super::io::{Io, OpenStep, Opener, Opening};
use super::machine::{Core, Frame, Next};
use super::{Sh, arith, test};
use crate::base::{Fd, Pid, Text};
use crate::process::{Cx, Reply, Syscall};
use std::sync::Arc;

/// A construct.
#[derive(Debug, Clone)]
pub(super) struct CompoundFrame {
    compound: Arc<Compound>,
    tested: bool,
    outputs: Vec<String>,
    phase: Phase,
    before: Option<Io>,
    opened: Vec<Fd>,
    status_before: i32,
}

#[derive(Debug, Clone)]
enum Phase {
    /// Words of redirections.
    Expand,
    Open(Opener),
    /// Words of the construct itself.
    Enter,
    Spawn,
    Wait(Pid),
    Inside,
}

impl CompoundFrame {
    pub fn new(compound: Arc<Compound>, tested: bool) -> CompoundFrame {
        CompoundFrame {
            compound,
            tested,
            outputs: Vec::new(),
            phase: Phase::Expand,
            before: None,
            opened: Vec::new(),
            status_before: 0,
        }
    }

    pub fn step(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>, reply: Option<Reply>) -> Next {
        self.outputs.extend(core.substituted.take());
        match &mut self.phase {
            Phase::Expand => self.redirect(core, cx),
            Phase::Open(opener) => {
                let step = opener.step(core, cx, reply);
                self.opening(core, step)
            }
            Phase::Enter => self.enter(core, cx),
            Phase::Spawn => match reply {
                Some(Reply::Spawned(pid)) => {
                    core.children.push(pid);
                    self.phase = Phase::Wait(pid);
                    Next::Call(Frame::Compound(self), Syscall::Wait(Some(pid)).into())
                }
                _ => self.finish(core, 254),
            },
            Phase::Wait(child) => {
                let child = *child;
                core.children.retain(|pid| *pid != child);
                let status = if let Some(Reply::Exited(_, status)) = reply { status } else { 127 };
                self.finish(core, status)
            }
            Phase::Inside => {
                let status = core.state.status;
                self.finish(core, status)
            }
        }
    }

    fn redirect(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        self.status_before = core.state.status;
        if self.compound.redirects.is_empty() {
            self.phase = Phase::Enter;
            return Next::Again(Frame::Compound(self));
        }
        let mut state = core.state.clone();
        let mut expander = Expander::new(&mut state, cx, &self.outputs);
        let openings: Result<Vec<Opening>, Stop> =
            self.compound.redirects.iter().map(|redirect| Opening::expand(redirect, &mut expander)).collect();
        match openings {
            Ok(openings) => {
                core.state = state;
                self.outputs.clear();
                self.phase = Phase::Open(Opener::new(openings, &core.io));
                Next::Again(Frame::Compound(self))
            }
            Err(stop) => flow::stopped(core, Frame::Compound(self), stop),
        }
    }

    fn opening(mut self: Box<Self>, core: &mut Core, step: OpenStep) -> Next {
        if let OpenStep::Call(call) = step {
            return Next::Call(Frame::Compound(self), call.into());
        }
        if let Phase::Open(opener) = &mut self.phase {
            self.opened = std::mem::take(&mut opener.opened);
            if let OpenStep::Done = step {
                self.before = Some(std::mem::replace(&mut core.io, opener.io.clone()));
            }
        }
        if let OpenStep::Failed(message) = step {
            core.state.line = self.compound.line;
            core.complain(&message);
            return self.finish(core, 1);
        }
        self.phase = Phase::Enter;
        Next::Again(Frame::Compound(self))
    }

    fn enter(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        let compound = self.compound.clone();
        let tested = self.tested;
        core.state.status = self.status_before;
        core.state.line = self.compound.line;
        let frame = match &compound.kind {
            Construct::Group(list) => ListFrame::frame(list.clone(), tested),
            Construct::Subshell(list) => {
                self.phase = Phase::Spawn;
                let turn = Sh::child(core, ListFrame::frame(list.clone(), tested), core.io.stdio(), false);
                return Next::Call(Frame::Compound(self), turn);
            }
            Construct::For(name, words, body) => match words {
                None => ForFrame::frame(core, name.clone(), core.state.params.clone(), body.clone(), tested),
                Some(words) => match self.expanded(core, cx, |expander| expander.words(words)) {
                    Ok(words) => ForFrame::frame(core, name.clone(), words.into(), body.clone(), tested),
                    Err(stop) => return flow::stopped(core, Frame::Compound(self), stop),
                },
            },
            Construct::ForArithmetic(parts, body) => {
                ForArithmeticFrame::frame(core, parts, body.clone(), tested)
            }
            Construct::Loop(until, condition, body) => {
                LoopFrame::frame(core, *until, condition.clone(), body.clone(), tested)
            }
            Construct::If(arms, otherwise) => IfFrame::frame(arms.clone(), otherwise.clone(), tested),
            Construct::Case(word, arms) => {
                match self.expanded(core, cx, |expander| chosen(expander, word, arms)) {
                    Ok(Some(body)) => ListFrame::frame(body, tested),
                    Ok(None) => return self.finish(core, 0),
                    Err(stop) => return flow::stopped(core, Frame::Compound(self), stop),
                }
            }
            Construct::Function(name, body) => return self.define(core, name, body),
            Construct::Test(condition) => {
                let held = self.expanded(core, cx, |expander| test::condition(condition, expander));
                return self.decided(core, held, "");
            }
            Construct::Arithmetic(word) => {
                let held = self.expanded(core, cx, |expander| {
                    let text = expander.text(word)?;
                    let value = arith::evaluate(&text, expander.state);
                    value.map(|value| value != 0).map_err(|message| Stop::Error(format!("((: {message}")))
                });
                return self.decided(core, held, "");
            }
        };
        self.phase = Phase::Inside;
        Next::Push(Frame::Compound(self), frame)
    }

    /// Expands with what substitutions printed so far; the state changes only when it succeeds.
    fn expanded<T>(
        &mut self,
        core: &mut Core,
        cx: &mut Cx<'_, '_>,
        expand: impl FnOnce(&mut Expander<'_, '_, '_, '_>) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let mut state = core.state.clone();
        let result = expand(&mut Expander::new(&mut state, cx, &self.outputs));
        if result.is_ok() {
            core.state = state;
        }
        result
    }

    fn decided(self: Box<Self>, core: &mut Core, held: Result<bool, Stop>, _what: &str) -> Next {
        match held {
            Ok(held) => self.finish(core, i32::from(!held)),
            Err(Stop::Error(message)) => {
                core.complain(&message);
                let status = if message.starts_with("((") { 1 } else { 2 };
                self.finish(core, status)
            }
            Err(stop) => flow::stopped(core, Frame::Compound(self), stop),
        }
    }

    fn define(self: Box<Self>, core: &mut Core, name: &Text, body: &Command) -> Next {
        Arc::make_mut(&mut core.state.functions).insert(name.clone(), body.clone());
        self.finish(core, 0)
    }

    fn finish(self: Box<Self>, core: &mut Core, status: i32) -> Next {
        let interrupted = core.interrupted && status == 130;
        self.abandon(core);
        if interrupted {
            core.interrupted = false;
            return Next::Unwind(super::machine::Unwind::Abort(130));
        }
        Next::Done(status)
    }

    pub fn abandon(self, core: &mut Core) {
        if let Phase::Open(opener) = self.phase {
            core.close(opener.opened);
        }
        core.close(self.opened);
        if let Some(io) = self.before {
            core.io = io;
        }
    }
}

/// The body of the first arm that matches.
fn chosen(
    expander: &mut Expander<'_, '_, '_, '_>,
    word: &Word,
    arms: &[(Vec<Word>, Arc<List>)],
) -> Result<Option<Arc<List>>, Stop> {
    let value = expander.text(word)?;
    for (patterns, body) in arms {
        for pattern in patterns {
            if expander.pattern(pattern)?.matches(&value) {
                return Ok(Some(body.clone()));
            }
        }
    }
    Ok(None)
}
