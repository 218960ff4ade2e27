//! The server: which server block gets a question, and how the question goes down its plugins and the answer comes back.
//! A question that waits (for an upstream, for another name) is a value. Knows no sockets.
//! Models: CoreDNS core/dnsserver/{server,config,register,zdirectives}.go, request/request.go.
//! Omits: listeners other than plain DNS.

pub mod exchange;

pub use exchange::{Exchange, Progress};

use super::corefile::{Dispenser, Refused, Source, parse};
use super::message::{Class, Edns, Message, Rcode, RecordType, record::labels};
use super::name::{in_zone, split_port, zones_of};
use super::plugins::{PLUGINS, Plugin, Setup, is_known};
use crate::base::{Duration, FlatSet, Text};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// All server blocks of a Corefile.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// The blocks, in the file's order.
    pub blocks: Vec<Block>,
}

/// A server block, ready to answer.
#[derive(Debug, Clone)]
pub struct Block {
    /// Zone and port of each key.
    pub listens: Vec<(Text, u16)>,
    /// The addresses at which it listens; all when there are none.
    pub binds: Vec<IpAddr>,
    /// The plugins that questions pass, with their names, in order.
    pub plugins: Vec<(&'static str, Plugin)>,
    /// Plugins without a part in answering here, by name.
    pub kept: Vec<&'static str>,
    /// Where `health`, `ready` and `prometheus` listen.
    pub http: Vec<(SocketAddr, &'static str)>,
    /// How long it goes on answering after it was told to stop.
    pub lameduck: Duration,
    /// How often the Corefile is looked at again, and how much sooner or later that may be.
    pub reload: Option<(Duration, Duration)>,
}

/// No address in particular.
const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// What a client of DNS without EDNS can take.
const PLAIN: u16 = 512;

impl Server {
    /// Reads a Corefile and sets up its plugins. `lines`: what they print meanwhile.
    pub fn new(source: &Source<'_>, lines: &mut Vec<Text>) -> Result<Server, Refused> {
        let parsed = parse(source, is_known, lines)?;
        let mut keys = Vec::new();
        for block in &parsed {
            let mut listens = Vec::new();
            for key in &block.keys {
                listens.extend(listen(key, source.port)?);
            }
            keys.push(listens);
        }
        let mut server = Server::default();
        for (block, listens) in parsed.iter().zip(keys) {
            let zones: Vec<Text> = listens.iter().map(|(zone, _)| zone.clone()).collect();
            let mut made = Block {
                listens,
                binds: Vec::new(),
                plugins: Vec::new(),
                kept: Vec::new(),
                http: Vec::new(),
                lameduck: Duration::ZERO,
                reload: None,
            };
            for entry in PLUGINS {
                let Some(tokens) = block.directives.get(entry.name) else { continue };
                let begins = |n: &usize| {
                    let starts_line = *n == 0 || tokens[n - 1].line < tokens[*n].line;
                    starts_line && &*tokens[*n].text == entry.name
                };
                let repeated = (0..tokens.len()).filter(begins).count() > 1;
                if entry.once && repeated {
                    let name = entry.name;
                    return Err(format!("plugin/{name}: this plugin can only be used once per Server Block"));
                }
                let mut setup = Setup {
                    name: entry.name,
                    tokens: Dispenser::new(tokens.clone()),
                    zones: &zones,
                    port: made.listens.first().map_or(53, |(_, port)| *port),
                    files: source.files,
                    lines,
                };
                let plugin = (entry.setup)(&mut setup).map_err(|e| format!("plugin/{}: {e}", entry.name))?;
                made.take(entry.name, plugin);
            }
            server.blocks.push(made);
        }
        server.no_doubles()?;
        Ok(server)
    }

    fn no_doubles(&self) -> Result<(), Refused> {
        let mut seen = FlatSet::new();
        // Blocks with a view may share a zone.
        let plain = self.blocks.iter().filter(|block| !block.kept.contains(&"view"));
        for listen in plain.flat_map(|block| &block.listens) {
            if !seen.insert(listen) {
                let (zone, port) = listen;
                return Err(format!("cannot serve dns://{zone}:{port} - it is already defined"));
            }
        }
        Ok(())
    }

    /// Where it listens for questions.
    pub fn addresses(&self) -> FlatSet<SocketAddr> {
        let of = |block: &Block| {
            let ips = if block.binds.is_empty() { vec![ANY] } else { block.binds.clone() };
            let ports: Vec<u16> = block.listens.iter().map(|(_, port)| *port).collect();
            ips.into_iter()
                .flat_map(move |ip| ports.clone().into_iter().map(move |port| SocketAddr::new(ip, port)))
        };
        self.blocks.iter().flat_map(of).collect()
    }

    /// Where it listens for requests for pages, and what they are.
    pub fn pages(&self) -> FlatSet<(SocketAddr, &'static str)> {
        self.blocks.iter().flat_map(|block| &block.http).copied().collect()
    }

    /// What is printed of each zone when the server starts.
    pub fn banner(&self) -> Vec<Text> {
        let line = |zone: &Text, port: u16, ip: Option<&IpAddr>| match ip {
            Some(ip) => format!("{zone}:{port} on {ip}").into(),
            None => format!("{zone}:{port}").into(),
        };
        let of = |block: &Block| -> Vec<Text> {
            let zones = block.listens.iter();
            zones
                .flat_map(|(zone, port)| match block.binds.as_slice() {
                    [] => vec![line(zone, *port, None)],
                    ips => ips.iter().map(|ip| line(zone, *port, Some(ip))).collect(),
                })
                .collect()
        };
        self.blocks.iter().flat_map(of).collect()
    }

    /// The plugins of all blocks.
    pub fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        self.blocks.iter().flat_map(|block| &block.plugins).map(|(_, plugin)| plugin)
    }

    /// The block for a question that came in on a port: the longest zone in which the name lies.
    fn route(&self, query: &Message, port: u16) -> Result<usize, Rcode> {
        let question = query.question().ok_or(Rcode::SERVFAIL)?;
        let here = |block: &&Block| block.listens.iter().any(|(_, p)| *p == port);
        let odd = question.class != Class::IN;
        let passes_odd = |block: &Block| {
            block.plugins.iter().any(|(_, p)| matches!(p, Plugin::Chaos(_) | Plugin::Forward(_)))
        };
        if odd && !self.blocks.iter().filter(here).any(passes_odd) {
            return Err(Rcode::REFUSED);
        }
        let lower = question.name.to_ascii_lowercase();
        let mut best: Option<(usize, usize)> = None;
        let mut of_child: Option<usize> = None;
        for (index, block) in self.blocks.iter().enumerate() {
            for (zone, _) in block.listens.iter().filter(|(_, p)| *p == port) {
                if !in_zone(&lower, zone) {
                    continue;
                }
                // The DS record of a zone is its parent's.
                if question.rtype == RecordType::DS && *lower == **zone {
                    of_child = Some(index);
                } else if best.is_none_or(|(length, _)| zone.len() > length) {
                    best = Some((zone.len(), index));
                }
            }
        }
        let index = best.map(|(_, index)| index).or(of_child).ok_or(Rcode::REFUSED)?;
        if self.blocks[index].plugins.is_empty() { Err(Rcode::REFUSED) } else { Ok(index) }
    }
}

impl Block {
    /// The names of all its plugins, in their order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let has = |name: &&str| {
            let silent = match *name {
                "health" => self.http.iter().any(|(_, what)| *what == "health"),
                "ready" => self.http.iter().any(|(_, what)| *what == "ready"),
                "reload" => self.reload.is_some(),
                other => self.kept.contains(&other),
            };
            silent || self.plugins.iter().any(|(own, _)| own == name)
        };
        PLUGINS.iter().map(|entry| entry.name).filter(has)
    }

    fn take(&mut self, name: &'static str, plugin: Plugin) {
        match &plugin {
            Plugin::Health(health) => {
                self.http.push((health.at, "health"));
                self.lameduck = health.lameduck;
            }
            Plugin::Reload(reload) => self.reload = Some((reload.interval, reload.jitter)),
            Plugin::Ready(ready) => self.http.push((ready.at, "ready")),
            Plugin::Prometheus(prometheus) => self.http.push((prometheus.at, "metrics")),
            Plugin::Bind(bind) => {
                self.binds.clone_from(&bind.ips);
                self.kept.push(name);
            }
            Plugin::Kept(_) => self.kept.push(name),
            _ => {}
        }
        if plugin.is_handler() {
            self.plugins.push((name, plugin));
        }
    }
}

/// Zones and port of a key.
fn listen(key: &str, default: u16) -> Result<Vec<(Text, u16)>, Refused> {
    let bad = || format!("error inspecting server blocks: zone is not a valid domain name: {key}");
    let (scheme, rest) = key.split_once("://").unwrap_or(("dns", key));
    if scheme != "dns" {
        return Err(format!("servers for {scheme}:// are not simulated here"));
    }
    let (host, port) = split_port(rest);
    let zones = zones_of(host);
    if zones.is_empty() || labels(host).is_none() && !host.contains('/') {
        return Err(bad());
    }
    Ok(zones.into_iter().map(|zone| (zone, port.unwrap_or(default))).collect())
}

/// Gives an answer the OPT record that belongs to it: its own with the client's size, or the client's back.
pub fn echo_edns(query: &Message, answer: &mut Message) {
    let Some(asked) = &query.edns else {
        return;
    };
    match &mut answer.edns {
        Some(own) => {
            own.version = 0;
            own.udp = asked.udp.max(PLAIN);
            own.dnssec_ok |= asked.dnssec_ok;
        }
        None => {
            // NSID, EXPIRE, COOKIE, TCP-KEEPALIVE and PADDING go back; other options do not.
            let kept = |(code, _): &&(u16, bytes::Bytes)| matches!(code, 3 | 9 | 10 | 11 | 12);
            let options = asked.options.iter().filter(kept).cloned().collect();
            answer.edns = Some(Edns { options, ..asked.clone() });
        }
    }
}
