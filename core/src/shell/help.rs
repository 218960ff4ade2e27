//! `help`, `clear`, `history`: for the terminal itself.

use super::commands::COMMANDS;
use super::print::Printed;
use crate::base::Text;
use crate::process::Cx;

/// Lists the commands.
pub fn help(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    if let Some(name) = argv.get(1) {
        return match COMMANDS.iter().find(|entry| entry.name == &**name) {
            Some(entry) => Printed::out(format!("{}: {}\n", entry.name, entry.help)),
            None => Printed::fail(1, &format!("help: no help topics match `{name}'")),
        };
    }
    let width = COMMANDS.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let lines = COMMANDS.iter().map(|entry| format!("{:width$}  {}\n", entry.name, entry.help));
    Printed::out(lines.collect::<String>())
}

/// Clears the screen, in the words of terminals.
pub fn clear(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::out("\u{1b}[H\u{1b}[2J\u{1b}[3J")
}
