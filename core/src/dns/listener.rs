//! The ports of a DNS server: opens them, takes whole messages off streams, and remembers where an answer goes.
//! Knows no question's meaning. CoreDNS has its own, which follow its Corefile.

use super::coredns::{framed, take_framed};
use super::message::{Message, TCP_LIMIT, UDP_LIMIT, decode, encode_within};
use crate::base::{Fd, FlatMap};
use crate::net::Protocol;
use crate::net::http1::{Parsed, parse_request, write_response};
use crate::process::{Ready, Reply, Syscall};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Datagrams above this many bytes have their names compressed.
const MTU: usize = 1480;

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Questions over UDP and over TCP.
    Dns(u16),
    /// Pages over HTTP.
    Web(u16),
}

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// A socket, and who sent the datagram.
    Datagram(Fd, SocketAddr),
    /// A connection.
    Stream(Fd),
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A message that is no answer.
    Query(Client, Box<Message>),
    /// A request for a page: its port and path.
    Page(Client, u16, String),
}

/// The ports.
#[derive(Debug, Clone, Default)]
pub struct Listener {
    opening: VecDeque<(Protocol, Port)>,
    /// The socket that was asked for last.
    expect: Option<Port>,
    sockets: FlatMap<Fd, Port>,
    streams: FlatMap<Fd, Stream>,
}

#[derive(Debug, Clone)]
struct Stream {
    port: Port,
    buffer: BytesMut,
}

impl Listener {
    /// Ports that are yet to be opened, by [`Listener::open`].
    pub fn new(ports: &[Port]) -> Listener {
        let opening = ports.iter().flat_map(|port| match port {
            Port::Dns(_) => vec![(Protocol::Udp, *port), (Protocol::Tcp, *port)],
            Port::Web(_) => vec![(Protocol::Tcp, *port)],
        });
        Listener { opening: opening.collect(), ..Listener::default() }
    }

    /// The call that opens the next port; `None` when all are open.
    pub fn open(&mut self) -> Option<Syscall> {
        let (protocol, port) = self.opening.pop_front()?;
        self.expect = Some(port);
        Some(Syscall::Socket(protocol))
    }

    /// Takes a reply that is for these ports: what came, and calls that are to be made. Gives back a reply that is not.
    pub fn take(&mut self, reply: Reply, todo: &mut VecDeque<Syscall>) -> Result<Vec<Heard>, Reply> {
        match (self.expect.take(), reply) {
            (Some(port), Reply::Fd(fd)) => {
                self.sockets.insert(fd, port);
                let (Port::Dns(number) | Port::Web(number)) = port;
                todo.push_front(Syscall::Listen(fd, number));
                Ok(Vec::new())
            }
            (_, Reply::Ready(fd, Ready::Datagram(peer, bytes))) if self.sockets.contains_key(&fd) => {
                Ok(query(Client::Datagram(fd, peer), &bytes).into_iter().collect())
            }
            (_, Reply::Ready(fd, Ready::Accepted(new, _))) if self.sockets.contains_key(&fd) => {
                let port = self.sockets.get(&fd).copied().unwrap_or(Port::Dns(0));
                self.streams.insert(new, Stream { port, buffer: BytesMut::new() });
                Ok(Vec::new())
            }
            (_, Reply::Ready(fd, Ready::Data(bytes))) if self.streams.contains_key(&fd) => {
                Ok(self.stream(fd, &bytes, todo))
            }
            // A client that has given up does not end the service.
            (_, Reply::Ready(fd, Ready::Reset)) if self.streams.contains_key(&fd) => {
                self.close(fd, todo);
                Ok(Vec::new())
            }
            (_, Reply::Ready(fd, Ready::Reset)) if self.sockets.contains_key(&fd) => Ok(Vec::new()),
            (_, reply) => Err(reply),
        }
    }

    /// Sends a page and ends the connection.
    pub fn page(&mut self, to: Client, status: u16, text: String, todo: &mut VecDeque<Syscall>) {
        let Client::Stream(fd) = to else { return };
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "text/plain; charset=utf-8")
            .header("connection", "close")
            .body(Bytes::from(text));
        todo.extend(response.ok().map(|response| Syscall::Write(fd, write_response(&response))));
        self.close(fd, todo);
    }

    fn close(&mut self, fd: Fd, todo: &mut VecDeque<Syscall>) {
        self.streams.remove(&fd);
        todo.push_back(Syscall::Close(fd));
    }

    fn stream(&mut self, fd: Fd, bytes: &[u8], todo: &mut VecDeque<Syscall>) -> Vec<Heard> {
        if bytes.is_empty() {
            self.close(fd, todo);
            return Vec::new();
        }
        let Some(stream) = self.streams.get_mut(&fd) else { return Vec::new() };
        stream.buffer.extend_from_slice(bytes);
        match stream.port {
            Port::Dns(_) => {
                let whole = std::iter::from_fn(|| take_framed(&mut stream.buffer));
                whole.filter_map(|message| query(Client::Stream(fd), &message)).collect()
            }
            Port::Web(port) => match parse_request(&stream.buffer) {
                Parsed::Whole(request, _) => {
                    stream.buffer.clear();
                    vec![Heard::Page(Client::Stream(fd), port, request.uri().path().to_string())]
                }
                Parsed::Bad => {
                    self.close(fd, todo);
                    Vec::new()
                }
                Parsed::Partial => Vec::new(),
            },
        }
    }
}

/// Bytes that are no message, and answers that nobody asked for, are dropped.
fn query(client: Client, bytes: &[u8]) -> Option<Heard> {
    let message = decode(bytes).ok().filter(|message| !message.response)?;
    Some(Heard::Query(client, Box::new(message)))
}

impl Client {
    /// Whether it asked over TCP.
    pub fn is_stream(self) -> bool {
        matches!(self, Client::Stream(_))
    }

    /// The call that sends it the answer to a query, cut to what it takes. `compress`: names are compressed even where the
    /// answer fits without. `None` when the answer cannot be written.
    pub fn answer(self, query: &Message, answer: &Message, compress: bool) -> Option<Syscall> {
        let announced = query.edns.as_ref().map_or(UDP_LIMIT, |edns| usize::from(edns.udp).max(UDP_LIMIT));
        let (limit, mtu) = match self {
            Client::Datagram(..) => (announced, MTU),
            Client::Stream(_) => (TCP_LIMIT, usize::MAX),
        };
        let bytes = encode_within(answer, limit, if compress { 0 } else { mtu }).ok()?;
        Some(match self {
            Client::Datagram(fd, peer) => Syscall::SendTo(fd, peer, bytes),
            Client::Stream(fd) => Syscall::Write(fd, framed(&bytes)),
        })
    }
}
