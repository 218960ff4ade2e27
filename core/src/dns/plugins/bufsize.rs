//! `bufsize`: lowers what a client says that it can take in a datagram, so that answers are not fragmented.
//! Models: CoreDNS plugin/bufsize.

use super::{Env, Handler, Plugin, Setup, Step, integer};
use crate::dns::message::Message;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Bufsize {
    size: u16,
}

/// `bufsize [SIZE]`, 1232 by default.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    let args = setup.tokens.remaining_args();
    let size = match args.as_slice() {
        [] => 1232,
        [size] => integer(size)?,
        _ => return Err(setup.tokens.arg_err()),
    };
    match u16::try_from(size) {
        Ok(size @ 512..=4096) => Ok(Bufsize { size }.into()),
        _ => Err("bufsize must be within 512 - 4096".to_string()),
    }
}

impl Handler for Bufsize {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        match &query.edns {
            Some(edns) if edns.udp > self.size => {
                let mut lower = query.clone();
                lower.edns.iter_mut().for_each(|edns| edns.udp = self.size);
                Step::Flags(Box::new(lower))
            }
            _ => Step::Next,
        }
    }
}
