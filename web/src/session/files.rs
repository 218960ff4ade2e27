//! The editor's files in the session: what is shown, what is wrong with it, and what is kept of it.

use super::{Keep, Notice, Session};
use crate::assist::Known;
use crate::disk::Refused;
use crate::files::{FIRST, Files, holds_manifests};
use crate::problems;

/// What is asked of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAction {
    /// A file's text as it is now: name and text.
    Write(String, String),
    /// Show the one at an index.
    Show(usize),
    /// A new one: name and text.
    Add(String, String),
    /// Rename the one at an index.
    Rename(usize, String),
    /// Close the one at an index.
    Close(usize),
    /// Leave the one that a program has opened: with its text, or as it was.
    Leave(bool),
    /// Bring the last closed one back.
    Reopen,
    /// Open a file of the computer: its name and its text.
    Open(String, String),
    /// Say why a file of the computer is not opened.
    Refuse(String, Refused),
}

impl Session {
    pub(super) fn file(&mut self, action: FileAction, keep: &mut impl Keep) {
        match action {
            FileAction::Write(name, text) => {
                if !self.files.write(&name, &text) {
                    return;
                }
            }
            FileAction::Show(at) => self.files.show(at),
            FileAction::Add(name, text) => self.files.add(&name, &text),
            FileAction::Rename(..) if self.edits_shown() => return,
            FileAction::Rename(at, name) => self.files.rename(at, &name),
            FileAction::Close(at) => {
                let name = self.files.list().get(at).map(|file| file.name.clone());
                if name.is_some() && name == self.editing.as_ref().map(|editing| editing.name.clone()) {
                    return self.leave_editor(false, keep);
                }
                self.files.close(at);
            }
            FileAction::Leave(save) => return self.leave_editor(save, keep),
            FileAction::Reopen => self.files.reopen(),
            FileAction::Open(name, text) => {
                let opened = self.files.open(&name, &text);
                self.tell_opened(name, opened.err());
            }
            FileAction::Refuse(name, why) => return self.tell_opened(name, Some(why)),
        }
        self.files_changed(keep);
    }

    /// Says which files could not be opened; those that could are seen.
    fn tell_opened(&mut self, name: String, refused: Option<Refused>) {
        let Some(why) = refused else { return };
        match &mut self.notice {
            Some(Notice::NotOpened(list)) => list.push((name, why)),
            _ => self.notice = Some(Notice::NotOpened(vec![(name, why)])),
        }
    }

    /// Other manifests, from outside the editor: they go into the file that lessons and the guide speak of.
    pub(super) fn edit(&mut self, text: &str, keep: &mut impl Keep) {
        self.files.show_first();
        self.files.write(FIRST, text);
        self.files_changed(keep);
    }

    /// A file of a lesson: it is shown, with this text.
    pub(super) fn put_file(&mut self, name: &str, text: &str, keep: &mut impl Keep) {
        match self.files.list().iter().position(|file| file.name == name) {
            Some(at) => self.files.show(at),
            None => self.files.add(name, text),
        }
        self.files.write(name, text);
        self.files_changed(keep);
    }

    pub(super) fn fix(&mut self, problem: usize, fix: usize, keep: &mut impl Keep) {
        let fixed = self.problems.get(problem).and_then(|problem| problem.fixes.get(fix));
        if let Some(text) = fixed.map(|fix| fix.apply(&self.editor)) {
            let name = self.files.name().to_string();
            self.files.write(&name, &text);
            self.files_changed(keep);
        }
    }

    pub(super) fn files_changed(&mut self, keep: &mut impl Keep) {
        self.editor = self.files.text();
        self.recheck();
        self.find_source();
        keep.editor(&self.editor);
        keep.files(&self.files.to_json());
    }

    /// Looks for problems in the shown file again.
    pub(super) fn recheck(&mut self) {
        self.problems = problems_of(&self.files, &self.known);
        self.stamps.editor += 1;
    }

    /// Takes in what the cluster holds; the manifests are looked at again when that has changed.
    pub(super) fn look_around(&mut self) {
        let known = Known::of_objects(&self.world().objects());
        if known != self.known {
            self.known = known;
            self.recheck();
        }
    }
}

/// What is wrong with the shown file; only manifests and programs are looked at.
pub(super) fn problems_of(files: &Files, known: &Known) -> std::rc::Rc<[problems::Problem]> {
    let (name, text) = (files.name(), files.text());
    if holds_manifests(name) {
        problems::find_in(&text, known).into()
    } else if name.ends_with(".py") {
        problems::find_in_program(&text).into()
    } else {
        std::rc::Rc::default()
    }
}
