//! `kubectl explain`: the fields of a kind, their types and what they are for. Knows no values.
//! Models: kubectl `pkg/explain/v2`, its plain text; the texts are this project's own.
//! Omits: the OpenAPI document (types are in `api::fields`), texts of rarer fields, `--output`

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::resources;
use super::script::{Flow, Io, Next};
use crate::api::Kind;
use crate::api::fields::{self, Field, Shape, texts};
use crate::base::order;

/// The command.
pub const EXPLAIN: Entry =
    Entry::new("explain", "Get documentation for a resource", FLAGS, |args| Work::Explain(Explain { args }));

const FLAGS: &[Flag] = &[switch("recursive", None), value("api-version", None), value("output", None)];

/// How deep `--recursive` goes.
const MAX_DEPTH: usize = 12;
/// How wide texts are.
const WIDTH: usize = 76;

/// A `kubectl explain` at work.
#[derive(Debug, Clone)]
pub struct Explain {
    args: Args,
}

impl Explain {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = match self.args.words.as_slice() {
            [words] => words.clone(),
            [] => {
                return io.fail(
                    "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete \
                     list of supported resources.\n",
                );
            }
            _ => return io.fail("We accept only this format: explain RESOURCE\n"),
        };
        let mut path = words.trim_end_matches('.').split('.');
        let kind = io.check(resources::kind_of(path.next().unwrap_or_default()))?;
        io.print(head(kind));
        let Some(root) = fields::of(&kind.api_version(), kind.kind) else {
            return io.fail(&format!("GVR ({}) not found in OpenAPI schema", kind.api_version()));
        };
        let (mut at, mut last) = (root, None);
        for name in path {
            let inner = bottom(&at).clone();
            let Some(field) = inner.field(name) else {
                return io.fail(&format!("field {name:?} does not exist"));
            };
            last = Some((inner, field));
            at = field.shape.clone();
        }
        io.print(match last {
            None => format!("DESCRIPTION:\n{}", indented(texts::of_struct(bottom(&at)))),
            Some((parent, field)) => one_field(&parent, field),
        });
        if !bottom(&at).fields().is_empty() {
            io.print(self.fields(bottom(&at)));
        }
        io.line("");
        Ok(Next::Exit(0))
    }

    fn fields(&self, of: &Shape) -> String {
        let mut out = "FIELDS:\n".to_string();
        if self.args.on("recursive") {
            nested(of, 1, &mut out);
            return out;
        }
        for field in by_name(of) {
            out += &line(field, 1);
            out += &indented(texts::of_field(of, field.name));
            // A text ends with a line of spaces in its own right; between fields it is empty.
            out.truncate(out.trim_end().len());
            out += "\n\n";
        }
        out
    }
}

fn head(kind: &Kind) -> String {
    let group = if kind.group.is_empty() { String::new() } else { format!("GROUP:      {}\n", kind.group) };
    format!("{group}KIND:       {}\nVERSION:    {}\n\n", kind.kind, kind.version)
}

fn by_name(of: &Shape) -> Vec<&'static Field> {
    let mut fields: Vec<&Field> = of.fields().iter().collect();
    order::sort_by_key(&mut fields, |field| field.name);
    fields
}

/// What lists and maps are of.
fn bottom(shape: &Shape) -> &Shape {
    match shape {
        Shape::List(inner) | Shape::Map(inner) => bottom(inner),
        other => other,
    }
}

fn one_field(parent: &Shape, field: &Field) -> String {
    let required = if field.required { " -required-" } else { "" };
    let mut out = format!("FIELD: {} <{}>{required}\n", field.name, field.shape.explained());
    let values = texts::values(&field.shape);
    if !values.is_empty() {
        out += "ENUM:\n";
        out += &values.iter().map(|value| format!("    {value}\n")).collect::<String>();
        out.pop();
    }
    let own = texts::of_field(parent, field.name);
    let inner = bottom(&field.shape);
    let of_type = if inner.fields().is_empty() { "" } else { texts::of_struct(inner) };
    let text = match (own, of_type) {
        ("", of_type) => of_type.to_string(),
        (own, "") => own.to_string(),
        (own, of_type) => format!("{own}\n{of_type}"),
    };
    out + "\n\nDESCRIPTION:\n" + &indented(&text)
}

/// The line that names a field, and the values that it may have.
fn line(field: &Field, depth: usize) -> String {
    let required = if field.required { " -required-" } else { "" };
    let indent = "  ".repeat(depth);
    let mut out = format!("{indent}{}\t<{}>{required}\n", field.name, field.shape.explained());
    let values = texts::values(&field.shape);
    if !values.is_empty() {
        out += &format!("{indent}enum: {}\n", values.join(", "));
    }
    out
}

fn nested(of: &Shape, depth: usize, out: &mut String) {
    for field in by_name(of) {
        *out += &line(field, depth);
        if depth < MAX_DEPTH {
            nested(bottom(&field.shape), depth + 1, out);
        }
    }
}

/// A text as a paragraph, with the line of spaces behind it.
fn indented(text: &str) -> String {
    let text = if text.is_empty() { "<empty>" } else { text };
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                out += &format!("    {line}\n");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += word;
        }
        out += &format!("    {line}\n");
    }
    out + "    \n"
}
