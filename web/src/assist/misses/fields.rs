//! Kinds that nobody knows, versions that do not fit, fields that a kind does not have, values of the wrong type.

use super::{Change, Found, Miss, Severity, replace};
use crate::assist::{distance, is_near};
use tidepool_core::api::fields::{self, Shape};
use tidepool_core::api::yaml::Document;
use tidepool_core::api::{decode, tree};

pub(super) fn check(document: &Document, found: &mut Vec<Found>) {
    let (version, kind) = (tree::str(&document.value, "apiVersion"), tree::str(&document.value, "kind"));
    if kind.is_empty() {
        return;
    }
    let Some(shape) = fields::of(version, kind) else {
        found.extend(kind_or_version(document, version, kind));
        return;
    };
    let decoded = decode::decode_as(&shape, &document.value);
    for path in &decoded.unknown {
        found.push(unknown(document, &shape, path));
    }
    if let Some(path) = &decoded.refused_at {
        let name = path.rsplit('.').next().unwrap_or(path).to_string();
        let wanted = shape.at(path).map(|shape| shape.explained()).unwrap_or_default();
        let span = document.place(path);
        found.push(Found {
            miss: Miss::Type(name, wanted),
            span,
            severity: Severity::Error,
            changes: Vec::new(),
        });
    }
}

fn kind_or_version(document: &Document, version: &str, kind: &str) -> Option<Found> {
    if fields::of_kind(kind).is_some() {
        let versions = fields::kinds().filter(|(version, of)| *of == kind && !version.contains('*'));
        let wanted = versions.map(|(version, _)| version).min_by_key(|other| distance(version, other))?;
        let span = document.place("apiVersion");
        let mut changes = vec![replace(&span, wanted)];
        if version.is_empty() {
            let start = document.key_place("kind").start;
            let text = format!("apiVersion: {wanted}\n");
            changes = vec![Change { span: start..start, text, label: format!("apiVersion: {wanted}") }];
        }
        let miss = Miss::Version { kind: kind.to_string(), version: wanted.to_string() };
        return Some(Found { miss, span, severity: Severity::Error, changes });
    }
    // A kind of a group that the table does not have may be somebody's own.
    let is_known_group = version.is_empty() || fields::kinds().any(|(known, _)| known == version);
    let near = nearest(kind, fields::kinds().map(|(_, kind)| kind));
    if !is_known_group && near.is_none() {
        return None;
    }
    let span = document.place("kind");
    let changes = near.iter().map(|near| replace(&span, near)).collect();
    let miss = Miss::Kind { name: kind.to_string(), near: near.map(str::to_string) };
    Some(Found { miss, span, severity: Severity::Error, changes })
}

fn unknown(document: &Document, shape: &Shape, path: &str) -> Found {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let within = if parent.is_empty() { Some(shape.clone()) } else { shape.at(parent) };
    let names = within.iter().flat_map(|shape| shape.fields()).map(|field| field.name);
    let taken = |name: &&str| {
        let there = if parent.is_empty() { name.to_string() } else { format!("{parent}.{name}") };
        document.entry(&there).is_none()
    };
    let near = nearest(name, names.filter(taken));
    let span = document.key_place(path);
    let changes = near.iter().map(|near| replace(&span, near)).collect();
    let miss = Miss::Field { name: name.to_string(), near: near.map(str::to_string) };
    Found { miss, span, severity: Severity::Error, changes }
}

/// The nearest of several words, if it is near enough.
fn nearest<'a>(word: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = all.filter(|other| is_near(word, other));
    near.min_by_key(|other| (!word.eq_ignore_ascii_case(other), distance(word, other)))
}
