//! The evidence of a hop: what the deciding machine had before it, and which line of it decided. Rendered only when
//! someone looks. Knows no markup.

use crate::sim::World;
use std::net::SocketAddr;
use tidepool_core::dns::message::text::describe;
use tidepool_core::trace::reason::{PickedBy, RulePick};
use tidepool_core::trace::{Cargo, Event, Fact, Place, Reason};

/// A line of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Whether it decided.
    pub lit: bool,
}

/// What kind of evidence it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The resolver's file.
    ResolvConf,
    /// A DNS message, decoded.
    Message,
    /// What a node's kube-proxy has programmed, as this tool prints it.
    Rules(&'static str),
    /// A node's connection table.
    Conntrack,
}

/// Evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What kind it is.
    pub kind: Kind,
    /// Its lines.
    pub lines: Vec<Line>,
}

fn line(text: impl Into<String>, lit: bool) -> Line {
    Line { text: text.into(), lit }
}

/// The evidence of an event, if it has any.
pub fn of(world: &World, event: &Event) -> Option<Evidence> {
    match &event.fact {
        Fact::Moved(hop) => match &hop.cargo {
            Cargo::Dns(dns) => {
                let text = describe(&dns.bytes);
                let shown = text.lines().filter(|line| !line.trim().is_empty());
                let lines =
                    shown.map(|text| line(text, !text.starts_with(';') && dns.answer.is_some())).collect();
                Some(Evidence { kind: Kind::Message, lines })
            }
            _ => None,
        },
        Fact::Decided(by, Reason::SearchList(step)) => {
            let file = world.file(by, "/etc/resolv.conf").unwrap_or(&step.line);
            let mut lines: Vec<Line> = file.lines().map(|text| line(text, *text == *step.line)).collect();
            lines.push(line(format!("{} → {}", step.asked, step.tried), false));
            Some(Evidence { kind: Kind::ResolvConf, lines })
        }
        Fact::Decided(_, Reason::ServiceRule(pick)) => Some(rules(world, pick)),
        Fact::Decided(by, Reason::Conntrack(sent, to)) => {
            conntrack(world, by, &format!("dst={} ", sent.ip()), &format!("{sent} → {to}"))
        }
        Fact::Decided(by, Reason::SourceRestored(sent, seen)) => {
            conntrack(world, by, &format!("src={} ", sent.ip()), &format!("{sent} → {seen}"))
        }
        Fact::Decided(..) | Fact::Changed(..) | Fact::Refused(..) => None,
    }
}

/// What spreads the load, the pick lit, and the rewriting.
fn rules(world: &World, pick: &RulePick) -> Evidence {
    let (tool, mut lines) = match &pick.by {
        _ if pick.chain.starts_with("KUBE-") => ("iptables -t nat", chain_lines(world, pick)),
        PickedBy::Rotation(_) | PickedBy::Least(_) | PickedBy::Hash(_) => ("ipvsadm -Ln", server_lines(pick)),
        _ if pick.chain.contains('/') => ("nft list table ip kube-proxy", map_lines(pick)),
        _ => ("ipvsadm -Ln", server_lines(pick)),
    };
    lines.push(line(format!("dst {} → {}", pick.sent, pick.rewritten), false));
    Evidence { kind: Kind::Rules(tool), lines }
}

/// iptables: the rules of the chain, the draws of those that were tried, the matching rule lit.
fn chain_lines(world: &World, pick: &RulePick) -> Vec<Line> {
    let saved = world.proxy_rules(&pick.node).unwrap_or_default();
    let mut lines = Vec::new();
    for (n, rule) in chain_rules(&saved, pick).iter().enumerate() {
        let is_match = n == pick.rule as usize;
        lines.push(line(brief(rule), is_match));
        if let Some((draw, limit)) = pick.draws.get(n) {
            let verdict = if draw < limit { "<" } else { "≥" };
            let (draw, limit) = (fraction(*draw), fraction(*limit));
            lines.push(line(format!("    {draw} {verdict} {limit}"), is_match));
        }
    }
    lines
}

/// nftables: the map of the chain, the element that the draw names lit.
fn map_lines(pick: &RulePick) -> Vec<Line> {
    let n = pick.candidates.len();
    let head = match pick.by {
        PickedBy::Numgen(draw) => format!("numgen random mod {n}    {draw} × {n} / 2³² = {}", pick.rule),
        _ => format!("numgen random mod {n}"),
    };
    let element =
        |(at, to): (usize, &SocketAddr)| line(format!("    {at} : dnat to {to}"), at == pick.rule as usize);
    let elements = pick.candidates.iter().enumerate().map(element);
    [line(pick.chain.as_ref(), false), line(head, false)].into_iter().chain(elements).collect()
}

/// IPVS: the virtual server and its real servers, the picked one lit.
fn server_lines(pick: &RulePick) -> Vec<Line> {
    let load = |at: usize| match &pick.by {
        PickedBy::Least(loads) => loads.get(at).map(|load| format!("    {load}")).unwrap_or_default(),
        _ => String::new(),
    };
    let server =
        |(at, to): (usize, &SocketAddr)| line(format!("  -> {to}{}", load(at)), at == pick.rule as usize);
    let servers = pick.candidates.iter().enumerate().map(server);
    std::iter::once(line(pick.chain.as_ref(), false)).chain(servers).collect()
}

/// The rules of a pick's chain that lead to endpoints, in order: those of session affinity, or those that draw.
fn chain_rules<'s>(saved: &'s str, pick: &RulePick) -> Vec<&'s str> {
    let start = format!("-A {} ", pick.chain);
    let sticks = pick.by == PickedBy::Affinity;
    let leads_on = |rule: &&str| {
        rule.starts_with(&start) && rule.contains("-j KUBE-SEP-") && rule.contains("--rcheck") == sticks
    };
    saved.lines().filter(leads_on).collect()
}

/// Which line of a node's rules made a pick: a rule, a map, or a real server.
pub fn deciding_line(saved: &str, pick: &RulePick) -> Option<usize> {
    if pick.chain.starts_with("KUBE-") {
        let rule = *chain_rules(saved, pick).get(pick.rule as usize)?;
        return saved.lines().position(|line| line == rule);
    }
    let head =
        if pick.chain.contains('/') { format!("\tchain {} {{", pick.chain) } else { pick.chain.to_string() };
    let start = saved.lines().position(|line| line == head)?;
    let is_it = |line: &str| match pick.chain.contains('/') {
        true => line.contains("numgen random"),
        false => line.starts_with(&format!("  -> {} ", pick.rewritten)),
    };
    saved.lines().skip(start).position(is_it).map(|at| start + at)
}

/// What decides in a rule: its chain, its probability, where it leads. The whole rule is in the rules' own panel.
fn brief(rule: &str) -> String {
    let after =
        |flag: &str| rule.split_once(flag).and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
    let cut = |name: &str, most: usize| -> String {
        let head: String = name.chars().take(most).collect();
        if head.len() < name.len() { format!("{head}…") } else { head }
    };
    let chance = match after("--probability ") {
        "" => String::new(),
        p => format!(" p {}", p.get(..7).unwrap_or(p)),
    };
    format!("-A {}{chance} → {}", cut(after("-A "), 13), cut(after("-j KUBE-"), 8))
}

fn conntrack(world: &World, by: &Place, wanted: &str, rewriting: &str) -> Option<Evidence> {
    let Place::Node(node) = by else { return None };
    let entries = world.conntrack(node);
    let mut lines: Vec<Line> = entries
        .iter()
        .filter(|entry| entry.contains(wanted))
        .take(4)
        .map(|entry| line(entry.as_str(), true))
        .collect();
    lines.push(line(rewriting, lines.is_empty()));
    Some(Evidence { kind: Kind::Conntrack, lines })
}

/// A 31-bit draw or threshold as the fraction that iptables prints.
pub fn fraction(draw: u32) -> String {
    let ppm = (u64::from(draw) * 100_000) >> 31;
    format!("{}.{:05}", ppm / 100_000, ppm % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_what_decides() {
        let rule = "-A KUBE-SVC-FXIYY6OHUSNBITIX -m comment --comment \"default/web -> 10.244.2.4:80\" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-4BEQABCD";
        assert_eq!(brief(rule), "-A KUBE-SVC-FXIY… p 0.33333 → SEP-4BEQ…");
        assert_eq!(brief("-A KUBE-SVC-X -j KUBE-SEP-Y"), "-A KUBE-SVC-X → SEP-Y");
    }

    fn pick(chain: &str, by: PickedBy) -> RulePick {
        let to: SocketAddr = "10.244.1.5:80".parse().expect("an address");
        RulePick {
            service: tidepool_core::base::ObjectRef::new("Service", "default", "web"),
            node: "node-1".into(),
            revision: 1,
            chain: chain.into(),
            rule: 0,
            candidates: [to].into(),
            left_out: 0,
            by,
            draws: Vec::new(),
            sent: to,
            rewritten: to,
            masquerade: false,
        }
    }

    #[test]
    fn only_rules_to_endpoints_count() {
        let saved = "-A KUBE-SVC-X ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ\n-A KUBE-SVC-X --rcheck -j KUBE-SEP-A\n-A KUBE-SVC-X -j KUBE-SEP-A\n-A KUBE-SVC-XY -j KUBE-SEP-B\n";
        let of = |by| deciding_line(saved, &pick("KUBE-SVC-X", by));
        assert_eq!((of(PickedBy::Rules), of(PickedBy::Affinity)), (Some(2), Some(1)));
    }

    #[test]
    fn maps_and_servers_are_found_in_their_block() {
        let nft = "\tchain service-A/b/ {\n\t\tnumgen random mod 1\n\t}\n\tchain service-C/d/ {\n\t\tip daddr\n\t\tnumgen random mod 2\n";
        assert_eq!(deciding_line(nft, &pick("service-C/d/", PickedBy::Numgen(1))), Some(5));
        let ipvs = "TCP  1.2.3.4:80 rr\n  -> 10.244.1.5:80  Masq\nTCP  1.2.3.5:80 rr\n  -> 10.244.1.50:80  Masq\n  -> 10.244.1.5:80  Masq\n";
        assert_eq!(deciding_line(ipvs, &pick("TCP  1.2.3.5:80 rr", PickedBy::Rotation(None))), Some(4));
    }

    #[test]
    fn draws_read_as_fractions() {
        assert_eq!(fraction(1 << 30), "0.50000");
        assert_eq!(fraction(715_827_882), "0.33333");
    }
}
