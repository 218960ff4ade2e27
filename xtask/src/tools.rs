//! The tools that a command needs: what is there is left alone, what is missing is installed, and it says what and why.

use crate::shell::{output, root, run, run_with};
use std::fs;

/// A tool that cargo installs.
struct Tool {
    name: &'static str,
    version: &'static str,
    why: &'static str,
    args: &'static [&'static str],
}

/// wasm-bindgen must be exactly the version of the library in Cargo.lock; without `--locked`, since its lock file names
/// a version that registries may lack.
const TRUNK: Tool = Tool {
    name: "trunk",
    version: "0.21.14",
    why: "it builds and serves the page",
    args: &["--locked", "--no-default-features", "--features", "rustls"],
};
const WASM_BINDGEN: Tool = Tool {
    name: "wasm-bindgen-cli",
    version: "0.2.130",
    why: "it connects WebAssembly and JavaScript",
    args: &[],
};
const WASM_PACK: Tool =
    Tool { name: "wasm-pack", version: "0.15.1", why: "it runs tests in WebAssembly", args: &["--locked"] };

/// Faster builds of the tools; they are used, not shipped.
const FAST: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

/// What the page needs to be built.
pub fn for_page() -> Result<(), String> {
    wasm_target()?;
    npm()?;
    cargo_tool(&TRUNK)?;
    cargo_tool(&WASM_BINDGEN)
}

/// What the checks of the code need: components of the toolchain.
pub fn for_code() -> Result<(), String> {
    for (program, component) in [("rustfmt", "rustfmt"), ("clippy-driver", "clippy")] {
        if output(program, &["--version"]).is_none() {
            println!("installing the component {component}: a check runs it");
            run("rustup", &["component", "add", component])
                .map_err(|error| format!("{error}; install {component} of the Rust toolchain"))?;
        }
    }
    Ok(())
}

/// What the checks need besides.
pub fn for_tests() -> Result<(), String> {
    for_code()?;
    for_wasm()?;
    for_page()?;
    browser()
}

/// What tests in WebAssembly need.
pub fn for_wasm() -> Result<(), String> {
    wasm_target()?;
    cargo_tool(&WASM_BINDGEN)?;
    cargo_tool(&WASM_PACK)
}

fn wasm_target() -> Result<(), String> {
    let sysroot = output("rustc", &["--print", "sysroot"]).unwrap_or_default();
    let target = std::path::Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown");
    if target.is_dir() {
        return Ok(());
    }
    println!("installing the target wasm32-unknown-unknown: the page is WebAssembly");
    run("rustup", &["target", "add", "wasm32-unknown-unknown"])
        .map_err(|error| format!("{error}; install the target wasm32-unknown-unknown of the Rust toolchain"))
}

fn cargo_tool(tool: &Tool) -> Result<(), String> {
    let program = tool.name.trim_end_matches("-cli");
    let found = output(program, &["--version"]).unwrap_or_default();
    if found.split_whitespace().any(|word| word == tool.version) {
        return Ok(());
    }
    println!("installing {} {} with cargo: {} (some minutes, once)", tool.name, tool.version, tool.why);
    let mut args = vec!["install", "--force", tool.name, "--version", tool.version];
    args.extend(tool.args);
    run_with("cargo", &args, &FAST)
}

/// npm's packages: wasm-opt, the editor's bundle, and what drives the browser in tests.
fn npm() -> Result<(), String> {
    if output("node", &["--version"]).is_none() || output("npm", &["--version"]).is_none() {
        return Err("Node.js with npm is missing: install Node.js 20 or later".into());
    }
    let modified = |path: &str| fs::metadata(root().join(path)).and_then(|file| file.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    println!("installing npm's packages into node_modules/: the editor, wasm-opt, and the browser's driver");
    run("npm", &["ci", "--no-audit", "--no-fund"])
}

/// The browser and its driver, for the tests that need a real one.
fn browser() -> Result<(), String> {
    let missing: Vec<&str> = [("chromium", chromium()), ("chromedriver", find(&["chromedriver"]))]
        .into_iter()
        .filter(|(_, found)| found.is_none())
        .map(|(name, _)| name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" and ");
    if !can_apt() {
        return Err(format!("{names} missing: install Chromium and a ChromeDriver of the same version"));
    }
    println!("installing {names} with apt: the page is tested in a real browser");
    apt(&["chromium", "chromium-driver"])
}

/// Chromium's program, under the names that it has.
pub fn chromium() -> Option<String> {
    if let Ok(path) = std::env::var("CHROME_PATH") {
        return Some(path);
    }
    find(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
}

/// The path of the first of these programs that is there.
pub fn find(names: &[&str]) -> Option<String> {
    let lines = names.iter().filter_map(|name| output("sh", &["-c", &format!("command -v {name}")]));
    lines.map(|line| line.trim().to_string()).find(|path| !path.is_empty())
}

/// Whether packages can be installed: root, on Debian.
pub fn can_apt() -> bool {
    let is_root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    is_root && std::path::Path::new("/etc/debian_version").exists()
}

/// Installs Debian packages.
pub fn apt(packages: &[&str]) -> Result<(), String> {
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    run_with("apt-get", &["update", "-qq"], &quiet)?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(packages);
    run_with("apt-get", &args, &quiet)
}
