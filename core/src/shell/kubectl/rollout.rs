//! `kubectl rollout`: status, history, restart, pause, resume, undo of Deployments.
//! Models: kubectl `pkg/cmd/rollout`, `pkg/polymorphichelpers`. Omits: DaemonSets and StatefulSets, `history --revision`

use super::args::{Args, Flag, number, switch, value};
use super::commands::{Entry, Work};
use super::resources::Target;
use super::script::{Asked, Flow, Io, Next};
use super::table::Tabbed;
use super::watch::Following;
use super::{client, config, resources, wait};
use crate::api::{replica_set, tree};
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
        if self.args.words.is_empty() {
            return io.fail("required resource not specified");
        }
        let targets = resources::targets(&self.args.words);
        let targets = io.check(targets)?;
        let Some(target) = targets.first().filter(|target| !target.name.is_empty()) else {
            return io.fail("resource name may not be empty");
        };
        if target.kind.kind != "Deployment" {
            let resource = target.kind.group_resource();
            return io.fail(&format!("{resource} {:?} {} is not supported", target.name, self.verb));
        }
        let namespace = config::namespace(io, &self.args);
        let path = client::path(target.kind, &namespace, &target.name);
        let found = io.must(client::get(&path, &[], client::JSON_ANY))?;
        match self.verb {
            "status" => {
                let limit = wait::duration(self.args.text("timeout").unwrap_or_default());
                let deadline = io.check(limit)?.map(|limit| io.now() + limit);
                let following = Following::begin(io, target, &namespace, deadline)?;
                self.then(Stage::Following(Box::new(following)))
            }
            "history" => self.history(io, target, &found.json),
            "undo" => self.undo(io, target, &path, &found.json),
            _ => self.patch(io, target, &path, &found.json),
        }
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
                    let status = status(&object);
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

    fn patch(&self, io: &mut Io<'_, '_, '_>, target: &Target, path: &str, found: &Value) -> Flow<Work> {
        let paused = tree::bool(found, "spec.paused").unwrap_or(false);
        let name = resources::full_name(target.kind, &target.name);
        let (body, said) = match self.verb {
            "pause" if paused => {
                return io.fail(&format!(
                    "{} {:?} is already paused",
                    target.kind.group_resource(),
                    target.name
                ));
            }
            "pause" => (json!({"spec": {"paused": true}}), "paused"),
            "resume" if !paused => {
                return io.fail(&format!("{} {:?} is not paused", target.kind.group_resource(), target.name));
            }
            "resume" => (json!({"spec": {"paused": null}}), "resumed"),
            _ if paused => {
                let words = "can't restart paused deployment (run rollout resume first)";
                return io.fail(&format!("{} {:?} {words}", target.kind.group_resource(), target.name));
            }
            _ => {
                let now = io.now().rfc3339();
                let annotations = json!({"kubectl.kubernetes.io/restartedAt": now});
                (json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}), "restarted")
            }
        };
        let query = [("fieldManager", "kubectl-rollout")];
        io.must(client::patch(path, &query, client::JSON_ANY, client::STRATEGIC, body.to_string()))?;
        io.line(&format!("{name} {said}"));
        Ok(Next::Exit(0))
    }

    /// The Deployment's ReplicaSets, by revision.
    fn revisions(&self, io: &mut Io<'_, '_, '_>, found: &Value) -> Asked<Vec<(i64, Value)>> {
        let namespace = tree::str(found, "metadata.namespace");
        let labels: Vec<String> =
            tree::pairs(found, "spec.selector.matchLabels").map(|(k, v)| format!("{k}={v}")).collect();
        let labels = labels.join(",");
        let path = client::path(&replica_set::REPLICA_SET, namespace, "");
        let list = io.must(client::get(&path, &[("labelSelector", labels.as_str())], client::JSON_ANY))?;
        let uid = tree::str(found, "metadata.uid");
        let is_own = |item: &&Value| {
            tree::list(item, "metadata.ownerReferences").iter().any(|o| tree::str(o, "uid") == uid)
        };
        let revision =
            |item: &Value| item.get("metadata")?.get("annotations")?.get(REVISION)?.as_str()?.parse().ok();
        let mut all: Vec<(i64, Value)> = tree::list(&list.json, "items")
            .iter()
            .filter(is_own)
            .filter_map(|item| Some((revision(item)?, item.clone())))
            .collect();
        all.sort_by_key(|(revision, _)| *revision);
        Ok(all)
    }

    fn history(&self, io: &mut Io<'_, '_, '_>, target: &Target, found: &Value) -> Flow<Work> {
        let mut table = Tabbed::new(0, 2);
        table.line("REVISION\tCHANGE-CAUSE");
        for (revision, item) in self.revisions(io, found)? {
            let cause = item
                .get("metadata")
                .and_then(|m| m.get("annotations")?.get("kubernetes.io/change-cause")?.as_str());
            table.line(&format!("{revision}\t{}", cause.unwrap_or("<none>")));
        }
        io.line(&format!("{} ", resources::full_name(target.kind, &target.name)));
        io.print(table.finish());
        io.line("");
        Ok(Next::Exit(0))
    }

    fn undo(&self, io: &mut Io<'_, '_, '_>, target: &Target, path: &str, found: &Value) -> Flow<Work> {
        let all = self.revisions(io, found)?;
        let wanted = self.args.number("to-revision").filter(|n| *n > 0);
        let chosen = match wanted {
            Some(revision) => all.iter().find(|(r, _)| *r == revision),
            None => all.len().checked_sub(2).and_then(|n| all.get(n)),
        };
        let Some((_, old)) = chosen else {
            let name = &target.name;
            return match wanted {
                Some(revision) => {
                    io.fail(&format!("unable to find specified revision {revision} in history"))
                }
                None => io.fail(&format!("no rollout history found for deployment {name:?}")),
            };
        };
        let name = resources::full_name(target.kind, &target.name);
        let mut template = tree::get(old, "spec.template").cloned().unwrap_or_default();
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove("pod-template-hash");
        }
        if Some(&template) == tree::get(found, "spec.template") {
            io.line(&format!(
                "{name} skipped rollback (current template already matches revision {})",
                chosen.map_or(0, |c| c.0)
            ));
            return Ok(Next::Exit(0));
        }
        let body = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        io.must(client::patch(path, &[], client::JSON_ANY, "json-patch+json", body.to_string()))?;
        io.line(&format!("{name} rolled back"));
        Ok(Next::Exit(0))
    }
}

/// Where a rollout stands, in upstream's words, and whether it is done.
fn status(object: &Value) -> Result<(String, bool), String> {
    let name = tree::str(object, "metadata.name");
    let of = |path| tree::int(object, path).unwrap_or(0);
    if of("metadata.generation") > of("status.observedGeneration") {
        return Ok(("Waiting for deployment spec update to be observed...\n".into(), false));
    }
    let progressing =
        tree::list(object, "status.conditions").iter().find(|c| tree::str(c, "type") == "Progressing");
    if progressing.is_some_and(|c| tree::str(c, "reason") == "ProgressDeadlineExceeded") {
        return Err(format!("deployment {name:?} exceeded its progress deadline"));
    }
    let (wanted, updated) = (of("spec.replicas"), of("status.updatedReplicas"));
    let (total, available) = (of("status.replicas"), of("status.availableReplicas"));
    let waiting =
        |what: String| Ok((format!("Waiting for deployment {name:?} rollout to finish: {what}...\n"), false));
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if total > updated {
        return waiting(format!("{} old replicas are pending termination", total - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Ok((format!("deployment {name:?} successfully rolled out\n"), true))
}
