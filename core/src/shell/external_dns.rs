//! ExternalDNS as a container's program: its command line. What it does is `dns`'s part.

use super::images::{flag, switch};
use super::{Command, Programs};
use crate::base::{Duration, Text};
use crate::dns::external_dns::plan::{Policy, Registry};
use crate::dns::external_dns::source::Sources;
use crate::dns::external_dns::{ExternalDns as Server, Options};
use crate::dns::message::RecordType;
use crate::dns::plugins::duration;
use crate::process::{Cx, Reply, Signal, Turn};

/// The program and its command line.
#[derive(Debug, Clone)]
pub struct ExternalDns {
    argv: Vec<Text>,
    server: Server,
}

/// `external-dns --source=service --provider=rfc2136 ...`.
pub fn start(argv: &[Text]) -> Programs {
    ExternalDns { argv: argv.to_vec(), server: Server::new(options(argv)) }.into()
}

/// All values of a flag that may be given again.
fn values<'a>(argv: &'a [Text], name: &str) -> Vec<&'a str> {
    let each = argv.iter().enumerate().filter_map(|(n, word)| {
        match word.strip_prefix("--")?.strip_prefix(name)? {
            "" => argv.get(n + 1).map(|next| &**next),
            rest => rest.strip_prefix('='),
        }
    });
    each.collect()
}

fn options(argv: &[Text]) -> Options {
    let text = |name: &str, default: &str| Text::from(flag(argv, name).unwrap_or(default));
    let seconds = |name: &str, default: u64| {
        let nanos = flag(argv, name).and_then(|text| duration(text).ok()).and_then(|n| u64::try_from(n).ok());
        nanos.map_or(Duration::secs(default), Duration::nanos)
    };
    let sources = values(argv, "source");
    let types = values(argv, "managed-record-types");
    let types = types.iter().filter_map(|word| RecordType::of_word(word)).collect::<Vec<RecordType>>();
    Options {
        sources: Sources {
            services: sources.contains(&"service"),
            ingresses: sources.contains(&"ingress"),
            namespace: text("namespace", ""),
            internal: switch(argv, "publish-internal-services", false),
            prefix: text("annotation-prefix", "external-dns.alpha.kubernetes.io/"),
        },
        host: text("rfc2136-host", ""),
        port: flag(argv, "rfc2136-port").and_then(|port| port.parse().ok()).unwrap_or(53),
        zone: text("rfc2136-zone", ""),
        axfr: switch(argv, "rfc2136-tsig-axfr", false),
        least_ttl: u32::try_from(seconds("rfc2136-min-ttl", 0).as_secs()).unwrap_or(0),
        policy: match flag(argv, "policy") {
            Some("upsert-only") => Policy::UpsertOnly,
            Some("create-only") => Policy::CreateOnly,
            _ => Policy::Sync,
        },
        registry: Registry {
            txt: flag(argv, "registry") != Some("noop"),
            owner: text("txt-owner-id", "default"),
            prefix: text("txt-prefix", ""),
            suffix: text("txt-suffix", ""),
        },
        domains: values(argv, "domain-filter").into_iter().map(Text::from).collect(),
        types: if types.is_empty() {
            vec![RecordType::A, RecordType::AAAA, RecordType::CNAME]
        } else {
            types
        },
        interval: seconds("interval", 60),
        once: switch(argv, "once", false),
        dry_run: switch(argv, "dry-run", false),
        wrong: wrong(argv, &sources),
    }
}

/// What is wrong with the command line, in kingpin's words.
fn wrong(argv: &[Text], sources: &[&str]) -> Option<String> {
    let missing: Vec<&str> = [("provider", flag(argv, "provider").is_none()), ("source", sources.is_empty())]
        .into_iter()
        .filter_map(|(name, is_missing)| is_missing.then_some(name))
        .collect();
    if let [first, ..] = missing.as_slice() {
        return Some(match missing.len() {
            1 => format!("required flag(s) '--{first}' not provided"),
            _ => "required flag(s) '--provider', '--source' not provided".to_string(),
        });
    }
    let one_of = |name: &str, known: &[&str]| {
        let value = flag(argv, name)?;
        (!known.contains(&value))
            .then(|| format!("enum value must be one of {}, got '{value}'", known.join(",")))
    };
    let source = sources.iter().find(|source| !matches!(**source, "service" | "ingress"));
    one_of("provider", &["rfc2136"])
        .or_else(|| one_of("policy", &["sync", "upsert-only", "create-only"]))
        .or_else(|| one_of("registry", &["txt", "noop"]))
        .or_else(|| source.map(|source| format!("enum value must be one of service,ingress, got '{source}'")))
}

impl Command for ExternalDns {
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
