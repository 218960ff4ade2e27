//! What happens on a process's descriptors, as `Accept` and `Next` report it.

use super::descriptor::{Came, Descriptor, take};
use super::kernel::Kernel;
use super::program::Program;
use super::socket::SocketState;
use super::syscall::{Errno, Ready, Reply};
use crate::api::WatchEvent;
use crate::base::{Fd, Pid, SockId, StrangerId};
use std::net::SocketAddr;

impl<P: Program> Kernel<P> {
    pub(super) fn accept(&mut self, pid: Pid, fd: Fd) -> Option<Reply> {
        let id = match self.socket_of(pid, fd) {
            Ok(id) => id,
            Err(errno) => return Some(Reply::Err(errno)),
        };
        let SocketState::Listening(backlog) = &mut self.sockets.get_mut(id)?.state else {
            return Some(Reply::Err(Errno::Einval));
        };
        let new = backlog.pop_front()?;
        self.adopt(pid, new).map(|(fd, peer)| Reply::Accepted(fd, peer))
    }

    /// A waiting connection becomes a process's.
    pub(super) fn adopt(&mut self, pid: Pid, id: SockId) -> Option<(Fd, SocketAddr)> {
        let fd = self.new_fd(pid, Descriptor::Socket(id))?;
        let socket = self.sockets.get_mut(id)?;
        socket.owner = Some((pid, fd));
        let peer = socket.peer?;
        let has_news = match &socket.state {
            SocketState::Open(stream) => !stream.inbox.is_empty() || stream.peer_done.is_some(),
            _ => true,
        };
        if has_news {
            self.process(pid)?.ready.push_back(fd);
        }
        Some((fd, peer))
    }

    /// The next thing that happened on any descriptor.
    pub(super) fn next_ready(&mut self, pid: Pid) -> Option<Came<Reply>> {
        loop {
            let fd = self.process(pid)?.ready.pop_front()?;
            if let Some(came) = self.ready_on(pid, fd) {
                return Some(Came { what: Reply::Ready(fd, came.what), cause: came.cause });
            }
        }
    }

    /// What a stranger has sent; its end is told once.
    fn ready_stranger(&mut self, pid: Pid, fd: Fd, id: StrangerId) -> Option<Came<Ready>> {
        if self.strangers.get(&id)?.end_seen {
            return None;
        }
        let came = self.hear_stranger(id, usize::MAX)?;
        let stranger = self.strangers.get(&id)?;
        let more = !stranger.inbox.is_empty() || stranger.ended && !stranger.end_seen;
        let process = self.process(pid)?;
        if more {
            process.ready.push_back(fd);
        }
        let cause = if came.what.is_empty() { process.cause } else { came.cause };
        Some(Came { what: Ready::Data(came.what), cause })
    }

    pub(super) fn ready_on(&mut self, pid: Pid, fd: Fd) -> Option<Came<Ready>> {
        let process = self.process(pid)?;
        let cause = process.cause;
        let id = match process.fds.get_mut(&fd)? {
            Descriptor::Watch(news) => {
                let news: Vec<WatchEvent> = std::mem::take(news).into();
                let cause = news.last().map_or(cause, |event| event.cause);
                return (!news.is_empty()).then_some(Came { what: Ready::Watch(news), cause });
            }
            Descriptor::Api(stream, ended) => {
                let bytes = take(stream, usize::MAX);
                return (*ended || !bytes.is_empty()).then_some(Came { what: Ready::Data(bytes), cause });
            }
            Descriptor::Stranger(id, _) => {
                let id = *id;
                return self.ready_stranger(pid, fd, id);
            }
            Descriptor::Socket(id) => *id,
            _ => return None,
        };
        let socket = self.sockets.get_mut(id)?;
        let (came, more) = match &mut socket.state {
            SocketState::Listening(backlog) => {
                let new = backlog.pop_front()?;
                let more = !backlog.is_empty();
                let (fd, peer) = self.adopt(pid, new)?;
                (Came { what: Ready::Accepted(fd, peer), cause }, more)
            }
            SocketState::Open(stream) if stream.end_seen => return None,
            SocketState::Open(_) => {
                let came = self.read_stream(id, usize::MAX)?.ok()?;
                let SocketState::Open(stream) = &self.sockets.get(id)?.state else { return None };
                let more = !stream.inbox.is_empty() || (stream.peer_done.is_some() && !stream.end_seen);
                (Came { what: Ready::Data(came.what), cause: came.cause }, more)
            }
            SocketState::Datagrams(inbox, unreachable) => match inbox.pop_front() {
                Some(came) => {
                    let more = !inbox.is_empty();
                    (Came { what: Ready::Datagram(came.what.0, came.what.1), cause: came.cause }, more)
                }
                None if std::mem::take(unreachable) => (Came { what: Ready::Reset, cause }, false),
                None => return None,
            },
            SocketState::Failed(_) => (Came { what: Ready::Reset, cause }, false),
            SocketState::Fresh | SocketState::Connecting(..) => return None,
        };
        if more {
            self.process(pid)?.ready.push_back(fd);
        }
        Some(came)
    }
}
