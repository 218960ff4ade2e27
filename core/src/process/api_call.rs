//! A process's exchanges with the API server: requests, answers, and the streams of watches.

use super::descriptor::{Came, Descriptor};
use super::kernel::{Blocked, Kernel};
use super::program::Program;
use super::syscall::{Errno, Reply};
use super::tcp::place;
use crate::api::WatchEvent;
use crate::base::{Fd, Pid};
use crate::effect::{Out, Wake};
use crate::net::Topology;
use crate::trace::{Cargo, Fact, Hop, Place};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

impl<P: Program> Kernel<P> {
    pub(super) fn api(
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

    /// The network stack's answer reaches a process.
    pub fn netlink_answer(&mut self, pid: Pid, answer: Result<String, Errno>, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        let what = answer.map_or_else(Reply::Err, |text| Reply::Data(text.into()));
        process.pending = Some(Came { what, cause: process.cause });
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

    pub(super) fn ready_fd(&mut self, pid: Pid, fd: Fd, out: &mut Out<'_>) {
        if let Some(process) = self.process(pid)
            && !process.ready.contains(&fd)
        {
            process.ready.push_back(fd);
        }
        self.poke(pid, out);
    }
}
