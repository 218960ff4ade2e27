//! The laws of the house, as tests over the source: floors, who reads the store, what may enter the core, sizes, words.
//! Each law is also shown a sample that breaks it, so that it cannot pass by looking at nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up; a room uses lower floors only, and not its neighbours.
const FLOORS: &[&[&str]] = &[
    &["base"],
    &["trace"],
    &["engine"],
    &["api"],
    &["store", "net"],
    &["effect"],
    &["process", "apiserver"],
    &["control", "node", "proxy", "policy", "dns"],
    &["shell"],
    &["world"],
    &["recording"],
];

/// Rooms that alone may name another: the store is the API server's, hickory is the DNS message's.
const ALONE: &[(&str, &str)] = &[("crate::store", "apiserver"), ("hickory_proto", "dns/message")];

/// What the core may not depend on: web, clocks, entropy, threads, async.
const BANNED: &[&str] = &[
    "web-sys",
    "js-sys",
    "wasm-bindgen",
    "yew",
    "gloo",
    "getrandom",
    "rand",
    "tokio",
    "futures",
    "async-std",
    "chrono",
    "time",
    "uuid",
    "rayon",
];

const MAX_LINES: usize = 700;
const MAX_MEDIAN: usize = 150;

/// A source file: its path under `src/`, and its text up to its tests.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project's root").to_path_buf()
}

fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for path in fs::read_dir(&at).into_iter().flatten().filter_map(|entry| entry.ok().map(|e| e.path())) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                let path = path.strip_prefix(folder).expect("below it").to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn core() -> Vec<Source> {
    let found = sources(&root().join("core/src"));
    assert!(found.len() > 40, "the core's sources were not found");
    found
}

fn room(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or_default()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The rooms that a text names as `crate::room`, line by line.
fn named_rooms(text: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (n, line) in
        without_tests(text).lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            let groups = rest.strip_prefix('{').map_or(rest, |inner| inner);
            let words = if rest.starts_with('{') { groups.split(", ").collect() } else { vec![rest] };
            for word in words {
                let name: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                named.push((n + 1, name));
            }
        }
    }
    named
}

fn broken_floors(source: &Source) -> Vec<String> {
    let own = room(&source.path);
    let Some(own_floor) = floor(own) else { return Vec::new() };
    let higher = named_rooms(&source.text).into_iter().filter(|(_, other)| {
        other != own && floor(other).is_some_and(|other_floor| other_floor >= own_floor)
    });
    higher.map(|(n, other)| format!("{}:{n}: {own} may not use {other}", source.path)).collect()
}

fn broken_privileges(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    for (what, who) in ALONE {
        let is_own = what.strip_prefix("crate::").is_some_and(|own| room(&source.path) == own);
        if !is_own && !source.path.starts_with(who) && without_tests(&source.text).contains(what) {
            broken.push(format!("{}: only {who} may name {what}", source.path));
        }
    }
    broken
}

fn broken_style(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    if !source.text.starts_with("//!") {
        broken.push(format!("{}: begins without a //! line", source.path));
    }
    if source.text.lines().count() > MAX_LINES {
        broken.push(format!("{}: has more than {MAX_LINES} lines", source.path));
    }
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX:"].concat()];
    for mark in marks.iter().filter(|mark| source.text.contains(mark.as_str())) {
        broken.push(format!("{}: has a {mark}", source.path));
    }
    broken
}

/// Where std's sorts and trees may stand: each type that they are used with is five to ten kilobytes of the page.
const TREES: &[&str] = &["base/flat.rs", "base/order.rs", "engine/queue.rs", "net/conntrack.rs", "store.rs"];
/// How they look.
const HEAVY: &[&str] = &["BTreeMap", "BTreeSet", ".sort(", ".sort_by", ".sort_unstable"];

fn broken_weight(source: &Source) -> Vec<String> {
    let is_free = TREES.contains(&source.path.as_str()) || source.path.ends_with("tests.rs");
    let lines = without_tests(&source.text).lines().enumerate().filter(|_| !is_free);
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let heavy = code.filter(|(_, line)| HEAVY.iter().any(|word| line.contains(word)));
    heavy
        .map(|(n, _)| format!("{}:{}: use base::FlatMap, FlatSet or base::order", source.path, n + 1))
        .collect()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.map(str::to_string).filter(|name| !name.is_empty()).collect()
}

fn check(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn a_floor_uses_only_lower_floors() {
    check(core().iter().flat_map(broken_floors).collect());
    let sample = Source {
        path: "proxy/rules.rs".into(),
        text: "use crate::dns::stub;\nuse crate::net::Packet;".into(),
    };
    assert_eq!(broken_floors(&sample), ["proxy/rules.rs:1: proxy may not use dns"]);
    let sample = Source { path: "net.rs".into(), text: "use crate::{base::Pid, world::World};".into() };
    assert_eq!(broken_floors(&sample), ["net.rs:1: net may not use world"]);
}

#[test]
fn every_room_has_a_floor() {
    let rooms = core().into_iter().map(|source| room(&source.path).to_string()).filter(|room| room != "lib");
    let homeless: Vec<String> = rooms.filter(|room| floor(room).is_none()).collect();
    assert!(homeless.is_empty(), "give these rooms a floor: {homeless:?}");
}

#[test]
fn nobody_reads_the_store_but_the_api_server() {
    check(core().iter().flat_map(broken_privileges).collect());
    let sample = Source { path: "node/kubelet.rs".into(), text: "use crate::store::Store;".into() };
    assert_eq!(broken_privileges(&sample), ["node/kubelet.rs: only apiserver may name crate::store"]);
}

#[test]
fn maps_are_flat_and_there_is_one_sort() {
    check(core().iter().flat_map(broken_weight).collect());
    check(sources(&root().join("web/src")).iter().flat_map(broken_weight).collect());
    let sample =
        Source { path: "dns.rs".into(), text: "use std::collections::BTreeMap;\nall.sort();".into() };
    assert_eq!(broken_weight(&sample).len(), 2);
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let all = core();
    check(all.iter().flat_map(broken_style).collect());
    for package in ["web/src", "bridge/src", "xtask/src", "tutorials/src"] {
        check(sources(&root().join(package)).iter().flat_map(broken_style).collect());
    }
    let mut lines: Vec<usize> = all.iter().map(|source| source.text.lines().count()).collect();
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(median <= MAX_MEDIAN, "the median file has {median} lines; at most {MAX_MEDIAN}");
    let sample = Source { path: "a.rs".into(), text: "fn a() {}\n".repeat(MAX_LINES + 1) };
    assert_eq!(broken_style(&sample).len(), 2);
}

#[test]
fn the_core_depends_on_no_web_clock_or_entropy() {
    let manifest = fs::read_to_string(root().join("core/Cargo.toml")).expect("core's manifest");
    let found = dependencies(&manifest);
    assert!(found.contains(&"serde_json".to_string()), "core's dependencies were not found");
    let bad: Vec<_> =
        found.iter().filter(|name| BANNED.contains(&name.as_str()) || name.starts_with("tidepool")).collect();
    assert!(bad.is_empty(), "the core may not depend on {bad:?}");
    assert_eq!(dependencies("[dependencies]\nrand = \"1\"\n[lints]\nx = 1"), ["rand"]);
}

#[test]
fn every_file_is_declared_by_its_parent() {
    let all = core();
    let texts: BTreeMap<&str, &str> = all.iter().map(|s| (s.path.as_str(), s.text.as_str())).collect();
    let mut lost = Vec::new();
    for source in &all {
        let stem = source.path.trim_end_matches(".rs");
        let (parent, name) = match stem.rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}.rs"), name),
            None => ("lib.rs".to_string(), stem),
        };
        let declared = texts.get(parent.as_str()).is_some_and(|text| text.contains(&format!("mod {name};")));
        if name != "lib" && !declared {
            lost.push(format!("{}: {parent} does not declare it", source.path));
        }
    }
    check(lost);
}

/// Which packages of the house a package may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("tutorials", &["tidepool-core"]),
    ("web", &["tidepool-core", "tidepool-tutorials"]),
    ("bridge", &["tidepool-core", "tidepool-tutorials"]),
    ("xtask", &[]),
];

fn broken_arrows(package: &str, manifest: &str, allowed: &[&str]) -> Vec<String> {
    let own = dependencies(manifest).into_iter().filter(|name| name.starts_with("tidepool"));
    let bad = own.filter(|name| !allowed.contains(&name.as_str()));
    bad.map(|name| format!("{package} may not depend on {name}")).collect()
}

#[test]
fn arrows_between_packages_point_down() {
    for (package, allowed) in ARROWS {
        if let Ok(manifest) = fs::read_to_string(root().join(package).join("Cargo.toml")) {
            check(broken_arrows(package, &manifest, allowed));
        }
    }
    let sample = "[dependencies]\ntidepool-web.workspace = true\n";
    assert_eq!(broken_arrows("core", sample, &[]), ["core may not depend on tidepool-web"]);
}

/// The members that the workspace names are packages with an arrow above.
#[test]
fn every_package_has_an_arrow() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    let members =
        manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("members");
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert!(members.contains(&"core"), "the workspace's members were not found");
    let strangers: Vec<_> = members
        .iter()
        .filter(|member| **member != "clients" && ARROWS.iter().all(|(package, _)| package != *member))
        .collect();
    assert!(strangers.is_empty(), "say what these packages may use: {strangers:?}");
}

/// npm's lock says what, not from where: whoever installs has a registry of their own.
fn broken_lock(lock: &str) -> Vec<String> {
    lock.lines().filter(|line| line.contains("\"resolved\"")).map(|line| line.trim().to_string()).collect()
}

#[test]
fn locks_name_no_registry() {
    if let Ok(lock) = fs::read_to_string(root().join("package-lock.json")) {
        check(broken_lock(&lock));
    }
    assert_eq!(broken_lock("{\n  \"resolved\": \"https://example.com/a.tgz\",\n").len(), 1);
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let sources = lock.lines().filter(|line| line.starts_with("source = "));
    let elsewhere = sources.filter(|line| !line.contains("github.com/rust-lang/crates.io-index"));
    check(elsewhere.map(|line| format!("Cargo.lock: {line}")).collect());
}
