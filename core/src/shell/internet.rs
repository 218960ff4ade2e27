//! The machines of the network outside, as programs. What they do is `dns`'s part.

use super::{Command, Programs};
use crate::base::Text;
use crate::dns::internet::authority::Authority;
use crate::dns::internet::resolver::Resolver;
use crate::dns::internet::{MACHINES, Machine};
use crate::process::{Cx, Reply, Turn};

/// A machine's program.
#[derive(Debug, Clone)]
pub struct Internet(Part);

#[derive(Debug, Clone)]
enum Part {
    Resolver(Box<Resolver>),
    Authority(Box<Authority>),
}

impl Internet {
    /// The resolver that nodes and the operator's machine ask.
    pub fn resolver() -> Internet {
        Internet(Part::Resolver(Box::default()))
    }

    /// The servers of zones, each with its machine.
    pub fn authorities() -> impl Iterator<Item = (&'static Machine, Internet)> {
        MACHINES.iter().map(|machine| (machine, Internet(Part::Authority(Box::new(Authority::new(machine))))))
    }
}

impl Command for Internet {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match &mut self.0 {
            Part::Resolver(resolver) => resolver.resume(cx, reply).into(),
            Part::Authority(authority) => authority.resume(cx, reply).into(),
        }
    }

    fn command(&self) -> Text {
        match self.0 {
            Part::Resolver(_) => "resolver".into(),
            Part::Authority(_) => "named".into(),
        }
    }
}
