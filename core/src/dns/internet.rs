//! The network outside, as far as names go: a recursive resolver with a small fixed internet behind it: among it a zone
//! that is slow, one that is broken, and one whose answers last for a day. Knows no cluster.
//! Names and addresses are those set aside for documentation (RFC 2606, RFC 5737, RFC 3849).
//! Omits: the servers of the zones themselves: the resolver has all answers at hand and does not cache them.

use super::coredns::{framed, take_framed};
use super::message::{Message, Opcode, Rcode, Rdata, Record, RecordType, TCP_LIMIT, decode, encode_within};
use super::name::in_zone;
use super::server::echo_edns;
use super::zonefile;
use crate::base::{Duration, Fd, FlatMap, Instant, Text};
use crate::net::Protocol;
use crate::process::{Cx, Ready, Reply, Syscall};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::net::IpAddr;
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
example.test. 3600 SOA ns.example.test. admin.example.test. 1 7200 900 1209600 60
www.example.test. 300 A 203.0.113.80
slow.example. 900 SOA ns.slow.example. hostmaster.slow.example. 2026010100 7200 1800 1209600 900
www.slow.example. 60 A 203.0.113.90
long.example. 86400 SOA ns.long.example. hostmaster.long.example. 2026010100 7200 1800 1209600 86400
www.long.example. 86400 A 203.0.113.91
big.example. 900 SOA ns.big.example. hostmaster.big.example. 2026010100 7200 1800 1209600 900
";

/// What is below it is answered late.
const SLOW: &str = "slow.example.";
/// How late: later than CoreDNS waits for one exchange, sooner than a stub resolver waits.
const LATE: Duration = Duration::millis(2_500);
/// What is below it cannot be resolved.
const BROKEN: &str = "broken.example.";
/// A name with more addresses than a datagram without EDNS holds.
const MANY: &str = "many.big.example.";

/// Aliases that are followed.
const MAX_ALIASES: usize = 8;

/// The program.
#[derive(Debug, Clone, Default)]
pub struct Internet {
    records: Arc<FlatMap<Text, Vec<Record>>>,
    udp: Option<Fd>,
    tcp: Option<Fd>,
    /// Streams of clients over TCP.
    streams: FlatMap<Fd, BytesMut>,
    /// What is sent later, by the time for it.
    late: FlatMap<(Instant, u64), Syscall>,
    counter: u64,
    todo: VecDeque<Syscall>,
}

impl Internet {
    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        match reply {
            Reply::Start => {
                self.records = read();
                self.todo.push_back(Syscall::Socket(Protocol::Udp));
            }
            Reply::Fd(fd) if self.udp.is_none() => {
                self.udp = Some(fd);
                self.todo.extend([Syscall::Listen(fd, 53), Syscall::Socket(Protocol::Tcp)]);
            }
            Reply::Fd(fd) => {
                self.tcp = Some(fd);
                self.todo.push_back(Syscall::Listen(fd, 53));
            }
            Reply::Ready(fd, Ready::Datagram(client, bytes)) => {
                if let Some((bytes, wait)) = self.reply(&bytes, false) {
                    self.send(now + wait, now, Syscall::SendTo(fd, client, bytes));
                }
            }
            Reply::Ready(_, Ready::Accepted(fd, _)) => drop(self.streams.insert(fd, BytesMut::new())),
            Reply::Ready(fd, Ready::Data(bytes)) if bytes.is_empty() => self.close(fd),
            Reply::Ready(fd, Ready::Data(bytes)) => self.stream(fd, &bytes, now),
            // A client that has given up does not end the service.
            Reply::Ready(fd, Ready::Reset) if self.streams.contains_key(&fd) => self.close(fd),
            _ => {}
        }
        while let Some((&(due, n), _)) = self.late.iter().next()
            && due <= now
        {
            self.todo.extend(self.late.remove(&(due, n)));
        }
        let next = self.late.keys().next().map(|(due, _)| due.since(now));
        self.todo.pop_front().unwrap_or(Syscall::Next(next))
    }

    fn close(&mut self, fd: Fd) {
        self.streams.remove(&fd);
        self.todo.push_back(Syscall::Close(fd));
    }

    fn stream(&mut self, fd: Fd, bytes: &[u8], now: Instant) {
        let mut whole = Vec::new();
        if let Some(buffer) = self.streams.get_mut(&fd) {
            buffer.extend_from_slice(bytes);
            whole.extend(std::iter::from_fn(|| take_framed(buffer)));
        }
        for message in whole {
            if let Some((bytes, wait)) = self.reply(&message, true) {
                self.send(now + wait, now, Syscall::Write(fd, framed(&bytes)));
            }
        }
    }

    fn send(&mut self, due: Instant, now: Instant, call: Syscall) {
        if due <= now {
            return self.todo.push_back(call);
        }
        self.counter += 1;
        self.late.insert((due, self.counter), call);
    }

    /// An answer's bytes, and how late they are.
    fn reply(&self, bytes: &[u8], tcp: bool) -> Option<(Bytes, Duration)> {
        let query = decode(bytes).ok().filter(|query| !query.response)?;
        let limit = query.edns.as_ref().map_or(512, |edns| usize::from(edns.udp.max(512)));
        let limit = if tcp { TCP_LIMIT } else { limit };
        let slow = query.question().is_some_and(|q| in_zone(&q.name.to_ascii_lowercase(), SLOW));
        let bytes = encode_within(&self.answer(&query), limit, if tcp { usize::MAX } else { 1480 }).ok()?;
        Some((bytes, if slow { LATE } else { Duration::ZERO }))
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
        if in_zone(&name, BROKEN) {
            answer.rcode = Rcode::SERVFAIL;
            return answer;
        }
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
    let many = (1..=60).map(|n| Record::address(MANY, 300, IpAddr::from([203, 0, 113, 100 + n])));
    records.insert(MANY.into(), many.collect());
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
        let internet = Internet { records: read(), ..Internet::default() };
        assert_eq!(internet.records.values().map(Vec::len).sum::<usize>(), RECORDS.lines().count() + 60);
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
