//! Reading and writing descriptors: what is there at once; `None` when the process must wait.

use super::descriptor::{Came, Descriptor, PIPE_CAPACITY, PipeId, take};
use super::kernel::{Blocked, Kernel, done};
use super::program::Program;
use super::socket::SocketState;
use super::stranger::Said;
use super::syscall::{Errno, Reply, Signal};
use super::terminal::{ChunkKind, Editing};
use crate::base::{Duration, Fd, Pid, TerminalId, Text};
use crate::effect::{ContainerId, Out};
use bytes::Bytes;
use std::sync::Arc;

/// Lines of a container's log that are kept.
const MAX_LOG: usize = 10_000;
/// Bytes of a probe's output that are kept (as the kubelet does).
const MAX_CAPTURED: usize = 10_240;

impl<P: Program> Kernel<P> {
    pub(super) fn read(
        &mut self,
        pid: Pid,
        fd: Fd,
        max: usize,
        out: &mut Out<'_>,
    ) -> Option<Result<Came<Bytes>, Errno>> {
        let process = self.process(pid)?;
        let cause = process.cause;
        let plain = |what: Bytes| Some(Ok(Came { what, cause }));
        match process.fds.get_mut(&fd) {
            None => Some(Err(Errno::Ebadf)),
            Some(Descriptor::Null | Descriptor::Captured) => plain(Bytes::new()),
            Some(Descriptor::FileRead(rest)) => {
                let n = max.min(rest.len());
                plain(rest.split_to(n))
            }
            Some(Descriptor::Api(stream, ended)) => match take(stream, max) {
                bytes if bytes.is_empty() && !*ended => None,
                bytes => plain(bytes),
            },
            Some(Descriptor::Socket(id)) => {
                let id = *id;
                self.read_stream(id, max)
            }
            Some(Descriptor::PipeRead(id)) => {
                let id = *id;
                let pipe = self.pipes.get_mut(&id)?;
                let bytes = take(&mut pipe.buffer, max);
                if bytes.is_empty() && pipe.writers > 0 {
                    pipe.waiters.push(pid);
                    return None;
                }
                let waiters = std::mem::take(&mut pipe.waiters);
                waiters.into_iter().for_each(|waiter| self.poke(waiter, out));
                plain(bytes)
            }
            Some(Descriptor::Terminal(id, _)) => {
                let id = *id;
                let terminal = self.terminal_mut(id)?;
                let bytes = take(&mut terminal.input, max);
                if bytes.is_empty() && !terminal.closed {
                    terminal.waiters.push(pid);
                    return None;
                }
                let cause = if bytes.is_empty() { cause } else { terminal.because };
                Some(Ok(Came { what: bytes, cause }))
            }
            Some(Descriptor::Stranger(id, _)) => {
                let id = *id;
                match self.hear_stranger(id, max) {
                    Some(came) if came.what.is_empty() => plain(came.what),
                    Some(came) => Some(Ok(came)),
                    None => {
                        // A stranger that has left sends no more.
                        let Some(stranger) = self.strangers.get_mut(&id) else { return plain(Bytes::new()) };
                        stranger.waiters.push(pid);
                        None
                    }
                }
            }
            Some(
                Descriptor::PipeWrite(_)
                | Descriptor::FileWrite(..)
                | Descriptor::Watch(_)
                | Descriptor::Log(..),
            ) => Some(Err(Errno::Ebadf)),
        }
    }

    /// One line: what is read beyond it is put back.
    pub(super) fn read_line(
        &mut self,
        pid: Pid,
        fd: Fd,
        out: &mut Out<'_>,
    ) -> Option<Result<Came<Bytes>, Errno>> {
        if let Some(Descriptor::FileRead(rest)) = self.process(pid)?.fds.get_mut(&fd) {
            let n = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |n| n + 1);
            let (what, cause) = (rest.split_to(n), self.get(pid)?.cause);
            return Some(Ok(Came { what, cause }));
        }
        let mut gathered: Vec<u8> = Vec::new();
        loop {
            match self.read(pid, fd, usize::MAX, out) {
                Some(Ok(mut came)) => {
                    let at_end = came.what.is_empty();
                    if let Some(n) = came.what.iter().position(|byte| *byte == b'\n') {
                        let rest = came.what.split_off(n + 1);
                        self.unread(pid, fd, rest);
                        gathered.extend_from_slice(&came.what);
                        return Some(Ok(Came { what: gathered.into(), cause: came.cause }));
                    }
                    gathered.extend_from_slice(&came.what);
                    if at_end {
                        return Some(Ok(Came { what: gathered.into(), cause: came.cause }));
                    }
                }
                Some(Err(errno)) => return Some(Err(errno)),
                None => {
                    self.unread(pid, fd, gathered.into());
                    return None;
                }
            }
        }
    }

    /// Puts bytes back at the front of what they were read from.
    fn unread(&mut self, pid: Pid, fd: Fd, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let Some(process) = self.process(pid) else { return };
        let cause = process.cause;
        match process.fds.get_mut(&fd) {
            Some(Descriptor::Api(stream, _)) => stream.push_front(bytes),
            Some(Descriptor::PipeRead(id)) => {
                let id = *id;
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.buffer.push_front(bytes);
                }
            }
            Some(Descriptor::Terminal(id, _)) => {
                let id = *id;
                if let Some(terminal) = self.terminal_mut(id) {
                    terminal.input.push_front(bytes);
                }
            }
            Some(Descriptor::Stranger(id, _)) => {
                let id = *id;
                if let Some(stranger) = self.strangers.get_mut(&id) {
                    stranger.inbox.push_front(Came { what: bytes, cause });
                }
            }
            Some(Descriptor::Socket(id)) => {
                let id = *id;
                if let Some(SocketState::Open(stream)) =
                    self.sockets.get_mut(id).map(|socket| &mut socket.state)
                {
                    stream.inbox.push_front(Came { what: bytes, cause });
                }
            }
            _ => {}
        }
    }

    pub(super) fn read_all(
        &mut self,
        pid: Pid,
        fd: Fd,
        mut gathered: Vec<u8>,
        out: &mut Out<'_>,
    ) -> Option<Came<Reply>> {
        loop {
            match self.read(pid, fd, usize::MAX, out) {
                Some(Ok(came)) if came.what.is_empty() => {
                    return Some(Came { what: Reply::Data(gathered.into()), cause: came.cause });
                }
                Some(Ok(came)) => gathered.extend_from_slice(&came.what),
                Some(Err(errno)) => {
                    let cause = self.get(pid)?.cause;
                    return Some(Came { what: Reply::Err(errno), cause });
                }
                None => {
                    self.process(pid)?.blocked = Blocked::ReadAll(fd, gathered);
                    return None;
                }
            }
        }
    }

    pub(super) fn write(&mut self, pid: Pid, fd: Fd, data: Bytes, out: &mut Out<'_>) -> Option<Reply> {
        match self.get(pid)?.fds.get(&fd).cloned() {
            None => Some(Reply::Err(Errno::Ebadf)),
            Some(Descriptor::Null) => Some(Reply::Done),
            Some(Descriptor::Captured) => {
                let captured = &mut self.captures(pid)?.captured;
                let room = MAX_CAPTURED.saturating_sub(captured.len()).min(data.len());
                captured.extend_from_slice(&data[..room]);
                Some(Reply::Done)
            }
            Some(Descriptor::Terminal(id, is_err)) => {
                let kind = if is_err { ChunkKind::Err } else { ChunkKind::Out };
                self.terminal_mut(id)?.print(out.now, kind, &data);
                Some(Reply::Done)
            }
            Some(Descriptor::Log(container, _)) => {
                self.append_log(container, data);
                Some(Reply::Done)
            }
            Some(Descriptor::FileWrite(root, path)) => {
                let files = self.files_mut(root);
                let mut content = files.get(&path).map(|old| old.to_vec()).unwrap_or_default();
                content.extend_from_slice(&data);
                files.put(&path, content);
                Some(Reply::Done)
            }
            Some(Descriptor::Stranger(id, channel)) => {
                self.say(id, Said::Bytes(channel, data));
                Some(Reply::Done)
            }
            Some(Descriptor::Socket(id)) => match self.transmit(id, data, out) {
                Err(Errno::Epipe) => self.broken_pipe(pid, out),
                result => Some(done(result)),
            },
            Some(Descriptor::PipeWrite(id)) => self.write_pipe(pid, id, data, out),
            Some(
                Descriptor::PipeRead(_)
                | Descriptor::FileRead(_)
                | Descriptor::Api(..)
                | Descriptor::Watch(_),
            ) => Some(Reply::Err(Errno::Ebadf)),
        }
    }

    pub(super) fn write_pipe(
        &mut self,
        pid: Pid,
        id: PipeId,
        data: Bytes,
        out: &mut Out<'_>,
    ) -> Option<Reply> {
        let Some(pipe) = self.pipes.get_mut(&id).filter(|pipe| pipe.readers > 0) else {
            return self.broken_pipe(pid, out);
        };
        if pipe.len() >= PIPE_CAPACITY {
            pipe.waiters.push(pid);
            return None;
        }
        if !data.is_empty() {
            pipe.buffer.push_back(data);
        }
        let waiters = std::mem::take(&mut pipe.waiters);
        waiters.into_iter().for_each(|waiter| self.poke(waiter, out));
        Some(Reply::Done)
    }

    /// SIGPIPE: the process dies of it, or is told EPIPE.
    pub(super) fn broken_pipe(&mut self, pid: Pid, out: &mut Out<'_>) -> Option<Reply> {
        if self.get(pid)?.program.catches(Signal::Pipe) {
            return Some(Reply::Err(Errno::Epipe));
        }
        self.exit(pid, 128 + Signal::Pipe.number(), out);
        None
    }

    pub(super) fn append_log(&mut self, container: ContainerId, data: Bytes) {
        let log = Arc::make_mut(self.logs.entry(container).or_default());
        log.chunks.push_back(data);
        if log.chunks.len() > MAX_LOG {
            log.chunks.pop_front();
            log.dropped += 1;
        }
    }
}

impl<P: Program> Kernel<P> {
    /// Offers a file to whoever is at a process's terminal.
    pub(super) fn edit(&mut self, pid: Pid, path: Text, out: &mut Out<'_>) -> Option<Reply> {
        let process = self.get(pid)?;
        let (id, root) = (process.terminal, process.root.clone());
        let terminal = id.and_then(|id| self.terminal_mut(id)).filter(|terminal| terminal.editing.is_none());
        let Some(terminal) = terminal else { return Some(Reply::Err(Errno::Enotty)) };
        terminal.editing = Some(Editing { process: pid, root, path });
        self.block(pid, Blocked::Edit, None, out);
        None
    }

    /// Whoever is at a terminal leaves the file that is edited there: with another text, or as it was. `false` when there
    /// is none.
    pub fn leave_editor(&mut self, id: TerminalId, text: Option<&str>, out: &mut Out<'_>) -> bool {
        let Some(editing) = self.terminal_mut(id).and_then(|terminal| terminal.editing.take()) else {
            return false;
        };
        if let Some(text) = text {
            self.files_mut(editing.root).put(&editing.path, text.as_bytes().to_vec());
        }
        let cause = out.cause();
        if let Some(process) = self.process(editing.process) {
            process.cause = cause;
        }
        self.defer(editing.process, Reply::Done, Duration::ZERO, out);
        true
    }

    /// Something was typed into a terminal: whoever waits for it looks.
    pub fn typed(&mut self, id: TerminalId, out: &mut Out<'_>) {
        let waiters =
            self.terminal_mut(id).map(|terminal| std::mem::take(&mut terminal.waiters)).unwrap_or_default();
        // The command is what the shell does next, not what it did before.
        let cause = out.cause();
        for pid in waiters {
            if let Some(process) = self.process(pid) {
                process.cause = cause;
            }
            self.poke(pid, out);
        }
    }
}
