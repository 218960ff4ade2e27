//! `kubectl scale`: another number of replicas. Models: kubectl `pkg/cmd/scale/scale.go`. Omits: --timeout, -f

use super::args::{Args, Flag, number, value};
use super::commands::{Entry, Work};
use super::script::{Flow, Io, Next};
use super::{client, config, resources};
use crate::api::tree;

/// The command.
pub const SCALE: Entry = Entry::new(
    "scale",
    "Set a new size for a deployment, replica set, or replication controller",
    FLAGS,
    |args| Work::Scale(Scale { args }),
);

const FLAGS: &[Flag] = &[
    number("replicas"),
    number("current-replicas"),
    value("selector", Some('l')),
    value("output", Some('o')),
];

/// A `kubectl scale` at work.
#[derive(Debug, Clone)]
pub struct Scale {
    args: Args,
}

impl Scale {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(replicas) = self.args.number("replicas") else {
            return io.fail("required flag(s) \"replicas\" not set");
        };
        if replicas < 0 {
            return io.fail(&format!("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0, was {replicas}"));
        }
        let targets = resources::chosen(&self.args, &self.args.words);
        let targets = io.check(targets)?;
        let namespace = config::namespace(io, &self.args);
        for target in &targets {
            let path = client::path(target.kind, &namespace, &target.name);
            let found = io.must(client::get(&path, &[], client::JSON))?;
            let current = self.args.number("current-replicas");
            if let Some(current) = current {
                let was = tree::int(&found.json, "spec.replicas").unwrap_or(0);
                if was != current {
                    return io.fail(&format!("Expected replicas to be {current}, was {was}"));
                }
            }
            let body = format!("{{\"spec\":{{\"replicas\":{replicas}}}}}");
            let url = format!("{path}/scale");
            io.must(client::patch(&url, &[], client::JSON_ANY, client::MERGE, body))?;
            io.line(&format!("{} scaled", resources::full_name(target.kind, &target.name)));
        }
        Ok(Next::Exit(0))
    }
}
