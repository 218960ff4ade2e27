//! Manifests: `-f` files, directories and standard input as documents. Knows no kind's fields.
//! Models: cli-runtime `pkg/resource/builder.go`, `visitor.go`.
//! Omits: URLs, kustomizations.

use super::args::Args;
use super::config;
use super::resources::Target;
use super::script::{Asked, Io};
use super::words::Problem;
use crate::api::{Kind, tree, yaml};
use crate::process::Errno;
use bytes::Bytes;
use serde_json::Value;

/// One object of a manifest.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it came from: a path, or `STDIN`.
    pub source: String,
    /// The object.
    pub tree: Value,
}

/// The documents of all `-f`; what cannot be read fails the command.
pub fn documents(io: &mut Io<'_, '_, '_>, args: &Args) -> Asked<Vec<Document>> {
    let (documents, problems) = readable(io, args)?;
    match problems.first() {
        Some(problem) => io.fail(&problem.alone()),
        None => Ok(documents),
    }
}

/// The documents of all `-f` that can be read, and the problems of the others.
pub fn readable(io: &mut Io<'_, '_, '_>, args: &Args) -> Asked<(Vec<Document>, Vec<Problem>)> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for name in args.listed("filename") {
        for (source, content) in contents(io, &name, args.on("recursive"))? {
            let parsed = parse(&String::from_utf8_lossy(&content));
            for tree in parsed.documents {
                flatten(tree, &source, &mut documents);
            }
            if let Some(problem) = parsed.problem {
                problems.push(Problem::Text(format!("error parsing {source}: {problem}")));
            }
        }
    }
    Ok((documents, problems))
}

fn contents(io: &mut Io<'_, '_, '_>, name: &str, recursive: bool) -> Asked<Vec<(String, Bytes)>> {
    if name == "-" {
        return Ok(vec![("STDIN".to_string(), io.stdin()?)]);
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        return io.fail(&format!("unable to read URL {name:?}, the simulated machine has no way out"));
    }
    let path = io.absolute(name);
    match io.file(&path)? {
        Ok(content) => return Ok(vec![(name.to_string(), content)]),
        Err(Errno::Enoent) => {}
        Err(errno) => return io.fail(&format!("open {name}: {}", errno.words().to_lowercase())),
    }
    let below: Vec<String> = io
        .below(&path)
        .into_iter()
        .filter(|file| recursive || !file[path.len()..].trim_start_matches('/').contains('/'))
        .filter(|file| [".json", ".yaml", ".yml"].iter().any(|ending| file.ends_with(ending)))
        .collect();
    if below.is_empty() {
        return io.fail(&format!("the path {name:?} does not exist"));
    }
    let mut all = Vec::new();
    for file in below {
        if let Ok(content) = io.file(&file)? {
            let shown =
                format!("{}{}", name.trim_end_matches('/'), &file[path.trim_end_matches('/').len()..]);
            all.push((shown, content));
        }
    }
    Ok(all)
}

/// A `List` stands for its items.
fn flatten(tree: Value, source: &str, out: &mut Vec<Document>) {
    let is_list =
        tree::str(&tree, "kind").ends_with("List") && tree.get("items").is_some_and(Value::is_array);
    if !is_list {
        out.push(Document { source: source.to_string(), tree });
        return;
    }
    let items = tree::list(&tree, "items").iter();
    out.extend(items.map(|item| Document { source: source.to_string(), tree: item.clone() }));
}

/// What a text holds: documents, and what is wrong after them.
struct Parsed {
    documents: Vec<Value>,
    problem: Option<String>,
}

fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed { documents: Vec::new(), problem: None };
    if text.trim_start().starts_with('{') {
        match json(text) {
            Ok(documents) => parsed.documents = documents,
            // What begins with a brace may still be YAML's flow style.
            Err(problem) => match yaml::read(text) {
                read if read.fatal().is_none() => {
                    parsed.documents = read.documents.into_iter().map(|document| document.value).collect();
                }
                _ => parsed.problem = Some(problem),
            },
        }
        return parsed;
    }
    let read = yaml::read(text);
    let fatal = read.fatal();
    let readable =
        read.documents.iter().filter(|document| fatal.is_none_or(|fatal| document.index < fatal.document));
    parsed.documents = readable.map(|document| document.value.clone()).collect();
    parsed.problem = fatal.map(|fatal| fatal.message.clone());
    parsed
}

fn json(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document {
            Ok(tree) => documents.push(tree),
            // What begins with a brace may still be YAML's flow style.
            Err(error) => return Err(json_problem(text, &error)),
        }
    }
    Ok(documents)
}

/// A syntax error in Go's words.
fn json_problem(text: &str, error: &serde_json::Error) -> String {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = before + error.column();
    let Some(found) =
        text.get(..offset).and_then(|read| read.chars().next_back()).filter(|_| !error.is_eof())
    else {
        return "unexpected EOF".to_string();
    };
    let wanted = if error.to_string().starts_with("key must be a string") {
        "looking for beginning of object key string"
    } else {
        "looking for beginning of value"
    };
    format!("json: offset {offset}: invalid character {found:?} {wanted}")
}

/// What a tree lacks to be an object at all; empty when it lacks nothing.
pub fn lacks(tree: &Value) -> String {
    let missing = ["apiVersion", "kind"].into_iter().filter(|field| tree::str(tree, field).is_empty());
    let missing: Vec<String> = missing.map(|field| format!("{field} not set")).collect();
    match missing.as_slice() {
        _ if !tree.is_object() => "invalid object to validate".to_string(),
        [] => String::new(),
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

/// The kind and name of a document, or what is wrong with it.
pub fn target(document: &Document, validate: bool) -> Result<Target, Problem> {
    let Document { source, tree } = document;
    let (version, kind) = (tree::str(tree, "apiVersion"), tree::str(tree, "kind"));
    let words = lacks(tree);
    if !words.is_empty() && validate {
        return Err(Problem::Text(format!(
            "error validating {source:?}: error validating data: {words}; if you choose to ignore these errors, turn \
             validation off with --validate=false"
        )));
    }
    if kind.is_empty() {
        let shown = super::json::line(tree);
        return Err(Problem::Text(format!(
            "unable to decode {source:?}: Object 'Kind' is missing in '{shown}'"
        )));
    }
    let name = tree::str(tree, "metadata.name").to_string();
    let Some(kind) = Kind::find(version, kind) else {
        let namespace = tree::str(tree, "metadata.namespace");
        return Err(Problem::Text(format!(
            "resource mapping not found for name: {name:?} namespace: {namespace:?} from {source:?}: no matches for \
             kind {kind:?} in version {version:?}\nensure CRDs are installed first"
        )));
    };
    Ok(Target { kind, name })
}

/// The same for commands that stop at the first problem.
pub fn mapped(io: &mut Io<'_, '_, '_>, document: &Document) -> Asked<Target> {
    target(document, true).or_else(|problem| io.fail(&problem.alone()))
}

/// A document's target, the namespace that it goes to, and its tree with that namespace in it.
pub fn placed(
    io: &Io<'_, '_, '_>,
    args: &Args,
    document: &Document,
    validate: bool,
) -> Result<(Target, String, Value), Problem> {
    let target = target(document, validate)?;
    let namespace = namespace_of(io, args, &target, &document.tree)?;
    let mut object = document.tree.clone();
    if target.kind.namespaced {
        tree::set(&mut object, "metadata.namespace", namespace.as_str());
    }
    Ok((target, namespace, object))
}

/// The namespace that an object goes to; one that contradicts `-n` is a problem.
pub fn namespace_of(
    io: &Io<'_, '_, '_>,
    args: &Args,
    target: &Target,
    tree: &Value,
) -> Result<String, Problem> {
    if !target.kind.namespaced {
        return Ok(String::new());
    }
    let own = tree::str(tree, "metadata.namespace");
    if own.is_empty() {
        return Ok(config::namespace(io, args));
    }
    match args.text("namespace") {
        Some(asked) if asked != own => Err(Problem::Text(format!(
            "the namespace from the provided object {own:?} does not match the namespace {asked:?}. You must pass \
             '--namespace={own}' to perform this operation."
        ))),
        _ => Ok(own.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, documents: usize, problem: Option<&str>) {
        let parsed = parse(text);
        assert_eq!((parsed.documents.len(), parsed.problem.as_deref()), (documents, problem), "{text}");
    }

    // Recorded from kubectl v1.35.2.
    #[test]
    fn text_becomes_documents() {
        check("a: 1\n---\n---\n# nothing\n---\nb: 2\n", 2, None);
        check("{\"a\": 1}", 1, None);
        check("{a: 1}", 1, None);
        check(
            "{{{{Y\n",
            0,
            Some("json: offset 2: invalid character '{' looking for beginning of object key string"),
        );
    }

    #[test]
    fn a_document_without_kind_is_refused() {
        let document = Document { source: "STDIN".into(), tree: serde_json::json!({"apiVersion": "v1"}) };
        let problem = target(&document, true).map(|t| t.name).unwrap_err();
        assert_eq!(
            problem.alone(),
            "error: error validating \"STDIN\": error validating data: kind not set; if you choose to ignore these \
             errors, turn validation off with --validate=false"
        );
    }
}
