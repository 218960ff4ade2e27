//! The socket module: what programs ask of it, and what of that needs the kernel. Answers are awaited by [`super::job`].
//! Omits: `shutdown` on the wire (this kernel closes both ways at once), options, IPv6 sockets.

use super::call::Named;
use super::compute::{as_float, as_int};
use super::job::{Info, Step, Then};
use super::machine::{Called, Machine};
use super::module::nanoseconds;
use super::value::{Fault, Id, Object, Res, Socket, Value, fault, os_error, type_error};
use crate::base::{Duration, Fd};
use crate::dns::stub::{Families, Resolver};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Syscall};
use crate::trace::Origin;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Methods of sockets.
pub const METHODS: &[&str] = &[
    "connect",
    "connect_ex",
    "sendall",
    "send",
    "recv",
    "settimeout",
    "gettimeout",
    "setblocking",
    "close",
    "getsockname",
    "getpeername",
    "shutdown",
    "sendto",
    "recvfrom",
    "bind",
    "listen",
    "accept",
    "setsockopt",
    "fileno",
];
/// Sockets that are open before those that nothing refers to are closed.
const MANY: usize = 64;

impl Socket {
    pub(super) fn attribute(&self, name: &str) -> Option<Value> {
        Some(Value::Int(match name {
            "family" => 2,
            "type" => 1 + i64::from(self.datagrams),
            "proto" => 0,
            _ => return None,
        }))
    }

    /// How long a call may wait.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.timeout.map(Duration)
    }
}

/// The exception of a failed call.
pub fn failed(errno: Errno) -> Fault {
    os_error(errno.number(), errno.words())
}

/// What `settimeout` ends with.
pub fn timed_out() -> Fault {
    fault("TimeoutError", "timed out")
}

impl Machine {
    /// Begins a journey for what the present line causes.
    pub(super) fn depart(&mut self, cx: &mut Cx<'_, '_>) {
        let span = self.here();
        let line = self.script.lines.get((span.line as usize).saturating_sub(1));
        let text = line.map_or("", |line| line.trim()).to_string();
        let origin = Origin::of_line(&self.script.file, span.line, &text, cx.place());
        if self.home.is_none() {
            self.home = Some(cx.out.cause().journey);
        }
        self.arrive(cx);
        cx.out.open(origin);
    }

    /// What comes next belongs to the program again.
    pub(super) fn arrive(&mut self, cx: &mut Cx<'_, '_>) {
        if let Some(home) = self.home {
            let mut cause = cx.out.cause();
            cause.journey = home;
            cx.out.set_cause(cause);
        }
    }

    pub(super) fn make_socket(&mut self, args: &[Value]) -> Res<Called> {
        let family = args.first().and_then(as_int).unwrap_or(2);
        let kind = args.get(1).and_then(as_int).unwrap_or(1);
        if !matches!(family, 2 | -1) || !matches!(kind, 1 | 2 | -1) {
            return Err(os_error(97, "Address family not supported by protocol"));
        }
        if self.open_sockets >= MANY {
            self.tidy();
            self.open_sockets = 0;
        }
        self.open_sockets += 1;
        self.wait(Step::Socket(kind == 2), Syscall::Socket(protocol(kind == 2)));
        Ok(Called::Later)
    }

    fn socket(&self, id: Id) -> Res<(Fd, Socket)> {
        match self.heap.get(id) {
            Object::Socket(Socket { fd: None, .. }) => Err(failed(Errno::Ebadf)),
            Object::Socket(socket) => Ok((socket.fd.unwrap_or(Fd(0)), socket.clone())),
            _ => Err(failed(Errno::Ebadf)),
        }
    }

    pub(super) fn socket_mut(&mut self, id: Id) -> Option<&mut Socket> {
        match self.heap.get_mut(id) {
            Some(Object::Socket(socket)) => Some(socket),
            _ => None,
        }
    }

    /// An address: host and port.
    fn address(&self, what: &str, value: Option<&Value>) -> Res<(String, u16)> {
        let Some(value) = value else {
            return type_error(format!("socket.{what}() takes exactly one argument (0 given)"));
        };
        let Some(Object::Tuple(parts)) = self.heap.of(value) else {
            let class = self.heap.class(value);
            return type_error(format!("{what}(): AF_INET address must be tuple, not {class}"));
        };
        let [host, port] = parts.as_slice() else {
            return type_error("AF_INET address must be a pair (host, port)");
        };
        let Value::Str(host) = host else {
            let class = self.heap.class(host);
            return type_error(format!("str, bytes or bytearray expected, not {class}"));
        };
        let Some(port) = as_int(port) else {
            let class = self.heap.class(port);
            return type_error(format!("'{class}' object cannot be interpreted as an integer"));
        };
        match u16::try_from(port) {
            Ok(port) => Ok((host.to_string(), port)),
            Err(_) => Err(fault("OverflowError", format!("{what}(): port must be 0-65535."))),
        }
    }

    /// Looks a name up, and goes on with what it is.
    pub(super) fn look_up(&mut self, cx: &mut Cx<'_, '_>, host: &str, families: Families, then: Then) {
        let (resolver, step) = Resolver::start(cx, host, families);
        self.looked(cx, Box::new(resolver), step, then);
    }

    pub(super) fn socket_function(
        &mut self,
        cx: &mut Cx<'_, '_>,
        name: &str,
        args: Vec<Value>,
        named: &Named,
    ) -> Res<Called> {
        let option = |key: &str, at: usize| {
            named.iter().find(|(name, _)| &**name == key).map(|(_, v)| v).or(args.get(at))
        };
        match (name, args.as_slice()) {
            ("socket.gethostname", []) => Ok(Called::Value(Value::Str(cx.hostname()))),
            ("socket.getdefaulttimeout", []) => Ok(Called::Value(seconds(self.default_timeout))),
            ("socket.setdefaulttimeout", [value]) => {
                self.default_timeout = self.timeout(value)?;
                Ok(Called::Value(Value::None))
            }
            ("socket.inet_aton", [Value::Str(text)]) => match text.parse::<Ipv4Addr>() {
                Ok(ip) => self.heap.bytes(ip.octets().to_vec()).map(Called::Value),
                Err(_) => Err(fault("OSError", "illegal IP address string passed to inet_aton")),
            },
            ("socket.gethostbyname", [Value::Str(host)]) => {
                if let Ok(ip) = host.parse::<Ipv4Addr>() {
                    return Ok(Called::Value(Value::Str(ip.to_string().into())));
                }
                self.depart(cx);
                self.look_up(cx, host, Families::V4, Then::Name);
                Ok(Called::Later)
            }
            ("socket.gethostbyname_ex", [Value::Str(host)]) => {
                self.depart(cx);
                self.look_up(cx, host, Families::V4, Then::NameEx);
                Ok(Called::Later)
            }
            ("socket.gethostbyname" | "socket.gethostbyname_ex", [other]) => {
                let class = self.heap.class(other);
                let what = name.trim_start_matches("socket.");
                type_error(format!("{what}() argument 1 must be str, bytes or bytearray, not {class}"))
            }
            ("socket.getaddrinfo", [host, _, ..]) => {
                let host = if let Value::Str(host) = host { host.to_string() } else { "127.0.0.1".into() };
                let port =
                    option("port", 1).and_then(as_int).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
                let number = |key: &str, at: usize| option(key, at).and_then(as_int).unwrap_or(0);
                let kind = number("type", 3);
                let families = match number("family", 2) {
                    2 => Families::V4,
                    10 => Families::V6,
                    _ => Families::Both,
                };
                self.depart(cx);
                self.look_up(cx, &host, families, Then::Info(Info { port, kind }));
                Ok(Called::Later)
            }
            ("socket.create_connection", [address, ..]) => {
                self.check_pair(address)?;
                let (host, port) = self.address("create_connection", Some(address))?;
                let timeout = match option("timeout", 1) {
                    Some(value) => self.timeout(value)?,
                    None => self.default_timeout,
                };
                self.depart(cx);
                self.look_up(cx, &host, Families::Both, Then::Create(port, timeout));
                Ok(Called::Later)
            }
            _ => {
                let what = name.trim_start_matches("socket.");
                type_error(format!("{what}() does not take these {} arguments", args.len()))
            }
        }
    }

    /// `host, port = address` in `create_connection`.
    fn check_pair(&mut self, address: &Value) -> Res<()> {
        let fault = match self.heap.items(address).map(|items| items.len()) {
            Ok(2) => return Ok(()),
            Ok(n) if n > 2 => fault("ValueError", "too many values to unpack (expected 2)"),
            Ok(n) => fault("ValueError", format!("not enough values to unpack (expected 2, got {n})")),
            Err(_) => {
                let class = self.heap.class(address);
                fault("TypeError", format!("cannot unpack non-iterable {class} object"))
            }
        };
        Err(self.within(fault, super::library::unpack()))
    }

    /// An exception that comes out of a function of the library.
    pub(super) fn within(&mut self, fault: Fault, library: &'static str) -> Fault {
        let id = self.make(fault);
        if let Some(Object::Exception(exception)) = self.heap.get_mut(id) {
            exception.library = library;
        }
        Fault::Raised(id)
    }

    fn timeout(&self, value: &Value) -> Res<Option<u64>> {
        if let Value::None = value {
            return Ok(None);
        }
        match as_float(value) {
            Some(seconds) if seconds < 0.0 => Err(fault("ValueError", "Timeout value out of range")),
            Some(seconds) => Ok(Some(nanoseconds(seconds))),
            None => {
                let class = self.heap.class(value);
                type_error(format!("'{class}' object cannot be interpreted as an integer"))
            }
        }
    }

    pub(super) fn socket_method(
        &mut self,
        cx: &mut Cx<'_, '_>,
        id: Id,
        name: &str,
        args: Vec<Value>,
    ) -> Res<Called> {
        match name {
            "close" => return self.close_socket(cx, id),
            "fileno" | "gettimeout" | "settimeout" | "setblocking" | "setsockopt" | "shutdown" => {
                return self.socket_setting(id, name, &args).map(Called::Value);
            }
            _ => {}
        }
        let (fd, socket) = self.socket(id)?;
        match name {
            "connect" | "connect_ex" => {
                if args.len() != 1 {
                    let words = format!("socket.{name}() takes exactly one argument ({} given)", args.len());
                    return type_error(words);
                }
                let (host, port) = self.address(name, args.first())?;
                if socket.connected && !socket.datagrams {
                    return Err(os_error(106, "Transport endpoint is already connected"));
                }
                self.depart(cx);
                let quiet = name == "connect_ex";
                self.look_up(cx, &host, Families::V4, Then::Connect(id, port, quiet));
            }
            "send" | "sendall" => self.send(cx, &socket, name, args.first())?,
            "sendto" => self.send_to(cx, id, &args)?,
            "recv" | "recvfrom" => return self.receive(id, fd, &socket, name, &args),
            "getsockname" | "getpeername" => {
                if name == "getpeername" && !socket.connected {
                    return Err(os_error(107, "Transport endpoint is not connected"));
                }
                self.wait(Step::Names(name == "getpeername"), Syscall::SocketName(fd));
            }
            "bind" => {
                let (_, port) = self.address("bind", args.first())?;
                if let Some(socket) = self.socket_mut(id) {
                    socket.bound = Some(port);
                }
                if !socket.datagrams {
                    return Ok(Called::Value(Value::None));
                }
                self.wait(Step::Done, Syscall::Listen(fd, port));
            }
            "listen" => self.wait(Step::Done, Syscall::Listen(fd, socket.bound.unwrap_or(0))),
            _ => self.wait(Step::Accept, Syscall::Accept(fd)),
        }
        Ok(Called::Later)
    }

    fn socket_setting(&mut self, id: Id, name: &str, args: &[Value]) -> Res<Value> {
        if name == "fileno" {
            let fd = self.socket(id).map_or(-1, |(fd, _)| i64::from(fd.0));
            return Ok(Value::Int(fd));
        }
        let (_, socket) = self.socket(id)?;
        match name {
            "gettimeout" => return Ok(seconds(socket.timeout)),
            "settimeout" | "setblocking" => {
                let Some(value) = args.first() else {
                    return type_error(format!("socket.{name}() takes exactly one argument (0 given)"));
                };
                let timeout = match name {
                    "setblocking" => (!self.heap.truth(value)).then_some(0),
                    _ => self.timeout(value)?,
                };
                if let Some(socket) = self.socket_mut(id) {
                    socket.timeout = timeout;
                }
            }
            "shutdown" => {
                if !socket.connected {
                    return Err(os_error(107, "Transport endpoint is not connected"));
                }
                if let Some(socket) = self.socket_mut(id) {
                    socket.shut = args.first().and_then(as_int) != Some(0);
                }
            }
            _ => {}
        }
        Ok(Value::None)
    }

    fn close_socket(&mut self, cx: &mut Cx<'_, '_>, id: Id) -> Res<Called> {
        let Some(socket) = self.socket_mut(id) else { return Ok(Called::Value(Value::None)) };
        let Some(fd) = socket.fd.take() else { return Ok(Called::Value(Value::None)) };
        let was_connected = socket.connected;
        self.open_sockets = self.open_sockets.saturating_sub(1);
        if was_connected {
            self.depart(cx);
        }
        self.wait(Step::Done, Syscall::Close(fd));
        Ok(Called::Later)
    }

    fn data(&self, what: &str, value: Option<&Value>) -> Res<Arc<[u8]>> {
        match value {
            Some(Value::Bytes(bytes)) => Ok(bytes.clone()),
            Some(other) => {
                let class = self.heap.class(other);
                type_error(format!("a bytes-like object is required, not '{class}'"))
            }
            None => type_error(format!("{what}() takes at least 1 argument (0 given)")),
        }
    }

    fn send(&mut self, cx: &mut Cx<'_, '_>, socket: &Socket, name: &str, data: Option<&Value>) -> Res<()> {
        let data = self.data(name, data)?;
        if !socket.connected && socket.datagrams {
            return Err(os_error(89, "Destination address required"));
        }
        if !socket.connected || socket.shut {
            return Err(failed(Errno::Epipe));
        }
        self.depart(cx);
        let sent = (name == "send").then_some(data.len() as i64);
        self.wait(Step::Sent(sent), Syscall::Write(socket.fd.unwrap_or(Fd(0)), data.to_vec().into()));
        Ok(())
    }

    fn send_to(&mut self, cx: &mut Cx<'_, '_>, id: Id, args: &[Value]) -> Res<()> {
        let data = self.data("sendto", args.first())?;
        let (host, port) = self.address("sendto", args.last())?;
        self.depart(cx);
        self.look_up(cx, &host, Families::V4, Then::SendTo(id, port, data));
        Ok(())
    }

    fn receive(&mut self, id: Id, fd: Fd, socket: &Socket, name: &str, args: &[Value]) -> Res<Called> {
        let Some(size) = args.first().and_then(as_int) else {
            return type_error(format!("{name}() takes at least 1 argument ({} given)", args.len()));
        };
        let Ok(size) = usize::try_from(size) else {
            return Err(fault("ValueError", format!("negative buffersize in {name}")));
        };
        if !socket.connected && !socket.datagrams {
            return Err(os_error(107, "Transport endpoint is not connected"));
        }
        let from = name == "recvfrom";
        if socket.datagrams && !socket.connected {
            if !socket.inbox.is_empty()
                && let Some(socket) = self.socket_mut(id)
            {
                let (peer, data) = socket.inbox.remove(0);
                return self.datagram(peer, &data, size, from).map(Called::Value);
            }
            self.wait(Step::Datagram(id, size, from), Syscall::Next(socket.patience()));
            return Ok(Called::Later);
        }
        if size == 0 {
            return self.heap.bytes(Vec::new()).map(Called::Value);
        }
        let max = u32::try_from(size).unwrap_or(u32::MAX);
        let call = match socket.patience() {
            Some(patience) => Syscall::ReadTimeout(fd, max, patience),
            None => Syscall::Read(fd, max),
        };
        self.wait(Step::Received(id, from), call);
        Ok(Called::Later)
    }

    /// What `recvfrom` or `recv` gives for a datagram.
    pub(super) fn datagram(&mut self, peer: SocketAddr, data: &[u8], size: usize, from: bool) -> Res<Value> {
        let data = data.get(..size.min(data.len())).unwrap_or_default().to_vec();
        let bytes = self.heap.bytes(data)?;
        if !from {
            return Ok(bytes);
        }
        let peer = self.pair(peer);
        Ok(self.heap.tuple(vec![bytes, peer]))
    }

    /// An address as a program sees it.
    pub(super) fn pair(&mut self, address: SocketAddr) -> Value {
        let host = Value::Str(address.ip().to_string().into());
        let port = Value::Int(address.port().into());
        match address {
            SocketAddr::V4(_) => self.heap.tuple(vec![host, port]),
            SocketAddr::V6(_) => self.heap.tuple(vec![host, port, Value::Int(0), Value::Int(0)]),
        }
    }

    /// Whether `with` can use the top.
    pub(super) fn enter(&mut self) -> Res<()> {
        let top = self.stack.last().cloned().unwrap_or(Value::None);
        match self.heap.of(&top) {
            Some(Object::Socket(_) | Object::File(..)) => Ok(()),
            _ => {
                let class = self.heap.class(&top);
                type_error(format!("'{class}' object does not support the context manager protocol"))
            }
        }
    }

    /// The end of `with`.
    pub(super) fn close_value(&mut self, cx: &mut Cx<'_, '_>, value: &Value) -> Res<()> {
        let Value::Ref(id) = value else { return Ok(()) };
        match self.heap.get(*id) {
            Object::Socket(_) => {
                if let Called::Later = self.close_socket(cx, *id)? {
                    self.discards = true;
                }
            }
            _ => drop(self.file_method(*id, "close", &[])?),
        }
        Ok(())
    }
}

fn seconds(nanos: Option<u64>) -> Value {
    nanos.map_or(Value::None, |nanos| Value::Float(nanos as f64 / 1e9))
}

/// How a kind of socket speaks.
pub fn protocol(datagrams: bool) -> Protocol {
    if datagrams { Protocol::Udp } else { Protocol::Tcp }
}
