//! What is wrong with a Deployment, a ReplicaSet or a StatefulSet.

use crate::api::{FieldError, Object};

/// The problems of a Deployment.
pub fn deployment(_deployment: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}

/// The problems of a ReplicaSet or a StatefulSet.
pub fn workload(_workload: &Object, _old: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}
