//! `kubectl diff`: what applying would change, as `diff -u -N` prints it. Models: kubectl `pkg/cmd/diff/diff.go`.
//! Omits: --server-side, --prune, KUBECTL_EXTERNAL_DIFF (the program is always `diff -u -N`)

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::files::{self, Document};
use super::resources::Target;
use super::script::{Asked, Flow, Io, Next};
use super::words::{self, Problem};
use super::{apply, client, merge, printers};
use crate::api::{tree, yaml};
use crate::base::Instant;
use serde_json::Value;
use similar::TextDiff;
use std::sync::Arc;

/// The command.
pub const DIFF: Entry =
    Entry::new("diff", "Diff the live version against a would-be applied version", FLAGS, |args| {
        Work::Diff(Diff { args, run: None })
    });

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    value("kustomize", Some('k')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    value("field-manager", None),
    switch("show-managed-fields", None),
];

/// A `kubectl diff` at work.
#[derive(Debug, Clone)]
pub struct Diff {
    args: Args,
    run: Option<Run>,
}

#[derive(Debug, Clone)]
struct Run {
    documents: Arc<Vec<Document>>,
    at: usize,
    text: String,
}

impl Diff {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(run) = &self.run else { return self.begin(io) };
        let mut run = run.clone();
        let Some(document) = run.documents.get(run.at) else {
            let differs = !run.text.is_empty();
            io.print(run.text);
            return Ok(Next::Exit(i32::from(differs)));
        };
        match self.one(io, document)? {
            Ok(text) => run.text.push_str(&text),
            Err(problem) => {
                for line in words::problems(&[problem]) {
                    io.complain(&line);
                }
                return Ok(Next::Exit(1));
            }
        }
        run.at += 1;
        Ok(Next::Then(Work::Diff(Diff { args: self.args.clone(), run: Some(run) })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if self.args.all("filename").is_empty() {
            return io.fail("must specify one of -f and -k");
        }
        let (documents, problems) = files::readable(io, &self.args)?;
        if !problems.is_empty() {
            for line in words::problems(&problems) {
                io.complain(&line);
            }
            return Ok(Next::Exit(1));
        }
        let run = Run { documents: Arc::new(documents), at: 0, text: String::new() };
        Ok(Next::Then(Work::Diff(Diff { args: self.args.clone(), run: Some(run) })))
    }

    /// What applying a document would change.
    fn one(&self, io: &mut Io<'_, '_, '_>, document: &Document) -> Asked<Result<String, Problem>> {
        let (target, namespace, object) = match files::placed(io, &self.args, document, true) {
            Ok(placed) => placed,
            Err(problem) => return Ok(Err(problem)),
        };
        let path = client::path(target.kind, &namespace, &target.name);
        let live = io.http(client::get(&path, &[], client::JSON))?;
        if !live.is_ok() && !live.is_not_found() {
            return Ok(Err(Problem::Refusal(live.status())));
        }
        let manager = self.args.text("field-manager").unwrap_or("kubectl-client-side-apply");
        let query = [("dryRun", "All"), ("fieldManager", manager)];
        let modified = apply::annotated(&object);
        let merged = if live.is_ok() {
            let original = tree::map(&live.json, "metadata.annotations")
                .and_then(|map| serde_json::from_str(map.get(apply::LAST_APPLIED)?.as_str()?).ok())
                .unwrap_or_default();
            let patch = merge::three_way(target.kind.kind, &original, &modified, &live.json);
            let body = super::json::line(&patch);
            io.http(client::patch(&path, &query, client::JSON, client::STRATEGIC, body))?
        } else {
            io.http(client::post(&client::path(target.kind, &namespace, ""), &query, &modified))?
        };
        if !merged.is_ok() {
            return Ok(Err(Problem::Refusal(merged.status())));
        }
        let before = if live.is_ok() { self.shown(&live.json) } else { String::new() };
        Ok(Ok(unified(&file_name(&target, &namespace), &before, &self.shown(&merged.json), io.now())))
    }

    fn shown(&self, object: &Value) -> String {
        let mut object = object.clone();
        if !self.args.on("show-managed-fields") {
            printers::tidy(&mut object);
        }
        yaml::write(&object)
    }
}

/// `apps.v1.Deployment.default.web`
fn file_name(target: &Target, namespace: &str) -> String {
    let kind = target.kind;
    let group = if kind.group.is_empty() { String::new() } else { format!("{}.", kind.group) };
    format!("{group}{}.{}.{namespace}.{}", kind.version, kind.kind, target.name)
}

/// The differences as the program prints them; nothing when there are none. The folders' numbers are drawn in reality.
fn unified(name: &str, before: &str, after: &str, now: Instant) -> String {
    if before == after {
        return String::new();
    }
    let number = now.unix_nanos() / 1_000 % 10_000_000_000;
    let (live, merged) = (format!("/tmp/LIVE-{number}/{name}"), format!("/tmp/MERGED-{number}/{name}"));
    let micros = now.rfc3339_micro().replace('T', " ");
    let time = format!("{}000 +0000", micros.trim_end_matches('Z'));
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).to_string();
    format!("diff -u -N {live} {merged}\n--- {live}\t{time}\n+++ {merged}\t{time}\n{text}")
}
