//! `reload`: how often the Corefile is looked at again; the program does the looking.
//! Models: CoreDNS plugin/reload.

use super::{Handler, Plugin, Setup, duration};
use crate::base::Duration;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Reload {
    /// The time between two looks.
    pub interval: Duration,
    /// How much shorter or longer it may be.
    pub jitter: Duration,
}

impl Handler for Reload {}

/// `reload [INTERVAL [JITTER]]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    const SECOND: i64 = 1_000_000_000;
    tokens.advance();
    let args = tokens.remaining_args();
    if args.len() > 2 {
        return Err(tokens.arg_err());
    }
    let interval = args.first().map_or(Ok(30 * SECOND), |text| duration(text))?;
    if interval < 2 * SECOND {
        return Err("interval value must be greater or equal to 2s".to_string());
    }
    let jitter = args.get(1).map_or(Ok(interval / 2), |text| duration(text))?;
    if jitter < SECOND {
        return Err("jitter value must be greater or equal to 1s".to_string());
    }
    let nanos = |n: i64| Duration::nanos(u64::try_from(n).unwrap_or(0));
    Ok(Reload { interval: nanos(interval), jitter: nanos(jitter.min(interval / 2)) }.into())
}
