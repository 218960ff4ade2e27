//! A CoreDNS without a world: the recorded cluster, a Corefile, questions in and answers out.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use std::net::SocketAddr;
use tidepool_core::api::{Kind, Object, WatchEvent, WatchKind};
use tidepool_core::base::{Duration, Instant, Seed, Text};
use tidepool_core::dns::corefile::Source;
use tidepool_core::dns::message::{
    Class, Edns, Message, Question, Rcode, Record, RecordType, decode, encode, text,
};
use tidepool_core::dns::plugins::Env;
use tidepool_core::dns::server::{Exchange, Progress, Server};
use tidepool_core::dns::zone::Cluster;
use tidepool_core::effect::{Out, Timing};
use tidepool_core::engine::Draws;
use tidepool_core::process::{Environment, Files};
use tidepool_core::trace::{Cause, Log};

/// A file beside the cases.
pub fn file(name: &str) -> String {
    let path = format!("{}/cases/dns/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The commands of a recording with what they printed.
pub fn blocks(recording: &str) -> Vec<(String, String)> {
    let recording = format!("\n{recording}");
    let parts = recording.split("\n$ ").skip(1);
    parts.filter_map(|part| part.split_once('\n')).map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// A CoreDNS.
pub struct Bench {
    server: Server,
    cluster: Cluster,
    now: Instant,
    draws: Draws,
    log: Log,
    printed: Vec<Text>,
}

impl Bench {
    /// With a Corefile, or why it is refused.
    pub fn new(corefile: &str) -> Result<Bench, String> {
        let mut printed = Vec::new();
        let (files, variables) = (Files::default(), Environment::default());
        let source =
            Source { path: "Corefile", text: corefile, files: &files, variables: &variables, port: 53 };
        let server = Server::new(&source, &mut printed)?;
        let mut cluster = Cluster::default();
        cluster.apply(&objects(), Instant::ZERO);
        cluster.synced = true;
        let draws = Draws::new(Seed(7));
        Ok(Bench { server, cluster, now: Instant::ZERO, draws, log: Log::default(), printed })
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u64) {
        self.now += Duration::secs(seconds);
    }

    /// What was printed.
    pub fn lines(&self) -> &[Text] {
        &self.printed
    }

    /// Asks as `dig name [class] type` or `dig -x address` would, and gives the answer and its length.
    pub fn ask(&mut self, question: &str) -> (Message, usize) {
        let words: Vec<&str> = question.split(' ').collect();
        let (name, rtype, class) = match words.as_slice() {
            ["-x", ip] => (text::reverse_name(ip.parse().expect("an address")), "PTR", Class::IN),
            [name, "CH", rtype] => (name.to_string(), *rtype, Class::CH),
            [name, rtype] => (name.to_string(), *rtype, Class::IN),
            _ => panic!("no question: {question}"),
        };
        let rtype = RecordType::of_word(rtype).expect("a type");
        let mut query = Message::query(4711, Question { name: name.into(), rtype, class });
        query.ad = true;
        query.edns = Some(Edns { udp: 1232, ..Edns::default() });
        let bytes = self.answer(&encode(&query, false).expect("it fits")).expect("an answer");
        (decode(&bytes).expect("a message"), bytes.len())
    }

    /// Sends bytes in a datagram and gives the answer's.
    pub fn answer(&mut self, query: &[u8]) -> Option<Bytes> {
        self.answer_over(query, false)
    }

    /// Sends bytes and gives the answer's.
    pub fn answer_over(&mut self, query: &[u8], tcp: bool) -> Option<Bytes> {
        let address: SocketAddr = "127.0.0.1:41522".parse().expect("an address");
        let timing = Timing::default();
        let mut wakes = Vec::new();
        let mut out =
            Out::new(self.now, Cause::default(), &timing, &mut self.draws, &mut self.log, &mut wakes);
        let local = ["192.0.2.2", "fe80::fc:ff:fe00:1", "fd00::2"].map(|ip| ip.parse().expect("an address"));
        let mut exchange = Exchange::new(query, address, 53, tcp, self.now)?;
        let client = exchange.client.clone();
        let mut env = Env {
            cluster: &self.cluster,
            local: &local,
            client: &client,
            out: &mut out,
            actor: &"coredns".into(),
            lines: &mut self.printed,
            rewritten: None,
            by: "",
            refresh: false,
            fatal: false,
        };
        let mut progress = exchange.begin(&mut self.server, &mut env);
        if let Progress::Forward(_, order) = &progress {
            let words = format!("read udp 127.0.0.1:52058->{}: read: connection refused", order.to[0]);
            progress = exchange.forwarded(Err((Rcode::SERVFAIL, words)), &mut self.server, &mut env);
        }
        match progress {
            Progress::Done(bytes, ..) => bytes,
            Progress::Forward(..) => None,
        }
    }
}

/// The recorded cluster's objects, and what every cluster has.
fn objects() -> Vec<WatchEvent> {
    let always = "{apiVersion: v1, kind: Namespace, metadata: {name: default}}\n---\n\
         {apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: default}, spec: {clusterIP: 10.96.0.1, \
         ports: [{name: https, port: 443, targetPort: 6443}]}}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: realpod, namespace: shop}, status: {phase: Running, podIP: 10.244.1.77}}\n---\n";
    let text = format!("{always}{}", file("cluster.yaml"));
    let documents = serde_yaml::Deserializer::from_str(&text).map(|d| Value::deserialize(d).expect("YAML"));
    let event = |tree: Value| {
        let word = |name: &str| tree.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let kind = Kind::find(&word("apiVersion"), &word("kind")).expect("a kind");
        let object = Object::new(kind, tree);
        WatchEvent { kind: WatchKind::Added, object, revision: 1, cause: Cause::default() }
    };
    documents.filter(|tree| !tree.is_null()).map(event).collect()
}

/// A record with one blank between fields, and the serial blanked.
pub fn plain(record: &Record) -> String {
    blanked(&text::record_line(record))
}

/// An answer as `rules.txt` writes it.
pub fn lines(answer: &Message) -> Vec<String> {
    let flags = text::flags(answer, " ", false);
    let sections = [("=", &answer.answers), ("~", &answer.authorities), ("+", &answer.additionals)];
    let records = sections
        .iter()
        .flat_map(|(sign, records)| records.iter().map(move |r| format!("{sign} {}", plain(r))));
    let mut lines: Vec<String> = records.collect();
    lines.sort();
    lines.insert(0, format!("{} {flags}", answer.rcode));
    lines
}

fn blanked(line: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if words.get(3) == Some(&"SOA") && words.get(6) != Some(&"1") {
        words[6] = "<serial>";
    }
    words.join(" ")
}

/// The lines of a transcript; runs of records are sorted, as their order is drawn.
pub fn unordered(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.trim_end().lines().map(String::from).collect();
    for run in lines.chunk_by_mut(|a, b| is_record(a) && is_record(b)) {
        run.sort();
    }
    lines
}

fn is_record(line: &str) -> bool {
    let class = line.split_whitespace().nth(2) == Some("IN");
    let short = line.split_whitespace().count() == 4 && line.starts_with(|c: char| c.is_ascii_digit());
    class || short || line.contains(" has SRV record ") || line.contains("\tservice = ")
}

/// Whether a printed line is the recorded one, in which these words stand for anything.
pub fn like(recorded: &str, printed: &str) -> bool {
    let mut pattern = recorded.to_string();
    for word in ["<id>", "<n>", "<when>", "<cookie>", "<serial>", "<client>", "<port>"] {
        pattern = pattern.replace(word, "\0");
    }
    let (first, rest) = pattern.split_once('\0').map_or((pattern.as_str(), None), |(a, b)| (a, Some(b)));
    let Some(mut left) = printed.strip_prefix(first) else { return false };
    let Some(rest) = rest else { return left.is_empty() };
    let mut parts = rest.split('\0').peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match left.find(part) {
            _ if last => return left.ends_with(part),
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}
