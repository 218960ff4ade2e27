//! `tidepool replay`: the digest of a recording, the same natively and in a browser.

use super::{explain, read};
use lexopt::{Arg, Parser};
use tidepool_core::recording::{Recording, VERSION};

/// Runs it.
pub fn run(mut args: Parser) -> Result<u8, String> {
    let file = match args.next().map_err(|error| error.to_string())? {
        Some(Arg::Value(file)) => file.to_string_lossy().into_owned(),
        Some(other) => return Err(other.unexpected().to_string()),
        None => return Err("replay needs a recording: a file, or - for standard input".into()),
    };
    let recording = Recording::from_json(&read(&file)?).map_err(explain)?;
    if recording.version != VERSION {
        eprintln!(
            "tidepool: recorded by version {}, replayed by {VERSION}: it may differ",
            recording.version
        );
    }
    println!("{}", recording.replay().map_err(explain)?.digest());
    Ok(0)
}
