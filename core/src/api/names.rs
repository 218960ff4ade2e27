//! What names, labels and ports may look like, and what is said of those that do not.
//!
//! Models: apimachinery `pkg/util/validation/validation.go`.

use super::FieldError;
use serde_json::Value;

/// The rule for an object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS-1123 subdomain: most kinds.
    Subdomain,
    /// A DNS-1123 label: namespaces.
    Label,
    /// A DNS-1035 label: Services.
    Label1035,
    /// An IP address in its usual form: IPAddresses.
    Ip,
    /// A path segment: what RBAC and a few others take.
    PathSegment,
}

impl NameRule {
    /// What is wrong with a name, or with the beginning of one.
    pub fn problems(self, name: &str, is_prefix: bool) -> Vec<String> {
        // A prefix gets a suffix later, so that it may end in a hyphen.
        let name = if is_prefix { masked(name) } else { name.to_string() };
        match self {
            NameRule::Subdomain => dns1123_subdomain(&name),
            NameRule::Label => dns1123_label(&name),
            NameRule::Label1035 => dns1035_label(&name),
            NameRule::Ip => ip(&name),
            NameRule::PathSegment => path_segment(&name),
        }
    }
}

/// What is wrong with an IP address.
fn ip(value: &str) -> Vec<String> {
    match value.parse::<std::net::IpAddr>() {
        Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".into()],
        Ok(ip) if ip.to_string() != value => vec![format!("must be in canonical form (\"{ip}\")")],
        Ok(_) => Vec::new(),
    }
}

fn masked(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => name.to_string(),
    }
}

/// What is wrong with a DNS-1123 label.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63);
    if !is_label(value) {
        wrong.push(if is_subdomain(value) {
            "must not contain dots".into()
        } else {
            regex_words(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character",
                "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
                &["my-name", "123-abc"],
            )
        });
    }
    wrong
}

/// What is wrong with a DNS-1123 subdomain.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253);
    if !is_subdomain(value) {
        wrong.push(regex_words(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character",
            r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
            &["example.com"],
        ));
    }
    wrong
}

/// What is wrong with a DNS-1035 label.
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63);
    if !is_label(value) || !value.starts_with(|c: char| c.is_ascii_lowercase()) {
        wrong.push(regex_words(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    wrong
}

/// What is wrong with a wildcard DNS-1123 subdomain (`*.example.com`).
pub fn wildcard_subdomain(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253);
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        wrong.push(regex_words(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist \
             of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
            &["*.example.com"],
        ));
    }
    wrong
}

/// What is wrong with a qualified name: a label's key, an appProtocol, a finalizer.
pub fn qualified_name(value: &str) -> Vec<String> {
    const WORDS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character";
    const REGEX: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    const EXAMPLES: &[&str] = &["MyName", "my.name", "123-abc"];
    let parts: Vec<&str> = value.split('/').collect();
    let mut wrong = Vec::new();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".into());
            } else {
                wrong.extend(dns1123_subdomain(prefix).into_iter().map(|w| format!("prefix part {w}")));
            }
            *name
        }
        _ => {
            let words = regex_words(&format!("a qualified name {WORDS}"), REGEX, EXAMPLES);
            wrong.push(format!(
                "{words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return wrong;
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".into());
    }
    wrong.extend(too_long(name, 63).into_iter().map(|w| format!("name part {w}")));
    if !is_label_text(name) {
        wrong.push(format!("name part {}", regex_words(WORDS, REGEX, EXAMPLES)));
    }
    wrong
}

/// What is wrong with a label's value.
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 63);
    if !value.is_empty() && !is_label_text(value) {
        wrong.push(regex_words(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
            "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
            &["MyValue", "my_value", "12345"],
        ));
    }
    wrong
}

/// What is wrong with the name of a container's port (an IANA service name).
pub fn port_name(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 15);
    let has_letter = value.bytes().any(|b| b.is_ascii_lowercase());
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if value.is_empty() || !value.bytes().all(allowed) {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !has_letter {
        wrong.push("must contain at least one letter (a-z)".into());
    }
    if value.contains("--") {
        wrong.push("must not contain consecutive hyphens".into());
    }
    if value.starts_with('-') || value.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".into());
    }
    wrong
}

/// What is wrong with a port number.
pub fn port_number(value: i64) -> Option<&'static str> {
    (!(1..=65_535).contains(&value)).then_some("must be between 1 and 65535, inclusive")
}

/// What is wrong with the name of an environment variable.
pub fn env_var_name(value: &str) -> Vec<String> {
    let printable = |b: u8| (b' '..=b'~').contains(&b) && b != b'=';
    if value.bytes().all(printable) {
        return Vec::new();
    }
    vec![
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
            .into(),
    ]
}

/// What is wrong with a ConfigMap's or Secret's key.
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, 253);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if value.is_empty() || !value.bytes().all(allowed) {
        wrong.push(regex_words(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    match value {
        "." => wrong.push("must not be '.'".into()),
        ".." => wrong.push("must not be '..'".into()),
        _ if value.starts_with("..") => wrong.push("must not start with '..'".into()),
        _ => {}
    }
    wrong
}

fn path_segment(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name == "." || name == ".." {
        wrong.push(format!("may not be '{name}'"));
    }
    for c in ["/", "%"] {
        if name.contains(c) {
            wrong.push(format!("may not contain '{c}'"));
        }
    }
    wrong
}

fn too_long(value: &str, max: usize) -> Vec<String> {
    if value.len() > max { vec![format!("must be no more than {max} characters")] } else { Vec::new() }
}

fn is_label(value: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !value.is_empty() && value.bytes().all(inner) && !value.starts_with('-') && !value.ends_with('-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_label_text(value: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    value.bytes().all(inner) && value.starts_with(edge) && value.ends_with(edge)
}

fn regex_words(words: &str, regex: &str, examples: &[&str]) -> String {
    let mut text = format!("{words} (e.g. ");
    for (i, example) in examples.iter().enumerate() {
        let or = if i > 0 { " or " } else { "" };
        text.push_str(&format!("{or}'{example}', "));
    }
    text.push_str(&format!("regex used for validation is '{regex}')"));
    text
}

/// What is wrong with a map of labels that stands at a path.
pub fn label_problems(labels: Option<&Value>, path: &str) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        for words in qualified_name(key) {
            wrong.push(FieldError::invalid(path, &key.as_str().into(), words));
        }
        for words in label_value(value.as_str().unwrap_or_default()) {
            wrong.push(FieldError::invalid(path, value, words));
        }
    }
    wrong
}
