//! CoreDNS as a command of its image: the program itself is in `dns`. Omits: `-conf` with another path, other flags.

use super::{Command, Programs};
use crate::base::Text;
use crate::dns::coredns::CoreDns;
use crate::process::{Cx, Reply, Signal, Turn};

/// A running CoreDNS with its command line.
#[derive(Debug, Clone)]
pub struct Coredns {
    argv: Vec<Text>,
    program: CoreDns,
}

impl Coredns {
    /// CoreDNS with these words.
    pub fn new(argv: &[Text]) -> Coredns {
        Coredns { argv: argv.to_vec(), program: CoreDns::default() }
    }
}

impl Command for Coredns {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        self.program.resume(cx, reply).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}
