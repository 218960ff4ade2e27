//! The numbers of the fields in protobuf, from the sources of `k8s-pb`: what a bridge needs to read the bodies of
//! clients that write protobuf. Knows no values.

use super::{GROUPS, sources_of};
use crate::shell::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Messages that clients send and that are no kinds of [`GROUPS`].
const MORE: &[&str] =
    &["apimachinery/pkg/apis/meta/v1/DeleteOptions", "api/autoscaling/v1/Scale", "api/policy/v1/Eviction"];

/// A message: its fields by number, each with its name and type.
type Message = BTreeMap<u32, (String, String)>;

/// Where the table is.
pub fn path() -> PathBuf {
    root().join("bridge/src/serve/protobuf/numbers.txt")
}

/// The table's text.
pub fn table() -> Result<String, String> {
    let base = sources_of("k8s-pb")?;
    let mut messages = BTreeMap::new();
    read_folder(&base, &base, &mut messages)?;
    let of_group = |path: &str| {
        let (module, name) = path.rsplit_once('/').unwrap_or_default();
        !name.ends_with("List")
            && GROUPS.iter().any(|(group, version)| module == format!("api/{group}/{version}"))
    };
    // A kind is what has metadata; lists of kinds have it too, and nobody sends them.
    let is_kind = |message: &Message| message.get(&1).is_some_and(|(_, kind)| kind.ends_with("/ObjectMeta"));
    let kinds = messages.iter().filter(|(path, message)| of_group(path) && is_kind(message));
    let mut open: Vec<String> = kinds.map(|(path, _)| path.clone()).collect();
    open.extend(MORE.iter().map(|path| (*path).to_string()));
    let mut reached = BTreeSet::new();
    while let Some(path) = open.pop() {
        let message = messages.get(&path).ok_or_else(|| format!("no message {path}"))?;
        if reached.insert(path) {
            let inner = message.values().filter_map(|(_, kind)| kind.rsplit(['[', ']', '{', '}']).next());
            open.extend(inner.filter(|kind| kind.contains('/')).map(str::to_string));
        }
    }
    let mut text = String::from(
        "# Written by `cargo xtask schema` from k8s-pb: the number, name and type of each field. [] is a list, {} a map.\n",
    );
    for path in &reached {
        text.push_str(&format!("message {path}\n"));
        for (number, (name, kind)) in &messages[path] {
            text.push_str(&format!("{number} {name} {kind}\n"));
        }
    }
    Ok(text)
}

fn read_folder(folder: &Path, base: &Path, found: &mut BTreeMap<String, Message>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            read_folder(&path, base, found)?;
        } else if path.ends_with("mod.rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let module = folder.strip_prefix(base).unwrap_or(folder).to_string_lossy().replace('\\', "/");
            read_messages(&text, &module, found);
        }
    }
    Ok(())
}

/// The messages of a file.
fn read_messages(text: &str, module: &str, found: &mut BTreeMap<String, Message>) {
    for part in text.split("\npub struct ").skip(1) {
        let Some((name, rest)) = part.split_once(" {\n") else { continue };
        let body = rest.split("\n}").next().unwrap_or_default();
        let mut message = Message::new();
        // `#[prost(message, optional, tag = "2")]`, then `pub spec: ...,`, perhaps over several lines.
        for field in body.split("#[prost(").skip(1) {
            let Some((attribute, declaration)) = field.split_once(")]") else { continue };
            let number =
                attribute.split("tag = \"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
            let Some((name, kind)) = declaration.split("pub ").nth(1).and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            let kind = kind.split("///").next().unwrap_or_default();
            if let Some(number) = number {
                let name = name.trim_start_matches("r#").to_string();
                message.insert(number, (name, shape(attribute, kind, module)));
            }
        }
        found.insert(format!("{module}/{name}"), message);
    }
}

/// A type in the table's notation: `string`, `[]api/core/v1/Container`, `{}bytes`.
fn shape(attribute: &str, kind: &str, module: &str) -> String {
    let word = attribute.split([',', ' ', '=']).next().unwrap_or_default();
    let (prefix, scalar) = match word {
        "btree_map" => {
            ("{}", attribute.split('"').nth(1).and_then(|pair| pair.split(", ").nth(1)).unwrap_or_default())
        }
        word if attribute.contains(", repeated") => ("[]", word),
        word => ("", word),
    };
    let inner = if scalar == "message" { message_in(kind, module) } else { scalar.to_string() };
    format!("{prefix}{inner}")
}

/// The path of the message that a declaration names: its last path, relative to the module.
fn message_in(kind: &str, module: &str) -> String {
    let inner = kind.trim().trim_end_matches([',', '>', '\n', ' ']);
    let path = inner.rsplit(['<', ' ']).next().unwrap_or(inner).trim();
    let mut folder: Vec<&str> = module.split('/').collect();
    let mut parts = Vec::new();
    for part in path.split("::") {
        match part {
            "super" => {
                folder.pop();
            }
            "" => {}
            part => parts.push(part),
        }
    }
    folder.extend(parts);
    folder.join("/")
}
