//! nftables, slowly: reads the text of `nft list table ip kube-proxy` and walks it rule by rule, as the kernel would.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use tidepool_core::base::draw::{Purpose, Seed, draw};
use tidepool_core::base::{Duration, Instant};
use tidepool_core::net::Protocol;
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::walk::Dice;

/// Clients by affinity set, and when they were seen.
pub type Seen = BTreeMap<String, BTreeMap<IpAddr, Instant>>;

/// A table that was read.
#[derive(Debug, Default)]
pub struct Nft {
    chains: BTreeMap<String, Vec<Vec<String>>>,
    sets: BTreeMap<String, Vec<String>>,
    maps: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    timeouts: BTreeMap<String, u64>,
}

/// A packet and the node that looks at it.
#[derive(Debug, Clone)]
pub struct Looked {
    pub protocol: Protocol,
    pub src: SocketAddr,
    pub dst: SocketAddr,
    pub node: IpAddr,
    pub seed: u64,
    pub client: String,
    pub now: Instant,
}

#[derive(Debug, PartialEq)]
enum End {
    /// The chain's rules are used up, or it said so.
    Return,
    Drop,
    Reject,
    Dnat(SocketAddr),
}

impl Nft {
    pub fn parse(text: &str) -> Nft {
        let mut nft = Nft::default();
        let mut block: Option<(String, String, Vec<String>)> = None;
        for line in text.lines().map(str::trim) {
            match &mut block {
                None => {
                    let words: Vec<&str> = line.split(' ').collect();
                    if let [kind @ ("set" | "map" | "chain"), name, "{"] = words[..] {
                        block = Some((kind.into(), name.into(), Vec::new()));
                    }
                }
                Some(_) if line == "}" => {
                    let (kind, name, lines) = block.take().expect("a block");
                    nft.close(&kind, name, lines);
                }
                Some((_, _, lines)) => lines.push(line.into()),
            }
        }
        nft
    }

    /// How many rules its chains have.
    pub fn rules(&self) -> usize {
        self.chains.values().map(Vec::len).sum()
    }

    fn close(&mut self, kind: &str, name: String, lines: Vec<String>) {
        if kind == "chain" {
            let is_rule = |line: &&String| !line.starts_with("type ") && !line.starts_with("comment ");
            let rules = lines.iter().filter(is_rule).map(|line| words(line)).collect();
            self.chains.insert(name, rules);
            return;
        }
        if let Some(time) = lines.iter().find_map(|line| line.strip_prefix("timeout ")) {
            let parts = time.split_inclusive(['h', 'm', 's']).map(|part| {
                let (n, unit) = part.split_at(part.len() - 1);
                n.parse::<u64>().expect("a number")
                    * [("h", 3600), ("m", 60), ("s", 1)].iter().find(|u| u.0 == unit).expect("a unit").1
            });
            self.timeouts.insert(name.clone(), parts.sum());
        }
        let all = lines.join(" ");
        let elements = all.split_once("elements = { ").map_or("", |(_, rest)| rest.trim_end_matches(" }"));
        let elements = elements.split(',').map(str::trim).filter(|e| !e.is_empty());
        if kind == "set" {
            self.sets.insert(name, elements.map(str::to_string).collect());
            return;
        }
        let map = self.maps.entry(name).or_default();
        for element in elements {
            let (key, verdict) = element.rsplit_once(" : ").expect("an element");
            let key = key.split(" comment ").next().expect("a key");
            let old = map.insert(key.to_string(), words(verdict));
            assert_eq!(old, None, "{key} twice");
        }
    }

    pub fn verdict(&self, packet: Looked, seen: &mut Seen) -> Verdict {
        let (from_node, to_node) = (packet.is_local(packet.src.ip()), packet.is_local(packet.dst.ip()));
        let mut walk = Walk { nft: self, packet, seen, mark: false, dice: None };
        let (before, nat) = match from_node {
            true => ("filter-output-pre-dnat", "nat-output"),
            false => ("filter-prerouting-pre-dnat", "nat-prerouting"),
        };
        let after: &[&str] = match (from_node, to_node) {
            (true, true) => &["filter-output", "filter-input"],
            (true, false) => &["filter-output"],
            (false, true) => &["filter-input"],
            (false, false) => &["filter-forward"],
        };
        for chain in [before, nat].iter().chain(after) {
            match walk.chain(chain) {
                End::Return => {}
                End::Drop => return Verdict::Drop,
                End::Reject => return Verdict::Reject,
                // Afterwards the endpoint's address is no Service's.
                End::Dnat(to) => return Verdict::Dnat { to, masquerade: walk.mark },
            }
        }
        Verdict::Pass
    }
}

impl Looked {
    fn is_local(&self, ip: IpAddr) -> bool {
        ip == self.node || ip.is_loopback()
    }
}

struct Walk<'a> {
    nft: &'a Nft,
    packet: Looked,
    seen: &'a mut Seen,
    mark: bool,
    dice: Option<Dice>,
}

impl Walk<'_> {
    fn chain(&mut self, name: &str) -> End {
        let nft = self.nft;
        for rule in &nft.chains[name] {
            match self.rule(name, rule) {
                None => {}
                Some(end) => return end,
            }
        }
        End::Return
    }

    /// `None`: on to the next rule.
    fn rule(&mut self, chain: &str, rule: &[String]) -> Option<End> {
        let texts: Vec<&str> = rule.iter().map(String::as_str).collect();
        let mut rest = &texts[..];
        loop {
            rest = match rest {
                [] | ["comment", ..] => return None,
                ["ct", "state", "new", rest @ ..] => rest,
                ["fib", "saddr", "type", "local", rest @ ..] => {
                    if !self.packet.is_local(self.packet.src.ip()) {
                        return None;
                    }
                    rest
                }
                ["ip", "daddr", ".", "meta", "l4proto", ".", "th", "dport", "vmap", map] => {
                    let Looked { dst, protocol, .. } = &self.packet;
                    return self.lookup(map, &format!("{} . {protocol} . {}", dst.ip(), dst.port()));
                }
                ["meta", "l4proto", ".", "th", "dport", "vmap", map] => {
                    let Looked { dst, protocol, .. } = &self.packet;
                    return self.lookup(map, &format!("{protocol} . {}", dst.port()));
                }
                ["ip", which @ ("saddr" | "daddr"), rest @ ..] => {
                    let ip = if *which == "saddr" { self.packet.src.ip() } else { self.packet.dst.ip() };
                    let (not, rest) = match rest {
                        ["!=", rest @ ..] => (true, rest),
                        rest => (false, rest),
                    };
                    let end =
                        if rest[0] == "{" { rest.iter().position(|w| *w == "}").expect("an end") } else { 0 };
                    let among = rest[..=end].iter().filter(|w| !matches!(**w, "{" | "}"));
                    let found = among.map(|w| w.trim_end_matches(',')).any(|w| self.is_in(w, ip));
                    if found == not {
                        return None;
                    }
                    &rest[end + 1..]
                }
                ["meta", "mark", "set", "meta", "mark", "|", ..] => {
                    self.mark = true;
                    return None;
                }
                ["meta", "l4proto", protocol, rest @ ..] => {
                    if self.packet.protocol.lower() != *protocol {
                        return None;
                    }
                    rest
                }
                ["update", set, "{", "ip", "saddr", "}"] => {
                    let list = self.seen.entry(set.trim_start_matches('@').into()).or_default();
                    list.insert(self.packet.src.ip(), self.packet.now);
                    return None;
                }
                ["numgen", "random", "mod", n, "vmap", "{", elements @ .., "}"] => {
                    let n: usize = n.parse().expect("a number");
                    let picked = self.numgen(chain, n);
                    let elements = elements.join(" ");
                    let prefix = format!("{picked} : goto ");
                    let to = elements.split(", ").find_map(|e| e.strip_prefix(&prefix)).expect("an element");
                    return Some(self.chain(to));
                }
                ["dnat", "to", to] => return Some(End::Dnat(to.parse().expect("an address"))),
                verdict => return self.apply(verdict),
            }
        }
    }

    fn lookup(&mut self, map: &str, key: &str) -> Option<End> {
        let nft = self.nft;
        let verdict = nft.maps[map.trim_start_matches('@')].get(key)?;
        let verdict: Vec<&str> = verdict.iter().map(String::as_str).collect();
        self.apply(&verdict)
    }

    fn apply(&mut self, verdict: &[&str]) -> Option<End> {
        match verdict {
            ["drop", ..] => Some(End::Drop),
            ["reject", ..] => Some(End::Reject),
            ["return", ..] => Some(End::Return),
            ["goto", chain, ..] => Some(self.chain(chain)),
            ["jump", chain, ..] => match self.chain(chain) {
                End::Return => None,
                end => Some(end),
            },
            other => panic!("unknown words {other:?}"),
        }
    }

    fn is_in(&self, what: &str, ip: IpAddr) -> bool {
        if let Some(set) = what.strip_prefix("@affinity-") {
            let set = format!("affinity-{set}");
            let seen = self.seen.get(&set).and_then(|list| list.get(&ip));
            let timeout = Duration::secs(self.nft.timeouts[&set]);
            return seen.is_some_and(|at| self.packet.now.since(*at) <= timeout);
        }
        if let Some(set) = what.strip_prefix('@') {
            return self.nft.sets[set].contains(&ip.to_string());
        }
        match what.parse::<ipnet::IpNet>() {
            Ok(range) => range.contains(&ip),
            Err(_) => what.parse::<IpAddr>().expect("an address") == ip,
        }
    }

    /// The name of the service port is in the chain's: `service-HASH-ns/name/tcp/port`.
    fn numgen(&mut self, chain: &str, n: usize) -> u64 {
        if n == 1 {
            return 0;
        }
        let parts: Vec<&str> = chain.splitn(3, '-').nth(2).expect("a name").split('/').collect();
        let [ns, name, _, port] = parts[..] else { panic!("{chain}") };
        let port = if port.is_empty() { String::new() } else { format!(":{port}") };
        let actor = format!("{} > {ns}/{name}{port}", self.packet.client);
        let seed = Seed(self.packet.seed);
        let base = || Dice::new(draw(seed, Purpose::RuleMatch, &actor, 0));
        (u64::from(self.dice.get_or_insert_with(base).word()) * n as u64) >> 32
    }
}

/// Words at spaces; double quotes hold together.
fn words(text: &str) -> Vec<String> {
    let parts = text.split('"').enumerate();
    let words = parts.flat_map(|(n, part)| match n % 2 {
        1 => vec![part.to_string()],
        _ => part.split_whitespace().map(str::to_string).collect(),
    });
    words.collect()
}
