//! Front matter and `course.yaml`: YAML, read as the world reads it, into the fields that are wanted. No second reader.

use serde::de::DeserializeOwned;
use tidepool_core::api::yaml;

/// Reads one document; the error has its line, from 1.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, (usize, String)> {
    let read = yaml::read(text);
    if let Some(problem) = read.problems.first() {
        return Err((problem.line, problem.message.clone()));
    }
    let value = read.documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    serde_json::from_value(value).map_err(|error| (1, error.to_string()))
}
