//! A field's problem in Kubernetes' words. Models: apimachinery `pkg/util/validation/field/errors.go`.

use serde_json::Value;
use std::fmt;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The path, such as `spec.ports[0].port`.
    pub path: String,
    /// The type of problem.
    pub kind: FieldErrorKind,
    /// The value as it is printed: strings quoted, numbers bare, the rest as JSON.
    pub value: Option<String>,
    /// What is wrong, in upstream's words; may be empty.
    pub detail: String,
}

/// The type of a field's problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// Missing.
    Required,
    /// Not acceptable.
    Invalid,
    /// Not one of a closed set.
    NotSupported,
    /// There twice.
    Duplicate,
    /// Not allowed here.
    Forbidden,
    /// Too many bytes.
    TooLong,
    /// Too many items.
    TooMany,
    /// It names what is not there.
    NotFound,
    /// Somebody else manages it.
    Owned,
    /// A revision that is yet to come.
    VersionTooLarge,
    /// Its namespace is on its way out.
    Terminating,
}

impl FieldErrorKind {
    /// The words in a message.
    pub fn words(self) -> &'static str {
        match self {
            FieldErrorKind::Required => "Required value",
            FieldErrorKind::Invalid => "Invalid value",
            FieldErrorKind::NotSupported => "Unsupported value",
            FieldErrorKind::Duplicate => "Duplicate value",
            FieldErrorKind::Forbidden => "Forbidden",
            FieldErrorKind::TooLong => "Too long",
            FieldErrorKind::TooMany => "Too many",
            FieldErrorKind::NotFound => "Not found",
            FieldErrorKind::Owned => "conflict with",
            FieldErrorKind::VersionTooLarge | FieldErrorKind::Terminating => "",
        }
    }

    /// The reason in `status.details.causes`.
    pub fn cause(self) -> &'static str {
        match self {
            FieldErrorKind::Required => "FieldValueRequired",
            FieldErrorKind::Invalid => "FieldValueInvalid",
            FieldErrorKind::NotSupported => "FieldValueNotSupported",
            FieldErrorKind::Duplicate => "FieldValueDuplicate",
            FieldErrorKind::Forbidden => "FieldValueForbidden",
            FieldErrorKind::TooLong => "FieldValueTooLong",
            FieldErrorKind::TooMany => "FieldValueTooMany",
            FieldErrorKind::NotFound => "FieldValueNotFound",
            FieldErrorKind::Owned => "FieldManagerConflict",
            FieldErrorKind::VersionTooLarge => "ResourceVersionTooLarge",
            FieldErrorKind::Terminating => "NamespaceTerminating",
        }
    }
}

impl FieldError {
    /// The value is missing.
    pub fn required(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { path: path.into(), kind: FieldErrorKind::Required, value: None, detail: detail.into() }
    }

    /// The value is not acceptable.
    pub fn invalid(path: impl Into<String>, value: &Value, detail: impl Into<String>) -> FieldError {
        let value = Some(value.to_string());
        FieldError { path: path.into(), kind: FieldErrorKind::Invalid, value, detail: detail.into() }
    }

    /// The value is not one of `supported`.
    pub fn not_supported(path: impl Into<String>, value: &str, supported: &[&str]) -> FieldError {
        let list: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        FieldError {
            path: path.into(),
            kind: FieldErrorKind::NotSupported,
            value: Some(format!("{value:?}")),
            detail: format!("supported values: {}", list.join(", ")),
        }
    }

    /// The value is there twice.
    pub fn duplicate(path: impl Into<String>, value: &Value) -> FieldError {
        let value = Some(value.to_string());
        FieldError { path: path.into(), kind: FieldErrorKind::Duplicate, value, detail: String::new() }
    }

    /// The field may not be set here.
    pub fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { path: path.into(), kind: FieldErrorKind::Forbidden, value: None, detail: detail.into() }
    }

    /// There are too many bytes.
    pub fn too_long(path: impl Into<String>, max: usize) -> FieldError {
        let detail = format!("may not be more than {max} bytes");
        FieldError { path: path.into(), kind: FieldErrorKind::TooLong, value: None, detail }
    }

    /// There are too many items.
    pub fn too_many(path: impl Into<String>, count: usize, max: usize) -> FieldError {
        let detail = format!("must have at most {max} items");
        FieldError {
            path: path.into(),
            kind: FieldErrorKind::TooMany,
            value: Some(count.to_string()),
            detail,
        }
    }

    /// The value names what is not there.
    pub fn not_found(path: impl Into<String>, value: &Value) -> FieldError {
        let value = Some(value.to_string());
        FieldError { path: path.into(), kind: FieldErrorKind::NotFound, value, detail: String::new() }
    }

    /// Somebody else manages the field.
    pub fn owned(path: impl Into<String>, manager: &str) -> FieldError {
        let detail = manager.to_string();
        FieldError { path: path.into(), kind: FieldErrorKind::Owned, value: None, detail }
    }

    /// The value may not be below zero.
    pub fn not_negative(path: impl Into<String>, value: Option<i64>) -> Option<FieldError> {
        let value = value.filter(|n| *n < 0)?;
        Some(FieldError::invalid(path, &value.into(), "must be greater than or equal to 0"))
    }

    /// The value may not differ from what it was.
    pub fn immutable(path: &str, new: Option<&Value>, old: Option<&Value>) -> Option<FieldError> {
        (new != old).then(|| FieldError::invalid(path, new.unwrap_or(&Value::Null), "field is immutable"))
    }

    /// The message without the path, as it stands in `status.details.causes[].message`.
    pub fn body(&self) -> String {
        let mut body = self.kind.words().to_string();
        match self.kind {
            FieldErrorKind::Owned => return format!("{body} {}", self.detail),
            FieldErrorKind::VersionTooLarge | FieldErrorKind::Terminating => return self.detail.clone(),
            _ => {}
        }
        for part in [self.value.as_deref(), Some(self.detail.as_str()).filter(|d| !d.is_empty())]
            .into_iter()
            .flatten()
        {
            body.push_str(": ");
            body.push_str(part);
        }
        body
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}
