//! `kubectl describe`: objects in words, with what belongs to them. One file per kind in `describe/`, one list here.
//! Models: kubectl `pkg/cmd/describe`, `pkg/describe/describe.go`

pub mod config_map;
pub mod deployment;
pub mod endpoint_slice;
pub mod endpoints;
pub mod events;
pub mod generic;
pub mod namespace;
pub mod network_policy;
pub mod node;
pub mod page;
pub mod pod;
pub mod replica_set;
pub mod service;
pub mod template;

use self::page::Page;
use super::args::{Args, Flag, number, switch, value};
use super::commands::{Entry, Work};
use super::resources::{self, Target};
use super::script::{Asked, Flow, Io, Next};
use super::words::{self, Problem};
use super::{client, config, files, watch};
use crate::api::{Kind, tree};
use serde_json::Value;

/// The command.
pub const DESCRIBE: Entry =
    Entry::new("describe", "Show details of a specific resource or group of resources", FLAGS, |args| {
        Work::Describe(Describe { args, run: None })
    });

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    switch("all-namespaces", Some('A')),
    switch("show-events", None),
    number("chunk-size"),
];

/// Writes an object's page. It asks for what belongs to the object.
type Describer = fn(&mut Io<'_, '_, '_>, &Subject, &mut Page) -> Asked<()>;

/// The kinds that have a page of their own; the others share one.
const DESCRIBERS: &[(&str, Describer)] = &[
    ("ConfigMap", config_map::config_map),
    ("Deployment", deployment::deployment),
    ("EndpointSlice", endpoint_slice::endpoint_slice),
    ("Endpoints", endpoints::endpoints),
    ("Namespace", namespace::namespace),
    ("NetworkPolicy", network_policy::network_policy),
    ("Node", node::node),
    ("Pod", pod::pod),
    ("ReplicaSet", replica_set::replica_set),
    ("Secret", config_map::secret),
    ("Service", service::service),
    ("StatefulSet", replica_set::stateful_set),
];

/// An object that is described.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its kind.
    pub kind: &'static Kind,
    /// The object.
    pub tree: Value,
    /// Whether its events are shown.
    pub shows_events: bool,
}

impl Subject {
    /// Its name.
    pub fn name(&self) -> &str {
        tree::str(&self.tree, "metadata.name")
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        tree::str(&self.tree, "metadata.namespace")
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        tree::str(&self.tree, "metadata.uid")
    }

    /// The string at a path.
    pub fn str(&self, path: &str) -> &str {
        tree::str(&self.tree, path)
    }
}

/// A `kubectl describe` at work.
#[derive(Debug, Clone)]
pub struct Describe {
    args: Args,
    run: Option<Run>,
}

/// The objects that are left, the next one last.
#[derive(Debug, Clone, Default)]
struct Run {
    left: Vec<(Target, String)>,
    printed: bool,
    problems: Vec<Problem>,
}

impl Describe {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(run) = &self.run else { return self.begin(io) };
        let mut run = run.clone();
        let Some((target, namespace)) = run.left.pop() else {
            for line in words::problems(&run.problems) {
                io.complain(&line);
            }
            return Ok(Next::Exit(i32::from(!run.problems.is_empty())));
        };
        let path = client::path(target.kind, &namespace, &target.name);
        let answer = io.http(client::get(&path, &[], client::TYPED))?;
        if answer.is_ok() {
            let text = self.page(io, &target, &answer.json)?;
            io.print(if run.printed { format!("\n\n{text}") } else { text });
            run.printed = true;
        } else {
            run.problems.push(Problem::Refusal(answer.status()));
        }
        self.then(run)
    }

    fn then(&self, run: Run) -> Flow<Work> {
        Ok(Next::Then(Work::Describe(Describe { args: self.args.clone(), run: Some(run) })))
    }

    fn page(&self, io: &mut Io<'_, '_, '_>, target: &Target, object: &Value) -> Asked<String> {
        let shows_events = self.args.on_by_default("show-events");
        let subject = Subject { kind: target.kind, tree: object.clone(), shows_events };
        let own = DESCRIBERS.iter().find(|(kind, _)| *kind == target.kind.kind);
        let describe = own.map_or(generic::generic as Describer, |(_, describe)| *describe);
        let mut page = Page::default();
        describe(io, &subject, &mut page)?;
        Ok(page.finish())
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let mut run = Run::default();
        for document in files::documents(io, &self.args)? {
            let target = files::mapped(io, &document)?;
            match files::namespace_of(io, &self.args, &target, &document.tree) {
                Ok(namespace) => run.left.push((target, namespace)),
                Err(problem) => run.problems.push(problem),
            }
        }
        let targets = io.check(resources::targets(&self.args.words))?;
        if targets.is_empty() && run.left.is_empty() {
            io.complain(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list \
                 of supported resources.",
            );
            return Ok(Next::Exit(1));
        }
        for target in targets {
            let everywhere = self.args.on("all-namespaces") || !target.kind.namespaced;
            let namespace = if everywhere { String::new() } else { config::namespace(io, &self.args) };
            if target.name.is_empty() {
                self.listed(io, &target, &namespace, &mut run)?;
            } else {
                self.named(io, target, namespace, &mut run)?;
            }
        }
        if run.left.is_empty() && run.problems.is_empty() {
            let namespace = config::namespace(io, &self.args);
            io.complain(&if self.args.on("all-namespaces") {
                "No resources found".to_string()
            } else {
                format!("No resources found in {namespace} namespace.")
            });
        }
        run.left.reverse();
        self.then(run)
    }

    fn listed(&self, io: &mut Io<'_, '_, '_>, target: &Target, namespace: &str, run: &mut Run) -> Asked<()> {
        let labels = self.args.text("selector").unwrap_or_default();
        let query = [("labelSelector", labels), ("limit", "500")];
        let answer = io.http(client::get(&client::path(target.kind, namespace, ""), &query, client::JSON))?;
        if !answer.is_ok() {
            io.complain(&watch::list_refusal(&answer, target, &self.args));
            return Err(super::script::Stop::Exit(1));
        }
        for item in tree::list(&answer.json, "items") {
            let name = tree::str(item, "metadata.name").to_string();
            let namespace = tree::str(item, "metadata.namespace").to_string();
            run.left.push((Target { kind: target.kind, name }, namespace));
        }
        Ok(())
    }

    /// A name, or what begins with it when nothing has exactly this name.
    fn named(&self, io: &mut Io<'_, '_, '_>, target: Target, namespace: String, run: &mut Run) -> Asked<()> {
        let answer =
            io.http(client::get(&client::path(target.kind, &namespace, &target.name), &[], client::JSON))?;
        if answer.is_ok() {
            run.left.push((target, namespace));
            return Ok(());
        }
        let mut found = false;
        if answer.is_not_found() {
            let path = client::path(target.kind, &namespace, "");
            let list = io.http(client::get(&path, &[("limit", "500")], client::JSON))?;
            for item in tree::list(&list.json, "items") {
                let name = tree::str(item, "metadata.name");
                if name.starts_with(&target.name) {
                    found = true;
                    run.left.push((Target { kind: target.kind, name: name.to_string() }, namespace.clone()));
                }
            }
        }
        if !found {
            run.problems.push(Problem::Refusal(answer.status()));
        }
        Ok(())
    }
}
