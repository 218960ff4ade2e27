//! `cargo xtask`: serve the page, run every check, and chores. Needs nothing but cargo; installs what a command needs.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line program prints
#![allow(clippy::disallowed_types)] // wall time is measured here; nothing here is simulated

mod clients;
mod schema;
mod serve;
mod shell;
mod sizes;
mod steps;
mod test;
mod tools;

use std::process::ExitCode;

/// A command: its name, what it does, and how it runs with the arguments after its name.
struct Entry {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

/// All commands, in the order of the help text.
const COMMANDS: &[Entry] = &[
    Entry {
        name: "serve",
        help: "build the page, serve it on this machine and print its address",
        run: serve::run,
    },
    Entry { name: "test", help: "run every check that counts (--only NAME for one of them)", run: test::run },
    Entry { name: "build", help: "build the page for release into dist/", run: steps::release },
    Entry {
        name: "sizes",
        help: "print the sizes of dist/ and check them against the budget",
        run: sizes::run,
    },
    Entry { name: "bench", help: "measure the core (with a filter: only those benches)", run: steps::bench },
    Entry { name: "profile", help: "measure the page, built for release, in a browser", run: steps::profile },
    Entry {
        name: "schema",
        help: "derive the table of Kubernetes' fields from k8s-openapi",
        run: schema::run_command,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let name = args.first().map_or("help", String::as_str);
    let Some(entry) = COMMANDS.iter().find(|entry| entry.name == name) else {
        println!("cargo xtask COMMAND\n");
        COMMANDS.iter().for_each(|entry| println!("  {:<8} {}", entry.name, entry.help));
        return if name == "help" { ExitCode::SUCCESS } else { ExitCode::from(2) };
    };
    match (entry.run)(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}
