//! `kubectl set image`, `set env` and `set resources`: other images, variables and requests in a pod template. Knows where
//! pod specs are.
//! Models: kubectl `pkg/cmd/set/set_image.go`, `set_env.go`. Omits: `set resources`, `set selector`, --local, --from

use super::apply::DryRun;
use super::args::{Args, Flag, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{client, create, merge};
use crate::api::{pod, tree};
use serde_json::{Value, json};

/// The command.
pub const IMAGE: Entry = Entry::new("set image", "Update the image of a pod template", FLAGS, |args| {
    Work::Set(Set { args, what: What::Image })
});
/// `kubectl set env`.
pub const ENV: Entry =
    Entry::new("set env", "Update environment variables on a pod template", ENV_FLAGS, |args| {
        Work::Set(Set { args, what: What::Env })
    });

/// `kubectl set resources`.
pub const RESOURCES: Entry = Entry::new(
    "set resources",
    "Update resource requests/limits on objects with pod templates",
    RESOURCE_FLAGS,
    |args| Work::Set(Set { args, what: What::Resources }),
);

const RESOURCE_FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    switch("all", None),
    value("containers", Some('c')),
    value("limits", None),
    value("requests", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

const ENV_FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    switch("all", None),
    value("containers", Some('c')),
    value("env", Some('e')),
    switch("list", None),
    switch("overwrite", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    switch("all", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Image,
    Env,
    Resources,
}

impl What {
    /// The word for it where pairs are asked for.
    fn word(self) -> &'static str {
        match self {
            What::Image => "image",
            What::Env => "environment",
            What::Resources => "resource",
        }
    }

    /// What is said when it is done.
    fn said(self) -> &'static str {
        match self {
            What::Image => "image updated",
            What::Env => "env updated",
            What::Resources => "resource requirements updated",
        }
    }

    /// The word for it where a patch fails.
    fn patched(self) -> &'static str {
        match self {
            What::Image => "image update",
            What::Env => "env update",
            What::Resources => "limit update",
        }
    }
}

/// A `kubectl set` at work.
#[derive(Debug, Clone)]
pub struct Set {
    args: Args,
    what: What,
}

impl Set {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = self.args.words.clone();
        let (words, pairs) = io.check(objects::and_pairs(&words, self.what.word()))?;
        if self.args.on("all") && self.args.text("selector").is_some() {
            return io.fail("cannot set --all and --selector at the same time");
        }
        if words.is_empty() && self.args.all("filename").is_empty() {
            return io
                .fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        let pairs = [pairs, self.args.all("env")].concat();
        let is_missing = match self.what {
            What::Image | What::Env => pairs.is_empty() && !self.args.on("list"),
            What::Resources => self.args.text("limits").or(self.args.text("requests")).is_none(),
        };
        if is_missing {
            return io.fail(match self.what {
                What::Image => "at least one image update is required",
                What::Env => "at least one environment variable is required",
                What::Resources => {
                    "you must specify an update to requests or limits (in the form of --requests/--limits)"
                }
            });
        }
        if self.what == What::Image && pairs.len() > 1 && pairs.iter().any(|pair| pair.starts_with("*=")) {
            return io.fail(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs",
            );
        }
        let (found, mut problems) = objects::find(io, &self.args, words)?;
        for one in &found {
            if self.args.on("list") {
                io.print(listed(one));
            } else {
                problems.extend(self.one(io, one, &pairs)?.err());
            }
        }
        Ok(objects::end(io, &problems))
    }

    /// Makes the changes; the problem of one that cannot be made.
    fn change(&self, wanted: &mut Value, spec: &str, pairs: &[String]) -> Result<(), Problem> {
        let chosen = self.args.text("containers").unwrap_or("*");
        if self.what == What::Resources {
            return self.set_resources(wanted, spec, chosen);
        }
        for pair in pairs {
            let (name, new) =
                pair.split_once('=').map_or((pair.as_str(), None), |(name, new)| (name, Some(new)));
            if self.what == What::Env {
                let name = if new.is_none() { name.trim_end_matches('-') } else { name };
                set_env(wanted, spec, chosen, name, new);
                continue;
            }
            if !replace(wanted, spec, name, new.unwrap_or_default()) && name != "*" {
                return Err(Problem::Text(format!("error: unable to find container named {name:?}")));
            }
        }
        Ok(())
    }

    /// Gives containers other requests and limits; a quantity of 0 takes one away.
    fn set_resources(&self, object: &mut Value, spec: &str, chosen: &str) -> Result<(), Problem> {
        let mut found = false;
        for container in tree::list_mut(object, &format!("{spec}.containers")) {
            if chosen != "*" && tree::str(container, "name") != chosen {
                continue;
            }
            found = true;
            for list in ["limits", "requests"] {
                for pair in
                    self.args.text(list).unwrap_or_default().split(',').filter(|pair| !pair.is_empty())
                {
                    let Some((name, quantity)) = pair.split_once('=') else {
                        let words =
                            format!("error: invalid argument syntax {pair}, expected <resource>=<value>");
                        return Err(Problem::Text(words));
                    };
                    let mut own =
                        tree::map(container, &format!("resources.{list}")).cloned().unwrap_or_default();
                    if quantity == "0" {
                        own.remove(name);
                    } else {
                        own.insert(name.into(), quantity.into());
                    }
                    tree::set(container, &format!("resources.{list}"), own);
                }
            }
        }
        match found {
            true => Ok(()),
            false => Err(Problem::Text(format!("error: unable to find container named {chosen:?}"))),
        }
    }

    fn one(&self, io: &mut Io<'_, '_, '_>, found: &Found, pairs: &[String]) -> Asked<Result<(), Problem>> {
        let kind = found.target.kind;
        let spec = spec_of(found);
        let said = self.what.said();
        let mut wanted = found.tree.clone();
        let named = |text: String| Problem::Text(format!("{}/{} {text}", kind.plural, found.target.name));
        if tree::get(&wanted, spec).is_none() {
            return Ok(Err(named("the object is not a pod or does not have a pod template".into())));
        }
        if let Err(problem) = self.change(&mut wanted, spec, pairs) {
            return Ok(Err(problem));
        }
        let patch = merge::three_way(kind.kind, &found.tree, &wanted, &found.tree);
        if patch.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(Ok(()));
        }
        let dry_run = DryRun::of(&self.args);
        if dry_run == DryRun::Client {
            create::show(io, &self.args, kind, &wanted, said)?;
            return Ok(Ok(()));
        }
        let manager = self.args.text("field-manager").unwrap_or("kubectl-set");
        let query = [("dryRun", dry_run.query()), ("fieldManager", manager)];
        let request =
            client::patch(&found.path(), &query, client::JSON_ANY, client::STRATEGIC, patch.to_string());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            let message = tree::str(&answer.status(), "message").to_string();
            let what = self.what.patched();
            return Ok(Err(Problem::Text(format!("failed to patch {what} to pod template: {message}"))));
        }
        create::show(io, &self.args, kind, &answer.json, said)?;
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

/// Where the pod spec of an object is.
fn spec_of(found: &Found) -> &'static str {
    if *found.target.kind == pod::POD { "spec" } else { "spec.template.spec" }
}

/// Gives containers another value of a variable, or takes it away.
fn set_env(object: &mut Value, spec: &str, chosen: &str, name: &str, new: Option<&str>) {
    for container in tree::list_mut(object, &format!("{spec}.containers")) {
        if chosen != "*" && tree::str(container, "name") != chosen {
            continue;
        }
        let mut env = tree::list(container, "env").to_vec();
        let at = env.iter().position(|entry| tree::str(entry, "name") == name);
        match (at, new) {
            (Some(at), Some(new)) => env[at] = json!({"name": name, "value": new}),
            (None, Some(new)) => env.push(json!({"name": name, "value": new})),
            (Some(at), None) => drop(env.remove(at)),
            (None, None) => {}
        }
        if env.is_empty() {
            tree::remove(container, "env");
        } else {
            tree::set(container, "env", env);
        }
    }
}

/// The variables of an object's containers.
fn listed(found: &Found) -> String {
    let mut out = String::new();
    let (plural, name) = (found.target.kind.plural, &found.target.name);
    for container in tree::list(&found.tree, &format!("{}.containers", spec_of(found))) {
        out += &format!("# {plural}/{name}, container {}\n", tree::str(container, "name"));
        for entry in tree::list(container, "env") {
            out += &format!("{}={}\n", tree::str(entry, "name"), tree::str(entry, "value"));
        }
    }
    out
}
