//! What the API server warns of in a Service.

use crate::api::Object;

/// The warnings of a Service.
pub fn warnings(_service: &Object, _old: Option<&Object>) -> Vec<String> {
    Vec::new()
}
