//! `tidepool`: a world without a page. Serves it to real clients, runs scripts in virtual time, replays recordings. Knows no web.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line program prints

mod commands;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::dispatch(lexopt::Parser::from_env()) {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            eprintln!("tidepool: {message}");
            ExitCode::from(2)
        }
    }
}
