//! `cargo xtask schema`: derives the core's field table from the sources of `k8s-openapi`, and the numbers of fields in
//! protobuf from those of `k8s-pb`. Knows which kinds are wanted,
//! and which Go types upstream gives to fields that OpenAPI calls plain strings.

use crate::shell::{output, root, run};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

mod go_types;
mod protobuf;

/// The version of Kubernetes whose fields are taken.
const VERSION: &str = "v1_35";
/// The groups whose kinds are taken, in their stable versions, each with the kinds that are left out.
const GROUPS: &[(&str, &str)] = &[
    ("core", "v1"),
    ("apps", "v1"),
    ("batch", "v1"),
    ("networking", "v1"),
    ("discovery", "v1"),
    ("autoscaling", "v2"),
    ("policy", "v1"),
    ("rbac", "v1"),
    ("coordination", "v1"),
    ("scheduling", "v1"),
    ("storage", "v1"),
    ("node", "v1"),
    ("events", "v1"),
];
/// Types that are written as one scalar, or as anything.
const LEAVES: &[&str] =
    &["IntOrString", "Quantity", "Time", "MicroTime", "FieldsV1", "RawExtension", "JSON", "ByteString"];

/// A struct of the sources.
struct Struct {
    /// Its path: `api/core/v1`.
    module: String,
    name: String,
    /// `v1` and `Service`, when it is a kind.
    kind: Option<(String, String)>,
    /// Name in JSON, whether it is required, and type as in the sources.
    fields: Vec<(String, bool, String)>,
}

/// Where the tables are: of fields, and of their numbers in protobuf.
pub fn paths() -> [PathBuf; 2] {
    [root().join("core/src/api/fields/kubernetes.txt"), protobuf::path()]
}

/// Writes the tables.
pub fn run_command(_: &[String]) -> Result<(), String> {
    run("cargo", &["fetch", "--locked", "--quiet"])?;
    let sources = sources_of("k8s-openapi")?.join(VERSION);
    let mut structs = BTreeMap::new();
    read_folder(&sources, &sources, &mut structs)?;
    for (path, table) in paths().into_iter().zip([table(&structs)?, protobuf::table()?]) {
        fs::write(&path, &table).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}: {} lines", path.display(), table.lines().count());
    }
    Ok(())
}

/// Where cargo keeps the sources of a crate.
fn sources_of(name: &str) -> Result<PathBuf, String> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--locked"]);
    let metadata = metadata.ok_or("cargo metadata failed")?;
    let part = format!("/{name}-");
    let manifest = metadata.split('"').find(|word| word.contains(&part) && word.ends_with("Cargo.toml"));
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    Ok(folder.ok_or_else(|| format!("{name} is not in the lock"))?.join("src"))
}

fn read_folder(folder: &Path, base: &Path, found: &mut BTreeMap<String, Struct>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            read_folder(&path, base, found)?;
        } else {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let module = folder.strip_prefix(base).unwrap_or(folder).to_string_lossy().replace('\\', "/");
            if let Some(one) = read_struct(&text, module) {
                found.insert(format!("{}/{}", one.module, one.name), one);
            }
        }
    }
    Ok(())
}

/// The struct of a file: its fields in order, with the names that its deserializer knows them by.
fn read_struct(text: &str, module: String) -> Option<Struct> {
    let (_, rest) = text.split_once("\npub struct ")?;
    let (name, rest) = rest.split_once(" {\n")?;
    let (body, rest) = rest.split_once("\n}\n")?;
    let fields: Vec<(&str, &str)> = body
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.trim_end_matches(',').split_once(": "))
        .collect();
    let json_name = |field: &str| {
        let arm = format!("\" => Field::Key_{field},");
        rest.lines()
            .find_map(|line| Some(line.trim().strip_suffix(&arm)?.trim_start_matches('"').to_string()))
    };
    let mut all = Vec::new();
    for (field, kind) in fields {
        let optional = kind.strip_prefix("Option<").and_then(|inner| inner.strip_suffix('>'));
        all.push((json_name(field)?, optional.is_none(), optional.unwrap_or(kind).to_string()));
    }
    let constant = |name: &str| {
        let (_, value) = rest.split_once(&format!("const {name}: &'static str = \""))?;
        Some(value.split('"').next()?.to_string())
    };
    let kind = constant("API_VERSION").zip(constant("KIND"));
    Some(Struct { module, name: name.to_string(), kind, fields: all })
}

/// The table's text.
fn table(structs: &BTreeMap<String, Struct>) -> Result<String, String> {
    let is_wanted = |one: &&Struct| {
        let is_list = one.name.ends_with("List") && one.fields.iter().any(|(name, ..)| name == "items");
        let module = |(group, version): &(&str, &str)| one.module == format!("api/{group}/{version}");
        one.kind.is_some() && !is_list && GROUPS.iter().any(module)
    };
    let kinds: Vec<&Struct> = structs.values().filter(is_wanted).collect();
    let reached = reach(structs, &kinds)?;
    let names = unique_names(structs, &reached);
    let mut text = String::from(
        "# Written by `cargo xtask schema` from k8s-openapi. `!` marks what is required; [] is a list, {} a map.\n",
    );
    for one in &kinds {
        let (api_version, kind) = one.kind.as_ref().ok_or("a kind")?;
        text.push_str(&format!("kind {api_version} {kind} {}\n", names[&path_of(one)]));
    }
    for path in &reached {
        let one = &structs[path];
        text.push_str(&format!("type {}\n", names[path]));
        if one.kind.is_some() {
            text.push_str("apiVersion string\nkind string\n");
        }
        for (field, required, kind) in &one.fields {
            let mark = if *required && field != "metadata" { "!" } else { "" };
            let shape = go_types::of(&one.name, field)
                .map_or_else(|| shape(kind, &names), |go| Ok(go.to_string()))?;
            text.push_str(&format!("{field}{mark} {shape}\n"));
        }
    }
    Ok(text)
}

fn path_of(one: &Struct) -> String {
    format!("{}/{}", one.module, one.name)
}

/// The structs that kinds are made of, themselves included.
fn reach(structs: &BTreeMap<String, Struct>, kinds: &[&Struct]) -> Result<BTreeSet<String>, String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = kinds.iter().map(|one| path_of(one)).collect();
    while let Some(path) = open.pop() {
        if reached.contains(&path) {
            continue;
        }
        let one = structs.get(&path).ok_or_else(|| format!("no struct {path}"))?;
        open.extend(one.fields.iter().filter_map(|(.., kind)| struct_in(kind)));
        reached.insert(path);
    }
    Ok(reached)
}

/// The path of the struct that a type names, within lists and maps.
fn struct_in(kind: &str) -> Option<String> {
    let (_, path) = kind.split_once("crate::")?;
    let path = path.trim_end_matches('>');
    let leaf = path.rsplit("::").next()?;
    (!LEAVES.contains(&leaf) && path != "serde_json::Value").then(|| path.replace("::", "/"))
}

/// A name for each struct: its own, with its group in front where two groups use one name.
fn unique_names(structs: &BTreeMap<String, Struct>, reached: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    reached.iter().for_each(|path| *counts.entry(&structs[path].name).or_default() += 1);
    let unique = |path: &String| {
        let one = &structs[path];
        let group = one.module.split('/').nth(1).unwrap_or_default();
        let is_common = counts[one.name.as_str()] == 1;
        (path.clone(), if is_common { one.name.clone() } else { format!("{group}/{}", one.name) })
    };
    reached.iter().map(unique).collect()
}

/// A type in the table's notation.
fn shape(kind: &str, names: &BTreeMap<String, String>) -> Result<String, String> {
    if let Some(inner) = kind.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>')) {
        return Ok(format!("[]{}", shape(inner, names)?));
    }
    if let Some(inner) = kind.strip_prefix("std::vec::Vec<").and_then(|rest| rest.strip_suffix('>')) {
        return Ok(format!("[]{}", shape(inner, names)?));
    }
    let map = kind.strip_prefix("std::collections::BTreeMap<std::string::String, ");
    if let Some(inner) = map.and_then(|rest| rest.strip_suffix('>')) {
        return Ok(format!("{{}}{}", shape(inner, names)?));
    }
    let name = match kind {
        "std::string::String" => "string",
        "i32" => "int32",
        "i64" => "int64",
        "f64" => "float64",
        "bool" => "bool",
        _ => match kind.rsplit("::").next().unwrap_or_default() {
            "ByteString" => "bytes",
            "FieldsV1" | "RawExtension" | "JSON" | "Value" => "any",
            leaf if LEAVES.contains(&leaf) => leaf,
            _ => {
                let path = struct_in(kind).ok_or_else(|| format!("an unknown type {kind}"))?;
                return names.get(&path).cloned().ok_or_else(|| format!("an unknown struct {path}"));
            }
        },
    };
    Ok(name.to_string())
}
