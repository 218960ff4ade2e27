//! What is wrong with a Service.

use crate::api::{FieldError, Object};

/// The problems of a Service.
pub fn problems(_service: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}
