//! Services whose selector no pod has, and whose target ports no container declares.

use super::known::{self, Known, Labelled, Port};
use super::{Change, Document, Found, Miss, Severity, Span, below, pair, replace};
use crate::assist::{distance, is_near};
use serde_json::Value;
use tidepool_core::api::tree;
use tidepool_core::base::{FlatMap, FlatSet, order};

const SELECTOR: &str = "spec.selector";

pub(super) fn check(text: &str, document: &Document, known: &Known, found: &mut Vec<Found>) {
    let object = &document.value;
    let selector = known::labels(object, SELECTOR);
    // Without a cluster to compare with, nothing can be missed.
    if selector.is_empty() || known.namespaces.is_empty() || tree::str(object, "spec.type") == "ExternalName"
    {
        return;
    }
    let namespace = known::namespace(object);
    let all: Vec<&Labelled> = known.in_namespace(&namespace).collect();
    let selected: Vec<&Labelled> = all.iter().copied().filter(|pod| pod.has(&selector)).collect();
    if selected.is_empty() {
        let before = found.len();
        for (key, value) in &selector {
            let has = |pod: &&Labelled| pod.labels.get(key) == Some(value);
            if !all.iter().any(has) {
                found.push(label(document, known, &namespace, &selector, (key, value)));
            }
        }
        if found.len() == before {
            let span = document.place(SELECTOR);
            found.push(Found {
                miss: Miss::Together,
                span,
                severity: Severity::Warning,
                changes: Vec::new(),
            });
        }
        return;
    }
    let declared: FlatSet<&Port> = selected.iter().flat_map(|pod| &pod.ports).collect();
    if !declared.is_empty() {
        for (index, port) in tree::list(object, "spec.ports").iter().enumerate() {
            found.extend(target_port(text, document, index, port, &declared));
        }
    }
}

/// A label that no pod has, and those that come near: the same key with another value, or another key.
fn label(
    document: &Document,
    known: &Known,
    namespace: &str,
    selector: &FlatMap<String, String>,
    (key, value): (&String, &String),
) -> Found {
    let mut rest = selector.clone();
    rest.remove(key);
    let fitting: Vec<&Labelled> = known.in_namespace(namespace).filter(|pod| pod.has(&rest)).collect();
    let labels: FlatSet<(&String, &String)> = fitting.iter().flat_map(|pod| &pod.labels).collect();
    let mut near: Vec<(&String, &String)> =
        labels.into_iter().filter(|(other, of)| is_candidate(key, value, other, of)).collect();
    let pods = |(key, value): &(&String, &String)| known.pods_with(namespace, key, value);
    order::sort_by_key(&mut near, |label| {
        (
            label.0 != key,
            !is_near(value, label.1) && value != label.1,
            distance(value, label.1),
            usize::MAX - pods(label),
        )
    });
    let path = below(SELECTOR, key);
    let (at_value, at_key) = (document.place(&path), document.key_place(&path));
    let is_key = near.first().is_some_and(|(other, _)| *other != key);
    let changes = near.iter().take(2).map(|(other, of)| {
        if *other == key { replace(&at_value, of) } else { both(&at_key, &at_value, other, of, value) }
    });
    Found {
        changes: changes.collect(),
        miss: Miss::Label {
            wanted: pair(key, value),
            near: near.first().map(|label| (pair(label.0, label.1), pods(label))),
        },
        span: if is_key { at_key.clone() } else { at_value.clone() },
        severity: if near.is_empty() { Severity::Hint } else { Severity::Warning },
    }
}

/// Whether a label may be what was meant: the same key, or a near key with the same or a near value.
fn is_candidate(key: &str, value: &str, other: &str, of: &str) -> bool {
    if other == "pod-template-hash" {
        return false;
    }
    other == key
        || ((is_near(key, other)
            || key.ends_with(&format!("/{other}"))
            || other.ends_with(&format!("/{key}")))
            && (of == value || is_near(value, of)))
        || (of == value && !value.is_empty())
}

fn both(at_key: &Span, at_value: &Span, key: &str, value: &str, old: &str) -> Change {
    if value == old {
        return Change { label: pair(key, value), ..replace(at_key, key) };
    }
    let text = format!("{key}: {}", super::scalar(value));
    Change { span: at_key.start..at_value.end, text, label: pair(key, value) }
}

fn target_port(
    text: &str,
    document: &Document,
    index: usize,
    port: &Value,
    declared: &FlatSet<&Port>,
) -> Option<Found> {
    let path = format!("spec.ports[{index}].targetPort");
    let written: Vec<String> = declared.iter().map(|port| shown(port)).collect();
    match tree::get(port, "targetPort") {
        Some(Value::String(name)) => {
            if declared.iter().any(|port| port.name == *name) {
                return None;
            }
            let span = document.place(&path);
            let mut names: Vec<&str> =
                declared.iter().map(|port| port.name.as_str()).filter(|name| !name.is_empty()).collect();
            order::sort_by_key(&mut names, |other| (!is_near(name, other), distance(name, other)));
            let mut changes: Vec<Change> =
                names.into_iter().take(2).map(|name| replace(&span, name)).collect();
            if changes.is_empty() {
                changes.extend(declared.iter().take(2).map(|port| number(&span, port.number)));
            }
            let miss = Miss::PortName { name: name.clone(), declared: written };
            Some(Found { miss, span, severity: Severity::Error, changes })
        }
        Some(Value::Number(wanted)) => {
            let wanted = wanted.as_i64()?;
            let span = document.place(&path);
            let others = declared.iter().take(2).map(|port| number(&span, port.number)).collect();
            undeclared(wanted, declared, written, span, others)
        }
        None => {
            let (wanted, at) = (tree::int(port, "port")?, format!("spec.ports[{index}].port"));
            let span = document.place(&at);
            let key = document.key_place(&at);
            let others =
                declared.iter().take(2).map(|port| add_target(text, &key, &span, port.number)).collect();
            undeclared(wanted, declared, written, span, others)
        }
        Some(_) => None,
    }
}

fn undeclared(
    wanted: i64,
    declared: &FlatSet<&Port>,
    written: Vec<String>,
    span: Span,
    changes: Vec<Change>,
) -> Option<Found> {
    let is_there = declared.iter().any(|port| port.number == wanted);
    let miss = Miss::PortNumber { number: wanted, declared: written };
    (!is_there).then_some(Found { miss, span, severity: Severity::Hint, changes })
}

fn shown(port: &Port) -> String {
    if port.name.is_empty() { port.number.to_string() } else { format!("{} ({})", port.name, port.number) }
}

fn number(span: &Span, number: i64) -> Change {
    Change { span: span.clone(), text: number.to_string(), label: number.to_string() }
}

/// A targetPort beside a port that has none.
fn add_target(text: &str, key: &Span, value: &Span, number: i64) -> Change {
    let before = text.get(..key.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let between =
        if line.contains('{') { ", ".to_string() } else { format!("\n{}", " ".repeat(line.chars().count())) };
    let label = format!("targetPort: {number}");
    Change { span: value.end..value.end, text: format!("{between}{label}"), label }
}
