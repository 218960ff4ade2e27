//! The system calls: what each does at once, and what blocks until something comes.

use super::descriptor::{Came, Descriptor, PIPE_CAPACITY, Pipe, PipeId, take};
use super::kernel::{Blocked, Kernel, Request};
use super::program::Program;
use super::socket::{Socket, SocketState};
use super::syscall::{Errno, OpenMode, Ready, Reply, Signal, Syscall};
use super::tcp::place;
use super::terminal::ChunkKind;
use crate::api::WatchEvent;
use crate::base::{Duration, Fd, HostId, Pid, Text};
use crate::effect::{ContainerId, Out, Wake};
use crate::net::{Protocol, Topology};
use crate::trace::{Cargo, Fact, Hop, Place};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Descriptors that one process may have (`ulimit -n`).
const MAX_FDS: usize = 1_024;
/// Lines of a container's log that are kept.
const MAX_LOG: usize = 10_000;

impl<P: Program> Kernel<P> {
    /// Performs a call: its reply, or `None` when the process blocks or ends.
    pub(super) fn perform(
        &mut self,
        pid: Pid,
        call: Syscall,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Option<Reply> {
        match call {
            Syscall::Read(fd, max) => self.wait_for(pid, Blocked::Read(fd, max), None, out),
            Syscall::ReadTimeout(fd, max, timeout) => {
                self.wait_for(pid, Blocked::Read(fd, max), Some(timeout), out)
            }
            Syscall::ReadAll(fd) => self.wait_for(pid, Blocked::ReadAll(fd, Vec::new()), None, out),
            Syscall::Write(fd, data) => self.wait_for(pid, Blocked::Write(fd, data), None, out),
            Syscall::Accept(fd) => self.wait_for(pid, Blocked::Accept(fd), None, out),
            Syscall::Next(timeout) => self.wait_for(pid, Blocked::Next, timeout, out),
            Syscall::Wait(child) => self.wait_for(pid, Blocked::Wait(child), None, out),
            Syscall::Sleep(time) => {
                let time = if time == Duration::ZERO { super::kernel::YIELD_TIME } else { time };
                self.block(pid, Blocked::Sleep, Some(time), out);
                None
            }
            Syscall::Exit(status) => {
                self.exit(pid, status, out);
                None
            }
            Syscall::Connect(fd, to, timeout) => {
                match self.begin_connect(pid, fd, to, timeout, topology, out) {
                    Ok(Protocol::Tcp) => self.wait_for(pid, Blocked::Connect(fd), None, out),
                    Ok(Protocol::Udp) => Some(Reply::Done),
                    Err(errno) => Some(Reply::Err(errno)),
                }
            }
            Syscall::Api(request) => self.api(pid, request, topology, out),
            Syscall::Close(fd) => Some(self.close(pid, fd, out)),
            Syscall::Pipe => Some(self.pipe(pid)),
            Syscall::Open(path, mode) => Some(self.open(pid, path, mode)),
            Syscall::Kill(target, signal) => Some(self.kill(target, signal, out)),
            Syscall::Socket(protocol) => Some(self.socket(pid, protocol)),
            Syscall::Listen(fd, port) => Some(done(self.listen_on(pid, fd, port))),
            Syscall::SendTo(fd, to, data) => {
                let sent = self.socket_of(pid, fd).and_then(|id| self.send_to(id, to, data, topology, out));
                Some(done(sent))
            }
            Syscall::SocketName(fd) => Some(self.socket_name(pid, fd)),
            Syscall::Watch(kinds) => {
                let fd = self.new_fd(pid, Descriptor::Watch(VecDeque::new()))?;
                self.requests.push(Request::Subscribe(pid, fd, kinds));
                Some(Reply::Fd(fd))
            }
            Syscall::PodHost(namespace, name) => {
                let wanted = Place::Pod(namespace, name);
                let found = topology.iter().find(|(_, host)| host.place == wanted);
                Some(found.map_or(Reply::Err(Errno::Enoent), |(id, _)| Reply::Host(id)))
            }
        }
    }

    /// Blocks on something unless it is there already.
    fn wait_for(
        &mut self,
        pid: Pid,
        on: Blocked,
        timeout: Option<Duration>,
        out: &mut Out<'_>,
    ) -> Option<Reply> {
        self.block(pid, on, None, out);
        if let Some(came) = self.unblock(pid, out) {
            if let Some(process) = self.process(pid) {
                process.blocked = Blocked::Runnable;
                process.cause.event = came.cause.event;
                if !process.own_journey {
                    process.cause.journey = came.cause.journey;
                }
            }
            return Some(came.what);
        }
        if let Some(timeout) = timeout {
            let process = self.process(pid)?;
            process.deadline = Some(out.now + timeout);
            let number = process.wait;
            out.after(timeout, Wake::Resume(pid, number));
        }
        None
    }

    /// What a blocked process waits for, if it is there.
    pub(super) fn unblock(&mut self, pid: Pid, out: &mut Out<'_>) -> Option<Came<Reply>> {
        let process = self.process(pid)?;
        if let Some(came) = process.pending.take() {
            return Some(came);
        }
        if let Some(signal) = process.interrupted.take() {
            return Some(Came { what: Reply::Interrupted(signal.what), cause: signal.cause });
        }
        let cause = process.cause;
        let plain = |what: Reply| Some(Came { what, cause });
        match process.blocked.clone() {
            Blocked::Runnable | Blocked::Sleep | Blocked::Api => None,
            Blocked::Read(fd, max) => match self.read(pid, fd, max as usize, out)? {
                Ok(came) => Some(Came { what: Reply::Data(came.what), cause: came.cause }),
                Err(errno) => plain(Reply::Err(errno)),
            },
            Blocked::ReadAll(fd, gathered) => self.read_all(pid, fd, gathered, out),
            Blocked::Write(fd, data) => self.write(pid, fd, data, out).and_then(plain),
            Blocked::Accept(fd) => self.accept(pid, fd).and_then(plain),
            Blocked::Connect(fd) => {
                let id = self.socket_of(pid, fd).ok()?;
                match &self.sockets.get(id)?.state {
                    SocketState::Connecting(..) => None,
                    SocketState::Failed(errno) => plain(Reply::Err(*errno)),
                    _ => plain(Reply::Done),
                }
            }
            Blocked::Wait(child) => self.reap(pid, child).and_then(plain),
            Blocked::Next => self.next_ready(pid),
        }
    }

    fn read(
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
            Some(Descriptor::Null) => plain(Bytes::new()),
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
                plain(bytes)
            }
            Some(
                Descriptor::PipeWrite(_)
                | Descriptor::FileWrite(_)
                | Descriptor::Watch(_)
                | Descriptor::Log(..),
            ) => Some(Err(Errno::Ebadf)),
        }
    }

    fn read_all(
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

    fn write(&mut self, pid: Pid, fd: Fd, data: Bytes, out: &mut Out<'_>) -> Option<Reply> {
        let process = self.get(pid)?;
        let host = process.host;
        match process.fds.get(&fd).cloned() {
            None => Some(Reply::Err(Errno::Ebadf)),
            Some(Descriptor::Null) => Some(Reply::Done),
            Some(Descriptor::Terminal(id, is_err)) => {
                let kind = if is_err { ChunkKind::Err } else { ChunkKind::Out };
                self.terminal_mut(id)?.print(out.now, kind, &data);
                Some(Reply::Done)
            }
            Some(Descriptor::Log(container, _)) => {
                self.append_log(container, data);
                Some(Reply::Done)
            }
            Some(Descriptor::FileWrite(path)) => {
                let files = self.files_mut(host);
                let mut content = files.get(&path).map(|old| old.to_vec()).unwrap_or_default();
                content.extend_from_slice(&data);
                files.put(&path, content);
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

    fn write_pipe(&mut self, pid: Pid, id: PipeId, data: Bytes, out: &mut Out<'_>) -> Option<Reply> {
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
    fn broken_pipe(&mut self, pid: Pid, out: &mut Out<'_>) -> Option<Reply> {
        if self.get(pid)?.program.catches(Signal::Pipe) {
            return Some(Reply::Err(Errno::Epipe));
        }
        self.exit(pid, 128 + Signal::Pipe.number(), out);
        None
    }

    fn append_log(&mut self, container: ContainerId, data: Bytes) {
        let log = Arc::make_mut(self.logs.entry(container).or_default());
        log.push_back(data);
        if log.len() > MAX_LOG {
            log.pop_front();
        }
    }

    fn accept(&mut self, pid: Pid, fd: Fd) -> Option<Reply> {
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
    fn adopt(&mut self, pid: Pid, id: crate::base::SockId) -> Option<(Fd, std::net::SocketAddr)> {
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

    fn reap(&mut self, pid: Pid, child: Option<Pid>) -> Option<Reply> {
        let process = self.process(pid)?;
        let ended = match child {
            Some(child) => process.zombies.get_key_value(&child),
            None => process.zombies.first_key_value(),
        };
        let ended = ended.map(|(pid, status)| (*pid, *status));
        match ended {
            Some((child, status)) => {
                process.zombies.remove(&child);
                process.children = process.children.saturating_sub(1);
                Some(Reply::Exited(child, status))
            }
            None if process.children == 0 => Some(Reply::Err(Errno::Echild)),
            None => match child {
                Some(child) if self.get(child).is_none_or(|c| c.parent != Some(pid)) => {
                    Some(Reply::Err(Errno::Echild))
                }
                _ => None,
            },
        }
    }

    /// The next thing that happened on any descriptor.
    fn next_ready(&mut self, pid: Pid) -> Option<Came<Reply>> {
        loop {
            let fd = self.process(pid)?.ready.pop_front()?;
            if let Some(came) = self.ready_on(pid, fd) {
                return Some(Came { what: Reply::Ready(fd, came.what), cause: came.cause });
            }
        }
    }

    fn ready_on(&mut self, pid: Pid, fd: Fd) -> Option<Came<Ready>> {
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

    fn begin_connect(
        &mut self,
        pid: Pid,
        fd: Fd,
        to: std::net::SocketAddr,
        timeout: Option<Duration>,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Result<Protocol, Errno> {
        let id = self.socket_of(pid, fd)?;
        let protocol = self.sockets.get(id).ok_or(Errno::Ebadf)?.protocol;
        match protocol {
            Protocol::Tcp if !self.connect(id, to, timeout, topology, out) => Err(Errno::Eaddrinuse),
            Protocol::Tcp => Ok(protocol),
            Protocol::Udp => self.connect_udp(id, to, topology, out).map(|()| protocol),
        }
    }

    fn api(
        &mut self,
        pid: Pid,
        request: Arc<http::Request<Bytes>>,
        topology: &Topology,
        out: &mut Out<'_>,
    ) -> Option<Reply> {
        let Some(fd) = self.new_fd(pid, Descriptor::Api(VecDeque::new(), false)) else {
            return Some(Reply::Err(Errno::Emfile));
        };
        let from = place(topology, self.get(pid)?.host);
        let agent = request
            .headers()
            .get(http::header::USER_AGENT)
            .and_then(|a| a.to_str().ok())
            .unwrap_or("unknown");
        let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let cargo = Cargo::ApiRequest(request.method().as_str().into(), path.into(), agent.into());
        let takes = out.timing.api;
        out.fact(Fact::Moved(Hop { from, to: Place::ApiServer, cargo, addresses: None, takes }));
        out.after(takes, Wake::ApiHttp(pid, fd, request));
        self.block(pid, Blocked::Api, None, out);
        None
    }

    /// The API server's answer reaches a process. `streams`: its descriptor stays, for a watch's stream.
    pub fn api_answer(
        &mut self,
        pid: Pid,
        fd: Fd,
        answer: Arc<http::Response<Bytes>>,
        streams: bool,
        out: &mut Out<'_>,
    ) {
        let Some(process) = self.process(pid) else { return };
        if !streams {
            process.fds.remove(&fd);
        }
        process.pending = Some(Came { what: Reply::Http(answer, streams.then_some(fd)), cause: out.cause() });
        self.poke(pid, out);
    }

    /// More of a watch's stream reaches a process.
    pub fn stream(&mut self, pid: Pid, fd: Fd, bytes: Bytes, end: bool, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        let Some(Descriptor::Api(stream, ended)) = process.fds.get_mut(&fd) else { return };
        if !bytes.is_empty() {
            stream.push_back(bytes);
        }
        *ended |= end;
        self.ready_fd(pid, fd, out);
    }

    /// News of a typed watch reach a process.
    pub fn watch_news(&mut self, pid: Pid, fd: Fd, events: Vec<WatchEvent>, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        let Some(Descriptor::Watch(news)) = process.fds.get_mut(&fd) else { return };
        news.extend(events);
        self.ready_fd(pid, fd, out);
    }

    fn ready_fd(&mut self, pid: Pid, fd: Fd, out: &mut Out<'_>) {
        if let Some(process) = self.process(pid)
            && !process.ready.contains(&fd)
        {
            process.ready.push_back(fd);
        }
        self.poke(pid, out);
    }

    fn close(&mut self, pid: Pid, fd: Fd, out: &mut Out<'_>) -> Reply {
        let closed = self.process(pid).and_then(|process| process.fds.remove(&fd));
        match closed {
            None => Reply::Err(Errno::Ebadf),
            Some(descriptor) => {
                self.release(pid, fd, &descriptor, out);
                Reply::Done
            }
        }
    }

    fn pipe(&mut self, pid: Pid) -> Reply {
        self.next_pipe += 1;
        let id = PipeId(self.next_pipe);
        self.pipes.insert(id, Pipe::default());
        let pair =
            self.new_fd(pid, Descriptor::PipeRead(id)).zip(self.new_fd(pid, Descriptor::PipeWrite(id)));
        pair.map_or(Reply::Err(Errno::Emfile), |(read, write)| Reply::Pair(read, write))
    }

    fn open(&mut self, pid: Pid, path: Text, mode: OpenMode) -> Reply {
        let Some(host) = self.get(pid).map(|process| process.host) else { return Reply::Err(Errno::Esrch) };
        let descriptor = match mode {
            OpenMode::Read => match self.files(host).and_then(|files| files.get(&path)) {
                Some(content) => Descriptor::FileRead(content.clone()),
                None => return Reply::Err(Errno::Enoent),
            },
            OpenMode::Truncate => {
                self.files_mut(host).put(&path, Bytes::new());
                Descriptor::FileWrite(path)
            }
            OpenMode::Append => {
                if self.files(host).and_then(|files| files.get(&path)).is_none() {
                    self.files_mut(host).put(&path, Bytes::new());
                }
                Descriptor::FileWrite(path)
            }
        };
        self.new_fd(pid, descriptor).map_or(Reply::Err(Errno::Emfile), Reply::Fd)
    }

    fn kill(&mut self, target: Pid, signal: Signal, out: &mut Out<'_>) -> Reply {
        if self.get(target).is_none() {
            return Reply::Err(Errno::Esrch);
        }
        self.signal(target, signal, out);
        Reply::Done
    }

    fn socket(&mut self, pid: Pid, protocol: Protocol) -> Reply {
        let Some(host) = self.get(pid).map(|process| process.host) else { return Reply::Err(Errno::Esrch) };
        let socket = Socket {
            host,
            protocol,
            local: None,
            peer: None,
            owner: None,
            refs: 0,
            state: SocketState::Fresh,
        };
        let id = self.sockets.add(socket);
        let Some(fd) = self.new_fd(pid, Descriptor::Socket(id)) else { return Reply::Err(Errno::Emfile) };
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.owner = Some((pid, fd));
        }
        Reply::Fd(fd)
    }

    fn listen_on(&mut self, pid: Pid, fd: Fd, port: u16) -> Result<(), Errno> {
        let id = self.socket_of(pid, fd)?;
        self.listen(id, port, IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    fn socket_name(&self, pid: Pid, fd: Fd) -> Reply {
        let socket = self.socket_of(pid, fd).ok().and_then(|id| self.sockets.get(id));
        match socket.and_then(|socket| socket.local.map(|local| (local, socket.peer))) {
            Some((local, peer)) => Reply::Addresses(local, peer),
            None => Reply::Err(Errno::Einval),
        }
    }

    pub(super) fn socket_of(&self, pid: Pid, fd: Fd) -> Result<crate::base::SockId, Errno> {
        match self.get(pid).and_then(|process| process.fds.get(&fd)) {
            Some(Descriptor::Socket(id)) => Ok(*id),
            _ => Err(Errno::Ebadf),
        }
    }

    fn new_fd(&mut self, pid: Pid, descriptor: Descriptor) -> Option<Fd> {
        self.hold(&descriptor);
        let process = self.process(pid)?;
        if process.fds.len() >= MAX_FDS {
            return None;
        }
        let fd = (3..).map(Fd).find(|fd| !process.fds.contains_key(fd))?;
        process.fds.insert(fd, descriptor);
        Some(fd)
    }

    /// The listening TCP ports of a namespace, in order.
    pub fn listening(&self, host: HostId) -> Vec<u16> {
        let listens = |s: &&Socket| s.host == host && matches!(s.state, SocketState::Listening(_));
        let sockets = self.sockets.iter().map(|(_, socket)| socket).filter(listens);
        sockets.filter_map(|socket| socket.local.map(|local| local.port())).collect()
    }
}

fn done(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Err, |()| Reply::Done)
}
