//! `loop`: asks for a name that nobody else asks for when the server starts; who hears it more than twice forwards to itself.
//! Models: CoreDNS plugin/loop. Omits: asking again while nothing answers.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Message, RecordType};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Loop {
    /// The zone in which it asks.
    pub zone: Text,
    /// The name, once it has asked.
    pub name: Text,
    port: u16,
    heard: u32,
}

/// `loop`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    if setup.tokens.next_arg() {
        return Err(setup.tokens.arg_err());
    }
    let zone = setup.zones.first().cloned().unwrap_or_else(|| ".".into());
    Ok(Loop { zone, name: "".into(), port: setup.port, heard: 0 }.into())
}

impl Handler for Loop {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question().filter(|q| q.rtype == RecordType::HINFO) else {
            return Step::Next;
        };
        if self.name.is_empty() || !question.name.eq_ignore_ascii_case(&self.name) {
            return Step::Next;
        }
        self.heard += 1;
        if self.heard > 2 {
            let (from, to, zone, name) = (env.client.address, self.port, &self.zone, &self.name);
            env.lines.push(
                format!(
                    "[FATAL] plugin/loop: Loop ({from} -> :{to}) detected for zone \"{zone}\", see \
                     https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO {name}\""
                )
                .into(),
            );
            env.fatal = true;
            return Step::Drop;
        }
        Step::Next
    }
}
