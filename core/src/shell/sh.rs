//! The line shell: a value with an explicit stack. An endless loop yields, so that Ctrl-C ends it and time goes on.
//!
//! Models: bash 5.2, as far as lessons and people at a terminal use it
//! Omits: arrays, aliases, job control signals (Ctrl-Z), traps but `EXIT`, process substitution, `select`

mod arith;
mod ast;
mod brace;
mod braced;
mod builtins;
mod call;
mod complete;
mod compound;
mod condition;
pub mod escape;
mod expand;
mod fields;
mod flow;
mod glob;
mod io;
mod jobs;
mod lexer;
mod machine;
mod parser;
mod pattern;
mod pipeline;
pub mod quote;
mod script;
mod simple;
mod state;
mod substitution;
pub mod test;
#[cfg(test)]
mod transcripts;
mod waits;

pub use complete::{Completeness, is_complete};
pub use waits::signal;

use self::io::Io;
use self::jobs::Jobs;
use self::machine::{Core, Frame, Next, Origin, Unwind};
use self::script::{Script, Source};
use self::state::State;
use super::{Command, Programs, paths};
use crate::base::{Duration, Text};
use crate::process::{Cx, Errno, Reply, Signal, Spawn, Stdio, Syscall, Turn};

/// The names of the shell's builtins, for completion.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    builtins::names()
}

/// The prompt of a terminal: `operator $ ` on the machine outside, the pod's name inside one.
pub fn prompt(hostname: &str) -> String {
    let who = if hostname == "host" { "operator" } else { hostname };
    format!("{who} $ ")
}

/// Steps before the shell lets others go on, and the time that they take.
const STEPS_PER_YIELD: u32 = 1_000;
const YIELD_TIME: Duration = Duration::millis(1);
/// Frames that may be on the stack.
const MAX_STACK: usize = 20_000;

/// A shell.
#[derive(Debug, Clone)]
pub struct Sh {
    argv: Vec<Text>,
    core: Core,
    stack: Vec<Frame>,
    waiting: Waiting,
    /// The call whose reply a frame waits for, to make it again after a signal.
    last: Option<Syscall>,
    /// A frame's call that comes after the queued ones.
    pending: Option<Turn<Programs>>,
    reply: Option<Reply>,
    steps: u32,
    /// The exit status, once the shell is about to end.
    ending: Option<i32>,
}

/// Whose call the shell waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Nothing,
    Frame,
    Queue,
    Yield,
}

impl Sh {
    /// `sh`, `sh -c text`, `sh file`, `sh -i`.
    pub fn new(argv: &[Text]) -> Sh {
        let name = argv.first().cloned().unwrap_or_else(|| "bash".into());
        let core = Core {
            state: State::new(name, [].into()),
            io: Io::inherited(),
            queue: Default::default(),
            jobs: Jobs::default(),
            origin: Origin::Script,
            subshell: false,
            substituted: None,
            substituted_status: None,
            launched: None,
            interrupted: false,
            loops: 0,
            locals: Vec::new(),
            children: Vec::new(),
            exit_trap: None,
        };
        Sh::with(argv.to_vec(), core, Vec::new())
    }

    /// The shell of a terminal.
    pub fn interactive() -> Sh {
        Sh::new(&["bash".into(), "-i".into()])
    }

    fn with(argv: Vec<Text>, core: Core, stack: Vec<Frame>) -> Sh {
        Sh {
            argv,
            core,
            stack,
            waiting: Waiting::Nothing,
            last: None,
            pending: None,
            reply: None,
            steps: 0,
            ending: None,
        }
    }

    /// A child shell that carries out a frame: what pipelines, `( )`, `&` and `$( )` make.
    fn child(core: &Core, frame: Frame, stdio: [Stdio; 3], background: bool) -> Turn<Programs> {
        let core = Core {
            io: Io::inherited(),
            queue: Default::default(),
            jobs: Jobs::default(),
            subshell: true,
            substituted: None,
            launched: None,
            interrupted: false,
            loops: 0,
            children: Vec::new(),
            exit_trap: None,
            ..core.clone()
        };
        let environment = Some(core.state.environment(&[]));
        let program = Sh::with(vec![core.state.name.clone()], core, vec![frame]).into();
        Turn::Spawn(Box::new(Spawn { program, stdio, environment, inside: None, background }))
    }

    /// Whether it is a terminal's shell that waits for a command line, and nothing of one has come.
    pub fn is_idle(&self) -> bool {
        let reads = matches!(self.stack.as_slice(), [Frame::Script(script)] if script.is_idle());
        self.is_interactive() && reads && self.waiting == Waiting::Frame
    }

    /// Whether it is a terminal's shell.
    pub fn is_interactive(&self) -> bool {
        self.core.origin == Origin::Interactive && !self.core.subshell
    }

    /// The prompt, on a machine of this name.
    pub fn prompt(&self, hostname: &str) -> String {
        prompt(hostname)
    }

    /// The exit status of the last command, `$?`.
    pub fn status(&self) -> i32 {
        self.core.state.status
    }

    /// The working directory.
    pub fn cwd(&self) -> &str {
        self.core.state.cwd()
    }

    /// The names of variables and functions, for completion.
    pub fn names(&self) -> impl Iterator<Item = &Text> {
        self.core.state.functions.keys()
    }

    /// Reads the words it was started with.
    fn begin(&mut self, cx: &mut Cx<'_, '_>) {
        if self.core.subshell {
            return;
        }
        let state = &mut self.core.state;
        state.import(cx.environment);
        state.pid = cx.pid;
        if state.get("PWD").is_none() {
            // A container's processes begin in its root.
            state.set("PWD", "/");
            state.export("PWD");
        }
        let mut words = self.argv.iter().skip(1).cloned().peekable();
        let mut command = false;
        while let Some(flags) = words.next_if(|word| word.starts_with(['-', '+']) && word.len() > 1) {
            for flag in flags.chars().skip(1).filter(|_| !flags.starts_with("--")) {
                match flag {
                    'c' => command = true,
                    'i' => self.core.origin = Origin::Interactive,
                    'e' => state.options.errexit = true,
                    'x' => state.options.xtrace = true,
                    'u' => state.options.nounset = true,
                    _ => {}
                }
            }
        }
        let script = if command {
            self.core.origin = Origin::Command;
            let Some(text) = words.next() else {
                let message = format!("{}: -c: option requires an argument\n", state.name);
                self.core.write(2, message);
                self.ending = Some(2);
                return;
            };
            if let Some(name) = words.next() {
                state.name = name;
            }
            Script::new(Source::Text, text)
        } else if let Some(path) = words.next() {
            let Some(text) = cx.files.text(&paths::absolute(state.cwd(), &path)) else {
                let message = format!("{0}: {path}: No such file or directory\n", state.name);
                self.core.write(2, message);
                self.ending = Some(127);
                return;
            };
            state.name = path;
            Script::new(Source::Text, text.into())
        } else {
            Script::input()
        };
        self.core.state.params = words.collect();
        self.stack.push(Frame::Script(script));
    }

    /// Steps frames until one makes a call.
    fn run(&mut self, cx: &mut Cx<'_, '_>) -> Turn<Programs> {
        loop {
            if let Some(call) = self.core.queue.pop_front() {
                return self.wait_for(Waiting::Queue, call.into());
            }
            if let Some(turn) = self.pending.take() {
                return self.wait_for(Waiting::Frame, turn);
            }
            self.steps += 1;
            if self.steps > STEPS_PER_YIELD {
                self.steps = 0;
                return self.wait_for(Waiting::Yield, Syscall::Sleep(YIELD_TIME).into());
            }
            let Some(frame) = self.stack.pop() else {
                match self.end() {
                    Some(turn) => return turn,
                    None => continue,
                }
            };
            if self.stack.len() > MAX_STACK {
                self.core.complain("stack overflow");
                self.unwind(Unwind::Abort(2));
                continue;
            }
            match frame.step(&mut self.core, cx, self.reply.take()) {
                Next::Again(frame) | Next::Replace(frame) => self.stack.push(frame),
                Next::Push(frame, child) => self.stack.extend([frame, child]),
                Next::Call(frame, turn) => {
                    self.stack.push(frame);
                    self.pending = Some(turn);
                }
                Next::Done(status) => self.core.state.status = status,
                Next::Unwind(unwind) => self.unwind(unwind),
            }
        }
    }

    fn wait_for(&mut self, waiting: Waiting, turn: Turn<Programs>) -> Turn<Programs> {
        self.waiting = waiting;
        self.last = match &turn {
            Turn::Call(call) => Some(call.clone()),
            Turn::Spawn(_) => None,
        };
        turn
    }

    /// The end of the shell: its trap first, then its exit.
    fn end(&mut self) -> Option<Turn<Programs>> {
        let status = *self.ending.get_or_insert(self.core.state.status);
        if let Some(command) = self.core.exit_trap.take() {
            self.stack.push(Frame::Script(Script::new(Source::Eval, command)));
            return None;
        }
        Some(Syscall::Exit(status & 255).into())
    }

    /// Leaves frames.
    fn unwind(&mut self, unwind: Unwind) {
        match unwind {
            Unwind::Break(count) => self.leave_loops(count, false),
            Unwind::Continue(count) => self.leave_loops(count, true),
            Unwind::Return(status) => {
                let returns = |frame: &Frame| match frame {
                    Frame::Call(_) => true,
                    Frame::Script(script) => script.is_sourced(),
                    _ => false,
                };
                if !self.stack.iter().any(returns) {
                    self.core.complain("return: can only `return' from a function or sourced script");
                    self.core.state.status = 2;
                    return;
                }
                while let Some(frame) = self.stack.pop() {
                    let found = returns(&frame);
                    frame.abandon(&mut self.core);
                    if found {
                        break;
                    }
                }
                self.core.state.status = status;
            }
            Unwind::Abort(status) => {
                self.core.state.status = status;
                self.core.interrupted = false;
                while let Some(frame) = self.stack.pop() {
                    match frame {
                        Frame::Script(mut script) if script.is_main() => {
                            script.drop_rest(self.core.origin == Origin::Command);
                            self.stack.push(Frame::Script(script));
                            return;
                        }
                        frame => frame.abandon(&mut self.core),
                    }
                }
                self.ending.get_or_insert(status);
            }
            Unwind::Exit(status) => {
                while let Some(frame) = self.stack.pop() {
                    frame.abandon(&mut self.core);
                }
                self.core.state.status = status;
                self.ending = Some(status);
            }
        }
    }

    fn leave_loops(&mut self, mut count: u32, stays: bool) {
        self.core.state.status = 0;
        while let Some(frame) = self.stack.pop() {
            if frame.is_loop() {
                count = count.saturating_sub(1);
                if count == 0 && stays {
                    return self.stack.push(frame);
                }
            }
            frame.abandon(&mut self.core);
            if count == 0 {
                return;
            }
        }
    }

    /// A signal came instead of the reply.
    fn interrupted(&mut self, signal: Signal) {
        let again = |sh: &mut Sh| sh.pending = sh.last.clone().map(Turn::Call);
        if signal != Signal::Int {
            if self.is_interactive() {
                return again(self);
            }
            let children = std::mem::take(&mut self.core.children);
            self.core.queue.extend(children.into_iter().map(|child| Syscall::Kill(child, signal)));
            return self.unwind(Unwind::Exit(128 + signal.number()));
        }
        let waits_for_child = matches!(self.last, Some(Syscall::Wait(_) | Syscall::Read(..)));
        match self.stack.last_mut() {
            Some(Frame::Script(script)) if self.waiting == Waiting::Frame => {
                script.drop_rest(false);
                self.core.write(1, "\n");
                self.core.state.status = 130;
            }
            Some(Frame::Wait(_)) | None => self.unwind(waits::INTERRUPTED),
            // As bash does: the child has the signal too, and how it ends decides.
            Some(_) if self.waiting == Waiting::Frame && waits_for_child => {
                self.core.interrupted = true;
                again(self);
            }
            Some(_) => self.unwind(waits::INTERRUPTED),
        }
    }
}

impl Command for Sh {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match (reply, self.waiting) {
            (Reply::Start, _) => self.begin(cx),
            (Reply::Interrupted(signal), _) => self.interrupted(signal),
            (reply, Waiting::Frame) => self.reply = Some(reply),
            (Reply::Err(Errno::Epipe), Waiting::Queue) if !self.is_interactive() => {
                self.core.queue.clear();
                self.unwind(Unwind::Exit(128 + Signal::Pipe.number()));
            }
            (_, Waiting::Queue | Waiting::Yield | Waiting::Nothing) => {}
        }
        self.run(cx)
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        match signal {
            Signal::Int => self.is_interactive(),
            Signal::Term => self.is_interactive() || !self.core.children.is_empty(),
            Signal::Kill | Signal::Pipe => false,
        }
    }
}
