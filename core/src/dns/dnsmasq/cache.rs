//! What dnsmasq remembers: addresses and names of addresses, by name and type. Knows no client.
//! Models: dnsmasq 2.78 src/cache.c: a fixed number of places, of which the one that was used least recently is taken.
//! Omits: negative answers, which kube-dns's `--no-negcache` keeps out.

use crate::base::{FlatMap, Instant, Text};
use crate::dns::message::{Message, Question, Rcode, Record, RecordType};

/// Links of a chain of names that are followed.
const MAX_CHAIN: usize = 10;

/// The places.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    places: usize,
    sets: FlatMap<(Text, RecordType), Set>,
    uses: u64,
}

#[derive(Debug, Clone)]
struct Set {
    records: Vec<Record>,
    /// The second in which it ends: dnsmasq's clock has no parts of seconds.
    until: u64,
    used: u64,
}

impl Cache {
    /// With so many places.
    pub fn new(places: usize) -> Cache {
        Cache { places, ..Cache::default() }
    }

    /// Remembers an answer's records.
    pub fn keep(&mut self, answer: &Message, now: Instant) {
        if answer.tc || answer.rcode != Rcode::NOERROR {
            return;
        }
        let kept = [RecordType::A, RecordType::AAAA, RecordType::CNAME, RecordType::PTR];
        let mut sets: FlatMap<(Text, RecordType), Vec<Record>> = FlatMap::new();
        for record in answer.answers.iter().filter(|record| kept.contains(&record.rtype())) {
            sets.entry((record.name.to_ascii_lowercase().into(), record.rtype()))
                .or_default()
                .push(record.clone());
        }
        for (key, records) in sets {
            let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
            if ttl == 0 {
                continue;
            }
            self.uses += 1;
            let until = now.unix_seconds() + u64::from(ttl);
            self.sets.insert(key, Set { records, until, used: self.uses });
        }
        while self.sets.values().map(|set| set.records.len()).sum::<usize>() > self.places {
            let oldest = self.sets.iter().min_by_key(|(_, set)| set.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            self.sets.remove(&oldest);
        }
    }

    /// What is remembered of a question, aliases first, with what is left of the TTLs.
    pub fn find(&mut self, question: &Question, now: Instant) -> Option<Vec<Record>> {
        let mut answers: Vec<Record> = Vec::new();
        let mut name: Text = question.name.to_ascii_lowercase().into();
        let mut owner = question.name.clone();
        for _ in 0..MAX_CHAIN {
            if let Some(records) = self.set(&name, question.rtype, &owner, now) {
                answers.extend(records);
                return Some(answers);
            }
            let alias = self.set(&name, RecordType::CNAME, &owner, now)?.into_iter().next()?;
            let crate::dns::message::Rdata::Cname(target) = &alias.data else { return None };
            (name, owner) = (target.to_ascii_lowercase().into(), target.clone());
            answers.push(alias);
        }
        None
    }

    fn set(&mut self, name: &Text, rtype: RecordType, owner: &Text, now: Instant) -> Option<Vec<Record>> {
        let key = (name.clone(), rtype);
        let now = now.unix_seconds();
        if self.sets.get(&key)?.until <= now {
            self.sets.remove(&key);
            return None;
        }
        self.uses += 1;
        let set = self.sets.get_mut(&key)?;
        set.used = self.uses;
        let left = u32::try_from(set.until - now).unwrap_or(u32::MAX);
        let aged = |record: &Record| Record { name: owner.clone(), ttl: left, ..record.clone() };
        Some(set.records.iter().map(aged).collect())
    }
}
