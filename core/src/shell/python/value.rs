//! Values, and the heap where those live that can change or hold others. Knows no instructions.

use super::class;
use crate::base::{Fd, FlatMap, Text};
use std::net::SocketAddr;
use std::sync::Arc;

/// A place on the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub u32);

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Str(Text),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A class.
    Type(&'static str),
    /// A function of ours.
    Native(&'static str),
    /// A module.
    Module(&'static str),
    /// Something on the heap.
    Ref(Id),
}

/// Something on the heap.
#[derive(Debug, Clone)]
pub enum Object {
    /// Nothing: may be used again.
    Free,
    /// A tuple.
    Tuple(Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// A dict, set, counter.
    Dict(Dict),
    /// The keys, values or items of a dict when they were asked for: its class.
    View(&'static str, Vec<Value>),
    /// A program's function: code, defaults, what is around it.
    Function(usize, Vec<Value>, Option<Id>),
    /// The local variables of a call, and those around it.
    Scope(Vec<Option<Value>>, Option<Id>),
    /// An exception.
    Exception(Exception),
    /// A socket.
    Socket(Socket),
    /// What a loop goes through, and how far it is; the class.
    Iterator(&'static str, Value, usize),
    /// Start, stop, step.
    Range(i64, i64, i64),
    /// Start, stop, step.
    Slice([Value; 3]),
    /// A method of a value.
    Method(Value, Text),
    /// An open file: its name, its content, and how far it is read; the largest number when it is closed.
    File(Text, Arc<[u8]>, usize),
}

/// An exception.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Its class.
    pub class: &'static str,
    /// What it was made with.
    pub args: Vec<Value>,
    /// Where it was raised, outermost first: code, and instruction.
    pub trace: Vec<(usize, usize)>,
    /// What was being handled when it was raised.
    pub context: Option<Id>,
    /// What it was raised from.
    pub cause: Option<Id>,
    /// Frames of the library that it went through, below all others.
    pub library: &'static str,
}

/// A socket.
#[derive(Debug, Clone, Default)]
pub struct Socket {
    /// Its descriptor; none once it is closed.
    pub fd: Option<Fd>,
    /// Whether it sends datagrams.
    pub datagrams: bool,
    /// How long its calls wait, in nanoseconds.
    pub timeout: Option<u64>,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it no longer sends.
    pub shut: bool,
    /// A port that it was bound to.
    pub bound: Option<u16>,
    /// Datagrams that came while another socket was waited for.
    pub inbox: Vec<(SocketAddr, Arc<[u8]>)>,
}

/// What a key is, for lookups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `None`
    None,
    /// Whole numbers and truth values, and floats that are whole.
    Int(i64),
    /// Other floats, by their bits.
    Float(u64),
    /// A string.
    Str(Text),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A tuple.
    Tuple(Vec<Key>),
    /// A class, function or module.
    Named(&'static str),
    /// What is equal only to itself.
    Ref(Id),
}

/// A dict in the order of insertion. Sets are dicts without values.
#[derive(Debug, Clone, Default)]
pub struct Dict {
    /// `dict`, `set`, `Counter`, `defaultdict`
    pub class: &'static str,
    /// What makes a value that is missing.
    pub factory: Option<Value>,
    entries: Vec<Option<(Value, Value)>>,
    index: FlatMap<Key, usize>,
}

impl Dict {
    /// An empty one.
    pub fn new(class: &'static str) -> Dict {
        Dict { class, ..Dict::default() }
    }

    /// How many it holds.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        let at = self.index.get(key)?;
        self.entries.get(*at)?.as_ref().map(|(_, value)| value)
    }

    /// A key as it was given, and its value.
    pub fn entry(&self, key: &Key) -> Option<&(Value, Value)> {
        let at = self.index.get(key)?;
        self.entries.get(*at)?.as_ref()
    }

    /// Where a key stands.
    pub fn place(&self, key: &Key) -> usize {
        self.index.get(key).copied().unwrap_or(0)
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: Key, shown: Value, value: Value) {
        match self.index.get(&key) {
            Some(at) => {
                if let Some(Some(entry)) = self.entries.get_mut(*at) {
                    entry.1 = value;
                }
            }
            None => {
                self.index.insert(key, self.entries.len());
                self.entries.push(Some((shown, value)));
            }
        }
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &Key) -> Option<(Value, Value)> {
        let at = self.index.remove(key)?;
        let taken = self.entries.get_mut(at).and_then(Option::take);
        if self.entries.len() > 32 && self.index.len() * 2 < self.entries.len() {
            let mut moved = vec![0; self.entries.len()];
            let mut n = 0;
            for (entry, to) in self.entries.iter().zip(&mut moved) {
                *to = n;
                n += usize::from(entry.is_some());
            }
            self.entries.retain(Option::is_some);
            self.index.values_mut().for_each(|at| *at = moved.get(*at).copied().unwrap_or(0));
        }
        taken
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(Value, Value)> {
        self.entries.iter().flatten()
    }

    /// Keys for lookups.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.index.keys()
    }
}

/// Why an instruction did not do its work.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An exception of a class, with what it is made with.
    New(&'static str, Vec<Value>),
    /// An exception that is there.
    Raised(Id),
}

/// What an instruction comes to.
pub type Res<T> = Result<T, Fault>;

/// An exception with words.
pub fn fault(class: &'static str, words: impl Into<String>) -> Fault {
    Fault::New(class, vec![Value::Str(words.into().into())])
}

/// A `TypeError`.
pub fn type_error<T>(words: impl Into<String>) -> Res<T> {
    Err(fault("TypeError", words))
}

/// A `ValueError`.
pub fn value_error<T>(words: impl Into<String>) -> Res<T> {
    Err(fault("ValueError", words))
}

/// An `OSError` of a number with its words.
pub fn os_error(number: i32, words: &str) -> Fault {
    Fault::New(class::of_errno(number), vec![Value::Int(number.into()), Value::Str(words.into())])
}

/// Characters of one string.
pub const MAX_TEXT: usize = 1 << 20;
/// Elements of one list.
pub const MAX_ITEMS: usize = 1 << 18;
/// Bytes that all values may take.
const MAX_LIVE: usize = 1 << 24;
/// Bytes that are made before the heap is looked through.
const MIN_PAUSE: usize = 1 << 21;
/// What an object is counted as, besides what it holds.
const OBJECT_SIZE: usize = 96;
const VALUE_SIZE: usize = size_of::<Value>();

/// The heap.
#[derive(Debug, Clone, Default)]
pub struct Heap {
    objects: Vec<Object>,
    free: Vec<u32>,
    made: usize,
    pause: usize,
}

impl Heap {
    /// Puts something there.
    pub fn put(&mut self, object: Object) -> Value {
        Value::Ref(self.put_id(object))
    }

    /// As [`Heap::put`].
    pub fn put_id(&mut self, object: Object) -> Id {
        self.made += size(&object);
        match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.objects.get_mut(at as usize) {
                    *place = object;
                }
                Id(at)
            }
            None => {
                self.objects.push(object);
                Id(u32::try_from(self.objects.len() - 1).unwrap_or(u32::MAX))
            }
        }
    }

    /// What is there.
    pub fn get(&self, id: Id) -> &Object {
        self.objects.get(id.0 as usize).unwrap_or(&Object::Free)
    }

    /// What is there, to be changed.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut Object> {
        self.objects.get_mut(id.0 as usize)
    }

    /// All sockets.
    pub fn sockets(&mut self) -> impl Iterator<Item = &mut Socket> {
        self.objects.iter_mut().filter_map(|object| match object {
            Object::Socket(socket) => Some(socket),
            _ => None,
        })
    }

    /// What a value refers to.
    pub fn of(&self, value: &Value) -> Option<&Object> {
        if let Value::Ref(id) = value { Some(self.get(*id)) } else { None }
    }

    /// Counts what was added to something.
    pub fn grow(&mut self, values: usize) {
        self.made += values * VALUE_SIZE;
    }

    /// A string, if it is not too long.
    pub fn text(&mut self, text: impl Into<Text>) -> Res<Value> {
        let text = text.into();
        self.room(text.len(), MAX_TEXT)?;
        self.made += text.len();
        Ok(Value::Str(text))
    }

    /// Bytes, if they are not too many.
    pub fn bytes(&mut self, bytes: impl Into<Arc<[u8]>>) -> Res<Value> {
        let bytes = bytes.into();
        self.room(bytes.len(), MAX_TEXT)?;
        self.made += bytes.len();
        Ok(Value::Bytes(bytes))
    }

    /// A tuple.
    pub fn tuple(&mut self, values: Vec<Value>) -> Value {
        self.put(Object::Tuple(values))
    }

    /// A list, if it is not too long.
    pub fn list(&mut self, values: Vec<Value>) -> Res<Value> {
        self.room(values.len(), MAX_ITEMS)?;
        Ok(self.put(Object::List(values)))
    }

    /// Whether so much fits.
    pub fn room(&self, wanted: usize, limit: usize) -> Res<()> {
        if wanted > limit { Err(Fault::New("MemoryError", Vec::new())) } else { Ok(()) }
    }

    /// Whether enough was made to look what is still used.
    pub fn is_due(&self) -> bool {
        self.made > self.pause.max(MIN_PAUSE)
    }

    /// Frees what cannot be reached from the roots; tells the descriptors of sockets that went.
    pub fn collect<'v>(&mut self, roots: impl Iterator<Item = &'v Value>, ids: &[Id]) -> Res<Vec<Fd>> {
        let mut marked = vec![false; self.objects.len()];
        let mut seen: FlatMap<usize, usize> = FlatMap::new();
        let mut work: Vec<Id> = ids.to_vec();
        roots.for_each(|value| note(value, &mut work, &mut seen));
        while let Some(id) = work.pop() {
            let Some(mark) = marked.get_mut(id.0 as usize) else { continue };
            if !std::mem::replace(mark, true) {
                children(self.get(id), &mut |value| note(value, &mut work, &mut seen));
                scopes(self.get(id), &mut work);
            }
        }
        let mut closed = Vec::new();
        let mut live = seen.values().sum::<usize>();
        self.free.clear();
        for (at, mark) in marked.iter().enumerate() {
            let Some(object) = self.objects.get_mut(at) else { continue };
            if *mark {
                live += size(object);
                continue;
            }
            if let Object::Socket(socket) = object {
                closed.extend(socket.fd);
            }
            *object = Object::Free;
            self.free.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        self.made = live;
        self.pause = live * 2;
        self.room(live, MAX_LIVE)?;
        Ok(closed)
    }
}

fn note(value: &Value, work: &mut Vec<Id>, seen: &mut FlatMap<usize, usize>) {
    match value {
        Value::Ref(id) => work.push(*id),
        Value::Str(text) if text.len() > 64 => drop(seen.insert(text.as_ptr() as usize, text.len())),
        Value::Bytes(bytes) if bytes.len() > 64 => drop(seen.insert(bytes.as_ptr() as usize, bytes.len())),
        _ => {}
    }
}

fn size(object: &Object) -> usize {
    let values = match object {
        Object::Tuple(values) | Object::List(values) | Object::View(_, values) => values.len(),
        Object::Dict(dict) => dict.entries.len() * 6,
        Object::Scope(values, _) => values.len(),
        Object::File(_, content, ..) => content.len() / VALUE_SIZE,
        _ => 0,
    };
    OBJECT_SIZE + values * VALUE_SIZE
}

fn children(object: &Object, visit: &mut dyn FnMut(&Value)) {
    match object {
        Object::Tuple(values)
        | Object::List(values)
        | Object::View(_, values)
        | Object::Function(_, values, _) => {
            values.iter().for_each(visit);
        }
        Object::Dict(dict) => {
            dict.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            });
            dict.factory.iter().for_each(visit);
        }
        Object::Scope(values, _) => values.iter().flatten().for_each(visit),
        Object::Exception(exception) => exception.args.iter().for_each(visit),
        Object::Iterator(_, value, _) | Object::Method(value, _) => visit(value),
        Object::Slice(parts) => parts.iter().for_each(visit),
        Object::Free | Object::Socket(_) | Object::Range(..) | Object::File(..) => {}
    }
}

fn scopes(object: &Object, work: &mut Vec<Id>) {
    match object {
        Object::Function(_, _, scope) | Object::Scope(_, scope) => work.extend(*scope),
        Object::Exception(exception) => work.extend(exception.context.iter().chain(&exception.cause)),
        _ => {}
    }
}
