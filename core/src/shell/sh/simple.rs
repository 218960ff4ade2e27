//! Simple commands: expand, redirect, then assign, call a function, run a builtin, or start a program.

use super::ast::Simple;
use super::builtins::{self, Outcome};
use super::call::{self, Call};
use super::expand::{Expander, Stop};
use super::flow;
use super::io::{Io, OpenStep, Opener, Opening};
use super::machine::{Core, Frame, Next, Origin, Unwind};
use super::state::{State, Var};
use super::{Sh, quote};
use crate::base::{Fd, Pid, Text};
use crate::process::{Cx, Reply, Spawn, Syscall, Turn};
use crate::shell::{commands, paths};
use std::sync::Arc;

/// A simple command.
#[derive(Debug, Clone)]
pub(super) struct SimpleFrame {
    simple: Arc<Simple>,
    /// It is started and not waited for; `true`: in the background.
    detached: Option<bool>,
    /// Its failure is looked at, so `set -e` leaves alone what it calls.
    tested: bool,
    outputs: Vec<String>,
    phase: Phase,
    argv: Vec<Text>,
    assignments: Vec<(Text, Text)>,
    io_before: Option<Io>,
    vars_before: Vec<(Text, Option<Var>)>,
    opened: Vec<Fd>,
    /// `exec` without words: redirections stay.
    keeps_io: bool,
    /// `exec`: the shell ends with the program.
    replaces_shell: bool,
}

#[derive(Debug, Clone)]
enum Phase {
    Expand,
    Open(Opener),
    Run,
    Inside,
    Spawn,
    Wait(Pid),
}

impl SimpleFrame {
    pub fn new(simple: Arc<Simple>, detached: Option<bool>) -> SimpleFrame {
        SimpleFrame {
            simple,
            detached,
            tested: false,
            outputs: Vec::new(),
            phase: Phase::Expand,
            argv: Vec::new(),
            assignments: Vec::new(),
            io_before: None,
            vars_before: Vec::new(),
            opened: Vec::new(),
            keeps_io: false,
            replaces_shell: false,
        }
    }

    /// The same command, whose failure is looked at or not.
    pub fn tested(self, tested: bool) -> SimpleFrame {
        SimpleFrame { tested, ..self }
    }

    /// A command whose words are known.
    pub fn ready(argv: Vec<Text>, assignments: Vec<(Text, Text)>, line: u32) -> Frame {
        let simple = Simple { line, assignments: Vec::new(), words: Vec::new(), redirects: Vec::new() };
        let frame =
            SimpleFrame { phase: Phase::Run, argv, assignments, ..SimpleFrame::new(Arc::new(simple), None) };
        Frame::Simple(Box::new(frame))
    }

    pub fn step(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>, reply: Option<Reply>) -> Next {
        match &mut self.phase {
            Phase::Expand => self.expand(core, cx),
            Phase::Open(opener) => {
                let step = opener.step(core, cx, reply);
                self.opening(core, step)
            }
            Phase::Run => self.run(core, cx),
            Phase::Inside => {
                let status = core.state.status;
                self.finish(core, status)
            }
            Phase::Spawn => self.spawned(core, reply),
            Phase::Wait(child) => {
                let child = *child;
                core.children.retain(|pid| *pid != child);
                let status = if let Some(Reply::Exited(_, status)) = reply { status } else { 127 };
                self.finish(core, status)
            }
        }
    }

    fn expand(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        self.outputs.extend(core.substituted.take());
        if self.outputs.is_empty() {
            core.substituted_status = None;
        }
        core.state.line = self.simple.line;
        let mut state = core.state.clone();
        let expanded = expand(&self.simple, &mut state, cx, &self.outputs);
        let (argv, openings, assignments) = match expanded {
            Ok(expanded) => expanded,
            Err(stop) => return flow::stopped(core, Frame::Simple(self), stop),
        };
        if self.detached.is_none() {
            core.state = state;
        }
        if core.state.options.xtrace {
            core.write(2, trace(&assignments, &argv));
        }
        (self.argv, self.assignments) = (argv, assignments);
        if openings.is_empty() {
            self.phase = Phase::Run;
        } else {
            self.phase = Phase::Open(Opener::new(openings, &core.io));
        }
        Next::Again(Frame::Simple(self))
    }

    fn opening(mut self: Box<Self>, core: &mut Core, step: OpenStep) -> Next {
        if let OpenStep::Call(call) = step {
            return Next::Call(Frame::Simple(self), call.into());
        }
        if let Phase::Open(opener) = &mut self.phase {
            self.opened = std::mem::take(&mut opener.opened);
            if let OpenStep::Done = step {
                self.io_before = Some(std::mem::replace(&mut core.io, opener.io.clone()));
            }
        }
        if let OpenStep::Failed(message) = step {
            core.complain(&message);
            return self.finish(core, 1);
        }
        self.phase = Phase::Run;
        Next::Again(Frame::Simple(self))
    }

    fn run(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        let Some(name) = self.argv.first().cloned() else { return self.assign(core) };
        if let Some(body) = core.state.functions.get(&name).cloned() {
            return match self.detached {
                Some(background) => self.spawn_shell(core, background),
                None => self.call(core, body),
            };
        }
        match &*name {
            "command" | "builtin" if self.argv.get(1).is_some_and(|word| !word.starts_with('-')) => {
                self.argv.remove(0);
                return self.run_named(core, cx);
            }
            "exec" => {
                self.argv.remove(0);
                if self.argv.is_empty() {
                    self.keeps_io = true;
                    return self.finish(core, 0);
                }
                self.replaces_shell = true;
            }
            _ => {}
        }
        self.run_named(core, cx)
    }

    /// Runs a builtin or a program.
    fn run_named(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>) -> Next {
        let name: Text = self.argv.first().cloned().unwrap_or_else(|| "".into());
        if let Some(builtin) = builtins::find(&name) {
            if let Some(background) = self.detached {
                return self.spawn_shell(core, background);
            }
            self.vars_before = core.set_for_a_while(&self.assignments);
            let argv = std::mem::take(&mut self.argv);
            return match (builtin.run)(core, cx, &argv) {
                Outcome::Done(printed) => {
                    core.write(2, printed.err);
                    if !printed.out.is_empty() && core.io.get(1).is_none() {
                        core.complain(&format!("{name}: write error: Bad file descriptor"));
                        return self.finish(core, 1);
                    }
                    core.write(1, printed.out);
                    self.finish(core, printed.status)
                }
                Outcome::Complain(status, message) => {
                    core.complain(&message);
                    self.finish(core, status)
                }
                Outcome::Push(mut frame) => {
                    if let Frame::Script(script) = &mut frame {
                        script.set_tested(self.tested);
                    }
                    self.phase = Phase::Inside;
                    Next::Push(Frame::Simple(self), frame)
                }
                Outcome::Unwind(unwind) => {
                    self.abandon(core);
                    Next::Unwind(unwind)
                }
            };
        }
        if let Some(program) = commands::program(&self.argv) {
            let environment = core.state.environment(&self.assignments);
            let spawn = Spawn {
                program,
                stdio: core.io.stdio(),
                environment: Some(environment),
                inside: None,
                background: self.detached == Some(true),
            };
            self.phase = Phase::Spawn;
            return Next::Call(Frame::Simple(self), Turn::Spawn(Box::new(spawn)));
        }
        self.run_file(core, cx, &name)
    }

    /// A script file, or nothing at all.
    fn run_file(mut self: Box<Self>, core: &mut Core, cx: &mut Cx<'_, '_>, name: &str) -> Next {
        let path = paths::absolute(core.state.cwd(), name);
        if name.contains('/') && cx.files.get(&path).is_some() {
            let mut argv: Vec<Text> = vec!["bash".into()];
            argv.append(&mut self.argv);
            self.argv = argv;
            return self.run_named(core, cx);
        }
        let (message, status) = if !name.contains('/') {
            (format!("{name}: command not found"), 127)
        } else if paths::is_directory(cx.files, &path) {
            (format!("{name}: Is a directory"), 126)
        } else {
            (format!("{name}: No such file or directory"), 127)
        };
        core.complain(&message);
        let exits = self.replaces_shell;
        core.state.status = status;
        match exits {
            true => {
                self.abandon(core);
                Next::Unwind(Unwind::Exit(status))
            }
            false => self.finish(core, status),
        }
    }

    fn spawn_shell(mut self: Box<Self>, core: &mut Core, background: bool) -> Next {
        let frame =
            SimpleFrame::ready(std::mem::take(&mut self.argv), self.assignments.clone(), self.simple.line);
        self.phase = Phase::Spawn;
        let turn = Sh::child(core, frame, core.io.stdio(), background);
        Next::Call(Frame::Simple(self), turn)
    }

    fn spawned(mut self: Box<Self>, core: &mut Core, reply: Option<Reply>) -> Next {
        let Some(Reply::Spawned(pid)) = reply else {
            if let Some(Reply::Err(errno)) = reply {
                core.complain(&format!("fork: {}", errno.words()));
            }
            return self.finish(core, 254);
        };
        if self.detached.is_some() {
            core.launched = Some(pid);
            return self.finish(core, 0);
        }
        core.children.push(pid);
        self.phase = Phase::Wait(pid);
        Next::Call(Frame::Simple(self), Syscall::Wait(Some(pid)).into())
    }

    fn assign(self: Box<Self>, core: &mut Core) -> Next {
        let refused = self.assignments.iter().find(|(name, value)| !core.state.set(name, value.clone()));
        if let Some((name, _)) = refused {
            core.complain(&format!("{name}: readonly variable"));
            self.abandon(core);
            return Next::Unwind(Unwind::Abort(1));
        }
        let status = core.substituted_status.take().unwrap_or(0);
        self.finish(core, status)
    }

    fn call(mut self: Box<Self>, core: &mut Core, body: super::ast::Command) -> Next {
        let name = self.argv.first().cloned().unwrap_or_else(|| "".into());
        if core.locals.len() >= call::MAX_DEPTH {
            core.complain(&format!("{name}: maximum function nesting level exceeded ({})", call::MAX_DEPTH));
            self.abandon(core);
            return Next::Unwind(Unwind::Abort(1));
        }
        self.vars_before = core.set_for_a_while(&self.assignments);
        let frame = Call::frame(core, body, &self.argv, self.tested);
        self.phase = Phase::Inside;
        Next::Push(Frame::Simple(self), frame)
    }

    fn finish(self: Box<Self>, core: &mut Core, status: i32) -> Next {
        let exits = self.replaces_shell && (core.origin != Origin::Interactive || core.subshell);
        let interrupted = core.interrupted && status == 130;
        let shell_stays = !self.replaces_shell;
        self.abandon(core);
        if interrupted {
            core.interrupted = false;
            return Next::Unwind(Unwind::Abort(130));
        }
        match exits || !shell_stays {
            true => Next::Unwind(Unwind::Exit(status)),
            false => Next::Done(status),
        }
    }

    pub fn abandon(self, core: &mut Core) {
        if let Phase::Open(opener) = self.phase {
            core.close(opener.opened);
        }
        core.restore(self.vars_before);
        if self.keeps_io {
            return;
        }
        core.close(self.opened);
        if let Some(io) = self.io_before {
            core.io = io;
        }
    }
}

type Expanded = (Vec<Text>, Vec<Opening>, Vec<(Text, Text)>);

/// Words first, then redirections, then assignments, each of which sees those before it.
fn expand(
    simple: &Simple,
    state: &mut State,
    cx: &mut Cx<'_, '_>,
    outputs: &[String],
) -> Result<Expanded, Stop> {
    let mut expander = Expander::new(state, cx, outputs);
    let mut argv = Vec::new();
    for word in &simple.words {
        let declares = argv
            .first()
            .is_some_and(|name: &Text| matches!(&**name, "export" | "local" | "readonly" | "declare"));
        match declares && quote::looks_like_assignment(word) {
            true => argv.push(expander.text(word)?.into()),
            false => argv.extend(expander.words(std::slice::from_ref(word))?),
        }
    }
    let mut openings = Vec::new();
    for redirect in &simple.redirects {
        openings.push(Opening::expand(redirect, &mut expander)?);
    }
    let mut assignments: Vec<(Text, Text)> = Vec::new();
    let mut scratch = expander.state.clone();
    std::mem::swap(expander.state, &mut scratch);
    let result = simple.assignments.iter().try_for_each(|assignment| {
        let value = expander.text(&assignment.value)?;
        let before = expander.state.get(&assignment.name).filter(|_| assignment.append);
        let value: Text = format!("{}{value}", before.map_or("", |before| before)).into();
        expander.state.set(&assignment.name, value.clone());
        assignments.push((assignment.name.clone(), value));
        Ok(())
    });
    std::mem::swap(expander.state, &mut scratch);
    result.map(|()| (argv, openings, assignments))
}

/// What `set -x` prints.
fn trace(assignments: &[(Text, Text)], argv: &[Text]) -> String {
    let mut lines = String::new();
    for (name, value) in assignments {
        lines.push_str(&format!("+ {name}={}\n", quote::word(value)));
    }
    if !argv.is_empty() {
        let words: Vec<String> = argv.iter().map(|word| quote::word(word)).collect();
        lines.push_str(&format!("+ {}\n", words.join(" ")));
    }
    lines
}
