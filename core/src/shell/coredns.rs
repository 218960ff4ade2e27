//! CoreDNS and NodeLocal DNSCache as containers' programs. What they do is `dns`'s part.

use super::images::{flag, switch};
use super::print::{Print, Printed};
use super::{Command, Programs};
use crate::base::{Text, order};
use crate::dns::coredns::{BUILD, CoreDns, VERSION};
use crate::dns::node_cache::{NodeCache, Options};
use crate::dns::plugins::PLUGINS;
use crate::dns::server::Server;
use crate::process::{Cx, Reply, Signal, Turn};
use std::net::IpAddr;

/// The program and its command line.
#[derive(Debug, Clone)]
pub struct Coredns {
    argv: Vec<Text>,
    server: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    CoreDns(Box<CoreDns>),
    NodeCache(Box<NodeCache>),
}

impl Coredns {
    /// Its server blocks.
    pub fn server(&self) -> &Server {
        match &self.server {
            Kind::CoreDns(server) => server.server(),
            Kind::NodeCache(cache) => cache.server(),
        }
    }

    /// `coredns [-conf FILE] [-dns.port N]`.
    pub fn new(argv: &[Text]) -> Coredns {
        let path = flag(argv, "conf").unwrap_or_default();
        let port =
            flag(argv, "dns.port").or(flag(argv, "p")).and_then(|port| port.parse().ok()).unwrap_or(53);
        Coredns { argv: argv.to_vec(), server: Kind::CoreDns(Box::new(CoreDns::new(path, port))) }
    }
}

/// `coredns`, or what it prints about itself: `-version`, `-plugins`.
pub fn start(argv: &[Text]) -> Programs {
    if switch(argv, "version", false) || switch(argv, "plugins", false) {
        return Print::new(argv, about).into();
    }
    Coredns::new(argv).into()
}

/// `node-cache -localip ADDRESSES [-conf FILE] [-upstreamsvc SERVICE] [-skipteardown]`.
pub fn node_cache(argv: &[Text]) -> Programs {
    let ips = flag(argv, "localip").unwrap_or_default();
    if let Some(bad) = ips.split(',').find(|ip| ip.parse::<IpAddr>().is_err()) {
        let line = format!("[FATAL] Error parsing flags - invalid localip specified - {bad:?}, Exiting");
        return Print::new(&[line.into()], |_, argv| Printed::fail(1, &argv.concat())).into();
    }
    let options = Options {
        ips: ips.split(',').filter_map(|ip| ip.parse().ok()).collect(),
        corefile: flag(argv, "conf").unwrap_or("/etc/Corefile").into(),
        upstream: flag(argv, "upstreamsvc").unwrap_or("kube-dns").into(),
        skip_teardown: switch(argv, "skipteardown", false),
    };
    Coredns { argv: argv.to_vec(), server: Kind::NodeCache(Box::new(NodeCache::new(options))) }.into()
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
        match &mut self.server {
            Kind::CoreDns(server) => server.resume(cx, reply).into(),
            Kind::NodeCache(cache) => cache.resume(cx, reply).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}
