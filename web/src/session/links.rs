//! What belongs together: an object and the document that made it, the document at the cursor and what stands on the
//! stage for it, a pod and the Services and slices that name it. Knows neither the editor nor the picture.

use super::{Action, Selected, Session};
use crate::files::holds_manifests;
use tidepool_core::api::yaml::{self, Document};
use tidepool_core::api::{Object, tree};
use tidepool_core::base::ObjectRef;
use tidepool_core::trace::EventId;

/// The longest chain of owners that is followed.
const MOST_OWNERS: usize = 6;

/// A document in one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's index.
    pub file: usize,
    /// Its name.
    pub name: String,
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

/// What is looked at in passing, and what follows from what is chosen.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// What was chosen last, on the stage or among the objects.
    chosen: Option<ObjectRef>,
    /// The document that made it.
    pub source: Option<Source>,
    /// Counts choices, so that the editor goes to the document once for each.
    pub turn: u64,
    /// What is under the pointer, or has the keyboard's focus, on the stage.
    pub hovered: Option<Selected>,
    /// The hop under the pointer.
    pub hop: Option<EventId>,
    /// The document at the editor's cursor.
    caret: Option<ObjectRef>,
    /// What stands on the stage for it.
    pub ringed: Vec<Selected>,
}

impl Session {
    /// Ways of looking that ask for little to be drawn anew. Whether anything has changed.
    pub(super) fn look_in_passing(&mut self, action: Action) -> bool {
        let changed = match action {
            Action::Hover(what) => replace(&mut self.links.hovered, what),
            Action::HoverHop(hop) => replace(&mut self.links.hop, hop),
            Action::Caret(line) => {
                let caret = document_at(&self.editor, self.files.name(), line);
                replace(&mut self.links.caret, caret) && self.ring_again()
            }
            _ => false,
        };
        self.stamps.stage += u64::from(changed);
        changed
    }

    /// Another object is chosen, or none: the document that made it is sought.
    pub(super) fn choose(&mut self, chosen: Option<ObjectRef>) {
        self.links.chosen = chosen;
        self.links.turn += 1;
        self.find_source();
    }

    /// Seeks the document of what is chosen in the files, in the shown one first.
    pub(super) fn find_source(&mut self) {
        self.links.source = self.links.chosen.as_ref().and_then(|chosen| {
            let objects = self.world().objects();
            let chain = owners(&objects, chosen.clone());
            let shown = self.files.shown();
            let others = (0..self.files.list().len()).filter(|at| *at != shown);
            std::iter::once(shown).chain(others).find_map(|at| {
                let file = self.files.list().get(at)?;
                let (first, last) = lines_of(&file.text, &file.name, &chain)?;
                Some(Source { file: at, name: file.name.clone(), first, last })
            })
        });
        self.stamps.editor += 1;
    }

    /// The document that made an object, if it is the one that was chosen last.
    pub fn source_of(&self, object: &ObjectRef) -> Option<&Source> {
        self.links.source.as_ref().filter(|_| self.links.chosen.as_ref() == Some(object))
    }

    /// The lines of the shown file that made what is chosen, from 1; zeros when none did.
    pub fn marked_lines(&self) -> (u32, u32) {
        let own = self.links.source.as_ref().filter(|source| source.file == self.files.shown());
        own.map_or((0, 0), |source| (source.first, source.last))
    }

    /// What stands on the stage for the document at the cursor is sought again. Whether it is something else.
    pub(super) fn ring_again(&mut self) -> bool {
        let ringed = self.links.caret.as_ref().map(|caret| self.on_stage(caret)).unwrap_or_default();
        replace(&mut self.links.ringed, ringed)
    }

    /// What stands on the stage for an object: itself, or the pods that it made.
    fn on_stage(&self, object: &ObjectRef) -> Vec<Selected> {
        match &*object.kind {
            "Service" => vec![Selected::Service(object.namespace.clone(), object.name.clone())],
            "Node" => vec![Selected::Node(object.name.clone())],
            "Pod" => vec![Selected::Pod(object.namespace.clone(), object.name.clone())],
            _ => {
                let objects = self.world().objects();
                let pods = objects.iter().filter(|other| &*other.key.kind == "Pod");
                let own = pods.filter(|pod| owners(&objects, pod.key.clone()).contains(object));
                own.map(|pod| Selected::Pod(pod.key.namespace.clone(), pod.key.name.clone())).collect()
            }
        }
    }

    /// What belongs to something on the stage: a Service's endpoints, a pod's Services.
    pub fn linked(&self, of: &Selected) -> Vec<Selected> {
        let services = self.stage.services.iter();
        match of {
            Selected::Pod(namespace, name) => services
                .filter(|service| service.namespace == *namespace)
                .filter(|service| service.ready.contains(name) || service.not_ready.contains(name))
                .map(|service| Selected::Service(namespace.clone(), service.name.clone()))
                .collect(),
            Selected::Service(namespace, name) => services
                .filter(|service| service.namespace == *namespace && service.name == *name)
                .flat_map(|service| service.ready.iter().chain(&service.not_ready))
                .map(|pod| Selected::Pod(namespace.clone(), pod.clone()))
                .collect(),
            Selected::Node(_) => Vec::new(),
        }
    }

    /// The names of the EndpointSlices that hold a pod, or that belong to a Service.
    pub fn slices_of(&self, of: &Selected) -> Vec<String> {
        let objects = self.world().objects();
        let holds = |slice: &&Object| match of {
            Selected::Pod(namespace, name) => {
                slice.key.namespace == *namespace
                    && slice.list("endpoints").iter().any(|endpoint| {
                        tree::str(endpoint, "targetRef.kind") == "Pod"
                            && tree::str(endpoint, "targetRef.name") == &**name
                    })
            }
            Selected::Service(namespace, name) => {
                slice.key.namespace == *namespace
                    && slice.label("kubernetes.io/service-name") == Some(&**name)
            }
            Selected::Node(_) => false,
        };
        let slices = objects.iter().filter(|object| &*object.key.kind == "EndpointSlice");
        slices.filter(holds).map(|slice| slice.key.name.to_string()).collect()
    }
}

impl Selected {
    /// The object that it stands for.
    pub fn object(&self) -> ObjectRef {
        let (kind, namespace, name) = match self {
            Selected::Pod(namespace, name) => ("Pod", namespace.clone(), name),
            Selected::Service(namespace, name) => ("Service", namespace.clone(), name),
            Selected::Node(name) => ("Node", "".into(), name),
        };
        ObjectRef { kind: kind.into(), namespace, name: name.clone() }
    }
}

fn replace<T: PartialEq>(place: &mut T, by: T) -> bool {
    let changed = *place != by;
    *place = by;
    changed
}

/// An object, what controls it, what controls that, and so on.
fn owners(objects: &[Object], of: ObjectRef) -> Vec<ObjectRef> {
    let mut chain = vec![of];
    while chain.len() < MOST_OWNERS {
        let Some(own) = chain.last().and_then(|key| objects.iter().find(|object| object.key == *key)) else {
            break;
        };
        let namespace = own.key.namespace.clone();
        // Endpoints have their Service's name and no owner.
        let service = (&*own.key.kind == "Endpoints").then_some(("Service", &*own.key.name));
        let Some((kind, name)) = own.controller().map(|(kind, name, _)| (kind, name)).or(service) else {
            break;
        };
        chain.push(ObjectRef { kind: kind.into(), namespace, name: name.into() });
    }
    chain
}

/// The objects that a document names: itself, or a list's items.
fn named(document: &Document) -> Vec<ObjectRef> {
    let items = match tree::str(&document.value, "kind") {
        "List" => tree::list(&document.value, "items").iter().collect(),
        _ => vec![&document.value],
    };
    let key = |object: &serde_json::Value| ObjectRef {
        kind: tree::str(object, "kind").into(),
        namespace: crate::assist::known::namespace(object).into(),
        name: tree::str(object, "metadata.name").into(),
    };
    items.into_iter().map(key).collect()
}

/// Whether two are the same; a document of a kind without namespaces says none.
fn is_same(document: &ObjectRef, object: &ObjectRef) -> bool {
    document.kind == object.kind
        && document.name == object.name
        && (object.namespace.is_empty() || document.namespace == object.namespace)
}

/// The lines of the document that made the first of a chain for which there is one.
fn lines_of(text: &str, name: &str, chain: &[ObjectRef]) -> Option<(u32, u32)> {
    if !holds_manifests(name) {
        return None;
    }
    let read = yaml::read(text);
    let made = |object: &ObjectRef| {
        let has = |document: &&Document| named(document).iter().any(|own| is_same(own, object));
        read.documents.iter().find(has)
    };
    let document = chain.iter().find_map(made)?;
    let body = text.get(document.span.clone()).unwrap_or_default().trim_end();
    let first = document.line as u32;
    Some((first, first + body.matches('\n').count() as u32))
}

/// What the document at a line makes.
fn document_at(text: &str, name: &str, line: u32) -> Option<ObjectRef> {
    if line == 0 || !holds_manifests(name) {
        return None;
    }
    let read = yaml::read(text);
    let document = read.documents.iter().rev().find(|document| document.line as u32 <= line)?;
    named(document).into_iter().next().filter(|object| !object.name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "kind: Service\nmetadata:\n  name: a\n---\nkind: Deployment\nmetadata:\n  name: b\n  namespace: other\n\n";

    fn key(kind: &str, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn a_document_is_found_by_what_it_makes() {
        let pod = [
            key("Pod", "other", "b-1-2"),
            key("ReplicaSet", "other", "b-1"),
            key("Deployment", "other", "b"),
        ];
        assert_eq!(lines_of(TEXT, "a.yaml", &pod), Some((5, 8)));
        assert_eq!(lines_of(TEXT, "a.yaml", &[key("Service", "default", "a")]), Some((1, 3)));
        assert_eq!(lines_of(TEXT, "a.yaml", &[key("Service", "other", "a")]), None);
        assert_eq!(lines_of(TEXT, "a.py", &[key("Service", "default", "a")]), None);
    }

    #[test]
    fn a_line_is_of_the_document_above_it() {
        assert_eq!(document_at(TEXT, "a.yaml", 2), Some(key("Service", "default", "a")));
        assert_eq!(document_at(TEXT, "a.yaml", 9), Some(key("Deployment", "other", "b")));
        assert_eq!(document_at(TEXT, "a.yaml", 0), None);
    }
}
