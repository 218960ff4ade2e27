//! Fills Go's templates in. Models: Go `text/template/exec.go`, `funcs.go`.

use super::{Node, Pipe, Term};
use crate::base::order;
use serde_json::Value;

/// The functions that templates may name.
pub(super) const FUNCTIONS: &[&str] = &[
    "and",
    "base64decode",
    "eq",
    "exists",
    "ge",
    "gt",
    "html",
    "index",
    "js",
    "le",
    "len",
    "lt",
    "ne",
    "not",
    "or",
    "print",
    "printf",
    "println",
    "slice",
    "urlquery",
];

/// The most that a template may print.
const MAX_OUTPUT: usize = 4 << 20;

/// Fills nodes in.
pub(super) fn render(nodes: &[Node], tree: &Value) -> Result<String, String> {
    let mut state = State { out: String::new(), variables: vec![(String::new(), tree.clone())] };
    state.nodes(nodes, &Some(tree.clone()))?;
    Ok(state.out)
}

/// A value; `None` is a key that is missing.
type Found = Option<Value>;

struct State {
    out: String,
    /// The newest last; `$` is the first.
    variables: Vec<(String, Value)>,
}

impl State {
    fn nodes(&mut self, nodes: &[Node], dot: &Found) -> Result<(), String> {
        for node in nodes {
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Action(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.out += &value.as_ref().map_or("<no value>".to_string(), printed);
                    }
                }
                Node::If(pipe, then, other) => {
                    let kept = self.variables.len();
                    let holds = is_true(&self.pipe(pipe, dot)?);
                    self.nodes(if holds { then } else { other }, dot)?;
                    self.variables.truncate(kept);
                }
                Node::With(pipe, then, other) => {
                    let kept = self.variables.len();
                    let value = self.pipe(pipe, dot)?;
                    if is_true(&value) {
                        self.nodes(then, &value)?;
                    } else {
                        self.nodes(other, dot)?;
                    }
                    self.variables.truncate(kept);
                }
                Node::Range(pipe, then, other) => self.range(pipe, then, other, dot)?,
            }
            if self.out.len() > MAX_OUTPUT {
                return Err("the output is too long".into());
            }
        }
        Ok(())
    }

    fn range(&mut self, pipe: &Pipe, then: &[Node], other: &[Node], dot: &Found) -> Result<(), String> {
        let bare = Pipe { variables: Vec::new(), ..pipe.clone() };
        let value = self.pipe(&bare, dot)?;
        let pairs: Vec<(Value, Value)> = match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => {
                list.into_iter().enumerate().map(|(at, item)| (at.into(), item)).collect()
            }
            Some(Value::Object(map)) => {
                let mut pairs: Vec<(String, Value)> = map.into_iter().collect();
                order::sort_by(&mut pairs, |a, b| a.0.cmp(&b.0));
                pairs.into_iter().map(|(key, item)| (key.into(), item)).collect()
            }
            Some(other) => return Err(format!("range can't iterate over {}", printed(&other))),
        };
        if pairs.is_empty() {
            return self.nodes(other, dot);
        }
        for (key, item) in pairs {
            let kept = self.variables.len();
            match pipe.variables.as_slice() {
                [value] => self.variables.push((value.clone(), item.clone())),
                [index, value, ..] => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((value.clone(), item.clone()));
                }
                [] => {}
            }
            self.nodes(then, &Some(item))?;
            self.variables.truncate(kept);
        }
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Found) -> Result<Found, String> {
        let mut last: Option<Found> = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last.take())?);
        }
        let value = last.unwrap_or_default();
        if let Some(name) = pipe.variables.first() {
            let kept = value.clone().unwrap_or_default();
            let old = self.variables.iter_mut().rev().find(|(known, _)| known == name);
            match old.filter(|_| !pipe.declares) {
                Some((_, old)) => *old = kept,
                None => self.variables.push((name.clone(), kept)),
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &[Term], dot: &Found, last: Option<Found>) -> Result<Found, String> {
        let (first, rest) = command.split_first().ok_or("missing value for command")?;
        let Term::Function(name) = first else {
            if !rest.is_empty() || last.is_some() {
                return Err("can't give argument to non-function".into());
            }
            return self.term(first, dot);
        };
        let mut arguments = Vec::new();
        for term in rest {
            let value = self.term(term, dot)?;
            // `and` and `or` stop as soon as the answer is known.
            let decided = name == "and" && !is_true(&value) || name == "or" && is_true(&value);
            arguments.push(value);
            if decided {
                return Ok(arguments.pop().flatten());
            }
        }
        arguments.extend(last);
        function(name, &arguments)
    }

    fn term(&mut self, term: &Term, dot: &Found) -> Result<Found, String> {
        match term {
            Term::Dot => Ok(dot.clone()),
            Term::Field(path) => down(dot.clone(), path),
            Term::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let (_, value) = found.ok_or_else(|| format!("undefined variable \"${name}\""))?;
                down(Some(value.clone()), path)
            }
            Term::Function(name) => function(name, &[]),
            Term::Literal(value) => Ok(Some(value.clone())),
            Term::Group(pipe, path) => {
                let value = self.pipe(pipe, dot)?;
                down(value, path)
            }
        }
    }
}

fn down(value: Found, path: &[String]) -> Result<Found, String> {
    let mut at = value;
    for name in path {
        at = match at {
            None => return Err(format!("nil data; no entry for key {name:?}")),
            Some(Value::Object(mut map)) => map.remove(name),
            Some(Value::Null) => return Err(format!("nil pointer evaluating interface {{}}.{name}")),
            Some(other) => {
                let kind = match other {
                    Value::String(_) => "string",
                    Value::Array(_) => "[]interface {}",
                    Value::Bool(_) => "bool",
                    _ => "float64",
                };
                return Err(format!("can't evaluate field {name} in type {kind}"));
            }
        };
    }
    Ok(at)
}

fn is_true(value: &Found) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(on)) => *on,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
    }
}

fn function(name: &str, arguments: &[Found]) -> Result<Found, String> {
    let value = |at: usize| arguments.get(at).cloned().flatten().unwrap_or_default();
    let wrong = |words: &str| Err(format!("error calling {name}: {words}"));
    Ok(Some(match name {
        "and" | "or" => return Ok(arguments.last().cloned().flatten()),
        "not" => Value::Bool(!is_true(&arguments.first().cloned().flatten())),
        "eq" => Value::Bool(arguments.iter().skip(1).any(|other| same(&value(0), other))),
        "ne" => Value::Bool(!same(&value(0), &arguments.get(1).cloned().flatten())),
        "lt" | "le" | "gt" | "ge" => Value::Bool(compared(name, &value(0), &value(1))),
        "len" => match value(0) {
            Value::String(text) => text.len().into(),
            Value::Array(list) => list.len().into(),
            Value::Object(map) => map.len().into(),
            other => return wrong(&format!("len of type {}", printed(&other))),
        },
        "index" => {
            let mut at = arguments.first().cloned().flatten();
            for key in arguments.iter().skip(1).flatten() {
                at = match (at, key) {
                    (Some(Value::Array(list)), Value::Number(number)) => {
                        let index = number.as_u64().and_then(|n| usize::try_from(n).ok());
                        match index.and_then(|index| list.get(index).cloned()) {
                            Some(item) => Some(item),
                            None => return wrong(&format!("index out of range: {number}")),
                        }
                    }
                    (Some(Value::Object(mut map)), Value::String(key)) => map.remove(key),
                    (None | Some(Value::Null), _) => return wrong("index of untyped nil"),
                    (Some(other), _) => {
                        return wrong(&format!("can't index item of type {}", printed(&other)));
                    }
                };
            }
            return Ok(at);
        }
        "exists" => {
            let mut at = value(0);
            for key in arguments.iter().skip(1).flatten() {
                at = match key {
                    Value::String(key) => at.get(key),
                    key => key.as_u64().and_then(|n| at.get(usize::try_from(n).ok()?)),
                }
                .cloned()
                .unwrap_or_default();
            }
            Value::Bool(!at.is_null())
        }
        "base64decode" => match data_encoding::BASE64.decode(printed(&value(0)).as_bytes()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
            Err(error) => return wrong(&format!("illegal base64 data at input byte {}", error.position)),
        },
        "print" | "println" => {
            let words: Vec<String> = arguments.iter().flatten().map(printed).collect();
            let text = words.join(if name == "println" { " " } else { "" });
            (if name == "println" { text + "\n" } else { text }).into()
        }
        "printf" => format(arguments).into(),
        _ => return wrong("this function is not part of this simulation"),
    }))
}

fn same(a: &Value, b: &Found) -> bool {
    match (a.as_f64(), b.as_ref().and_then(Value::as_f64)) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
        _ => Some(a) == b.as_ref(),
    }
}

fn compared(name: &str, a: &Value, b: &Value) -> bool {
    let order = match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => printed(a).cmp(&printed(b)),
    };
    match name {
        "lt" => order.is_lt(),
        "le" => order.is_le(),
        "gt" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// `printf`: the verbs `%s %d %v %q %t %f`, with a width.
fn format(arguments: &[Found]) -> String {
    let mut rest = arguments.iter().skip(1).map(|value| value.clone().unwrap_or_default());
    let pattern = arguments.first().cloned().flatten().map_or(String::new(), |pattern| printed(&pattern));
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut width = String::new();
        let verb = loop {
            match chars.next() {
                Some(c) if c.is_ascii_digit() || "-.+".contains(c) => width.push(c),
                other => break other,
            }
        };
        let text = match verb {
            Some('%') | None => "%".to_string(),
            Some('q') => rest.next().map_or("%!q(MISSING)".into(), |value| format!("{:?}", printed(&value))),
            Some(verb) => rest.next().map_or(format!("%!{verb}(MISSING)"), |value| printed(&value)),
        };
        let wanted = width.trim_start_matches('-').parse::<usize>().unwrap_or(0).min(200);
        let padding = " ".repeat(wanted.saturating_sub(text.chars().count()));
        out += &if width.starts_with('-') { text + &padding } else { padding + &text };
    }
    out
}

/// A value as Go's `%v` prints it. The decoder bounds how deep values are.
fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut pairs: Vec<(&String, String)> =
                map.iter().map(|(key, value)| (key, printed(value))).collect();
            order::sort(&mut pairs);
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}
