//! Terminals: what was printed, and what was typed and not yet read. Knows no colours and no cursor.

use super::program::Root;
use crate::base::{HostId, Instant, Pid, Text};
use crate::trace::Cause;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// A terminal with a shell in it.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// Where its shell runs.
    pub host: HostId,
    /// Its shell.
    pub shell: Pid,
    /// What was printed, oldest first. Bounded; [`Terminal::dropped`] counts what went.
    pub output: VecDeque<Arc<Chunk>>,
    /// How many chunks are no longer kept.
    pub dropped: u64,
    /// Lines typed and not yet read.
    pub input: VecDeque<Bytes>,
    /// Why the last line was typed: a shell that was not yet waiting for it learns it from here.
    pub because: Cause,
    /// Whether nothing more will be typed.
    pub closed: bool,
    /// Processes that wait for input.
    pub waiters: Vec<Pid>,
    /// The file that a program has opened for whoever is at the terminal.
    pub editing: Option<Editing>,
}

/// A file in an editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// The program that waits for it.
    pub process: Pid,
    /// Whose file it is.
    pub root: Root,
    /// Its absolute path.
    pub path: Text,
}

/// A piece of a terminal's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// When it was printed.
    pub at: Instant,
    /// What kind it is.
    pub kind: ChunkKind,
    /// The text; not necessarily whole lines.
    pub text: String,
}

/// What a piece of output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkKind {
    /// A line that the user typed, echoed.
    Typed,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The most chunks that a terminal keeps.
const MAX_CHUNKS: usize = 5_000;
/// Chunks of one kind grow to about this many bytes before a new one begins.
const CHUNK_BYTES: usize = 4_096;

impl Terminal {
    /// A terminal before its shell runs.
    pub fn new(host: HostId, shell: Pid) -> Terminal {
        Terminal {
            host,
            shell,
            output: VecDeque::new(),
            dropped: 0,
            input: VecDeque::new(),
            because: Cause::default(),
            closed: false,
            waiters: Vec::new(),
            editing: None,
        }
    }

    /// Prints.
    pub fn print(&mut self, at: Instant, kind: ChunkKind, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Some(last) = self.output.back_mut()
            && last.kind == kind
            && kind != ChunkKind::Typed
            && last.text.len() + text.len() <= CHUNK_BYTES
        {
            Arc::make_mut(last).text.push_str(&text);
            return;
        }
        self.output.push_back(Arc::new(Chunk { at, kind, text: text.into_owned() }));
        if self.output.len() > MAX_CHUNKS {
            self.output.pop_front();
            self.dropped += 1;
        }
    }

    /// Everything printed by programs, without what was typed.
    pub fn printed(&self) -> String {
        self.output.iter().filter(|c| c.kind != ChunkKind::Typed).map(|c| c.text.as_str()).collect()
    }
}
