//! A terminal as the page and scripts see it.

use crate::base::{HostId, Pid, TerminalId, Text};
use crate::process::terminal::Chunk;
use crate::process::{Program, Root};
use crate::trace::Place;
use crate::world::World;
use std::collections::VecDeque;
use std::sync::Arc;

/// A terminal.
#[derive(Debug, Clone)]
pub struct TerminalView<'w> {
    /// Where it is.
    pub at: Place,
    /// The prompt that its shell would print.
    pub prompt: String,
    /// Whether a command runs; no prompt is shown then.
    pub busy: bool,
    /// Whether its shell has ended, or its machine is gone.
    pub ended: bool,
    /// The exit status of the last command.
    pub status: i32,
    /// The working directory.
    pub cwd: Text,
    /// The file that a program has opened for whoever is at the terminal.
    pub editing: Option<EditingView<'w>>,
    /// What was printed and typed, oldest first.
    pub output: &'w VecDeque<Arc<Chunk>>,
    /// How many chunks came before those.
    pub dropped: u64,
}

/// A file that is edited at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditingView<'w> {
    /// The program that waits.
    pub process: Pid,
    /// The file's absolute path.
    pub path: &'w str,
    /// Its text.
    pub text: &'w str,
}

impl World {
    /// A terminal.
    pub fn terminal(&self, id: TerminalId) -> Option<TerminalView<'_>> {
        let terminal = self.rooms.kernel.terminal(id)?;
        let host: HostId = terminal.host;
        let at = self.rooms.net.get(host).map(|host| host.place.clone())?;
        let process = self.rooms.kernel.get(terminal.shell);
        let shell = process.and_then(|process| process.program.as_shell());
        let waits = process.is_some_and(|process| process.waits_for_input());
        let name = match &at {
            Place::Pod(_, name) | Place::Node(name) => name.clone(),
            _ => "operator".into(),
        };
        Some(TerminalView {
            prompt: format!("{name} $ "),
            busy: process.is_some() && (!waits || !terminal.input.is_empty()),
            ended: process.is_none(),
            status: shell.map_or(0, |shell| shell.status()),
            cwd: process.and_then(|p| p.environment().get("PWD").cloned()).unwrap_or_else(|| "/".into()),
            at,
            editing: terminal.editing.as_ref().map(|editing| EditingView {
                process: editing.process,
                path: &editing.path,
                text: self.text_of(&editing.root, &editing.path),
            }),
            output: &terminal.output,
            dropped: terminal.dropped,
        })
    }

    fn text_of(&self, root: &Root, path: &str) -> &str {
        self.rooms.kernel.files(root).and_then(|files| files.text(path)).unwrap_or_default()
    }

    /// The command lines of the processes in a pod or on a machine, oldest first.
    pub fn processes_at(&self, place: &Place) -> Vec<Text> {
        let here = |host: HostId| self.rooms.net.get(host).is_some_and(|host| host.place == *place);
        let processes = self.rooms.kernel.iter().filter(|(_, process)| here(process.host));
        processes.map(|(_, process)| process.program.command()).collect()
    }
}
