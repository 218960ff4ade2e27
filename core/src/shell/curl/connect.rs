//! From a URL to a connection: the name's addresses, one after the other, until one accepts.

use super::lookup::{self, Lookup, Source, Step};
use super::options::Family;
use super::{Connection, Curl, State};
use crate::base::{Duration, Fd, order};
use crate::net::Protocol;
use crate::process::{Cx, Errno, Reply, Syscall};
use std::net::{IpAddr, SocketAddr};

impl Curl {
    pub(super) fn look_up(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(target) = self.transfer.as_ref().map(|transfer| transfer.target.clone()) else { return };
        if let Some(connection) = &mut self.connection
            && connection.host == (target.host.clone(), target.port)
        {
            connection.reused = true;
            self.verbose(format!("* Re-using existing connection with host {}", target.host));
            return self.send(cx);
        }
        if let Some(connection) = self.connection.take() {
            self.todo.push_back(Syscall::Close(connection.fd));
        }
        match lookup::known(&self.options, &target) {
            Some((ips, source)) => {
                if source == Source::Given {
                    self.verbose(format!("* Hostname {} was found in DNS cache", target.host));
                }
                self.resolved(cx, ips, source);
            }
            None => {
                let (lookup, step) = Lookup::start(cx, &target.host, self.options.family);
                self.looked(cx, lookup, step);
            }
        }
    }

    pub(super) fn looked(&mut self, cx: &mut Cx<'_, '_>, lookup: Lookup, step: Step) {
        let late = self.connect_left(cx.out.now) == Duration::ZERO;
        match step {
            _ if late => {
                let took = self.elapsed(cx.out.now).as_millis();
                self.finish(cx, 28, format!("Resolving timed out after {took} milliseconds"));
            }
            Step::Call(call) => {
                let left = self.connect_left(cx.out.now);
                self.state = State::Looking(lookup);
                self.todo.push_back(match call {
                    Syscall::ReadTimeout(fd, max, wait) => Syscall::ReadTimeout(fd, max, wait.min(left)),
                    Syscall::Next(wait) => Syscall::Next(Some(wait.map_or(left, |wait| wait.min(left)))),
                    Syscall::Sleep(wait) => Syscall::Sleep(wait.min(left)),
                    other => other,
                });
            }
            Step::Done(ips) => self.resolved(cx, ips, Source::Resolver),
        }
    }

    pub(super) fn resolved(&mut self, cx: &mut Cx<'_, '_>, ips: Vec<IpAddr>, source: Source) {
        let now = cx.out.now;
        let wanted = |ip: &IpAddr| match self.options.family {
            Some(Family::V4) => ip.is_ipv4(),
            Some(Family::V6) => ip.is_ipv6(),
            None => true,
        };
        let mut ips: Vec<IpAddr> = ips.into_iter().filter(wanted).collect();
        // As getaddrinfo sorts for a machine whose only IPv6 address is the loopback one (RFC 6724).
        order::sort_by_key(&mut ips, |ip| {
            if ip.is_ipv4() {
                1
            } else if ip.is_loopback() {
                0
            } else {
                2
            }
        });
        self.addresses = ips.into();
        let Some(transfer) = &mut self.transfer else { return };
        let (host, port) = (transfer.target.host.clone(), transfer.target.port);
        transfer.marks.looked_up = Some(now);
        if self.addresses.is_empty() {
            let message = format!("Could not resolve host: {host}");
            self.verbose(format!("* {message}"));
            self.verbose("* shutting down connection #0".to_string());
            return self.finish(cx, 6, message);
        }
        if source == Source::Resolver {
            let list = |v4: bool| {
                let ips = self.addresses.iter().filter(|ip| ip.is_ipv4() == v4);
                let ips: Vec<String> = ips.map(IpAddr::to_string).collect();
                if ips.is_empty() { "(none)".to_string() } else { ips.join(", ") }
            };
            let (v6, v4) = (list(false), list(true));
            self.verbose(format!("* Host {host}:{port} was resolved."));
            self.verbose(format!("* IPv6: {v6}"));
            self.verbose(format!("* IPv4: {v4}"));
        }
        self.try_next(cx);
    }

    /// Tries the next address.
    pub(super) fn try_next(&mut self, cx: &mut Cx<'_, '_>) {
        let port = self.transfer.as_ref().map_or(80, |transfer| transfer.target.port);
        match self.addresses.pop_front() {
            Some(ip) => {
                let to = SocketAddr::new(ip, port);
                self.verbose(format!("*   Trying {to}..."));
                self.state = State::Opening(to);
                self.todo.push_back(Syscall::Socket(Protocol::Tcp));
            }
            None => {
                let host = self.transfer.as_ref().map_or("", |transfer| &transfer.target.host);
                let took = self.elapsed(cx.out.now).as_millis();
                let message = format!(
                    "Failed to connect to {host} port {port} after {took} ms: Could not connect to server"
                );
                self.verbose(format!("* {message}"));
                self.verbose(format!("* closing connection #{}", self.opened));
                self.finish(cx, 7, message);
            }
        }
    }

    pub(super) fn connect(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr) {
        let patience = self.connect_left(cx.out.now);
        self.state = State::Connecting(fd, to);
        self.todo.push_back(Syscall::Connect(fd, to, Some(patience.min(Duration::secs(127)))));
    }

    pub(super) fn refused(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr, errno: Errno, name: Reply) {
        self.todo.push_back(Syscall::Close(fd));
        let is_late = errno == Errno::Etimedout && self.connect_left(cx.out.now) == Duration::ZERO;
        if is_late {
            let took = self.elapsed(cx.out.now).as_millis();
            let message = format!("Connection timed out after {took} milliseconds");
            self.verbose(format!("* {message}"));
            self.verbose(format!("* closing connection #{}", self.opened));
            return self.finish(cx, 28, message);
        }
        let from = match name {
            Reply::Addresses(local, _) => format!(" from {} port {}", local.ip(), local.port()),
            _ => String::new(),
        };
        let (ip, port, words) = (to.ip(), to.port(), errno.words());
        self.verbose(format!("* connect to {ip} port {port}{from} failed: {words}"));
        self.try_next(cx);
    }

    pub(super) fn connected(&mut self, cx: &mut Cx<'_, '_>, fd: Fd, to: SocketAddr, name: Reply) {
        let now = cx.out.now;
        let Some(transfer) = &mut self.transfer else { return };
        transfer.marks.connected = Some(now);
        transfer.connects += 1;
        let host = (transfer.target.host.clone(), transfer.target.port);
        let local = match name {
            Reply::Addresses(local, _) => local,
            _ => SocketAddr::new(to.ip(), 0),
        };
        self.verbose(format!("* Connected to {} ({}) port {}", host.0, to.ip(), to.port()));
        self.verbose("* using HTTP/1.x".to_string());
        let number = self.opened;
        self.opened += 1;
        self.connection = Some(Connection { fd, number, host, ends: (local, to), reused: false });
        self.send(cx);
    }
}
