//! `kubectl wait`: until a condition, a field's value, or a deletion. Models: kubectl `pkg/cmd/wait`.

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::jsonpath::Template;
use super::resources::Target;
use super::script::{Flow, Io, Next};
use super::watch::Following;
use super::{client, config, resources, wait};
use crate::api::tree;
use crate::base::{Duration, Instant};
use serde_json::Value;

/// The command.
pub const WAIT: Entry =
    Entry::new("wait", "Wait for a specific condition on one or many resources", FLAGS, |args| {
        Work::Wait(Wait { args, stage: Stage::Begin })
    });

const FLAGS: &[Flag] = &[
    value("for", None),
    value("timeout", None),
    value("selector", Some('l')),
    value("field-selector", None),
    switch("all", None),
    switch("all-namespaces", Some('A')),
    value("output", Some('o')),
];

/// A `kubectl wait` at work.
#[derive(Debug, Clone)]
pub struct Wait {
    args: Args,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    Begin,
    /// Objects that are left, the present one last.
    Left(Vec<Target>, Instant),
    Following(Vec<Target>, Instant, Box<Following>),
}

/// What is waited for.
enum Wanted {
    Condition(String, String),
    Field(Template, Option<String>),
    Deletion,
    Creation,
}

impl Wait {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.stage {
            Stage::Begin => self.begin(io),
            Stage::Left(left, deadline) => self.next(io, left.clone(), *deadline),
            Stage::Following(left, deadline, following) => {
                self.follow(io, left.clone(), *deadline, (**following).clone())
            }
        }
    }

    fn then(&self, stage: Stage) -> Flow<Work> {
        Ok(Next::Then(Work::Wait(Wait { args: self.args.clone(), stage })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let wanted = self.wanted();
        io.check(wanted)?;
        let targets = resources::chosen(&self.args, &self.args.words);
        let mut targets = io.check(targets)?;
        let limit = wait::duration(self.args.text("timeout").unwrap_or("30s"));
        let limit = io.check(limit)?.unwrap_or(Duration::ZERO);
        let deadline = io.now() + limit;
        if let [one] = targets.as_slice()
            && one.name.is_empty()
        {
            let namespace = config::namespace(io, &self.args);
            let selector = self.args.text("selector").unwrap_or_default();
            let path = client::path(one.kind, &namespace, "");
            let list = io.must(client::get(&path, &[("labelSelector", selector)], client::JSON))?;
            let names = tree::list(&list.json, "items").iter().map(|item| tree::str(item, "metadata.name"));
            targets = names.map(|name| Target { kind: one.kind, name: name.into() }).collect();
            if targets.is_empty() && matches!(self.wanted(), Ok(Wanted::Deletion)) {
                return Ok(Next::Exit(0));
            }
            if targets.is_empty() {
                return io.fail("no matching resources found");
            }
        }
        targets.reverse();
        self.then(Stage::Left(targets, deadline))
    }

    fn next(&self, io: &mut Io<'_, '_, '_>, left: Vec<Target>, deadline: Instant) -> Flow<Work> {
        let Some(target) = left.last() else { return Ok(Next::Exit(0)) };
        let namespace = config::namespace(io, &self.args);
        let wanted = self.wanted();
        let wanted = io.check(wanted)?;
        let path = client::path(target.kind, &namespace, &target.name);
        let answer = io.http(client::get(&path, &[], client::JSON))?;
        let awaited = matches!(wanted, Wanted::Deletion | Wanted::Creation);
        let may_be_absent = answer.is_not_found() && awaited;
        if !answer.is_ok() && !may_be_absent {
            return io.refused(&answer);
        }
        if answer.is_not_found() && matches!(wanted, Wanted::Deletion) {
            // What was never there is passed over without a word.
            return self.then(Stage::Left(
                left.split_last().map_or(Vec::new(), |(_, rest)| rest.to_vec()),
                deadline,
            ));
        }
        let object = answer.is_ok().then(|| answer.json.clone());
        if wanted.is_met(object.as_ref()) {
            return self.met(io, left, deadline);
        }
        let following = Following::begin(io, target, &namespace, Some(deadline))?;
        self.then(Stage::Following(left, deadline, Box::new(following)))
    }

    fn follow(
        &self,
        io: &mut Io<'_, '_, '_>,
        left: Vec<Target>,
        deadline: Instant,
        following: Following,
    ) -> Flow<Work> {
        let wanted = self.wanted();
        let wanted = io.check(wanted)?;
        let Some((following, events)) = following.next(io)? else {
            let target = left.last().map(|t| format!("{}/{}", t.kind.plural, t.name)).unwrap_or_default();
            return io.fail(&format!("timed out waiting for the condition on {target}"));
        };
        for event in &events {
            let object = event.get("object").filter(|_| tree::str(event, "type") != "DELETED");
            if tree::str(event, "type") != "BOOKMARK" && wanted.is_met(object) {
                return self.met(io, left, deadline);
            }
        }
        self.then(Stage::Following(left, deadline, Box::new(following)))
    }

    fn met(&self, io: &mut Io<'_, '_, '_>, mut left: Vec<Target>, deadline: Instant) -> Flow<Work> {
        if let Some(target) = left.pop() {
            io.line(&format!("{} condition met", resources::full_name(target.kind, &target.name)));
        }
        self.then(Stage::Left(left, deadline))
    }

    fn wanted(&self) -> Result<Wanted, String> {
        let text = self.args.text("for").ok_or("required flag(s) \"for\" not set")?;
        if text.eq_ignore_ascii_case("delete") {
            return Ok(Wanted::Deletion);
        }
        if text.eq_ignore_ascii_case("create") {
            return Ok(Wanted::Creation);
        }
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, value) = condition.split_once('=').unwrap_or((condition, "true"));
            return Ok(Wanted::Condition(name.into(), value.into()));
        }
        if let Some(rest) = text.strip_prefix("jsonpath=") {
            let rest = rest.trim_matches('\'');
            let (path, value) = match rest.find("}=") {
                Some(at) => (&rest[..=at], Some(rest[at + 2..].trim_matches('\'').to_string())),
                None => (rest, None),
            };
            return Ok(Wanted::Field(Template::parse(path)?, value));
        }
        Err(format!("unrecognized condition: {text:?}"))
    }
}

impl Wanted {
    fn is_met(&self, object: Option<&Value>) -> bool {
        match (self, object) {
            (Wanted::Deletion, object) => object.is_none(),
            (Wanted::Creation, object) => object.is_some(),
            (_, None) => false,
            (Wanted::Condition(name, value), Some(object)) => {
                let found = tree::list(object, "status.conditions")
                    .iter()
                    .find(|c| tree::str(c, "type").eq_ignore_ascii_case(name));
                found.is_some_and(|c| tree::str(c, "status").eq_ignore_ascii_case(value))
            }
            (Wanted::Field(path, value), Some(object)) => {
                let found = path.render(object, false).unwrap_or_default();
                value.as_ref().map_or(!found.is_empty(), |value| *value == found)
            }
        }
    }
}
