//! `kubectl logs`: what a container has printed. Models: kubectl `pkg/cmd/logs/logs.go`. Omits: -f, -p, --since, --timestamps

use super::args::{Args, Flag, number, switch, value};
use super::commands::{Entry, Work};
use super::run::pod_of;
use super::script::{Flow, Io, Next};
use super::{client, config};
use crate::api::{pod, tree};
use serde_json::Value;

/// The command.
pub const LOGS: Entry =
    Entry::new("logs", "Print the logs for a container in a pod", FLAGS, |args| Work::Logs(Logs { args }));

const FLAGS: &[Flag] = &[
    value("container", Some('c')),
    value("selector", Some('l')),
    number("tail"),
    switch("all-containers", None),
    switch("prefix", None),
];

/// A `kubectl logs` at work.
#[derive(Debug, Clone)]
pub struct Logs {
    args: Args,
}

impl Logs {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let pods: Vec<Value> = match (self.args.words.first(), self.args.text("selector")) {
            (Some(name), None) => vec![pod_of(io, &self.args, name, missing)?],
            (None, Some(selector)) => {
                let namespace = config::namespace(io, &self.args);
                let path = client::path(&pod::POD, &namespace, "");
                let list = io.must(client::get(&path, &[("labelSelector", selector)], client::JSON_ANY))?;
                let items = tree::list(&list.json, "items").to_vec();
                if items.is_empty() {
                    io.complain(&format!("No resources found in {namespace} namespace."));
                }
                items
            }
            (Some(_), Some(_)) => return io.fail("only a selector (-l) or a POD name is allowed"),
            (None, None) => {
                return io.fail("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples");
            }
        };
        let by_selector = self.args.text("selector").is_some();
        let tail =
            self.args.number("tail").or(by_selector.then_some(10)).filter(|n| *n >= 0).map(|n| n.to_string());
        for pod in &pods {
            self.one(io, pod, tail.as_deref().unwrap_or_default())?;
        }
        Ok(Next::Exit(0))
    }

    fn one(&self, io: &mut Io<'_, '_, '_>, object: &Value, tail: &str) -> super::script::Asked<()> {
        let containers: Vec<&str> =
            tree::list(object, "spec.containers").iter().map(|c| tree::str(c, "name")).collect();
        let chosen = self.args.text("container");
        let wanted: Vec<&str> = match chosen {
            Some(name) => vec![name],
            None if self.args.on("all-containers") => containers.clone(),
            None => containers.first().copied().into_iter().collect(),
        };
        let name = tree::str(object, "metadata.name");
        if chosen.is_none() && containers.len() > 1 && wanted.len() == 1 {
            let first = wanted.first().copied().unwrap_or_default();
            io.complain(&format!("Defaulted container {first:?} out of: {}", containers.join(", ")));
        }
        for container in wanted {
            let path =
                format!("{}/log", client::path(&pod::POD, tree::str(object, "metadata.namespace"), name));
            let query = [("container", container), ("tailLines", tail)];
            let answer = io.must(client::get(&path, &query, client::JSON_ANY))?;
            let text = String::from_utf8_lossy(&answer.raw).into_owned();
            if self.args.on("prefix") {
                let lines = text.lines().map(|line| format!("[pod/{name}/{container}] {line}\n"));
                io.print(lines.collect::<String>());
            } else {
                io.print(text);
            }
        }
        Ok(())
    }
}

/// How logs words that something is not there.
fn missing(message: &str, namespace: &str) -> Option<String> {
    Some(format!("error from server (NotFound): {message} in namespace {namespace:?}"))
}
