//! `cache`: keeps answers for a while, and gives every record of a reply one TTL.
//! Models: CoreDNS plugin/cache, plugin/pkg/response/typify.go, plugin/pkg/dnsutil/ttl.go.
//! Omits: `serve_stale_policy`, and the waits of `verify`. Which entry goes when a half is full: the oldest key, not a random one.

use super::prometheus::head;
use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, Step, duration, integer};
use crate::base::{Duration, FlatMap, Instant, Text};
use crate::dns::message::{Message, Opcode, Rcode, RecordType};
use crate::dns::name::{best_zone, zones_or};
use std::fmt::Write;
use std::sync::Arc;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Cache {
    zones: Vec<Text>,
    success: Half,
    denial: Half,
    fail_ttl: Duration,
    keep_ttl: bool,
    prefetch: Option<Prefetch>,
    stale: Option<Stale>,
    /// Server, view and zones, as labels of metrics.
    labels: Text,
    counts: Counts,
}

/// When an answer that is asked for often is fetched again before it ends.
#[derive(Debug, Clone, Copy)]
struct Prefetch {
    /// Hits, none later than `within` after the one before.
    amount: u64,
    within: Duration,
    /// What share of its TTL is left at most.
    percent: u64,
}

/// For how long an ended answer still serves.
#[derive(Debug, Clone, Copy)]
struct Stale {
    up_to: Duration,
    /// Only when the server behind does not answer.
    verify: bool,
    ttl: u64,
}

/// What metrics count.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    requests: u64,
    misses: u64,
    success: u64,
    denial: u64,
    prefetch: u64,
    stale: u64,
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
    /// How often it was asked for in a row, and when last.
    hits: u64,
    last: Instant,
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
        prefetch: None,
        stale: None,
        labels: "".into(),
        counts: Counts::default(),
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
    let zones = cache.zones.join(",");
    cache.labels = format!("server=\"dns://:{}\",view=\"\",zones=\"{zones}\"", setup.port).into();
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
            let Ok(amount) = u64::try_from(amount) else {
                return Err(format!("prefetch amount should be positive: {amount}"));
            };
            let within = args.get(1).map_or(Ok(60_000_000_000), |text| duration(text))?;
            let within = Duration::nanos(u64::try_from(within).unwrap_or(0));
            let percent = args.get(2).map_or(Ok(10), |text| percentage(text))?;
            cache.prefetch = (amount > 0).then_some(Prefetch { amount, within, percent });
        }
        "serve_stale" => {
            let up_to = args.first().map_or(Ok(3_600_000_000_000), |text| duration(text))?;
            let Ok(nanos) = u64::try_from(up_to) else {
                return Err(format!("invalid negative duration for serve_stale: {up_to}"));
            };
            let verify = match args.get(1).map(|mode| mode.to_ascii_lowercase()).as_deref() {
                None | Some("immediate") => false,
                Some("verify") => true,
                Some(mode) => return Err(format!("invalid value for serve_stale refresh mode: {mode}")),
            };
            let ttl = args.get(if verify { 3 } else { 2 }).map_or(Ok(0), |text| duration(text))?;
            let ttl = u64::try_from(ttl / 1_000_000_000).unwrap_or(0);
            cache.stale = Some(Stale { up_to: Duration::nanos(nanos), verify, ttl });
        }
        "serve_stale_policy" => {}
        _ => return Err(tokens.arg_err()),
    }
    Ok(())
}

fn percentage(text: &str) -> Result<u64, String> {
    let Some(number) = text.strip_suffix('%') else {
        let last = text.chars().last().unwrap_or_default();
        return Err(format!("last character of percentage should be `%`, but is: \"{last}\""));
    };
    let number = integer(number)?;
    match u64::try_from(number) {
        Ok(percent @ 10..=90) => Ok(percent),
        _ => Err(format!("percentage should fall in range [10, 90]: {number}")),
    }
}

impl Handler for Cache {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(key) = self.key(query) else { return Step::Next };
        let now = env.out.now;
        self.counts.requests += 1;
        // Denials first; a kept SERVFAIL yields to a valid answer.
        let found = |half: &Half| half.items.get(&key).filter(|item| item.left(now) > 0).cloned();
        let denial = found(&self.denial);
        let failed = denial.as_ref().is_some_and(|item| item.message.rcode == Rcode::SERVFAIL);
        let data = if denial.is_none() || failed { found(&self.success) } else { None };
        let denied = data.is_none();
        if let Some(item) = data.or(denial) {
            let count = if denied { &mut self.counts.denial } else { &mut self.counts.success };
            *count += 1;
            if self.is_due(&key, denied, now) {
                (env.refresh, self.counts.prefetch) = (true, self.counts.prefetch + 1);
            }
            let ttl = if self.keep_ttl { item.ttl } else { item.left(now) };
            return Step::Answer(Box::new(item.answer(query, ttl)));
        }
        if let Some((item, stale)) = self.stale(&key, now).filter(|(_, stale)| !stale.verify) {
            env.refresh = true;
            self.counts.stale += 1;
            return Step::Answer(Box::new(item.answer(query, stale.ttl)));
        }
        self.counts.misses += 1;
        Step::Next
    }

    fn reply(&mut self, _: Memo, query: &Message, mut outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        let Some(key) = self.key(query) else { return Back::On(outcome) };
        let good = match &outcome {
            Outcome::Written(answer) => matches!(answer.rcode, Rcode::NOERROR | Rcode::NXDOMAIN),
            Outcome::Unwritten(..) | Outcome::Dropped => false,
        };
        if !good && let Some((item, stale)) = self.stale(&key, env.out.now) {
            self.counts.stale += 1;
            return Back::On(Outcome::Written(Box::new(item.answer(query, stale.ttl))));
        }
        if let Outcome::Written(answer) = &mut outcome {
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

    /// An ended answer that may still serve, the positive one first.
    fn stale(&self, key: &Key, now: Instant) -> Option<(Arc<Item>, Stale)> {
        let stale = self.stale?;
        let late = |item: &&Arc<Item>| now.since(item.stored + Duration::secs(item.ttl)) < stale.up_to;
        let item = self.success.items.get(key).filter(late).or(self.denial.items.get(key).filter(late))?;
        Some((item.clone(), stale))
    }

    /// Counts a hit, and tells whether the answer is to be fetched again.
    fn is_due(&mut self, key: &Key, denied: bool, now: Instant) -> bool {
        let Some(prefetch) = self.prefetch else { return false };
        let half = if denied { &mut self.denial } else { &mut self.success };
        let Some(item) = Arc::make_mut(&mut half.items).get_mut(key).map(Arc::make_mut) else { return false };
        item.hits = if now.since(item.last) > prefetch.within { 1 } else { item.hits + 1 };
        item.last = now;
        item.hits >= prefetch.amount && item.left(now) <= (prefetch.percent * item.ttl).div_ceil(100)
    }

    /// What it holds, for whoever looks: name, type, whether it is a denial, and the seconds that are left.
    pub fn entries(&self, now: Instant) -> impl Iterator<Item = (&Text, RecordType, bool, u64)> {
        let of = move |half: &'_ Half, denied| -> Vec<_> {
            half.items.iter().map(|(key, item)| (key.1, denied, item.left(now))).collect()
        };
        let success = self.success.items.keys().zip(of(&self.success, false));
        let denial = self.denial.items.keys().zip(of(&self.denial, true));
        success
            .chain(denial)
            .map(|(key, (rtype, denied, left))| (&key.0, rtype, denied, left))
            .filter(|entry| entry.3 > 0)
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
            items.insert(key, Arc::new(Item { message, stored: now, ttl, hits: 0, last: now }));
        }
        set_ttl(answer, ttl);
    }
}

impl Item {
    /// It as the answer to a question.
    fn answer(&self, query: &Message, ttl: u64) -> Message {
        let kept = &self.message;
        let mut answer = Message {
            aa: true,
            ra: kept.ra,
            ad: kept.ad && (query.ad || wants_dnssec(query)),
            answers: kept.answers.clone(),
            authorities: kept.authorities.clone(),
            additionals: kept.additionals.clone(),
            ..query.reply(kept.rcode)
        };
        set_ttl(&mut answer, ttl);
        answer
    }

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

/// Rows of a metric of one cache: the half that is counted, where halves are, and its count.
type Rows = Vec<(Option<&'static str>, u64)>;

/// The metrics of caches.
pub fn write_metrics(caches: &[&Cache], out: &mut String) {
    let mut family = |name: &str, kind, help, rows: &dyn Fn(&Cache) -> Rows| {
        head(out, name, kind, help);
        for cache in caches {
            let (server, rest) = cache.labels.split_once(",view").unwrap_or_default();
            for (half, count) in rows(cache) {
                let half = half.map(|half| format!(",type=\"{half}\"")).unwrap_or_default();
                let _ = writeln!(out, "{name}{{{server}{half},view{rest}}} {count}");
            }
        }
    };
    let entries = |cache: &Cache| {
        vec![
            (Some("denial"), cache.denial.items.len() as u64),
            (Some("success"), cache.success.items.len() as u64),
        ]
    };
    family("coredns_cache_entries", "gauge", "The number of elements in the cache.", &entries);
    let hits = |cache: &Cache| {
        let both = [(Some("denial"), cache.counts.denial), (Some("success"), cache.counts.success)];
        both.into_iter().filter(|(_, count)| *count > 0).collect()
    };
    family("coredns_cache_hits_total", "counter", "The count of cache hits.", &hits);
    let help = "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.";
    family("coredns_cache_misses_total", "counter", help, &|cache| vec![(None, cache.counts.misses)]);
    family(
        "coredns_cache_prefetch_total",
        "counter",
        "The number of times the cache has prefetched a cached item.",
        &|cache| {
            if cache.prefetch.is_some() { vec![(None, cache.counts.prefetch)] } else { Vec::new() }
        },
    );
    family("coredns_cache_requests_total", "counter", "The count of cache requests.", &|cache| {
        vec![(None, cache.counts.requests)]
    });
    family(
        "coredns_cache_served_stale_total",
        "counter",
        "The number of requests served from stale cache entries.",
        &|cache| {
            if cache.stale.is_some() { vec![(None, cache.counts.stale)] } else { Vec::new() }
        },
    );
}
