//! `kubectl logs`: what a container has printed. Models: kubectl `pkg/cmd/logs/logs.go`. Omits: --since, --timestamps

use super::args::{Args, Flag, number, switch, value};
use super::commands::{Entry, Work};
use super::run::pod_of;
use super::script::{Flow, Io, Next};
use super::{client, config};
use crate::api::{pod, tree};
use crate::base::{Duration, Fd};
use serde_json::Value;

/// The command.
pub const LOGS: Entry = Entry::new("logs", "Print the logs for a container in a pod", FLAGS, |args| {
    Work::Logs(Logs { args, followed: Vec::new() })
});

const FLAGS: &[Flag] = &[
    value("container", Some('c')),
    value("selector", Some('l')),
    number("tail"),
    switch("all-containers", None),
    switch("prefix", None),
    switch("previous", Some('p')),
    switch("follow", Some('f')),
];

/// A `kubectl logs` at work.
#[derive(Debug, Clone)]
pub struct Logs {
    args: Args,
    /// The streams that are read.
    followed: Vec<Stream>,
}

/// A log that goes on.
#[derive(Debug, Clone)]
struct Stream {
    fd: Fd,
    /// What stands before each line.
    prefix: String,
}

/// How long one of several streams is waited for.
const TURN: Duration = Duration::millis(100);

impl Logs {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if !self.followed.is_empty() {
            return self.read(io);
        }
        let pods: Vec<Value> = match (self.args.words.first(), self.args.text("selector")) {
            (Some(name), None) => {
                let (pod, of) = pod_of(io, &self.args, name, missing)?;
                if of > 1 {
                    io.complain(&format!("Found {of} pods, using pod/{}", tree::str(&pod, "metadata.name")));
                }
                vec![pod]
            }
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
        let mut followed = Vec::new();
        for pod in &pods {
            self.one(io, pod, tail.as_deref().unwrap_or_default(), &mut followed)?;
        }
        self.then(followed)
    }

    fn then(&self, followed: Vec<Stream>) -> Flow<Work> {
        if followed.is_empty() {
            return Ok(Next::Exit(0));
        }
        Ok(Next::Then(Work::Logs(Logs { args: self.args.clone(), followed })))
    }

    /// Reads what came on the streams, each in its turn.
    fn read(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let wait = (self.followed.len() > 1).then_some(TURN);
        let mut followed = Vec::new();
        for stream in &self.followed {
            let data = io.read(stream.fd, wait)?;
            if let Some(data) = &data {
                show(io, &String::from_utf8_lossy(data), &stream.prefix);
            }
            if data.is_none_or(|data| !data.is_empty()) {
                followed.push(stream.clone());
            }
        }
        self.then(followed)
    }

    fn one(
        &self,
        io: &mut Io<'_, '_, '_>,
        object: &Value,
        tail: &str,
        followed: &mut Vec<Stream>,
    ) -> super::script::Asked<()> {
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
            let follow = if self.args.on("follow") { "true" } else { "" };
            let previous = if self.args.on("previous") { "true" } else { "" };
            let query =
                [("container", container), ("follow", follow), ("previous", previous), ("tailLines", tail)];
            let answer = io.must(client::get(&path, &query, client::JSON_ANY))?;
            let prefix =
                if self.args.on("prefix") { format!("[pod/{name}/{container}] ") } else { String::new() };
            show(io, &String::from_utf8_lossy(&answer.raw), &prefix);
            followed.extend(answer.stream.map(|fd| Stream { fd, prefix }));
        }
        Ok(())
    }
}

fn show(io: &mut Io<'_, '_, '_>, text: &str, prefix: &str) {
    if prefix.is_empty() {
        io.print(text);
    } else {
        io.print(text.lines().map(|line| format!("{prefix}{line}\n")).collect::<String>());
    }
}

/// How logs words that something is not there.
fn missing(message: &str, namespace: &str) -> Option<String> {
    Some(format!("error from server (NotFound): {message} in namespace {namespace:?}"))
}
