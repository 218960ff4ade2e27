//! `kubectl set image`: other images in a pod template. Knows where pod specs are.
//! Models: kubectl `pkg/cmd/set/set_image.go`. Omits: `set env`, `set resources`, `set selector`, --local

use super::apply::DryRun;
use super::args::{Args, Flag, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{client, create, merge};
use crate::api::{pod, tree};
use serde_json::Value;

/// The command.
pub const IMAGE: Entry =
    Entry::new("set image", "Update the image of a pod template", FLAGS, |args| Work::Set(Set { args }));

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    switch("all", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

/// A `kubectl set image` at work.
#[derive(Debug, Clone)]
pub struct Set {
    args: Args,
}

impl Set {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = self.args.words.clone();
        let (words, pairs) = io.check(objects::and_pairs(&words, "image"))?;
        let images: Vec<(&str, &str)> = pairs.iter().filter_map(|pair| pair.split_once('=')).collect();
        if self.args.on("all") && self.args.text("selector").is_some() {
            return io.fail("cannot set --all and --selector at the same time");
        }
        if words.is_empty() && self.args.all("filename").is_empty() {
            return io
                .fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        if images.is_empty() {
            return io.fail("at least one image update is required");
        }
        if images.len() > 1 && images.iter().any(|(name, _)| *name == "*") {
            return io.fail(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs",
            );
        }
        let (found, mut problems) = objects::find(io, &self.args, words)?;
        for one in &found {
            if let Err(problem) = self.one(io, one, &images)? {
                problems.push(problem);
            }
        }
        Ok(objects::end(io, &problems))
    }

    fn one(
        &self,
        io: &mut Io<'_, '_, '_>,
        found: &Found,
        images: &[(&str, &str)],
    ) -> Asked<Result<(), Problem>> {
        let kind = found.target.kind;
        let spec = if *kind == pod::POD { "spec" } else { "spec.template.spec" };
        let mut wanted = found.tree.clone();
        let named = |text: String| Problem::Text(format!("{}/{} {text}", kind.plural, found.target.name));
        if tree::get(&wanted, spec).is_none() {
            return Ok(Err(named("the object is not a pod or does not have a pod template".into())));
        }
        for (name, image) in images {
            if !replace(&mut wanted, spec, name, image) && *name != "*" {
                let text = format!("error: unable to find container named {name:?}");
                return Ok(Err(Problem::Text(text)));
            }
        }
        let patch = merge::three_way(kind.kind, &found.tree, &wanted, &found.tree);
        if patch.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(Ok(()));
        }
        let dry_run = DryRun::of(&self.args);
        if dry_run == DryRun::Client {
            create::show(io, &self.args, kind, &wanted, "image updated")?;
            return Ok(Ok(()));
        }
        let manager = self.args.text("field-manager").unwrap_or("kubectl-set");
        let query = [("dryRun", dry_run.query()), ("fieldManager", manager)];
        let request =
            client::patch(&found.path(), &query, client::JSON_ANY, client::STRATEGIC, patch.to_string());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            let message = tree::str(&answer.status(), "message").to_string();
            return Ok(Err(Problem::Text(format!(
                "failed to patch image update to pod template: {message}"
            ))));
        }
        create::show(io, &self.args, kind, &answer.json, "image updated")?;
        Ok(Ok(()))
    }
}

/// Gives a container, or all with `*`, another image; whether there was one.
fn replace(object: &mut Value, spec: &str, name: &str, image: &str) -> bool {
    let mut found = false;
    for list in ["initContainers", "containers"] {
        for container in tree::list_mut(object, &format!("{spec}.{list}")) {
            if name == "*" || tree::str(container, "name") == name {
                tree::set(container, "image", image);
                found = true;
            }
        }
    }
    found
}
