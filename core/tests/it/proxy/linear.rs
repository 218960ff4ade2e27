//! Netfilter, slowly: reads the text of iptables-save (and ipset save) and walks it rule by rule, as the kernel would.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use tidepool_core::base::draw::{Purpose, Seed, draw};
use tidepool_core::base::{Duration, Instant};
use tidepool_core::net::Protocol;
use tidepool_core::proxy::Verdict;
use tidepool_core::proxy::walk::Dice;

/// One match of a rule, and whether it is inverted.
#[derive(Debug, Clone)]
enum Match {
    Src(ipnet::IpNet),
    Dst(ipnet::IpNet),
    Protocol(String),
    Dport(u16),
    Statistic(u32),
    RecentCheck(String, u64),
    RecentSet(String),
    Mark,
    DstLocal,
    SrcLocal,
    State(String),
    Set(String, String),
    VirtualServer(String),
}

#[derive(Debug, Clone)]
struct Rule {
    matches: Vec<(bool, Match)>,
    comment: String,
    target: Option<(String, String)>,
}

/// The rules of one node.
pub struct Tables {
    tables: BTreeMap<String, BTreeMap<String, Vec<Rule>>>,
    /// The members of each set of addresses.
    pub sets: BTreeMap<String, BTreeSet<String>>,
    /// How many rules there are.
    pub rules: usize,
}

/// A packet and what the walk keeps of it.
pub struct Walker<'a> {
    pub tables: &'a Tables,
    pub node: IpAddr,
    pub recent: &'a mut BTreeMap<String, BTreeMap<IpAddr, Instant>>,
    pub now: Instant,
    pub seed: u64,
    pub client: String,
    pub protocol: Protocol,
    pub src: SocketAddr,
    pub dst: SocketAddr,
    pub mark: bool,
    pub dice: Option<Dice>,
}

#[derive(Debug, PartialEq)]
enum End {
    Accept,
    Drop,
    Reject,
    Dnat(SocketAddr),
    Return,
}

impl Tables {
    pub fn parse(text: &str) -> Tables {
        let mut tables = BTreeMap::new();
        let mut current = String::new();
        let (mut rules, mut sets) = (0, BTreeMap::<String, BTreeSet<String>>::new());
        for line in text.lines() {
            if let Some((name, member)) = line.strip_prefix("add ").and_then(|rest| rest.split_once(' ')) {
                sets.entry(name.into()).or_default().insert(member.into());
            } else if let Some(name) = line.strip_prefix('*') {
                current = name.to_string();
            } else if let Some(chain) = line.strip_prefix(':') {
                let name = chain.split(' ').next().expect("a name").to_string();
                let table: &mut BTreeMap<String, Vec<Rule>> = tables.entry(current.clone()).or_default();
                table.insert(name, Vec::new());
            } else if let Some(rule) = line.strip_prefix("-A ") {
                let (chain, rule) = rule.split_once(' ').expect("a rule");
                let table = tables.get_mut(&current).expect("a table");
                table.get_mut(chain).expect("a declared chain").push(parse_rule(rule));
                rules += 1;
            }
        }
        Tables { tables, sets, rules }
    }
}

fn parse_rule(text: &str) -> Rule {
    let mut words = split(text).into_iter();
    let mut rule = Rule { matches: Vec::new(), comment: String::new(), target: None };
    let mut not = false;
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a value");
        let found = match word.as_str() {
            "!" => {
                not = true;
                continue;
            }
            "-s" => Some(Match::Src(next().parse().expect("a range"))),
            "-d" => Some(Match::Dst(next().parse().expect("a range"))),
            "-p" => Some(Match::Protocol(next())),
            "--dport" => Some(Match::Dport(next().parse().expect("a port"))),
            "--probability" => {
                let p: f64 = next().parse().expect("a probability");
                Some(Match::Statistic((p * 2_147_483_648.0).round() as u32))
            }
            "--mark" => {
                next();
                Some(Match::Mark)
            }
            "--dst-type" => {
                assert_eq!(next(), "LOCAL");
                Some(Match::DstLocal)
            }
            "--src-type" => {
                assert_eq!(next(), "LOCAL");
                Some(Match::SrcLocal)
            }
            "--ctstate" => Some(Match::State(next())),
            "--comment" => {
                rule.comment = next();
                None
            }
            "--rcheck" => {
                assert_eq!(next(), "--seconds");
                let seconds = next().parse().expect("seconds");
                assert_eq!((next().as_str(), next().as_str()), ("--reap", "--name"));
                Some(Match::RecentCheck(next(), seconds))
            }
            "--set" => {
                assert_eq!(next(), "--name");
                Some(Match::RecentSet(next()))
            }
            "--match-set" => Some(Match::Set(next(), next())),
            "--vproto" => {
                let (protocol, ip) = (next(), (next(), next()).1);
                let port = (next(), next()).1;
                Some(Match::VirtualServer(format!("{ip},{protocol}:{port}")))
            }
            "-m" | "--mode" | "--mask" => {
                next();
                None
            }
            "--rsource" => None,
            "-j" => {
                let target = next();
                let rest: Vec<String> = words.by_ref().collect();
                rule.target = Some((target, rest.last().cloned().unwrap_or_default()));
                None
            }
            other => panic!("unknown word {other} in {text}"),
        };
        rule.matches.extend(found.map(|found| (not, found)));
        not = false;
    }
    rule
}

/// Words at spaces; double quotes hold together.
fn split(text: &str) -> Vec<String> {
    let parts = text.split('"').enumerate();
    let words = parts.flat_map(|(n, part)| {
        let words: Vec<&str> = if n % 2 == 1 { vec![part] } else { part.split_whitespace().collect() };
        words
    });
    words.map(str::to_string).collect()
}

impl Walker<'_> {
    pub fn verdict(&mut self) -> Verdict {
        let (from_node, to_node) = (self.is_local(self.src.ip()), self.is_local(self.dst.ip()));
        let hook = if from_node { "OUTPUT" } else { "PREROUTING" };
        if let End::Dnat(to) = self.chain("nat", hook) {
            return Verdict::Dnat { to, masquerade: self.mark };
        }
        let hooks: &[&str] = match (from_node, to_node) {
            (true, true) => &["OUTPUT", "INPUT"],
            (true, false) => &["OUTPUT"],
            (false, true) => &["INPUT"],
            (false, false) => &["FORWARD"],
        };
        for hook in hooks {
            match self.chain("filter", hook) {
                End::Drop => return Verdict::Drop,
                End::Reject => return Verdict::Reject,
                End::Accept | End::Return | End::Dnat(_) => {}
            }
        }
        Verdict::Pass
    }

    /// What the rules of IPVS mode do before and after IPVS, and the text of `ipvsadm -Ln` in between. Any real server
    /// with weight may be `chosen`.
    pub fn ipvs_verdict(&mut self, listed: &str, chosen: Option<SocketAddr>) -> Verdict {
        // A packet from outside with an address of kube-ipvs0 as its source is none of the node's own.
        let from_node = self.src.ip() == self.node || self.src.ip().is_loopback();
        let bound =
            self.tables.sets.get("KUBE-IPVS-IPS").is_some_and(|ips| ips.contains(&self.dst.ip().to_string()));
        if from_node && bound {
            // The address that the node's routing table gives as source: that of kube-ipvs0.
            self.src.set_ip(self.dst.ip());
        }
        self.chain("nat", if from_node { "OUTPUT" } else { "PREROUTING" });
        let head = format!("{}  {} ", self.protocol.lower().to_uppercase(), self.dst);
        let mut lines = listed.lines().skip_while(|line| !line.starts_with(&head));
        let served = lines.next().is_some();
        let mut hooks = if from_node { vec!["OUTPUT"] } else { Vec::new() };
        if self.is_local(self.dst.ip()) && !(from_node && served) {
            hooks.push("INPUT");
        }
        for hook in hooks {
            match self.chain("filter", hook) {
                End::Drop => return Verdict::Drop,
                End::Reject => return Verdict::Reject,
                End::Accept | End::Return | End::Dnat(_) => {}
            }
        }
        if !served {
            return Verdict::Pass;
        }
        let reals = lines.map_while(|line| line.strip_prefix("  -> "));
        let reals = reals.map(|line| line.split_whitespace().collect::<Vec<&str>>());
        let live: Vec<SocketAddr> =
            reals.filter(|words| words[2] != "0").map(|words| words[0].parse().expect("a server")).collect();
        let Some(to) = chosen.filter(|to| live.contains(to)) else {
            assert!(live.is_empty(), "{chosen:?} of {live:?}");
            return Verdict::Reject;
        };
        let (ip, p) = (to.ip(), self.protocol.lower());
        let loops = format!("{ip},{p}:{},{}", to.port(), self.src.ip());
        let loops = self.tables.sets.get("KUBE-LOOP-BACK").is_some_and(|set| set.contains(&loops));
        Verdict::Dnat { to, masquerade: self.mark || loops }
    }

    fn is_member(&self, set: &str, wanted: &str) -> bool {
        let (ip, p, port) = (self.dst.ip(), self.protocol.lower(), self.dst.port());
        let at = format!("{ip},{p}:{port}");
        let mut members = self.tables.sets.get(set).into_iter().flatten();
        match wanted {
            "dst" if set == "KUBE-IPVS-IPS" => members.any(|member| *member == ip.to_string()),
            "dst" => members.any(|member| *member == port.to_string()),
            "dst,dst" => members.any(|member| *member == at),
            "dst,dst,src" => members.any(|member| {
                let source = member.strip_prefix(&at).and_then(|rest| rest.strip_prefix(','));
                let range = source.map(|source| {
                    source
                        .parse()
                        .unwrap_or_else(|_| ipnet::IpNet::from(source.parse::<IpAddr>().expect("an address")))
                });
                range.is_some_and(|range| range.contains(&self.src.ip()))
            }),
            other => panic!("unknown match {other}"),
        }
    }

    fn chain(&mut self, table: &str, name: &str) -> End {
        let tables = self.tables;
        for rule in &tables.tables[table][name] {
            if !rule.matches.iter().all(|(not, found)| self.is_match(found, rule) != *not) {
                continue;
            }
            let Some((target, last)) = &rule.target else { continue };
            match target.as_str() {
                "ACCEPT" => return End::Accept,
                "DROP" => return End::Drop,
                "REJECT" => return End::Reject,
                "RETURN" => return End::Return,
                "DNAT" => return End::Dnat(last.parse().expect("an address")),
                "MARK" => self.mark = true,
                "MASQUERADE" => {}
                chain => match self.chain(table, chain) {
                    End::Return => {}
                    end => return end,
                },
            }
        }
        End::Return
    }

    fn is_match(&mut self, found: &Match, rule: &Rule) -> bool {
        match found {
            Match::Src(range) => range.contains(&self.src.ip()),
            Match::Dst(range) => range.contains(&self.dst.ip()),
            Match::Protocol(protocol) => self.protocol.lower() == protocol,
            Match::Dport(port) => self.dst.port() == *port,
            Match::Mark => self.mark,
            Match::DstLocal => self.is_local(self.dst.ip()),
            Match::SrcLocal => self.is_local(self.src.ip()),
            Match::Set(set, wanted) => self.is_member(set, wanted),
            Match::VirtualServer(server) => {
                let (ip, p, port) = (self.dst.ip(), self.protocol.lower(), self.dst.port());
                *server == format!("{ip},{p}:{port}")
            }
            Match::State(states) => states.split(',').any(|state| state == "NEW"),
            Match::Statistic(threshold) => {
                // The name of the service port stands before the arrow of the comment.
                let name = rule.comment.split(" -> ").next().expect("a name");
                let actor = format!("{} > {name}", self.client);
                let base = || Dice::new(draw(Seed(self.seed), Purpose::RuleMatch, &actor, 0));
                self.dice.get_or_insert_with(base).roll() < *threshold
            }
            Match::RecentCheck(name, seconds) => {
                let seen = self.recent.get(name).and_then(|list| list.get(&self.src.ip()));
                seen.is_some_and(|at| self.now.since(*at) <= Duration::secs(*seconds))
            }
            Match::RecentSet(name) => {
                self.recent.entry(name.clone()).or_default().insert(self.src.ip(), self.now);
                true
            }
        }
    }

    fn is_local(&self, ip: IpAddr) -> bool {
        let bound = || self.tables.sets.get("KUBE-IPVS-IPS").is_some_and(|ips| ips.contains(&ip.to_string()));
        ip == self.node || ip.is_loopback() || bound()
    }
}
