//! Questions that a DNS server asks others over UDP, each with a number and a time of its own. Knows no answer's meaning.
//! Omits: TCP upstreams, and a port of its own for each question.

use super::message::{Message, decode, encode};
use crate::base::{Fd, FlatMap, Instant, Purpose};
use crate::net::Protocol;
use crate::process::{Cx, Ready, Reply, Syscall};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The questions that wait, each with what the server remembers of it.
#[derive(Debug, Clone)]
pub struct Asker<T> {
    socket: Option<Fd>,
    waiting: FlatMap<u16, Waiting<T>>,
}

/// A question that waits.
#[derive(Debug, Clone)]
pub struct Waiting<T> {
    /// What was asked.
    pub query: Message,
    /// Who was asked.
    pub to: SocketAddr,
    /// Until when.
    pub until: Instant,
    /// What the server remembers.
    pub about: T,
}

impl<T> Default for Asker<T> {
    fn default() -> Asker<T> {
        Asker { socket: None, waiting: FlatMap::new() }
    }
}

impl<T> Asker<T> {
    /// The call that opens its socket.
    pub fn open(&self) -> Option<Syscall> {
        self.socket.is_none().then_some(Syscall::Socket(Protocol::Udp))
    }

    /// Takes a reply that is for it: an answer that came, with what waited for it. Gives back a reply that is not.
    pub fn take(&mut self, reply: Reply) -> Result<Option<(Message, Waiting<T>)>, Reply> {
        match reply {
            Reply::Fd(fd) if self.socket.is_none() => {
                self.socket = Some(fd);
                Ok(None)
            }
            Reply::Ready(fd, Ready::Datagram(from, bytes)) if self.socket == Some(fd) => {
                let Ok(answer) = decode(&bytes) else { return Ok(None) };
                let fits =
                    |waiting: &Waiting<T>| waiting.to == from && waiting.query.questions == answer.questions;
                if !answer.response || !self.waiting.get(&answer.id).is_some_and(fits) {
                    return Ok(None);
                }
                Ok(self.waiting.remove(&answer.id).map(|waiting| (answer, waiting)))
            }
            Reply::Ready(fd, Ready::Reset) if self.socket == Some(fd) => Ok(None),
            reply => Err(reply),
        }
    }

    /// Asks.
    pub fn ask(&mut self, cx: &mut Cx<'_, '_>, mut waiting: Waiting<T>, todo: &mut VecDeque<Syscall>) {
        let Some(socket) = self.socket else { return };
        let actor = cx.hostname();
        loop {
            waiting.query.id = cx.out.draw(Purpose::DnsId, &actor) as u16;
            if !self.waiting.contains_key(&waiting.query.id) {
                break;
            }
        }
        if let Ok(bytes) = encode(&waiting.query, false) {
            todo.push_back(Syscall::SendTo(socket, waiting.to, bytes));
        }
        self.waiting.insert(waiting.query.id, waiting);
    }

    /// Takes the questions whose time is over.
    pub fn due(&mut self, now: Instant) -> Vec<Waiting<T>> {
        let due: Vec<u16> =
            self.waiting.iter().filter(|(_, waiting)| waiting.until <= now).map(|(id, _)| *id).collect();
        due.iter().filter_map(|id| self.waiting.remove(id)).collect()
    }

    /// When the next one's time is over.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.until).min()
    }

    /// Those that wait.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Waiting<T>> {
        self.waiting.values()
    }

    /// Forgets all that wait.
    pub fn forget(&mut self) {
        self.waiting = FlatMap::new();
    }

    /// Takes one that waits, by whether it is the one.
    pub fn take_back(&mut self, is_it: impl Fn(&Waiting<T>) -> bool) -> Option<Waiting<T>> {
        let id = self.waiting.iter().find(|(_, waiting)| is_it(waiting)).map(|(id, _)| *id)?;
        self.waiting.remove(&id)
    }
}
