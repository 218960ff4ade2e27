//! CoreDNS as a container's program. What it does is `dns`'s part.

use super::{Command, Programs};
use crate::base::Text;
use crate::dns::coredns::CoreDns;
use crate::process::{Cx, Reply, Signal, Turn};

/// The program and its command line.
#[derive(Debug, Clone)]
pub struct Coredns {
    argv: Vec<Text>,
    server: CoreDns,
}

impl Coredns {
    /// `coredns -conf FILE`.
    pub fn new(argv: &[Text]) -> Coredns {
        Coredns { argv: argv.to_vec(), server: CoreDns::default() }
    }
}

impl Command for Coredns {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        self.server.resume(cx, reply).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}
