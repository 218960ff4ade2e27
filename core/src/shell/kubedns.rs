//! The containers of kube-dns as programs: `kube-dns`, `dnsmasq-nanny` and `sidecar`. What they do is `dns`'s part.

use super::images::flag;
use super::{Command, Programs};
use crate::base::Text;
use crate::dns::kubedns::sidecar::Sidecar;
use crate::dns::{dnsmasq, kubedns};
use crate::process::{Cx, Reply, Signal, Turn};

/// A container and its command line.
#[derive(Debug, Clone)]
pub struct KubeDns {
    argv: Vec<Text>,
    part: Part,
}

#[derive(Debug, Clone)]
enum Part {
    KubeDns(Box<kubedns::KubeDns>),
    Dnsmasq(Box<dnsmasq::Dnsmasq>),
    Sidecar(Box<Sidecar>),
}

/// `kube-dns [--domain=D] [--dns-port=N] [--healthz-port=N] [--config-dir=DIR]`.
pub fn kube_dns(argv: &[Text]) -> Programs {
    let port = |name: &str, default| flag(argv, name).and_then(|port| port.parse().ok()).unwrap_or(default);
    let options = kubedns::Options {
        domain: format!("{}.", flag(argv, "domain").unwrap_or("cluster.local").trim_end_matches('.')).into(),
        port: port("dns-port", 53),
        healthz: port("healthz-port", 8081),
        config: flag(argv, "config-dir").unwrap_or_default().into(),
    };
    start(argv, Part::KubeDns(Box::new(kubedns::KubeDns::new(options))))
}

/// `dnsmasq-nanny [-configDir=DIR] -- DNSMASQ'S WORDS`.
pub fn nanny(argv: &[Text]) -> Programs {
    let end = argv.iter().position(|word| &**word == "--").unwrap_or(argv.len());
    let (own, rest) = argv.split_at(end);
    let options = dnsmasq::Options {
        config: flag(own, "configDir").unwrap_or("/etc/k8s/dns/dnsmasq-nanny").into(),
        arguments: rest.iter().skip(1).cloned().collect(),
    };
    start(argv, Part::Dnsmasq(Box::new(dnsmasq::Dnsmasq::new(options))))
}

/// `sidecar --probe=LABEL,SERVER,NAME,SECONDS,TYPE ...`.
pub fn sidecar(argv: &[Text]) -> Programs {
    let probes = argv.iter().filter_map(|word| word.trim_start_matches('-').strip_prefix("probe="));
    start(argv, Part::Sidecar(Box::new(Sidecar::new(probes))))
}

fn start(argv: &[Text], part: Part) -> Programs {
    KubeDns { argv: argv.to_vec(), part }.into()
}

impl Command for KubeDns {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match &mut self.part {
            Part::KubeDns(part) => part.resume(cx, reply).into(),
            Part::Dnsmasq(part) => part.resume(cx, reply).into(),
            Part::Sidecar(part) => part.resume(cx, reply).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn catches(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Term | Signal::Int)
    }
}
