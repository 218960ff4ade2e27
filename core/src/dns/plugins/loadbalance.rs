//! `loadbalance`: hands out addresses in random order. Despite its name, `round_robin` keeps no state.
//! Models: CoreDNS plugin/loadbalance/loadbalance.go.
//! Omits: reading the file of weights again.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, duration};
use crate::base::{FlatMap, Purpose, Text, order};
use crate::dns::message::record::labels;
use crate::dns::message::{Message, Rcode, Record, RecordType};
use crate::dns::name::qualified;
use crate::effect::Out;
use ipnet::IpNet;
use std::net::IpAddr;

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Loadbalance {
    /// Ranges whose addresses come first, the first range first.
    prefer: Vec<IpNet>,
    /// `weighted`: addresses with their weights, by name; `None` for `round_robin`.
    weights: Option<FlatMap<Text, Vec<(IpAddr, u64)>>>,
}

/// `loadbalance [round_robin | weighted FILE] { reload DURATION; prefer CIDR... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let mut plugin = Loadbalance::default();
    let files = setup.files;
    let tokens = &mut setup.tokens;
    while tokens.advance() {
        let args = tokens.remaining_args();
        let words: Vec<&str> = args.iter().map(|word| &**word).collect();
        match words.as_slice() {
            [] | ["round_robin"] => {}
            ["round_robin", ..] => return Err("unknown property for round_robin".to_string()),
            ["weighted"] => return Err("missing weight file argument".to_string()),
            ["weighted", path] => {
                let missing = || format!("open {path}: no such file or directory");
                plugin.weights = Some(weights(files.text(path).ok_or_else(missing)?)?);
            }
            ["weighted", ..] => return Err("unexpected argument(s)".to_string()),
            [other, ..] => return Err(format!("unknown policy: {other}")),
        }
        while tokens.next_block() {
            let property = tokens.val().to_string();
            let args = tokens.remaining_args();
            match (property.as_str(), args.as_slice()) {
                ("prefer", [_, ..]) => {
                    for arg in &args {
                        let net = arg.parse().map_err(|_| format!("invalid CIDR {:?}", &**arg))?;
                        plugin.prefer.push(net);
                    }
                }
                ("reload", [text]) if plugin.weights.is_some() => {
                    let wait = duration(text).ok().filter(|wait| *wait >= 0);
                    wait.ok_or_else(|| format!("invalid reload duration '{text}'"))?;
                }
                _ if plugin.weights.is_some() => return Err("unknown property for weighted".to_string()),
                _ => return Err("unknown property for round_robin".to_string()),
            }
        }
    }
    Ok(plugin.into())
}

/// The file of weights: a name on a line of its own, then its addresses with their weights, 1 to 255.
fn weights(text: &str) -> Result<FlatMap<Text, Vec<(IpAddr, u64)>>, String> {
    let mut all: FlatMap<Text, Vec<(IpAddr, u64)>> = FlatMap::new();
    let mut name: Option<Text> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [word] => {
                labels(word).ok_or_else(|| format!("wrong domain name:\"{word}\""))?;
                name = Some(qualified(&word.to_ascii_lowercase()).into());
            }
            [ip, weight] => {
                let name = name.clone().ok_or("missing domain name")?;
                let ip = ip.parse().map_err(|_| format!("wrong IP address:\"{ip}\""))?;
                let weight = weight.parse::<u64>().ok().filter(|weight| (1..256).contains(weight));
                let weight = weight.ok_or_else(|| format!("wrong weight value:\"{}\"", words[1]))?;
                all.entry(name).or_default().push((ip, weight));
            }
            _ => return Err(format!("could not parse weight line:\"{line}\"")),
        }
    }
    Ok(all)
}

impl Handler for Loadbalance {
    fn reply(&mut self, _: Memo, query: &Message, mut outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        let transfer =
            query.question().is_some_and(|q| matches!(q.rtype, RecordType::AXFR | RecordType::IXFR));
        if let Outcome::Written(message) = &mut outcome
            && message.rcode == Rcode::NOERROR
            && !transfer
        {
            match &self.weights {
                None => {
                    shuffle_section(&mut message.answers, env);
                    shuffle_section(&mut message.authorities, env);
                    shuffle_section(&mut message.additionals, env);
                }
                Some(weights) => first_by_weight(weights, &mut message.answers, env),
            }
            self.preferred_first(&mut message.answers);
        }
        Back::On(outcome)
    }
}

impl Loadbalance {
    /// Addresses of preferred ranges before others, among the places that addresses have.
    fn preferred_first(&self, answers: &mut [Record]) {
        let Some(start) = answers.iter().position(|record| record.data.ip().is_some()) else { return };
        let rank = |record: &Record| {
            let ip = record.data.ip();
            let range = self.prefer.iter().position(|net| ip.is_some_and(|ip| net.contains(&ip)));
            range.unwrap_or(self.prefer.len())
        };
        if let Some(addresses) = answers.get_mut(start..).filter(|_| !self.prefer.is_empty()) {
            order::sort_by_key(addresses, rank);
        }
    }
}

/// One address, drawn by its weight (1 where the file has none), comes first; the others stay.
fn first_by_weight(
    weights: &FlatMap<Text, Vec<(IpAddr, u64)>>,
    answers: &mut [Record],
    env: &mut Env<'_, '_>,
) {
    let weight = |record: &Record| -> u64 {
        let Some(ip) = record.data.ip() else { return 0 };
        let listed = weights.get(&*record.name.to_ascii_lowercase());
        listed.and_then(|listed| listed.iter().find(|(own, _)| *own == ip)).map_or(1, |(_, weight)| *weight)
    };
    let total: u64 = answers.iter().map(weight).sum();
    let Some(first) = answers.iter().position(|record| record.data.ip().is_some()) else { return };
    let mut drawn = env.out.below(Purpose::DnsShuffle, env.actor, total);
    let taken = answers.iter().position(|record| {
        let weight = weight(record);
        let is_it = drawn < weight;
        drawn = drawn.saturating_sub(weight);
        is_it
    });
    if let Some(taken) = taken {
        answers.swap(first, taken);
    }
}

/// CNAMEs first, then other types, then addresses and mail servers, each of the two shuffled.
fn shuffle_section(section: &mut Vec<Record>, env: &mut Env<'_, '_>) {
    if section.len() < 2 {
        return;
    }
    let (mut names, mut others, mut addresses, mut mail) = (vec![], vec![], vec![], vec![]);
    for record in section.drain(..) {
        match record.rtype() {
            RecordType::CNAME => names.push(record),
            RecordType::A | RecordType::AAAA => addresses.push(record),
            RecordType::MX => mail.push(record),
            _ => others.push(record),
        }
    }
    shuffle(&mut addresses, env.out, env.actor);
    shuffle(&mut mail, env.out, env.actor);
    section.extend(names.into_iter().chain(others).chain(addresses).chain(mail));
}

/// Fisher and Yates, one draw per place.
pub fn shuffle(records: &mut [Record], out: &mut Out<'_>, actor: &str) {
    for last in (1..records.len()).rev() {
        let drawn = out.below(Purpose::DnsShuffle, actor, last as u64 + 1);
        records.swap(last, usize::try_from(drawn).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// plugin/loadbalance/weighted_test.go, its rows of good and bad files.
    #[test]
    fn a_file_of_weights_is_read_or_refused() {
        let read = weights(
            "# first\nw1.example.com\n192.168.1.15 10\n192.168.1.14 20\nw2.example.com.\n192.168.2.16 255\n",
        );
        let read = read.expect("a file");
        assert_eq!(read.get("w1.example.com.").map(Vec::len), Some(2));
        assert_eq!(
            read.get("w2.example.com.").and_then(|list| list.first()).map(|(_, weight)| *weight),
            Some(255)
        );
        for (text, words) in [
            ("192.168.1.15 10\n", "missing domain name"),
            ("w.example.com\n192.168.1.300 10\n", "wrong IP address:\"192.168.1.300\""),
            ("w.example.com\n192.168.1.15 256\n", "wrong weight value:\"256\""),
            ("w.example.com\n192.168.1.15 0\n", "wrong weight value:\"0\""),
        ] {
            assert_eq!(weights(text), Err(words.to_string()));
        }
    }
}
