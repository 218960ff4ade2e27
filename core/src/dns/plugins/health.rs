//! `health`: says over HTTP that the process lives, and lets it linger when it is told to stop.
//! Models: CoreDNS plugin/health.

use super::{Handler, Plugin, Setup, duration, web_address};
use crate::base::Duration;
use std::net::SocketAddr;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Health {
    /// Where it says so.
    pub at: SocketAddr,
    /// How long it goes on answering after it was told to stop.
    pub lameduck: Duration,
}

impl Handler for Health {}

/// `health [ADDRESS] { lameduck DURATION }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut health = Health { at: SocketAddr::from(([0, 0, 0, 0], 8080)), lameduck: Duration::ZERO };
    while tokens.advance() {
        let args = tokens.remaining_args();
        match args.as_slice() {
            [] => {}
            [address] => {
                health.at = web_address(address)?;
            }
            _ => return Err(tokens.arg_err()),
        }
        while tokens.next_block() {
            if tokens.val() != "lameduck" {
                return Err(tokens.arg_err());
            }
            let args = tokens.remaining_args();
            let [text] = args.as_slice() else { return Err(tokens.arg_err()) };
            let wait = duration(text)
                .map_err(|error| format!("unable to parse lameduck duration value: '{text}' : {error}"))?;
            health.lameduck = Duration::nanos(u64::try_from(wait).unwrap_or(0));
        }
    }
    Ok(health.into())
}
