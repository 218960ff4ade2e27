//! `local`: answers for this machine's own names, so that they never travel: `localhost` and 127.0.0.0/8.
//! Models: CoreDNS plugin/local/local.go.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::dns::message::{Message, Rcode, Rdata, Record, RecordType, Soa};
use crate::dns::name::{address_of_reverse, in_zone};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Local;

/// The TTL of its records, and of the SOA of its zones.
const TTL: u32 = 604_800;
/// The zones that it has.
const ZONES: [&str; 4] = ["localhost.", "0.in-addr.arpa.", "127.in-addr.arpa.", "255.in-addr.arpa."];

/// `local`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    if setup.tokens.next_arg() {
        return Err(setup.tokens.arg_err());
    }
    Ok(Local.into())
}

fn soa(zone: &str) -> Record {
    let names = Soa {
        mname: "localhost.".into(),
        rname: format!("root.{}", if zone == "localhost." { "localhost." } else { zone }).into(),
        serial: 1,
        refresh: 0,
        retry: 0,
        expire: 0,
        minimum: TTL,
    };
    Record::new(zone, TTL, Rdata::Soa(Arc::new(names)))
}

impl Handler for Local {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        // `localhost.DOMAIN` is what a search list makes of localhost.
        let mislead = lower.starts_with("localhost.") && lower != "localhost.";
        let zone = ZONES.iter().find(|zone| in_zone(&lower, zone));
        let zone = match zone {
            Some(zone) => zone,
            None if mislead => "localhost.",
            None => return Step::Next,
        };
        let mut answer = query.reply(Rcode::NOERROR);
        answer.aa = true;
        let named = lower == "localhost." || mislead;
        let data = match question.rtype {
            RecordType::A if named => Some(Rdata::A(Ipv4Addr::LOCALHOST)),
            RecordType::AAAA if named => Some(Rdata::Aaaa(Ipv6Addr::LOCALHOST)),
            RecordType::PTR if address_of_reverse(&lower) == Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) => {
                Some(Rdata::Ptr("localhost.".into()))
            }
            RecordType::NS if lower == zone => Some(Rdata::Ns("localhost.".into())),
            _ => None,
        };
        match data {
            Some(data) => answer.answers.push(Record::new(question.name.clone(), TTL, data)),
            None if question.rtype == RecordType::SOA => answer.answers.push(soa(zone)),
            None => answer.authorities.push(soa(zone)),
        }
        Step::Answer(Box::new(answer))
    }
}
