//! `loadbalance`: hands out addresses in random order. Despite its name, `round_robin` keeps no state.
//! Models: CoreDNS plugin/loadbalance/loadbalance.go.
//! Omits: `weighted` and `prefer`.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup};
use crate::base::Purpose;
use crate::dns::message::{Message, Rcode, Record, RecordType};
use crate::effect::Out;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Loadbalance;

/// `loadbalance [round_robin]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    while tokens.advance() {
        let args = tokens.remaining_args();
        match args.first().map(|policy| &**policy) {
            None | Some("round_robin") if args.len() <= 1 => {}
            Some("round_robin") => return Err("unknown property for round_robin".to_string()),
            Some("weighted") => return Err("the weighted policy is not simulated here".to_string()),
            other => return Err(format!("unknown policy: {}", other.unwrap_or_default())),
        }
    }
    Ok(Loadbalance.into())
}

impl Handler for Loadbalance {
    fn reply(&mut self, _: Memo, query: &Message, mut outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        let transfer =
            query.question().is_some_and(|q| matches!(q.rtype, RecordType::AXFR | RecordType::IXFR));
        if let Outcome::Written(message) = &mut outcome
            && message.rcode == Rcode::NOERROR
            && !transfer
        {
            shuffle_section(&mut message.answers, env);
            shuffle_section(&mut message.authorities, env);
            shuffle_section(&mut message.additionals, env);
        }
        Back::On(outcome)
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
