//! A stranger's connection carried into the world: what it sends goes to an address here, what comes back it hears.
//! The exit status is 0 when the other side has closed, else the number of the error (111: refused, 110: timed out).

use crate::base::{Duration, Fd, Text};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Ready, Reply, Syscall, Turn};
use crate::shell::{Command, Programs};
use std::net::SocketAddr;

/// A connection, or an exchange of datagrams.
#[derive(Debug, Clone)]
pub struct Relay {
    protocol: Protocol,
    to: SocketAddr,
    state: State,
    socket: Fd,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Start,
    Opening,
    Connecting,
    /// Waits for whichever side speaks next.
    Listening,
    /// Something was passed on.
    Passing,
    /// The other side has closed: everything was passed on.
    Over,
}

/// How long an exchange of datagrams may be silent: as long as conntrack remembers an answered one.
const UDP_SILENCE: Duration = Duration::secs(120);

impl Relay {
    /// A relay to an address.
    pub fn new(protocol: Protocol, to: SocketAddr) -> Relay {
        Relay { protocol, to, state: State::Start, socket: Fd(0) }
    }

    fn next(&mut self) -> Syscall {
        self.state = State::Listening;
        Syscall::Next((self.protocol == Protocol::Udp).then_some(UDP_SILENCE))
    }

    fn heard(&mut self, fd: Fd, what: Ready) -> Syscall {
        let from_stranger = fd == Fd(0);
        self.state = State::Passing;
        match what {
            Ready::Data(bytes) if bytes.is_empty() && from_stranger => match self.protocol {
                Protocol::Tcp => Syscall::Shutdown(self.socket),
                Protocol::Udp => self.next(),
            },
            Ready::Data(bytes) if bytes.is_empty() => {
                self.state = State::Over;
                Syscall::Exit(0)
            }
            Ready::Data(bytes) if from_stranger => Syscall::Write(self.socket, bytes),
            Ready::Data(bytes) | Ready::Datagram(_, bytes) => Syscall::Write(Fd(1), bytes),
            Ready::Reset if self.protocol == Protocol::Udp => Syscall::Exit(Errno::Econnrefused.number()),
            Ready::Reset => Syscall::Exit(Errno::Econnreset.number()),
            Ready::Accepted(..) | Ready::Watch(_) => self.next(),
        }
    }
}

impl Command for Relay {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let call = match (self.state, reply) {
            (_, Reply::Err(errno)) => Syscall::Exit(errno.number()),
            (State::Start, _) => {
                self.state = State::Opening;
                Syscall::Socket(self.protocol)
            }
            (State::Opening, Reply::Fd(fd)) => {
                self.socket = fd;
                self.state = State::Connecting;
                Syscall::Connect(fd, self.to, None)
            }
            (State::Listening, Reply::Ready(fd, what)) => self.heard(fd, what),
            (State::Over, _) => Syscall::Exit(0),
            (State::Opening | State::Connecting | State::Listening | State::Passing, _) => self.next(),
        };
        call.into()
    }

    fn command(&self) -> Text {
        let how = if self.protocol == Protocol::Udp { "a datagram" } else { "a connection" };
        format!("{how} to {}", self.to).into()
    }

    fn makes_requests(&self) -> bool {
        true
    }

    fn catches(&self, signal: crate::process::Signal) -> bool {
        signal == crate::process::Signal::Pipe
    }
}
