//! `ready`: says over HTTP whether the plugins are ready to answer.
//! Models: CoreDNS plugin/ready.

use super::{Handler, Plugin, Setup, web_address};
use std::net::SocketAddr;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where it says so.
    pub at: SocketAddr,
}

impl Handler for Ready {}

/// `ready [ADDRESS] { monitor until-ready|continuously }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut ready = Ready { at: SocketAddr::from(([0, 0, 0, 0], 8181)) };
    while tokens.advance() {
        let args = tokens.remaining_args();
        match args.as_slice() {
            [] => {}
            [address] => {
                ready.at = web_address(address)?;
            }
            _ => return Err(tokens.arg_err()),
        }
        while tokens.next_block() {
            if tokens.val() != "monitor" {
                return Err(tokens.arg_err());
            }
            tokens.remaining_args();
        }
    }
    Ok(ready.into())
}
