//! The checks, in order: cheap ones first. A check gives the optional clients that it went without.

use crate::shell::{output, run, run_with, tee};
use crate::{clients, sizes, tools};

/// A check.
pub struct Step {
    /// Its name, for `--only`.
    pub name: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// Installs what it needs.
    pub needs: fn() -> Result<(), String>,
    /// Runs it, and gives the clients that it went without.
    pub run: fn() -> Result<Vec<&'static str>, String>,
}

/// All checks.
pub const STEPS: &[Step] = &[
    Step { name: "fmt", what: "the code is formatted", needs: tools::for_code, run: fmt },
    Step {
        name: "versions",
        what: "wasm-bindgen's tool and library agree",
        needs: tools::for_wasm,
        run: versions,
    },
    Step {
        name: "clippy",
        what: "no lint fires, natively and for WebAssembly",
        needs: tools::for_wasm,
        run: clippy,
    },
    Step { name: "schema", what: "the table of fields is up to date", needs: tools::for_code, run: schema },
    Step { name: "test", what: "laws, cases, units and properties", needs: tools::for_code, run: native },
    Step {
        name: "doc",
        what: "documentation builds, private items included",
        needs: tools::for_code,
        run: doc,
    },
    Step {
        name: "wasm-node",
        what: "the core's tests in WebAssembly, in Node",
        needs: tools::for_wasm,
        run: wasm_node,
    },
    Step {
        name: "wasm-chrome",
        what: "the page's tests in a browser",
        needs: tools::for_tests,
        run: wasm_chrome,
    },
    Step {
        name: "release",
        what: "the page builds for release",
        needs: tools::for_page,
        run: || release(&[]).map(|()| Vec::new()),
    },
    Step {
        name: "sizes",
        what: "the page is within its budget",
        needs: tools::for_page,
        run: || sizes::run(&[]).map(|()| Vec::new()),
    },
    Step { name: "e2e", what: "the page does its job in a browser", needs: tools::for_tests, run: e2e },
    Step { name: "clean", what: "nothing that is committed was changed", needs: tools::for_code, run: clean },
];

fn done(result: Result<(), String>) -> Result<Vec<&'static str>, String> {
    result.map(|()| Vec::new())
}

fn fmt() -> Result<Vec<&'static str>, String> {
    done(run("cargo", &["fmt", "--all", "--", "--check"]))
}

fn versions() -> Result<Vec<&'static str>, String> {
    let tool = output("wasm-bindgen", &["--version"]).unwrap_or_default();
    let version = tool.split_whitespace().nth(1).unwrap_or_default();
    let lock = std::fs::read_to_string(crate::shell::root().join("Cargo.lock")).map_err(|e| e.to_string())?;
    let wanted = format!("name = \"wasm-bindgen\"\nversion = \"{version}\"");
    if lock.contains(&wanted) {
        return Ok(Vec::new());
    }
    Err(format!("wasm-bindgen {version} is installed, and Cargo.lock has another: update both together"))
}

fn clippy() -> Result<Vec<&'static str>, String> {
    run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    let mut wasm = vec!["clippy", "--target", "wasm32-unknown-unknown", "--lib", "--bins", "--tests"];
    wasm.extend(["-p", "tidepool-core", "-p", "tidepool-web", "--", "-D", "warnings"]);
    done(run("cargo", &wasm))
}

fn native() -> Result<Vec<&'static str>, String> {
    let absent = clients::absent()?;
    run("cargo", &["test", "--workspace"]).map(|()| absent)
}

fn doc() -> Result<Vec<&'static str>, String> {
    let flags = [("RUSTDOCFLAGS", "-D warnings")];
    done(run_with("cargo", &["doc", "--workspace", "--no-deps", "--document-private-items"], &flags))
}

/// The tables of fields are what their generator makes of the pinned sources.
fn schema() -> Result<Vec<&'static str>, String> {
    let read = || {
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        crate::schema::paths().iter().map(read).collect::<Result<Vec<String>, String>>()
    };
    let before = read()?;
    crate::schema::run_command(&[])?;
    if before == read()? {
        Ok(Vec::new())
    } else {
        Err("a table of fields was not up to date: commit it".into())
    }
}

/// A wasm-bindgen test file that is configured for the other environment is skipped with status 0, so the output is read.
fn ran(text: &str) -> Result<Vec<&'static str>, String> {
    let tests = text.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    let passed: u32 = tests.filter_map(|rest| rest.split(' ').next()?.parse::<u32>().ok()).sum();
    if passed > 0 { Ok(Vec::new()) } else { Err("no test ran".into()) }
}

fn wasm_node() -> Result<Vec<&'static str>, String> {
    ran(&tee("wasm-pack", &["test", "--node", "core"], &[])?)
}

fn wasm_chrome() -> Result<Vec<&'static str>, String> {
    let driver = tools::find(&["chromedriver"]).unwrap_or_default();
    ran(&tee("wasm-pack", &["test", "--headless", "--chrome", "--chromedriver", &driver, "web"], &[])?)
}

/// Runs the benches.
pub fn bench(filter: &[String]) -> Result<(), String> {
    let mut args = vec!["bench", "-p", "tidepool-core", "--bench", "*", "--"];
    args.extend(filter.iter().map(String::as_str));
    run("cargo", &args)
}

/// Builds the page for release and measures it in a browser.
pub fn profile(_: &[String]) -> Result<(), String> {
    tools::for_tests()?;
    release(&[])?;
    let chromium = tools::chromium().unwrap_or_default();
    tee("node", &["e2e/profile.mjs"], &[("CHROME_PATH", &chromium)]).map(|_| ())
}

/// Builds the page for release. wasm-opt comes from npm's packages.
pub fn release(_: &[String]) -> Result<(), String> {
    tools::for_page()?;
    run("trunk", &["build", "--release"])
}

fn e2e() -> Result<Vec<&'static str>, String> {
    let chromium = tools::chromium().unwrap_or_default();
    let text = tee("node", &["--test", "e2e/"], &[("CHROME_PATH", &chromium)])?;
    let passed =
        text.lines().filter_map(|line| line.trim_start_matches(['#', 'ℹ', ' ']).strip_prefix("pass "));
    let passed: u32 = passed.filter_map(|n| n.trim().parse::<u32>().ok()).sum();
    if passed > 0 { Ok(Vec::new()) } else { Err("no test ran".into()) }
}

fn clean() -> Result<Vec<&'static str>, String> {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    if !in_ci {
        return Ok(Vec::new());
    }
    done(run("git", &["diff", "--exit-code"]))
}
