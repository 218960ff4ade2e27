//! `prometheus`: counts questions and answers, and tells over HTTP.
//! Models: CoreDNS plugin/metrics, plugin/metrics/vars.
//! Omits: questions that no server block takes (zone `dropped`), and the Go runtime's and the process's own figures.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, web_address};
use crate::base::{FlatMap, Text};
use crate::dns::message::{Message, RecordType};
use std::fmt::Write;
use std::net::SocketAddr;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Prometheus {
    /// Where it says so.
    pub at: SocketAddr,
    /// Address and zone of the server block, as labels.
    labels: Text,
    requests: FlatMap<(u8, &'static str, Text), u64>,
    responses: FlatMap<(&'static str, Text), u64>,
    dnssec: u64,
    durations: Histogram,
    request_sizes: FlatMap<&'static str, Histogram>,
    response_sizes: FlatMap<&'static str, Histogram>,
}

/// Counts of values up to each bound, with their sum.
#[derive(Debug, Clone, Default)]
struct Histogram {
    counts: Vec<u64>,
    sum: f64,
    count: u64,
}

/// Seconds: 0.25 ms, doubled fifteen times.
const TIMES: [f64; 16] = [
    0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048,
    4.096, 8.192,
];
/// Bytes.
const SIZES: [f64; 14] =
    [0.0, 100.0, 200.0, 300.0, 400.0, 511.0, 1023.0, 2047.0, 4095.0, 8291.0, 16e3, 32e3, 48e3, 64e3];

/// Types that have a label of their own.
const TYPES: [&str; 18] = [
    "A", "AAAA", "ANY", "AXFR", "CNAME", "DNSKEY", "DS", "HTTPS", "IXFR", "MX", "NS", "NSEC", "NSEC3", "PTR",
    "RRSIG", "SOA", "SRV", "TXT",
];

/// `prometheus [ADDRESS]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let zone = setup.zones.first().cloned().unwrap_or_else(|| ".".into());
    let labels = format!("server=\"dns://:{}\",view=\"\",zone=\"{zone}\"", setup.port).into();
    let at = SocketAddr::from(([127, 0, 0, 1], 9153));
    let mut plugin = Prometheus {
        at,
        labels,
        requests: FlatMap::new(),
        responses: FlatMap::new(),
        dnssec: 0,
        durations: Histogram::default(),
        request_sizes: FlatMap::new(),
        response_sizes: FlatMap::new(),
    };
    while tokens.advance() {
        match tokens.remaining_args().as_slice() {
            [] => {}
            [address] => {
                plugin.at = web_address(address)?;
            }
            _ => return Err(tokens.arg_err()),
        }
    }
    Ok(plugin.into())
}

impl Handler for Prometheus {
    fn reply(&mut self, _: Memo, query: &Message, outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        let proto = if env.client.tcp { "tcp" } else { "udp" };
        let family = if matches!(env.client.address, SocketAddr::V4(_)) { 1 } else { 2 };
        let word = query.question().map_or(RecordType::A, |q| q.rtype).to_string();
        let rtype: Text = if TYPES.contains(&word.as_str()) { word.into() } else { "other".into() };
        *self.requests.entry((family, proto, rtype)).or_default() += 1;
        self.dnssec += u64::from(query.edns.as_ref().is_some_and(|edns| edns.dnssec_ok));
        let took = env.out.now.since(env.client.since);
        self.durations.add(&TIMES, took.0 as f64 / 1e9);
        self.request_sizes.entry(proto).or_default().add(&SIZES, env.client.size as f64);
        let (rcode, size) = match &outcome {
            Outcome::Written(answer) => (answer.rcode, answer.length()),
            Outcome::Unwritten(rcode, _) => (*rcode, 0),
            Outcome::Dropped => return Back::On(outcome),
        };
        self.response_sizes.entry(proto).or_default().add(&SIZES, size as f64);
        // Who only failed is not named.
        let by = if matches!(outcome, Outcome::Written(_)) { env.by } else { "" };
        *self.responses.entry((by, rcode.to_string().into())).or_default() += 1;
        Back::On(outcome)
    }
}

impl Histogram {
    fn add(&mut self, bounds: &[f64], value: f64) {
        self.counts.resize(bounds.len(), 0);
        for (count, _) in self.counts.iter_mut().zip(bounds).filter(|(_, bound)| value <= **bound) {
            *count += 1;
        }
        self.sum += value;
        self.count += 1;
    }

    fn write(&self, out: &mut String, name: &str, labels: &str, bounds: &[f64]) {
        for (bound, count) in bounds.iter().zip(&self.counts) {
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(out, "{name}_sum{{{labels}}} {}\n{name}_count{{{labels}}} {}", self.sum, self.count);
    }
}

/// A metric's name, kind and upstream's line of help.
pub fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// The metrics of questions and answers, over all server blocks.
pub fn write(plugins: &[&Prometheus], out: &mut String) {
    let duration = "coredns_dns_request_duration_seconds";
    head(out, duration, "histogram", "Histogram of the time (in seconds) each request took per zone.");
    for p in plugins.iter().filter(|p| p.durations.count > 0) {
        p.durations.write(out, duration, &p.labels, &TIMES);
    }
    let sizes = |out: &mut String, name: &str, of: fn(&Prometheus) -> &FlatMap<&'static str, Histogram>| {
        for p in plugins {
            for (proto, histogram) in of(p).iter() {
                histogram.write(out, name, &format!("proto=\"{proto}\",{}", p.labels), &SIZES);
            }
        }
    };
    let name = "coredns_dns_request_size_bytes";
    head(
        out,
        name,
        "histogram",
        "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
    );
    sizes(out, name, |p| &p.request_sizes);
    let name = "coredns_dns_requests_total";
    head(out, name, "counter", "Counter of DNS requests made per zone, protocol and family.");
    for p in plugins {
        for ((family, proto, rtype), count) in p.requests.iter() {
            let (server, zone) = p.labels.split_once(",view").unwrap_or_default();
            let labels =
                format!("family=\"{family}\",proto=\"{proto}\",{server},type=\"{rtype}\",view{zone}");
            let _ = writeln!(out, "{name}{{{labels}}} {count}");
        }
    }
    let name = "coredns_dns_response_size_bytes";
    head(out, name, "histogram", "Size of the returned response in bytes.");
    sizes(out, name, |p| &p.response_sizes);
    let name = "coredns_dns_responses_total";
    head(out, name, "counter", "Counter of response status codes.");
    for p in plugins {
        for ((by, rcode), count) in p.responses.iter() {
            let _ = writeln!(out, "{name}{{plugin=\"{by}\",rcode=\"{rcode}\",{}}} {count}", p.labels);
        }
    }
    if plugins.iter().any(|p| p.dnssec > 0) {
        let name = "coredns_dns_do_requests_total";
        head(out, name, "counter", "Counter of DNS requests with DO bit set per zone.");
        for p in plugins.iter().filter(|p| p.dnssec > 0) {
            let _ = writeln!(out, "{name}{{{}}} {}", p.labels, p.dnssec);
        }
    }
}
