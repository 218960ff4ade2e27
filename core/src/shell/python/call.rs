//! Calls: a program's functions get frames, ours run at once or ask the kernel, classes make values.

use super::class;
use super::code::Const;
use super::machine::{After, Called, Frame, MAX_FRAMES, Machine};
use super::value::{Dict, Fault, Object, Res, Value, fault, type_error};
use super::{builtin, module};
use crate::base::Text;
use crate::process::Cx;

/// Arguments with names.
pub type Named = [(Text, Value)];

impl Machine {
    fn keywords(&self, names: u32) -> Vec<Text> {
        let known = names.checked_sub(1).and_then(|at| self.script.consts.get(at as usize));
        match known {
            Some(Const::Names(names)) => names.iter().map(|name| self.name(*name)).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn call_op(&mut self, cx: &mut Cx<'_, '_>, n: usize, names: u32) -> Res<()> {
        let keywords = self.keywords(names);
        let mut args = self.pop_many(n);
        let values = args.split_off(args.len().saturating_sub(keywords.len()));
        let named: Vec<(Text, Value)> = keywords.into_iter().zip(values).collect();
        let function = self.pop();
        self.finish_call(cx, &function, args, &named)
    }

    pub(super) fn call_spread(&mut self, cx: &mut Cx<'_, '_>, n: usize, names: u32) -> Res<()> {
        let values = self.pop_many(n);
        let named: Vec<(Text, Value)> = self.keywords(names).into_iter().zip(values).collect();
        let list = self.pop();
        let args = self.heap.items(&list)?;
        let function = self.pop();
        self.finish_call(cx, &function, args, &named)
    }

    fn finish_call(
        &mut self,
        cx: &mut Cx<'_, '_>,
        function: &Value,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<()> {
        if let Called::Value(value) = self.call(cx, function, args, named)? {
            self.push(value);
        }
        Ok(())
    }

    /// Calls something.
    pub(super) fn call(
        &mut self,
        cx: &mut Cx<'_, '_>,
        function: &Value,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        match function {
            Value::Type("socket") => self.make_socket(&args),
            Value::Type(class) => self.construct(class, args, named).map(Called::Value),
            Value::Native(name) if module::is_of_socket(name) => self.socket_function(cx, name, args, named),
            Value::Native(name) => self.native(cx, name, args, named),
            Value::Ref(id) => match self.heap.get(*id) {
                Object::Function(code, ..) => {
                    let code = *code;
                    self.enter_function(function, code, args, named)?;
                    Ok(Called::Later)
                }
                Object::Method(value, name) => {
                    let (value, name) = (value.clone(), name.clone());
                    self.method(cx, value, &name, args, named)
                }
                _ => self.not_callable(function),
            },
            _ => self.not_callable(function),
        }
    }

    fn not_callable(&self, function: &Value) -> Res<Called> {
        type_error(format!("'{}' object is not callable", self.heap.class(function)))
    }

    fn enter_function(&mut self, function: &Value, code: usize, args: Vec<Value>, named: &Named) -> Res<()> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(fault("RecursionError", "maximum recursion depth exceeded"));
        }
        let Some(Object::Function(_, defaults, scope)) = self.heap.of(function) else { return Ok(()) };
        let (defaults, scope) = (defaults.clone(), *scope);
        let locals = self.bind(code, args, named, &defaults)?;
        let scope = self.heap.put_id(Object::Scope(locals, scope));
        let base = self.stack.len();
        self.frames.push(Frame { code, at: 0, base, scope: Some(scope), blocks: Vec::new(), after: None });
        Ok(())
    }

    /// The local variables of a call: arguments where their parameters are.
    fn bind(
        &mut self,
        code: usize,
        mut args: Vec<Value>,
        named: &Named,
        defaults: &[Value],
    ) -> Res<Vec<Option<Value>>> {
        let Some(code) = self.code(code) else { return Ok(Vec::new()) };
        let (name, rest, total) = (code.name.clone(), code.rest, code.locals.len());
        let parameters: Vec<Text> = code.locals.iter().take(code.params).map(|id| self.name(*id)).collect();
        let plain = parameters.len() - usize::from(rest);
        let given = args.len();
        let more = args.split_off(plain.min(given));
        if !more.is_empty() && !rest {
            return Err(too_many(&name, plain, defaults.len(), given));
        }
        let mut locals: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        locals.resize(total, None);
        for (key, value) in named {
            match parameters
                .iter()
                .take(plain)
                .position(|parameter| parameter == key)
                .map(|n| locals.get_mut(n))
            {
                Some(Some(place @ None)) => *place = Some(value.clone()),
                Some(_) => return type_error(format!("{name}() got multiple values for argument '{key}'")),
                None => return type_error(format!("{name}() got an unexpected keyword argument '{key}'")),
            }
        }
        let first = plain.saturating_sub(defaults.len());
        for (n, default) in defaults.iter().enumerate() {
            if let Some(place @ None) = locals.get_mut(first + n) {
                *place = Some(default.clone());
            }
        }
        let missing: Vec<String> = parameters
            .iter()
            .zip(&locals)
            .take(plain)
            .filter(|(_, value)| value.is_none())
            .map(|(parameter, _)| format!("'{parameter}'"))
            .collect();
        if !missing.is_empty() {
            return Err(too_few(&name, &missing));
        }
        if rest && let Some(place) = locals.get_mut(plain) {
            *place = Some(self.heap.tuple(more));
        }
        Ok(locals)
    }

    /// Makes a value of a class.
    pub(super) fn construct(&mut self, class: &'static str, args: Vec<Value>, named: &Named) -> Res<Value> {
        if class::exception(class).is_some() {
            let class = match args.as_slice() {
                [Value::Int(number), _, ..] if class == "OSError" => class::of_errno(*number as i32),
                _ => class,
            };
            let id = self.make(Fault::New(class, args));
            return Ok(Value::Ref(id));
        }
        let heap = &mut self.heap;
        match (class, args.as_slice()) {
            ("list" | "tuple" | "set" | "dict" | "Counter" | "defaultdict", _) => {
                self.container(class, args, named)
            }
            ("range", _) => {
                let numbers: Option<Vec<i64>> = args.iter().map(super::compute::as_int).collect();
                let Some(numbers) = numbers else {
                    let wrong = args.iter().find(|arg| super::compute::as_int(arg).is_none());
                    let class = wrong.map_or("", |wrong| heap.class(wrong));
                    return type_error(format!("'{class}' object cannot be interpreted as an integer"));
                };
                let (start, stop, step) = match numbers.as_slice() {
                    [stop] => (0, *stop, 1),
                    [start, stop] => (*start, *stop, 1),
                    [_, _, 0] => return Err(fault("ValueError", "range() arg 3 must not be zero")),
                    [start, stop, step] => (*start, *stop, *step),
                    _ => {
                        return type_error(format!("range expected at least 1 argument, got {}", args.len()));
                    }
                };
                Ok(heap.put(Object::Range(start, stop, step)))
            }
            ("type", [value]) => Ok(Value::Type(heap.class(value))),
            _ => builtin::convert(heap, class, &args),
        }
    }

    fn container(&mut self, class: &'static str, args: Vec<Value>, named: &Named) -> Res<Value> {
        let mut args = args.into_iter();
        let factory = if class == "defaultdict" { args.next() } else { None };
        let from = args.next();
        if args.next().is_some() {
            return type_error(format!("{class} expected at most 1 argument, got 2"));
        }
        let values = match &from {
            Some(from) => self.heap.items(from)?,
            None => Vec::new(),
        };
        match class {
            "list" => return self.heap.list(values),
            "tuple" => return Ok(self.heap.tuple(values)),
            "set" => return self.heap.set_of(values),
            _ => {}
        }
        let mut dict = Dict::new(class);
        dict.factory = factory;
        let made = self.heap.put(Object::Dict(dict));
        let copied = match from.as_ref().and_then(|from| self.heap.of(from)) {
            Some(Object::Dict(other)) if other.class != "set" => {
                Some(other.iter().cloned().collect::<Vec<_>>())
            }
            _ => None,
        };
        if let Some(entries) = copied {
            for (key, value) in entries {
                self.heap.set_item(&made, key, value)?;
            }
        } else if class == "Counter" {
            self.heap.count(&made, values)?;
        } else {
            for (n, value) in values.into_iter().enumerate() {
                let pair = self.heap.items(&value).unwrap_or_default();
                let [key, value] = pair.as_slice() else {
                    let words =
                        format!("cannot convert dictionary update sequence element #{n} to a sequence");
                    return type_error(words);
                };
                self.heap.set_item(&made, key.clone(), value.clone())?;
            }
        }
        for (key, value) in named {
            self.heap.set_item(&made, Value::Str(key.clone()), value.clone())?;
        }
        Ok(made)
    }

    /// Goes on calling a function for each of several values.
    pub(super) fn call_each(&mut self, cx: &mut Cx<'_, '_>, mut after: After) -> Res<Called> {
        while let Some(item) = after.items.get(after.results.len()).cloned() {
            let depth = self.frames.len();
            match self.call(cx, &after.function.clone(), vec![item], &[])? {
                Called::Value(value) => after.results.push(value),
                Called::Later if self.frames.len() == depth => {
                    self.job = None;
                    return Err(fault(
                        "RuntimeError",
                        format!("this python3 does not wait within {}()", after.name),
                    ));
                }
                Called::Later => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.after = Some(Box::new(after));
                    }
                    return Ok(Called::Later);
                }
            }
        }
        self.finish_each(after).map(Called::Value)
    }

    fn finish_each(&mut self, after: After) -> Res<Value> {
        let After { name, items, results, reverse, target, .. } = after;
        match name {
            "map" => {
                let list = self.heap.list(results)?;
                self.heap.iterate(list)
            }
            "filter" => {
                let kept = items.into_iter().zip(&results).filter(|(_, keep)| self.heap.truth(keep));
                let kept = kept.map(|(item, _)| item).collect();
                let list = self.heap.list(kept)?;
                self.heap.iterate(list)
            }
            "min" | "max" => builtin::extreme(&self.heap, name, items, &results),
            _ => {
                let sorted = builtin::sorted(&self.heap, items, &results, reverse)?;
                match target.and_then(|id| self.heap.get_mut(id)) {
                    Some(Object::List(values)) => {
                        *values = sorted;
                        Ok(Value::None)
                    }
                    _ => self.heap.list(sorted),
                }
            }
        }
    }
}

fn too_many(name: &str, plain: usize, defaults: usize, given: usize) -> Fault {
    let takes = match (plain - defaults.min(plain), plain) {
        (low, high) if low < high => format!("from {low} to {high} positional arguments"),
        (_, 1) => "1 positional argument".to_string(),
        (_, n) => format!("{n} positional arguments"),
    };
    let were = if given == 1 { "was" } else { "were" };
    fault("TypeError", format!("{name}() takes {takes} but {given} {were} given"))
}

fn too_few(name: &str, missing: &[String]) -> Fault {
    let names = match missing {
        [only] => only.clone(),
        [a, b] => format!("{a} and {b}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
        [] => String::new(),
    };
    let (n, s) = (missing.len(), if missing.len() == 1 { "" } else { "s" });
    fault("TypeError", format!("{name}() missing {n} required positional argument{s}: {names}"))
}
