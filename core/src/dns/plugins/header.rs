//! `header`: sets and clears flags of queries and answers.
//! Models: CoreDNS plugin/header.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::Message;

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Whether it concerns answers; else queries.
    rules: Vec<(bool, Flag, bool)>,
}

/// A flag that may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Aa,
    Ra,
    Rd,
}

/// `header { query|response set|clear FLAG... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let mut header = Header::default();
    let tokens = &mut setup.tokens;
    while tokens.advance() {
        while tokens.next_block() {
            let mut words: Vec<Text> = vec![tokens.val().into()];
            words.extend(tokens.remaining_args());
            let response = match &*words[0] {
                "query" | "response" => &*words.remove(0) == "response",
                // Rules without a word for it are older, and concern answers.
                _ => true,
            };
            let Some((action, flags)) = words.split_first() else { return Err(tokens.arg_err()) };
            let set = match &**action {
                "set" => true,
                "clear" => false,
                other => return Err(format!("unknown flag action={other}, should be set or clear")),
            };
            if flags.is_empty() {
                return Err("invalid length for flags, at least one should be provided".to_string());
            }
            for flag in flags {
                let flag = match flag.to_ascii_lowercase().as_str() {
                    "aa" => Flag::Aa,
                    "ra" => Flag::Ra,
                    "rd" => Flag::Rd,
                    other => return Err(format!("unknown/unsupported flag={other}")),
                };
                header.rules.push((response, flag, set));
            }
        }
    }
    Ok(header.into())
}

impl Header {
    fn apply(&self, message: &mut Message, response: bool) {
        for (of_response, flag, set) in &self.rules {
            match flag {
                _ if *of_response != response => {}
                Flag::Aa => message.aa = *set,
                Flag::Ra => message.ra = *set,
                Flag::Rd => message.rd = *set,
            }
        }
    }
}

impl Handler for Header {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let mut changed = query.clone();
        self.apply(&mut changed, false);
        if changed == *query { Step::Next } else { Step::Flags(Box::new(changed)) }
    }

    fn reply(&mut self, _: Memo, _: &Message, mut outcome: Outcome, _: &mut Env<'_, '_>) -> Back {
        if let Outcome::Written(answer) = &mut outcome {
            self.apply(answer, true);
        }
        Back::On(outcome)
    }
}
