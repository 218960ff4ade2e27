//! A file that a program in a terminal has opened (`kubectl edit`, `vi`): a tab of the editor until it is left. The program
//! waits meanwhile. Knows no widgets.

use super::{Keep, Session, Tab};
use crate::sim::Input;
use tidepool_core::base::{Pid, TerminalId};

/// A file that is edited for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// The terminal of the program.
    pub terminal: u32,
    /// The name of its tab.
    pub name: String,
    process: Pid,
}

impl Session {
    /// Whether the shown tab is a program's file.
    pub fn edits_shown(&self) -> bool {
        self.editing.as_ref().is_some_and(|editing| editing.name == self.files.name())
    }

    /// Opens the file that a program waits for, and closes the tab of one that waits no more.
    pub(super) fn look_at_editors(&mut self, keep: &mut impl Keep) {
        let waiting = self.terminals.open.iter().find_map(|id| {
            let editing = self.world().terminal(TerminalId(*id))?.editing?;
            Some((*id, editing.process, editing.path.to_string(), editing.text.to_string()))
        });
        let is_same = match (&self.editing, &waiting) {
            (Some(editing), Some((terminal, process, ..))) => {
                editing.terminal == *terminal && editing.process == *process
            }
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        if let Some(editing) = self.editing.take() {
            self.files.remove(&editing.name);
        }
        if let Some((terminal, process, path, text)) = waiting {
            let own = path.rsplit('/').next().unwrap_or_default();
            // The page was reloaded meanwhile: what was written so far is still there.
            let is_there = own.starts_with("kubectl-edit-") && self.files.text_of(own).is_some();
            let name = if is_there { own.to_string() } else { self.files.add_beside(own, &text) };
            self.editing = Some(Editing { terminal, name, process });
            self.tab = Tab::Manifests;
        }
        self.files_changed(keep);
        self.stamps.view += 1;
    }

    /// Leaves the program's file: with the tab's text, or as it was.
    pub(super) fn leave_editor(&mut self, save: bool, keep: &mut impl Keep) {
        let Some(editing) = self.editing.clone() else { return };
        let text = save.then(|| self.files.text_of(&editing.name)).flatten().map(|text| text.to_string());
        self.input(Input::LeaveEditor { terminal: editing.terminal, text }, keep);
        self.terminals.shown = editing.terminal;
        self.run.playing = true;
        self.look_at_editors(keep);
    }
}
