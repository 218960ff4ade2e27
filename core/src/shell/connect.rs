//! `agnhost connect`: tries a connection and says in a word why there is none. Looks its name up as programs in Go do.
//! Models: agnhost 2.53 connect/connect.go. Omits: SCTP.

use super::{Command, Programs};
use crate::base::{Duration, Fd, Text};
use crate::dns::stub::{Failure, Families, Resolver, ResolverStep, Rules};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall, Turn};
use std::net::{IpAddr, SocketAddr};

/// The program.
#[derive(Debug, Clone)]
pub struct Connect {
    argv: Vec<Text>,
    udp: bool,
    timeout: Duration,
    host: Text,
    port: u16,
    stage: Stage,
    status: i32,
}

#[derive(Debug, Clone)]
enum Stage {
    /// The name is looked up; `true`: once more, as dialling does it again.
    Name(Box<Resolver>, bool),
    Socket(IpAddr),
    Connect(Fd),
    Exit,
}

impl Connect {
    /// `agnhost connect [--timeout=10s] [--protocol=tcp|udp] HOST:PORT`.
    pub fn new(argv: &[Text], timeout: Duration, udp: bool) -> Connect {
        let stage = Stage::Exit;
        Connect { argv: argv.to_vec(), udp, timeout, host: "".into(), port: 0, stage, status: 0 }
    }

    fn start(&mut self, cx: &mut Cx<'_, '_>) -> Syscall {
        let to = self.argv.iter().skip(2).find(|word| !word.starts_with('-')).cloned().unwrap_or_default();
        let Some((host, port)) = to.rsplit_once(':') else {
            return self.fail(format!("DNS: address {to}: missing port in address\n"));
        };
        let Ok(port) = port.parse() else {
            return self.fail(format!("DNS: lookup tcp/{port}: unknown port\n"));
        };
        (self.host, self.port) = (host.trim_matches(['[', ']']).into(), port);
        self.look_up(cx, false)
    }

    fn look_up(&mut self, cx: &mut Cx<'_, '_>, again: bool) -> Syscall {
        let host = self.host.clone();
        let (resolver, step) = Resolver::start_by(cx, Rules::Go, &host, Families::Both);
        self.stage = Stage::Name(Box::new(resolver), again);
        self.looked_up(cx, step)
    }

    fn looked_up(&mut self, cx: &mut Cx<'_, '_>, step: ResolverStep) -> Syscall {
        let Stage::Name(resolver, again) = &self.stage else { return Syscall::Exit(1) };
        match (step, *again) {
            (ResolverStep::Call(call), _) => call,
            (ResolverStep::Done(Ok(_)), false) => self.look_up(cx, true),
            (ResolverStep::Done(Ok(found)), true) => {
                let first = found.addresses.first().copied().unwrap_or(IpAddr::from([0, 0, 0, 0]));
                self.stage = Stage::Socket(first);
                Syscall::Socket(if self.udp { Protocol::Udp } else { Protocol::Tcp })
            }
            (ResolverStep::Done(Err(failure)), _) => {
                let words = words(&self.host, failure, resolver.conversation());
                self.fail(format!("DNS: {words}\n"))
            }
        }
    }

    fn fail(&mut self, text: String) -> Syscall {
        self.status = 1;
        self.stage = Stage::Exit;
        Syscall::Write(Fd(2), text.into())
    }
}

/// How Go's `net.DNSError` reads.
fn words(host: &str, failure: Failure, (server, local): (SocketAddr, Option<SocketAddr>)) -> String {
    let why = match (failure, local) {
        (Failure::Again, Some(local)) => format!("read udp {local}->{server}: i/o timeout"),
        (Failure::Again | Failure::Fail, _) => "server misbehaving".to_string(),
        (Failure::NoName | Failure::NoData, _) => "no such host".to_string(),
    };
    format!("lookup {host} on {server}: {why}")
}

impl Command for Connect {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            return self.start(cx).into();
        }
        let call = match (&mut self.stage, reply) {
            (Stage::Name(resolver, _), reply) => {
                let step = resolver.resume(cx, reply);
                self.looked_up(cx, step)
            }
            (Stage::Socket(ip), Reply::Fd(fd)) => {
                let to = SocketAddr::new(*ip, self.port);
                self.stage = Stage::Connect(fd);
                Syscall::Connect(fd, to, Some(self.timeout))
            }
            (Stage::Connect(fd), Reply::Done) => {
                let fd = *fd;
                self.stage = Stage::Exit;
                Syscall::Close(fd)
            }
            (_, Reply::Err(Errno::Etimedout)) => self.fail("TIMEOUT\n".into()),
            (_, Reply::Err(Errno::Econnrefused)) => self.fail("REFUSED\n".into()),
            (_, Reply::Err(errno)) => {
                let words = errno.words().to_lowercase();
                let text = format!("OTHER: dial tcp {}:{}: connect: {words}\n", self.host, self.port);
                self.fail(text)
            }
            (_, _) => Syscall::Exit(self.status),
        };
        call.into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}
