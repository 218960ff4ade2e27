//! CoreDNS's plugins: one ordered list, and one file per plugin. The order is the semantics: a question goes down the
//! list, whatever the Corefile's order, and its answer comes back up. Knows no sockets.
//! Models: CoreDNS 1.14 plugin.cfg.
//! Omits: plugins that are in the list and say `refuse`; a Corefile that names one is refused.

pub mod acl;
pub mod any;
pub mod autopath;
pub mod bind;
pub mod bufsize;
pub mod cache;
pub mod chaos;
pub mod errors;
pub mod forward;
pub mod header;
pub mod health;
pub mod hosts;
pub mod kept;
pub mod kubernetes;
pub mod loadbalance;
pub mod local;
pub mod log;
pub mod loop_;
pub mod minimal;
pub mod prometheus;
pub mod ready;
pub mod reload;
pub mod rewrite;
pub mod template;
pub mod whoami;

use super::corefile::Dispenser;
use super::message::{Class, Message, Question, Rcode, RecordType};
use super::zone::Cluster;
use crate::base::{Instant, Text};
use crate::effect::Out;
use crate::process::Files;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A plugin's line in the list.
#[derive(Debug)]
pub struct Entry {
    /// Its name in Corefiles.
    pub name: &'static str,
    /// Reads its part of a server block.
    pub setup: fn(&mut Setup<'_>) -> Result<Plugin, String>,
    /// Whether it may stand only once in a server block.
    pub once: bool,
}

const fn entry(name: &'static str, setup: fn(&mut Setup<'_>) -> Result<Plugin, String>) -> Entry {
    Entry { name, setup, once: false }
}

const fn once(name: &'static str, setup: fn(&mut Setup<'_>) -> Result<Plugin, String>) -> Entry {
    Entry { name, setup, once: true }
}

/// All plugins, in the order in which a question passes them.
pub static PLUGINS: &[Entry] = &[
    entry("root", kept::setup),
    entry("metadata", kept::setup),
    entry("geoip", refuse),
    entry("cancel", kept::setup),
    entry("proxyproto", refuse),
    entry("quic", refuse),
    entry("grpc_server", refuse),
    entry("https", refuse),
    entry("https3", refuse),
    entry("timeouts", kept::setup),
    entry("multisocket", kept::setup),
    entry("reload", reload::setup),
    entry("nsid", kept::setup),
    entry("bufsize", bufsize::setup),
    entry("bind", bind::setup),
    entry("debug", kept::setup),
    entry("trace", kept::setup),
    once("ready", ready::setup),
    entry("health", health::setup),
    entry("pprof", kept::setup),
    entry("shed", refuse),
    once("prometheus", prometheus::setup),
    once("errors", errors::setup),
    entry("log", log::setup),
    entry("dnstap", kept::setup),
    entry("local", local::setup),
    entry("dns64", kept::setup),
    entry("any", any::setup),
    entry("chaos", chaos::setup),
    entry("loadbalance", loadbalance::setup),
    entry("tsig", refuse),
    entry("rewrite", rewrite::setup),
    entry("autopath", autopath::setup),
    entry("acl", acl::setup),
    once("cache", cache::setup),
    entry("header", header::setup),
    entry("dnssec", refuse),
    entry("tls", refuse),
    entry("minimal", minimal::setup),
    entry("template", template::setup),
    entry("transfer", refuse),
    once("hosts", hosts::setup),
    entry("route53", refuse),
    entry("azure", refuse),
    entry("clouddns", refuse),
    entry("k8s_external", kept::setup),
    once("kubernetes", kubernetes::setup),
    entry("file", refuse),
    entry("auto", refuse),
    entry("secondary", refuse),
    entry("etcd", refuse),
    once("loop", loop_::setup),
    entry("forward", forward::setup),
    entry("grpc", refuse),
    entry("erratic", refuse),
    entry("whoami", whoami::setup),
    entry("on", kept::setup),
    entry("sign", refuse),
    entry("view", kept::setup),
    entry("nomad", refuse),
];

/// Whether a directive exists.
pub fn is_known(name: &str) -> bool {
    PLUGINS.iter().any(|entry| entry.name == name)
}

/// What a plugin's setup sees.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The plugin's name.
    pub name: &'static str,
    /// Its tokens.
    pub tokens: Dispenser,
    /// The zones of the server block.
    pub zones: &'a [Text],
    /// The port of the server block.
    pub port: u16,
    /// The files that it may read.
    pub files: &'a Files,
    /// Lines that it prints while it starts.
    pub lines: &'a mut Vec<Text>,
}

/// What a question's environment offers to plugins.
pub struct Env<'a, 'w> {
    /// What CoreDNS knows of the cluster.
    pub cluster: &'a Cluster,
    /// CoreDNS's own addresses.
    pub local: &'a [IpAddr],
    /// Who asks.
    pub client: &'a Client,
    /// Facts and draws.
    pub out: &'a mut Out<'w>,
    /// Whose draws: the pod's name.
    pub actor: &'a Text,
    /// What is printed.
    pub lines: &'a mut Vec<Text>,
    /// On the way up: what the question became below, if a plugin rewrote it.
    pub rewritten: Option<Rewritten>,
    /// On the way up: the plugin that answered.
    pub by: &'static str,
    /// Set by a plugin that answers with what it has and wants it asked for again meanwhile.
    pub refresh: bool,
    /// Set by a plugin that has found that the server cannot go on.
    pub fatal: bool,
}

/// What of a rewritten question `log` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// Its type.
    pub rtype: RecordType,
    /// Its class.
    pub class: Class,
    /// The query's length with it.
    pub size: usize,
}

impl Rewritten {
    /// From the query as it is now.
    pub fn of(query: &Message) -> Rewritten {
        let question = query.question();
        Rewritten {
            rtype: question.map_or(RecordType::A, |q| q.rtype),
            class: question.map_or(Class::IN, |q| q.class),
            size: query.length(),
        }
    }
}

/// Who asks, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: SocketAddr,
    /// Whether it came over TCP.
    pub tcp: bool,
    /// How many bytes the question had.
    pub size: usize,
    /// When it came.
    pub since: Instant,
}

/// What a plugin does with a question.
#[derive(Debug, Clone)]
pub enum Step {
    /// It answers.
    Answer(Box<Message>),
    /// It leaves the question to the next.
    Next,
    /// It leaves the question to the next with other flags, or another size of datagrams.
    Flags(Box<Message>),
    /// It leaves another question to the next, and remembers something for the way back.
    Rewrite(Box<Question>, Memo),
    /// It fails: the code, and the words for `errors`.
    Fail(Rcode, String),
    /// It wants the answer to another question first, from the whole server; then its own is completed.
    Chase(Box<Question>, Box<Message>),
    /// It wants others to answer.
    Forward(Box<forward::Order>),
    /// It drops the question: no answer at all.
    Drop,
}

/// What a plugin remembers from the way down for the way up.
#[derive(Debug, Clone, Default)]
pub enum Memo {
    /// Nothing.
    #[default]
    None,
    /// What `rewrite` did.
    Rewritten(Box<rewrite::Rewritten>),
    /// What `autopath` tries.
    Autopath(Box<autopath::Trial>),
}

/// How a question fared so far, on the way up.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Someone wrote an answer.
    Written(Box<Message>),
    /// Nobody wrote an answer: the code with which the server will, and the words for `errors`.
    Unwritten(Rcode, String),
    /// There will be no answer.
    Dropped,
}

/// What a plugin does on the way up.
#[derive(Debug, Clone)]
pub enum Back {
    /// On to the plugin above.
    On(Outcome),
    /// Down again with another question.
    Again(Box<Question>, Memo),
}

/// What all plugins can do. One enum implements it for all: calls are static.
pub trait Handler {
    /// A question on its way down.
    fn ask(&mut self, _query: &Message, _env: &mut Env<'_, '_>) -> Step {
        Step::Next
    }

    /// The answer on its way up. `query` is the question as this plugin passed it on.
    fn reply(&mut self, _memo: Memo, _query: &Message, outcome: Outcome, _env: &mut Env<'_, '_>) -> Back {
        Back::On(outcome)
    }
}

macro_rules! plugins {
    ($($variant:ident($plugin:ty),)*) => {
        /// A plugin as a server block configured it.
        #[derive(Debug, Clone)]
        pub enum Plugin {
            $(#[allow(missing_docs)] $variant(Box<$plugin>),)*
        }

        impl Handler for Plugin {
            fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
                match self {
                    $(Plugin::$variant(plugin) => plugin.ask(query, env),)*
                }
            }

            fn reply(&mut self, memo: Memo, query: &Message, outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
                match self {
                    $(Plugin::$variant(plugin) => plugin.reply(memo, query, outcome, env),)*
                }
            }
        }

        $(impl From<$plugin> for Plugin {
            fn from(plugin: $plugin) -> Plugin {
                Plugin::$variant(Box::new(plugin))
            }
        })*
    };
}

plugins! {
    Reload(reload::Reload),
    Ready(ready::Ready),
    Health(health::Health),
    Prometheus(prometheus::Prometheus),
    Errors(errors::Errors),
    Log(log::Log),
    Any(any::Any),
    Bind(bind::Bind),
    Bufsize(bufsize::Bufsize),
    Header(header::Header),
    Kept(kept::Kept),
    Local(local::Local),
    Chaos(chaos::Chaos),
    Loadbalance(loadbalance::Loadbalance),
    Rewrite(rewrite::Rewrite),
    Autopath(autopath::Autopath),
    Acl(acl::Acl),
    Cache(cache::Cache),
    Minimal(minimal::Minimal),
    Template(template::Template),
    Hosts(hosts::Hosts),
    Kubernetes(kubernetes::Kubernetes),
    Loop(loop_::Loop),
    Forward(forward::Forward),
    Whoami(whoami::Whoami),
}

impl Plugin {
    /// Whether questions pass through it.
    pub fn is_handler(&self) -> bool {
        use Plugin::{Bind, Health, Kept, Ready, Reload};
        !matches!(self, Kept(_) | Reload(_) | Ready(_) | Health(_) | Bind(_))
    }
}

/// For plugins that are not simulated.
fn refuse(_: &mut Setup<'_>) -> Result<Plugin, String> {
    Err("this plugin is not simulated here".to_string())
}

/// Where questions go on that a plugin has no answer to.
#[derive(Debug, Clone, Default)]
pub struct Fallthrough {
    zones: Vec<Text>,
}

impl Fallthrough {
    /// From the arguments of `fallthrough`: none means everything.
    pub fn new(arguments: &[Text]) -> Fallthrough {
        let zones = arguments.iter().flat_map(|argument| super::name::zones_of(argument)).collect();
        Fallthrough { zones: if arguments.is_empty() { vec![".".into()] } else { zones } }
    }

    /// Whether a name goes on.
    pub fn through(&self, name: &str) -> bool {
        super::name::best_zone(name, &self.zones).is_some()
    }
}

/// Where something is told over HTTP: `:8080`, `10.0.0.1:8080`, `localhost:8080`.
pub fn web_address(text: &str) -> Result<SocketAddr, String> {
    let missing = || format!("address {text}: missing port in address");
    let (host, port) = text.rsplit_once(':').ok_or_else(missing)?;
    let ip = match host {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        host => host.trim_matches(['[', ']']).parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    port.parse().map(|port| SocketAddr::new(ip, port)).map_err(|_| missing())
}

/// Reads an integer as Go's `strconv.Atoi` does.
pub fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("strconv.Atoi: parsing \"{text}\": invalid syntax"))
}

/// Reads a duration as Go does, in nanoseconds: `30s`, `1m`, `1h20m`, `0`.
pub fn duration(text: &str) -> Result<i64, String> {
    let bad = || format!("time: invalid duration \"{text}\"");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: i64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" => return Err(format!("time: missing unit in duration \"{text}\"")),
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            unit => return Err(format!("time: unknown unit \"{unit}\" in duration \"{text}\"")),
        };
        total = number.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(bad)?;
        rest = &rest[letters..];
    }
    Ok(sign * total)
}
