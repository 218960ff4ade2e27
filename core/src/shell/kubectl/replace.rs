//! `kubectl replace`: objects from files in place of what is there. Models: kubectl `pkg/cmd/replace/replace.go`.
//! Omits: --raw, --subresource, --save-config, --cascade, --timeout

use super::apply::{DryRun, field_validation};
use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::create::{make, show};
use super::files::{self, Document};
use super::objects;
use super::script::{Asked, Flow, Io, Next};
use super::words::Problem;
use super::{client, resources};
use crate::api::tree;
use crate::base::Duration;
use http::Method;
use std::sync::Arc;

/// The command.
pub const REPLACE: Entry = Entry::new("replace", "Replace a resource by file name or stdin", FLAGS, |args| {
    Work::Replace(Replace { args, run: None })
});

const FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    switch("force", None),
    number("grace-period"),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager", None),
];

/// How often is looked whether what is in the way is gone.
const LOOK: Duration = Duration::secs(1);

/// A `kubectl replace` at work.
#[derive(Debug, Clone)]
pub struct Replace {
    args: Args,
    run: Option<Run>,
}

#[derive(Debug, Clone)]
struct Run {
    documents: Arc<Vec<Document>>,
    at: usize,
    problems: Vec<Problem>,
    /// Whether the present object has been deleted.
    deleted: bool,
}

/// What came of one turn with a document.
enum Turn {
    Done,
    /// What is in the way is still there.
    Waits,
}

impl Replace {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(run) = &self.run else { return self.begin(io) };
        let mut run = run.clone();
        let Some(document) = run.documents.get(run.at).cloned() else {
            return Ok(objects::end(io, &run.problems));
        };
        let turn = if self.args.on("force") {
            self.force(io, &document, run.deleted)?
        } else {
            self.one(io, &document)?.map(|()| Turn::Done)
        };
        match turn {
            Ok(Turn::Waits) => run.deleted = true,
            done => {
                run.problems.extend(done.err());
                (run.at, run.deleted) = (run.at + 1, false);
            }
        }
        self.then(run)
    }

    fn then(&self, run: Run) -> Flow<Work> {
        Ok(Next::Then(Work::Replace(Replace { args: self.args.clone(), run: Some(run) })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if self.args.all("filename").is_empty() {
            return io
                .fail("must specify --filename to replace\nSee 'kubectl replace -h' for help and examples");
        }
        let (documents, problems) = files::readable(io, &self.args)?;
        if documents.is_empty() && problems.is_empty() {
            return io.fail("no objects passed to replace");
        }
        self.then(Run { documents: Arc::new(documents), at: 0, problems, deleted: false })
    }

    /// The document's kind, namespace and path.
    fn place(
        &self,
        io: &mut Io<'_, '_, '_>,
        document: &Document,
    ) -> Result<(resources::Target, String, String), Problem> {
        let validate = !matches!(self.args.text("validate"), Some("false" | "ignore"));
        let target = files::target(document, validate)?;
        let namespace = files::namespace_of(io, &self.args, &target, &document.tree)?;
        let path = client::path(target.kind, &namespace, &target.name);
        Ok((target, namespace, path))
    }

    fn one(&self, io: &mut Io<'_, '_, '_>, document: &Document) -> Asked<Result<(), Problem>> {
        let (target, namespace, path) = match self.place(io, document) {
            Ok(place) => place,
            Err(problem) => return Ok(Err(problem)),
        };
        let dry_run = DryRun::of(&self.args);
        let mut object = document.tree.clone();
        if target.kind.namespaced {
            tree::set(&mut object, "metadata.namespace", namespace.as_str());
        }
        if dry_run == DryRun::Client {
            show(io, &self.args, target.kind, &object, "replaced")?;
            return Ok(Ok(()));
        }
        let query = [
            ("dryRun", dry_run.query()),
            ("fieldManager", self.args.text("field-manager").unwrap_or("kubectl-replace")),
            ("fieldValidation", field_validation(&self.args)),
        ];
        let body = Some((client::JSON, object.to_string()));
        let answer =
            io.http(client::request(Method::PUT, &client::url(&path, &query), client::JSON, body))?;
        if !answer.is_ok() {
            return Ok(Err(Problem::from_source(answer.status(), "replacing", &document.source)));
        }
        show(io, &self.args, target.kind, &answer.json, "replaced")?;
        Ok(Ok(()))
    }

    /// Deletes what is there, waits until it is gone, and creates anew.
    fn force(
        &self,
        io: &mut Io<'_, '_, '_>,
        document: &Document,
        deleted: bool,
    ) -> Asked<Result<Turn, Problem>> {
        let (target, namespace, path) = match self.place(io, document) {
            Ok(place) => place,
            Err(problem) => return Ok(Err(problem)),
        };
        if !deleted {
            let grace = self.args.number("grace-period").filter(|grace| *grace >= 0).unwrap_or(0);
            let body = format!("{{\"propagationPolicy\":\"Background\",\"gracePeriodSeconds\":{grace}}}");
            let request = client::request(Method::DELETE, &path, client::JSON, Some((client::JSON, body)));
            if io.http(request)?.is_ok() {
                let label = resources::label(target.kind);
                let place = if target.kind.namespaced {
                    format!(" from {namespace} namespace")
                } else {
                    String::new()
                };
                io.line(&format!("{label} {:?} deleted{place}", target.name));
            }
        }
        if io.http(client::get(&path, &[], client::JSON))?.is_ok() {
            io.sleep(LOOK)?;
            return Ok(Ok(Turn::Waits));
        }
        let made = make(io, &self.args, target.kind, &namespace, document.tree.clone(), "kubectl-replace")?;
        match made {
            Ok(object) => show(io, &self.args, target.kind, &object, "replaced")?,
            Err(answer) => {
                return Ok(Err(Problem::from_source(answer.status(), "replacing", &document.source)));
            }
        }
        Ok(Ok(Turn::Done))
    }
}
