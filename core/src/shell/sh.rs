//! The line shell: a value with an explicit stack.
//!
//! Models: bash 5.2, as far as lessons and people at a terminal use it

use super::{Command, Programs};
use crate::base::Text;
use crate::process::{Cx, Reply, Signal, Syscall, Turn};

/// A shell.
#[derive(Debug, Clone)]
pub struct Sh {
    argv: Vec<Text>,
    interactive: bool,
}

impl Sh {
    /// `sh`, `sh -c text`, `sh file`, `sh -i`.
    pub fn new(argv: &[Text]) -> Sh {
        Sh { argv: argv.to_vec(), interactive: argv.iter().any(|word| &**word == "-i") }
    }

    /// The shell of a terminal.
    pub fn interactive() -> Sh {
        Sh { argv: vec!["bash".into()], interactive: true }
    }

    /// Whether it waits for a command line.
    pub fn is_idle(&self) -> bool {
        self.interactive
    }
}

impl Command for Sh {
    fn resume(&mut self, _cx: &mut Cx<'_, '_>, _reply: Reply) -> Turn<Programs> {
        Syscall::Exit(0).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        self.interactive && signal == Signal::Int
    }
}

/// The prompt of a terminal: `operator $ ` on the machine outside, the pod's name inside one.
pub fn prompt(hostname: &str) -> String {
    let who = if hostname == "host" { "operator" } else { hostname };
    format!("{who} $ ")
}
