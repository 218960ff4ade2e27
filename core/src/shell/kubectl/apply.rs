//! `kubectl apply`: makes objects be as a manifest says. Knows no kind's fields.
//! Models: kubectl `pkg/cmd/apply`.
//! Omits: --prune, apply sets, kustomizations; the OpenAPI document (its rules for lists are in `api::merge_keys`)

use super::args::{Args, Flag, optional, switch, value};
use super::client::{self, Answer};
use super::commands::{Entry, Work};
use super::files::{self, Document};
use super::printers::{self, Format};
use super::resources::{self, Target};
use super::script::{Asked, Flow, Io, Next};
use super::words::{self, Problem};
use super::{json, merge};
use crate::api::tree;
use serde_json::Value;
use std::sync::Arc;

/// The command.
pub const APPLY: Entry =
    Entry::new("apply", "Apply a configuration to a resource by file name or stdin", FLAGS, |args| {
        Work::Apply(Apply { args, run: None })
    });

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    value("kustomize", Some('k')),
    switch("recursive", Some('R')),
    value("output", Some('o')),
    value("selector", Some('l')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("server-side", None),
    switch("force-conflicts", None),
    switch("force", None),
    switch("overwrite", None),
    switch("wait", None),
    value("field-manager", None),
    switch("show-managed-fields", None),
];

/// The annotation that keeps what was applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A `kubectl apply` at work.
#[derive(Debug, Clone)]
pub struct Apply {
    args: Args,
    run: Option<Run>,
}

/// The documents, and how far it has come.
#[derive(Debug, Clone)]
struct Run {
    documents: Arc<Vec<Document>>,
    at: usize,
    problems: Vec<Problem>,
    /// What `-o` prints at the end.
    applied: Vec<Value>,
}

impl Apply {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(run) = &self.run else { return self.begin(io) };
        let mut run = run.clone();
        let Some(document) = run.documents.get(run.at) else { return self.end(io, run) };
        match self.one(io, document)? {
            Ok(object) => run.applied.push(object),
            Err(problem) => run.problems.push(problem),
        }
        run.at += 1;
        Ok(Next::Then(Work::Apply(Apply { args: self.args.clone(), run: Some(run) })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if let Some(word) = self.args.words.first() {
            return io
                .fail(&format!("Unexpected args: [{word}]\nSee 'kubectl apply -h' for help and examples"));
        }
        if self.args.all("filename").is_empty() {
            return io.fail("must specify one of -f and -k");
        }
        let format = Format::of(&self.args);
        io.check(format)?;
        let (documents, problems) = files::readable(io, &self.args)?;
        if documents.is_empty() && problems.is_empty() {
            return io.fail("no objects passed to apply");
        }
        let run = Run { documents: Arc::new(documents), at: 0, problems, applied: Vec::new() };
        Ok(Next::Then(Work::Apply(Apply { args: self.args.clone(), run: Some(run) })))
    }

    fn end(&self, io: &mut Io<'_, '_, '_>, mut run: Run) -> Flow<Work> {
        let format = Format::of(&self.args);
        let format = io.check(format)?;
        if !format.is_table() && format != Format::Name && !run.applied.is_empty() {
            run.applied.iter_mut().for_each(printers::tidy);
            let tree = match run.applied.len() {
                1 => run.applied.remove(0),
                _ => printers::list_of(run.applied),
            };
            let text = format.render(&tree, true);
            let text = io.check(text)?;
            io.print(text);
        }
        for line in words::problems(&run.problems) {
            io.complain(&line);
        }
        Ok(Next::Exit(i32::from(!run.problems.is_empty())))
    }

    /// Applies one document.
    fn one(&self, io: &mut Io<'_, '_, '_>, document: &Document) -> Asked<Result<Value, Problem>> {
        let validate = !matches!(self.args.text("validate"), Some("false" | "ignore"));
        let (target, namespace, object) = match files::placed(io, &self.args, document, validate) {
            Ok(placed) => placed,
            Err(problem) => return Ok(Err(problem)),
        };
        let doing = Doing { args: &self.args, source: &document.source, target, namespace };
        if self.args.on("server-side") {
            doing.server_side(io, &object)
        } else {
            doing.client_side(io, &object)
        }
    }
}

/// How a dry run is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// Not at all.
    No,
    /// kubectl sends nothing.
    Client,
    /// The server does everything but store.
    Server,
}

impl DryRun {
    /// What `--dry-run` says.
    pub fn of(args: &Args) -> DryRun {
        match args.text("dry-run") {
            Some("client" | "unchanged" | "true") => DryRun::Client,
            Some("server") => DryRun::Server,
            _ => DryRun::No,
        }
    }

    /// The query that asks for it.
    pub fn query(self) -> &'static str {
        if self == DryRun::Server { "All" } else { "" }
    }

    /// The end of a result line.
    pub fn suffix(self) -> &'static str {
        match self {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }
}

/// What `--validate` asks the server for.
pub fn field_validation(args: &Args) -> &'static str {
    match args.text("validate") {
        Some("false" | "ignore") => "Ignore",
        Some("warn") => "Warn",
        _ => "Strict",
    }
}

/// One document on its way.
struct Doing<'a> {
    args: &'a Args,
    source: &'a str,
    target: Target,
    namespace: String,
}

impl Doing<'_> {
    fn path(&self, name: &str) -> String {
        client::path(self.target.kind, &self.namespace, name)
    }

    fn identity(&self) -> String {
        let (kind, name) = (self.target.kind, &self.target.name);
        let version = if kind.group.is_empty() { format!("/{}", kind.version) } else { kind.api_version() };
        format!(
            "Resource: \"{version}, Resource={}\", GroupVersionKind: \"{version}, Kind={}\"\nName: {name:?}, \
             Namespace: {:?}",
            kind.plural, kind.kind, self.namespace
        )
    }

    fn done(&self, io: &mut Io<'_, '_, '_>, what: &str) -> Asked<()> {
        let format = Format::of(self.args);
        let format = io.check(format)?;
        let name = resources::full_name(self.target.kind, &self.target.name);
        let dry_run = DryRun::of(self.args);
        match format {
            Format::Table | Format::Wide => io.line(&format!("{name} {what}{}", dry_run.suffix())),
            Format::Name => io.line(&name),
            _ => {}
        }
        Ok(())
    }

    fn client_side(&self, io: &mut Io<'_, '_, '_>, object: &Value) -> Asked<Result<Value, Problem>> {
        let retrieving = |message: &str| {
            let identity = self.identity();
            format!(
                "error when retrieving current configuration of:\n{identity}\nfrom server for: {:?}: {message}",
                self.source
            )
        };
        if self.target.name.is_empty() {
            let generated = !tree::str(object, "metadata.generateName").is_empty();
            return Ok(Err(Problem::Text(if generated {
                format!(
                    "from {}: cannot use generate name with apply",
                    tree::str(object, "metadata.generateName")
                )
            } else {
                retrieving("resource name may not be empty")
            })));
        }
        let answer = io.http(client::get(&self.path(&self.target.name), &[], client::JSON))?;
        if answer.is_not_found() {
            return self.create(io, object);
        }
        if !answer.is_ok() {
            let mut status = answer.status();
            let message = retrieving(tree::str(&status, "message"));
            tree::set(&mut status, "message", message);
            return Ok(Err(Problem::Refusal(status)));
        }
        self.patch(io, object, &answer)
    }

    fn create(&self, io: &mut Io<'_, '_, '_>, object: &Value) -> Asked<Result<Value, Problem>> {
        let object = annotated(object);
        let dry_run = DryRun::of(self.args);
        if dry_run == DryRun::Client {
            self.done(io, "created")?;
            return Ok(Ok(object));
        }
        let query = [
            ("dryRun", dry_run.query()),
            ("fieldManager", self.args.text("field-manager").unwrap_or("kubectl-client-side-apply")),
            ("fieldValidation", field_validation(self.args)),
        ];
        let answer = io.http(client::post(&self.path(""), &query, &object))?;
        if !answer.is_ok() {
            return Ok(Err(Problem::from_source(answer.status(), "creating", self.source)));
        }
        self.done(io, "created")?;
        Ok(Ok(answer.json.clone()))
    }

    fn patch(
        &self,
        io: &mut Io<'_, '_, '_>,
        object: &Value,
        answer: &Answer,
    ) -> Asked<Result<Value, Problem>> {
        let current = &answer.json;
        let dry_run = DryRun::of(self.args);
        if dry_run == DryRun::Client {
            // Nothing is compared then, and what is shown is the object as it is.
            self.done(io, "configured")?;
            return Ok(Ok(current.clone()));
        }
        let annotation =
            tree::map(current, "metadata.annotations").and_then(|map| map.get(LAST_APPLIED)?.as_str());
        let (plural, name) = (self.target.kind.plural, &self.target.name);
        if annotation.is_none() {
            io.complain(&format!(
                "Warning: resource {plural}/{name} is missing the {LAST_APPLIED} annotation which is required by \
                 kubectl apply. kubectl apply should only be used on resources created declaratively by either \
                 kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
            ));
        }
        if tree::get(current, "metadata.deletionTimestamp").is_some() {
            io.complain(&format!(
                "Warning: Detected changes to resource {name} which is currently being deleted."
            ));
        }
        let original = annotation.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let modified = annotated(object);
        let patch = merge::three_way(self.target.kind.kind, &original, &modified, current);
        if patch.as_object().is_some_and(serde_json::Map::is_empty) {
            self.done(io, "unchanged")?;
            return Ok(Ok(current.clone()));
        }
        let query = [
            ("dryRun", dry_run.query()),
            ("fieldManager", self.args.text("field-manager").unwrap_or("kubectl-client-side-apply")),
            ("fieldValidation", field_validation(self.args)),
        ];
        let body = json::line(&patch);
        let request = client::patch(&self.path(name), &query, client::JSON, client::STRATEGIC, body.clone());
        let answer = io.http(request)?;
        if !answer.is_ok() {
            return Ok(Err(self.patch_problem(&answer, &body)));
        }
        // A patch that was sent counts, whether or not the server found anything in it.
        self.done(io, "configured")?;
        Ok(Ok(answer.json.clone()))
    }

    fn patch_problem(&self, answer: &Answer, body: &str) -> Problem {
        let mut status = answer.status();
        let message = format!(
            "error when applying patch:\n{body}\nto:\n{}\nfor: {:?}: error when patching {:?}: {}",
            self.identity(),
            self.source,
            self.source,
            tree::str(&status, "message")
        );
        tree::set(&mut status, "message", message);
        Problem::Refusal(status)
    }

    fn server_side(&self, io: &mut Io<'_, '_, '_>, object: &Value) -> Asked<Result<Value, Problem>> {
        let dry_run = DryRun::of(self.args);
        let manager = self.args.text("field-manager").unwrap_or("kubectl");
        let force = if self.args.on("force-conflicts") { "true" } else { "" };
        let query = [
            ("dryRun", dry_run.query()),
            ("fieldManager", manager),
            ("fieldValidation", field_validation(self.args)),
            ("force", force),
        ];
        let path = self.path(&self.target.name);
        let request = client::patch(&path, &query, client::JSON, "apply-patch+yaml", json::line(object));
        let answer = io.http(request)?;
        if answer.code == 409 {
            let message = answer.status()["message"].as_str().unwrap_or_default().to_string();
            return Ok(Err(Problem::Text(format!("{message}\n{CONFLICTS}"))));
        }
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
        self.done(io, "serverside-applied")?;
        Ok(Ok(answer.json.clone()))
    }
}

const CONFLICTS: &str = "\
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// The object with itself in its annotation, as a line of JSON.
pub fn annotated(object: &Value) -> Value {
    let mut plain = object.clone();
    let annotations = plain.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    match annotations {
        Some(annotations) => drop(annotations.remove(LAST_APPLIED)),
        None => tree::set(&mut plain, "metadata.annotations", serde_json::json!({})),
    }
    let text = json::line(&plain) + "\n";
    if let Some(annotations) = plain.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(LAST_APPLIED.to_string(), text.into());
    }
    plain
}
