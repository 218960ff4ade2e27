//! `kubectl scale`: another number of replicas. Models: kubectl `pkg/cmd/scale/scale.go`. Omits: --timeout, --resource-version

use super::apply::DryRun;
use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{client, create};
use crate::api::tree;
use serde_json::json;

/// The command.
pub const SCALE: Entry = Entry::new(
    "scale",
    "Set a new size for a deployment, replica set, or replication controller",
    FLAGS,
    |args| Work::Scale(Scale { args }),
);

const FLAGS: &[Flag] = &[
    number("replicas"),
    number("current-replicas"),
    value("selector", Some('l')),
    value("output", Some('o')),
    value("filename", Some('f')),
    switch("all", None),
    value("timeout", None),
    optional("dry-run", "unchanged"),
];

/// A `kubectl scale` at work.
#[derive(Debug, Clone)]
pub struct Scale {
    args: Args,
}

impl Scale {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(replicas) = self.args.number("replicas") else {
            return io.fail("required flag(s) \"replicas\" not set");
        };
        if replicas < 0 {
            return io.fail(&format!("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0, was {replicas}"));
        }
        let (found, mut problems) = objects::find(io, &self.args, &self.args.words)?;
        for one in &found {
            problems.extend(self.one(io, one, replicas)?.err());
        }
        Ok(objects::end(io, &problems))
    }

    fn one(&self, io: &mut Io<'_, '_, '_>, found: &Found, replicas: i64) -> Asked<Result<(), Problem>> {
        let (kind, dry_run) = (found.target.kind, DryRun::of(&self.args));
        if !kind.has_scale {
            let words = "the server could not find the requested resource";
            return Ok(Err(Problem::Refusal(json!({"reason": "NotFound", "message": words}))));
        }
        if dry_run == DryRun::Client {
            create::show(io, &self.args, kind, &found.tree, "scaled")?;
            return Ok(Ok(()));
        }
        if let Some(current) = self.args.number("current-replicas").filter(|current| *current >= 0) {
            let was = tree::int(&found.tree, "spec.replicas").unwrap_or(0);
            if was != current {
                return Ok(Err(Problem::Text(format!("Expected replicas to be {current}, was {was}"))));
            }
        }
        let body = format!("{{\"spec\":{{\"replicas\":{replicas}}}}}");
        let url = format!("{}/scale", found.path());
        let query = [("dryRun", dry_run.query())];
        let answer = io.http(client::patch(&url, &query, client::JSON_ANY, client::MERGE, body))?;
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
        create::show(io, &self.args, kind, &found.tree, "scaled")?;
        Ok(Ok(()))
    }
}
