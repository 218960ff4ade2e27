//! From the parser's events to a JSON tree and a tree of places, without recursion and within limits: depth, and what
//! aliases may unfold to. Knows one document at a time.
//! Models: go-yaml v2 `decode.go`.

use super::lines::Lines;
use super::scalar::{self, Meaning};
use super::{Edit, Entry, Fix, FixKind, Place, Problem, ProblemCode, Span, syntax};
use crate::base::FlatMap;
use granit_parser::{Event, Options, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

/// How deep maps and lists may nest.
pub const MAX_DEPTH: usize = 128;
/// How many values and characters aliases may add to a document.
const MAX_UNFOLDED: usize = 1 << 20;

/// One part of a text, to be read as a document.
pub(super) struct Part<'a> {
    pub text: &'a str,
    pub lines: &'a Lines,
    pub span: Span,
    pub index: usize,
}

impl Part<'_> {
    /// A problem of this part. The message is what follows `error converting YAML to JSON: `, or all of it for hints.
    pub fn problem(&self, code: ProblemCode, span: Span, message: impl Into<String>) -> Problem {
        let (line, column) = self.lines.position(self.text, span.start);
        let mut message = message.into();
        if code.is_fatal() {
            message.insert_str(0, "error converting YAML to JSON: ");
        }
        Problem { code, span, line, column, document: self.index, message, fix: None }
    }

    /// The bytes of the part.
    pub fn slice(&self) -> &str {
        self.text.get(self.span.clone()).unwrap_or_default()
    }

    /// A parser's range as a range of the text, without trailing space.
    fn absolute(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let inside = self.slice().get(range.clone()).unwrap_or_default();
        let end = range.start + inside.trim_end().len();
        self.span.start + range.start..self.span.start + end
    }
}

/// A value under construction.
enum Open {
    List { values: Vec<Value>, entries: Vec<Entry>, start: usize, anchor: usize },
    Map { map: Map<String, Value>, entries: Vec<Entry>, start: usize, anchor: usize, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    name: String,
    at: Span,
    is_merge: bool,
}

struct Builder<'a> {
    part: &'a Part<'a>,
    problems: &'a mut Vec<Problem>,
    open: Vec<Open>,
    done: Option<(Value, Place)>,
    anchors: FlatMap<usize, Value>,
    unfolded: usize,
}

/// Builds the document of a part; `None` when it is broken or empty.
pub(super) fn build(part: &Part<'_>, problems: &mut Vec<Problem>) -> Option<(Value, Place)> {
    let mut options = Options::default();
    options.block_nesting_limit = MAX_DEPTH;
    options.flow_nesting_limit = MAX_DEPTH;
    options.emit_unresolved_aliases = true;
    let mut builder =
        Builder { part, problems, open: Vec::new(), done: None, anchors: FlatMap::new(), unfolded: 0 };
    for event in Parser::new_from_str_with_options(part.slice(), options) {
        let outcome = match event {
            Ok((Event::DocumentStart(..), span)) if builder.done.is_some() => {
                let at = part.absolute(&span);
                let message = "only the first document before a separator line is read";
                builder.problems.push(part.problem(ProblemCode::DocumentIgnored, at, message));
                break;
            }
            Ok((event, span)) => builder.event(event, part.absolute(&span)),
            Err(error) if builder.done.is_none() => Err(syntax::problem(part, &error)),
            Err(_) => break,
        };
        if let Err(problem) = outcome {
            builder.problems.push(problem);
            return None;
        }
    }
    builder.done
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, at: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(_, anchor, _) => {
                self.begin(&at)?;
                self.open.push(Open::List {
                    values: Vec::new(),
                    entries: Vec::new(),
                    start: at.start,
                    anchor,
                });
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.begin(&at)?;
                let (map, entries) = (Map::new(), Vec::new());
                self.open.push(Open::Map { map, entries, start: at.start, anchor, key: None });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at.end),
            Event::Alias(id) => self.alias(id, at),
            Event::UnresolvedAlias(name) => {
                let message = format!("yaml: unknown anchor '{name}' referenced");
                Err(self.part.problem(ProblemCode::UnknownAnchor, at, message))
            }
            _ => Ok(()),
        }
    }

    /// Before a map or a list: it may not be a key, nor too deep.
    fn begin(&self, at: &Span) -> Result<(), Problem> {
        if self.wants_key() {
            let span = at.start..at.end.max(at.start);
            return Err(self.part.problem(ProblemCode::ComplexKey, span, "yaml: invalid map key"));
        }
        if self.open.len() >= MAX_DEPTH {
            let message = format!("yaml: exceeded max depth of {MAX_DEPTH}");
            return Err(self.part.problem(ProblemCode::TooDeep, at.clone(), message));
        }
        Ok(())
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn end(&mut self, end: usize) -> Result<(), Problem> {
        let (value, entries, start, anchor) = match self.open.pop() {
            Some(Open::List { values, entries, start, anchor }) => {
                (Value::Array(values), entries, start, anchor)
            }
            Some(Open::Map { map, entries, start, anchor, .. }) => {
                (Value::Object(map), entries, start, anchor)
            }
            None => return Ok(()),
        };
        let last = entries.last().map_or(end, |entry| entry.place.value.end.max(entry.at.end));
        // A block ends where its last value ends; a bracket ends after itself.
        let bracketed =
            self.part.text.as_bytes().get(end.wrapping_sub(1)).is_some_and(|b| matches!(b, b'}' | b']'));
        let end = if bracketed { end.max(last) } else { last };
        self.place(value, Place { value: start..end.max(start), entries }, anchor)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Span,
    ) -> Result<(), Problem> {
        let plain = style == ScalarStyle::Plain;
        if self.wants_key() {
            return self.key(text, plain && tag.is_none(), at);
        }
        let standard = tag.filter(|tag| tag.handle() == "tag:yaml.org,2002:").map(Tag::suffix);
        let value = match standard {
            Some(tag) => self.tagged(text, tag, &at)?,
            None if !plain || tag.is_some() => Value::from(text),
            None => self.meant(text, &at)?,
        };
        self.place(value, Place { value: at, entries: Vec::new() }, anchor)
    }

    /// What a plain scalar means.
    fn meant(&mut self, text: &str, at: &Span) -> Result<Value, Problem> {
        match scalar::meaning(text) {
            Meaning::Value(value) => {
                self.hint_at_boolean(text, at);
                Ok(value)
            }
            Meaning::Date => Ok(Value::from(text)),
            Meaning::NotFinite(name) => {
                let message = format!("json: unsupported value: {name}");
                Err(self.part.problem(ProblemCode::NotFinite, at.clone(), message))
            }
        }
    }

    /// `on`, `yes`, `n` and their like surprise people; `true` and `false` do not.
    fn hint_at_boolean(&mut self, text: &str, at: &Span) {
        let surprising = !matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE");
        let Some(boolean) = scalar::boolean(text).filter(|_| surprising) else { return };
        let message = format!("{text} without quotes is the boolean {boolean}");
        let mut problem = self.part.problem(ProblemCode::WordIsBoolean, at.clone(), message);
        let edit = Edit { span: at.clone(), text: format!("{text:?}") };
        problem.fix = Some(Fix { kind: FixKind::Quote, edits: vec![edit] });
        self.problems.push(problem);
    }

    fn tagged(&mut self, text: &str, tag: &str, at: &Span) -> Result<Value, Problem> {
        let meant = match scalar::meaning(text) {
            Meaning::Value(value) => value,
            Meaning::Date | Meaning::NotFinite(_) => Value::from(text),
        };
        let (fits, found) = match &meant {
            Value::Null => (tag == "null", "null"),
            Value::Bool(_) => (tag == "bool", "bool"),
            Value::Number(number) if number.is_f64() => (tag == "float", "float"),
            Value::Number(_) => (matches!(tag, "int" | "float"), "int"),
            _ => (false, "str"),
        };
        match tag {
            "null" | "bool" | "int" | "float" if fits => Ok(meant),
            "null" | "bool" | "int" | "float" => {
                let message = format!("yaml: cannot decode !!{found} `{text}` as a !!{tag}");
                Err(self.part.problem(ProblemCode::BadTag, at.clone(), message))
            }
            "binary" => {
                let compact: String = text.split_ascii_whitespace().collect();
                let bytes = data_encoding::BASE64.decode(compact.as_bytes()).map_err(|_| {
                    let message = "yaml: !!binary value contains invalid base64 data";
                    self.part.problem(ProblemCode::BadTag, at.clone(), message)
                })?;
                Ok(String::from_utf8_lossy(&bytes).into_owned().into())
            }
            _ => Ok(Value::from(text)),
        }
    }

    fn key(&mut self, text: &str, plain: bool, at: Span) -> Result<(), Problem> {
        let meant = if plain { scalar::meaning(text) } else { Meaning::Value(Value::from(text)) };
        let name = match meant {
            Meaning::Value(Value::Null) => {
                let message = "unsupported map key of type: %!s(<nil>), key: <nil>";
                return Err(self.part.problem(ProblemCode::NullKey, at, message));
            }
            Meaning::Value(Value::String(name)) => name,
            Meaning::Value(Value::Bool(boolean)) => {
                self.hint_at_boolean(text, &at);
                boolean.to_string()
            }
            Meaning::Value(other) => other.to_string(),
            Meaning::Date | Meaning::NotFinite(_) => text.to_string(),
        };
        let is_merge = plain && text == "<<";
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some(Key { name, at, is_merge });
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<(), Problem> {
        let name = self.part.text.get(at.clone()).unwrap_or_default().trim_start_matches('*').to_string();
        if self.wants_key() {
            let key = self.anchors.get(&id).and_then(Value::as_str).map(String::from);
            return match key {
                Some(key) => self.key(&key, false, at),
                None => Err(self.part.problem(ProblemCode::ComplexKey, at, "yaml: invalid map key")),
            };
        }
        let Some(value) = self.anchors.get(&id) else {
            let message = format!("yaml: anchor '{name}' value contains itself");
            return Err(self.part.problem(ProblemCode::TooManyAliases, at, message));
        };
        self.unfolded = self.unfolded.saturating_add(weight(value, MAX_UNFOLDED));
        if self.unfolded > MAX_UNFOLDED {
            let message = "yaml: document contains excessive aliasing";
            return Err(self.part.problem(ProblemCode::TooManyAliases, at, message));
        }
        let value = value.clone();
        self.place(value, Place { value: at, entries: Vec::new() }, 0)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, value: Value, place: Place, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.done = Some((value, place)),
            Some(Open::List { values, entries, .. }) => {
                entries.push(Entry { key: String::new(), at: place.value.clone(), place });
                values.push(value);
            }
            Some(Open::Map { map, entries, key, .. }) => {
                let Some(key) = key.take() else { return Ok(()) };
                if key.is_merge {
                    if merge(map, &value) {
                        return Ok(());
                    }
                    let message = "yaml: map merge requires map or sequence of maps as the value";
                    return Err(self.part.problem(ProblemCode::BadMerge, key.at, message));
                }
                if map.contains_key(&key.name) && entries.iter().any(|entry| entry.key == key.name) {
                    let message = format!("key {:?} already set in map", key.name);
                    self.problems.push(self.part.problem(ProblemCode::DuplicateKey, key.at.clone(), message));
                }
                entries.push(Entry { key: key.name.clone(), at: key.at, place });
                map.insert(key.name, value);
            }
        }
        Ok(())
    }
}

/// Merges a map, or several of which the first wins, into one: as kubectl does, over what stands before `<<`.
fn merge(map: &mut Map<String, Value>, value: &Value) -> bool {
    match value {
        Value::Object(other) => map.extend(other.clone()),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            for other in items.iter().rev().filter_map(Value::as_object) {
                map.extend(other.clone());
            }
        }
        _ => return false,
    }
    true
}

/// How much a value weighs, in values and characters, counted up to a limit.
fn weight(value: &Value, limit: usize) -> usize {
    let mut weight = 0;
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        weight += match value {
            Value::String(text) => 1 + text.len(),
            _ => 1,
        };
        if weight > limit {
            break;
        }
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(map) => rest.extend(map.values()),
            _ => {}
        }
    }
    weight
}
