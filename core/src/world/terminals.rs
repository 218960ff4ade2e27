//! Terminals of the page and of scripts: a shell in a namespace, lines typed into it.

use super::Rooms;
use super::input::InputError;
use crate::base::{HostId, TerminalId, Text};
use crate::effect::Out;
use crate::process::terminal::ChunkKind;
use crate::process::{Descriptor, Environment, NewProcess, Signal, Terminal};
use crate::shell::sh::Sh;
use crate::trace::{Origin, Place};
use bytes::Bytes;
use std::sync::Arc;

impl Rooms {
    /// Opens a terminal with a shell at a place.
    pub(super) fn open_terminal(
        &mut self,
        id: TerminalId,
        at: &Place,
        out: &mut Out<'_>,
    ) -> Result<(), InputError> {
        if self.kernel.terminal(id).is_some() {
            return Err(InputError::TerminalExists(id));
        }
        let host = self.host_at(at).ok_or_else(|| InputError::NoSuchPlace(at.clone()))?;
        let container = self.kernel.iter().find(|(_, p)| p.host == host && p.container.is_some());
        let container = container.and_then(|(_, process)| process.container.clone());
        let user = if matches!(at, Place::Outside(_)) { "/home/operator" } else { "/root" };
        let vars =
            [("HOME", user), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PWD", user), ("TERM", "xterm")];
        let mut vars: crate::base::FlatMap<Text, Text> =
            vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        if let Some((_, process)) = container.as_ref().and_then(|id| self.kernel.container_process(id)) {
            vars.extend(process.environment().vars.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let new = NewProcess {
            program: Sh::interactive().into(),
            host,
            environment: Environment { vars: Arc::new(vars) },
            stdio: [
                Descriptor::Terminal(id, false),
                Descriptor::Terminal(id, false),
                Descriptor::Terminal(id, true),
            ],
            terminal: Some(id),
            container,
            notice: None,
        };
        let shell = self.kernel.start(new, out);
        self.kernel.add_terminal(id, Terminal::new(host, shell));
        Ok(())
    }

    /// Types a line (or several, as one command) into a terminal.
    pub(super) fn type_line(
        &mut self,
        id: TerminalId,
        text: &str,
        out: &mut Out<'_>,
    ) -> Result<(), InputError> {
        let place = self.terminal_place(id).ok_or(InputError::NoSuchTerminal(id))?;
        out.open(Origin::Command(text.into(), place));
        let (now, because) = (out.now, out.cause());
        let terminal = self.kernel.terminal_mut(id).ok_or(InputError::NoSuchTerminal(id))?;
        terminal.print(now, ChunkKind::Typed, text.as_bytes());
        terminal.because = because;
        terminal.input.push_back(Bytes::from(format!("{text}\n")));
        self.kernel.typed(id, out);
        Ok(())
    }

    /// Ctrl-C in a terminal.
    pub(super) fn interrupt(&mut self, id: TerminalId, out: &mut Out<'_>) -> Result<(), InputError> {
        self.kernel.terminal(id).ok_or(InputError::NoSuchTerminal(id))?;
        self.kernel.interrupt(id, out);
        Ok(())
    }

    /// Whoever is at a terminal leaves the file that they edit.
    pub(super) fn leave_editor(
        &mut self,
        id: TerminalId,
        text: Option<&str>,
        out: &mut Out<'_>,
    ) -> Result<(), InputError> {
        let place = self.terminal_place(id).ok_or(InputError::NoSuchTerminal(id))?;
        // As in vi: write and quit, or quit.
        out.open(Origin::Command(if text.is_some() { ":wq" } else { ":q!" }.into(), place));
        if self.kernel.leave_editor(id, text, out) { Ok(()) } else { Err(InputError::NotEditing(id)) }
    }

    /// Closes a terminal: everything in it ends.
    pub(super) fn close_terminal(&mut self, id: TerminalId, out: &mut Out<'_>) -> Result<(), InputError> {
        let shell = self.kernel.terminal(id).ok_or(InputError::NoSuchTerminal(id))?.shell;
        self.kernel.interrupt(id, out);
        self.kernel.signal(shell, Signal::Kill, out);
        self.kernel.remove_terminal(id);
        Ok(())
    }

    /// Where a terminal is.
    pub(super) fn terminal_place(&self, id: TerminalId) -> Option<Place> {
        let host = self.kernel.terminal(id)?.host;
        self.net.get(host).map(|host| host.place.clone())
    }

    pub(super) fn host_at(&self, at: &Place) -> Option<HostId> {
        self.net.iter().find(|(_, host)| host.place == *at).map(|(id, _)| id)
    }
}
