//! The API server's refusals: `metav1.Status` with code, reason, message and causes in upstream's words.
//! Models: apimachinery `pkg/api/errors/errors.go`.

use super::field_error::FieldErrorKind;
use super::{FieldError, Kind};
use crate::base::Text;
use serde_json::{Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, such as `NotFound`.
    pub reason: &'static str,
    /// `message`, in upstream's words.
    pub message: String,
    /// `details.name`; may be empty.
    pub name: Text,
    /// `details.group` and `details.kind` (the plural, but the kind for Invalid); may be empty.
    pub resource: (&'static str, &'static str),
    /// The fields' problems, for Invalid.
    pub causes: Vec<FieldError>,
}

impl Status {
    /// A refusal without details.
    pub fn plain(code: u16, reason: &'static str, message: impl Into<String>) -> Status {
        let message = message.into();
        Status {
            code,
            reason,
            message,
            name: Text::default(),
            resource: Default::default(),
            causes: Vec::new(),
        }
    }

    /// 404: there is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Status {
        let resource = kind.group_resource();
        Status::about(404, "NotFound", format!("{resource} {name:?} not found"), kind, name)
    }

    /// 409: there is one already.
    pub fn already_exists(kind: &Kind, name: &str) -> Status {
        let resource = kind.group_resource();
        Status::about(409, "AlreadyExists", format!("{resource} {name:?} already exists"), kind, name)
    }

    /// 409: it was changed since it was read.
    pub fn conflict(kind: &Kind, name: &str) -> Status {
        let resource = kind.group_resource();
        let message = format!(
            "Operation cannot be fulfilled on {resource} {name:?}: the object has been modified; \
             please apply your changes to the latest version and try again"
        );
        Status::about(409, "Conflict", message, kind, name)
    }

    /// 403: it is not allowed.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Status {
        let resource = kind.group_resource();
        Status::about(403, "Forbidden", format!("{resource} {name:?} is forbidden: {why}"), kind, name)
    }

    /// 409: another object is meant, or another state of it.
    pub fn precondition(kind: &Kind, name: &str, why: &str) -> Status {
        let resource = kind.group_resource();
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Status::about(409, "Conflict", message, kind, name)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::plain(400, "BadRequest", message)
    }

    /// 500: the server is at its end.
    pub fn internal(message: &str) -> Status {
        Status::plain(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// 422: its fields have problems.
    pub fn invalid(kind: &Kind, name: &str, causes: Vec<FieldError>) -> Status {
        let list: Vec<String> = causes.iter().map(ToString::to_string).collect();
        let body = if let [one] = list.as_slice() { one.clone() } else { format!("[{}]", list.join(", ")) };
        let message = format!("{} {name:?} is invalid: {body}", kind.qualified_kind());
        let resource = (kind.group, kind.kind);
        Status { code: 422, reason: "Invalid", message, name: name.into(), resource, causes }
    }

    /// 504: a revision that is yet to come.
    pub fn too_large_version(said: u64, current: u64) -> Status {
        let words = format!("Too large resource version: {said}, current: {current}");
        let why = "Too large resource version".into();
        let kind = FieldErrorKind::VersionTooLarge;
        let cause = FieldError { path: String::new(), kind, value: None, detail: why };
        Status { causes: vec![cause], ..Status::plain(504, "Timeout", words) }
    }

    /// 422: the options of a request have problems.
    pub fn invalid_options(kind: &'static str, causes: Vec<FieldError>) -> Status {
        let list: Vec<String> = causes.iter().map(ToString::to_string).collect();
        let body = if let [one] = list.as_slice() { one.clone() } else { format!("[{}]", list.join(", ")) };
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {body}");
        Status { resource: ("meta.k8s.io", kind), causes, ..Status::plain(422, "Invalid", message) }
    }

    fn about(code: u16, reason: &'static str, message: String, kind: &Kind, name: &str) -> Status {
        let resource = (kind.group, kind.plural);
        Status { code, reason, message, name: name.into(), resource, causes: Vec::new() }
    }

    /// The refusal as `v1.Status` JSON.
    pub fn to_json(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        let mut details = serde_json::Map::new();
        let (group, kind) = self.resource;
        for (key, value) in [("name", &*self.name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                details.insert(key.into(), value.into());
            }
        }
        if !self.causes.is_empty() {
            let cause = |c: &FieldError| {
                let mut cause = json!({ "reason": c.kind.cause(), "message": c.body() });
                if !c.path.is_empty() {
                    cause["field"] = c.path.as_str().into();
                }
                cause
            };
            details.insert("causes".into(), self.causes.iter().map(cause).collect());
        }
        if self.code == 504 {
            details.insert("retryAfterSeconds".into(), 1.into());
        }
        // Who may not do something, or cannot be given it, is told of no object.
        if !details.is_empty() || matches!(self.code, 405 | 406 | 415) {
            status["details"] = Value::Object(details);
        }
        status
    }
}
