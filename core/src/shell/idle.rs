//! Programs that only wait: the pause container, `agnhost pause`, images without a known purpose and without ports.

use super::{Command, Programs};
use crate::base::{Duration, Text};
use crate::process::{Cx, Reply, Signal, Syscall, Turn};

/// A program that waits until it is told to stop.
#[derive(Debug, Clone)]
pub struct Idle {
    argv: Vec<Text>,
}

impl Idle {
    /// Waits under this command line.
    pub fn new(argv: &[Text]) -> Idle {
        Idle { argv: argv.to_vec() }
    }
}

impl Command for Idle {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Interrupted(_) => Syscall::Exit(0).into(),
            // Nothing can happen on descriptors that it does not have.
            _ => Syscall::Sleep(Duration::secs(86_400 * 365)).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}
