//! From a host name to addresses: `--resolve`, a literal address, or the stub resolver.

use super::options::{Family, Options};
use super::url::Target;
use crate::dns::stub::{Families, Resolver, ResolverStep};
use crate::process::{Cx, Reply, Syscall};
use std::net::IpAddr;

/// A lookup on its way.
#[derive(Debug, Clone)]
pub struct Lookup(Box<Resolver>);

/// What a lookup comes to.
#[derive(Debug)]
pub enum Step {
    /// A call to be made.
    Call(Syscall),
    /// The addresses; none when the name has none.
    Done(Vec<IpAddr>),
}

/// What is known without asking anyone.
pub fn known(options: &Options, target: &Target) -> Option<(Vec<IpAddr>, Source)> {
    let given = options.resolve.iter().find(|(host, port, _)| *host == target.host && *port == target.port);
    if let Some((_, _, ips)) = given {
        return Some((ips.clone(), Source::Given));
    }
    target.host.parse().ok().map(|ip| (vec![ip], Source::Literal))
}

/// Where addresses came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `--resolve`.
    Given,
    /// The URL itself.
    Literal,
    /// The resolver.
    Resolver,
}

impl Lookup {
    /// Begins a lookup.
    pub fn start(cx: &mut Cx<'_, '_>, host: &str, family: Option<Family>) -> (Lookup, Step) {
        let families = match family {
            None => Families::Both,
            Some(Family::V4) => Families::V4,
            Some(Family::V6) => Families::V6,
        };
        let (resolver, step) = Resolver::start(cx, host, families);
        (Lookup(Box::new(resolver)), step.into())
    }

    /// Goes on with a reply.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Step {
        self.0.resume(cx, reply).into()
    }
}

impl From<ResolverStep> for Step {
    fn from(step: ResolverStep) -> Step {
        match step {
            ResolverStep::Call(call) => Step::Call(call),
            ResolverStep::Done(result) => Step::Done(result.map(|found| found.addresses).unwrap_or_default()),
        }
    }
}
