//! `bind`: the addresses at which a server block listens, instead of all.
//! Models: CoreDNS plugin/bind. Omits: interfaces other than `lo`, `except`; a question is routed by its port alone, so a
//! block is heard at the addresses of other blocks with its port.

use super::{Handler, Plugin, Setup};
use std::net::{IpAddr, Ipv4Addr};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Bind {
    /// The addresses.
    pub ips: Vec<IpAddr>,
}

impl Handler for Bind {}

/// `bind ADDRESS ...`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    let mut bind = Bind { ips: Vec::new() };
    while tokens.advance() {
        let args = tokens.remaining_args();
        if args.is_empty() {
            return Err(tokens.arg_err());
        }
        for arg in &args {
            let ip = if &**arg == "lo" { Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { arg.parse() };
            bind.ips.push(ip.map_err(|_| format!("not a valid IP address or interface name: {:?}", &**arg))?);
        }
        while tokens.next_block() {
            tokens.remaining_args();
        }
    }
    Ok(bind.into())
}
