//! `kubectl patch`: a change as the user wrote it. Knows no fields. Models: kubectl `pkg/cmd/patch/patch.go`. Omits: --local

use super::apply::DryRun;
use super::args::{Args, Flag, optional, switch, value};
use super::client;
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io};
use super::words::Problem;
use super::{create, printers};
use crate::api::yaml;

/// The command.
pub const PATCH: Entry =
    Entry::new("patch", "Update fields of a resource", FLAGS, |args| Work::Patch(Patch { args }));

const FLAGS: &[Flag] = &[
    value("patch", Some('p')),
    value("patch-file", None),
    value("type", None),
    value("subresource", None),
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    value("field-manager", None),
];

/// A `kubectl patch` at work.
#[derive(Debug, Clone)]
pub struct Patch {
    args: Args,
}

impl Patch {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let content = io.check(self.content_type())?;
        let subresource = self.args.text("subresource").unwrap_or_default();
        if !matches!(subresource, "" | "status" | "scale" | "resize") {
            return io.fail(&format!(
                "invalid subresource value: {subresource:?}. Must be one of [status scale resize]"
            ));
        }
        let body = self.body(io)?;
        let (found, mut problems) = objects::find(io, &self.args, &self.args.words)?;
        for one in &found {
            if let Err(problem) = self.one(io, one, content, &body)? {
                problems.push(problem);
            }
        }
        Ok(objects::end(io, &problems))
    }

    fn content_type(&self) -> Result<&'static str, String> {
        match self.args.text("type").map(str::to_lowercase).as_deref() {
            None | Some("strategic") => Ok(client::STRATEGIC),
            Some("merge") => Ok(client::MERGE),
            Some("json") => Ok("json-patch+json"),
            Some(_) => {
                let said = self.args.text("type").unwrap_or_default();
                Err(format!("--type must be one of [json merge strategic], not {said:?}"))
            }
        }
    }

    /// The patch as JSON, whatever it was written in.
    fn body(&self, io: &mut Io<'_, '_, '_>) -> Asked<String> {
        let text = match (self.args.text("patch"), self.args.text("patch-file")) {
            (Some(_), Some(_)) => return io.fail("cannot specify --patch and --patch-file together"),
            (Some(text), None) => text.to_string(),
            (None, Some(path)) => match io.file(&io.absolute(path))? {
                Ok(content) => String::from_utf8_lossy(&content).into_owned(),
                Err(errno) => {
                    let words = errno.words().to_lowercase();
                    return io.fail(&format!("unable to read patch file: open {path}: {words}"));
                }
            },
            (None, None) => {
                return io.fail("must specify --patch or --patch-file containing the contents of the patch");
            }
        };
        let read = yaml::read(&text);
        if let Some(problem) = read.fatal() {
            let problem = problem.message.clone();
            return io.fail(&format!("unable to parse {text:?}: {problem}"));
        }
        Ok(read.documents.first().map_or("null".to_string(), |document| document.value.to_string()))
    }

    fn one(
        &self,
        io: &mut Io<'_, '_, '_>,
        found: &Found,
        content: &str,
        body: &str,
    ) -> Asked<Result<(), Problem>> {
        let dry_run = DryRun::of(&self.args);
        let mut path = found.path();
        if let Some(subresource) = self.args.text("subresource") {
            path = format!("{path}/{subresource}");
        }
        let manager = self.args.text("field-manager").unwrap_or("kubectl-patch");
        // kubectl's own dry run patches its copy; the server's gives the same answer without storing it.
        let query = [("dryRun", if dry_run == DryRun::No { "" } else { "All" }), ("fieldManager", manager)];
        let answer = io.http(client::patch(&path, &query, client::JSON, content, body.to_string()))?;
        if !answer.is_ok() {
            return Ok(Err(Problem::Refusal(answer.status())));
        }
        let (mut before, mut after) = (found.tree.clone(), answer.json.clone());
        printers::tidy(&mut before);
        printers::tidy(&mut after);
        let said = if before == after { "patched (no change)" } else { "patched" };
        create::show(io, &self.args, found.target.kind, &after, said)?;
        Ok(Ok(()))
    }
}
