//! `yes`.

use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::process::{Cx, Errno, Reply, Signal, Syscall, Turn};

/// Lines per write.
const LINES: usize = 512;

/// A `yes`.
#[derive(Debug, Clone)]
pub struct Yes {
    argv: Vec<Text>,
}

impl Yes {
    /// Says its words for ever.
    pub fn new(argv: &[Text]) -> Yes {
        Yes { argv: argv.to_vec() }
    }
}

impl Command for Yes {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Err(Errno::Epipe) = reply {
            return Syscall::Exit(128 + Signal::Pipe.number()).into();
        }
        let words = self
            .argv
            .get(1..)
            .filter(|words| !words.is_empty())
            .map_or("y".to_string(), |words| words.join(" "));
        Syscall::Write(Fd(1), format!("{words}\n").repeat(LINES).into()).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
