//! The evidence of a hop: what the deciding machine had before it, and which line of it decided. Rendered only when
//! someone looks. Knows no markup.

use crate::sim::World;
use tidepool_core::dns::message::text::describe;
use tidepool_core::trace::reason::RulePick;
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
    /// A node's rules.
    Rules,
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

/// The rules of the chain that spreads the load, the matching one lit, and the rewriting.
fn rules(world: &World, pick: &RulePick) -> Evidence {
    let saved = world.iptables(&pick.node).unwrap_or_default();
    let mut lines = Vec::new();
    let endpoints = chain_rules(&saved, &pick.chain);
    for (n, rule) in endpoints.iter().enumerate() {
        let is_match = n == pick.rule as usize;
        lines.push(line(brief(rule), is_match));
        if let Some((draw, limit)) = pick.draws.get(n) {
            let verdict = if draw < limit { "<" } else { "≥" };
            let (draw, limit) = (fraction(*draw), fraction(*limit));
            lines.push(line(format!("    {draw} {verdict} {limit}"), is_match));
        }
    }
    lines.push(line(format!("dst {} → {}", pick.sent, pick.rewritten), false));
    Evidence { kind: Kind::Rules, lines }
}

/// The rules of a chain that lead to endpoints, in order.
pub fn chain_rules<'s>(saved: &'s str, chain: &str) -> Vec<&'s str> {
    let start = format!("-A {chain} ");
    let leads_on = |rule: &&str| rule.starts_with(&start) && rule.contains("-j KUBE-SEP-");
    saved.lines().filter(leads_on).collect()
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

    #[test]
    fn only_rules_to_endpoints_count() {
        let saved = "-A KUBE-SVC-X ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ\n-A KUBE-SVC-X -j KUBE-SEP-A\n-A KUBE-SVC-XY -j KUBE-SEP-B\n";
        assert_eq!(chain_rules(saved, "KUBE-SVC-X"), ["-A KUBE-SVC-X -j KUBE-SEP-A"]);
    }

    #[test]
    fn draws_read_as_fractions() {
        assert_eq!(fraction(1 << 30), "0.50000");
        assert_eq!(fraction(715_827_882), "0.33333");
    }
}
