//! `kubectl edit`: an object in an editor, and what was changed there as a patch. What the server refuses is edited again.
//!
//! Models: kubectl `pkg/cmd/util/editor/{editoptions,editor}.go`.
//! Omits: several objects at once, `-f`, `-o json`, `--output-patch`; unknown fields are the server's to refuse.

use super::args::{Args, Flag, optional, switch, value};
use super::commands::{Entry, Work};
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io, Next};
use super::{client, create, files, merge, printers};
use crate::api::{Kind, tree, yaml};
use crate::base::Text;
use serde_json::Value;

/// The command.
pub const EDIT: Entry =
    Entry::new("edit", "Edit a resource on the server", FLAGS, |args| Work::Edit(Edit { args, pass: None }));

const FLAGS: &[Flag] = &[
    value("output", Some('o')),
    optional("validate", "strict"),
    value("field-manager", None),
    switch("show-managed-fields", None),
    value("subresource", None),
];

const HEADER: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

/// A `kubectl edit` at work.
#[derive(Debug, Clone)]
pub struct Edit {
    args: Args,
    pass: Option<Box<Pass>>,
}

/// One time in the editor.
#[derive(Debug, Clone)]
struct Pass {
    found: Found,
    /// The object as it was first shown.
    original: String,
    /// What the last time left; as `original` at first.
    edited: String,
    /// What was wrong with it: lines of the header.
    reasons: Vec<String>,
    /// The file of the last time.
    file: Option<String>,
}

/// What came of an edited object.
enum Outcome {
    Done,
    /// It has to be edited again, for this reason.
    Again(Vec<String>),
    /// It cannot be saved; the file stays.
    Kept,
}

impl Edit {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.pass {
            None => self.begin(io),
            Some(pass) => self.pass(io, pass),
        }
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if self.args.words.is_empty() {
            return io.fail("must specify one of -f and -k\nSee 'kubectl edit -h' for help and examples");
        }
        let (mut found, problems) = objects::find_all(io, &self.args, &self.args.words)?;
        if !problems.is_empty() {
            return Ok(objects::end(io, &problems));
        }
        let Some(one) = found.pop() else {
            return io.fail("edit cancelled, no objects found");
        };
        if !found.is_empty() {
            return io.fail("only one object at a time can be edited here");
        }
        let mut shown = one.tree.clone();
        if !self.args.on("show-managed-fields") {
            printers::tidy(&mut shown);
        }
        let original = yaml::write(&shown);
        let edited = original.clone();
        self.then(Pass { found: one, original, edited, reasons: Vec::new(), file: None })
    }

    fn then(&self, pass: Pass) -> Flow<Work> {
        Ok(Next::Then(Work::Edit(Edit { args: self.args.clone(), pass: Some(Box::new(pass)) })))
    }

    fn pass(&self, io: &mut Io<'_, '_, '_>, pass: &Pass) -> Flow<Work> {
        let number = io.below_draw(9_000_000_000) + 1_000_000_000;
        let file = format!("/tmp/kubectl-edit-{number}.yaml");
        let reasons: String = pass.reasons.iter().map(|line| format!("# {line}\n")).collect();
        let end = if pass.reasons.is_empty() { "" } else { "#\n" };
        io.write_file(&file, format!("{HEADER}{reasons}{end}{}", pass.edited))?;
        let editor =
            ["KUBE_EDITOR", "EDITOR"].into_iter().find_map(|name| io.environment().get(name).cloned());
        let editor = editor.filter(|editor| !editor.is_empty()).unwrap_or_else(|| "vi".into());
        let argv: Vec<Text> = vec!["bash".into(), "-c".into(), format!("{editor} {file:?}").into()];
        let status = match io.spawn(&argv, None)? {
            Ok(child) => io.wait(child)?,
            Err(_) => 127,
        };
        if status != 0 {
            io.unlink(&file)?;
            return io.fail(&format!("there was a problem with the editor {:?}", &*editor));
        }
        let content = io.file(&file)?.unwrap_or_default();
        let edited = without_comments(&String::from_utf8_lossy(&content));
        if !pass.reasons.is_empty() && edited == pass.edited {
            return self.preserved(io, &file, "Edit cancelled, no valid changes were saved.");
        }
        if let Some(old) = &pass.file {
            io.unlink(old)?;
        }
        let wanted = match object(&edited) {
            Ok(wanted) => wanted,
            Err(problem) => {
                let what = what(pass.found.target.kind, &pass.found.target.name);
                io.complain(&format!("error: {what} is invalid"));
                let reason =
                    format!("* <nil>: Invalid value: \"The edited file failed validation\": {problem}");
                let reasons = vec![format!("{what} was not valid:"), reason];
                return self.then(Pass { edited, reasons, file: Some(file), ..pass.clone() });
            }
        };
        if edited == pass.original {
            io.unlink(&file)?;
            io.complain("Edit cancelled, no changes made.");
            return Ok(Next::Exit(0));
        }
        let same = ["apiVersion", "kind", "metadata.name"];
        if same.into_iter().any(|field| tree::str(&wanted, field) != tree::str(&pass.found.tree, field)) {
            return self.preserved(io, &file, "At least one of apiVersion, kind and name was changed");
        }
        match self.save(io, pass, &wanted, &file)? {
            Outcome::Done => {
                io.unlink(&file)?;
                Ok(Next::Exit(0))
            }
            Outcome::Again(reasons) => self.then(Pass { edited, reasons, file: Some(file), ..pass.clone() }),
            Outcome::Kept => Ok(Next::Exit(1)),
        }
    }

    /// Nothing was saved, but what was written is not lost.
    fn preserved(&self, io: &mut Io<'_, '_, '_>, file: &str, words: &str) -> Flow<Work> {
        io.complain(&format!("A copy of your changes has been stored to {file:?}"));
        io.fail(words)
    }

    fn save(&self, io: &mut Io<'_, '_, '_>, pass: &Pass, wanted: &Value, file: &str) -> Asked<Outcome> {
        let (found, kind) = (&pass.found, pass.found.target.kind);
        let before =
            yaml::read(&pass.original).documents.pop().map(|document| document.value).unwrap_or_default();
        if before == *wanted {
            create::show(io, &self.args, kind, &found.tree, "skipped")?;
            return Ok(Outcome::Done);
        }
        let patch = merge::three_way(kind.kind, &before, wanted, &before);
        let manager = self.args.text("field-manager").unwrap_or("kubectl-edit");
        let validate = match self.args.text("validate") {
            Some("false" | "ignore") => "Ignore",
            Some("warn") => "Warn",
            _ => "Strict",
        };
        let query = [("fieldManager", manager), ("fieldValidation", validate)];
        let path = match self.args.text("subresource") {
            Some(subresource) => format!("{}/{subresource}", found.path()),
            None => found.path(),
        };
        let body = super::json::line(&patch);
        let answer = io.http(client::patch(&path, &query, client::JSON, client::STRATEGIC, body))?;
        if answer.is_ok() {
            create::show(io, &self.args, kind, &answer.json, "edited")?;
            return Ok(Outcome::Done);
        }
        Ok(refused(io, kind, &found.target.name, &answer.status(), file))
    }
}

/// What the server refuses: the object is edited again where its fields were at fault.
fn refused(io: &mut Io<'_, '_, '_>, kind: &Kind, name: &str, status: &Value, file: &str) -> Outcome {
    let what = what(kind, name);
    match tree::str(status, "reason") {
        "Invalid" => {
            io.complain(&format!("error: {what} is invalid"));
            let causes = tree::list(status, "details.causes");
            let end = if causes.is_empty() { "" } else { ":" };
            let mut reasons = vec![format!("{what} was not valid{end}")];
            reasons.extend(
                causes
                    .iter()
                    .map(|cause| format!("* {}: {}", tree::str(cause, "field"), tree::str(cause, "message"))),
            );
            Outcome::Again(reasons)
        }
        "NotFound" => {
            io.complain(&format!("error: {what} could not be found on the server"));
            io.complain(&format!("The edits you made on deleted resources have been saved to {file:?}"));
            Outcome::Kept
        }
        _ => {
            io.complain(&format!("error: {what} could not be patched: {}", tree::str(status, "message")));
            io.complain(&format!("You can run `kubectl replace -f {file}` to try this update again."));
            Outcome::Kept
        }
    }
}

/// An object in messages: `deployments.apps "web"`.
fn what(kind: &Kind, name: &str) -> String {
    let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
    format!("{}{group} {name:?}", kind.plural)
}

/// The object that a text holds, or what is wrong with it.
fn object(text: &str) -> Result<Value, String> {
    let read = yaml::read(text);
    if let Some(problem) = read.fatal() {
        let words = problem.message.strip_prefix("error converting YAML to JSON: ");
        return Err(words.unwrap_or(&problem.message).to_string());
    }
    let tree = read.documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    let lacks = files::lacks(&tree);
    if lacks.is_empty() { Ok(tree) } else { Err(lacks) }
}

fn without_comments(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with('#')).collect()
}
