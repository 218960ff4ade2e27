//! `loop`: accepted; the world's fuel ends a forwarding loop.
//! Omits: the question with which CoreDNS finds a loop when it starts.

use super::{Handler, Plugin, Setup};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Loop;

impl Handler for Loop {}

/// `loop`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    if setup.tokens.next_arg() {
        return Err(setup.tokens.arg_err());
    }
    Ok(Loop.into())
}
