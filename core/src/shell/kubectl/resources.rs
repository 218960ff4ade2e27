//! What a line means by `deploy,rs`, `svc web` or `pod/web`: kinds and names. Knows no requests.
//! Models: cli-runtime `pkg/resource/builder.go`.

use super::args::Args;
use crate::api::Kind;
use crate::api::kinds::KINDS;

/// What a command is about: a kind, and the name of one object or all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The kind.
    pub kind: &'static Kind,
    /// The name; empty for all.
    pub name: String,
}

/// The words of a line as targets. Errors are kubectl's, without `error: `.
pub fn targets(words: &[String]) -> Result<Vec<Target>, String> {
    if words.iter().any(|word| word.contains('/')) {
        return words.iter().map(|word| slashed(word)).collect();
    }
    let Some((kinds, names)) = words.split_first() else { return Ok(Vec::new()) };
    let mut targets = Vec::new();
    for kind in kinds_of(kinds)? {
        if names.is_empty() {
            targets.push(Target { kind, name: String::new() });
        }
        targets.extend(names.iter().map(|name| Target { kind, name: name.clone() }));
    }
    Ok(targets)
}

fn slashed(word: &str) -> Result<Target, String> {
    let parts: Vec<&str> = word.split('/').collect();
    match parts.as_slice() {
        [_] => Err("there is no need to specify a resource type as a separate argument when passing arguments in \
                    resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource \
                    resource/<resource_name>'"
            .to_string()),
        ["", _] | [_, ""] => Err("arguments in resource/name form must have a single resource and name".to_string()),
        [kind, name] => Ok(Target { kind: kind_of(kind)?, name: (*name).to_string() }),
        _ => Err("arguments in resource/name form may not have more than one slash".to_string()),
    }
}

/// The kinds of `deploy,rs,pods` or `all`.
fn kinds_of(words: &str) -> Result<Vec<&'static Kind>, String> {
    let mut kinds: Vec<&'static Kind> = Vec::new();
    for word in words.split(',') {
        if word == "all" {
            kinds.extend(KINDS.iter().copied().filter(|kind| kind.in_all));
        } else {
            kinds.push(kind_of(word)?);
        }
    }
    Ok(kinds)
}

/// The kind of a word.
pub fn kind_of(word: &str) -> Result<&'static Kind, String> {
    Kind::of_word(word).ok_or_else(|| format!("the server doesn't have a resource type {word:?}"))
}

/// A kind in messages: `service`, `deployment.apps`.
pub fn label(kind: &Kind) -> String {
    if kind.group.is_empty() {
        kind.singular.to_string()
    } else {
        format!("{}.{}", kind.singular, kind.group)
    }
}

/// An object in messages: `service/web`, `deployment.apps/web`.
pub fn full_name(kind: &Kind, name: &str) -> String {
    format!("{}/{name}", label(kind))
}

/// The targets of a command that works on objects: names, or a selector, or `--all`.
pub fn chosen(args: &Args, words: &[String]) -> Result<Vec<Target>, String> {
    let targets = targets(words)?;
    let by_selector = args.text("selector").is_some() || args.text("field-selector").is_some();
    let many = by_selector || args.on("all");
    if targets.is_empty() {
        return Err("You must provide one or more resources by argument or filename.\n\
                    Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   \
                    '<resource> <name>'\n   '<resource>'"
            .to_string());
    }
    if by_selector && targets.iter().any(|target| !target.name.is_empty()) {
        return Err("name cannot be provided when a selector is specified".to_string());
    }
    if !many && targets.iter().any(|target| target.name.is_empty()) {
        return Err("resource(s) were provided, but no name was specified".to_string());
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        Ok(targets(&words)?.iter().map(|t| full_name(t.kind, &t.name)).collect())
    }

    // Recorded from kubectl v1.35.2.
    #[test]
    fn words_are_kinds_and_names() {
        assert_eq!(names(&["svc", "a", "b"]), Ok(vec!["service/a".into(), "service/b".into()]));
        assert_eq!(names(&["deploy/web", "po/x"]), Ok(vec!["deployment.apps/web".into(), "pod/x".into()]));
        assert_eq!(
            names(&["svc/a/b"]),
            Err("arguments in resource/name form may not have more than one slash".into())
        );
        assert_eq!(names(&["nothing"]), Err("the server doesn't have a resource type \"nothing\"".into()));
    }
}
