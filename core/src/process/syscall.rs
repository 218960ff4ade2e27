//! The closed enum of system calls and of their replies. A call blocks its process until the reply is there.
//! Names and error words are Linux's. Omits: partial writes, file positions, and everything else that no program needs.

use crate::api::{Kind, WatchEvent};
use crate::base::{Duration, Fd, HostId, Pid, Text};
use crate::net::Family;
use crate::net::Protocol;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What a program asks of the kernel.
#[derive(Debug, Clone)]
pub enum Syscall {
    /// Bytes from a pipe, file, terminal, or TCP socket; at most so many. Reply: `Data`, empty at the end.
    /// From a connected UDP socket: one datagram.
    Read(Fd, u32),
    /// As `Read`, but gives up after a time with `ETIMEDOUT`.
    ReadTimeout(Fd, u32, Duration),
    /// Bytes to a pipe, file, terminal or connected socket. Reply: `Done`, or `EPIPE` when no one reads any more.
    Write(Fd, Bytes),
    /// Bytes through the next newline, or what there is before the end; takes no byte after it. Reply: `Data`, empty at
    /// the end.
    ReadLine(Fd),
    /// Closes a descriptor. Reply: `Done`.
    Close(Fd),
    /// Ends the sending side of a connected TCP socket (`SHUT_WR`): the peer reads to the end. Reply: `Done`.
    Shutdown(Fd),
    /// Makes a pipe. Reply: `Pair(read, write)`.
    Pipe,
    /// Opens a file of this namespace. Reply: `Fd`, or `ENOENT`.
    Open(Text, OpenMode),
    /// Removes a file of this namespace. Reply: `Done`, or `ENOENT`.
    Unlink(Text),
    /// Waits. Reply: `Done`.
    Sleep(Duration),
    /// Waits for a child: this one, or any. Reply: `Exited`, or `ECHILD`.
    Wait(Option<Pid>),
    /// Takes the end of a child that has already ended, without waiting. Reply: `Exited`, or `ECHILD`.
    Reap,
    /// The processes of this namespace, oldest first. Reply: `Processes`.
    Processes,
    /// Sends a signal. Reply: `Done`, or `ESRCH`.
    Kill(Pid, Signal),
    /// Ends the process. No reply.
    Exit(i32),
    /// Makes a socket. Reply: `Fd`.
    Socket(Protocol),
    /// Gives a socket a local port; TCP sockets listen from then on. Reply: `Done`, or `EADDRINUSE`.
    Listen(Fd, u16),
    /// The same at one of the namespace's addresses. Reply: `Done`, `EADDRINUSE`, or `EADDRNOTAVAIL` where it has no such one.
    ListenAt(Fd, SocketAddr),
    /// Takes the next connection of a listening socket. Reply: `Accepted`.
    Accept(Fd),
    /// Connects. TCP: sends SYN again after 1, 3, 7 s ..., until `timeout` (or 127 s, as Linux does by default).
    /// UDP: sets the peer. Reply: `Done`, `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`.
    Connect(Fd, SocketAddr, Option<Duration>),
    /// A datagram to an address, from an unconnected UDP socket. Reply: `Done`.
    SendTo(Fd, SocketAddr, Bytes),
    /// The next thing that happens on any open descriptor but 0, 1 and 2: for servers. Reply: `Ready`, or `ETIMEDOUT`.
    Next(Option<Duration>),
    /// The local and the peer address of a connected or bound socket. Reply: `Addresses`.
    SocketName(Fd),
    /// An HTTP request to the API server, with the process's credentials. Reply: `Http`; for watches, its descriptor
    /// yields the stream through `Read`.
    Api(Arc<http::Request<Bytes>>),
    /// Lists and watches kinds, typed (informers). Reply: `Fd`; the news come through [`Syscall::Next`].
    Watch(Vec<&'static Kind>),
    /// The namespace of a node, for a login over there. Reply: `Host`, or `ENOENT`.
    NodeHost(Text),
    /// What the network stack of this namespace's node holds, as text. Reply: `Data`; `EPERM` where the namespace is no
    /// node's own, `ENOENT` when the node has no such thing.
    Netlink(Netlink),
    /// Offers a file, by its absolute path, to whoever is at the terminal, until they leave it. Reply: `Done`, or `ENOTTY`
    /// where there is no terminal or another program has it.
    Edit(Text),
    /// The descriptors that the terminal or container gave the process are read to the end: everything. Reply: `Data`.
    ReadAll(Fd),
}

/// What a program may ask of a node's network stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Netlink {
    /// The tables of iptables, as `iptables-save` and `ip6tables-save` print them.
    Iptables(Family),
    /// The sets of addresses, as `ipset save` prints them.
    Ipsets,
    /// kube-proxy's tables of nftables, as `nft list ruleset` prints them.
    Nftables,
    /// The virtual servers of IPVS, as `ipvsadm -Ln` prints them.
    Ipvs,
    /// The connections of IPVS, as `ipvsadm -Lnc` prints them.
    IpvsConnections,
    /// The connection table, as `conntrack -L` prints it.
    Conntrack,
    /// What went wrong with the connection table, as `conntrack -S` prints it.
    ConntrackStatistics,
    /// Gives the node a further address on a dummy interface: what its pods send there stays on the node, untracked.
    AddAddress(IpAddr),
    /// Takes such an address away.
    RemoveAddress(IpAddr),
}

/// What the kernel answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The program's first turn.
    Start,
    /// The call is done.
    Done,
    /// Bytes; empty at the end.
    Data(Bytes),
    /// A new descriptor.
    Fd(Fd),
    /// A pipe's two ends: read, write.
    Pair(Fd, Fd),
    /// A new connection and its peer.
    Accepted(Fd, SocketAddr),
    /// Something happened on a descriptor.
    Ready(Fd, Ready),
    /// A child was made.
    Spawned(Pid),
    /// A child ended, with its exit status.
    Exited(Pid, i32),
    /// Processes: their number, their parent's, and their command line.
    Processes(Vec<(Pid, Option<Pid>, Text)>),
    /// Local and peer address.
    Addresses(SocketAddr, Option<SocketAddr>),
    /// The API server's answer, and for watches the descriptor of the stream.
    Http(Arc<http::Response<Bytes>>, Option<Fd>),
    /// A namespace.
    Host(HostId),
    /// A signal that the program catches interrupted the call.
    Interrupted(Signal),
    /// The call failed.
    Err(Errno),
}

/// What happened on a descriptor.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A listening TCP socket has a new connection: its descriptor and its peer.
    Accepted(Fd, SocketAddr),
    /// Bytes of a stream; empty when the peer is done.
    Data(Bytes),
    /// A datagram and its sender.
    Datagram(SocketAddr, Bytes),
    /// News of a watch.
    Watch(Vec<WatchEvent>),
    /// The connection is gone.
    Reset,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// `<`
    Read,
    /// `>`
    Truncate,
    /// `>>`
    Append,
}

/// The signals that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Int,
    /// Please stop.
    Term,
    /// Stop.
    Kill,
    /// A write to a pipe that no one reads.
    Pipe,
}

impl Signal {
    /// The signal's number on Linux; a process that dies of it has exit status 128 plus this.
    pub fn number(self) -> i32 {
        match self {
            Signal::Int => 2,
            Signal::Kill => 9,
            Signal::Pipe => 13,
            Signal::Term => 15,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// No such file or directory.
    Enoent,
    /// Bad file descriptor.
    Ebadf,
    /// No child processes.
    Echild,
    /// No such process.
    Esrch,
    /// Address already in use.
    Eaddrinuse,
    /// Cannot assign requested address.
    Eaddrnotavail,
    /// Connection refused.
    Econnrefused,
    /// Connection reset by peer.
    Econnreset,
    /// Connection timed out.
    Etimedout,
    /// No route to host.
    Ehostunreach,
    /// Broken pipe.
    Epipe,
    /// Invalid argument.
    Einval,
    /// Too many open files.
    Emfile,
    /// Resource temporarily unavailable: too many processes.
    Eagain,
    /// Operation not permitted.
    Eperm,
    /// Inappropriate ioctl for device: nobody is at a terminal.
    Enotty,
}

impl Errno {
    /// Linux's number.
    pub fn number(self) -> i32 {
        match self {
            Errno::Eperm => 1,
            Errno::Enoent => 2,
            Errno::Esrch => 3,
            Errno::Ebadf => 9,
            Errno::Echild => 10,
            Errno::Eagain => 11,
            Errno::Einval => 22,
            Errno::Emfile => 24,
            Errno::Enotty => 25,
            Errno::Epipe => 32,
            Errno::Eaddrinuse => 98,
            Errno::Eaddrnotavail => 99,
            Errno::Econnreset => 104,
            Errno::Etimedout => 110,
            Errno::Econnrefused => 111,
            Errno::Ehostunreach => 113,
        }
    }

    /// glibc's `strerror`.
    pub fn words(self) -> &'static str {
        match self {
            Errno::Eperm => "Operation not permitted",
            Errno::Enoent => "No such file or directory",
            Errno::Esrch => "No such process",
            Errno::Ebadf => "Bad file descriptor",
            Errno::Echild => "No child processes",
            Errno::Einval => "Invalid argument",
            Errno::Emfile => "Too many open files",
            Errno::Enotty => "Inappropriate ioctl for device",
            Errno::Eagain => "Resource temporarily unavailable",
            Errno::Epipe => "Broken pipe",
            Errno::Eaddrinuse => "Address already in use",
            Errno::Eaddrnotavail => "Cannot assign requested address",
            Errno::Econnreset => "Connection reset by peer",
            Errno::Etimedout => "Connection timed out",
            Errno::Econnrefused => "Connection refused",
            Errno::Ehostunreach => "No route to host",
        }
    }
}
