//! `cache`: keeps answers for a while, and gives every record of a reply one TTL.
//! Models: CoreDNS plugin/cache, plugin/pkg/response/typify.go, plugin/pkg/dnsutil/ttl.go.
//! Omits: `prefetch`, `serve_stale`; `keepttl` works. Which entry goes when a half is full: the oldest key, not a random one.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, Step, duration, integer};
use crate::base::{Duration, FlatMap, Instant, Text};
use crate::dns::message::{Message, Opcode, Rcode, RecordType};
use crate::dns::name::{best_zone, zones_or};
use std::sync::Arc;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Cache {
    zones: Vec<Text>,
    success: Half,
    denial: Half,
    fail_ttl: Duration,
    keep_ttl: bool,
}

/// One of the two halves: answers, and denials.
#[derive(Debug, Clone)]
struct Half {
    capacity: usize,
    max: u64,
    min: u64,
    /// Zones whose answers are not kept.
    disabled: Vec<Text>,
    items: Arc<FlatMap<Key, Arc<Item>>>,
}

/// Name, type, DNSSEC wanted, checking disabled.
type Key = (Text, RecordType, bool, bool);

#[derive(Debug, Clone)]
struct Item {
    message: Message,
    stored: Instant,
    ttl: u64,
}

/// What an answer is, as far as keeping it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Denial,
    ServerError,
    Meta,
    OtherError,
}

/// `cache [TTL] [ZONES...] { ... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let half = |max| Half { capacity: 9984, max, min: 5, disabled: Vec::new(), items: Arc::default() };
    let mut cache = Cache {
        zones: Vec::new(),
        success: half(3600),
        denial: half(1800),
        fail_ttl: Duration::secs(5),
        keep_ttl: false,
    };
    tokens.advance();
    let mut args = tokens.remaining_args();
    if let Some(ttl) = args.first().and_then(|text| text.parse::<i64>().ok()) {
        let Some(max) = u64::try_from(ttl).ok().filter(|max| *max > 0) else {
            return Err(format!("cache TTL can not be zero or negative: {ttl}"));
        };
        (cache.success.max, cache.denial.max) = (max, max);
        args.remove(0);
    }
    cache.zones = zones_or(args.iter(), setup.zones);
    while setup.tokens.next_block() {
        option(&mut cache, setup)?;
    }
    Ok(cache.into())
}

fn option(cache: &mut Cache, setup: &mut Setup<'_>) -> Result<(), String> {
    let tokens = &mut setup.tokens;
    let name = tokens.val().to_string();
    let args = tokens.remaining_args();
    match name.as_str() {
        "success" | "denial" => {
            let half = if name == "success" { &mut cache.success } else { &mut cache.denial };
            let Some(capacity) = args.first() else { return Err(tokens.arg_err()) };
            half.capacity = usize::try_from(integer(capacity)?).unwrap_or(0);
            if let Some(max) = args.get(1) {
                let max = integer(max)?;
                let positive = u64::try_from(max).ok().filter(|max| *max > 0);
                half.max = positive.ok_or_else(|| format!("cache TTL can not be zero or negative: {max}"))?;
            }
            if let Some(min) = args.get(2) {
                let min = integer(min)?;
                half.min =
                    u64::try_from(min).map_err(|_| format!("cache min TTL can not be negative: {min}"))?;
            }
        }
        "servfail" => {
            let [text] = args.as_slice() else { return Err(tokens.arg_err()) };
            let wait = duration(text)?;
            if wait > 300_000_000_000 {
                return Err("caching SERVFAIL responses over 5 minutes is not permitted".to_string());
            }
            cache.fail_ttl = Duration::nanos(u64::try_from(wait).unwrap_or(0));
        }
        "disable" => {
            let Some((which, zones)) = args.split_first() else { return Err(tokens.arg_err()) };
            let zones = zones_or(zones.iter(), setup.zones);
            match &**which {
                "success" => cache.success.disabled = zones,
                "denial" => cache.denial.disabled = zones,
                other => {
                    return Err(format!("cache type for disable must be \"success\" or \"denial\": {other}"));
                }
            }
        }
        "keepttl" if args.is_empty() => cache.keep_ttl = true,
        "prefetch" => {
            let Some(amount) = args.first() else { return Err(tokens.arg_err()) };
            let amount = integer(amount)?;
            if amount < 0 {
                return Err(format!("prefetch amount should be positive: {amount}"));
            }
        }
        "serve_stale" | "serve_stale_policy" => {
            return Err(format!("the option {name} is not simulated here"));
        }
        _ => return Err(tokens.arg_err()),
    }
    Ok(())
}

impl Handler for Cache {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(key) = self.key(query) else { return Step::Next };
        let now = env.out.now;
        // Denials first; a kept SERVFAIL yields to a valid answer.
        let found = |half: &Half| half.items.get(&key).filter(|item| item.left(now) > 0).cloned();
        let denial = found(&self.denial);
        let failed = denial.as_ref().is_some_and(|item| item.message.rcode == Rcode::SERVFAIL);
        let data = if denial.is_none() || failed { found(&self.success) } else { None };
        let Some(item) = data.or(denial) else { return Step::Next };
        let kept = &item.message;
        let mut answer = Message {
            aa: true,
            ra: kept.ra,
            ad: kept.ad && (query.ad || wants_dnssec(query)),
            answers: kept.answers.clone(),
            authorities: kept.authorities.clone(),
            additionals: kept.additionals.clone(),
            ..query.reply(kept.rcode)
        };
        let ttl = if self.keep_ttl { item.ttl } else { item.left(now) };
        set_ttl(&mut answer, ttl);
        Step::Answer(Box::new(answer))
    }

    fn reply(&mut self, _: Memo, query: &Message, mut outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        if let Outcome::Written(answer) = &mut outcome
            && let Some(key) = self.key(query)
        {
            self.keep(key, query, answer, env.out.now);
        }
        Back::On(outcome)
    }
}

impl Cache {
    fn key(&self, query: &Message) -> Option<Key> {
        let question = query.question()?;
        let lower: Text = question.name.to_ascii_lowercase().into();
        best_zone(&lower, &self.zones)?;
        Some((lower, question.rtype, wants_dnssec(query), query.cd))
    }

    /// Keeps an answer if it may, and gives its records the TTL that they are kept for.
    fn keep(&mut self, key: Key, query: &Message, answer: &mut Message, now: Instant) {
        let kind = kind_of(answer);
        let least = least_ttl(answer, kind);
        let ttl = match kind {
            Kind::Denial => least.clamp(self.denial.min.min(self.denial.max), self.denial.max),
            Kind::ServerError => self.fail_ttl.as_secs(),
            Kind::Data | Kind::Meta | Kind::OtherError => {
                least.clamp(self.success.min.min(self.success.max), self.success.max)
            }
        };
        let half = if kind == Kind::Data { &mut self.success } else { &mut self.denial };
        let storable =
            !answer.tc && !matches!(kind, Kind::Meta | Kind::OtherError) && answer_matches(query, answer);
        if storable && ttl > 0 && !dangles(query, answer, kind) && best_zone(&key.0, &half.disabled).is_none()
        {
            let message = Message { edns: None, ..answer.clone() };
            let items = Arc::make_mut(&mut half.items);
            if items.len() >= half.capacity && !items.contains_key(&key) {
                items.pop_first();
            }
            items.insert(key, Arc::new(Item { message, stored: now, ttl }));
        }
        set_ttl(answer, ttl);
    }
}

impl Item {
    /// Whole seconds that are left.
    fn left(&self, now: Instant) -> u64 {
        self.ttl.saturating_sub(now.since(self.stored).as_secs())
    }
}

fn wants_dnssec(query: &Message) -> bool {
    query.edns.as_ref().is_some_and(|edns| edns.dnssec_ok)
}

fn answer_matches(query: &Message, answer: &Message) -> bool {
    match (query.question(), answer.question()) {
        (Some(asked), Some(answered)) => {
            asked.name.eq_ignore_ascii_case(&answered.name) && asked.rtype == answered.rtype
        }
        _ => false,
    }
}

/// A chain of names that never reaches data, without an SOA, is not kept: it may be completed next time.
fn dangles(query: &Message, answer: &Message, kind: Kind) -> bool {
    let Some(question) = query.question() else { return false };
    let only_names = answer.answers.iter().all(|record| record.rtype() == RecordType::CNAME);
    kind == Kind::Data && !answer.answers.is_empty() && question.rtype != RecordType::CNAME && only_names
}

fn kind_of(answer: &Message) -> Kind {
    let transfer = answer.question().is_some_and(|q| matches!(q.rtype, RecordType::AXFR | RecordType::IXFR));
    if transfer || matches!(answer.opcode, Opcode::NOTIFY | Opcode::UPDATE) {
        return Kind::Meta;
    }
    let soa = answer.authorities.iter().any(|record| record.rtype() == RecordType::SOA);
    match answer.rcode {
        Rcode::NOERROR if !answer.answers.is_empty() => Kind::Data,
        Rcode::NOERROR | Rcode::NXDOMAIN if soa => Kind::Denial,
        Rcode::SERVFAIL | Rcode::NOTIMP => Kind::ServerError,
        Rcode::NOERROR => Kind::Data,
        _ => Kind::OtherError,
    }
}

fn least_ttl(answer: &Message, kind: Kind) -> u64 {
    let normal = matches!(kind, Kind::Data | Kind::Denial);
    let least = answer.records().map(|record| u64::from(record.ttl)).min();
    least.filter(|_| normal).unwrap_or(5)
}

fn set_ttl(message: &mut Message, ttl: u64) {
    let ttl = u32::try_from(ttl).unwrap_or(u32::MAX);
    for record in message.records_mut() {
        record.ttl = ttl;
    }
}
