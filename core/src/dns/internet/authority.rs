//! A server that answers for zones and for nothing else: answers, referrals, refusals; updates and transfers where its zone
//! takes them.
//! Models: RFC 1034 section 4.3.2, RFC 2136, RFC 5936. Omits: wildcards, prerequisites of updates, who may update.

use super::{Machine, Manner, zones};
use crate::base::{Duration, FlatMap, Instant, Text};
use crate::dns::listener::{Client, Heard, Listener, Port};
use crate::dns::message::{Class, Message, Opcode, Rcode, Rdata, Record, RecordType};
use crate::dns::name::in_zone;
use crate::dns::server::echo_edns;
use crate::dns::zonefile;
use crate::process::{Cx, Reply, Syscall};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// How late a slow server answers: later than CoreDNS waits for one exchange, sooner than a stub resolver waits.
const LATE: Duration = Duration::millis(2_500);
/// Aliases that are followed within its zones.
const MAX_ALIASES: usize = 8;
/// Records that updates may make of a zone.
const MAX_RECORDS: usize = 1_000;

type Zone = FlatMap<Text, Vec<Record>>;

/// The program.
#[derive(Debug, Clone)]
pub struct Authority {
    machine: &'static Machine,
    listener: Listener,
    /// Zones by name; within, records by name.
    zones: FlatMap<Text, Zone>,
    /// What is sent later, by the time for it.
    late: FlatMap<(Instant, u64), Syscall>,
    counter: u64,
    todo: VecDeque<Syscall>,
}

impl Authority {
    /// The server of a machine.
    pub fn new(machine: &'static Machine) -> Authority {
        Authority {
            machine,
            listener: Listener::new(&[Port::Dns(53)]),
            zones: machine.zones.iter().filter_map(|text| read(text)).collect(),
            late: FlatMap::new(),
            counter: 0,
            todo: VecDeque::new(),
        }
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        for heard in self.listener.take(reply, &mut self.todo).unwrap_or_default() {
            if let Heard::Query(client, query) = heard {
                self.heard(client, &query, now);
            }
        }
        while let Some((&(due, n), _)) = self.late.iter().next()
            && due <= now
        {
            self.todo.extend(self.late.remove(&(due, n)));
        }
        let next = self.late.keys().next().map(|(due, _)| due.since(now));
        self.todo.pop_front().or_else(|| self.listener.open()).unwrap_or(Syscall::Next(next))
    }

    fn heard(&mut self, client: Client, query: &Message, now: Instant) {
        let mut answer = match query.opcode {
            Opcode::QUERY => self.answer(query, client.is_stream()),
            Opcode::UPDATE => query.reply(self.update(query)),
            _ => query.reply(Rcode::NOTIMP),
        };
        echo_edns(query, &mut answer);
        let Some(call) = client.answer(query, &answer, false) else { return };
        if self.machine.manner == Manner::Slow {
            self.counter += 1;
            self.late.insert((now + LATE, self.counter), call);
        } else {
            self.todo.push_back(call);
        }
    }

    /// The answer, a referral to who knows more, or a refusal.
    fn answer(&self, query: &Message, over_tcp: bool) -> Message {
        let mut answer = query.reply(Rcode::NOERROR);
        let Some(question) = query.question().filter(|question| question.class == Class::IN) else {
            answer.rcode = Rcode::REFUSED;
            return answer;
        };
        let mut owner = question.name.clone();
        let mut name: Text = owner.to_ascii_lowercase().into();
        if question.rtype == RecordType::AXFR {
            return self.transfer(answer, &name, over_tcp);
        }
        for hop in 0..MAX_ALIASES {
            let Some((apex, zone)) = self.zone_of(&name) else {
                if hop == 0 {
                    answer.rcode = Rcode::REFUSED;
                }
                return answer;
            };
            if let Some(cut) = cut(apex, zone, &name) {
                refer(cut, zone, &mut answer);
                return answer;
            }
            answer.aa = true;
            let Some(records) = zone.get(&name) else {
                let below = zone.keys().any(|known| in_zone(known, &name));
                answer.rcode = if below { Rcode::NOERROR } else { Rcode::NXDOMAIN };
                answer.authorities.extend(start(apex, zone));
                return answer;
            };
            let own = |record: &Record| Record { name: owner.clone(), ..record.clone() };
            let fits =
                |record: &&Record| question.rtype == RecordType::ANY || record.rtype() == question.rtype;
            let found: Vec<Record> = records.iter().filter(fits).map(own).collect();
            if !found.is_empty() {
                answer.answers.extend(found);
                return answer;
            }
            let alias = records.iter().find_map(|record| match &record.data {
                Rdata::Cname(target) => Some((own(record), target.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else {
                answer.authorities.extend(start(apex, zone));
                return answer;
            };
            answer.answers.push(record);
            (name, owner) = (target.to_ascii_lowercase().into(), target);
        }
        answer
    }

    fn zone_of(&self, name: &str) -> Option<(&Text, &Zone)> {
        self.zones.iter().filter(|(zone, _)| in_zone(name, zone)).max_by_key(|(zone, _)| zone.len())
    }

    /// The whole zone, between two copies of its start.
    fn transfer(&self, mut answer: Message, apex: &Text, over_tcp: bool) -> Message {
        let zone = self.zones.get(apex).filter(|_| over_tcp && self.machine.manner == Manner::Dynamic);
        let Some((zone, soa)) = zone.and_then(|zone| Some((zone, start(apex, zone)?))) else {
            answer.rcode = Rcode::REFUSED;
            return answer;
        };
        answer.aa = true;
        answer.answers.push(soa.clone());
        answer
            .answers
            .extend(zone.values().flatten().filter(|record| record.rtype() != RecordType::SOA).cloned());
        answer.answers.push(soa);
        answer
    }

    /// RFC 2136: the zone stands where questions do, and the changes where authorities do.
    fn update(&mut self, query: &Message) -> Rcode {
        if self.machine.manner != Manner::Dynamic {
            return Rcode::REFUSED;
        }
        let Some(apex) = query.question().map(|zone| Text::from(zone.name.to_ascii_lowercase())) else {
            return Rcode::FORMERR;
        };
        let Some(zone) = self.zones.get_mut(&apex) else { return Rcode::NOTAUTH };
        if query.authorities.iter().any(|record| !in_zone(&record.name.to_ascii_lowercase(), &apex)) {
            return Rcode::NOTZONE;
        }
        for change in &query.authorities {
            let name: Text = change.name.to_ascii_lowercase().into();
            let at_apex =
                |record: &Record| name == apex && matches!(record.rtype(), RecordType::SOA | RecordType::NS);
            let total: usize = zone.values().map(Vec::len).sum();
            let records = zone.entry(name.clone()).or_default();
            match change.class {
                Class::IN if total < MAX_RECORDS => {
                    records.retain(|record| record.data != change.data);
                    records.push(change.clone());
                }
                Class::IN => return Rcode::REFUSED,
                Class::ANY if change.rtype() == RecordType::ANY => records.retain(at_apex),
                Class::ANY => records.retain(|record| at_apex(record) || record.rtype() != change.rtype()),
                // Class NONE: this one record.
                _ => records.retain(|record| at_apex(record) || record.data != change.data),
            }
            if records.is_empty() {
                zone.remove(&name);
            }
        }
        let starts = zone.get_mut(&apex).into_iter().flatten().filter_map(|record| match &mut record.data {
            Rdata::Soa(soa) => Some(Arc::make_mut(soa)),
            _ => None,
        });
        starts.for_each(|soa| soa.serial = soa.serial.wrapping_add(1));
        Rcode::NOERROR
    }
}

/// The records at which a zone ends above a name, if it does.
fn cut<'a>(apex: &str, zone: &'a Zone, name: &str) -> Option<&'a Vec<Record>> {
    let ends = zone.iter().filter(|(at, records)| {
        ***at != *apex && in_zone(name, at) && records.iter().any(|record| record.rtype() == RecordType::NS)
    });
    ends.max_by_key(|(at, _)| at.len()).map(|(_, records)| records)
}

/// Who knows more, with the addresses that this zone has of them.
fn refer(cut: &[Record], zone: &Zone, answer: &mut Message) {
    for record in cut {
        let Rdata::Ns(target) = &record.data else { continue };
        answer.authorities.push(record.clone());
        answer.additionals.extend(zone.get(target).into_iter().flatten().cloned());
    }
}

fn start(apex: &Text, zone: &Zone) -> Option<Record> {
    zone.get(apex)?.iter().find(|record| record.rtype() == RecordType::SOA).cloned()
}

/// A zone from its file; its name is that of its first record.
fn read(text: &str) -> Option<(Text, Zone)> {
    let mut zone = Zone::new();
    let mut apex = None;
    for record in text.lines().filter_map(|line| zonefile::record(line).ok()) {
        apex.get_or_insert(record.name.clone());
        zone.entry(record.name.clone()).or_default().push(record);
    }
    let apex = apex?;
    let (many, count) = zones::MANY;
    if in_zone(many, &apex) && apex.len() > 1 && !text.contains("NS a.gtld") {
        let each = (1..=count).map(|n| Record::address(many, 300, IpAddr::from([203, 0, 113, 100 + n])));
        zone.insert(many.into(), each.collect());
    }
    Some((apex, zone))
}

#[cfg(test)]
mod tests {
    use super::super::MACHINES;
    use super::*;
    use crate::dns::message::record::tests::query;

    fn server(name: &str) -> Authority {
        Authority::new(MACHINES.iter().find(|machine| machine.name == name).expect("a machine"))
    }

    #[test]
    fn every_line_of_every_zone_is_read() {
        for machine in MACHINES {
            let server = Authority::new(machine);
            for text in machine.zones {
                let (apex, _) = read(text).expect("a zone");
                let extra = if &*apex == "big.example." { usize::from(zones::MANY.1) } else { 0 };
                let zone = server.zones.get(&apex).expect("it is served");
                assert_eq!(
                    zone.values().map(Vec::len).sum::<usize>(),
                    text.lines().count() + extra,
                    "{apex}"
                );
            }
        }
    }

    #[test]
    fn a_server_answers_refers_or_refuses() {
        let (root, zone) = (server("a.root-servers.net"), server("ns.example.com"));
        let referral = root.answer(&query("www.example.com.", RecordType::A), false);
        assert_eq!((referral.aa, referral.authorities.len(), referral.additionals.len()), (false, 1, 1));
        let www = zone.answer(&query("WWW.example.com.", RecordType::A), false);
        assert_eq!((www.rcode, www.answers.len(), www.aa, www.ra), (Rcode::NOERROR, 2, true, false));
        assert_eq!(&*www.answers[0].name, "WWW.example.com.");
        let none = zone.answer(&query("nosuch.example.com.", RecordType::A), false);
        assert_eq!((none.rcode, &*none.authorities[0].name), (Rcode::NXDOMAIN, "example.com."));
        let unknown = root.answer(&query("kubernetes.default.", RecordType::A), false);
        assert_eq!((unknown.rcode, &*unknown.authorities[0].name), (Rcode::NXDOMAIN, "."));
        assert_eq!(
            server("ns.broken.example").answer(&query("broken.example.", RecordType::A), false).rcode,
            Rcode::REFUSED
        );
    }

    #[test]
    fn a_zone_that_takes_updates_is_handed_out_with_them() {
        let mut server = server("ns.tidepool.example");
        let ask = |class, data| {
            let mut update = query("tidepool.example.", RecordType::SOA);
            update.opcode = Opcode::UPDATE;
            update.authorities = vec![Record { name: "web.tidepool.example.".into(), class, ttl: 60, data }];
            update
        };
        let address = Rdata::A([203, 0, 113, 7].into());
        assert_eq!(server.update(&ask(Class::IN, address.clone())), Rcode::NOERROR);
        let axfr = server.answer(&query("tidepool.example.", RecordType::AXFR), true);
        assert_eq!((axfr.answers.len(), axfr.answers.first() == axfr.answers.last()), (6, true));
        assert_eq!(server.answer(&query("web.tidepool.example.", RecordType::A), false).answers.len(), 1);
        assert_eq!(server.update(&ask(Class::NONE, address)), Rcode::NOERROR);
        assert_eq!(
            server.answer(&query("web.tidepool.example.", RecordType::A), false).rcode,
            Rcode::NXDOMAIN
        );
        let mut foreign = ask(Class::IN, Rdata::A([203, 0, 113, 7].into()));
        foreign.authorities[0].name = "web.example.com.".into();
        assert_eq!(server.update(&foreign), Rcode::NOTZONE);
    }
}
