//! The resolver of the network outside: from the root down to who knows, with a cache of all that it hears.
//! Models: RFC 1034 section 5.3.3, RFC 2308. Omits: looking addresses of name servers up that come without (every referral
//! has them here), checking that an answer is its server's to give, TCP to servers: it announces the largest size of EDNS.

use super::ROOT;
use crate::base::{Duration, FlatMap, FlatSet, Instant, Text};
use crate::dns::asker::{Asker, Waiting};
use crate::dns::listener::{Client, Heard, Listener, Port};
use crate::dns::message::{Edns, Message, Opcode, Question, Rcode, Rdata, Record, RecordType};
use crate::dns::server::echo_edns;
use crate::process::{Cx, Reply, Syscall};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// How long a server may take.
const TIMEOUT: Duration = Duration::secs(4);
/// Questions that one client's question may cost, and aliases that are followed.
const MAX_QUESTIONS: u32 = 20;
const MAX_ALIASES: usize = 8;
/// Sets of records that are kept; when there are more, all are forgotten.
const MAX_SETS: usize = 10_000;

/// The program.
#[derive(Debug, Clone)]
pub struct Resolver {
    listener: Listener,
    asker: Asker<Task>,
    cache: FlatMap<(Text, RecordType), Kept>,
    todo: VecDeque<Syscall>,
}

/// What is known of a name and type.
#[derive(Debug, Clone)]
struct Kept {
    until: Instant,
    what: Known,
}

#[derive(Debug, Clone)]
enum Known {
    Records(Vec<Record>),
    /// No such name, or no such data: how the answer said it, with the start of the zone.
    Nothing(Rcode, Record),
}

/// A client's question.
#[derive(Debug, Clone)]
struct Task {
    client: Client,
    query: Message,
    /// The name that is looked for now, as it is to be shown.
    name: Text,
    answers: Vec<Record>,
    questions: u32,
    /// The zone whose servers are asked, and which of them were.
    zone: Text,
    tried: FlatSet<IpAddr>,
}

impl Default for Resolver {
    fn default() -> Resolver {
        Resolver {
            listener: Listener::new(&[Port::Dns(53)]),
            asker: Asker::default(),
            cache: FlatMap::new(),
            todo: VecDeque::new(),
        }
    }
}

impl Resolver {
    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        match self.asker.take(reply) {
            Ok(Some((answer, waiting))) => self.answered(cx, &answer, waiting.about),
            Ok(None) => {}
            Err(reply) => {
                for heard in self.listener.take(reply, &mut self.todo).unwrap_or_default() {
                    if let Heard::Query(client, query) = heard {
                        self.question(cx, client, *query);
                    }
                }
            }
        }
        for waiting in self.asker.due(cx.out.now) {
            self.advance(cx, waiting.about);
        }
        let open = |resolver: &mut Resolver| resolver.asker.open().or_else(|| resolver.listener.open());
        let next = self.asker.next_due().map(|due| due.since(cx.out.now));
        self.todo.pop_front().or_else(|| open(self)).unwrap_or(Syscall::Next(next))
    }

    fn question(&mut self, cx: &mut Cx<'_, '_>, client: Client, query: Message) {
        let Some(name) = query.question().filter(|_| query.opcode == Opcode::QUERY).map(|q| q.name.clone())
        else {
            return self.send(client, &query, query.reply(Rcode::NOTIMP));
        };
        let (zone, tried) = (".".into(), FlatSet::new());
        self.advance(cx, Task { client, query, name, answers: Vec::new(), questions: 0, zone, tried });
    }

    /// Goes on from what is known, until it is the answer or somebody has to be asked.
    fn advance(&mut self, cx: &mut Cx<'_, '_>, mut task: Task) {
        let now = cx.out.now;
        let rtype = task.query.question().map_or(RecordType::A, |question| question.rtype);
        while task.answers.len() <= MAX_ALIASES {
            let lower: Text = task.name.to_ascii_lowercase().into();
            let owned = |record: Record| Record { name: task.name.clone(), ..record };
            // A name that does not exist has no data of any type.
            let missing = || self.known(&lower, RecordType::ANY, now);
            match self.known(&lower, rtype, now).or_else(missing) {
                Some(Known::Records(records)) => {
                    task.answers.extend(records.into_iter().map(owned));
                    return self.done(task, Rcode::NOERROR, None);
                }
                Some(Known::Nothing(rcode, soa)) => return self.done(task, rcode, Some(soa)),
                None => {}
            }
            if let Some(Known::Records(records)) = self.known(&lower, RecordType::CNAME, now)
                && let Some(alias) = records.into_iter().next().map(owned)
                && let Rdata::Cname(target) = alias.data.clone()
            {
                task.answers.push(alias);
                (task.name, task.zone, task.tried) = (target, ".".into(), FlatSet::new());
                continue;
            }
            let (zone, servers) = self.servers(&lower, now);
            if zone != task.zone {
                (task.zone, task.tried) = (zone, FlatSet::new());
            }
            let untried = servers.into_iter().find(|ip| !task.tried.contains(ip));
            let Some(ip) = untried.filter(|_| task.questions < MAX_QUESTIONS) else { break };
            task.tried.insert(ip);
            task.questions += 1;
            let mut query = Message::query(0, Question::new(task.name.clone(), rtype));
            query.rd = false;
            query.edns = Some(Edns { udp: u16::MAX, ..Edns::default() });
            let waiting = Waiting { query, to: SocketAddr::new(ip, 53), until: now + TIMEOUT, about: task };
            return self.asker.ask(cx, waiting, &mut self.todo);
        }
        task.answers.clear();
        self.done(task, Rcode::SERVFAIL, None);
    }

    /// The nearest zone above a name whose servers are known, and their addresses.
    fn servers(&self, name: &str, now: Instant) -> (Text, Vec<IpAddr>) {
        let above = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest));
        for zone in above.filter(|zone| !zone.is_empty()) {
            let Some(Known::Records(names)) = self.known(zone, RecordType::NS, now) else { continue };
            let addresses = names.iter().filter_map(|record| match &record.data {
                Rdata::Ns(target) => self.known(target, RecordType::A, now),
                _ => None,
            });
            let ips: Vec<IpAddr> = addresses
                .filter_map(|known| match known {
                    Known::Records(records) => Some(records),
                    Known::Nothing(..) => None,
                })
                .flatten()
                .filter_map(|record| record.data.ip())
                .collect();
            if !ips.is_empty() {
                return (zone.into(), ips);
            }
        }
        (".".into(), vec![ROOT])
    }

    fn answered(&mut self, cx: &mut Cx<'_, '_>, answer: &Message, task: Task) {
        let now = cx.out.now;
        if !matches!(answer.rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
            // Whoever was asked does not know: the next one may.
            return self.advance(cx, task);
        }
        let referral =
            |record: &&Record| record.rtype() == RecordType::NS && record.name.len() > task.zone.len();
        let deeper = answer.authorities.iter().any(|record| referral(&record));
        self.keep(&answer.answers, now);
        if answer.answers.is_empty() && deeper {
            self.keep(&answer.authorities, now);
            self.keep(&answer.additionals, now);
            return self.advance(cx, task);
        }
        let rtype = task.query.question().map_or(RecordType::A, |question| question.rtype);
        if let Some(soa) = answer.authorities.iter().find(|record| record.rtype() == RecordType::SOA)
            && let Rdata::Soa(start) = &soa.data
        {
            // What is said of nothing is said of the last name in the chain.
            let last = answer.answers.iter().rev().find_map(|record| match &record.data {
                Rdata::Cname(target) => Some(target.clone()),
                _ => None,
            });
            let name: Text = last.unwrap_or(task.name.clone()).to_ascii_lowercase().into();
            let ttl = soa.ttl.min(start.minimum);
            let what = Known::Nothing(answer.rcode, Record { ttl, ..soa.clone() });
            if ttl == 0 {
                return self.done(task, answer.rcode, Some(soa.clone()));
            }
            let key = if answer.rcode == Rcode::NXDOMAIN { RecordType::ANY } else { rtype };
            self.put((name, key), ttl, what, now);
        } else if answer.answers.iter().any(|record| record.ttl == 0) {
            // What may not be kept is passed on, and followed where it leads elsewhere.
            let mut task = task;
            task.answers.extend(answer.answers.iter().cloned());
            let last = task.answers.last().map(|record| record.data.clone());
            let Some(Rdata::Cname(target)) = last.filter(|_| rtype != RecordType::CNAME) else {
                return self.done(task, answer.rcode, None);
            };
            (task.name, task.zone, task.tried) = (target, ".".into(), FlatSet::new());
            return self.advance(cx, task);
        }
        self.advance(cx, task);
    }

    fn known(&self, name: &str, rtype: RecordType, now: Instant) -> Option<Known> {
        let kept = self.cache.get(&(Text::from(name), rtype)).filter(|kept| kept.until > now)?;
        let ttl = u32::try_from(kept.until.since(now).as_secs()).unwrap_or(u32::MAX);
        Some(match &kept.what {
            Known::Records(records) => {
                Known::Records(records.iter().map(|record| Record { ttl, ..record.clone() }).collect())
            }
            Known::Nothing(rcode, soa) => Known::Nothing(*rcode, Record { ttl, ..soa.clone() }),
        })
    }

    fn keep(&mut self, records: &[Record], now: Instant) {
        let mut sets: FlatMap<(Text, RecordType), Vec<Record>> = FlatMap::new();
        for record in records {
            sets.entry((record.name.to_ascii_lowercase().into(), record.rtype()))
                .or_default()
                .push(record.clone());
        }
        for (key, records) in sets {
            let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
            self.put(key, ttl, Known::Records(records), now);
        }
    }

    fn put(&mut self, key: (Text, RecordType), ttl: u32, what: Known, now: Instant) {
        if ttl == 0 {
            return;
        }
        if self.cache.len() >= MAX_SETS {
            self.cache = FlatMap::new();
        }
        self.cache.insert(key, Kept { until: now + Duration::secs(u64::from(ttl)), what });
    }

    fn done(&mut self, task: Task, rcode: Rcode, soa: Option<Record>) {
        let mut answer = task.query.reply(rcode);
        answer.answers = task.answers;
        answer.authorities.extend(soa);
        self.send(task.client, &task.query, answer);
    }

    fn send(&mut self, client: Client, query: &Message, mut answer: Message) {
        answer.ra = true;
        echo_edns(query, &mut answer);
        self.todo.extend(client.answer(query, &answer, false));
    }
}
