//! The network outside, as far as names go: a recursive resolver with a small fixed internet behind it. Knows no cluster.
//! Names and addresses are those set aside for documentation (RFC 2606, RFC 5737, RFC 3849).
//! Omits: caching, iteration, TCP.

use super::message::{Message, Opcode, Rcode, Rdata, Record, RecordType, decode, encode_within};
use super::name::in_zone;
use super::server::echo_edns;
use super::zonefile;
use crate::base::{FlatMap, Text};
use crate::net::Protocol;
use crate::process::{Cx, Ready, Reply, Syscall};
use std::sync::Arc;

/// All records of this internet.
const RECORDS: &str = "\
. 86400 SOA a.root-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 86400
example.com. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.com. 86400 NS ns.example.com.
example.com. 300 A 203.0.113.10
example.com. 300 AAAA 2001:db8::10
example.com. 300 MX 10 mail.example.com.
example.com. 300 TXT \"v=spf1 -all\"
ns.example.com. 86400 A 203.0.113.53
mail.example.com. 300 A 203.0.113.25
www.example.com. 300 CNAME example.com.
api.example.com. 60 A 203.0.113.20
api.example.com. 60 A 203.0.113.21
db.example.com. 300 A 203.0.113.30
example.net. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.net. 300 A 203.0.113.11
www.example.net. 300 CNAME example.net.
example.org. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.org. 300 A 203.0.113.12
www.example.org. 300 CNAME example.org.
113.0.203.in-addr.arpa. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
10.113.0.203.in-addr.arpa. 3600 PTR example.com.
11.113.0.203.in-addr.arpa. 3600 PTR example.net.
12.113.0.203.in-addr.arpa. 3600 PTR example.org.
20.113.0.203.in-addr.arpa. 3600 PTR api.example.com.
";

/// Aliases that are followed.
const MAX_ALIASES: usize = 8;

/// The program.
#[derive(Debug, Clone, Default)]
pub struct Internet {
    records: Arc<FlatMap<Text, Vec<Record>>>,
}

impl Internet {
    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        match reply {
            Reply::Start => {
                self.records = read();
                Syscall::Socket(Protocol::Udp)
            }
            Reply::Fd(fd) => Syscall::Listen(fd, 53),
            Reply::Ready(fd, Ready::Datagram(client, bytes)) => match self.reply(&bytes) {
                Some(bytes) => Syscall::SendTo(fd, client, bytes),
                None => Syscall::Next(None),
            },
            _ => Syscall::Next(None),
        }
    }

    fn reply(&self, bytes: &[u8]) -> Option<bytes::Bytes> {
        let query = decode(bytes).ok().filter(|query| !query.response)?;
        let limit = query.edns.as_ref().map_or(512, |edns| usize::from(edns.udp.max(512)));
        encode_within(&self.answer(&query), limit, 1480).ok()
    }

    /// The answer of a recursive resolver: not its own data, and recursion available.
    fn answer(&self, query: &Message) -> Message {
        let mut answer = query.reply(Rcode::NOERROR);
        answer.ra = true;
        echo_edns(query, &mut answer);
        let Some(question) = query.question().filter(|_| query.opcode == Opcode::QUERY) else {
            answer.rcode = Rcode::NOTIMP;
            return answer;
        };
        let mut owner = question.name.clone();
        let mut name: Text = owner.to_ascii_lowercase().into();
        for _ in 0..MAX_ALIASES {
            let Some(records) = self.records.get(&name) else {
                let below = self.records.keys().any(|known| in_zone(known, &name));
                answer.rcode = if below { Rcode::NOERROR } else { Rcode::NXDOMAIN };
                break;
            };
            let own = |record: &Record| Record { name: owner.clone(), ..record.clone() };
            let mut found: Vec<Record> =
                records.iter().filter(|record| record.rtype() == question.rtype).map(own).collect();
            if !found.is_empty() {
                answer.answers.append(&mut found);
                return answer;
            }
            let alias = records.iter().find_map(|record| match &record.data {
                Rdata::Cname(target) => Some((own(record), target.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else { break };
            answer.answers.push(record);
            (name, owner) = (target.clone(), target);
        }
        answer.authorities.extend(self.start_of_authority(&name).cloned());
        answer
    }

    fn start_of_authority(&self, name: &str) -> Option<&Record> {
        let zones = self.records.iter().filter(|(zone, _)| in_zone(name, zone));
        let soas = zones.filter_map(|(zone, records)| {
            let soa = records.iter().find(|record| record.rtype() == RecordType::SOA)?;
            Some((zone.len(), soa))
        });
        soas.max_by_key(|(length, _)| *length).map(|(_, soa)| soa)
    }
}

fn read() -> Arc<FlatMap<Text, Vec<Record>>> {
    let mut records: FlatMap<Text, Vec<Record>> = FlatMap::new();
    for record in RECORDS.lines().filter_map(|line| zonefile::record(line).ok()) {
        records.entry(record.name.clone()).or_default().push(record);
    }
    Arc::new(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::message::record::tests::query;

    #[test]
    fn every_record_is_read_and_found() {
        let internet = Internet { records: read() };
        assert_eq!(internet.records.values().map(Vec::len).sum::<usize>(), RECORDS.lines().count());
        let www = internet.answer(&query("WWW.example.com.", RecordType::A));
        assert_eq!((www.rcode, www.answers.len(), www.aa, www.ra), (Rcode::NOERROR, 2, false, true));
        assert_eq!(&*www.answers[0].name, "WWW.example.com.");
        let none = internet.answer(&query("nosuch.example.com.", RecordType::A));
        assert_eq!((none.rcode, &*none.authorities[0].name), (Rcode::NXDOMAIN, "example.com."));
        let unknown = internet.answer(&query("kubernetes.default.", RecordType::A));
        assert_eq!((unknown.rcode, &*unknown.authorities[0].name), (Rcode::NXDOMAIN, "."));
        assert_eq!(internet.answer(&query("com.", RecordType::A)).rcode, Rcode::NOERROR);
    }
}
