//! `echo`.

use super::print::Printed;
use super::sh::escape;
use crate::base::Text;
use crate::process::Cx;

/// Prints its words.
pub fn run(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let mut words = argv.get(1..).unwrap_or_default();
    let (mut newline, mut escapes) = (true, false);
    while let Some((flags, rest)) = words.split_first()
        && flags.len() > 1
        && flags.strip_prefix('-').is_some_and(|flags| flags.chars().all(|flag| "neE".contains(flag)))
    {
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                'e' => escapes = true,
                'E' => escapes = false,
                _ => {}
            }
        }
        words = rest;
    }
    let mut text = words.join(" ");
    if escapes {
        let (expanded, ended) = escape::expand(&text, true);
        text = expanded;
        newline &= !ended;
    }
    if newline {
        text.push('\n');
    }
    Printed::out(text)
}
