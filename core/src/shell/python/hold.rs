//! What values do on the heap: truth, equality, order, membership, elements, iteration, joining. Goes into what holds
//! others to a fixed depth. Knows no instructions.

use super::code::Binary;
use super::compute::{as_float, as_int};
use super::value::{Dict, Fault, Heap, Id, Key, MAX_ITEMS, Object, Res, Value, fault, type_error};
use crate::base::order;
use std::cmp::Ordering;

/// Lists within lists.
const MAX_DEPTH: usize = 100;

impl Heap {
    /// Whether a value counts as true.
    pub fn truth(&self, value: &Value) -> bool {
        match value {
            Value::None => false,
            Value::Bool(b) => *b,
            Value::Int(n) => *n != 0,
            Value::Float(x) => *x != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::Type(_) | Value::Native(_) | Value::Module(_) => true,
            Value::Ref(_) => self.length(value) != Some(0),
        }
    }

    /// How many elements a value has.
    pub fn length(&self, value: &Value) -> Option<usize> {
        match value {
            Value::Str(text) => Some(text.chars().count()),
            Value::Bytes(bytes) => Some(bytes.len()),
            Value::Ref(id) => match self.get(*id) {
                Object::Tuple(values) | Object::List(values) | Object::View(_, values) => Some(values.len()),
                Object::Dict(dict) => Some(dict.len()),
                Object::Range(start, stop, step) => Some(range_length(*start, *stop, *step)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a value is in lookups.
    pub fn key(&self, value: &Value) -> Res<Key> {
        self.key_at(value, 0)
    }

    fn key_at(&self, value: &Value, depth: usize) -> Res<Key> {
        Ok(match value {
            Value::None => Key::None,
            Value::Bool(_) | Value::Int(_) => Key::Int(as_int(value).unwrap_or(0)),
            Value::Float(x) if x.fract() == 0.0 && x.abs() < 9e18 => Key::Int(*x as i64),
            Value::Float(x) => Key::Float(x.to_bits()),
            Value::Str(text) => Key::Str(text.clone()),
            Value::Bytes(bytes) => Key::Bytes(bytes.clone()),
            Value::Type(name) | Value::Native(name) | Value::Module(name) => Key::Named(name),
            Value::Ref(id) => match self.get(*id) {
                Object::Tuple(values) if depth < MAX_DEPTH => {
                    let keys: Res<Vec<Key>> =
                        values.iter().map(|value| self.key_at(value, depth + 1)).collect();
                    Key::Tuple(keys?)
                }
                Object::List(_) | Object::Dict(_) | Object::Slice(_) => {
                    return type_error(format!("unhashable type: '{}'", self.class(value)));
                }
                _ => Key::Ref(*id),
            },
        })
    }

    /// Whether two values are equal.
    pub fn equal(&self, left: &Value, right: &Value, depth: usize) -> Res<bool> {
        if depth > MAX_DEPTH {
            return Err(fault("RecursionError", "maximum recursion depth exceeded in comparison"));
        }
        if let (Some(a), Some(b)) = (as_int(left), as_int(right)) {
            return Ok(a == b);
        }
        if let (Some(a), Some(b)) = (as_float(left), as_float(right)) {
            return Ok(a == b);
        }
        Ok(match (left, right) {
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::None, Value::None) => true,
            (Value::Type(a), Value::Type(b))
            | (Value::Native(a), Value::Native(b))
            | (Value::Module(a), Value::Module(b)) => a == b,
            (Value::Ref(a), Value::Ref(b)) if a == b => true,
            (Value::Ref(a), Value::Ref(b)) => match (self.get(*a), self.get(*b)) {
                (Object::List(a), Object::List(b)) | (Object::Tuple(a), Object::Tuple(b)) => {
                    self.all_equal(a, b, depth)?
                }
                (Object::Dict(a), Object::Dict(b)) => self.dicts_equal(a, b, depth)?,
                (Object::Range(..), Object::Range(..)) => {
                    self.all_equal(&self.items(left)?, &self.items(right)?, depth)?
                }
                _ => false,
            },
            _ => false,
        })
    }

    fn all_equal(&self, a: &[Value], b: &[Value], depth: usize) -> Res<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b) {
            if !self.equal(a, b, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn dicts_equal(&self, a: &Dict, b: &Dict, depth: usize) -> Res<bool> {
        let sets = (a.class == "set", b.class == "set");
        if sets.0 != sets.1 || a.len() != b.len() {
            return Ok(false);
        }
        for (key, value) in a.iter() {
            match b.get(&self.key(key)?) {
                Some(other) if self.equal(value, other, depth + 1)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// How two values are ordered; `sign` is for the complaint. Nothing: not at all (`nan`, sets).
    pub fn order(&self, left: &Value, right: &Value, sign: &str, depth: usize) -> Res<Option<Ordering>> {
        if let (Some(a), Some(b)) = (as_int(left), as_int(right)) {
            return Ok(Some(a.cmp(&b)));
        }
        if let (Some(a), Some(b)) = (as_float(left), as_float(right)) {
            return Ok(a.partial_cmp(&b));
        }
        match (left, right) {
            (Value::Str(a), Value::Str(b)) => return Ok(Some(a.cmp(b))),
            (Value::Bytes(a), Value::Bytes(b)) => return Ok(Some(a.cmp(b))),
            (Value::Ref(a), Value::Ref(b)) => match (self.get(*a), self.get(*b)) {
                (Object::List(a), Object::List(b)) | (Object::Tuple(a), Object::Tuple(b))
                    if depth < MAX_DEPTH =>
                {
                    for (a, b) in a.iter().zip(b) {
                        if !self.equal(a, b, depth + 1)? {
                            return self.order(a, b, sign, depth + 1);
                        }
                    }
                    return Ok(Some(a.len().cmp(&b.len())));
                }
                (Object::Dict(a), Object::Dict(b)) if a.class == "set" && b.class == "set" => {
                    let common = a.keys().filter(|key| b.get(key).is_some()).count();
                    return Ok(match (common == a.len(), common == b.len()) {
                        (true, true) => Some(Ordering::Equal),
                        (true, false) => Some(Ordering::Less),
                        (false, true) => Some(Ordering::Greater),
                        (false, false) => None,
                    });
                }
                _ => {}
            },
            _ => {}
        }
        let (a, b) = (self.class(left), self.class(right));
        type_error(format!("'{sign}' not supported between instances of '{a}' and '{b}'"))
    }

    /// Whether something is in something.
    pub fn contains(&self, whole: &Value, part: &Value) -> Res<bool> {
        match (whole, part) {
            (Value::Str(text), Value::Str(part)) => return Ok(text.contains(&**part)),
            (Value::Str(_), _) => {
                let class = self.class(part);
                return type_error(format!("'in <string>' requires string as left operand, not {class}"));
            }
            (Value::Bytes(text), Value::Bytes(part)) => {
                return Ok(part.is_empty() || text.windows(part.len()).any(|window| *window == **part));
            }
            (Value::Ref(id), _) => {
                if let Object::Dict(dict) = self.get(*id) {
                    return Ok(dict.get(&self.key(part)?).is_some());
                }
                if let (Object::Range(start, stop, step), Some(n)) = (self.get(*id), as_int(part)) {
                    let within = if *step > 0 { *start <= n && n < *stop } else { *stop < n && n <= *start };
                    let apart = i128::from(n) - i128::from(*start);
                    return Ok(within && apart % i128::from(*step) == 0);
                }
            }
            _ => {}
        }
        let Ok(values) = self.items(whole) else {
            return type_error(format!("argument of type '{}' is not iterable", self.class(whole)));
        };
        for value in &values {
            if self.equal(value, part, 0)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All elements of a value.
    pub fn items(&self, value: &Value) -> Res<Vec<Value>> {
        if self.length(value).is_some_and(|length| length > MAX_ITEMS) {
            return Err(Fault::New("MemoryError", Vec::new()));
        }
        Ok(match value {
            Value::Str(text) => text.chars().map(|c| Value::Str(c.to_string().into())).collect(),
            Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Int((*byte).into())).collect(),
            Value::Ref(id) => match self.get(*id) {
                Object::Tuple(values) | Object::List(values) | Object::View(_, values) => values.clone(),
                Object::Dict(dict) => dict.iter().map(|(key, _)| key.clone()).collect(),
                Object::Range(start, stop, step) => {
                    let count = range_length(*start, *stop, *step) as i64;
                    (0..count).map(|n| Value::Int(start + n * step)).collect()
                }
                Object::Iterator(_, over, at) => self.items(over)?.into_iter().skip(*at).collect(),
                Object::File(_, content, at) => {
                    let text = String::from_utf8_lossy(content.get(*at..).unwrap_or_default()).into_owned();
                    text.split_inclusive('\n').map(|line| Value::Str(line.into())).collect()
                }
                _ => return self.not_iterable(value),
            },
            _ => return self.not_iterable(value),
        })
    }

    fn not_iterable<T>(&self, value: &Value) -> Res<T> {
        let class = self.class(value);
        type_error(format!("'{class}' object is not iterable"))
    }

    /// An iterator over a value.
    pub fn iterate(&mut self, value: Value) -> Res<Value> {
        let class = match self.of(&value) {
            Some(Object::Iterator(..)) => return Ok(value),
            Some(Object::List(_)) => "list_iterator",
            Some(Object::Range(..)) => "range_iterator",
            _ => "iterator",
        };
        if class == "iterator" {
            let items = self.items(&value)?;
            let items = self.list(items)?;
            return Ok(self.put(Object::Iterator(class, items, 0)));
        }
        Ok(self.put(Object::Iterator(class, value, 0)))
    }

    /// The next element of an iterator.
    pub fn advance(&mut self, id: Id) -> Res<Option<Value>> {
        let Object::Iterator(_, over, at) = self.get(id) else { return Ok(None) };
        let at = *at;
        let next = match self.of(over) {
            Some(Object::List(values) | Object::Tuple(values)) => values.get(at).cloned(),
            Some(Object::Range(start, stop, step)) if at < range_length(*start, *stop, *step) => {
                Some(Value::Int(start + at as i64 * step))
            }
            _ => None,
        };
        if let (Some(_), Some(Object::Iterator(_, _, at))) = (&next, self.get_mut(id)) {
            *at += 1;
        }
        Ok(next)
    }

    /// Adds an element to a list or set.
    pub fn append(&mut self, to: &Value, value: Value) -> Res<()> {
        let key = match self.of(to) {
            Some(Object::Dict(_)) => Some(self.key(&value)?),
            _ => None,
        };
        self.grow(if key.is_some() { 6 } else { 1 });
        let Value::Ref(id) = to else { return Ok(()) };
        match (self.get_mut(*id), key) {
            (Some(Object::List(values)), _) if values.len() >= MAX_ITEMS => {
                return Err(Fault::New("MemoryError", Vec::new()));
            }
            (Some(Object::List(values)), _) => values.push(value),
            (Some(Object::Dict(dict)), Some(_)) if dict.len() >= MAX_ITEMS => {
                return Err(Fault::New("MemoryError", Vec::new()));
            }
            (Some(Object::Dict(dict)), Some(key)) => dict.insert(key, value, Value::None),
            _ => {}
        }
        Ok(())
    }

    /// A set of values.
    pub fn set_of(&mut self, values: Vec<Value>) -> Res<Value> {
        let mut set = Dict::new("set");
        for value in values {
            set.insert(self.key(&value)?, value, Value::None);
        }
        Ok(self.put(Object::Dict(set)))
    }

    /// Operators that join: strings, bytes, lists, tuples, sets, counters.
    pub fn joined(&mut self, op: Binary, left: &Value, right: &Value, in_place: bool) -> Res<Option<Value>> {
        match (op, left, right) {
            (Binary::Add, Value::Str(a), Value::Str(b)) => {
                let text = [&**a, &**b].concat();
                return self.text(text).map(Some);
            }
            (Binary::Add, Value::Bytes(a), Value::Bytes(b)) => {
                let bytes = [&**a, &**b].concat();
                return self.bytes(bytes).map(Some);
            }
            (Binary::Mod, Value::Str(template), _) => {
                return super::percent::format(self, template, right).map(Some);
            }
            (Binary::Mul, _, _) => return self.repeated(left, right),
            _ => {}
        }
        let sequences = match (self.of(left), self.of(right)) {
            (Some(Object::List(_)), _) if op == Binary::Add && in_place => {
                let Ok(more) = self.items(right) else { return Ok(None) };
                for value in more {
                    self.append(left, value)?;
                }
                return Ok(Some(left.clone()));
            }
            (Some(Object::List(a)), Some(Object::List(b))) if op == Binary::Add => Ok([&**a, &**b].concat()),
            (Some(Object::Tuple(a)), Some(Object::Tuple(b))) if op == Binary::Add => {
                Err([&**a, &**b].concat())
            }
            (Some(Object::Dict(a)), Some(Object::Dict(b))) => {
                let dict = merged(op, a, b);
                return Ok(dict.map(|dict| self.put(Object::Dict(dict))));
            }
            _ => return Ok(None),
        };
        match sequences {
            Ok(list) => self.list(list).map(Some),
            Err(tuple) => {
                self.room(tuple.len(), MAX_ITEMS)?;
                Ok(Some(self.tuple(tuple)))
            }
        }
    }

    fn repeated(&mut self, left: &Value, right: &Value) -> Res<Option<Value>> {
        let (sequence, times) = match (as_int(left), as_int(right)) {
            (None, Some(times)) => (left, times),
            (Some(times), None) => (right, times),
            _ => return Ok(None),
        };
        let times = usize::try_from(times).unwrap_or(0);
        let total = |length: usize, limit: usize| {
            let all = length.checked_mul(times).filter(|all| *all <= limit);
            all.ok_or(Fault::New("MemoryError", Vec::new()))
        };
        match sequence {
            Value::Str(text) => {
                total(text.len(), super::value::MAX_TEXT)?;
                let text = text.repeat(times);
                return self.text(text).map(Some);
            }
            Value::Bytes(bytes) => {
                total(bytes.len(), super::value::MAX_TEXT)?;
                let bytes = bytes.repeat(times);
                return self.bytes(bytes).map(Some);
            }
            _ => {}
        }
        let (values, is_list) = match self.of(sequence) {
            Some(Object::List(values)) => (values, true),
            Some(Object::Tuple(values)) => (values, false),
            _ => return Ok(None),
        };
        total(values.len(), MAX_ITEMS)?;
        let values: Vec<Value> = std::iter::repeat_n(values, times).flatten().cloned().collect();
        if is_list { self.list(values).map(Some) } else { Ok(Some(self.tuple(values))) }
    }
}

/// How many numbers a range has.
pub fn range_length(start: i64, stop: i64, step: i64) -> usize {
    let (low, high) = if step > 0 { (start, stop) } else { (stop, start) };
    if low >= high {
        return 0;
    }
    let span = (i128::from(high) - i128::from(low) - 1) / i128::from(step.unsigned_abs().max(1)) + 1;
    usize::try_from(span).unwrap_or(usize::MAX)
}

/// Two sets, dicts or counters as one.
fn merged(op: Binary, a: &Dict, b: &Dict) -> Option<Dict> {
    let sets = a.class == "set" && b.class == "set";
    let mut out = Dict::new(a.class);
    let take = |out: &mut Dict, from: &Dict, wanted: &dyn Fn(&Key) -> bool| {
        let mut entries: Vec<(&Key, &(Value, Value))> = Vec::new();
        for key in from.keys() {
            if wanted(key)
                && let Some(entry) = from.entry(key)
            {
                entries.push((key, entry));
            }
        }
        order::sort_by_key(&mut entries, |(key, _)| from.place(key));
        for (key, (shown, value)) in entries {
            out.insert(key.clone(), shown.clone(), value.clone());
        }
    };
    match (op, sets) {
        (Binary::Or, _) => {
            take(&mut out, a, &|_| true);
            take(&mut out, b, &|_| true);
        }
        (Binary::And, true) => take(&mut out, a, &|key| b.get(key).is_some()),
        (Binary::Sub, true) => take(&mut out, a, &|key| b.get(key).is_none()),
        (Binary::Xor, true) => {
            take(&mut out, a, &|key| b.get(key).is_none());
            take(&mut out, b, &|key| a.get(key).is_none());
        }
        (Binary::Add, false) if a.class == "Counter" && b.class == "Counter" => {
            take(&mut out, a, &|_| true);
            let entries: Vec<(Key, Value, Value)> = b
                .keys()
                .filter_map(|key| {
                    b.entry(key).map(|(shown, value)| (key.clone(), shown.clone(), value.clone()))
                })
                .collect();
            for (key, shown, value) in entries {
                let sum = match (out.get(&key), &value) {
                    (Some(Value::Int(a)), Value::Int(b)) => Value::Int(a.saturating_add(*b)),
                    _ => value,
                };
                out.insert(key, shown, sum);
            }
        }
        _ => return None,
    }
    Some(out)
}
