//! `ready`: says over HTTP whether the plugins are ready to answer.
//! Models: CoreDNS plugin/ready.

use super::{Handler, Plugin, Setup};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The port.
    pub port: u16,
}

impl Handler for Ready {}

/// `ready [ADDRESS] { monitor until-ready|continuously }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut ready = Ready { port: 8181 };
    while tokens.advance() {
        let args = tokens.remaining_args();
        match args.as_slice() {
            [] => {}
            [address] => {
                let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
                ready.port = port.ok_or_else(|| format!("address {address}: missing port in address"))?;
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
