//! What apply would change: each document of a text beside what was applied before, line by line. Beside an object that
//! apply did not make, only the fields that the document names are looked at.

use serde_json::Value;
use tidepool_core::api::yaml::{self, Read};
use tidepool_core::api::{Object, tree};

/// Where kubectl keeps what was applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The most lines of which a shortest difference is sought.
const MOST_LINES: usize = 1500;

/// What apply would do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Make it.
    New,
    /// Nothing.
    Same,
    /// Change it.
    Changed,
}

/// Whether a line goes, comes or stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It stays.
    Stays,
    /// It goes.
    Goes,
    /// It comes.
    Comes,
}

/// A document beside its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Kind and name: `Service/my-service`.
    pub name: String,
    /// What apply would do.
    pub state: State,
    /// Whether the object was made by apply.
    pub was_applied: bool,
    /// The lines.
    pub lines: Vec<(Sign, String)>,
}

/// What apply would change.
pub fn diff(read: &Read, objects: &[Object]) -> Vec<Difference> {
    let documents = read.documents.iter().flat_map(|document| items(&document.value));
    documents.filter_map(|document| one(document, objects)).collect()
}

/// A list's items, or the document itself.
fn items(document: &Value) -> Vec<&Value> {
    match tree::str(document, "kind") {
        "List" => tree::list(document, "items").iter().collect(),
        _ => vec![document],
    }
}

fn one(document: &Value, objects: &[Object]) -> Option<Difference> {
    let (kind, name) = (tree::str(document, "kind"), tree::str(document, "metadata.name"));
    if kind.is_empty() || name.is_empty() {
        return None;
    }
    let namespace = super::known::namespace(document);
    let fits = |object: &&Object| {
        &*object.key.kind == kind
            && &*object.key.name == name
            && (object.key.namespace.is_empty() || *object.key.namespace == *namespace)
    };
    let live = objects.iter().find(fits);
    let before = live.map(|object| before(object, document));
    let new = lines(document);
    let lines = match &before {
        None => new.into_iter().map(|line| (Sign::Comes, line)).collect(),
        Some((old, _)) => compare(lines(old), new),
    };
    let state = match &before {
        None => State::New,
        Some(_) if lines.iter().all(|(sign, _)| *sign == Sign::Stays) => State::Same,
        Some(_) => State::Changed,
    };
    let was_applied = before.is_some_and(|(_, was_applied)| was_applied);
    Some(Difference { name: format!("{kind}/{name}"), state, was_applied, lines })
}

/// What there was: as it was applied, or as it is as far as the document names it.
fn before(live: &Object, document: &Value) -> (Value, bool) {
    let applied = live.annotation(LAST_APPLIED).and_then(|json| serde_json::from_str::<Value>(json).ok());
    let Some(mut applied) = applied else { return (named(live.tree(), document), false) };
    // kubectl adds these two to what it keeps.
    if tree::map(&applied, "metadata.annotations").is_some_and(serde_json::Map::is_empty) {
        tree::remove(&mut applied, "metadata.annotations");
    }
    if tree::get(document, "metadata.namespace").is_none() {
        tree::remove(&mut applied, "metadata.namespace");
    }
    (applied, true)
}

/// What a tree has of the fields that another one names.
fn named(tree: &Value, by: &Value) -> Value {
    match (tree, by) {
        (Value::Object(tree), Value::Object(by)) => {
            let both = by.iter().filter_map(|(key, by)| Some((key.clone(), named(tree.get(key)?, by))));
            tree::object(both).into()
        }
        (Value::Array(items), Value::Array(by)) if items.len() == by.len() => {
            Value::Array(items.iter().zip(by).map(|(item, by)| named(item, by)).collect())
        }
        _ => tree.clone(),
    }
}

fn lines(tree: &Value) -> Vec<String> {
    yaml::write(tree).lines().map(str::to_string).collect()
}

/// A shortest difference of lines, old ones before new ones.
fn compare(old: Vec<String>, new: Vec<String>) -> Vec<(Sign, String)> {
    if old.len().max(new.len()) > MOST_LINES {
        let gone = old.into_iter().map(|line| (Sign::Goes, line));
        return gone.chain(new.into_iter().map(|line| (Sign::Comes, line))).collect();
    }
    // How many lines the rests from here on have in common.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    let at = |common: &[Vec<usize>], i: usize, j: usize| {
        common.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = match a == b {
                true => at(&common, i + 1, j + 1) + 1,
                false => at(&common, i + 1, j).max(at(&common, i, j + 1)),
            };
            if let Some(cell) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    loop {
        let sign = match (old.get(i), new.get(j)) {
            (None, None) => return found,
            (Some(a), Some(b)) if a == b => Sign::Stays,
            (Some(_), None) => Sign::Goes,
            (Some(_), Some(_)) if at(&common, i + 1, j) >= at(&common, i, j + 1) => Sign::Goes,
            _ => Sign::Comes,
        };
        let line = if sign == Sign::Comes { new.get(j) } else { old.get(i) };
        found.extend(line.map(|line| (sign, line.clone())));
        i += usize::from(sign != Sign::Comes);
        j += usize::from(sign != Sign::Goes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidepool_core::api::service::SERVICE;

    const TEXT: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  selector:\n    app: MyApp\n  ports:\n  - port: 80\n";

    fn live(applied: Option<&str>) -> Object {
        let mut tree = yaml::read(TEXT).documents.remove(0).value;
        tree::set(&mut tree, "metadata.namespace", "default");
        tree::set(&mut tree, "spec.clusterIP", "10.96.0.7");
        if let Some(text) = applied {
            let mut applied = yaml::read(text).documents.remove(0).value;
            tree::set(&mut applied, "metadata.namespace", "default");
            tree::set(&mut applied, "metadata.annotations", serde_json::json!({}));
            tree::set(
                &mut tree,
                "metadata.annotations",
                serde_json::json!({ LAST_APPLIED: applied.to_string() }),
            );
        }
        Object::new(&SERVICE, tree)
    }

    fn only(text: &str, objects: &[Object]) -> Difference {
        diff(&yaml::read(text), objects).remove(0)
    }

    #[test]
    fn what_is_new_and_what_is_the_same() {
        let new = only(TEXT, &[]);
        assert_eq!((new.name.as_str(), new.state), ("Service/s", State::New));
        assert!(new.lines.iter().all(|(sign, _)| *sign == Sign::Comes));
        let same = only(TEXT, &[live(Some(TEXT))]);
        assert_eq!((same.state, same.was_applied), (State::Same, true));
        let by_hand = only(TEXT, &[live(None)]);
        assert_eq!((by_hand.state, by_hand.was_applied), (State::Same, false));
    }

    #[test]
    fn what_changes_is_shown_line_by_line() {
        let text = TEXT.replace("MyApp", "Other").replace("port: 80", "port: 80\n    targetPort: 9376");
        for applied in [Some(TEXT), None] {
            let changed = only(&text, &[live(applied)]);
            let lines: Vec<(Sign, &str)> =
                changed.lines.iter().map(|(sign, line)| (*sign, line.trim())).collect();
            assert_eq!(changed.state, State::Changed);
            assert!(lines.contains(&(Sign::Goes, "app: MyApp")), "{lines:?}");
            assert!(lines.contains(&(Sign::Comes, "app: Other")), "{lines:?}");
            assert!(lines.contains(&(Sign::Comes, "targetPort: 9376")), "{lines:?}");
            assert!(lines.contains(&(Sign::Stays, "- port: 80")), "{lines:?}");
        }
    }
}
