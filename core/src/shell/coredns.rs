//! CoreDNS as a container's program. What it does is `dns`'s part.

use super::images::{flag, switch};
use super::print::{Print, Printed};
use super::{Command, Programs};
use crate::base::{Text, order};
use crate::dns::coredns::{BUILD, CoreDns, VERSION};
use crate::dns::plugins::PLUGINS;
use crate::process::{Cx, Reply, Signal, Turn};

/// The program and its command line.
#[derive(Debug, Clone)]
pub struct Coredns {
    argv: Vec<Text>,
    server: CoreDns,
}

impl Coredns {
    /// `coredns [-conf FILE] [-dns.port N]`.
    pub fn new(argv: &[Text]) -> Coredns {
        let path = flag(argv, "conf").unwrap_or_default();
        let port =
            flag(argv, "dns.port").or(flag(argv, "p")).and_then(|port| port.parse().ok()).unwrap_or(53);
        Coredns { argv: argv.to_vec(), server: CoreDns::new(path, port) }
    }
}

/// `coredns`, or what it prints about itself: `-version`, `-plugins`.
pub fn start(argv: &[Text]) -> Programs {
    if switch(argv, "version", false) || switch(argv, "plugins", false) {
        return Print::new(argv, about).into();
    }
    Coredns::new(argv).into()
}

fn about(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    if switch(argv, "version", false) {
        return Printed::out(format!("{VERSION}\n{BUILD}\n"));
    }
    let mut names: Vec<&str> = PLUGINS.iter().map(|entry| entry.name).filter(|name| *name != "on").collect();
    order::sort(&mut names);
    let names: String = names.iter().map(|name| format!("  dns.{name}\n")).collect();
    let loaders = "Server types:\n  dns\n\nCaddyfile loaders:\n  flag\n  default\n\nOther plugins:\n";
    Printed::out(format!("{loaders}{names}  on\n"))
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
