//! `kubectl cordon`, `uncordon` and `taint`: which pods a node takes. Knows no scheduler.
//! Models: kubectl `pkg/cmd/drain/drain.go`, `pkg/cmd/taint`.

use super::apply::DryRun;
use super::args::{Args, Flag, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{client, create};
use crate::api::tree;
use serde_json::{Value, json};

/// `kubectl cordon`.
pub const CORDON: Entry = Entry::new("cordon", "Mark node as unschedulable", CORDON_FLAGS, |args| {
    Work::Nodes(Nodes { args, verb: Verb::Cordon })
});
/// `kubectl uncordon`.
pub const UNCORDON: Entry = Entry::new("uncordon", "Mark node as schedulable", CORDON_FLAGS, |args| {
    Work::Nodes(Nodes { args, verb: Verb::Uncordon })
});
/// `kubectl taint`.
pub const TAINT: Entry = Entry::new("taint", "Update the taints on one or more nodes", TAINT_FLAGS, |args| {
    Work::Nodes(Nodes { args, verb: Verb::Taint })
});

const CORDON_FLAGS: &[Flag] = &[value("selector", Some('l')), optional("dry-run", "unchanged")];
const TAINT_FLAGS: &[Flag] = &[
    value("selector", Some('l')),
    switch("all", None),
    switch("overwrite", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verb {
    Cordon,
    Uncordon,
    Taint,
}

/// One of these commands at work.
#[derive(Debug, Clone)]
pub struct Nodes {
    args: Args,
    verb: Verb,
}

/// What is to change of a node's taints.
#[derive(Debug, Default)]
struct Taints {
    added: Vec<Value>,
    /// Key and effect; an empty effect means all.
    removed: Vec<(String, String)>,
}

impl Nodes {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if self.verb == Verb::Taint {
            return self.taint(io);
        }
        let verb = if self.verb == Verb::Cordon { "cordon" } else { "uncordon" };
        let words = nodes_of(io, &self.args, verb)?;
        let (found, mut problems) = objects::find(io, &self.args, &words)?;
        for node in &found {
            problems.extend(cordon(io, &self.args, node, self.verb == Verb::Cordon)?.err());
        }
        Ok(objects::end(io, &problems))
    }

    fn taint(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = self.args.words.clone();
        let (words, specs) = io.check(split(&words))?;
        let taints = io.check(parse(specs))?;
        if words.is_empty() {
            return io
                .fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        let (found, mut problems) = objects::find(io, &self.args, words)?;
        for node in &found {
            problems.extend(self.one(io, node, &taints)?.err());
        }
        Ok(objects::end(io, &problems))
    }

    fn one(&self, io: &mut Io<'_, '_, '_>, node: &Found, taints: &Taints) -> Asked<Result<(), Problem>> {
        let kind = node.target.kind;
        if kind.kind != "Node" {
            let words = format!("invalid resource type {}, only node types are supported", kind.plural);
            return Ok(Err(Problem::Text(words)));
        }
        let mut all = tree::list(&node.tree, "spec.taints").to_vec();
        let same = |a: &Value, b: &Value| ["key", "effect"].iter().all(|field| a.get(field) == b.get(field));
        let taken = taints.added.iter().any(|new| all.iter().any(|old| same(old, new)));
        if taken && !self.args.on("overwrite") {
            let keys: Vec<&str> = taints.added.iter().map(|taint| tree::str(taint, "key")).collect();
            let words = format!(
                "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                node.target.name,
                keys.join(",")
            );
            return Ok(Err(Problem::Text(words)));
        }
        for (key, effect) in &taints.removed {
            let before = all.len();
            let is = |taint: &Value| {
                tree::str(taint, "key") == key && (effect.is_empty() || tree::str(taint, "effect") == effect)
            };
            all.retain(|taint| !is(taint));
            if all.len() == before {
                let of = if effect.is_empty() { String::new() } else { format!(":{effect}") };
                return Ok(Err(Problem::Text(format!("taint \"{key}{of}\" not found"))));
            }
        }
        all.retain(|old| taints.added.iter().all(|new| !same(old, new)));
        let said = match (taken, taints.added.is_empty(), taints.removed.is_empty()) {
            (true, ..) | (_, false, false) => "modified",
            (_, true, false) => "untainted",
            _ => "tainted",
        };
        let all = [taints.added.clone(), all].concat();
        let body = json!({"spec": {"taints": if all.is_empty() { Value::Null } else { all.into() }}});
        change(io, &self.args, node, &body, said)
    }
}

/// The words of a line that names nodes alone.
pub(super) fn nodes_of(io: &mut Io<'_, '_, '_>, args: &Args, verb: &str) -> Asked<Vec<String>> {
    if args.words.is_empty() && args.text("selector").is_none() {
        return io
            .fail(&format!("USAGE: {verb} NODE [flags]\nSee 'kubectl {verb} -h' for help and examples"));
    }
    let names = args.words.iter().map(|word| word.strip_prefix("node/").unwrap_or(word).to_string());
    Ok(std::iter::once("nodes".to_string()).chain(names).collect())
}

/// Closes a node for new pods, or opens it again.
pub(super) fn cordon(
    io: &mut Io<'_, '_, '_>,
    args: &Args,
    node: &Found,
    closed: bool,
) -> Asked<Result<(), Problem>> {
    let said = if closed { "cordoned" } else { "uncordoned" };
    if tree::bool(&node.tree, "spec.unschedulable").unwrap_or(false) == closed {
        create::show(io, args, node.target.kind, &node.tree, &format!("already {said}"))?;
        return Ok(Ok(()));
    }
    let value = if closed { Value::Bool(true) } else { Value::Null };
    change(io, args, node, &json!({"spec": {"unschedulable": value}}), said)
}

fn change(
    io: &mut Io<'_, '_, '_>,
    args: &Args,
    node: &Found,
    body: &Value,
    said: &str,
) -> Asked<Result<(), Problem>> {
    let dry_run = DryRun::of(args);
    if dry_run != DryRun::Client {
        let query = [("dryRun", dry_run.query())];
        let request =
            client::patch(&node.path(), &query, client::JSON_ANY, client::STRATEGIC, body.to_string());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
    }
    create::show(io, args, node.target.kind, &node.tree, said)?;
    Ok(Ok(()))
}

/// The words that name nodes, and those that are taints: `key=value:effect`, `key:effect-`, `key-`.
fn split(words: &[String]) -> Result<(&[String], &[String]), String> {
    let is_taint = |word: &String| word.contains(':') || word.contains('=') || word.ends_with('-');
    let first = words.iter().position(is_taint).unwrap_or(words.len());
    let (nodes, taints) = words.split_at(first);
    match taints.iter().find(|word| !is_taint(word)) {
        Some(word) => Err(format!("all resources must be specified before taint changes: {word}")),
        None if taints.is_empty() => Err("at least one taint update is required".to_string()),
        None => Ok((nodes, taints)),
    }
}

fn parse(specs: &[String]) -> Result<Taints, String> {
    let mut taints = Taints::default();
    for spec in specs {
        if let Some(spec) = spec.strip_suffix('-') {
            let (key, effect) = spec.split_once(':').unwrap_or((spec, ""));
            let key = key.split('=').next().unwrap_or(key);
            taints.removed.push((key.to_string(), effect.to_string()));
            continue;
        }
        let (pair, effect) = spec.split_once(':').ok_or_else(|| format!("invalid taint spec: {spec}"))?;
        if !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect) {
            return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut taint = json!({"effect": effect, "key": key});
        if !value.is_empty() {
            taint["value"] = value.into();
        }
        taints.added.push(taint);
    }
    Ok(taints)
}
