//! What is wrong with a pod, or with a pod template.

use crate::api::{FieldError, Object};

/// The problems of a pod.
pub fn problems(_pod: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}
