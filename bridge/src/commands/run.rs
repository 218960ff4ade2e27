//! `tidepool run`: shell lines against a new world in virtual time.

use super::{explain, read, warn};
use lexopt::{Arg, Parser, ValueExt};
use std::io::Write;
use tidepool_core::recording::script::commands;
use tidepool_core::recording::{Recording, Script};

struct Options {
    file: String,
    seed: Option<u64>,
    cluster: String,
    events: bool,
    save: Option<String>,
}

/// Runs it; the exit status is that of the last command.
pub fn run(args: Parser) -> Result<u8, String> {
    let options = options(args)?;
    let script = read(&options.file)?;
    let recording = Recording::begin(options.seed, &options.cluster).map_err(explain)?;
    let mut world = Script::new(recording).map_err(explain)?;
    warn(world.session.world());
    let mut status = 0;
    let mut out = std::io::stdout().lock();
    for command in commands(&script) {
        let result = world.line(&command).map_err(|error| error.to_string())?;
        // A reader that has gone away (`| head`) ends the program quietly.
        if out.write_all(result.output.as_bytes()).is_err() {
            return Ok(0);
        }
        if options.events {
            for event in world.session.world().log().since(result.first_event) {
                let _ = writeln!(out, "# {event}");
            }
        }
        if !result.ended {
            eprintln!("tidepool: interrupted after an hour of the world's time: {command}");
        }
        status = result.status;
    }
    if let Some(path) = options.save {
        let json = world.session.recording().to_json();
        std::fs::write(&path, json).map_err(|error| format!("cannot write {path}: {error}"))?;
    }
    Ok(u8::try_from(status).unwrap_or(1))
}

fn options(mut args: Parser) -> Result<Options, String> {
    let mut options =
        Options { file: String::new(), seed: None, cluster: String::new(), events: false, save: None };
    while let Some(arg) = args.next().map_err(|error| error.to_string())? {
        let text = |args: &mut Parser| -> Result<String, String> {
            args.value().and_then(|value| value.string()).map_err(|error| error.to_string())
        };
        match arg {
            Arg::Long("seed") => {
                let value = text(&mut args)?;
                options.seed =
                    Some(value.parse().map_err(|_| format!("--seed {value:?} is not a whole number"))?);
            }
            Arg::Long("cluster") => options.cluster = read(&text(&mut args)?)?,
            Arg::Long("events") => options.events = true,
            Arg::Long("save") => options.save = Some(text(&mut args)?),
            Arg::Value(file) if options.file.is_empty() => options.file = file.to_string_lossy().into_owned(),
            other => return Err(other.unexpected().to_string()),
        }
    }
    if options.file.is_empty() {
        return Err("run needs a script: a file, or - for standard input".into());
    }
    Ok(options)
}
