//! Error texts: how kubectl words what the API server refuses. Knows no requests.
//! Models: kubectl `pkg/cmd/util/helpers.go`.

use crate::api::tree;
use crate::process::Errno;
use serde_json::Value;

/// The server did not answer.
pub fn unreachable(errno: Errno) -> String {
    match errno {
        Errno::Econnrefused => {
            "The connection to the server 192.0.2.10:6443 was refused - did you specify the right host or port?".into()
        }
        other => format!("Unable to connect to the server: dial tcp 192.0.2.10:6443: {}", other.words().to_lowercase()),
    }
}

/// A `v1.Status` as kubectl shows it.
pub fn refusal(status: &Value) -> String {
    let (reason, message) = (tree::str(status, "reason"), tree::str(status, "message"));
    match reason {
        "Invalid" => invalid(status, message),
        "" => format!("Error from server: {message}"),
        "Unauthorized" => format!("error: You must be logged in to the server ({message})"),
        _ => format!("Error from server ({reason}): {message}"),
    }
}

/// One of the problems of a command that goes on after a problem.
#[derive(Debug, Clone)]
pub enum Problem {
    /// The server refused: a `v1.Status`.
    Refusal(Value),
    /// kubectl's own words, without `error: `.
    Text(String),
}

impl Problem {
    /// A refusal, with what was being done and from which source.
    pub fn from_source(mut status: Value, doing: &str, source: &str) -> Problem {
        let message = format!("error when {doing} {source:?}: {}", tree::str(&status, "message"));
        tree::set(&mut status, "message", message);
        Problem::Refusal(status)
    }

    /// How it is printed when it is the only one.
    pub fn alone(&self) -> String {
        match self {
            Problem::Refusal(status) => refusal(status),
            Problem::Text(text) if text.starts_with("error: ") => text.clone(),
            Problem::Text(text) => format!("error: {text}"),
        }
    }

    /// How it is printed among others.
    fn among_others(&self) -> String {
        match self {
            Problem::Refusal(status) => {
                let (reason, message) = (tree::str(status, "reason"), tree::str(status, "message"));
                let of = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                format!("Error from server{of}: {message}")
            }
            Problem::Text(text) => text.clone(),
        }
    }
}

/// All problems of a command, as it prints them at its end.
pub fn problems(all: &[Problem]) -> Vec<String> {
    match all {
        [one] => vec![one.alone()],
        many => many.iter().map(Problem::among_others).collect(),
    }
}

fn invalid(status: &Value, message: &str) -> String {
    let (kind, name) = (tree::str(status, "details.kind"), tree::str(status, "details.name"));
    let causes = tree::list(status, "details.causes");
    let mut start = "The request is invalid".to_string();
    if !kind.is_empty() || !name.is_empty() {
        start = format!("The {kind} {name:?} is invalid");
    } else if !message.is_empty() && causes.is_empty() {
        start = format!("{start}: {message}");
    }
    let mut lines: Vec<String> = Vec::new();
    for cause in causes {
        let (field, body) = (tree::str(cause, "field"), tree::str(cause, "message"));
        let line = if field.is_empty() { body.to_string() } else { format!("{field}: {body}") };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] => start,
        [one] => format!("{start}: {one}"),
        many => format!("{start}: \n* {}", many.join("\n* ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // Recorded from kubectl v1.35.2 against kube-apiserver v1.35.6.
    #[test]
    fn one_cause_stands_on_the_line_and_two_on_their_own() {
        let cause = |field: &str| json!({"field": field, "message": "Required value"});
        let status = |causes: Vec<Value>| json!({"reason": "Invalid", "message": "", "details": {"kind": "Service", "name": "p9", "causes": causes}});
        assert_eq!(
            refusal(&status(vec![cause("spec.externalName")])),
            "The Service \"p9\" is invalid: spec.externalName: Required value"
        );
        assert_eq!(
            refusal(&status(vec![cause("spec.ports[0].name"), cause("spec.ports[1].name")])),
            "The Service \"p9\" is invalid: \n* spec.ports[0].name: Required value\n* spec.ports[1].name: Required value"
        );
    }

    #[test]
    fn a_json_patch_that_fails_has_no_details() {
        let status = json!({"reason": "Invalid", "message": "the server rejected our request due to an error in our request",
            "details": {}});
        assert_eq!(
            refusal(&status),
            "The request is invalid: the server rejected our request due to an error in our request"
        );
    }
}
