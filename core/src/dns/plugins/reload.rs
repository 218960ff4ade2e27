//! `reload`: accepted and checked.
//! Models: CoreDNS plugin/reload/setup.go.
//! Omits: reloading; a changed Corefile takes effect when the pod starts again.

use super::{Plugin, Setup, duration};

/// `reload [INTERVAL [JITTER]]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    const SECOND: i64 = 1_000_000_000;
    tokens.next();
    let args = tokens.remaining_args();
    if args.len() > 2 {
        return Err(tokens.arg_err());
    }
    let Some(interval) = args.first() else { return Ok(Plugin::Silent) };
    let interval = duration(interval)?;
    if interval < 2 * SECOND {
        return Err("interval value must be greater or equal to 2s".to_string());
    }
    let jitter = args.get(1).map_or(Ok(interval / 2), |text| duration(text))?;
    if jitter < SECOND {
        return Err("jitter value must be greater or equal to 1s".to_string());
    }
    Ok(Plugin::Silent)
}
