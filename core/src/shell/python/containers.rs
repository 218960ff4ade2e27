//! Methods and attributes: which a value has, and those of lists, dicts, sets and files.

use super::call::Named;
use super::compute::as_int;
use super::machine::{After, Called, Machine};
use super::value::{Dict, Fault, Heap, Id, Object, Res, Value, fault, type_error};
use super::{class, module, socket, strings, strings_more};
use crate::base::order;
use crate::process::Cx;

const LIST: &[&str] =
    &["append", "extend", "insert", "pop", "remove", "clear", "index", "count", "sort", "reverse", "copy"];
const TUPLE: &[&str] = &["index", "count"];
const DICT: &[&str] = &["get", "items", "keys", "values", "pop", "setdefault", "update", "clear", "copy"];
const COUNTER: &[&str] = &[
    "get",
    "items",
    "keys",
    "values",
    "pop",
    "setdefault",
    "update",
    "clear",
    "copy",
    "most_common",
    "elements",
    "total",
];
const SET: &[&str] = &[
    "add",
    "discard",
    "remove",
    "pop",
    "clear",
    "copy",
    "update",
    "union",
    "intersection",
    "difference",
    "issubset",
    "issuperset",
];
const FILE: &[&str] = &["read", "readline", "readlines", "close", "write"];
const STREAM: &[&str] = &["write", "flush", "isatty"];

/// The methods of a class.
fn methods(class: &str) -> &'static [&'static str] {
    match class {
        "str" => strings::STR,
        "bytes" => strings::BYTES,
        "list" => LIST,
        "tuple" => TUPLE,
        "dict" | "defaultdict" => DICT,
        "Counter" => COUNTER,
        "set" => SET,
        "socket" => socket::METHODS,
        "_io.TextIOWrapper" => FILE,
        _ => &[],
    }
}

impl Machine {
    /// An attribute of a value.
    pub(super) fn attribute(&mut self, object: Value, name: &str) -> Res<Value> {
        if let Value::Module(of) = object {
            return module::attribute(self, of, name);
        }
        let class = self.heap.class(&object);
        let known = match &object {
            Value::Native("sys.stdout" | "sys.stderr") => STREAM,
            Value::Type(of) => methods(of),
            _ => methods(class),
        };
        if known.contains(&name) {
            return Ok(self.heap.put(Object::Method(object, name.into())));
        }
        let found = match (&object, self.heap.of(&object)) {
            (Value::Type(of), _) if name == "__name__" => Some(Value::Str((*of).into())),
            (Value::Int(n), _) if name == "real" => Some(Value::Int(*n)),
            (_, Some(Object::Function(code, ..))) if name == "__name__" => {
                self.code(*code).map(|code| Value::Str(code.name.as_str().into()))
            }
            (_, Some(Object::Exception(exception))) => {
                let os = class::is_subclass(exception.class, "OSError") && exception.args.len() > 1;
                let arg = |at: usize| exception.args.get(at).filter(|_| os).cloned().unwrap_or(Value::None);
                match name {
                    "args" => {
                        let args = exception.args.clone();
                        Some(self.heap.tuple(args))
                    }
                    "errno" => Some(arg(0)),
                    "strerror" => Some(arg(1)),
                    "filename" => Some(arg(2)),
                    _ => None,
                }
            }
            (_, Some(Object::Socket(socket))) => socket.attribute(name),
            (_, Some(Object::File(path, ..))) if name == "name" => Some(Value::Str(path.clone())),
            _ if name == "__class__" => Some(Value::Type(class)),
            _ => None,
        };
        found.ok_or_else(|| {
            let mut words = match &object {
                Value::Type(of) => format!("type object '{of}' has no attribute '{name}'"),
                _ => format!("'{class}' object has no attribute '{name}'"),
            };
            if let Some(close) = super::hint::closest(name, known.iter().copied()) {
                words.push_str(&format!(". Did you mean: '{close}'?"));
            }
            fault("AttributeError", words)
        })
    }

    /// Calls a method.
    pub(super) fn method(
        &mut self,
        cx: &mut Cx<'_, '_>,
        object: Value,
        name: &str,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        let value = match &object {
            Value::Str(text) if name == "format" => {
                let text = super::format::template(&mut self.heap, text, &args, named)?;
                self.heap.text(text)?
            }
            Value::Str(text) => strings::method(&mut self.heap, text, name, &args, named)?,
            Value::Bytes(bytes) => strings_more::of_bytes(&mut self.heap, bytes, name, &args, named)?,
            Value::Type(_) => {
                let mut args = args.into_iter();
                let Some(first) = args.next() else {
                    return type_error(format!("unbound method {name}() needs an argument"));
                };
                if matches!(first, Value::Type(_)) {
                    return type_error(format!("descriptor '{name}' doesn't apply to a 'type' object"));
                }
                let function = self.attribute(first, name)?;
                return self.call(cx, &function, args.collect(), named);
            }
            Value::Native(stream) => {
                if name == "write"
                    && let Some(Value::Str(text)) = args.first()
                {
                    let text = text.to_string();
                    let n = text.chars().count();
                    self.write(if *stream == "sys.stderr" { 2 } else { 1 }, text);
                    Value::Int(n as i64)
                } else {
                    Value::None
                }
            }
            Value::Ref(id) => return self.object_method(cx, *id, name, args, named),
            _ => Value::None,
        };
        Ok(Called::Value(value))
    }

    fn object_method(
        &mut self,
        cx: &mut Cx<'_, '_>,
        id: Id,
        name: &str,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        let value = match self.heap.get(id) {
            Object::Socket(_) => return self.socket_method(cx, id, name, args),
            Object::File(..) => return self.file_method(id, name, &args).map(Called::Value),
            Object::List(values) if name == "sort" => {
                let items = values.clone();
                let word = |name: &str| named.iter().find(|(key, _)| &**key == name).map(|(_, value)| value);
                let function = word("key").cloned().unwrap_or(Value::None);
                let reverse = word("reverse").is_some_and(|value| self.heap.truth(value));
                let results = if let Value::None = function { items.clone() } else { Vec::new() };
                let after = After { name: "sort", function, items, results, reverse, target: Some(id) };
                return self.call_each(cx, after);
            }
            Object::List(_) | Object::Tuple(_) => self.heap.list_method(id, name, &args)?,
            Object::Dict(dict) if dict.class == "set" => self.heap.set_method(id, name, &args)?,
            Object::Dict(_) => self.heap.dict_method(id, name, &args, named)?,
            _ => Value::None,
        };
        Ok(Called::Value(value))
    }
}

fn wrong(name: &str, args: &[Value]) -> Res<Value> {
    type_error(format!("{name}() does not take these {} arguments", args.len()))
}

impl Heap {
    fn list_method(&mut self, id: Id, name: &str, args: &[Value]) -> Res<Value> {
        let object = Value::Ref(id);
        let items = match self.get(id) {
            Object::List(values) | Object::Tuple(values) => values.clone(),
            _ => Vec::new(),
        };
        match (name, args) {
            ("append", [value]) => self.append(&object, value.clone())?,
            ("append", _) => {
                return type_error(format!(
                    "list.append() takes exactly one argument ({} given)",
                    args.len()
                ));
            }
            ("extend", [more]) => {
                for value in self.items(more)? {
                    self.append(&object, value)?;
                }
            }
            ("index", [value, ..]) => {
                for (n, item) in items.iter().enumerate() {
                    if self.equal(item, value, 0)? {
                        return Ok(Value::Int(n as i64));
                    }
                }
                let shown = self.repr(value)?;
                return Err(fault("ValueError", format!("{shown} is not in list")));
            }
            ("count", [value]) => {
                let mut n = 0;
                for item in &items {
                    n += i64::from(self.equal(item, value, 0)?);
                }
                return Ok(Value::Int(n));
            }
            ("copy", []) => return self.list(items),
            ("remove", [value]) => {
                for (n, item) in items.iter().enumerate() {
                    if self.equal(item, value, 0)? {
                        if let Some(Object::List(values)) = self.get_mut(id) {
                            values.remove(n);
                        }
                        return Ok(Value::None);
                    }
                }
                return Err(fault("ValueError", "list.remove(x): x not in list"));
            }
            ("insert", [at, value]) => {
                let n = as_int(at).unwrap_or(0);
                let length = items.len() as i64;
                let at = (if n < 0 { n.saturating_add(length) } else { n }).clamp(0, length) as usize;
                self.append(&object, Value::None)?;
                if let Some(Object::List(values)) = self.get_mut(id) {
                    values.pop();
                    values.insert(at, value.clone());
                }
            }
            ("pop", [] | [_]) => return self.list_pop(id, items.len(), args.first().and_then(as_int)),
            _ => return self.list_change(id, name, args),
        }
        Ok(Value::None)
    }

    fn list_pop(&mut self, id: Id, length: usize, at: Option<i64>) -> Res<Value> {
        let Some(Object::List(values)) = self.get_mut(id) else { return Ok(Value::None) };
        if values.is_empty() {
            return Err(fault("IndexError", "pop from empty list"));
        }
        let n = at.unwrap_or(-1);
        let at = if n < 0 { n.saturating_add(length as i64) } else { n };
        match usize::try_from(at).ok().filter(|at| *at < length) {
            Some(at) => Ok(values.remove(at)),
            None => Err(fault("IndexError", "pop index out of range")),
        }
    }

    fn list_change(&mut self, id: Id, name: &str, args: &[Value]) -> Res<Value> {
        match (self.get_mut(id), name) {
            (Some(Object::List(values)), "clear") => values.clear(),
            (Some(Object::List(values)), "reverse") => values.reverse(),
            _ => return wrong(name, args),
        }
        Ok(Value::None)
    }

    fn dict_method(&mut self, id: Id, name: &str, args: &[Value], named: &Named) -> Res<Value> {
        let object = Value::Ref(id);
        let Object::Dict(dict) = self.get(id) else { return Ok(Value::None) };
        let class = dict.class;
        match (name, args) {
            ("get", [key, rest @ ..]) => {
                let found = dict.get(&self.key(key)?).cloned();
                return Ok(found.or_else(|| rest.first().cloned()).unwrap_or(Value::None));
            }
            ("keys", []) => {
                let keys = dict.iter().map(|(key, _)| key.clone()).collect();
                return Ok(self.put(Object::View("dict_keys", keys)));
            }
            ("values", []) => {
                let values = dict.iter().map(|(_, value)| value.clone()).collect();
                return Ok(self.put(Object::View("dict_values", values)));
            }
            ("items", []) => {
                let entries: Vec<(Value, Value)> = dict.iter().cloned().collect();
                let pairs = entries.into_iter().map(|(key, value)| self.tuple(vec![key, value])).collect();
                return Ok(self.put(Object::View("dict_items", pairs)));
            }
            ("copy", []) => {
                let copy = dict.clone();
                return Ok(self.put(Object::Dict(copy)));
            }
            ("pop", [key, rest @ ..]) => {
                let at = self.key(key)?;
                let Some(Object::Dict(dict)) = self.get_mut(id) else { return Ok(Value::None) };
                let taken = dict.remove(&at).map(|(_, value)| value);
                return taken
                    .or_else(|| rest.first().cloned())
                    .ok_or_else(|| Fault::New("KeyError", vec![key.clone()]));
            }
            ("setdefault", [key, rest @ ..]) => {
                if let Some(found) = dict.get(&self.key(key)?) {
                    return Ok(found.clone());
                }
                let value = rest.first().cloned().unwrap_or(Value::None);
                self.set_item(&object, key.clone(), value.clone())?;
                return Ok(value);
            }
            ("clear", []) => {
                if let Some(Object::Dict(dict)) = self.get_mut(id) {
                    let factory = dict.factory.take();
                    *dict = Dict::new(dict.class);
                    dict.factory = factory;
                }
            }
            ("update", [] | [_]) => self.update(&object, class, args.first(), named)?,
            ("most_common" | "elements" | "total", _) => return self.counted(id, name, args),
            _ => return wrong(name, args),
        }
        Ok(Value::None)
    }

    fn update(&mut self, object: &Value, class: &str, from: Option<&Value>, named: &Named) -> Res<()> {
        let entries = match from.and_then(|from| self.of(from)) {
            Some(Object::Dict(other)) if other.class != "set" => {
                Some(other.iter().cloned().collect::<Vec<_>>())
            }
            _ => None,
        };
        match (entries, from) {
            (Some(entries), _) => {
                for (key, value) in entries {
                    self.set_item(object, key, value)?;
                }
            }
            (None, Some(from)) if class == "Counter" => {
                let values = self.items(from)?;
                self.count(object, values)?;
            }
            (None, Some(from)) => {
                for pair in self.items(from)? {
                    if let [key, value] = self.items(&pair)?.as_slice() {
                        self.set_item(object, key.clone(), value.clone())?;
                    }
                }
            }
            (None, None) => {}
        }
        for (key, value) in named {
            self.set_item(object, Value::Str(key.clone()), value.clone())?;
        }
        Ok(())
    }

    /// Counts values in a `Counter`.
    pub fn count(&mut self, counter: &Value, values: Vec<Value>) -> Res<()> {
        for value in values {
            let now = self.item(counter, &value)?.as_ref().and_then(as_int).unwrap_or(0);
            self.set_item(counter, value, Value::Int(now.saturating_add(1)))?;
        }
        Ok(())
    }

    fn counted(&mut self, id: Id, name: &str, args: &[Value]) -> Res<Value> {
        let Object::Dict(dict) = self.get(id) else { return Ok(Value::None) };
        let mut entries: Vec<(Value, i64)> =
            dict.iter().map(|(key, value)| (key.clone(), as_int(value).unwrap_or(0))).collect();
        match name {
            "total" => Ok(Value::Int(entries.iter().fold(0i64, |sum, (_, n)| sum.saturating_add(*n)))),
            "elements" => {
                let total: usize = entries.iter().map(|(_, n)| usize::try_from(*n).unwrap_or(0)).sum();
                self.room(total, super::value::MAX_ITEMS)?;
                let repeat =
                    |(key, n): (Value, i64)| std::iter::repeat_n(key, usize::try_from(n).unwrap_or(0));
                let values = entries.into_iter().flat_map(repeat).collect();
                self.list(values)
            }
            _ => {
                order::sort_by_key(&mut entries, |(_, n)| std::cmp::Reverse(*n));
                let wanted = args.first().and_then(as_int).and_then(|n| usize::try_from(n).ok());
                entries.truncate(wanted.unwrap_or(usize::MAX));
                let pairs =
                    entries.into_iter().map(|(key, n)| self.tuple(vec![key, Value::Int(n)])).collect();
                self.list(pairs)
            }
        }
    }

    fn set_method(&mut self, id: Id, name: &str, args: &[Value]) -> Res<Value> {
        use super::code::Binary;
        let object = Value::Ref(id);
        let operator = match name {
            "union" => Some(Binary::Or),
            "intersection" => Some(Binary::And),
            "difference" => Some(Binary::Sub),
            _ => None,
        };
        let other = match (name, args) {
            ("union" | "intersection" | "difference" | "issubset" | "issuperset" | "update", [other]) => {
                let items = self.items(other)?;
                self.set_of(items)?
            }
            _ => Value::None,
        };
        if let Some(operator) = operator {
            let joined = self.joined(operator, &object, &other, false)?;
            return Ok(joined.unwrap_or(Value::None));
        }
        match (name, args) {
            ("add", [value]) => self.append(&object, value.clone())?,
            ("issubset", [_]) => {
                let order = self.order(&object, &other, "<=", 0)?;
                return Ok(Value::Bool(order.is_some_and(|order| order.is_le())));
            }
            ("issuperset", [_]) => {
                let order = self.order(&object, &other, ">=", 0)?;
                return Ok(Value::Bool(order.is_some_and(|order| order.is_ge())));
            }
            ("update", [_]) => {
                for value in self.items(&other)? {
                    self.append(&object, value)?;
                }
            }
            ("discard" | "remove", [value]) => {
                let key = self.key(value)?;
                let Some(Object::Dict(dict)) = self.get_mut(id) else { return Ok(Value::None) };
                if dict.remove(&key).is_none() && name == "remove" {
                    return Err(Fault::New("KeyError", vec![value.clone()]));
                }
            }
            ("pop", []) => {
                let first = self.items(&object)?.into_iter().next();
                let Some(first) = first else { return Err(fault("KeyError", "pop from an empty set")) };
                self.set_method(id, "discard", std::slice::from_ref(&first))?;
                return Ok(first);
            }
            ("copy", []) => {
                let items = self.items(&object)?;
                return self.set_of(items);
            }
            ("clear", []) => {
                if let Some(Object::Dict(dict)) = self.get_mut(id) {
                    *dict = Dict::new("set");
                }
            }
            _ => return wrong(name, args),
        }
        Ok(Value::None)
    }
}
