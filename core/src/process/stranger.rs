//! Strangers: real programs outside of the world (a `curl`, a `kubectl`) for each of which a process runs in the world.
//! What the stranger sends comes in as an input; what the process writes is said to whoever owns the world, and is no
//! part of it. Knows no program.

use super::descriptor::Came;
use super::kernel::Kernel;
use super::program::Program;
use super::syscall::Signal;
use crate::base::{Fd, Pid, StrangerId};
use crate::effect::Out;
use bytes::Bytes;
use std::collections::VecDeque;

/// A stranger's side of a process.
#[derive(Debug, Clone)]
pub struct Stranger {
    /// The process that acts for it.
    pub pid: Pid,
    /// What it has sent and the process has not read. Datagrams stay apart.
    pub inbox: VecDeque<Came<Bytes>>,
    /// Whether it has no more to send.
    pub ended: bool,
    /// Whether the process was told so.
    pub end_seen: bool,
    /// Processes that wait for more.
    pub waiters: Vec<Pid>,
}

/// What a process says to its stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Bytes, on standard output (1) or standard error (2).
    Bytes(u8, Bytes),
    /// The process has ended, with this exit status.
    Ended(i32),
}

/// What was said and not yet heard. A world that is replayed has no one who listens, so it is bounded.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    said: VecDeque<(StrangerId, Said)>,
    bytes: usize,
}

/// The most bytes that wait to be heard; the oldest go first.
const MAX_UNHEARD: usize = 64 << 20;

impl Outbox {
    fn say(&mut self, to: StrangerId, said: Said) {
        self.bytes += weight(&said);
        self.said.push_back((to, said));
        while self.bytes > MAX_UNHEARD {
            let Some((_, oldest)) = self.said.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(weight(&oldest));
        }
    }

    fn take(&mut self) -> VecDeque<(StrangerId, Said)> {
        self.bytes = 0;
        std::mem::take(&mut self.said)
    }
}

/// The bytes that something said takes, with what keeps it.
fn weight(said: &Said) -> usize {
    match said {
        Said::Bytes(_, bytes) => bytes.len() + 64,
        Said::Ended(_) => 64,
    }
}

impl<P: Program> Kernel<P> {
    /// A stranger has a process that acts for it from now on.
    pub fn add_stranger(&mut self, id: StrangerId, pid: Pid) {
        let stranger =
            Stranger { pid, inbox: VecDeque::new(), ended: false, end_seen: false, waiters: Vec::new() };
        self.strangers.insert(id, stranger);
    }

    /// A stranger that is there.
    pub fn stranger(&self, id: StrangerId) -> Option<&Stranger> {
        self.strangers.get(&id)
    }

    /// More bytes from a stranger; `None`: it has no more to send.
    pub fn stranger_sends(&mut self, id: StrangerId, bytes: Option<Bytes>, out: &mut Out<'_>) {
        let cause = out.cause();
        let Some(stranger) = self.strangers.get_mut(&id) else { return };
        match bytes {
            Some(bytes) if !stranger.ended => stranger.inbox.push_back(Came { what: bytes, cause }),
            Some(_) => return,
            None => stranger.ended = true,
        }
        let (pid, waiters) = (stranger.pid, std::mem::take(&mut stranger.waiters));
        self.ready_fd(pid, Fd(0), out);
        waiters.into_iter().for_each(|waiter| self.poke(waiter, out));
    }

    /// The stranger is gone: its process is killed.
    pub fn stranger_leaves(&mut self, id: StrangerId, out: &mut Out<'_>) {
        if let Some(stranger) = self.strangers.remove(&id) {
            self.signal(stranger.pid, Signal::Kill, out);
        }
    }

    /// What strangers were told since this was last asked. It is no longer kept then; the world does not depend on it.
    pub fn take_said(&mut self) -> VecDeque<(StrangerId, Said)> {
        self.outbox.take()
    }

    pub(super) fn say(&mut self, to: StrangerId, said: Said) {
        self.outbox.say(to, said);
    }

    /// A process has ended: if it acted for a stranger, that one is told.
    pub(super) fn stranger_process_ended(&mut self, pid: Pid, status: i32) {
        let of_process = self.strangers.iter().find(|(_, stranger)| stranger.pid == pid);
        if let Some(id) = of_process.map(|(id, _)| *id) {
            self.strangers.remove(&id);
            self.say(id, Said::Ended(status));
        }
    }

    /// What a process reads next from its stranger: empty at the end; `None` when it must wait.
    pub(super) fn hear_stranger(&mut self, id: StrangerId, max: usize) -> Option<Came<Bytes>> {
        let stranger = self.strangers.get_mut(&id)?;
        match stranger.inbox.front_mut() {
            Some(front) if front.what.len() > max => {
                Some(Came { what: front.what.split_to(max), cause: front.cause })
            }
            Some(_) => stranger.inbox.pop_front(),
            None if stranger.ended => {
                stranger.end_seen = true;
                Some(Came { what: Bytes::new(), cause: Default::default() })
            }
            None => None,
        }
    }
}
