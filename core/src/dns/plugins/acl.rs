//! `acl`: decides by source address and type who may ask.
//! Models: CoreDNS plugin/acl.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Edns, Message, Rcode, RecordType};
use crate::dns::name::{best_zone, zones_or};
use bytes::Bytes;
use ipnet::IpNet;
use std::net::IpAddr;

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Acl {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    zones: Vec<Text>,
    policies: Vec<Policy>,
}

#[derive(Debug, Clone)]
struct Policy {
    action: Action,
    /// All types when empty.
    types: Vec<RecordType>,
    /// All addresses when empty.
    nets: Vec<IpNet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Allow,
    Block,
    Filter,
    Drop,
}

/// `acl [ZONES...] { allow|block|filter|drop [type TYPES...] [net NETS...] }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut acl = Acl::default();
    while tokens.advance() {
        let zones = zones_or(tokens.remaining_args().iter(), setup.zones);
        let mut policies = Vec::new();
        while tokens.next_block() {
            let action = match tokens.val().to_ascii_lowercase().as_str() {
                "allow" => Action::Allow,
                "block" => Action::Block,
                "filter" => Action::Filter,
                "drop" => Action::Drop,
                other => {
                    return Err(tokens.err(&format!(
                        "unexpected token \"{other}\"; expect 'allow', 'block', 'filter' or 'drop'"
                    )));
                }
            };
            let args = tokens.remaining_args();
            policies.push(policy(action, &args).map_err(|message| tokens.err(&message))?);
        }
        acl.rules.push(Rule { zones, policies });
    }
    Ok(acl.into())
}

fn policy(action: Action, args: &[Text]) -> Result<Policy, String> {
    let mut policy = Policy { action, types: Vec::new(), nets: Vec::new() };
    let mut section = "";
    for arg in args {
        match (section, &**arg) {
            (_, "type") => section = "type",
            (_, "net") => section = "net",
            ("type", "*") | ("net", "*") => {}
            ("type", word) => {
                let rtype = RecordType::of_word(word);
                policy
                    .types
                    .push(rtype.ok_or_else(|| format!("unexpected token \"{word}\"; expect legal QTYPE"))?);
            }
            ("net", word) => {
                let net = word.parse().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from));
                policy.nets.push(net.ok_or_else(|| format!("illegal CIDR notation \"{word}\""))?);
            }
            (_, word) => {
                return Err(format!("unexpected token \"{word}\"; expect 'type | net'"));
            }
        }
    }
    Ok(policy)
}

impl Handler for Acl {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        let client = env.client.address.ip();
        for rule in self.rules.iter().filter(|rule| best_zone(&lower, &rule.zones).is_some()) {
            let policy = rule.policies.iter().find(|policy| {
                let by_type = policy.types.is_empty() || policy.types.contains(&question.rtype);
                by_type && (policy.nets.is_empty() || policy.nets.iter().any(|net| net.contains(&client)))
            });
            let (rcode, code) = match policy.map(|policy| policy.action) {
                None => continue,
                Some(Action::Allow) => return Step::Next,
                Some(Action::Drop) => return Step::Drop,
                Some(Action::Block) => (Rcode::REFUSED, 15),
                Some(Action::Filter) => (Rcode::NOERROR, 17),
            };
            let error = (Edns::EXTENDED_ERROR, Bytes::from(vec![0, code]));
            let mut answer = query.reply(rcode);
            answer.edns = Some(Edns { options: vec![error], ..Edns::default() });
            return Step::Answer(Box::new(answer));
        }
        Step::Next
    }
}
