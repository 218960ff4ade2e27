//! What Tab completes in a terminal: commands, kubectl's words, names of objects. Offers what is there; runs nothing.

use crate::sim::Stage;
use tidepool_core::base::order;

/// The commands of the in-page shell that are worth completing.
const COMMANDS: [&str; 14] = [
    "cat", "curl", "dig", "echo", "env", "exit", "for", "head", "kubectl", "ls", "nslookup", "seq", "sleep",
    "sort",
];
const VERBS: [&str; 12] = [
    "api-resources",
    "apply",
    "create",
    "delete",
    "describe",
    "exec",
    "explain",
    "expose",
    "get",
    "label",
    "logs",
    "scale",
];
const KINDS: [&str; 11] = [
    "configmaps",
    "deployments",
    "endpoints",
    "endpointslices",
    "events",
    "namespaces",
    "nodes",
    "pods",
    "replicasets",
    "services",
    "all",
];

/// A line after Tab: completed as far as it is certain, and the candidates when there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The line.
    pub line: String,
    /// What it could become, when more than one thing.
    pub candidates: Vec<String>,
}

/// Completes the last word of a line.
pub fn complete(line: &str, stage: &Stage, is_operator: bool) -> Completed {
    let command_start = line.rfind(['|', ';', '&', '(']).map_or(0, |at| at + 1);
    let command = line.get(command_start..).unwrap_or_default().trim_start();
    let word = command.rsplit(' ').next().unwrap_or_default();
    let before: Vec<&str> = command.strip_suffix(word).unwrap_or_default().split_whitespace().collect();
    let words = words(&before, stage, is_operator);
    let mut fitting: Vec<String> = words
        .into_iter()
        .filter(|w| {
            w.starts_with(word) && !word.is_empty()
                || (word.is_empty() && !before.is_empty() && w.starts_with(word))
        })
        .collect();
    order::sort(&mut fitting);
    fitting.dedup();
    let common = common_start(&fitting);
    let stem = line.strip_suffix(word).unwrap_or(line);
    match fitting.as_slice() {
        [] => Completed { line: line.into(), candidates: Vec::new() },
        [only] => Completed { line: format!("{stem}{only} "), candidates: Vec::new() },
        _ if common.len() > word.len() => Completed { line: format!("{stem}{common}"), candidates: fitting },
        _ => Completed { line: line.into(), candidates: fitting },
    }
}

fn words(before: &[&str], stage: &Stage, is_operator: bool) -> Vec<String> {
    let owned = |list: &[&str]| list.iter().map(|word| word.to_string()).collect();
    let pods = || stage.nodes.iter().flat_map(|node| &node.pods).map(|pod| pod.name.to_string());
    let services = || stage.services.iter().map(|service| service.name.to_string());
    match before {
        [] => owned(&COMMANDS),
        ["kubectl"] => owned(&VERBS),
        ["kubectl", "get" | "describe" | "delete" | "label" | "explain" | "scale"] => owned(&KINDS),
        ["kubectl", "apply", ..] if is_operator => owned(&["-f", "manifests.yaml"]),
        ["kubectl", "logs" | "exec", ..] => pods().collect(),
        ["kubectl", _, kind, ..] if kind.starts_with("po") => pods().collect(),
        ["kubectl", _, kind, ..] if kind.starts_with("svc") || kind.starts_with("service") => {
            services().collect()
        }
        ["kubectl", _, kind, ..] if kind.starts_with("no") => {
            stage.nodes.iter().map(|n| n.name.to_string()).collect()
        }
        ["curl", ..] => services().map(|name| format!("http://{name}/")).collect(),
        ["dig" | "nslookup", ..] => services().collect(),
        _ => Vec::new(),
    }
}

fn common_start(words: &[String]) -> String {
    let Some((first, rest)) = words.split_first() else { return String::new() };
    let fits = |n: &usize| first.is_char_boundary(*n) && rest.iter().all(|w| w.starts_with(&first[..*n]));
    let length = (0..=first.len()).rev().find(fits).unwrap_or(0);
    first[..length].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        complete(text, &Stage::default(), true).line
    }

    #[test]
    fn what_is_certain_is_completed() {
        assert_eq!(line("kube"), "kubectl ");
        assert_eq!(line("kubectl ge"), "kubectl get ");
        assert_eq!(line("kubectl get endpoints"), "kubectl get endpoints");
        assert_eq!(line("seq 3 | so"), "seq 3 | sort ");
        assert_eq!(line("nothing-like-it"), "nothing-like-it");
        assert_eq!(line(""), "");
    }

    #[test]
    fn what_is_not_is_listed() {
        let completed = complete("kubectl get endpoints", &Stage::default(), true);
        assert_eq!(completed.candidates, ["endpoints", "endpointslices"]);
    }
}
