//! The page's terminals: which there are, which is looked at, what was typed. The world knows their output.

use super::{Keep, Session};
use crate::files::holds_manifests;
use crate::sim::{Input, Recording};
use tidepool_core::base::TerminalId;
use tidepool_core::trace::{JourneyId, Place};

/// The operator's first terminal.
pub const FIRST: u32 = 1;
/// Where the editor's files are saved on the operator's machine.
const HOME: &str = "/home/operator";

/// The page's terminals.
#[derive(Debug, Clone, Default)]
pub struct Terminals {
    /// Their numbers, in order.
    pub open: Vec<u32>,
    /// The one that is looked at.
    pub shown: u32,
    /// Lines that were typed, oldest first, all terminals together.
    pub history: Vec<String>,
    pub(super) seen: u64,
    pub(super) next: u32,
}

/// The most lines that are kept for the arrow keys.
const MOST_LINES: usize = 500;

impl Terminals {
    /// The terminals that a recording leaves open.
    pub fn of(recording: &Recording) -> Terminals {
        let mut terminals = Terminals { next: FIRST, shown: FIRST, ..Terminals::default() };
        for timed in &recording.inputs {
            match &timed.input {
                Input::OpenTerminal { terminal, .. } => terminals.add(*terminal),
                Input::CloseTerminal { terminal } => terminals.remove(*terminal),
                Input::Line { text, .. } => terminals.remember(text),
                Input::Interrupt { .. }
                | Input::WriteFile { .. }
                | Input::LeaveEditor { .. }
                | Input::Open { .. }
                | Input::Send { .. }
                | Input::Leave { .. } => {}
            }
        }
        terminals
    }

    fn add(&mut self, terminal: u32) {
        self.open.push(terminal);
        self.shown = terminal;
        self.next = self.next.max(terminal + 1);
    }

    fn remove(&mut self, terminal: u32) {
        self.open.retain(|open| *open != terminal);
        if self.shown == terminal {
            self.shown = self.open.last().copied().unwrap_or(FIRST);
        }
    }

    fn remember(&mut self, line: &str) {
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            self.history.push(line.into());
            if self.history.len() > MOST_LINES {
                self.history.remove(0);
            }
        }
    }
}

impl Session {
    /// Stores an input, then applies it. `false` when the world did not take it.
    pub(super) fn input(&mut self, input: Input, keep: &mut impl Keep) -> bool {
        let mut ahead = self.sim.recording().clone();
        let (at, step) = (self.world().now().0, self.world().steps());
        ahead.inputs.truncate(self.sim.applied());
        ahead.inputs.push(crate::sim::Timed { at, step, input: input.clone() });
        keep.before(&ahead.to_json());
        let taken = self.sim.input(input).is_ok();
        if !taken {
            keep.recording(&self.sim.recording().to_json());
        }
        self.run.applied(self.sim.world().now());
        self.stamps.terminal += 1;
        taken
    }

    /// Opens a terminal and shows it; gives its number if the place is there.
    pub(super) fn open_terminal(
        &mut self,
        pod: Option<(String, String)>,
        keep: &mut impl Keep,
    ) -> Option<u32> {
        let terminal = self.terminals.next;
        let opened = self.input(Input::OpenTerminal { terminal, pod }, keep);
        opened.then(|| {
            self.terminals.add(terminal);
            self.settle();
            terminal
        })
    }

    pub(super) fn close_terminal(&mut self, terminal: u32, keep: &mut impl Keep) {
        self.input(Input::CloseTerminal { terminal }, keep);
        self.terminals.remove(terminal);
    }

    /// Types a line; the first request that comes of it will be followed.
    pub(super) fn type_line(&mut self, terminal: u32, line: &str, keep: &mut impl Keep) {
        let since = self.world().log().journeys.iter().next_back().map_or(JourneyId(0), |journey| journey.id);
        self.terminals.remember(line);
        if self.input(Input::Line { terminal, text: line.into() }, keep) {
            self.run.await_request(since, terminal);
        }
        self.run.playing = true;
    }

    /// Saves the shown file on the operator's machine; manifests are applied with kubectl, a program is run.
    pub(super) fn apply(&mut self, keep: &mut impl Keep) {
        if self.edits_shown() {
            return self.leave_editor(true, keep);
        }
        let name = self.files.name();
        let program = match name.rsplit('.').next() {
            _ if holds_manifests(name) => "kubectl apply -f",
            Some("py") => "python3",
            Some("sh") => "sh",
            _ => "cat",
        };
        let line = match self.client() {
            // A program is for a pod: it goes there, and runs there.
            Some((namespace, pod)) if program == "python3" => {
                format!(
                    "kubectl exec -i -n {namespace} {pod} -- sh -c 'cat > {name} && python3 {name}' < {name}"
                )
            }
            _ => format!("{program} {name}"),
        };
        self.run_on_host(&[line], keep);
    }

    /// Saves the shown file on the operator's machine, unless that is what was saved last.
    fn save(&mut self, keep: &mut impl Keep) {
        let own = format!("{HOME}/{}", self.files.name());
        let applied = self.recording().inputs.get(..self.sim.applied()).unwrap_or_default();
        let saved = applied.iter().rev().find_map(|timed| match &timed.input {
            Input::WriteFile { path, text } if *path == own => Some(text.as_str()),
            _ => None,
        });
        if saved.unwrap_or_default() != &*self.editor {
            let text = self.editor.to_string();
            self.input(Input::WriteFile { path: own, text }, keep);
        }
    }

    /// Runs lines on the operator's machine, one after the other, where the editor's file is as the editor shows it.
    pub(super) fn run_on_host(&mut self, lines: &[String], keep: &mut impl Keep) {
        let Some(terminal) = self.idle_terminal(keep) else { return };
        self.save(keep);
        self.terminals.shown = terminal;
        lines.iter().for_each(|line| self.type_line(terminal, line, keep));
    }

    /// A terminal on the operator's machine in which nothing runs; a new one if need be.
    fn idle_terminal(&mut self, keep: &mut impl Keep) -> Option<u32> {
        let idle = self.terminals.open.iter().copied().find(|id| {
            let view = self.world().terminal(TerminalId(*id));
            view.is_some_and(|view| matches!(view.at, Place::Outside(_)) && !view.ended && !view.busy)
        });
        idle.or_else(|| self.open_terminal(None, keep))
    }

    /// Runs a line in the client pod.
    pub(super) fn run_in_client(&mut self, line: &str, keep: &mut impl Keep) {
        if let Some((namespace, name)) = self.client() {
            self.run_in_pod(&namespace, &name, &[line.to_string()], keep);
        }
    }

    /// Runs lines in a pod, one after the other, in a terminal in which nothing runs; a new one if need be.
    pub(super) fn run_in_pod(&mut self, namespace: &str, name: &str, lines: &[String], keep: &mut impl Keep) {
        let place = Place::Pod(namespace.into(), name.into());
        let there = self.terminals.open.iter().copied().find(|id| {
            let view = self.world().terminal(TerminalId(*id));
            view.is_some_and(|view| view.at == place && !view.ended && !view.busy)
        });
        let pod = (namespace.to_string(), name.to_string());
        let Some(terminal) = there.or_else(|| self.open_terminal(Some(pod), keep)) else { return };
        self.terminals.shown = terminal;
        lines.iter().for_each(|line| self.type_line(terminal, line, keep));
    }

    /// The pod to call from: the one named `client`, once it runs.
    pub fn client(&self) -> Option<(String, String)> {
        let pods = self.stage.nodes.iter().flat_map(|node| &node.pods);
        let is_client = |pod: &&crate::sim::StagePod| {
            &*pod.name == "client" && &*pod.phase == "Running" && !pod.terminating
        };
        pods.into_iter().find(is_client).map(|pod| (pod.namespace.to_string(), pod.name.to_string()))
    }
}
