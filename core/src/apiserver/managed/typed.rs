//! Trees as what their types say: which values are of one piece, and which lists are of items with keys.
//!
//! Models: structured-merge-diff `typed/{compare,tofieldset,merge,remove}.go`.

use crate::api::fields::Shape;
use crate::api::managed::{Fields, Step};
use crate::api::merge_keys::{self, Lists};
use crate::base::{FlatMap, FlatSet, order};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The type of a value, as server-side apply takes it.
#[derive(Debug, Clone, Copy)]
pub enum Type<'a> {
    /// Of one piece.
    Leaf,
    /// A struct, whose fields have names.
    Struct(&'a Shape),
    /// A map, whose keys are data.
    Map(&'a Shape),
    /// A list of items with keys.
    Items(&'a Shape, &'static [&'static str]),
    /// A list that is a set.
    Set,
}

impl<'a> Type<'a> {
    /// The type of a whole object.
    pub fn root(shape: &'a Shape) -> Type<'a> {
        Type::of(shape, "", "")
    }

    fn of(shape: &'a Shape, of: &str, field: &str) -> Type<'a> {
        match shape {
            Shape::Struct(_) if !merge_keys::is_atomic_struct(shape.struct_name()) => Type::Struct(shape),
            Shape::Map(inner) if !merge_keys::is_atomic_map(of, field) => Type::Map(inner),
            Shape::List(inner) => match merge_keys::lists(of, field) {
                Lists::Atomic => Type::Leaf,
                Lists::Set => Type::Set,
                Lists::Keys(keys) => Type::Items(inner, keys),
            },
            _ => Type::Leaf,
        }
    }

    /// The type one key down, and the step there.
    fn key(self, key: &str) -> (Type<'a>, Step) {
        let unknown = || Step::Field(Cow::Owned(key.to_string()));
        match self {
            Type::Struct(shape) => shape.field(key).map_or_else(
                || (Type::Leaf, unknown()),
                |field| {
                    (Type::of(&field.shape, shape.struct_name(), key), Step::Field(Cow::Borrowed(field.name)))
                },
            ),
            Type::Map(inner) => (Type::of(inner, "", ""), unknown()),
            _ => (Type::Leaf, unknown()),
        }
    }

    /// The step to an item of a list.
    fn step(self, item: &Value) -> Step {
        let Type::Items(_, keys) = self else { return Step::Value(item.to_string()) };
        let mut found = Map::new();
        for key in keys {
            let value = item.get(key).filter(|v| !v.is_null()).cloned();
            if let Some(value) = value.or_else(|| merge_keys::default_of_key(key).map(Value::from)) {
                found.insert((*key).to_string(), value);
            }
        }
        Step::Item(Value::Object(found).to_string())
    }

    fn item(self) -> Type<'a> {
        if let Type::Items(inner, _) = self { Type::of(inner, "", "") } else { Type::Leaf }
    }

    fn is_map(self) -> bool {
        matches!(self, Type::Struct(_) | Type::Map(_))
    }

    fn is_list(self) -> bool {
        matches!(self, Type::Items(..) | Type::Set)
    }
}

/// Fields at the root and in `metadata` that nobody manages.
const UNMANAGED: [&str; 2] = ["apiVersion", "kind"];
const UNMANAGED_METADATA: [&str; 9] = [
    "clusterName",
    "creationTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What a write did to the fields.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// What is new or has another value.
    pub changed: Fields,
    /// What is gone.
    pub removed: Fields,
}

/// Compares two objects but for the fields that nobody manages and the part `but` (`status` or `spec`).
pub fn compare(shape: &Shape, old: &Value, new: &Value, but: &str) -> Difference {
    let all = Type::root(shape);
    let mut found = Difference::default();
    for field in keys(Some(old), Some(new)) {
        if UNMANAGED.contains(&field) || field == but {
            continue;
        }
        let (below, step) = all.key(field);
        let mut difference = below.compare(old.get(field), new.get(field));
        if field == "metadata" {
            (difference.changed, difference.removed) =
                (metadata(&difference.changed), metadata(&difference.removed));
        }
        found.changed.push(step.clone(), difference.changed);
        found.removed.push(step, difference.removed);
    }
    Difference { changed: found.changed.sorted(), removed: found.removed.sorted() }
}

/// The set of an applied object.
pub fn set_of(shape: &Shape, object: &Value, but: &str) -> Fields {
    let mut set = Fields::default();
    for (field, value) in object.as_object().into_iter().flatten() {
        if UNMANAGED.contains(&field.as_str()) || field == but {
            continue;
        }
        let (below, step) = Type::root(shape).key(field);
        let own = below.set_of(value);
        set.push(step, if field == "metadata" { metadata(&own) } else { own });
    }
    set.sorted()
}

fn metadata(all: &Fields) -> Fields {
    let mut kept = Fields::default();
    for (step, fields) in all.iter() {
        if !matches!(step, Step::Field(name) if UNMANAGED_METADATA.contains(&&**name)) {
            kept.push(step.clone(), fields.clone());
        }
    }
    kept
}

/// The keys of both maps, in order.
fn keys<'v>(old: Option<&'v Value>, new: Option<&'v Value>) -> Vec<&'v str> {
    let of = |value: Option<&'v Value>| value.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let mut all: Vec<&str> = of(old).chain(of(new)).map(String::as_str).collect();
    order::sort(&mut all);
    all.dedup();
    all
}

fn is_hollow(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

impl<'a> Type<'a> {
    fn compare(self, old: Option<&Value>, new: Option<&Value>) -> Difference {
        let mut found = Difference::default();
        let fits = |value: Option<&Value>| {
            is_hollow(value)
                || value.is_some_and(|v| if self.is_map() { v.is_object() } else { v.is_array() })
        };
        if matches!(self, Type::Leaf) || !fits(old) || !fits(new) || is_hollow(old) && is_hollow(new) {
            found.changed.member = new.is_some() && new != old;
            found.removed.member = new.is_none() && old.is_some();
            return found;
        }
        let mut add = |step: Step, below: Difference| {
            found.changed.push(step.clone(), below.changed);
            found.removed.push(step, below.removed);
        };
        if self.is_map() {
            for key in keys(old, new) {
                let (below, step) = self.key(key);
                add(step, below.compare(old.and_then(|v| v.get(key)), new.and_then(|v| v.get(key))));
            }
        } else {
            let mut both: FlatMap<Step, (Option<&Value>, Option<&Value>)> = FlatMap::new();
            for item in items(old) {
                both.entry(self.step(item)).or_default().0 = Some(item);
            }
            for item in items(new) {
                both.entry(self.step(item)).or_default().1 = Some(item);
            }
            for (step, (old, new)) in both {
                add(step, self.item().compare(old, new));
            }
        }
        found.changed.member = old.is_none();
        found.removed.member = new.is_none();
        Difference { changed: found.changed.sorted(), removed: found.removed.sorted() }
    }

    fn set_of(self, value: &Value) -> Fields {
        let mut set = Fields::default();
        match (self, value) {
            (Type::Struct(_) | Type::Map(_), Value::Object(map)) => {
                for (key, value) in map {
                    let (below, step) = self.key(key);
                    let mut own = below.set_of(value);
                    own.member |= is_hollow(Some(value)) && !value.is_array() || matches!(self, Type::Map(_));
                    set.push(step, own);
                }
            }
            (Type::Items(..) | Type::Set, Value::Array(list)) => {
                for item in list {
                    let mut own = self.item().set_of(item);
                    own.member = true;
                    set.push(self.step(item), own);
                }
            }
            (Type::Leaf, _) => set.member = true,
            _ => {}
        }
        set.sorted()
    }

    /// What comes of an applied value where there is one already.
    pub fn merge(self, live: Option<&Value>, applied: &Value) -> Value {
        match (self, live, applied) {
            (Type::Struct(_) | Type::Map(_), Some(Value::Object(live)), Value::Object(applied)) => {
                let mut merged = live.clone();
                for (key, value) in applied {
                    let made = self.key(key).0.merge(live.get(key), value);
                    merged.insert(key.clone(), made);
                }
                Value::Object(merged)
            }
            (Type::Items(..) | Type::Set, Some(Value::Array(live)), Value::Array(applied)) => {
                self.merge_items(live, applied)
            }
            (_, Some(live), Value::Null) => live.clone(),
            _ => applied.clone(),
        }
    }

    /// Items in the order in which they are applied; those that only the live list has keep their places between.
    fn merge_items(self, live: &[Value], applied: &[Value]) -> Value {
        let left: Vec<Step> = live.iter().map(|item| self.step(item)).collect();
        let right: Vec<Step> = applied.iter().map(|item| self.step(item)).collect();
        let by_step: FlatMap<&Step, &Value> = left.iter().zip(live).collect();
        let wanted: FlatSet<&Step> = right.iter().collect();
        let mut shared = right.iter().filter(|step| by_step.contains_key(step)).peekable();
        let (mut l, mut r) = (left.iter().zip(live).peekable(), right.iter().zip(applied).peekable());
        let mut merged = Vec::new();
        while l.peek().is_some() || r.peek().is_some() {
            if let Some((step, item)) = l.peek() {
                let is_wanted = wanted.contains(step);
                if !is_wanted {
                    merged.push((*item).clone());
                    l.next();
                    continue;
                }
                let is_next = shared.peek().is_none_or(|next| next == step);
                if r.peek().is_none() || !is_next {
                    l.next();
                    continue;
                }
            }
            if let Some((step, item)) = r.next() {
                merged.push(self.item().merge(by_step.get(step).copied(), item));
                if shared.peek() == Some(&step) {
                    shared.next();
                }
                if l.peek().is_some_and(|(own, _)| *own == step) {
                    l.next();
                }
            }
        }
        Value::Array(merged)
    }

    /// The value without some fields; `None` when nothing is left.
    pub fn without(self, value: &Value, gone: &Fields) -> Option<Value> {
        match value {
            Value::Object(map) if self.is_map() => {
                let mut kept = Map::new();
                for (key, value) in map {
                    let (below, step) = self.key(key);
                    match gone.below(&step) {
                        Some(fields) if fields.member => {}
                        Some(fields) => {
                            drop(below.without(value, fields).map(|value| kept.insert(key.clone(), value)))
                        }
                        None => drop(kept.insert(key.clone(), value.clone())),
                    }
                }
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(list) if self.is_list() => {
                let left = list.iter().filter_map(|item| match gone.below(&self.step(item)) {
                    Some(fields) if fields.member => None,
                    Some(fields) => self.item().without(item, fields),
                    None => Some(item.clone()),
                });
                let left: Vec<Value> = left.collect();
                (!left.is_empty()).then_some(Value::Array(left))
            }
            _ => Some(value.clone()),
        }
    }

    /// The set with every named field on the way to its members.
    pub fn with_named(self, set: &Fields) -> Fields {
        let mut all = Fields::default();
        all.member = set.member;
        for (step, fields) in set.iter() {
            let (below, is_named) = match step {
                Step::Field(name) => (self.key(name).0, matches!(self, Type::Struct(_))),
                _ => (self.item(), false),
            };
            let mut own = below.with_named(fields);
            own.member |= is_named;
            all.push(step.clone(), own);
        }
        all
    }
}
