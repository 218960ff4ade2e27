//! `kubernetes`: answers for Services, endpoints and pods from CoreDNS's copy of the cluster.
//! Models: CoreDNS plugin/kubernetes/{handler,kubernetes,parse,reverse,ns}.go, plugin/backend_lookup.go.
//! Omits: `multicluster`, `zonal`; `labels` and `namespace_labels` are refused.

pub mod lookup;
pub mod options;

pub use options::{PodMode, setup};

use super::{Env, Fallthrough, Handler, Step};
use crate::base::{Instant, Text};
use crate::dns::message::{Message, Question, Rcode, Rdata, Record, RecordType, Soa};
use crate::dns::name::best_zone;
use lookup::{Hit, Lookup, Missing};
use std::sync::Arc;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    /// The zones for which it answers.
    pub zones: Vec<Text>,
    /// The zone in which reverse lookups answer: the first that is no reverse zone.
    pub primary: Text,
    /// Namespaces that it exposes; all when empty.
    pub namespaces: Vec<Text>,
    /// How names of pods are answered.
    pub pods: PodMode,
    /// Whether a pod's name is its endpoint's label.
    pub endpoint_pod_names: bool,
    /// The TTL of its records.
    pub ttl: u32,
    /// Whether it knows no endpoints.
    pub no_endpoints: bool,
    /// Whether a Service without endpoints does not exist.
    pub ignore_empty: bool,
    /// Where names that do not exist go on.
    pub fall: Fallthrough,
}

/// The most links of a chain of names that is followed within the cluster.
const MAX_CHAIN: usize = 8;

/// Labels and the zone that they are in.
pub fn under(labels: &str, zone: &str) -> Text {
    if zone == "." { format!("{labels}.").into() } else { format!("{labels}.{zone}").into() }
}

/// What a lookup found.
enum Found {
    Records(Vec<Record>, Vec<Record>),
    /// Records so far, and the name outside the cluster whose records complete them.
    Chase(Vec<Record>, Text),
}

impl Handler for Kubernetes {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        let Some(zone) = best_zone(&lower, &self.zones) else { return Step::Next };
        let start = question.name.len().saturating_sub(zone.len());
        // The zone keeps the case of the question.
        let zone = if &**zone == "." { "." } else { question.name.get(start..).unwrap_or(".") };
        let lookup = Lookup { plugin: self, env, zone };
        if matches!(question.rtype, RecordType::AXFR | RecordType::IXFR) {
            return Step::Fail(Rcode::REFUSED, String::new());
        }
        match find(&lookup, question, &lower) {
            Err(Missing) if self.fall.through(&lower) => Step::Next,
            Err(Missing) if !env.cluster.synced => self.negative(query, zone, Rcode::SERVFAIL, env),
            Err(Missing) => self.negative(query, zone, Rcode::NXDOMAIN, env),
            Ok(Found::Records(answers, _)) if answers.is_empty() => {
                self.negative(query, zone, Rcode::NOERROR, env)
            }
            Ok(Found::Records(answers, additionals)) => Step::Answer(Box::new(Message {
                aa: true,
                answers,
                additionals,
                ..query.reply(Rcode::NOERROR)
            })),
            Ok(Found::Chase(answers, target)) => {
                let answer = Message { aa: true, answers, ..query.reply(Rcode::NOERROR) };
                Step::Chase(Box::new(Question { name: target, ..question.clone() }), Box::new(answer))
            }
        }
    }
}

impl Kubernetes {
    fn negative(&self, query: &Message, zone: &str, rcode: Rcode, env: &Env<'_, '_>) -> Step {
        let mut answer = query.reply(rcode);
        answer.aa = true;
        answer.authorities.push(self.soa(zone, env.cluster.changed));
        Step::Answer(Box::new(answer))
    }

    fn soa(&self, zone: &str, changed: Instant) -> Record {
        let soa = Soa {
            mname: under("ns.dns", zone),
            rname: under("hostmaster", zone),
            serial: u32::try_from(changed.unix_seconds()).unwrap_or(u32::MAX),
            refresh: 7200,
            retry: 1800,
            expire: 86400,
            minimum: self.ttl,
        };
        Record::new(zone, self.ttl.min(300), Rdata::Soa(Arc::new(soa)))
    }
}

fn find(lookup: &Lookup<'_, '_>, question: &Question, lower: &str) -> Result<Found, Missing> {
    let records = |answers| Ok(Found::Records(answers, Vec::new()));
    match question.rtype {
        RecordType::A | RecordType::AAAA => addresses(lookup, &question.name, lower, question.rtype),
        RecordType::TXT => records(texts(lookup, question, lower)?),
        RecordType::CNAME => records(canonical(lookup, question, lower)?),
        RecordType::PTR => records(pointers(lookup, question, lower)?),
        RecordType::MX => lookup.services(lower, RecordType::MX).and_then(|_| records(Vec::new())),
        RecordType::SRV => locators(lookup, question, lower),
        RecordType::SOA if *question.name == *lookup.zone => {
            records(vec![lookup.plugin.soa(lookup.zone, lookup.env.cluster.changed)])
        }
        RecordType::SOA => records(Vec::new()),
        RecordType::NS if *lower == *lookup.zone => Ok(name_servers(lookup, question)),
        // Everything else is a lookup for an address, so that no data differs from no such name.
        _ => match addresses(lookup, &question.name, lower, RecordType::A)? {
            Found::Chase(..) | Found::Records(..) => records(Vec::new()),
        },
    }
}

fn addresses(lookup: &Lookup<'_, '_>, name: &str, lower: &str, rtype: RecordType) -> Result<Found, Missing> {
    let ttl = lookup.plugin.ttl;
    let mut records: Vec<Record> = Vec::new();
    let (mut owner, mut lower): (Text, Text) = (name.into(), lower.into());
    let mut chain = Vec::new();
    for _ in 0..MAX_CHAIN {
        let hits = match lookup.services(&lower, rtype) {
            Ok(hits) => hits,
            // A chain that leads nowhere is no data, without the chain.
            Err(_) if !chain.is_empty() => return Ok(Found::Records(Vec::new(), Vec::new())),
            Err(missing) => return Err(missing),
        };
        let target = hits.iter().find_map(Hit::external);
        let Some(target) = target else {
            for hit in hits {
                let Some(ip) = hit.ip() else { continue };
                let wanted = ip.is_ipv4() == (rtype == RecordType::A);
                let record = Record::address(owner.clone(), ttl, ip);
                if wanted && !records.contains(&record) {
                    records.push(record);
                }
            }
            if records.is_empty() {
                return Ok(Found::Records(Vec::new(), Vec::new()));
            }
            chain.append(&mut records);
            return Ok(Found::Records(chain, Vec::new()));
        };
        let target: Text = crate::dns::name::qualified(target).into();
        let record = Record::new(owner.clone(), ttl, Rdata::Cname(target.clone()));
        if chain.contains(&record) || target.eq_ignore_ascii_case(&owner) {
            return Ok(Found::Records(Vec::new(), Vec::new()));
        }
        chain.push(record);
        let next = target.to_ascii_lowercase();
        if !crate::dns::name::in_zone(&next, &lookup.zone.to_ascii_lowercase()) {
            return Ok(Found::Chase(chain, target));
        }
        (owner, lower) = (target, next.into());
    }
    Ok(Found::Records(Vec::new(), Vec::new()))
}

fn texts(lookup: &Lookup<'_, '_>, question: &Question, lower: &str) -> Result<Vec<Record>, Missing> {
    if lookup.base(lower) == "dns-version" {
        let data = Rdata::Txt(vec![bytes::Bytes::from_static(b"1.1.0")]);
        return Ok(vec![Record::new(question.name.clone(), 28_800, data)]);
    }
    // Any hit makes it no data; none, even at an existing node such as a namespace, makes it no such name.
    let hits = lookup.records(lower)?;
    if hits.is_empty() { Err(Missing) } else { Ok(Vec::new()) }
}

fn canonical(lookup: &Lookup<'_, '_>, question: &Question, lower: &str) -> Result<Vec<Record>, Missing> {
    let hits = lookup.services(lower, RecordType::CNAME)?;
    let target = hits.first().and_then(Hit::external).map(crate::dns::name::qualified);
    let record =
        |target: String| Record::new(question.name.clone(), lookup.plugin.ttl, Rdata::Cname(target.into()));
    Ok(target.map(record).into_iter().collect())
}

fn pointers(lookup: &Lookup<'_, '_>, question: &Question, lower: &str) -> Result<Vec<Record>, Missing> {
    let Some(ip) = crate::dns::name::address_of_reverse(lower) else {
        return lookup.records(lower).map(|_| Vec::new());
    };
    let names = lookup.names_of(ip);
    if names.is_empty() {
        return Err(Missing);
    }
    let record = |name: Text| Record::new(question.name.clone(), lookup.plugin.ttl, Rdata::Ptr(name));
    Ok(names.into_iter().map(record).collect())
}

/// SRV records: the weight is shared among all matches before duplicates are dropped.
fn locators(lookup: &Lookup<'_, '_>, question: &Question, lower: &str) -> Result<Found, Missing> {
    let hits = lookup.services(lower, RecordType::SRV)?;
    let ttl = lookup.plugin.ttl;
    let weight = u16::try_from(100 / hits.len().max(1)).unwrap_or(1).max(1);
    let (mut answers, mut additionals): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
    let mut seen = crate::base::FlatSet::new();
    for hit in &hits {
        let (Some(ip), Some(port)) = (hit.ip(), hit.port()) else { continue };
        let target = hit.domain(lookup.zone);
        if seen.insert((target.clone(), Err(port))) {
            let data = Rdata::Srv(0, weight, port, target.clone());
            answers.push(Record::new(question.name.clone(), ttl, data));
        }
        if seen.insert((target.clone(), Ok(ip))) {
            additionals.push(Record::address(target, ttl, ip));
        }
    }
    Ok(Found::Records(answers, additionals))
}

fn name_servers(lookup: &Lookup<'_, '_>, question: &Question) -> Found {
    let ttl = lookup.plugin.ttl;
    let (mut answers, mut additionals): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
    for (name, ip) in lookup.servers() {
        let server = Record::new(question.name.clone(), ttl, Rdata::Ns(name.clone()));
        if !answers.contains(&server) {
            answers.push(server);
        }
        additionals.push(Record::address(name, ttl, ip));
    }
    Found::Records(answers, additionals)
}
