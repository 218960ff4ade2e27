//! The list of sub-commands: one file each.

mod replay;
mod run;
mod verify;

use lexopt::{Arg, Parser};
use tidepool_core::recording::RecordingError;

/// A sub-command: its name, how it is called, what it does, and how it runs.
struct Entry {
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(Parser) -> Result<u8, String>,
}

/// All sub-commands, in the order of the help text.
const COMMANDS: &[Entry] = &[
    Entry {
        name: "run",
        usage: "run FILE|- [--seed N] [--cluster FILE] [--events] [--save FILE]",
        help: "run a script against a new world and print what its commands print",
        run: run::run,
    },
    Entry {
        name: "replay",
        usage: "replay FILE",
        help: "replay a recording and print the digest of its events",
        run: replay::run,
    },
    Entry {
        name: "serve",
        usage: "serve [--port N] [--dns-port N] [--seed N] [--cluster FILE] [--speed N|max] [--from POD] [--forward F] [--save FILE]",
        help: "lend a world to real kubectl, dig and curl on loopback",
        run: crate::serve::run,
    },
    Entry {
        name: "verify",
        usage: "verify FOLDER",
        help: "prove every step of every lesson in a folder",
        run: verify::run,
    },
];

/// Runs the sub-command that the arguments name; the result is the exit status.
pub fn dispatch(mut args: Parser) -> Result<u8, String> {
    let first = args.next().map_err(|error| error.to_string())?;
    let name = match first {
        Some(Arg::Value(name)) => name.to_string_lossy().into_owned(),
        Some(Arg::Long("help") | Arg::Short('h')) | None => {
            help();
            return Ok(0);
        }
        Some(other) => return Err(other.unexpected().to_string()),
    };
    let entry = COMMANDS.iter().find(|entry| entry.name == name);
    let entry = entry.ok_or_else(|| format!("there is no command {name:?}; try tidepool --help"))?;
    (entry.run)(args)
}

fn help() {
    println!("tidepool: a Kubernetes cluster small enough to look into\n");
    for entry in COMMANDS {
        println!("  tidepool {:<66} {}", entry.usage, entry.help);
    }
}

/// A file's text; `-` is standard input.
pub fn read(path: &str) -> Result<String, String> {
    let text =
        if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    text.map_err(|error| format!("cannot read {path}: {error}"))
}

/// A recording's problem in a sentence.
pub fn explain(error: RecordingError) -> String {
    match error {
        RecordingError::Malformed(what) => format!("this is not a recording: {what}"),
        RecordingError::Cluster(what) => format!("the cluster file has a problem: {what}"),
        RecordingError::Disordered(n) => {
            format!("input {n} of the recording is earlier than the one before it")
        }
        RecordingError::TooLarge(what, n, most) => {
            format!("the recording has {n} {what}; at most {most} are taken")
        }
    }
}

/// Says what the API server refused of the cluster file.
pub fn warn(world: &tidepool_core::world::World) {
    for words in world.refused() {
        eprintln!("tidepool: of the cluster file: {words}");
    }
}
