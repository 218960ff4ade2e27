//! `minimal`: leaves out what was not asked for.
//! Models: CoreDNS plugin/minimal.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup};
use crate::dns::message::{Message, Rcode};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Minimal;

/// `minimal`.
pub fn setup(_: &mut Setup<'_>) -> Result<Plugin, String> {
    Ok(Minimal.into())
}

impl Handler for Minimal {
    fn reply(&mut self, _: Memo, _: &Message, mut outcome: Outcome, _: &mut Env<'_, '_>) -> Back {
        if let Outcome::Written(message) = &mut outcome
            && message.rcode == Rcode::NOERROR
            && !message.answers.is_empty()
        {
            message.authorities.clear();
            message.additionals.clear();
        }
        Back::On(outcome)
    }
}
