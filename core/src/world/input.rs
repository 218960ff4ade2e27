//! What a person does to the world: the closed enum that recordings hold. Everything else follows from it.

use super::World;
use crate::base::{StrangerId, TerminalId, Text};
use crate::trace::{Cause, Place};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

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
    /// Leave the file that a program has opened at a terminal.
    LeaveEditor {
        /// The terminal's number.
        terminal: u32,
        /// The file's new text; `None` leaves it as it was.
        text: Option<String>,
    },
    /// A real program outside of the world wants something: a process runs for it until it ends or the program leaves.
    Open {
        /// Its number, chosen by the caller, never used before.
        stranger: u32,
        /// What it wants.
        errand: Errand,
    },
    /// A stranger sends bytes, or (empty) has no more to send.
    Send {
        /// Its number.
        stranger: u32,
        /// The bytes; one datagram where datagrams are sent.
        bytes: Payload,
    },
    /// A stranger has gone away.
    Leave {
        /// Its number.
        stranger: u32,
    },
    /// Save a file on the operator's machine.
    WriteFile {
        /// Its absolute path.
        path: String,
        /// Its content.
        text: String,
    },
}

/// What a stranger wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Errand {
    /// One request to the API server, from the operator's machine.
    Api {
        /// The request as HTTP/1.1.
        request: Payload,
    },
    /// A connection to an address in the world.
    Connect {
        /// The pod (namespace, name) from which it comes; `None`: the operator's machine.
        from: Option<(String, String)>,
        /// Address and port.
        to: SocketAddr,
        /// UDP instead of TCP.
        udp: bool,
    },
    /// A command in a container, as `kubectl exec` runs it.
    Exec {
        /// The pod: namespace, name.
        pod: (String, String),
        /// The container's name.
        container: String,
        /// The command's words.
        command: Vec<String>,
    },
}

/// Bytes: text where they are text, base64 where not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Binary { base64: String },
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text.into()),
            Err(_) => Written::Binary { base64: BASE64.encode(&self.0) },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Payload(text.into_bytes())),
            Written::Binary { base64 } => {
                BASE64.decode(base64.as_bytes()).map(Payload).map_err(serde::de::Error::custom)
            }
        }
    }
}

/// Why an input was not taken. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputError {
    /// There is no such terminal.
    NoSuchTerminal(TerminalId),
    /// There is such a terminal already.
    TerminalExists(TerminalId),
    /// Nothing is edited at a terminal.
    NotEditing(TerminalId),
    /// There is no such stranger; perhaps its process has ended.
    NoSuchStranger(StrangerId),
    /// There is such a stranger already.
    StrangerExists(StrangerId),
    /// What a stranger sent is no HTTP request.
    NotHttp,
    /// No such container runs: namespace/pod, container.
    NoSuchContainer(Text, Text),
    /// A container has no such program.
    NoSuchProgram(Text),
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
            InputError::NotEditing(id) => write!(f, "nothing is edited at terminal {}", id.0),
            InputError::NoSuchStranger(id) => write!(f, "there is no stranger {}", id.0),
            InputError::StrangerExists(id) => write!(f, "there is a stranger {} already", id.0),
            InputError::NotHttp => write!(f, "this is no HTTP request"),
            InputError::NoSuchContainer(pod, container) => {
                write!(f, "no container {container:?} runs in pod {pod}")
            }
            InputError::NoSuchProgram(name) => write!(f, "{name}: executable file not found in $PATH"),
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
            Input::LeaveEditor { text, .. } => text.as_ref().map_or(0, String::len),
            Input::Send { bytes, .. } => bytes.0.len(),
            Input::Open { errand: Errand::Api { request }, .. } => request.0.len(),
            Input::Open { errand: Errand::Exec { command, .. }, .. } => command.iter().map(String::len).sum(),
            Input::OpenTerminal { .. }
            | Input::CloseTerminal { .. }
            | Input::Interrupt { .. }
            | Input::Open { errand: Errand::Connect { .. }, .. }
            | Input::Leave { .. } => 0,
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
            Input::LeaveEditor { terminal, text } => {
                rooms.leave_editor(TerminalId(*terminal), text.as_deref(), out)
            }
            Input::Open { stranger, errand } => rooms.open_stranger(StrangerId(*stranger), errand, out),
            Input::Send { stranger, bytes } => {
                let bytes = (!bytes.0.is_empty()).then(|| Bytes::copy_from_slice(&bytes.0));
                rooms.stranger_sends(StrangerId(*stranger), bytes, out)
            }
            Input::Leave { stranger } => rooms.stranger_leaves(StrangerId(*stranger), out),
            Input::WriteFile { path, text } => {
                let operator = rooms.operator;
                rooms.kernel.files_mut(operator).put(path, text.clone().into_bytes());
                Ok(())
            }
        })
    }
}
