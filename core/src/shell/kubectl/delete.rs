//! `kubectl delete`: removes objects and waits until they are gone. Knows no kind's fields.
//! Models: kubectl `pkg/cmd/delete/delete.go`, `pkg/cmd/wait`.

use super::apply::DryRun;
use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::printers::Format;
use super::resources::{self, Target};
use super::script::{Asked, Flow, Io, Next};
use super::watch::{self, Watch};
use super::words::{self, Problem};
use super::{client, config, files, wait};
use crate::api::tree;
use crate::base::Instant;
use http::Method;
use serde_json::{Value, json};

/// The command.
pub const DELETE: Entry = Entry::new(
    "delete",
    "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    FLAGS,
    |args| Work::Delete(Delete { args, stage: Stage::Begin }),
);

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    value("kustomize", Some('k')),
    switch("recursive", Some('R')),
    value("output", Some('o')),
    value("selector", Some('l')),
    value("field-selector", None),
    switch("all", None),
    switch("all-namespaces", Some('A')),
    optional("cascade", "background"),
    optional("dry-run", "unchanged"),
    switch("force", None),
    number("grace-period"),
    switch("now", None),
    switch("ignore-not-found", None),
    switch("wait", None),
    value("timeout", None),
    switch("interactive", Some('i')),
];

/// A `kubectl delete` at work.
#[derive(Debug, Clone)]
pub struct Delete {
    args: Args,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    /// Find out what to delete.
    Begin,
    /// Delete the objects, one after another.
    Deleting(Run),
    /// See which of them are still there, one after another.
    Waiting(Run),
    /// Watch one until it is gone.
    Watching(Run, Watch),
}

#[derive(Debug, Clone, Default)]
struct Run {
    left: Vec<One>,
    deleted: Vec<One>,
    problems: Vec<Problem>,
    found_any: bool,
    last_word: Option<(String, i32)>,
    deadline: Option<Instant>,
}

/// An object to delete.
#[derive(Debug, Clone)]
struct One {
    target: Target,
    namespace: String,
    source: String,
    uid: String,
}

impl Delete {
    /// A stage that deletes one object and waits until it is gone, as `kubectl run --rm` does at its end.
    pub fn one_pod(namespace: &str, name: &str) -> Delete {
        let target = Target { kind: &crate::api::pod::POD, name: name.to_string() };
        let one = One { target, namespace: namespace.to_string(), source: String::new(), uid: String::new() };
        Delete {
            args: Args::default(),
            stage: Stage::Deleting(Run { left: vec![one], found_any: true, ..Run::default() }),
        }
    }

    /// What the command says at its end, if anything, and its exit status.
    pub fn and_then(mut self, said: String, status: i32) -> Delete {
        if let Stage::Deleting(run) = &mut self.stage {
            run.last_word = Some((said, status));
        }
        self
    }

    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.stage {
            Stage::Begin => self.begin(io),
            Stage::Deleting(run) => self.delete(io, run.clone()),
            Stage::Waiting(run) => self.look(io, run.clone()),
            Stage::Watching(run, watch) => self.watch(io, run.clone(), watch.clone()),
        }
    }

    fn then(&self, stage: Stage) -> Flow<Work> {
        Ok(Next::Then(Work::Delete(Delete { args: self.args.clone(), stage })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match self.args.text("cascade") {
            None | Some("background" | "foreground" | "orphan") => {}
            Some(old @ ("true" | "false")) => {
                let new = if old == "true" { "background" } else { "orphan" };
                io.complain(&format!(
                    "warning: --cascade={old} is deprecated (boolean value) and can be replaced with --cascade={new}."
                ));
            }
            Some(other) => {
                return io.fail(&format!(
                    "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
                ));
            }
        }
        let grace = self.args.number("grace-period");
        if self.args.on("now") && grace.is_some_and(|grace| grace >= 0) {
            return io.fail("--now and --grace-period cannot be specified together");
        }
        if grace == Some(0) && !self.args.on("force") && !self.args.on("dry-run") {
            io.complain(
                "warning: --grace-period=0 is overridden to --grace-period=1. Set --force to have an immediate deletion.",
            );
        }
        if self.args.on("force") && grace.unwrap_or(0) > 0 {
            return io.fail("--force and --grace-period greater than 0 cannot be specified together");
        }
        let timeout = wait::duration(self.args.text("timeout").unwrap_or("0"));
        let timeout = io.check(timeout)?;
        let mut run = Run { deadline: timeout.map(|timeout| io.now() + timeout), ..Run::default() };
        self.add_files(io, &mut run)?;
        self.add_words(io, &mut run)?;
        if self.is_forced() && !run.left.is_empty() {
            io.complain(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been \
                 terminated. The resource may continue to run on the cluster indefinitely.",
            );
        }
        run.left.reverse();
        self.then(Stage::Deleting(run))
    }

    /// Whether kubectl says "force deleted".
    fn is_forced(&self) -> bool {
        self.args.on("force") && self.args.number("grace-period").unwrap_or(0) == 0
    }

    fn add_files(&self, io: &mut Io<'_, '_, '_>, run: &mut Run) -> Asked<()> {
        if self.args.all("filename").is_empty() {
            return Ok(());
        }
        for document in files::documents(io, &self.args)? {
            let target = files::mapped(io, &document)?;
            match files::namespace_of(io, &self.args, &target, &document.tree) {
                Ok(namespace) => {
                    run.left.push(One { target, namespace, source: document.source, uid: String::new() });
                }
                Err(problem) => run.problems.push(problem),
            }
        }
        Ok(())
    }

    fn add_words(&self, io: &mut Io<'_, '_, '_>, run: &mut Run) -> Asked<()> {
        if self.args.words.is_empty() && !self.args.all("filename").is_empty() {
            return Ok(());
        }
        let targets = io.check(resources::chosen(&self.args, &self.args.words))?;
        for target in targets {
            let everywhere = self.args.on("all-namespaces");
            let namespace = match target.kind.namespaced {
                true if everywhere => String::new(),
                true => config::namespace(io, &self.args),
                false => String::new(),
            };
            if !target.name.is_empty() {
                run.left.push(One { target, namespace, source: String::new(), uid: String::new() });
                continue;
            }
            self.listed(io, &target, &namespace, run)?;
        }
        Ok(())
    }

    fn listed(&self, io: &mut Io<'_, '_, '_>, target: &Target, namespace: &str, run: &mut Run) -> Asked<()> {
        let text = |name| self.args.text(name).unwrap_or_default();
        let query = [
            ("labelSelector", text("selector")),
            ("fieldSelector", text("field-selector")),
            ("limit", "500"),
        ];
        let answer = io.http(client::get(&client::path(target.kind, namespace, ""), &query, client::JSON))?;
        if !answer.is_ok() {
            io.complain(&watch::list_refusal(&answer, target, &self.args));
            return Err(super::script::Stop::Exit(1));
        }
        for item in tree::list(&answer.json, "items") {
            let name = tree::str(item, "metadata.name").to_string();
            run.left.push(One {
                target: Target { kind: target.kind, name },
                namespace: tree::str(item, "metadata.namespace").to_string(),
                source: String::new(),
                uid: String::new(),
            });
        }
        Ok(())
    }

    fn delete(&self, io: &mut Io<'_, '_, '_>, mut run: Run) -> Flow<Work> {
        let Some(mut one) = run.left.pop() else { return self.deleted(io, run) };
        run.found_any = true;
        let dry_run = DryRun::of(&self.args);
        if dry_run == DryRun::Client {
            self.say(io, &one)?;
            return self.then(Stage::Deleting(run));
        }
        let path = client::path(one.target.kind, &one.namespace, &one.target.name);
        let body = self.options().to_string();
        let url = client::url(&path, &[("dryRun", dry_run.query())]);
        let answer =
            io.http(client::request(Method::DELETE, &url, client::JSON, Some((client::JSON, body))))?;
        if answer.is_ok() {
            let uid = [tree::str(&answer.json, "metadata.uid"), tree::str(&answer.json, "details.uid")];
            one.uid = uid.into_iter().find(|uid| !uid.is_empty()).unwrap_or_default().to_string();
            self.say(io, &one)?;
            run.deleted.push(one);
        } else if !(answer.is_not_found() && self.ignores_missing()) {
            run.problems.push(if one.source.is_empty() {
                Problem::Refusal(answer.status())
            } else {
                Problem::from_source(answer.status(), "deleting", &one.source)
            });
        }
        self.then(Stage::Deleting(run))
    }

    /// With selectors, what is gone meanwhile is no problem.
    fn ignores_missing(&self) -> bool {
        let by_selector = self.args.text("selector").is_some() || self.args.on("all");
        self.args.on("ignore-not-found") || by_selector
    }

    fn options(&self) -> Value {
        let cascade = match self.args.text("cascade") {
            Some("orphan" | "false") => "Orphan",
            Some("foreground") => "Foreground",
            _ => "Background",
        };
        let mut options = json!({"propagationPolicy": cascade});
        let asked = self.args.number("grace-period").filter(|grace| *grace >= 0);
        let grace = match asked {
            _ if self.args.on("now") => Some(1),
            Some(0) if !self.args.on("force") => Some(1),
            None if self.args.on("force") => Some(0),
            other => other,
        };
        if let Some(grace) = grace {
            options["gracePeriodSeconds"] = grace.into();
        }
        options
    }

    fn say(&self, io: &mut Io<'_, '_, '_>, one: &One) -> Asked<()> {
        let format = Format::of(&self.args);
        let format = io.check(format)?;
        if format == Format::Name {
            io.line(&resources::full_name(one.target.kind, &one.target.name));
            return Ok(());
        }
        let how = if self.is_forced() { "force deleted" } else { "deleted" };
        let place = if one.namespace.is_empty() {
            String::new()
        } else {
            format!(" from {} namespace", one.namespace)
        };
        let suffix = DryRun::of(&self.args).suffix();
        let label = resources::label(one.target.kind);
        io.line(&format!("{label} {:?} {how}{place}{suffix}", one.target.name));
        Ok(())
    }

    fn deleted(&self, io: &mut Io<'_, '_, '_>, mut run: Run) -> Flow<Work> {
        if !run.found_any && run.problems.is_empty() {
            io.line("No resources found");
            return Ok(Next::Exit(0));
        }
        let waits =
            self.args.on_by_default("wait") && DryRun::of(&self.args) == DryRun::No && !self.is_forced();
        if !waits {
            return end(io, &run);
        }
        run.left = std::mem::take(&mut run.deleted);
        run.left.reverse();
        self.then(Stage::Waiting(run))
    }

    /// Whether the next object is still there.
    fn look(&self, io: &mut Io<'_, '_, '_>, mut run: Run) -> Flow<Work> {
        let Some(one) = run.left.last() else { return end(io, &run) };
        let path = client::path(one.target.kind, &one.namespace, &one.target.name);
        let answer = io.http(client::get(&path, &[], client::JSON))?;
        let is_same = one.uid.is_empty() || tree::str(&answer.json, "metadata.uid") == one.uid;
        if !answer.is_ok() || !is_same {
            run.left.pop();
            return self.then(Stage::Waiting(run));
        }
        let field = format!("metadata.name={}", one.target.name);
        let revision = tree::str(&answer.json, "metadata.resourceVersion");
        let query = [("fieldSelector", field.as_str()), ("resourceVersion", revision), ("watch", "true")];
        let path = client::path(one.target.kind, &one.namespace, "");
        let watch = Watch::open(io, client::get(&path, &query, client::JSON), None)?.until(run.deadline);
        self.then(Stage::Watching(run, watch))
    }

    fn watch(&self, io: &mut Io<'_, '_, '_>, mut run: Run, mut watch: Watch) -> Flow<Work> {
        let Some(events) = watch.next(io)? else {
            if run.deadline.is_some_and(|deadline| deadline <= io.now()) {
                let name = run.left.last().map(|one| one.target.name.clone()).unwrap_or_default();
                let plural = run.left.last().map(|one| one.target.kind.plural).unwrap_or_default();
                return io.fail(&format!("timed out waiting for the condition on {plural}/{name}"));
            }
            return self.then(Stage::Waiting(run));
        };
        if events.iter().any(|event| tree::str(event, "type") == "DELETED") {
            watch.close(io)?;
            run.left.pop();
            return self.then(Stage::Waiting(run));
        }
        self.then(Stage::Watching(run, watch))
    }
}

fn end(io: &mut Io<'_, '_, '_>, run: &Run) -> Flow<Work> {
    for line in words::problems(&run.problems) {
        io.complain(&line);
    }
    match &run.last_word {
        Some((said, status)) => {
            if !said.is_empty() {
                io.complain(said);
            }
            Ok(Next::Exit(*status))
        }
        None => Ok(Next::Exit(i32::from(!run.problems.is_empty()))),
    }
}
