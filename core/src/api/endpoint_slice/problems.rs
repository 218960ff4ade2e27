//! What is wrong with an EndpointSlice.

use crate::api::{FieldError, Object};

/// The problems of a slice.
pub fn problems(_slice: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}
