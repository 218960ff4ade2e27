//! NodeLocal DNSCache: CoreDNS on a node's own network, at addresses of a dummy interface, so that pods reach a cache on
//! their node without address translation and without an entry in the connection table.
//! Models: kubernetes/dns cmd/node-cache/{main.go,app/cache_app.go,app/configmap.go} 1.26.
//! Omits: the timer that restores the interface and its rules; metrics of its own.

use super::coredns::CoreDns;
use super::kubedns::Config;
use crate::base::{Duration, Fd, Instant, Text};
use crate::process::{Cx, Netlink, OpenMode, Reply, Signal, Syscall};
use std::collections::VecDeque;
use std::net::IpAddr;

/// The template's path, and the ConfigMap `kube-dns` where it is mounted.
const BASE: &str = "/etc/coredns/Corefile.base";
const KUBE_DNS: &str = "/etc/kube-dns";
/// How often it looks at both.
const PERIOD: Duration = Duration::secs(10);

/// Its command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Addresses for the cache (`-localip`).
    pub ips: Vec<IpAddr>,
    /// Where the Corefile is written (`-conf`).
    pub corefile: Text,
    /// The Service to ask for names of the cluster (`-upstreamsvc`).
    pub upstream: Text,
    /// Whether the interface stays when it ends (`-skipteardown`).
    pub skip_teardown: bool,
}

/// The program.
#[derive(Debug, Clone, Default)]
pub struct NodeCache {
    options: Options,
    stage: Stage,
    server: CoreDns,
    /// The Corefile as written last.
    written: String,
    recheck: Option<Instant>,
    todo: VecDeque<Syscall>,
    /// A call of CoreDNS that waits until the above are done.
    held: Option<Syscall>,
    /// It was told to end while CoreDNS did not listen.
    told: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Begin,
    /// Calls before CoreDNS starts.
    SetUp,
    /// CoreDNS runs.
    Serve,
    /// Calls between two of CoreDNS's own.
    Write,
    /// Calls after CoreDNS has ended.
    TearDown,
}

impl NodeCache {
    /// With a command line.
    pub fn new(options: Options) -> NodeCache {
        let server = CoreDns::new(&options.corefile, 53);
        NodeCache { options, server, ..NodeCache::default() }
    }

    /// CoreDNS's server blocks.
    pub fn server(&self) -> &super::server::Server {
        self.server.server()
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        match (self.stage, reply) {
            (Stage::Begin, _) => {
                self.stage = Stage::SetUp;
                self.begin(cx);
            }
            // The file that was opened is the Corefile.
            (Stage::SetUp | Stage::Write, Reply::Fd(fd)) => {
                self.todo.push_front(Syscall::Close(fd));
                self.todo.push_front(Syscall::Write(fd, self.written.clone().into()));
            }
            (Stage::Serve, reply) => return self.serve(cx, reply),
            (Stage::SetUp, Reply::Interrupted(Signal::Term)) => return Syscall::Exit(0),
            (Stage::Write, Reply::Interrupted(Signal::Term)) => self.told = true,
            _ => {}
        }
        match (self.todo.pop_front(), self.stage) {
            (Some(call), _) => call,
            (None, Stage::TearDown) => Syscall::Exit(0),
            (None, Stage::Write) => {
                self.stage = Stage::Serve;
                match self.held.take() {
                    _ if std::mem::take(&mut self.told) => self.serve(cx, Reply::Interrupted(Signal::Term)),
                    Some(call) => call,
                    None => self.serve(cx, Reply::Done),
                }
            }
            (None, _) => {
                self.stage = Stage::Serve;
                self.recheck = Some(cx.out.now + PERIOD);
                self.serve(cx, Reply::Start)
            }
        }
    }

    fn begin(&mut self, cx: &Cx<'_, '_>) {
        self.say("Starting node-cache image: 1.26.7");
        self.say(&format!("Using Corefile {}", self.options.corefile));
        if self.upstream(cx).is_none() {
            let (service, variable) = (&self.options.upstream, self.variable());
            let line = format!(
                "[WARNING] Unable to lookup IP address of Upstream service {service}, env ${variable} ``\n"
            );
            self.todo.push_back(Syscall::Write(Fd(1), line.into()));
        }
        self.write(cx);
        for ip in &self.options.ips {
            self.todo.push_back(Syscall::Netlink(Netlink::AddAddress(*ip)));
        }
        self.say("Added interface - nodelocaldns");
    }

    fn say(&mut self, text: &str) {
        self.todo.push_back(Syscall::Write(Fd(1), format!("[INFO] {text}\n").into()));
    }

    /// One call of CoreDNS, with what comes between.
    fn serve(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let call = self.server.resume(cx, reply);
        let now = cx.out.now;
        match call {
            Syscall::Exit(_) if !self.options.skip_teardown => {
                self.stage = Stage::TearDown;
                for ip in &self.options.ips {
                    self.todo.push_back(Syscall::Netlink(Netlink::RemoveAddress(*ip)));
                }
                Syscall::Write(Fd(1), "[INFO] Tearing down\n".into())
            }
            Syscall::Next(wait) if self.recheck.is_some_and(|at| at <= now) => {
                self.recheck = Some(now + PERIOD);
                self.write(cx);
                match self.todo.pop_front() {
                    Some(first) => {
                        self.stage = Stage::Write;
                        self.held = Some(Syscall::Next(wait));
                        first
                    }
                    None => self.until(now, wait),
                }
            }
            Syscall::Next(wait) => self.until(now, wait),
            call => call,
        }
    }

    fn until(&self, now: Instant, wait: Option<Duration>) -> Syscall {
        let own = self.recheck.map(|at| at.since(now));
        Syscall::Next(wait.into_iter().chain(own).min())
    }

    /// Plans that the Corefile is written, when it is not as it should be.
    fn write(&mut self, cx: &Cx<'_, '_>) {
        let Some(base) = cx.files.text(BASE) else {
            if self.written.is_empty() {
                let line = format!(
                    "[ERROR] Failed to read node-cache coreFile {BASE} - open {BASE}: no such file or directory\n"
                );
                self.todo.push_back(Syscall::Write(Fd(1), line.into()));
            }
            return;
        };
        let config = Config::read(cx.files, KUBE_DNS);
        let text = self.fill(base, &config, cx);
        if text == self.written {
            return;
        }
        let upstreams =
            if config.upstreams.is_empty() { "/etc/resolv.conf".into() } else { config.upstreams.join(" ") };
        self.todo.push_back(Syscall::Open(self.options.corefile.clone(), OpenMode::Truncate));
        self.say(&format!(
            "Updated Corefile with {} custom stubdomains and upstream servers {upstreams}",
            config.stubs.len()
        ));
        self.say(&format!("Using config file:\n{text}"));
        self.written = text;
    }

    /// The template with its variables filled in, and a block for each stub domain.
    fn fill(&self, base: &str, config: &Config, cx: &Cx<'_, '_>) -> String {
        let ips: Vec<String> = self.options.ips.iter().map(ToString::to_string).collect();
        let upstream = self.upstream(cx).map_or("<nil>", |ip| ip);
        let outside =
            if config.upstreams.is_empty() { "/etc/resolv.conf".into() } else { config.upstreams.join(" ") };
        let mut text = base
            .replace("__PILLAR__UPSTREAM__SERVERS__", &outside)
            .replace("__PILLAR__CLUSTER__DNS__", upstream)
            .replace("__PILLAR__LOCAL__DNS__", &ips.join(" "))
            .replace("__PILLAR__DNS__SERVER__", "");
        for (domain, servers) in &config.stubs {
            let (at, to) = (ips.join(" "), servers.join(" "));
            text += &format!(
                "\n{domain}:53 {{\n    errors\n    cache 30\n    bind {at}\n    forward . {to}\n}}\n"
            );
        }
        text
    }

    fn variable(&self) -> String {
        format!("{}_SERVICE_HOST", self.options.upstream.replace('-', "_").to_uppercase())
    }

    fn upstream<'a>(&self, cx: &'a Cx<'_, '_>) -> Option<&'a Text> {
        cx.environment.get(&self.variable())
    }
}
