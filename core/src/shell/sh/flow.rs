//! Lists, `&&` and `||`, `if`, and the loops.

use super::ast::{AndOr, Command, Connector, Item, List, Word};
use super::compound::CompoundFrame;
use super::expand::{Expander, Stop};
use super::jobs;
use super::machine::{Core, Frame, Next, Origin, Unwind};
use super::pipeline::PipelineFrame;
use super::simple::SimpleFrame;
use super::state::State;
use super::substitution::Substitution;
use super::{Sh, arith};
use crate::base::Text;
use crate::process::{Cx, Reply};
use std::sync::Arc;

/// The frame of a command. `tested`: its failure is looked at, so `set -e` leaves it alone.
pub(super) fn command(command: &Command, tested: bool) -> Frame {
    match command {
        Command::Simple(simple) => {
            Frame::Simple(Box::new(SimpleFrame::new(simple.clone(), None).tested(tested)))
        }
        Command::Compound(compound) => {
            Frame::Compound(Box::new(CompoundFrame::new(compound.clone(), tested)))
        }
    }
}

/// Commands in a row.
#[derive(Debug, Clone)]
pub(super) struct ListFrame {
    list: Arc<List>,
    at: usize,
    tested: bool,
    starting: bool,
}

impl ListFrame {
    /// A list from its first command.
    pub fn frame(list: Arc<List>, tested: bool) -> Frame {
        Frame::List(ListFrame { list, at: 0, tested, starting: false })
    }

    pub fn step(mut self, core: &mut Core, reply: Option<Reply>) -> Next {
        if self.starting {
            self.starting = false;
            self.at += 1;
            if let Some(Reply::Err(errno)) = reply {
                core.complain(&format!("fork: retry: {}", errno.words()));
                core.state.status = 254;
            }
            if let Some(Reply::Spawned(pid)) = reply {
                core.launched = Some(pid);
            }
            self.started(core);
        }
        let Some(item) = self.list.items.get(self.at) else { return Next::Done(core.state.status) };
        if !item.background {
            let frame = Frame::AndOr(AndOrFrame { and_or: item.and_or.clone(), at: 0, tested: self.tested });
            self.at += 1;
            return Next::Push(Frame::List(self), frame);
        }
        let item = item.clone();
        self.starting = true;
        core.launched = None;
        match alone(&item) {
            Some(simple) => {
                let frame = SimpleFrame::new(simple, Some(true));
                Next::Push(Frame::List(self), Frame::Simple(Box::new(frame)))
            }
            None => {
                let frame = Frame::AndOr(AndOrFrame { and_or: item.and_or, at: 0, tested: false });
                let turn = Sh::child(core, frame, core.io.stdio(), true);
                Next::Call(Frame::List(self), turn)
            }
        }
    }

    fn started(&mut self, core: &mut Core) {
        let Some(pid) = core.launched.take() else { return };
        let text = self.list.items.get(self.at - 1).map_or("", |item| &item.text).into();
        core.children.push(pid);
        core.state.last_background = Some(pid);
        core.state.status = 0;
        let number = core.jobs.add(pid, text);
        if core.origin == Origin::Interactive && !core.subshell {
            core.write(2, jobs::started(number, pid));
        }
    }
}

/// The only command of an item, if it is a simple one: then the job is the command itself, and not a shell around it.
fn alone(item: &Item) -> Option<Arc<super::ast::Simple>> {
    let pipeline = &item.and_or.first;
    match pipeline.commands.as_slice() {
        [Command::Simple(simple)] if item.and_or.rest.is_empty() && !pipeline.negated && !pipeline.timed => {
            Some(simple.clone())
        }
        _ => None,
    }
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone)]
pub(super) struct AndOrFrame {
    and_or: Arc<AndOr>,
    at: usize,
    tested: bool,
}

impl AndOrFrame {
    pub fn step(mut self, core: &mut Core) -> Next {
        let and_or = self.and_or.clone();
        let last = self.at >= and_or.rest.len();
        let pipeline = match self.at.checked_sub(1).map(|n| and_or.rest.get(n)) {
            None => &and_or.first,
            Some(None) => return Next::Done(core.state.status),
            Some(Some((connector, pipeline))) => {
                let wanted = (*connector == Connector::And) == (core.state.status == 0);
                if !wanted {
                    self.at += 1;
                    return Next::Again(Frame::AndOr(self));
                }
                pipeline
            }
        };
        self.at += 1;
        let frame = PipelineFrame::new(pipeline.clone(), self.tested || !last);
        Next::Push(Frame::AndOr(self), Frame::Pipeline(Box::new(frame)))
    }
}

/// `if`
#[derive(Debug, Clone)]
pub(super) struct IfFrame {
    pub arms: Vec<(Arc<List>, Arc<List>)>,
    pub otherwise: Option<Arc<List>>,
    pub tested: bool,
    at: usize,
}

impl IfFrame {
    pub fn frame(arms: Vec<(Arc<List>, Arc<List>)>, otherwise: Option<Arc<List>>, tested: bool) -> Frame {
        Frame::If(IfFrame { arms, otherwise, tested, at: 0 })
    }

    pub fn step(mut self, core: &mut Core) -> Next {
        let held = self.at.checked_sub(1).and_then(|n| self.arms.get(n)).filter(|_| core.state.status == 0);
        if let Some((_, body)) = held {
            return Next::Replace(ListFrame::frame(body.clone(), self.tested));
        }
        if let Some((condition, _)) = self.arms.get(self.at) {
            let frame = ListFrame::frame(condition.clone(), true);
            self.at += 1;
            return Next::Push(Frame::If(self), frame);
        }
        match self.otherwise {
            Some(list) => Next::Replace(ListFrame::frame(list, self.tested)),
            None => Next::Done(0),
        }
    }
}

/// `while` and `until`
#[derive(Debug, Clone)]
pub(super) struct LoopFrame {
    until: bool,
    condition: Arc<List>,
    body: Arc<List>,
    tested: bool,
    asked: bool,
    ran: bool,
    status: i32,
}

impl LoopFrame {
    pub fn frame(core: &mut Core, until: bool, condition: Arc<List>, body: Arc<List>, tested: bool) -> Frame {
        core.loops += 1;
        Frame::Loop(LoopFrame { until, condition, body, tested, asked: false, ran: false, status: 0 })
    }

    pub fn step(mut self, core: &mut Core) -> Next {
        if !self.asked {
            self.asked = true;
            if self.ran {
                self.status = core.state.status;
            }
            let frame = ListFrame::frame(self.condition.clone(), true);
            return Next::Push(Frame::Loop(self), frame);
        }
        if (core.state.status == 0) == self.until {
            core.loops = core.loops.saturating_sub(1);
            return Next::Done(self.status);
        }
        self.asked = false;
        self.ran = true;
        let frame = ListFrame::frame(self.body.clone(), self.tested);
        Next::Push(Frame::Loop(self), frame)
    }
}

/// `for name in words`
#[derive(Debug, Clone)]
pub(super) struct ForFrame {
    name: Text,
    words: Arc<[Text]>,
    at: usize,
    body: Arc<List>,
    tested: bool,
}

impl ForFrame {
    pub fn frame(core: &mut Core, name: Text, words: Arc<[Text]>, body: Arc<List>, tested: bool) -> Frame {
        core.loops += 1;
        core.state.status = 0;
        Frame::For(ForFrame { name, words, at: 0, body, tested })
    }

    pub fn step(mut self, core: &mut Core, _cx: &mut Cx<'_, '_>) -> Next {
        let Some(word) = self.words.get(self.at) else {
            core.loops = core.loops.saturating_sub(1);
            return Next::Done(core.state.status);
        };
        self.at += 1;
        if !core.state.set(&self.name, word.clone()) {
            core.complain(&format!("{}: readonly variable", self.name));
            core.loops = core.loops.saturating_sub(1);
            return Next::Done(1);
        }
        let frame = ListFrame::frame(self.body.clone(), self.tested);
        Next::Push(Frame::For(self), frame)
    }
}

/// `for ((first; while; then))`
#[derive(Debug, Clone)]
pub(super) struct ForArithmeticFrame {
    parts: Arc<[Word; 3]>,
    body: Arc<List>,
    tested: bool,
    started: bool,
}

impl ForArithmeticFrame {
    pub fn frame(core: &mut Core, parts: &[Word; 3], body: Arc<List>, tested: bool) -> Frame {
        core.loops += 1;
        Frame::ForArithmetic(ForArithmeticFrame {
            parts: Arc::new(parts.clone()),
            body,
            tested,
            started: false,
        })
    }

    pub fn step(mut self, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        let [first, condition, then] = &*self.parts;
        let before = if self.started { then } else { first };
        let held = number(before, &mut core.state, cx).and_then(|_| match condition.parts.is_empty() {
            true => Ok(1),
            false => number(condition, &mut core.state, cx),
        });
        self.started = true;
        match held {
            Ok(0) => {}
            Ok(_) => {
                let frame = ListFrame::frame(self.body.clone(), self.tested);
                return Next::Push(Frame::ForArithmetic(self), frame);
            }
            Err(message) => {
                core.complain(&format!("((: {message}"));
                core.state.status = 1;
            }
        }
        core.loops = core.loops.saturating_sub(1);
        Next::Done(core.state.status)
    }
}

/// The value of an arithmetic word without substitutions.
fn number(word: &Word, state: &mut State, cx: &mut Cx<'_, '_>) -> Result<i64, String> {
    let text = match Expander::new(state, cx, &[]).text(word) {
        Ok(text) => text,
        Err(Stop::Substitution(..)) => return Err("command substitution: not supported here".into()),
        Err(Stop::Error(message) | Stop::Fatal(message)) => return Err(message),
    };
    arith::evaluate(&text, state)
}

/// What stopped an expansion: a substitution to be run, or an error to be told.
pub(super) fn stopped(core: &mut Core, frame: Frame, stop: Stop) -> Next {
    match stop {
        Stop::Substitution(list, state) => {
            let child = Frame::Substitution(Substitution::new(list, *state));
            Next::Push(frame, child)
        }
        Stop::Error(message) => {
            frame.abandon(core);
            core.complain(&message);
            Next::Unwind(Unwind::Abort(1))
        }
        Stop::Fatal(message) => {
            frame.abandon(core);
            core.complain(&message);
            let ends = core.origin != Origin::Interactive || core.subshell;
            Next::Unwind(if ends { Unwind::Exit(127) } else { Unwind::Abort(1) })
        }
    }
}
