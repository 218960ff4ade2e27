//! What a descriptor of a process goes to, and the pipes between processes.

use super::program::Root;
use crate::api::WatchEvent;
use crate::base::{Pid, SockId, StrangerId, TerminalId, Text};
use crate::effect::ContainerId;
use crate::trace::Cause;
use bytes::Bytes;
use std::collections::VecDeque;

/// The number of a pipe. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PipeId(pub u64);

/// What a descriptor goes to.
#[derive(Debug, Clone)]
pub enum Descriptor {
    /// Reads end at once, writes vanish.
    Null,
    /// The terminal; `true` for standard error.
    Terminal(TerminalId, bool),
    /// The end of a pipe that is read.
    PipeRead(PipeId),
    /// The end of a pipe that is written.
    PipeWrite(PipeId),
    /// A file being read: what is left of it.
    FileRead(Bytes),
    /// A file being written: whose it is, which a child elsewhere keeps, and its path.
    FileWrite(Root, Text),
    /// A socket.
    Socket(SockId),
    /// An HTTP exchange with the API server: what has come of a watch's stream, and whether it has ended.
    Api(VecDeque<Bytes>, bool),
    /// A typed watch: what has come.
    Watch(VecDeque<WatchEvent>),
    /// Writes are kept with the process, for whoever is told of its end.
    Captured,
    /// A container's log; `true` for standard error.
    Log(ContainerId, bool),
    /// A program outside of the world; 1 for standard output, 2 for standard error. All of them read what it sends.
    Stranger(StrangerId, u8),
}

/// A pipe between processes.
#[derive(Debug, Clone, Default)]
pub struct Pipe {
    /// What was written and not yet read.
    pub buffer: VecDeque<Bytes>,
    /// How many descriptors read from it.
    pub readers: u32,
    /// How many descriptors write to it.
    pub writers: u32,
    /// The processes that wait for it to change.
    pub waiters: Vec<Pid>,
}

/// The bytes that a pipe holds before writers wait (Linux's default).
pub const PIPE_CAPACITY: usize = 65_536;

impl Pipe {
    /// How many bytes wait to be read.
    pub fn len(&self) -> usize {
        self.buffer.iter().map(Bytes::len).sum()
    }

    /// Whether nothing waits to be read.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

/// Takes at most `max` bytes from the front of a queue of chunks; empty when there are none.
pub fn take(queue: &mut VecDeque<Bytes>, max: usize) -> Bytes {
    match queue.front_mut() {
        None => Bytes::new(),
        Some(front) if front.len() > max => front.split_to(max),
        Some(_) => queue.pop_front().unwrap_or_default(),
    }
}

/// Something that came for a process, and why.
#[derive(Debug, Clone)]
pub struct Came<T> {
    /// What came.
    pub what: T,
    /// Why.
    pub cause: Cause,
}
