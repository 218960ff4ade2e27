//! Elements and slices: to be read, set and deleted.

use super::compute::as_int;
use super::value::{Fault, Heap, MAX_ITEMS, Object, Res, Value, fault, type_error, value_error};

/// Where a slice begins, how many elements it has, its step, and where it ends.
type Cut = (i64, usize, i64, i64);

impl Heap {
    /// An element; nothing: a dict has no such key.
    pub fn item(&mut self, object: &Value, index: &Value) -> Res<Option<Value>> {
        if let Some(Object::Dict(dict)) = self.of(object)
            && dict.class != "set"
        {
            return Ok(dict.get(&self.key(index)?).cloned());
        }
        if let Some(Object::Slice(parts)) = self.of(index) {
            let parts = parts.clone();
            return self.slice(object, &parts).map(Some);
        }
        let class = self.class(object);
        let Some(length) = self.length(object).filter(|_| class != "set") else {
            return type_error(format!("'{class}' object is not subscriptable"));
        };
        let at = self.position(class, index, length, "index")?;
        Ok(Some(match object {
            Value::Str(text) => {
                let found = if text.is_ascii() {
                    text.as_bytes().get(at).map(|byte| char::from(*byte))
                } else {
                    text.chars().nth(at)
                };
                Value::Str(found.map_or(String::new(), String::from).into())
            }
            Value::Bytes(bytes) => Value::Int(bytes.get(at).copied().unwrap_or(0).into()),
            _ => match self.of(object) {
                Some(Object::Tuple(values) | Object::List(values)) => {
                    values.get(at).cloned().unwrap_or(Value::None)
                }
                Some(Object::Range(start, _, step)) => Value::Int(start + at as i64 * step),
                _ => return type_error(format!("'{class}' object is not subscriptable")),
            },
        }))
    }

    /// An index as a position.
    fn position(&self, class: &str, index: &Value, length: usize, what: &str) -> Res<usize> {
        let shown = match class {
            "str" => "string",
            "bytes" => "byte",
            "range" => "range object",
            other => other,
        };
        let Some(n) = as_int(index) else {
            let got = self.class(index);
            let words = match class {
                "str" => format!("string indices must be integers, not '{got}'"),
                "range" => format!("range indices must be integers or slices, not {got}"),
                _ => format!("{shown} indices must be integers or slices, not {got}"),
            };
            return type_error(words);
        };
        let at = if n < 0 { n.saturating_add(length as i64) } else { n };
        match usize::try_from(at).ok().filter(|at| *at < length) {
            Some(at) => Ok(at),
            None if class == "bytes" => Err(fault("IndexError", "index out of range")),
            None => Err(fault("IndexError", format!("{shown} {what} out of range"))),
        }
    }

    fn cut(&self, parts: &[Value; 3], length: usize) -> Res<Cut> {
        let number = |value: &Value| match value {
            Value::None => Ok(None),
            value => as_int(value).map(Some).ok_or_else(|| {
                fault("TypeError", "slice indices must be integers or None or have an __index__ method")
            }),
        };
        let [start, stop, step] = parts;
        let step = number(step)?.unwrap_or(1);
        if step == 0 {
            return value_error("slice step cannot be zero");
        }
        let length = length as i64;
        let bound =
            |n: i64, low: i64, high: i64| (if n < 0 { n.saturating_add(length) } else { n }).clamp(low, high);
        let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let from = number(start)?.map_or(if step > 0 { low } else { high }, |n| bound(n, low, high));
        let to = number(stop)?.map_or(if step > 0 { high } else { low }, |n| bound(n, low, high));
        Ok((from, super::hold::range_length(from, to, step), step, to))
    }

    fn slice(&mut self, object: &Value, parts: &[Value; 3]) -> Res<Value> {
        let class = self.class(object);
        let Some(length) = self.length(object).filter(|_| !matches!(class, "set" | "dict")) else {
            return type_error(format!("'{class}' object is not subscriptable"));
        };
        let (from, count, step, to) = self.cut(parts, length)?;
        let places = (0..count as i64).map(|n| (from + n * step) as usize);
        match object {
            Value::Str(text) if text.is_ascii() && step == 1 => {
                let text = text.get(from as usize..from as usize + count).unwrap_or_default().to_string();
                self.text(text)
            }
            Value::Str(text) => {
                let chars: Vec<char> = text.chars().collect();
                let text: String = places.filter_map(|at| chars.get(at)).collect();
                self.text(text)
            }
            Value::Bytes(bytes) => {
                let bytes: Vec<u8> = places.filter_map(|at| bytes.get(at).copied()).collect();
                self.bytes(bytes)
            }
            _ => match self.of(object) {
                Some(Object::List(values)) => {
                    let values = places.filter_map(|at| values.get(at).cloned()).collect();
                    self.list(values)
                }
                Some(Object::Tuple(values)) => {
                    let values = places.filter_map(|at| values.get(at).cloned()).collect();
                    Ok(self.tuple(values))
                }
                Some(Object::Range(start, _, by)) => {
                    let place = |n: i64| start.saturating_add(n.saturating_mul(*by));
                    let (from, to, by) = (place(from), place(to), by.saturating_mul(step));
                    Ok(self.put(Object::Range(from, to, by)))
                }
                _ => type_error(format!("'{class}' object is not subscriptable")),
            },
        }
    }

    /// Sets an element.
    pub fn set_item(&mut self, object: &Value, index: Value, value: Value) -> Res<()> {
        let class = self.class(object);
        let Value::Ref(id) = object else {
            return type_error(format!("'{class}' object does not support item assignment"));
        };
        if let Object::Dict(dict) = self.get(*id)
            && dict.class != "set"
        {
            let key = self.key(&index)?;
            self.room(dict.len(), MAX_ITEMS)?;
            self.grow(6);
            if let Some(Object::Dict(dict)) = self.get_mut(*id) {
                dict.insert(key, index, value);
            }
            return Ok(());
        }
        let Object::List(values) = self.get(*id) else {
            return type_error(format!("'{class}' object does not support item assignment"));
        };
        let length = values.len();
        if let Some(Object::Slice(parts)) = self.of(&index) {
            let parts = parts.clone();
            return self.set_slice(*id, &parts, length, &value);
        }
        let at = self.position("list", &index, length, "assignment index")?;
        if let Some(Object::List(values)) = self.get_mut(*id)
            && let Some(place) = values.get_mut(at)
        {
            *place = value;
        }
        Ok(())
    }

    fn set_slice(
        &mut self,
        id: super::value::Id,
        parts: &[Value; 3],
        length: usize,
        value: &Value,
    ) -> Res<()> {
        let Ok(new) = self.items(value) else { return type_error("can only assign an iterable") };
        let (from, count, step, _) = self.cut(parts, length)?;
        self.room(length + new.len(), MAX_ITEMS)?;
        self.grow(new.len());
        let Some(Object::List(values)) = self.get_mut(id) else { return Ok(()) };
        if step == 1 {
            let from = from as usize;
            values.splice(from..from + count, new);
            return Ok(());
        }
        if new.len() != count {
            let got = new.len();
            let words = format!("attempt to assign sequence of size {got} to extended slice of size {count}");
            return value_error(words);
        }
        for (n, value) in new.into_iter().enumerate() {
            if let Some(place) = values.get_mut((from + n as i64 * step) as usize) {
                *place = value;
            }
        }
        Ok(())
    }

    /// Deletes an element.
    pub fn delete_item(&mut self, object: &Value, index: &Value) -> Res<()> {
        let class = self.class(object);
        let key = match self.of(object) {
            Some(Object::Dict(dict)) if dict.class != "set" => Some(self.key(index)?),
            Some(Object::List(_)) => None,
            _ => return type_error(format!("'{class}' object doesn't support item deletion")),
        };
        let length = self.length(object).unwrap_or(0);
        let range = match (self.of(index), &key) {
            (_, Some(_)) => 0..0,
            (Some(Object::Slice(parts)), None) => {
                let (from, count, step, _) = self.cut(&parts.clone(), length)?;
                if step != 1 {
                    return value_error("this python3 deletes slices without a step only");
                }
                from as usize..from as usize + count
            }
            _ => {
                let at = self.position("list", index, length, "assignment index")?;
                at..at + 1
            }
        };
        let Value::Ref(id) = object else { return Ok(()) };
        match (self.get_mut(*id), key) {
            (Some(Object::Dict(dict)), Some(key)) => {
                dict.remove(&key).ok_or_else(|| Fault::New("KeyError", vec![index.clone()]))?;
            }
            (Some(Object::List(values)), _) => drop(values.drain(range)),
            _ => {}
        }
        Ok(())
    }
}
