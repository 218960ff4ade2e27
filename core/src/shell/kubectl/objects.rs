//! The objects that a command works on: those of its files, its words or its selectors, as the server has them. Knows no
//! command. Models: cli-runtime `pkg/resource/builder.go`, with ContinueOnError.

use super::args::Args;
use super::resources::{self, Target};
use super::script::{Asked, Io, Next, Stop};
use super::watch;
use super::words::{self, Problem};
use super::{client, config, files};
use crate::api::tree;
use serde_json::Value;

/// An object as the server has it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its kind and name.
    pub target: Target,
    /// Its namespace; empty for kinds without.
    pub namespace: String,
    /// The object.
    pub tree: Value,
}

impl Found {
    /// Its path.
    pub fn path(&self) -> String {
        client::path(self.target.kind, &self.namespace, &self.target.name)
    }

    /// Its name in messages: `deployment.apps/web`.
    pub fn full_name(&self) -> String {
        resources::full_name(self.target.kind, &self.target.name)
    }
}

/// The objects that files and words name, and the problems of those that are not there.
pub fn find(io: &mut Io<'_, '_, '_>, args: &Args, words: &[String]) -> Asked<(Vec<Found>, Vec<Problem>)> {
    find_by(io, args, words, resources::chosen)
}

/// The same where a kind alone means all of its objects.
pub fn find_all(io: &mut Io<'_, '_, '_>, args: &Args, words: &[String]) -> Asked<(Vec<Found>, Vec<Problem>)> {
    find_by(io, args, words, |_, words| resources::targets(words))
}

/// What words mean.
type Read = fn(&Args, &[String]) -> Result<Vec<Target>, String>;

fn find_by(
    io: &mut Io<'_, '_, '_>,
    args: &Args,
    words: &[String],
    read: Read,
) -> Asked<(Vec<Found>, Vec<Problem>)> {
    let (mut wanted, mut problems) = (Vec::new(), Vec::new());
    for document in files::documents(io, args)? {
        let target = files::mapped(io, &document)?;
        match files::namespace_of(io, args, &target, &document.tree) {
            Ok(namespace) => wanted.push((target, namespace)),
            Err(problem) => problems.push(problem),
        }
    }
    if !words.is_empty() || wanted.is_empty() && problems.is_empty() {
        let everywhere = args.on("all-namespaces");
        let own = if everywhere { String::new() } else { config::namespace(io, args) };
        let chosen = io.check(read(args, words))?;
        wanted.extend(chosen.into_iter().map(|target| {
            let namespace = if target.kind.namespaced { own.clone() } else { String::new() };
            (target, namespace)
        }));
    }
    let mut found = Vec::new();
    for (target, namespace) in wanted {
        if target.name.is_empty() {
            found.extend(listed(io, args, &target, &namespace)?);
            continue;
        }
        let answer =
            io.http(client::get(&client::path(target.kind, &namespace, &target.name), &[], client::JSON))?;
        if answer.is_ok() {
            found.push(Found { target, namespace, tree: answer.json.clone() });
        } else {
            problems.push(Problem::Refusal(answer.status()));
        }
    }
    Ok((found, problems))
}

fn listed(io: &mut Io<'_, '_, '_>, args: &Args, target: &Target, namespace: &str) -> Asked<Vec<Found>> {
    let text = |name| args.text(name).unwrap_or_default();
    let query =
        [("labelSelector", text("selector")), ("fieldSelector", text("field-selector")), ("limit", "500")];
    let answer = io.http(client::get(&client::path(target.kind, namespace, ""), &query, client::JSON))?;
    if !answer.is_ok() {
        io.complain(&watch::list_refusal(&answer, target, args));
        return Err(Stop::Exit(1));
    }
    let items = tree::list(&answer.json, "items").iter();
    Ok(items
        .map(|item| {
            let mut tree = item.clone();
            tree::default(&mut tree, "apiVersion", target.kind.api_version());
            tree::default(&mut tree, "kind", target.kind.kind);
            Found {
                target: Target { kind: target.kind, name: tree::str(item, "metadata.name").to_string() },
                namespace: tree::str(item, "metadata.namespace").to_string(),
                tree,
            }
        })
        .collect())
}

/// Ends a command that goes on after a problem.
pub fn end<W>(io: &mut Io<'_, '_, '_>, problems: &[Problem]) -> Next<W> {
    for line in words::problems(problems) {
        io.complain(&line);
    }
    Next::Exit(i32::from(!problems.is_empty()))
}

/// Splits a line into the words that name objects and those that say `key=value` or `key-`.
/// Models: kubectl `GetResourcesAndPairs` of kubectl `pkg/cmd/util/helpers.go`.
pub fn and_pairs<'w>(words: &'w [String], what: &str) -> Result<(&'w [String], &'w [String]), String> {
    let is_pair =
        |word: &String| word.contains('=') && !word.starts_with('=') || word.ends_with('-') && word.len() > 1;
    let first = words.iter().position(is_pair).unwrap_or(words.len());
    let (objects, pairs) = words.split_at(first);
    match pairs.iter().find(|word| !is_pair(word)) {
        Some(word) => Err(format!("all resources must be specified before {what} changes: {word}")),
        None => Ok((objects, pairs)),
    }
}
