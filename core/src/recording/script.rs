//! Scripts: shell lines typed one after the other, each when the one before has ended. Cases, lessons and
//! `tidepool run` are scripts.

use super::{Recording, RecordingError, Session};
use crate::base::{Duration, FlatMap, TerminalId};
use crate::process::terminal::ChunkKind;
use crate::shell::sh::{Completeness, is_complete};
use crate::trace::EventId;
use crate::world::{Budget, Input, InputError};

/// A session driven through terminals, one line at a time: on the operator's machine, or in a pod.
#[derive(Debug, Clone)]
pub struct Script {
    /// The session.
    pub session: Session,
    /// The terminals in pods, by namespace and name.
    pods: FlatMap<(String, String), u32>,
}

/// The operator's terminal.
const OPERATOR: u32 = 1;

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
        let warm = session.world().now() + WARM_UP;
        session.run_until(warm, Budget(MAX_STEPS));
        let mut script = Script { session, pods: FlatMap::new() };
        // The operator's machine is always there, and no terminal is.
        let _ = script.session.input(Input::OpenTerminal { terminal: OPERATOR, pod: None });
        script.settle(OPERATOR);
        Ok(script)
    }

    /// Types a complete command on the operator's machine and runs the world until it has ended.
    pub fn line(&mut self, text: &str) -> Result<LineResult, InputError> {
        self.line_at(OPERATOR, text)
    }

    /// Types a complete command in a pod, whose terminal is opened the first time.
    pub fn line_in(&mut self, namespace: &str, name: &str, text: &str) -> Result<LineResult, InputError> {
        let pod = (namespace.to_string(), name.to_string());
        let terminal = match self.pods.get(&pod) {
            Some(terminal) => *terminal,
            None => {
                let terminal = OPERATOR + 1 + self.pods.len() as u32;
                self.session.input(Input::OpenTerminal { terminal, pod: Some(pod.clone()) })?;
                self.settle(terminal);
                self.pods.insert(pod, terminal);
                terminal
            }
        };
        self.line_at(terminal, text)
    }

    fn line_at(&mut self, terminal: u32, text: &str) -> Result<LineResult, InputError> {
        let first_event = self.session.world().log().end();
        let before = self.printed(terminal).len();
        self.session.input(Input::Line { terminal, text: text.into() })?;
        let ended = self.settle(terminal);
        if !ended {
            self.session.input(Input::Interrupt { terminal })?;
            self.settle(terminal);
        }
        let output = self.printed(terminal).split_off(before);
        let status = self.session.world().terminal(TerminalId(terminal)).map_or(0, |view| view.status);
        Ok(LineResult { output, status, first_event, ended })
    }

    /// Saves a file on the operator's machine.
    pub fn write(&mut self, path: &str, text: &str) -> Result<(), InputError> {
        self.session.input(Input::WriteFile { path: path.into(), text: text.into() })
    }

    /// Lets the world's time pass.
    pub fn wait(&mut self, time: Duration) {
        let until = self.session.world().now() + time;
        self.session.run_until(until, Budget(MAX_STEPS));
    }

    /// Runs until the shell waits for input.
    fn settle(&mut self, terminal: u32) -> bool {
        let world = self.session.world();
        let (deadline, most) = (world.now() + PATIENCE, world.steps() + MAX_STEPS);
        loop {
            let world = self.session.world();
            let view = world.terminal(TerminalId(terminal));
            if !view.as_ref().is_some_and(|view| view.busy) {
                return true;
            }
            // Nobody is here to edit: files stay as they are.
            if view.is_some_and(|view| view.editing.is_some()) {
                let _ = self.session.input(Input::LeaveEditor { terminal, text: None });
            }
            let world = self.session.world();
            match world.next_due() {
                Some(due) if due <= deadline && world.steps() < most => {
                    self.session.run_until(due, Budget(1));
                }
                _ => return false,
            }
        }
    }

    fn printed(&self, terminal: u32) -> String {
        let terminal = self.session.world().terminal(TerminalId(terminal));
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
