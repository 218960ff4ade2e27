//! `errors`: prints what went wrong.
//! Models: CoreDNS plugin/errors.
//! Omits: `consolidate` and `stacktrace`, which are accepted.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup};
use crate::dns::message::Message;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Errors;

/// `errors`, or `errors stdout`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    while tokens.advance() {
        let args = tokens.remaining_args();
        match args.as_slice() {
            [] => {}
            [file] if &**file == "stdout" => {}
            [file] => return Err(format!("invalid log file: {file}")),
            _ => return Err(tokens.arg_err()),
        }
        while tokens.next_block() {
            match tokens.val() {
                "stacktrace" | "consolidate" => drop(tokens.remaining_args()),
                _ => return Err(tokens.arg_err()),
            }
        }
    }
    Ok(Errors.into())
}

impl Handler for Errors {
    fn reply(&mut self, _: Memo, query: &Message, outcome: Outcome, env: &mut Env<'_, '_>) -> Back {
        if let Outcome::Unwritten(rcode, words) = &outcome
            && !words.is_empty()
            && let Some(question) = query.question()
        {
            let name = question.name.to_ascii_lowercase();
            let line = format!("[ERROR] plugin/errors: {} {name} {}: {words}", rcode.0, question.rtype);
            env.lines.push(line.into());
        }
        Back::On(outcome)
    }
}
