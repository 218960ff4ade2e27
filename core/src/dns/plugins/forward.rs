//! `forward`: lets other servers answer. It names them; the program around it sends and waits.
//! Models: CoreDNS plugin/forward.
//! Omits: TLS and HTTPS upstreams, health probes of their own (failed exchanges count instead), `next` and `failover`.

use super::{Env, Handler, Plugin, Setup, Step, duration, integer};
use crate::base::{Purpose, Text};
use crate::dns::message::Message;
use crate::dns::name::{best_zone, in_zone, split_port, zones_of};
use std::net::{IpAddr, SocketAddr};

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Forward {
    stanzas: Vec<Stanza>,
}

/// What others are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Their addresses, in the order in which they are tried.
    pub to: Vec<SocketAddr>,
    /// How many questions may wait at once.
    pub limit: Option<usize>,
    /// Whether they are asked over TCP.
    pub tcp: bool,
}

#[derive(Debug, Clone)]
struct Stanza {
    from: Text,
    except: Vec<Text>,
    to: Vec<SocketAddr>,
    policy: Policy,
    next: usize,
    limit: Option<usize>,
    force_tcp: bool,
    prefer_udp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Random,
    RoundRobin,
    Sequential,
}

/// `forward FROM TO... { ... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let mut forward = Forward::default();
    while setup.tokens.advance() {
        let stanza = stanza(setup)?;
        forward.stanzas.push(stanza);
    }
    Ok(forward.into())
}

fn stanza(setup: &mut Setup<'_>) -> Result<Stanza, String> {
    let tokens = &mut setup.tokens;
    let args = tokens.remaining_args();
    let Some((from, targets)) = args.split_first() else { return Err(tokens.arg_err()) };
    let Some(from) = zones_of(from).into_iter().next() else {
        return Err(format!("unable to normalize '{from}'"));
    };
    if targets.is_empty() {
        return Err(tokens.arg_err());
    }
    let mut to = Vec::new();
    for target in targets {
        for address in addresses(target, setup)? {
            if !to.contains(&address) {
                to.push(address);
            }
        }
    }
    if to.len() > 15 {
        return Err(format!("more than 15 TOs configured: {}", to.len()));
    }
    let mut stanza = Stanza {
        from,
        except: Vec::new(),
        to,
        policy: Policy::Random,
        next: 0,
        limit: None,
        force_tcp: false,
        prefer_udp: false,
    };
    while setup.tokens.next_block() {
        option(&mut stanza, setup)?;
    }
    Ok(stanza)
}

/// The addresses that a target names: itself, or the name servers of a file like resolv.conf.
fn addresses(target: &str, setup: &Setup<'_>) -> Result<Vec<SocketAddr>, String> {
    let plain = target.strip_prefix("dns://").unwrap_or(target);
    if plain.starts_with("tls://") || plain.starts_with("https://") {
        return Err(format!("upstreams such as {target} are not simulated here"));
    }
    if let Ok(address) = plain.parse() {
        return Ok(vec![address]);
    }
    if let Ok(ip) = split_port(plain).0.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, split_port(plain).1.unwrap_or(53))]);
    }
    let Some(text) = setup.files.text(plain) else {
        return Err(format!("not an IP address or file: \"{target}\""));
    };
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver").then(|| words.next()?.parse::<IpAddr>().ok())?
    });
    let servers: Vec<SocketAddr> = servers.map(|ip| SocketAddr::new(ip, 53)).collect();
    if servers.is_empty() { Err(format!("no nameservers found in file: \"{target}\"")) } else { Ok(servers) }
}

fn option(stanza: &mut Stanza, setup: &mut Setup<'_>) -> Result<(), String> {
    let tokens = &mut setup.tokens;
    let name = tokens.val().to_string();
    let args = tokens.remaining_args();
    let first = args.first().map(|arg| &**arg);
    match (name.as_str(), first) {
        ("except", Some(_)) => stanza.except = args.iter().flat_map(|arg| zones_of(arg)).collect(),
        ("policy", Some("random")) => stanza.policy = Policy::Random,
        ("policy", Some("round_robin")) => stanza.policy = Policy::RoundRobin,
        ("policy", Some("sequential")) => stanza.policy = Policy::Sequential,
        ("policy", Some(other)) => return Err(tokens.err(&format!("unknown policy '{other}'"))),
        ("max_fails" | "max_concurrent" | "max_idle_conns" | "max_connect_attempts", Some(number)) => {
            let number = integer(number)?;
            if number < 0 {
                return Err(format!("{name} can't be negative: {number}"));
            }
            if name == "max_concurrent" {
                stanza.limit = usize::try_from(number).ok().filter(|limit| *limit > 0);
            }
        }
        ("expire" | "health_check" | "read_timeout" | "max_age", Some(text)) => {
            if duration(text)? < 0 {
                return Err(format!("{name} can't be negative: {text}"));
            }
        }
        ("force_tcp", None) => stanza.force_tcp = true,
        ("prefer_udp", None) => stanza.prefer_udp = true,
        ("force_tcp" | "prefer_udp", Some(_)) => return Err(tokens.arg_err()),
        ("tls" | "failfast_all_unhealthy_upstreams" | "next_on_nodata", _) => {}
        ("tls_servername" | "next" | "failover", Some(_)) => {}
        (
            "except"
            | "policy"
            | "max_fails"
            | "max_concurrent"
            | "max_idle_conns"
            | "max_connect_attempts"
            | "expire"
            | "health_check"
            | "read_timeout"
            | "max_age"
            | "tls_servername"
            | "next"
            | "failover",
            None,
        ) => return Err(tokens.arg_err()),
        _ => return Err(tokens.err(&format!("unknown property '{name}'"))),
    }
    Ok(())
}

impl Handler for Forward {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        let stanza = self.stanzas.iter_mut().find(|stanza| {
            let excepted = best_zone(&lower, &stanza.except).is_some();
            in_zone(&lower, &stanza.from) && !excepted
        });
        let Some(stanza) = stanza else { return Step::Next };
        let mut to = stanza.to.clone();
        match stanza.policy {
            Policy::Sequential => {}
            Policy::RoundRobin => {
                let count = to.len().max(1);
                to.rotate_left(stanza.next % count);
                stanza.next = (stanza.next + 1) % count;
            }
            Policy::Random => {
                for last in (1..to.len()).rev() {
                    let drawn = env.out.below(Purpose::Upstream, env.actor, last as u64 + 1);
                    to.swap(last, usize::try_from(drawn).unwrap_or(0));
                }
            }
        }
        let tcp = stanza.force_tcp || env.client.tcp && !stanza.prefer_udp;
        Step::Forward(Box::new(Order { to, limit: stanza.limit, tcp }))
    }
}
