//! The editor's files: their names and texts, which one is shown, and the last one that was closed. Knows no YAML and
//! no browser.

use crate::disk::Refused;
use std::rc::Rc;

/// The name of the first file.
pub const FIRST: &str = "manifests.yaml";
/// The longest name.
pub const LONGEST: usize = 64;
/// The most bytes of all files together that are opened: the browser keeps little more.
const MOST_TOGETHER: usize = 2 << 20;
/// How names may end.
const ENDINGS: [&str; 6] = [".yaml", ".yml", ".json", ".py", ".sh", ".txt"];

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: Rc<str>,
}

/// The files; there is always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    list: Vec<File>,
    shown: usize,
    closed: Option<(usize, File)>,
}

/// Why a name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// Nothing, or too much.
    Length,
    /// Characters that the shell would read as something else.
    Characters,
    /// An ending that nobody knows.
    Ending,
    /// Another file has it.
    Taken,
}

/// Whether a file holds manifests.
pub fn holds_manifests(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

impl Default for Files {
    fn default() -> Files {
        Files::of("")
    }
}

impl Files {
    /// One file with a text.
    pub fn of(text: &str) -> Files {
        Files { list: vec![File { name: FIRST.into(), text: text.into() }], shown: 0, closed: None }
    }

    /// What [`Files::to_json`] wrote; `None` when it is something else.
    pub fn from_json(json: &str) -> Option<Files> {
        let tree: serde_json::Value = serde_json::from_str(json).ok()?;
        let mut files = Files { list: Vec::new(), shown: 0, closed: None };
        for file in tree.get("files")?.as_array()? {
            let (name, text) = (file.get("name")?.as_str()?, file.get("text")?.as_str()?);
            if files.check(name, None).is_ok() {
                files.list.push(File { name: name.into(), text: text.into() });
            }
        }
        let shown = tree.get("shown").and_then(serde_json::Value::as_str).unwrap_or_default();
        files.shown = files.position(shown).unwrap_or(0);
        (!files.list.is_empty()).then_some(files)
    }

    /// As text, to be kept.
    pub fn to_json(&self) -> String {
        let files: Vec<_> = self
            .list
            .iter()
            .map(|file| serde_json::json!({ "name": file.name, "text": &*file.text }))
            .collect();
        serde_json::json!({ "shown": self.name(), "files": files }).to_string()
    }

    /// All of them, in order.
    pub fn list(&self) -> &[File] {
        &self.list
    }

    /// The index of the shown one.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// The name of the shown one.
    pub fn name(&self) -> &str {
        self.list.get(self.shown).map_or(FIRST, |file| &file.name)
    }

    /// The text of the shown one.
    pub fn text(&self) -> Rc<str> {
        self.list.get(self.shown).map(|file| file.text.clone()).unwrap_or_default()
    }

    /// The name of the last one that was closed, while it can be had back.
    pub fn closed(&self) -> Option<&str> {
        self.closed.as_ref().map(|(_, file)| file.name.as_str())
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|file| file.name == name)
    }

    /// Whether a name can be used for a new file, or for the one at an index.
    pub fn check(&self, name: &str, own: Option<usize>) -> Result<(), BadName> {
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.chars().count() > LONGEST {
            return Err(BadName::Length);
        }
        if !name.chars().all(is_plain) || name.starts_with(['-', '.']) {
            return Err(BadName::Characters);
        }
        if stem.is_none_or(str::is_empty) {
            return Err(BadName::Ending);
        }
        let other = self.position(name).filter(|at| Some(*at) != own);
        if other.is_some() { Err(BadName::Taken) } else { Ok(()) }
    }

    /// Gives a file another text. `false` when there is no such file, or nothing to change.
    pub fn write(&mut self, name: &str, text: &str) -> bool {
        let file = self.list.iter_mut().find(|file| file.name == name && *file.text != *text);
        file.map(|file| file.text = text.into()).is_some()
    }

    /// Shows the file that lessons and the guide speak of; it is made if it is gone.
    pub fn show_first(&mut self) {
        match self.position(FIRST) {
            Some(at) => self.shown = at,
            None => self.add(FIRST, ""),
        }
    }

    /// Shows another one.
    pub fn show(&mut self, at: usize) {
        self.shown = at.min(self.list.len().saturating_sub(1));
    }

    /// Adds one at the end and shows it. A name that cannot be used is left out.
    pub fn add(&mut self, name: &str, text: &str) {
        if self.check(name, None).is_ok() {
            self.list.push(File { name: name.into(), text: text.into() });
            self.shown = self.list.len() - 1;
        }
    }

    /// Adds one whose name may be taken or end in anything, and shows it; gives the name that it got.
    pub fn add_beside(&mut self, name: &str, text: &str) -> String {
        let (stem, ending) = match ENDINGS.iter().find_map(|end| Some((name.strip_suffix(end)?, *end))) {
            Some((stem, ending)) if !stem.is_empty() => (stem, ending),
            _ => (name, ".txt"),
        };
        let stem: String = stem.chars().take(LONGEST - 12).collect();
        let numbered = (2..1000).map(|n| format!("{stem}-{n}{ending}"));
        let mut names = std::iter::once(format!("{stem}{ending}")).chain(numbered);
        let free = names.find(|name| self.check(name, None).is_ok()).unwrap_or_else(|| self.free_name());
        self.add(&free, text);
        free
    }

    /// The text of a file.
    pub fn text_of(&self, name: &str) -> Option<Rc<str>> {
        self.position(name).and_then(|at| self.list.get(at)).map(|file| file.text.clone())
    }

    /// Takes one away for good.
    pub fn remove(&mut self, name: &str) {
        let closed = self.closed.take();
        if let Some(at) = self.position(name) {
            self.close(at);
        }
        self.closed = closed;
    }

    /// Opens a file of the computer beside the others. A name that is taken gets a number; one with other characters than
    /// the shell takes as they are gets dashes for them. Nothing that is open is changed, unless it is the same or blank.
    pub fn open(&mut self, name: &str, text: &str) -> Result<(), Refused> {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let plain = plain.trim_start_matches(['-', '.']);
        let (stem, ending) = ENDINGS
            .iter()
            .find_map(|ending| Some((plain.strip_suffix(ending)?, *ending)))
            .ok_or(Refused::Ending)?;
        let stem: String = stem.chars().take(LONGEST - 12).collect();
        let stem = if stem.is_empty() { "file".to_string() } else { stem };
        let together: usize = self.list.iter().map(|file| file.text.len()).sum();
        if together + text.len() > MOST_TOGETHER {
            return Err(Refused::Full);
        }
        let own = format!("{stem}{ending}");
        if let Some(at) = self.position(&own)
            && self.list.get(at).is_some_and(|file| *file.text == *text || file.text.trim().is_empty())
        {
            self.write(&own, text);
            self.show(at);
            return Ok(());
        }
        let numbered = (2..1000).map(|n| format!("{stem}-{n}{ending}"));
        let free = std::iter::once(own).chain(numbered).find(|name| self.check(name, None).is_ok());
        self.add(&free.ok_or(Refused::Full)?, text);
        Ok(())
    }

    /// Renames one, unless the name cannot be used.
    pub fn rename(&mut self, at: usize, name: &str) {
        if self.check(name, Some(at)).is_ok()
            && let Some(file) = self.list.get_mut(at)
        {
            file.name = name.into();
        }
    }

    /// Closes one; the last one stays.
    pub fn close(&mut self, at: usize) {
        if self.list.len() > 1 && at < self.list.len() {
            self.closed = Some((at, self.list.remove(at)));
            if self.shown > at || self.shown >= self.list.len() {
                self.shown = self.shown.saturating_sub(1);
            }
        }
    }

    /// Brings the last closed one back, unless its name was taken meanwhile.
    pub fn reopen(&mut self) {
        if let Some((at, file)) = self.closed.take()
            && self.check(&file.name, None).is_ok()
        {
            let at = at.min(self.list.len());
            self.list.insert(at, file);
            self.shown = at;
        }
    }

    /// A name for a new file that is free.
    pub fn free_name(&self) -> String {
        let names = (2..).map(|n| format!("manifests-{n}.yaml"));
        names.into_iter().find(|name| self.check(name, None).is_ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let files = Files::default();
        let check = |name: &str| files.check(name, None);
        assert_eq!(check("a.yaml"), Ok(()));
        assert_eq!(check("call.py"), Ok(()));
        assert_eq!(check("清单.yml"), Ok(()));
        assert_eq!(check(""), Err(BadName::Length));
        assert_eq!(check(&format!("{}.yaml", "a".repeat(60))), Err(BadName::Length));
        assert_eq!(check("a/b.yaml"), Err(BadName::Characters));
        assert_eq!(check("-f.yaml"), Err(BadName::Characters));
        assert_eq!(check(".yaml"), Err(BadName::Characters));
        assert_eq!(check("a.exe"), Err(BadName::Ending));
        assert_eq!(check(FIRST), Err(BadName::Taken));
        assert_eq!(files.check(FIRST, Some(0)), Ok(()));
    }

    #[test]
    fn files_are_kept() {
        let mut files = Files::of("kind: Service\n");
        files.add("call.py", "import socket\n");
        files.write("call.py", "import os\n");
        let again = Files::from_json(&files.to_json()).expect("what was written");
        assert_eq!(again, files);
        assert_eq!((again.name(), &*again.text()), ("call.py", "import os\n"));
        assert_eq!(Files::from_json("{}"), None);
        assert_eq!(Files::from_json("[1"), None);
    }

    #[test]
    fn what_is_opened_takes_nobodys_place() {
        let mut files = Files::of("mine");
        assert_eq!(files.open("manifests.yaml", "theirs"), Ok(()));
        assert_eq!(files.open("../my app (1).yml", "a"), Ok(()));
        assert_eq!(files.open("manifests.yaml", "mine"), Ok(()));
        let names: Vec<&str> = files.list().iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, [FIRST, "manifests-2.yaml", "my-app--1-.yml"]);
        assert_eq!((&*files.list()[0].text, files.shown()), ("mine", 0));
        assert_eq!(files.open("a.zip", ""), Err(Refused::Ending));
        assert_eq!(files.open("a.yaml", &"a".repeat(MOST_TOGETHER)), Err(Refused::Full));
    }

    #[test]
    fn a_closed_one_comes_back_where_it_was() {
        let mut files = Files::of("a");
        files.add("b.yaml", "b");
        files.add("c.yaml", "c");
        files.close(1);
        assert_eq!((files.name(), files.closed()), ("c.yaml", Some("b.yaml")));
        files.reopen();
        assert_eq!((files.name(), files.shown(), files.list().len()), ("b.yaml", 1, 3));
        files.close(2);
        files.close(1);
        files.close(0);
        assert_eq!((files.list().len(), files.name()), (1, FIRST), "the last one stays");
    }

    #[test]
    fn the_file_that_lessons_speak_of_is_made_anew() {
        let mut files = Files::of("a");
        files.rename(0, "call.py");
        files.show_first();
        assert_eq!((files.name(), files.list().len()), (FIRST, 2));
    }
}
