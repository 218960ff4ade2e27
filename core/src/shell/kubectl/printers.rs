//! `-o`: which form a command's objects are printed in. Knows no requests.
//! Models: cli-runtime `pkg/genericclioptions/print_flags.go`.
//! Omits: kyaml, and templates from files.

use super::args::Args;
use super::gotemplate::GoTemplate;
use super::jsonpath::Template;
use super::{json, resources, table};
use crate::api::{Kind, tree};
use crate::base::order;
use serde_json::Value;

/// A form of output.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// Columns, as the server makes them.
    Table,
    /// Columns with more detail.
    Wide,
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// `service/web`.
    Name,
    /// A template.
    JsonPath(Template),
    /// A template of Go.
    GoTemplate(GoTemplate),
    /// Columns by path: header and path each.
    Columns(Vec<(String, Template)>),
}

const ALLOWED: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,\
     jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

impl Format {
    /// The form that `-o` asks for.
    pub fn of(args: &Args) -> Result<Format, String> {
        let Some(text) = args.text("output").filter(|text| !text.is_empty()) else {
            return Ok(Format::Table);
        };
        let (form, rest) = text.split_once('=').unwrap_or((text, ""));
        match form {
            "wide" => Ok(Format::Wide),
            "yaml" => Ok(Format::Yaml),
            "json" => Ok(Format::Json),
            "name" => Ok(Format::Name),
            "jsonpath" if rest.is_empty() => {
                Err("template format specified but no template given".to_string())
            }
            "jsonpath" => Template::parse(rest)
                .map(Format::JsonPath)
                .map_err(|problem| format!("error parsing jsonpath {rest}, {problem}")),
            "go-template" | "template" => {
                let text = if rest.is_empty() { args.text("template").unwrap_or_default() } else { rest };
                if text.is_empty() {
                    return Err("template format specified but no template given".to_string());
                }
                GoTemplate::parse(text).map(Format::GoTemplate).map_err(|problem| {
                    format!("error parsing template {text}, template: output:1: {problem}")
                })
            }
            "custom-columns" => columns(rest).map(Format::Columns),
            "custom-columns-file"
            | "go-template-file"
            | "jsonpath-as-json"
            | "jsonpath-file"
            | "kyaml"
            | "templatefile" => Err(format!("the output format {form:?} is not part of this simulation")),
            _ => Err(format!(
                "unable to match a printer suitable for the output format {text:?}, allowed formats are: {ALLOWED}"
            )),
        }
    }

    /// Whether the server makes the columns.
    pub fn is_table(&self) -> bool {
        matches!(self, Format::Table | Format::Wide)
    }

    /// An object, or a List of them, in this form.
    pub fn render(&self, tree: &Value, headers: bool) -> Result<String, String> {
        let items = || match tree.get("items").and_then(Value::as_array) {
            Some(items) => items.as_slice(),
            None => std::slice::from_ref(tree),
        };
        match self {
            Format::Yaml => Ok(crate::api::yaml::write(tree)),
            Format::Json => Ok(json::pretty(tree)),
            Format::Name => Ok(items().iter().map(|item| name(item) + "\n").collect()),
            Format::JsonPath(template) => template.render(tree, false).map_err(|problem| {
                let text = &template.text;
                format!("error executing jsonpath {text:?}: Error executing template: {problem}. Printing more \
                     information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\tobject given to jsonpath \
                     engine was:\n\t\t{}\n\n", go_syntax(tree, 0))
            }),
            Format::GoTemplate(template) => template.render(tree).map_err(|problem| {
                format!("error executing template {:?}: template: output:1: {problem}", template.text)
            }),
            Format::Columns(columns) => Ok(custom(columns, items(), headers)),
            Format::Table | Format::Wide => Ok(String::new()),
        }
    }
}

impl Format {
    /// Takes out what this form hides, of an object or of a list's items.
    pub fn tidy(&self, args: &Args, tree: &mut Value) {
        if !matches!(self, Format::Yaml | Format::Json) || args.on("show-managed-fields") {
            return;
        }
        match tree.get_mut("items").and_then(Value::as_array_mut) {
            Some(items) => items.iter_mut().for_each(tidy),
            None => tidy(tree),
        }
    }
}

/// An object's name with its kind: `deployment.apps/web`.
fn name(item: &Value) -> String {
    let (kind, name) = (tree::str(item, "kind"), tree::str(item, "metadata.name"));
    match Kind::find(tree::str(item, "apiVersion"), kind) {
        Some(kind) => resources::full_name(kind, name),
        None => format!("{}/{name}", kind.to_lowercase()),
    }
}

fn columns(spec: &str) -> Result<Vec<(String, Template)>, String> {
    if spec.is_empty() {
        return Err("custom-columns format specified but no custom columns given".to_string());
    }
    let column = |part: &str| {
        let (header, path) = part.split_once(':').ok_or_else(|| {
            format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        })?;
        Ok((header.to_string(), Template::relaxed(path)?))
    };
    spec.split(',').map(column).collect()
}

fn custom(columns: &[(String, Template)], items: &[Value], headers: bool) -> String {
    let mut tabbed = table::Tabbed::new(6, 3);
    if headers {
        let names: Vec<&str> = columns.iter().map(|(header, _)| header.as_str()).collect();
        tabbed.line(&names.join("\t"));
    }
    for item in items {
        let cell = |(_, template): &(String, Template)| {
            let found: Vec<String> = template.find(item).into_iter().map(go_value).collect();
            if found.is_empty() { "<none>".to_string() } else { found.join(",") }
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        tabbed.line(&cells.join("\t"));
    }
    tabbed.finish()
}

/// A value as Go's `%v` prints it.
fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', "\\n"),
        Value::Null => "<nil>".to_string(),
        Value::Array(list) => format!("[{}]", list.iter().map(go_leaf).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", go_leaf(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}

/// A tree as Go's `%#v` prints it.
fn go_syntax(value: &Value, depth: usize) -> String {
    const MAX_DEPTH: usize = 64;
    match value {
        Value::Null => "interface {}(nil)".to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(list) if depth < MAX_DEPTH => {
            let items: Vec<String> = list.iter().map(|item| go_syntax(item, depth + 1)).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) if depth < MAX_DEPTH => {
            let mut pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value, depth + 1))).collect();
            order::sort(&mut pairs);
            format!("map[string]interface {{}}{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// One level deeper; trees in there are printed as JSON, so that depth needs no limit.
fn go_leaf(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => value.to_string(),
        leaf => go_value(leaf),
    }
}

/// Objects as a `v1.List`, as kubectl prints several.
pub fn list_of(items: Vec<Value>) -> Value {
    serde_json::json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Takes out what kubectl hides from YAML and JSON unless asked with `--show-managed-fields`. Templates see it.
pub fn tidy(object: &mut Value) {
    tree::remove(object, "metadata.managedFields");
}
