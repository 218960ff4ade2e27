//! The list of commands: name, what it does in one line, how it starts. Help and completion are derived from it.

use super::{Programs, curl, kubectl, print, sh, wget};
use crate::base::Text;

/// All commands, in the order of `help`. A new command is one file and one line here.
pub static COMMANDS: &[Entry] = &[
    Entry { name: "bash", help: "the shell", start: |argv| sh::Sh::new(argv).into() },
    Entry { name: "sh", help: "the shell", start: |argv| sh::Sh::new(argv).into() },
    Entry { name: "curl", help: "transfer a URL", start: |argv| curl::Curl::new(argv).into() },
    Entry {
        name: "kubectl",
        help: "talk to the API server",
        start: |argv| kubectl::Kubectl::new(argv).into(),
    },
    Entry {
        name: "true",
        help: "do nothing, successfully",
        start: |argv| print::Print::new(argv, print::succeed).into(),
    },
    Entry { name: "wget", help: "fetch a URL", start: |argv| wget::Wget::new(argv).into() },
];

/// A command.
#[derive(Debug)]
pub struct Entry {
    /// The name as typed.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Starts it with its words; the first is its name.
    pub start: fn(&[Text]) -> Programs,
}

/// The command of a name or a path (`/bin/sh`).
pub fn find(name: &str) -> Option<&'static Entry> {
    let base = match name.rsplit_once('/') {
        Some(("/bin" | "/usr/bin" | "/sbin" | "/usr/sbin" | "/usr/local/bin", base)) => base,
        Some(_) => return None,
        None => name,
    };
    COMMANDS.iter().find(|entry| entry.name == base)
}

/// The program that a command line's words name; `None`: command not found.
pub fn program(argv: &[Text]) -> Option<Programs> {
    let entry = find(argv.first()?)?;
    Some((entry.start)(argv))
}
