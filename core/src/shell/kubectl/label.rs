//! `kubectl label` and `kubectl annotate`: pairs in an object's metadata. Knows no kind.
//! Models: kubectl `pkg/cmd/label/label.go`, `pkg/cmd/annotate/annotate.go`. Omits: --local, --resource-version

use super::apply::DryRun;
use super::args::{Args, Flag, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::printers::Format;
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{client, create};
use crate::api::{names, tree};
use serde_json::{Map, Value, json};

/// `kubectl label`.
pub const LABEL: Entry = Entry::new("label", "Update the labels on a resource", FLAGS, |args| {
    Work::Label(Label { args, what: &LABELS })
});
/// `kubectl annotate`.
pub const ANNOTATE: Entry = Entry::new("annotate", "Update the annotations on a resource", FLAGS, |args| {
    Work::Label(Label { args, what: &ANNOTATIONS })
});

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    value("field-selector", None),
    switch("all", None),
    switch("all-namespaces", Some('A')),
    switch("overwrite", None),
    switch("list", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

/// What differs between labels and annotations.
#[derive(Debug)]
struct What {
    word: &'static str,
    field: &'static str,
    manager: &'static str,
    is_label: bool,
}

static LABELS: What =
    What { word: "label", field: "metadata.labels", manager: "kubectl-label", is_label: true };
static ANNOTATIONS: What =
    What { word: "annotation", field: "metadata.annotations", manager: "kubectl-annotate", is_label: false };

/// The annotation that may be overwritten without saying so.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// A `kubectl label` or `kubectl annotate` at work.
#[derive(Debug, Clone)]
pub struct Label {
    args: Args,
    what: &'static What,
}

/// What is to change.
#[derive(Debug, Default)]
struct Changes {
    set: Vec<(String, String)>,
    removed: Vec<String>,
}

impl Label {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = self.args.words.clone();
        let (words, pairs) = io.check(objects::and_pairs(&words, self.what.word))?;
        let changes = io.check(self.changes(pairs))?;
        if self.args.on("all") && self.args.text("selector").is_some() {
            return io.fail("cannot set --all and --selector at the same time");
        }
        if words.is_empty() && self.args.all("filename").is_empty() {
            return io
                .fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        if changes.set.is_empty() && changes.removed.is_empty() && !self.args.on("list") {
            return io.fail(&format!("at least one {} update is required", self.what.word));
        }
        let (found, mut problems) = objects::find(io, &self.args, words)?;
        let is_single = found.len() == 1;
        for one in &found {
            if let Err(problem) = self.one(io, one, &changes, is_single)? {
                problems.push(problem);
            }
        }
        Ok(objects::end(io, &problems))
    }

    fn changes(&self, pairs: &[String]) -> Result<Changes, String> {
        let mut changes = Changes::default();
        for pair in pairs {
            match pair.split_once('=') {
                Some((key, value)) if self.what.is_label => {
                    if value.contains('=') {
                        return Err(format!("invalid label spec: {pair}"));
                    }
                    let wrong = names::label_value(value);
                    if !wrong.is_empty() {
                        return Err(format!("invalid label value: {pair:?}: {}", wrong.join(";")));
                    }
                    changes.set.push((key.to_string(), value.to_string()));
                }
                Some((key, value)) => changes.set.push((key.to_string(), value.to_string())),
                None => changes.removed.push(pair.trim_end_matches('-').to_string()),
            }
        }
        let both = changes.removed.iter().find(|key| changes.set.iter().any(|(set, _)| set == *key));
        match both {
            Some(key) if self.what.is_label => Err(format!("can not both modify and remove label {key:?}")),
            Some(key) => Err(format!("can not both modify and remove an annotation {key:?}")),
            None => Ok(changes),
        }
    }

    fn one(
        &self,
        io: &mut Io<'_, '_, '_>,
        found: &Found,
        changes: &Changes,
        is_single: bool,
    ) -> Asked<Result<(), Problem>> {
        let old = tree::map(&found.tree, self.what.field).cloned().unwrap_or_default();
        if self.what.is_label {
            for key in changes.removed.iter().filter(|key| !old.contains_key(key.as_str())) {
                io.line(&format!("label {key:?} not found."));
            }
        }
        if let Err(text) = self.may_overwrite(&old, changes) {
            return Ok(Err(Problem::Text(text)));
        }
        let patch = self.patch(&old, changes);
        let dry_run = DryRun::of(&self.args);
        let mut object = found.tree.clone();
        if dry_run == DryRun::Client || self.args.on("list") {
            let all = changed(&old, changes);
            tree::set(&mut object, self.what.field, Value::Object(all));
        } else {
            let manager = self.args.text("field-manager").unwrap_or(self.what.manager);
            let query = [("dryRun", dry_run.query()), ("fieldManager", manager)];
            let answer = io.http(client::patch(
                &found.path(),
                &query,
                client::JSON,
                client::MERGE,
                patch.to_string(),
            ))?;
            if !answer.is_ok() {
                return Ok(Err(Problem::Refusal(answer.status())));
            }
            object = answer.json.clone();
        }
        if self.args.on("list") {
            self.list(io, found, &object, is_single);
            return Ok(Ok(()));
        }
        let said = self.said(&found.tree, &object);
        match io.check(Format::of(&self.args))? {
            Format::Table | Format::Wide => {
                io.line(&format!("{} {said}{}", found.full_name(), dry_run.suffix()));
            }
            _ => create::show(io, &self.args, found.target.kind, &object, said)?,
        }
        Ok(Ok(()))
    }

    /// Values that are there already stay, unless told otherwise.
    fn may_overwrite(&self, old: &Map<String, Value>, changes: &Changes) -> Result<(), String> {
        if self.args.on("overwrite") {
            return Ok(());
        }
        let is_free = |key: &str| !self.what.is_label && key == CHANGE_CAUSE;
        let taken: Vec<String> = changes
            .set
            .iter()
            .filter(|(key, _)| !is_free(key))
            .filter_map(|(key, value)| Some((key, value, old.get(key)?.as_str()?)))
            .filter(|(_, value, there)| !self.what.is_label || value.as_str() != *there)
            .map(|(key, _, there)| format!("'{key}' already has a value ({there})"))
            .collect();
        if taken.is_empty() {
            return Ok(());
        }
        Err(if self.what.is_label {
            format!("{}, and --overwrite is false", taken.join("; "))
        } else {
            let all = taken.join("; ");
            format!("--overwrite is false but found the following declared annotation(s): {all}")
        })
    }

    fn patch(&self, old: &Map<String, Value>, changes: &Changes) -> Value {
        let mut fields = Map::new();
        for (key, value) in &changes.set {
            if old.get(key).and_then(Value::as_str) != Some(value) {
                fields.insert(key.clone(), value.as_str().into());
            }
        }
        for key in changes.removed.iter().filter(|key| old.contains_key(key.as_str())) {
            fields.insert(key.clone(), Value::Null);
        }
        let mut patch = json!({});
        if !fields.is_empty() {
            tree::set(&mut patch, self.what.field, Value::Object(fields));
        }
        patch
    }

    fn said(&self, old: &Value, new: &Value) -> &'static str {
        let of = |tree: &Value| tree::map(tree, self.what.field).cloned().unwrap_or_default();
        let (old, new) = (of(old), of(new));
        let length = |map: &Map<String, Value>| Value::Object(map.clone()).to_string().len();
        match () {
            () if !self.what.is_label => "annotated",
            () if old == new => "not labeled",
            () if !self.args.on("overwrite") && length(&new) < length(&old) => "unlabeled",
            () => "labeled",
        }
    }

    fn list(&self, io: &mut Io<'_, '_, '_>, found: &Found, object: &Value, is_single: bool) {
        let mut indent = "";
        if !is_single {
            indent = " ";
            let kind = found.target.kind;
            let what = if self.what.is_label { "labels" } else { "annotations" };
            io.line(&format!("Listing {what} for {}.{}/{}:", kind.kind, kind.group, found.target.name));
        }
        let pairs: Vec<String> = tree::pairs(object, self.what.field)
            .map(|(key, value)| format!("{indent}{key}={value}\n"))
            .collect();
        io.print(pairs.concat());
    }
}

fn changed(old: &Map<String, Value>, changes: &Changes) -> Map<String, Value> {
    let mut all = old.clone();
    for (key, value) in &changes.set {
        all.insert(key.clone(), value.as_str().into());
    }
    all.retain(|key, _| !changes.removed.contains(key));
    all
}
