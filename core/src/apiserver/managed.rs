//! Managed fields: every write notes who set what, and server-side apply goes by it.
//!
//! Models: apimachinery `pkg/util/managedfields/internal`, structured-merge-diff `merge/update.go`. Omits: conversion
//! between versions of kinds (each has one).

#[cfg(test)]
mod tests;
pub mod typed;
pub mod zero;

use crate::api::fields::{self, Shape};
use crate::api::managed::{self, Entry, Fields, Managed, Operation};
use crate::api::{FieldError, Kind, Object, Request, Status, tree};
use crate::base::{Instant, Text, order};
use serde_json::Value;
use std::sync::Arc;
use typed::Type;

/// How many managers may update before the oldest become one.
const MAX_UPDATERS: usize = 10;
/// The manager that the oldest become.
const ANCIENT: &str = "ancient-changes";
/// The manager of what was there when an object is applied whose managers nobody noted.
const BEFORE_APPLY: &str = "before-first-apply";
/// What kubectl notes of what it has applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A write, as far as managed fields go by it.
#[derive(Clone)]
pub(super) struct Writer<'a> {
    kind: &'static Kind,
    shape: Shape,
    manager: Text,
    subresource: &'a str,
    force: bool,
    now: Text,
}

/// What a client says of `metadata.managedFields`, and the tree without it.
pub(super) fn take_said(tree: &mut Value) -> Option<Vec<Value>> {
    let metadata = tree.get_mut("metadata")?.as_object_mut()?;
    match metadata.remove("managedFields")? {
        Value::Array(list) => Some(list),
        _ => None,
    }
}

/// The managers before a write: those that a client says, or those that are stored.
pub(super) fn before(said: Option<&[Value]>, stored: Option<&Managed>) -> Managed {
    let said = said.unwrap_or_default();
    if managed::is_reset(said) {
        return Managed::default();
    }
    match Managed::from_json(said) {
        Some(managed) if !managed.0.is_empty() => managed,
        _ => stored.cloned().unwrap_or_default(),
    }
}

/// Who writes: the field manager that the request names, or the program that sends it.
fn manager(request: &Request) -> Text {
    if !request.options.field_manager.is_empty() {
        return request.options.field_manager.clone();
    }
    match &*request.agent {
        "default-scheduler" => "kube-scheduler".into(),
        // Each controller is a part of one program.
        agent if agent.ends_with("-controller") => "kube-controller-manager".into(),
        "generic-garbage-collector" => "kube-controller-manager".into(),
        _ => request.agent.clone(),
    }
}

impl<'a> Writer<'a> {
    /// The writer of a request; `None` for kinds whose fields are not known.
    pub fn new(request: &'a Request, now: Instant) -> Option<Writer<'a>> {
        let shape = fields::of(&request.kind.api_version(), request.kind.kind)?;
        Some(Writer {
            kind: request.kind,
            shape,
            manager: manager(request),
            subresource: request.options.through.unwrap_or(request.subresource),
            force: request.options.force,
            now: now.rfc3339().into(),
        })
    }

    /// The part that this write cannot change.
    fn other_half(&self) -> &'static str {
        match self.subresource {
            "status" => "spec",
            _ if self.kind.has_status => "status",
            _ => "",
        }
    }

    fn entry(&self, operation: Operation, fields: Fields) -> Entry {
        Entry {
            manager: self.manager.clone(),
            operation,
            api_version: self.kind.api_version().into(),
            time: self.now.clone(),
            subresource: self.subresource.into(),
            fields: Arc::new(fields),
        }
    }

    /// The managers after a new object is made.
    pub fn created(&self, new: &Value, managed: Managed) -> Managed {
        self.updated(&zero::object(self.kind), new, managed, true)
    }

    /// The managers after any write but an apply.
    pub fn updated(&self, old: &Value, new: &Value, mut managed: Managed, is_new: bool) -> Managed {
        // Where nobody noted the managers, an update does not begin to.
        if managed.0.is_empty() && !is_new {
            return managed;
        }
        let found = typed::compare(&self.shape, old, new, self.other_half());
        let mine = self.entry(Operation::Update, found.changed);
        for entry in &mut managed.0 {
            take(entry, &mine.fields);
            take(entry, &found.removed);
        }
        if !mine.fields.is_empty() {
            match managed.0.iter_mut().find(|entry| entry.is_of(&mine)) {
                Some(entry) => {
                    entry.fields = Arc::new(entry.fields.union(&mine.fields));
                    entry.time = mine.time;
                }
                None => managed.0.push(mine),
            }
        }
        managed.arrange();
        cap(&mut managed);
        managed
    }

    /// Applies a configuration: the tree that comes of it, and its managers.
    pub fn apply(&self, live: &Object, configuration: &Value) -> Result<(Value, Managed), Status> {
        let mut managed = live.managed.as_deref().cloned().unwrap_or_default();
        if managed.0.is_empty() && !live.uid.is_empty() {
            let earlier = Writer { manager: BEFORE_APPLY.into(), ..self.clone() };
            managed = earlier.created(live.tree(), managed);
        }
        let by_force = |force| self.apply_to(live.tree(), configuration, managed.clone(), force);
        let result = by_force(self.force).or_else(|conflicts| {
            // What kubectl itself has applied in its other way it may take over.
            let owned = self.last_applied(live).filter(|_| &*self.manager == "kubectl").unwrap_or_default();
            let left: Vec<(Entry, Fields)> = conflicts
                .into_iter()
                .map(|(entry, fields)| (entry, fields.difference(&owned)))
                .filter(|(_, fields)| !fields.is_empty())
                .collect();
            if left.is_empty() { by_force(true) } else { Err(left) }
        });
        let (mut tree, managed) = result.map_err(|conflicts| conflict(&conflicts))?;
        if &*self.manager == "kubectl" && live.annotation(LAST_APPLIED).is_some() {
            note_last_applied(&mut tree, configuration);
        }
        Ok((tree, managed))
    }

    fn apply_to(
        &self,
        live: &Value,
        configuration: &Value,
        mut managed: Managed,
        force: bool,
    ) -> Result<(Value, Managed), Vec<(Entry, Fields)>> {
        let root = Type::root(&self.shape);
        let mut own = configuration.clone();
        if let Some(map) = own.as_object_mut() {
            map.remove(self.other_half());
        }
        let merged = root.merge(Some(live), &own);
        let mine = self.entry(Operation::Apply, typed::set_of(&self.shape, &own, self.other_half()));
        let before = managed.0.iter().position(|entry| entry.is_of(&mine)).map(|at| managed.0.remove(at));
        // What was applied and is no more goes, unless somebody else has it too.
        let merged = match &before {
            Some(last) => {
                let all = managed.0.iter().fold((*mine.fields).clone(), |all, e| all.union(&e.fields));
                let gone = root.with_named(&last.fields).difference(&root.with_named(&all));
                root.without(&merged, &gone).unwrap_or(merged)
            }
            None => merged,
        };
        let found = typed::compare(&self.shape, live, &merged, self.other_half());
        let conflicts: Vec<(Entry, Fields)> = managed
            .0
            .iter()
            .filter(|entry| entry.fields.meets(&found.changed))
            .map(|entry| (entry.clone(), entry.fields.intersection(&found.changed)))
            .collect();
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        for entry in &mut managed.0 {
            take(entry, &found.changed);
            take(entry, &found.removed);
        }
        let is_same = before.as_ref().is_some_and(|last| last.fields == mine.fields)
            && found.changed.is_empty()
            && found.removed.is_empty();
        managed.0.push(match before {
            Some(last) if is_same => last,
            _ => mine,
        });
        managed.arrange();
        Ok((merged, managed))
    }

    /// What kubectl has noted as applied and is still so.
    fn last_applied(&self, live: &Object) -> Option<Fields> {
        let noted: Value = serde_json::from_str(live.annotation(LAST_APPLIED)?).ok()?;
        let found = typed::compare(&self.shape, live.tree(), &noted, "");
        let set = typed::set_of(&self.shape, &noted, "");
        Some(set.difference(&found.changed).difference(&found.removed))
    }
}

/// Takes fields from a manager.
fn take(entry: &mut Entry, fields: &Fields) {
    if entry.fields.meets(fields) {
        entry.fields = Arc::new(entry.fields.difference(fields));
    }
}

/// Where too many have updated, the oldest become one.
fn cap(managed: &mut Managed) {
    let is_updater = |entry: &Entry| entry.operation == Operation::Update && entry.subresource.is_empty();
    let mut over = managed.0.iter().filter(|e| is_updater(e)).count().saturating_sub(MAX_UPDATERS);
    if over == 0 {
        return;
    }
    over += 1;
    let mut bucket: Option<Entry> = None;
    managed.0.retain(|entry| {
        if over == 0 || !is_updater(entry) {
            return true;
        }
        over -= 1;
        let fields =
            bucket.as_ref().map_or_else(|| entry.fields.clone(), |b| Arc::new(b.fields.union(&entry.fields)));
        bucket = Some(Entry { manager: ANCIENT.into(), fields, ..entry.clone() });
        false
    });
    managed.0.extend(bucket);
    managed.arrange();
}

/// The refusal of an apply that would take what others have.
fn conflict(conflicts: &[(Entry, Fields)]) -> Status {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut those: Vec<&(Entry, Fields)> = conflicts.iter().collect();
    order::sort_by_key(&mut those, |(entry, _)| (format!("{:?}", entry.manager), entry.operation));
    for (entry, fields) in those {
        all.extend(fields.paths().into_iter().map(|path| (entry.described(), path)));
    }
    let causes = all.iter().map(|(manager, path)| FieldError::owned(path.clone(), manager)).collect();
    let message = if let [(manager, path)] = all.as_slice() {
        format!("Apply failed with 1 conflict: conflict with {manager}: {path}")
    } else {
        let mut text = format!("Apply failed with {} conflicts: ", all.len());
        let mut last = "";
        for (manager, path) in &all {
            if manager != last {
                text.push_str(if last.is_empty() { "" } else { "\n" });
                text.push_str(&format!("conflicts with {manager}:"));
                last = manager;
            }
            text.push_str(&format!("\n- {path}"));
        }
        text
    };
    Status { causes, ..Status::plain(409, "Conflict", message) }
}

/// Keeps the annotation of kubectl's other way of applying true.
fn note_last_applied(tree: &mut Value, configuration: &Value) {
    let mut noted = configuration.clone();
    if let Some(annotations) = noted.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    let is_bare = tree::map(&noted, "metadata.annotations").is_some_and(serde_json::Map::is_empty);
    if is_bare {
        tree::remove(&mut noted, "metadata.annotations");
    }
    if let Some(annotations) = tree.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(LAST_APPLIED.into(), format!("{noted}\n").into());
    }
}

/// What must hold of a request before anything is written.
pub(super) fn check(request: &Request) -> Result<(), Status> {
    const LIMIT: usize = 128;
    let options = &request.options;
    let is_apply = matches!(request.verb, crate::api::Verb::Patch(crate::api::request::PatchType::Apply, _));
    let is_patch = matches!(request.verb, crate::api::Verb::Patch(..));
    let mut wrong = Vec::new();
    if is_apply && options.field_manager.is_empty() {
        wrong.push(FieldError::required("fieldManager", "is required for apply patch"));
    }
    if is_patch && !is_apply && options.force {
        wrong.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
    }
    if options.field_manager.len() > LIMIT {
        wrong.push(FieldError::too_long("fieldManager", LIMIT));
    }
    if options.field_manager.chars().any(char::is_control) {
        let words = "should only contain printable characters";
        wrong.push(FieldError::invalid("fieldManager", &(&*options.field_manager).into(), words));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let name = match request.verb {
        crate::api::Verb::Create(_) => "CreateOptions",
        crate::api::Verb::Update(_) => "UpdateOptions",
        _ => "PatchOptions",
    };
    Err(Status::invalid_options(name, wrong))
}
