//! `kubectl rollout`: status, history, restart, undo of what runs pods, and pause and resume of Deployments.
//! Models: kubectl `pkg/cmd/rollout`, `pkg/polymorphichelpers`.

mod status;

use super::apply::DryRun;
use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::describe::page::Page;
use super::describe::template;
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io, Next};
use super::table::Tabbed;
use super::watch::Following;
use super::words::Problem;
use super::{client, config, create, wait};
use crate::api::{controller_revision, replica_set, tree};
use crate::base::order;
use serde_json::{Value, json};

/// `kubectl rollout status`.
pub const STATUS: Entry =
    Entry::new("rollout status", "Show the status of the rollout", FLAGS, |args| verb(args, "status"));
/// `kubectl rollout history`.
pub const HISTORY: Entry =
    Entry::new("rollout history", "View rollout history", FLAGS, |args| verb(args, "history"));
/// `kubectl rollout restart`.
pub const RESTART: Entry =
    Entry::new("rollout restart", "Restart a resource", FLAGS, |args| verb(args, "restart"));
/// `kubectl rollout pause`.
pub const PAUSE: Entry =
    Entry::new("rollout pause", "Mark the provided resource as paused", FLAGS, |args| verb(args, "pause"));
/// `kubectl rollout resume`.
pub const RESUME: Entry =
    Entry::new("rollout resume", "Resume a paused resource", FLAGS, |args| verb(args, "resume"));
/// `kubectl rollout undo`.
pub const UNDO: Entry =
    Entry::new("rollout undo", "Undo a previous rollout", FLAGS, |args| verb(args, "undo"));

const FLAGS: &[Flag] = &[
    switch("watch", Some('w')),
    value("timeout", None),
    number("revision"),
    number("to-revision"),
    value("selector", Some('l')),
    value("filename", Some('f')),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

fn verb(args: Args, verb: &'static str) -> Work {
    Work::Rollout(Rollout { args, verb, stage: Stage::Begin })
}

/// A `kubectl rollout` at work.
#[derive(Debug, Clone)]
pub struct Rollout {
    args: Args,
    verb: &'static str,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    Begin,
    Following(Box<Following>),
}

/// The annotation that counts a Deployment's revisions.
const REVISION: &str = "deployment.kubernetes.io/revision";

impl Rollout {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if let Stage::Following(following) = &self.stage {
            return self.follow(io, (**following).clone());
        }
        if self.args.words.is_empty() && self.args.all("filename").is_empty() {
            return io.fail("required resource not specified");
        }
        let (found, mut problems) = objects::find_all(io, &self.args, &self.args.words)?;
        if self.verb == "status" {
            return match (found.first(), problems.is_empty()) {
                (Some(one), true) => self.begin(io, one),
                (None, true) => {
                    let namespace = config::namespace(io, &self.args);
                    io.complain(&format!("No resources found in {namespace} namespace."));
                    Ok(Next::Exit(0))
                }
                _ => Ok(objects::end(io, &problems)),
            };
        }
        for one in &found {
            let done = match self.verb {
                _ if !self.supports(one) => Err(self.unsupported(one)),
                "history" => self.history(io, one)?,
                "undo" => self.undo(io, one)?,
                _ => self.patch(io, one)?,
            };
            problems.extend(done.err());
        }
        if found.is_empty() && problems.is_empty() {
            let namespace = config::namespace(io, &self.args);
            io.complain(&format!("No resources found in {namespace} namespace."));
        }
        Ok(objects::end(io, &problems))
    }

    fn supports(&self, found: &Found) -> bool {
        match found.target.kind.kind {
            "Deployment" => true,
            "DaemonSet" | "StatefulSet" => !matches!(self.verb, "pause" | "resume"),
            _ => false,
        }
    }

    fn unsupported(&self, found: &Found) -> Problem {
        let (resource, name) = (found.target.kind.group_resource(), &found.target.name);
        Problem::Text(match self.verb {
            "restart" => format!("{resource} {name:?} restarting is not supported"),
            "pause" => format!("{resource} {name:?} pausing is not supported"),
            "resume" => format!("{resource} {name:?} resuming is not supported"),
            "status" => format!("no status viewer has been implemented for {}", found.target.kind.kind),
            "history" => format!("no history viewer has been implemented for {:?}", found.target.kind.kind),
            _ => format!("no rollbacker has been implemented for {:?}", found.target.kind.kind),
        })
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>, found: &Found) -> Flow<Work> {
        if !self.supports(found) {
            return Ok(objects::end(io, &[self.unsupported(found)]));
        }
        let limit = wait::duration(self.args.text("timeout").unwrap_or_default());
        let deadline = io.check(limit)?.map(|limit| io.now() + limit);
        let following = Following::begin(io, &found.target, &found.namespace, deadline)?;
        self.then(Stage::Following(Box::new(following)))
    }

    fn then(&self, stage: Stage) -> Flow<Work> {
        Ok(Next::Then(Work::Rollout(Rollout { args: self.args.clone(), verb: self.verb, stage })))
    }

    fn follow(&self, io: &mut Io<'_, '_, '_>, following: Following) -> Flow<Work> {
        let Some((following, events)) = following.next(io)? else {
            return io.fail("timed out waiting for the condition");
        };
        for event in &events {
            let object = event.get("object").cloned().unwrap_or_default();
            match tree::str(event, "type") {
                "ADDED" | "MODIFIED" => {
                    let status = status::of(&object);
                    let (text, done) = io.check(status)?;
                    io.print(text);
                    if done || self.args.text("watch") == Some("false") {
                        return Ok(Next::Exit(0));
                    }
                }
                "DELETED" => return io.fail("object has been deleted"),
                _ => {}
            }
        }
        self.then(Stage::Following(Box::new(following)))
    }

    fn patch(&self, io: &mut Io<'_, '_, '_>, found: &Found) -> Asked<Result<(), Problem>> {
        let paused = tree::bool(&found.tree, "spec.paused").unwrap_or(false);
        let (resource, name) = (found.target.kind.group_resource(), &found.target.name);
        let refused = |why: &str| Ok(Err(Problem::Text(format!("{resource} {name:?} {why}"))));
        let (body, said) = match self.verb {
            "pause" if paused => return refused("is already paused"),
            "pause" => (json!({"spec": {"paused": true}}), "paused"),
            "resume" if !paused => return refused("is not paused"),
            "resume" => (json!({"spec": {"paused": null}}), "resumed"),
            _ if paused => return refused("can't restart paused deployment (run rollout resume first)"),
            _ => {
                let now = io.now().rfc3339();
                let annotations = json!({"kubectl.kubernetes.io/restartedAt": now});
                (json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}), "restarted")
            }
        };
        let manager = self.args.text("field-manager").unwrap_or("kubectl-rollout");
        let query = [("fieldManager", manager)];
        let request =
            client::patch(&found.path(), &query, client::JSON_ANY, client::STRATEGIC, body.to_string());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
        create::show(io, &self.args, found.target.kind, &answer.json, said)?;
        Ok(Ok(()))
    }

    /// What remembers the revisions, by revision: a Deployment's ReplicaSets, or ControllerRevisions.
    fn revisions(&self, io: &mut Io<'_, '_, '_>, found: &Value) -> Asked<Vec<(i64, Value)>> {
        let namespace = tree::str(found, "metadata.namespace");
        let labels: Vec<String> =
            tree::pairs(found, "spec.selector.matchLabels").map(|(k, v)| format!("{k}={v}")).collect();
        let labels = labels.join(",");
        let by_sets = tree::str(found, "kind") == "Deployment";
        let kind =
            if by_sets { &replica_set::REPLICA_SET } else { &controller_revision::CONTROLLER_REVISION };
        let path = client::path(kind, namespace, "");
        let list = io.must(client::get(&path, &[("labelSelector", labels.as_str())], client::JSON_ANY))?;
        let uid = tree::str(found, "metadata.uid");
        let is_own = |item: &&Value| {
            tree::list(item, "metadata.ownerReferences").iter().any(|o| tree::str(o, "uid") == uid)
        };
        let revision = |item: &Value| {
            if !by_sets {
                return tree::int(item, "revision");
            }
            item.get("metadata")?.get("annotations")?.get(REVISION)?.as_str()?.parse().ok()
        };
        let mut all: Vec<(i64, Value)> = tree::list(&list.json, "items")
            .iter()
            .filter(is_own)
            .filter_map(|item| Some((revision(item)?, item.clone())))
            .collect();
        order::sort_by_key(&mut all, |(revision, _)| *revision);
        Ok(all)
    }

    fn history(&self, io: &mut Io<'_, '_, '_>, found: &Found) -> Asked<Result<(), Problem>> {
        let name = found.full_name();
        let all = self.revisions(io, &found.tree)?;
        if let Some(revision) = self.args.number("revision").filter(|revision| *revision > 0) {
            let Some((_, item)) = all.iter().find(|(number, _)| *number == revision) else {
                return Ok(Err(Problem::Text(format!("unable to find the specified revision {revision}"))));
            };
            let mut page = Page::default();
            let template = tree::get(item, "spec.template").or_else(|| tree::get(item, "data.spec.template"));
            template::template(&mut page, template);
            io.line(&format!("{name} with revision #{revision}"));
            io.print(page.finish_with_tabs());
            io.line("");
            return Ok(Ok(()));
        }
        let mut table = Tabbed::new(0, 2);
        table.line("REVISION\tCHANGE-CAUSE");
        for (revision, item) in &all {
            let cause = item
                .get("metadata")
                .and_then(|m| m.get("annotations")?.get("kubernetes.io/change-cause")?.as_str());
            table.line(&format!("{revision}\t{}", cause.unwrap_or("<none>")));
        }
        io.line(&format!("{name} "));
        io.print(table.finish());
        // The history ends its last line, and what prints it ends it again.
        io.line("");
        Ok(Ok(()))
    }

    fn undo(&self, io: &mut Io<'_, '_, '_>, found: &Found) -> Asked<Result<(), Problem>> {
        let all = self.revisions(io, &found.tree)?;
        let wanted = self.args.number("to-revision").filter(|n| *n > 0);
        let chosen = match wanted {
            Some(revision) => all.iter().find(|(r, _)| *r == revision),
            None => all.len().checked_sub(2).and_then(|n| all.get(n)),
        };
        let Some((revision, old)) = chosen else {
            return Ok(Err(Problem::Text(match wanted {
                Some(revision) => format!("unable to find specified revision {revision} in history"),
                None => {
                    let kind = found.target.kind.kind.to_lowercase();
                    format!("no rollout history found for {kind} {:?}", found.target.name)
                }
            })));
        };
        if tree::bool(&found.tree, "spec.paused").unwrap_or(false) {
            let words = "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again";
            return Ok(Err(Problem::Text(words.into())));
        }
        let mut template = tree::get(old, "spec.template")
            .or_else(|| tree::get(old, "data.spec.template"))
            .cloned()
            .unwrap_or_default();
        // A ControllerRevision is a patch; what it says of itself is no part of the template.
        tree::remove(&mut template, "$patch");
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove("pod-template-hash");
        }
        let kind = found.target.kind;
        if Some(&template) == tree::get(&found.tree, "spec.template") {
            let said = format!("skipped rollback (current template already matches revision {revision})");
            create::show(io, &self.args, kind, &found.tree, &said)?;
            return Ok(Ok(()));
        }
        let dry_run = DryRun::of(&self.args);
        if dry_run == DryRun::Client {
            create::show(io, &self.args, kind, &found.tree, "rolled back")?;
            return Ok(Ok(()));
        }
        let body = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        let query = [("dryRun", dry_run.query())];
        let request =
            client::patch(&found.path(), &query, client::JSON_ANY, "json-patch+json", body.to_string());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
        create::show(io, &self.args, kind, &answer.json, "rolled back")?;
        Ok(Ok(()))
    }
}
