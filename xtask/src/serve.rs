//! `cargo xtask serve`: the page on this machine.

use crate::shell::command;
use crate::tools;

/// The port when none is named.
const PORT: &str = "8080";

/// Installs what is missing, then serves until it is stopped.
pub fn run(args: &[String]) -> Result<(), String> {
    let port = match args {
        [] => PORT,
        [flag, port] if flag == "--port" => port,
        _ => return Err("usage: cargo xtask serve [--port N]".into()),
    };
    tools::for_page()?;
    println!("building the page; then it is at http://127.0.0.1:{port}/ (Ctrl-C stops it)");
    let mut trunk = command("trunk");
    trunk.args(["serve", "--address", "127.0.0.1", "--port", port]);
    let status = trunk.status().map_err(|error| format!("cannot run trunk: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("trunk serve: {status}")) }
}
