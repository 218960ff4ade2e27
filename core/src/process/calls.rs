//! The system calls: what each does at once, and what blocks until something comes.

use super::descriptor::{Came, Descriptor, Pipe, PipeId};
use super::kernel::{Blocked, Kernel, Request, YIELD_TIME, done};
use super::program::Program;
use super::socket::{ANY, Socket, SocketState};
use super::syscall::{Errno, OpenMode, Reply, Signal, Syscall};
use crate::base::{Duration, Fd, HostId, Pid, SockId, Text};
use crate::effect::{Out, Wake};
use crate::net::{Protocol, Topology};
use crate::trace::Place;
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// Descriptors that one process may have (`ulimit -n`).
const MAX_FDS: usize = 1_024;

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
            Syscall::ReadLine(fd) => self.wait_for(pid, Blocked::ReadLine(fd), None, out),
            Syscall::Wait(child) => self.wait_for(pid, Blocked::Wait(child), None, out),
            Syscall::Sleep(time) => {
                let time = if time == Duration::ZERO { YIELD_TIME } else { time };
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
            Syscall::Shutdown(fd) => {
                let id = self.socket_of(pid, fd);
                Some(done(id.map(|id| self.shut_down(id, out))))
            }
            Syscall::Pipe => Some(self.pipe(pid)),
            Syscall::Open(path, mode) => Some(self.open(pid, path, mode)),
            Syscall::Unlink(path) => Some(self.unlink(pid, &path)),
            Syscall::Reap => Some(self.reap(pid, None).unwrap_or(Reply::Err(Errno::Echild))),
            Syscall::Processes => Some(self.list(pid)),
            Syscall::Kill(target, signal) => Some(self.kill(target, signal, out)),
            Syscall::Socket(protocol) => Some(self.socket(pid, protocol)),
            Syscall::Listen(fd, port) => {
                let at = SocketAddr::new(ANY, port);
                Some(done(self.socket_of(pid, fd).and_then(|id| self.listen(id, at))))
            }
            Syscall::ListenAt(fd, at) => Some(done(self.listen_at(pid, fd, at, topology))),
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
            Syscall::Edit(path) => self.edit(pid, path, out),
            Syscall::Netlink(what) => {
                self.requests.push(Request::Netlink(pid, what));
                self.block(pid, Blocked::Api, None, out);
                None
            }
            Syscall::NodeHost(name) => {
                let is_it = |place: &Place, ip: IpAddr| {
                    *place == Place::Node(name.clone())
                        || matches!(place, Place::Node(_)) && ip.to_string() == *name
                };
                let found = topology.iter().find(|(_, host)| is_it(&host.place, host.ip));
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
            Blocked::Runnable | Blocked::Sleep | Blocked::Api | Blocked::Edit => None,
            Blocked::Read(fd, max) => match self.read(pid, fd, max as usize, out)? {
                Ok(came) => Some(Came { what: Reply::Data(came.what), cause: came.cause }),
                Err(errno) => plain(Reply::Err(errno)),
            },
            Blocked::ReadLine(fd) => match self.read_line(pid, fd, out)? {
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

    fn begin_connect(
        &mut self,
        pid: Pid,
        fd: Fd,
        to: SocketAddr,
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
        let Some(root) = self.get(pid).map(|process| process.root.clone()) else {
            return Reply::Err(Errno::Esrch);
        };
        let descriptor = match mode {
            OpenMode::Read => match self.files(&root).and_then(|files| files.get(&path)) {
                Some(content) => Descriptor::FileRead(content.clone()),
                None => return Reply::Err(Errno::Enoent),
            },
            OpenMode::Truncate => {
                self.files_mut(root.clone()).put(&path, Bytes::new());
                Descriptor::FileWrite(root, path)
            }
            OpenMode::Append => {
                if self.files(&root).and_then(|files| files.get(&path)).is_none() {
                    self.files_mut(root.clone()).put(&path, Bytes::new());
                }
                Descriptor::FileWrite(root, path)
            }
        };
        self.new_fd(pid, descriptor).map_or(Reply::Err(Errno::Emfile), Reply::Fd)
    }

    fn unlink(&mut self, pid: Pid, path: &str) -> Reply {
        let Some(root) = self.get(pid).map(|process| process.root.clone()) else {
            return Reply::Err(Errno::Esrch);
        };
        if self.files_mut(root).remove(path) { Reply::Done } else { Reply::Err(Errno::Enoent) }
    }

    /// The processes of a process's namespace.
    fn list(&self, pid: Pid) -> Reply {
        let host = self.get(pid).map(|process| process.host);
        let here = self.iter().filter(|(_, process)| Some(process.host) == host);
        Reply::Processes(
            here.map(|(pid, process)| (pid, process.parent, process.program.command())).collect(),
        )
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

    fn listen_at(&mut self, pid: Pid, fd: Fd, at: SocketAddr, topology: &Topology) -> Result<(), Errno> {
        let id = self.socket_of(pid, fd)?;
        let host = self.sockets.get(id).and_then(|socket| topology.get(socket.host));
        let own =
            at.ip().is_unspecified() || at.ip().is_loopback() || host.is_some_and(|host| host.has(at.ip()));
        if own { self.listen(id, at) } else { Err(Errno::Eaddrnotavail) }
    }

    fn socket_name(&self, pid: Pid, fd: Fd) -> Reply {
        let socket = self.socket_of(pid, fd).ok().and_then(|id| self.sockets.get(id));
        match socket.and_then(|socket| socket.local.map(|local| (local, socket.peer))) {
            Some((local, peer)) => Reply::Addresses(local, peer),
            None => Reply::Err(Errno::Einval),
        }
    }

    pub(super) fn socket_of(&self, pid: Pid, fd: Fd) -> Result<SockId, Errno> {
        match self.get(pid).and_then(|process| process.fds.get(&fd)) {
            Some(Descriptor::Socket(id)) => Ok(*id),
            _ => Err(Errno::Ebadf),
        }
    }

    pub(super) fn new_fd(&mut self, pid: Pid, descriptor: Descriptor) -> Option<Fd> {
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
