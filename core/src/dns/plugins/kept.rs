//! Plugins that a Corefile may name and that have no part in answering here: what they say is read past, and whoever
//! looks at the chain is told.
//! Omits: what they do: `view` (every view answers), `dns64`, `k8s_external`, `nsid`, and those of operation, such as `pprof`.

use super::{Handler, Plugin, Setup};

/// A plugin that is kept.
#[derive(Debug, Clone)]
pub struct Kept;

impl Handler for Kept {}

/// Whatever it says is taken.
pub fn setup(_: &mut Setup<'_>) -> Result<Plugin, String> {
    Ok(Kept.into())
}
