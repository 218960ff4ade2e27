//! Running other programs, from the project's root, with the tools that the project installs on the path.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A command in the project's root; npm's and cargo's tools come first on its path.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut paths = vec![root().join("node_modules/.bin")];
    paths.extend(home.map(|home| home.join("bin")));
    paths.push(crate::clients::folder());
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    if let Ok(path) = std::env::join_paths(paths) {
        command.env("PATH", path);
    }
    command.current_dir(root());
    command
}

/// Runs a program and shows what it prints; an error names it and its status.
pub fn run(program: &str, args: &[&str]) -> Result<(), String> {
    run_with(program, args, &[])
}

/// Runs a program with environment variables.
pub fn run_with(program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<(), String> {
    let mut command = command(program);
    command.args(args).stdin(Stdio::null()).envs(env.iter().copied());
    let status = command.status().map_err(|error| format!("cannot run {program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} {}: {status}", args.join(" "))) }
}

/// What a program prints on standard output; `None` when it is not there or fails.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = command(program).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program, shows what it prints, and gives it back too.
pub fn tee(program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<String, String> {
    let mut command = command(program);
    command.args(args).stdin(Stdio::null()).envs(env.iter().copied());
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{text}");
    let failed = format!("{program} {}: {}", args.join(" "), output.status);
    if output.status.success() { Ok(text) } else { Err(failed) }
}
