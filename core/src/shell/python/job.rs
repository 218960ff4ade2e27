//! What a program waits for, and how it goes on with what the kernel answers.

use super::machine::Machine;
use super::socket::{failed, protocol, timed_out};
use super::value::{Fault, Id, Object, Res, Socket, Value};
use crate::dns::stub::{Failure, Found, Resolver, ResolverStep};
use crate::process::{Cx, Errno, Libc, Ready, Reply, Syscall};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What is waited for.
#[derive(Debug, Clone)]
pub struct Job(Step);

/// Kinds of waiting.
#[derive(Debug, Clone)]
pub enum Step {
    /// A time passes.
    Sleep,
    /// A name is looked up.
    Resolve(Box<Resolver>, Then),
    /// A socket is made.
    Socket(bool),
    /// A socket connects; quietly.
    Connect(Id, bool),
    /// Something is done without an answer.
    Done,
    /// So many bytes are sent.
    Sent(Option<i64>),
    /// Bytes come; with their sender.
    Received(Id, bool),
    /// A datagram comes: of this size at most; with its sender.
    Datagram(Id, usize, bool),
    /// The names of a socket; the peer's.
    Names(bool),
    /// A connection comes.
    Accept,
    /// `create_connection` makes a socket.
    CreateSocket(Box<Creating>),
    /// It connects.
    CreateConnect(Box<Creating>, Id),
    /// It closes what did not connect.
    CreateClose(Box<Creating>),
}

/// What a name is looked up for.
#[derive(Debug, Clone)]
pub enum Then {
    /// `gethostbyname`
    Name,
    /// `gethostbyname_ex`
    NameEx,
    /// `getaddrinfo`
    Info(Info),
    /// `connect`; quietly.
    Connect(Id, u16, bool),
    /// `sendto`
    SendTo(Id, u16, Arc<[u8]>),
    /// `create_connection`
    Create(u16, Option<u64>),
}

/// What `getaddrinfo` was asked.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// The port.
    pub port: u16,
    /// The kind of socket, or 0 for all.
    pub kind: i64,
}

/// A `create_connection` on its way.
#[derive(Debug, Clone)]
pub struct Creating {
    addresses: Vec<IpAddr>,
    next: usize,
    port: u16,
    timeout: Option<u64>,
    error: Option<Fault>,
}

impl Machine {
    /// Asks the kernel, and waits for the answer.
    pub(super) fn wait(&mut self, step: Step, call: Syscall) {
        self.job = Some(Job(step));
        self.queue.push_back(call);
    }

    /// The kernel answered.
    pub(super) fn answered(&mut self, cx: &mut Cx<'_, '_>, job: Job, reply: Reply) {
        let result = match (job.0, reply) {
            (Step::Resolve(mut resolver, then), reply) => {
                let step = resolver.resume(cx, reply);
                return self.looked(cx, resolver, step, then);
            }
            (Step::Connect(id, quiet), reply) => self.connected(id, quiet, &reply),
            (Step::CreateSocket(creating), reply) => return self.create_connect(cx, *creating, reply),
            (Step::CreateConnect(creating, id), reply) => {
                return self.create_connected(cx, *creating, id, reply);
            }
            (Step::CreateClose(creating), _) => return self.create_next(cx, *creating),
            (Step::Received(_, from), Reply::Data(bytes)) => self.received(from, &bytes),
            (Step::Received(id, _) | Step::Datagram(id, ..), Reply::Err(Errno::Etimedout)) => {
                Err(self.late(id))
            }
            (Step::Datagram(id, size, from), Reply::Ready(fd, ready)) => {
                return self.ready(cx, (id, size, from), fd, ready);
            }
            (_, Reply::Err(errno)) => Err(failed(errno)),
            (Step::Socket(datagrams), Reply::Fd(fd)) => {
                let timeout = self.default_timeout;
                Ok(self.heap.put(Object::Socket(Socket {
                    fd: Some(fd),
                    datagrams,
                    timeout,
                    ..Socket::default()
                })))
            }
            (Step::Sent(Some(n)), _) => Ok(Value::Int(n)),
            (Step::Names(peer), Reply::Addresses(local, other)) => {
                Ok(self.pair(if peer { other.unwrap_or(local) } else { local }))
            }
            (Step::Accept, Reply::Accepted(fd, peer)) => {
                let socket = Socket { fd: Some(fd), connected: true, ..Socket::default() };
                let socket = self.heap.put(Object::Socket(socket));
                let peer = self.pair(peer);
                Ok(self.heap.tuple(vec![socket, peer]))
            }
            _ => Ok(Value::None),
        };
        self.finish(cx, result);
    }

    /// A call is over: its value, or its exception.
    fn finish(&mut self, cx: &mut Cx<'_, '_>, result: Res<Value>) {
        self.arrive(cx);
        match result {
            Ok(_) if std::mem::take(&mut self.discards) => {}
            Ok(value) => self.push(value),
            Err(fault) => {
                self.discards = false;
                self.raise(fault, true);
            }
        }
    }

    fn late(&self, id: Id) -> Fault {
        match self.heap.get(id) {
            Object::Socket(Socket { timeout: Some(0), .. }) => failed(Errno::Eagain),
            Object::Socket(Socket { timeout: Some(_), .. }) => timed_out(),
            _ => failed(Errno::Etimedout),
        }
    }

    /// A lookup went on.
    pub(super) fn looked(
        &mut self,
        cx: &mut Cx<'_, '_>,
        resolver: Box<Resolver>,
        step: ResolverStep,
        then: Then,
    ) {
        match step {
            ResolverStep::Call(call) => self.wait(Step::Resolve(resolver, then), call),
            ResolverStep::Done(Err(failure)) => {
                let fault = self.not_found(failure, cx.userland.libc, &then);
                self.finish(cx, Err(fault));
            }
            ResolverStep::Done(Ok(found)) => self.found(cx, &found, then),
        }
    }

    fn not_found(&mut self, failure: Failure, libc: Libc, then: &Then) -> Fault {
        let args = vec![Value::Int(failure.code().into()), Value::Str(failure.words(libc).into())];
        let library = match then {
            Then::Info(_) => super::library::getaddrinfo(),
            Then::Create(..) => super::library::lookup(),
            _ => "",
        };
        self.within(Fault::New("gaierror", args), library)
    }

    /// A name has addresses.
    fn found(&mut self, cx: &mut Cx<'_, '_>, found: &Found, then: Then) {
        let first = found.addresses.first().copied().unwrap_or(IpAddr::from([0, 0, 0, 0]));
        match then {
            Then::Name => self.finish(cx, Ok(Value::Str(first.to_string().into()))),
            Then::NameEx => {
                let words = |words: Vec<String>| words.into_iter().map(|w| Value::Str(w.into())).collect();
                let aliases = words(found.aliases.iter().map(|alias| alias.to_string()).collect());
                let addresses = words(found.addresses.iter().map(IpAddr::to_string).collect());
                let result = self.heap.list(aliases).and_then(|aliases| {
                    let addresses = self.heap.list(addresses)?;
                    Ok(self.heap.tuple(vec![Value::Str(found.canonical.clone()), aliases, addresses]))
                });
                self.finish(cx, result);
            }
            Then::Info(info) => {
                let result = self.infos(&found.addresses, info);
                self.finish(cx, result);
            }
            Then::Connect(id, port, quiet) => {
                let Some(socket) = self.socket_mut(id) else { return };
                let (fd, patience) = (socket.fd.unwrap_or(crate::base::Fd(0)), socket.patience());
                self.wait(
                    Step::Connect(id, quiet),
                    Syscall::Connect(fd, SocketAddr::new(first, port), patience),
                );
            }
            Then::SendTo(id, port, data) => {
                let fd = self.socket_mut(id).and_then(|socket| socket.fd).unwrap_or(crate::base::Fd(0));
                let sent = Some(data.len() as i64);
                let to = SocketAddr::new(first, port);
                self.wait(Step::Sent(sent), Syscall::SendTo(fd, to, data.to_vec().into()));
            }
            Then::Create(port, timeout) => {
                let addresses = found.addresses.clone();
                self.create_next(cx, Creating { addresses, next: 0, port, timeout, error: None });
            }
        }
    }

    /// One entry for each address and kind of socket.
    fn infos(&mut self, addresses: &[IpAddr], info: Info) -> Res<Value> {
        let mut out = Vec::new();
        for ip in addresses {
            let family = if ip.is_ipv4() { 2 } else { 10 };
            for (kind, protocol) in [(1, 6), (2, 17), (3, 0)] {
                if info.kind != 0 && info.kind != kind {
                    continue;
                }
                let address = self.pair(SocketAddr::new(*ip, info.port));
                let numbers = [family, kind, protocol].map(Value::Int);
                let entry = numbers.into_iter().chain([Value::Str("".into()), address]).collect();
                out.push(self.heap.tuple(entry));
            }
        }
        self.heap.list(out)
    }

    fn connected(&mut self, id: Id, quiet: bool, reply: &Reply) -> Res<Value> {
        let error = match reply {
            Reply::Err(Errno::Etimedout) => Some(self.late(id)),
            Reply::Err(errno) => Some(failed(*errno)),
            _ => None,
        };
        match error {
            Some(Fault::New(_, args)) if quiet => Ok(match args.first() {
                Some(Value::Int(n)) => Value::Int(*n),
                _ => Value::Int(11),
            }),
            Some(error) => Err(error),
            None => {
                if let Some(socket) = self.socket_mut(id) {
                    socket.connected = true;
                }
                Ok(if quiet { Value::Int(0) } else { Value::None })
            }
        }
    }

    fn received(&mut self, from: bool, bytes: &[u8]) -> Res<Value> {
        let bytes = self.heap.bytes(bytes)?;
        if from { Ok(self.heap.tuple(vec![bytes, Value::None])) } else { Ok(bytes) }
    }

    /// Something came on a descriptor while a datagram is waited for.
    fn ready(&mut self, cx: &mut Cx<'_, '_>, wanted: (Id, usize, bool), fd: crate::base::Fd, ready: Ready) {
        let (id, size, from) = wanted;
        let own = self.socket_mut(id).is_some_and(|socket| socket.fd == Some(fd));
        match ready {
            Ready::Datagram(peer, data) if own => {
                let result = self.datagram(peer, &data, size, from);
                return self.finish(cx, result);
            }
            Ready::Reset if own => return self.finish(cx, Err(failed(Errno::Econnrefused))),
            Ready::Datagram(peer, data) => {
                let other = self.heap.sockets().find(|other| other.fd == Some(fd));
                if let Some(other) = other {
                    other.inbox.push((peer, data.as_ref().into()));
                }
            }
            _ => {}
        }
        let patience = self.socket_mut(id).and_then(|socket| socket.patience());
        self.wait(Step::Datagram(id, size, from), Syscall::Next(patience));
    }

    /// The next address of a `create_connection`, or its end.
    fn create_next(&mut self, cx: &mut Cx<'_, '_>, creating: Creating) {
        if creating.next < creating.addresses.len() {
            return self.wait(Step::CreateSocket(Box::new(creating)), Syscall::Socket(protocol(false)));
        }
        let fault = creating
            .error
            .unwrap_or_else(|| super::value::fault("OSError", "getaddrinfo returns an empty list"));
        let fault = self.within(fault, super::library::connect());
        self.finish(cx, Err(fault));
    }

    fn create_connect(&mut self, cx: &mut Cx<'_, '_>, mut creating: Creating, reply: Reply) {
        let Reply::Fd(fd) = reply else {
            return self.finish(cx, Err(failed(Errno::Emfile)));
        };
        let ip = creating.addresses.get(creating.next).copied().unwrap_or(IpAddr::from([0, 0, 0, 0]));
        creating.next += 1;
        let timeout = creating.timeout;
        let socket = Socket { fd: Some(fd), timeout, ..Socket::default() };
        let patience = socket.patience();
        let id = self.heap.put_id(Object::Socket(socket));
        let call = Syscall::Connect(fd, SocketAddr::new(ip, creating.port), patience);
        self.wait(Step::CreateConnect(Box::new(creating), id), call);
    }

    fn create_connected(&mut self, cx: &mut Cx<'_, '_>, mut creating: Creating, id: Id, reply: Reply) {
        match self.connected(id, false, &reply) {
            Ok(_) => self.finish(cx, Ok(Value::Ref(id))),
            Err(error) => {
                // The first error is the one that is raised.
                creating.error.get_or_insert(error);
                let fd = self.socket_mut(id).and_then(|socket| socket.fd.take());
                let call = Syscall::Close(fd.unwrap_or(crate::base::Fd(u32::MAX)));
                self.wait(Step::CreateClose(Box::new(creating)), call);
            }
        }
    }
}
