//! `prometheus`: accepted.
//! Omits: the metrics.

use super::{Handler, Plugin, Setup};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Prometheus;

impl Handler for Prometheus {}

/// `prometheus [ADDRESS]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    while tokens.advance() {
        if tokens.remaining_args().len() > 1 {
            return Err(tokens.arg_err());
        }
    }
    Ok(Prometheus.into())
}
