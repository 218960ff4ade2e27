//! What a hop carried: a short typed summary, with the raw bytes where bytes teach. Decodes nothing.

use crate::base::Text;
use crate::{canon_enum, canon_struct};
use bytes::Bytes;
use std::net::SocketAddr;

/// A summary of what travelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cargo {
    /// A DNS message on the wire.
    Dns(DnsCargo),
    /// A TCP segment without payload.
    Tcp(TcpFlag),
    /// The head of an HTTP request: its first line, and the length of the payload in bytes.
    HttpRequest(Text, u64),
    /// An HTTP response: status code, and the length of the payload in bytes.
    HttpResponse(u16, u64),
    /// Other TCP or UDP payload, by its length in bytes.
    Payload(u64),
    /// `icmp-port-unreachable`: how a REJECT rule, or a closed UDP port, answers.
    PortUnreachable,
    /// A request to the API server: verb, path, user agent.
    ApiRequest(Text, Text, Text),
    /// The API server's answer: HTTP status code.
    ApiResponse(u16),
    /// A write to storage: key and new revision.
    StoragePut(Text, u64),
    /// A watch event: `ADDED`, `MODIFIED` or `DELETED`, the object, and its revision.
    Watch(Text, crate::base::ObjectRef, u64),
}

canon_enum!(Cargo {
    1 => Dns(message),
    2 => Tcp(flag),
    3 => HttpRequest(line, len),
    4 => HttpResponse(status, len),
    5 => Payload(len),
    6 => PortUnreachable,
    7 => ApiRequest(verb, path, agent),
    8 => ApiResponse(code),
    9 => StoragePut(key, revision),
    10 => Watch(kind, object, revision),
});

/// A DNS message: the question in text, the result if it is an answer, and the message as it was on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsCargo {
    /// The question's name, fully qualified, with its final dot.
    pub name: Text,
    /// The question's type, such as `AAAA`.
    pub qtype: Text,
    /// `None` for a query; else the response code and the number of answer records.
    pub answer: Option<(Text, u16)>,
    /// The message.
    pub bytes: Bytes,
}

canon_struct!(DnsCargo { name, qtype, answer, bytes });

/// The segments without payload that the simulation sends. Omits: ACK, which would teach nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpFlag {
    /// The first segment of a connection.
    Syn,
    /// The answer to it.
    SynAck,
    /// One side has no more to send.
    Fin,
    /// The connection is refused or gone.
    Rst,
}

canon_enum!(TcpFlag { 1 => Syn, 2 => SynAck, 3 => Fin, 4 => Rst });

/// The addresses of a packet as they were when it moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Source.
    pub src: SocketAddr,
    /// Destination.
    pub dst: SocketAddr,
}

canon_struct!(Addresses { src, dst });
