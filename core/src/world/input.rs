//! What a person does to the world: the closed enum that recordings hold. Everything else follows from it.

use super::World;
use crate::base::{TerminalId, Text};
use crate::trace::{Cause, Place};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a person does. Its text form is part of the recording's format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// Open a terminal on the operator's machine (`None`) or in a pod (namespace, name).
    OpenTerminal {
        /// Its number, chosen by the caller.
        terminal: u32,
        /// The pod.
        pod: Option<(String, String)>,
    },
    /// Close a terminal.
    CloseTerminal {
        /// Its number.
        terminal: u32,
    },
    /// Type a complete command into a terminal.
    Line {
        /// Its number.
        terminal: u32,
        /// The command, without the final newline.
        text: String,
    },
    /// Ctrl-C.
    Interrupt {
        /// The terminal's number.
        terminal: u32,
    },
    /// Save a file on the operator's machine.
    WriteFile {
        /// Its absolute path.
        path: String,
        /// Its content.
        text: String,
    },
}

/// Why an input was not taken. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputError {
    /// There is no such terminal.
    NoSuchTerminal(TerminalId),
    /// There is such a terminal already.
    TerminalExists(TerminalId),
    /// No machine is there.
    NoSuchPlace(Place),
    /// The text is too long: its bytes, and the most there may be.
    TooLong(u64, u64),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::NoSuchTerminal(id) => write!(f, "there is no terminal {}", id.0),
            InputError::TerminalExists(id) => write!(f, "there is a terminal {} already", id.0),
            InputError::NoSuchPlace(place) => write!(f, "there is no {place}"),
            InputError::TooLong(is, most) => write!(f, "the text has {is} bytes; at most {most} are taken"),
        }
    }
}

/// The most bytes that one input may have.
pub const MAX_TEXT: usize = 8 << 20;

impl World {
    /// Takes an input at the present instant.
    pub fn input(&mut self, input: &Input) -> Result<(), InputError> {
        let length = match input {
            Input::Line { text, .. } | Input::WriteFile { text, .. } => text.len(),
            Input::OpenTerminal { .. } | Input::CloseTerminal { .. } | Input::Interrupt { .. } => 0,
        };
        if length > MAX_TEXT {
            return Err(InputError::TooLong(length as u64, MAX_TEXT as u64));
        }
        self.with_out(Cause::default(), |rooms, out| match input {
            Input::OpenTerminal { terminal, pod } => {
                let text = |text: &String| Text::from(text.as_str());
                let at = match pod {
                    Some((namespace, name)) => Place::Pod(text(namespace), text(name)),
                    None => Place::Outside(super::rooms::OPERATOR.into()),
                };
                rooms.open_terminal(TerminalId(*terminal), &at, out)
            }
            Input::CloseTerminal { terminal } => rooms.close_terminal(TerminalId(*terminal), out),
            Input::Line { terminal, text } => rooms.type_line(TerminalId(*terminal), text, out),
            Input::Interrupt { terminal } => rooms.interrupt(TerminalId(*terminal), out),
            Input::WriteFile { path, text } => {
                let operator = rooms.operator;
                rooms.kernel.files_mut(operator).put(path, text.clone().into_bytes());
                Ok(())
            }
        })
    }
}
