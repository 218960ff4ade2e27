//! Scripts: shell lines typed one after the other, each when the one before has ended. Cases, lessons and
//! `tidepool run` are scripts.

use super::{Recording, RecordingError, Session};
use crate::base::{Duration, Instant, TerminalId};
use crate::process::terminal::ChunkKind;
use crate::shell::sh::{Completeness, is_complete};
use crate::trace::EventId;
use crate::world::{Budget, Input, InputError};

/// A session driven through one terminal.
#[derive(Debug, Clone)]
pub struct Script {
    /// The session.
    pub session: Session,
    terminal: u32,
}

/// What a line came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineResult {
    /// What was printed, standard output and standard error as they came.
    pub output: String,
    /// The exit status; 130 when it was interrupted because it took too long.
    pub status: i32,
    /// The first event of it.
    pub first_event: EventId,
    /// Whether it ended by itself.
    pub ended: bool,
}

/// How long the cluster is given to come up before the first line.
pub const WARM_UP: Duration = Duration::secs(30);
/// How long one line may run in the world's time before Ctrl-C.
const PATIENCE: Duration = Duration::secs(3_600);
/// How many steps one line may take before Ctrl-C.
const MAX_STEPS: u64 = 20_000_000;

impl Script {
    /// A script on the operator's machine, in a cluster that has come up.
    pub fn new(recording: Recording) -> Result<Script, RecordingError> {
        let mut session = Session::new(recording)?;
        session.run_until(Instant::ZERO + WARM_UP, Budget(MAX_STEPS));
        let mut script = Script { session, terminal: 1 };
        // The operator's machine is always there, and no terminal is.
        let _ = script.session.input(Input::OpenTerminal { terminal: 1, pod: None });
        script.settle();
        Ok(script)
    }

    /// Types a complete command and runs the world until it has ended.
    pub fn line(&mut self, text: &str) -> Result<LineResult, InputError> {
        let first_event = self.session.world().log().end();
        let before = self.printed().len();
        self.session.input(Input::Line { terminal: self.terminal, text: text.into() })?;
        let ended = self.settle();
        if !ended {
            self.session.input(Input::Interrupt { terminal: self.terminal })?;
            self.settle();
        }
        let output = self.printed().split_off(before);
        let status = self.session.world().terminal(TerminalId(self.terminal)).map_or(0, |view| view.status);
        Ok(LineResult { output, status, first_event, ended })
    }

    /// Lets the world's time pass.
    pub fn wait(&mut self, time: Duration) {
        let until = self.session.world().now() + time;
        self.session.run_until(until, Budget(MAX_STEPS));
    }

    /// Runs until the shell waits for input.
    fn settle(&mut self) -> bool {
        let world = self.session.world();
        let (deadline, most) = (world.now() + PATIENCE, world.steps() + MAX_STEPS);
        loop {
            let world = self.session.world();
            if !world.terminal(TerminalId(self.terminal)).is_some_and(|view| view.busy) {
                return true;
            }
            match world.next_due() {
                Some(due) if due <= deadline && world.steps() < most => {
                    self.session.run_until(due, Budget(1));
                }
                _ => return false,
            }
        }
    }

    fn printed(&self) -> String {
        let terminal = self.session.world().terminal(TerminalId(self.terminal));
        let chunks = terminal.into_iter().flat_map(|view| view.output.iter());
        chunks.filter(|chunk| chunk.kind != ChunkKind::Typed).map(|chunk| chunk.text.as_str()).collect()
    }
}

/// Cuts a script into complete commands: a heredoc, an open quote or a loop takes as many lines as it needs.
pub fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        if open.is_empty() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        if !open.is_empty() {
            open.push('\n');
        }
        open.push_str(line);
        if !matches!(is_complete(&open), Completeness::NeedMore(_)) {
            commands.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        commands.push(open);
    }
    commands
}
