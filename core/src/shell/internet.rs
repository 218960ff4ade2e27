//! The resolver of the network outside, as a program. What it does is `dns`'s part.

use super::{Command, Programs};
use crate::base::Text;
use crate::process::{Cx, Reply, Turn};

/// The program.
#[derive(Debug, Clone, Default)]
pub struct Internet(crate::dns::internet::Internet);

impl Command for Internet {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        self.0.resume(cx, reply).into()
    }

    fn command(&self) -> Text {
        "resolver".into()
    }
}
