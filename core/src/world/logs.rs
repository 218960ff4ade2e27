//! Logs that somebody follows: what a container writes travels on to who reads along. Knows no request.

use crate::base::FlatMap;
use crate::base::{Fd, Instant, Pid};
use crate::effect::{Client, ContainerId, Out, Wake};
use crate::process::Kernel;
use crate::shell::Programs;
use bytes::Bytes;

/// All logs that are followed.
#[derive(Debug, Clone, Default)]
pub(super) struct FollowedLogs(FlatMap<(Pid, Fd), Followed>);

#[derive(Debug, Clone)]
struct Followed {
    container: ContainerId,
    /// How much of the log has been sent.
    sent: u64,
    /// When what is on the way arrives.
    due: Option<Instant>,
}

impl FollowedLogs {
    pub(super) fn add(&mut self, pid: Pid, fd: Fd, container: ContainerId, kernel: &Kernel<Programs>) {
        let sent = kernel.log_end(&container);
        self.0.insert((pid, fd), Followed { container, sent, due: None });
    }

    pub(super) fn remove(&mut self, pid: Pid, fd: Fd) {
        self.0.remove(&(pid, fd));
    }

    pub(super) fn has(&self, pid: Pid, fd: Fd) -> bool {
        self.0.contains_key(&(pid, fd))
    }

    /// Sends news on their way: what was written since, or that the container has ended.
    pub(super) fn look(&mut self, kernel: &Kernel<Programs>, out: &mut Out<'_>) {
        for ((pid, fd), followed) in self.0.iter_mut() {
            let has_news = kernel.log_end(&followed.container) > followed.sent;
            let has_ended = kernel.container_process(&followed.container).is_none();
            if followed.due.is_none() && (has_news || has_ended) {
                let due = out.now + out.timing.api;
                followed.due = Some(due);
                out.at(due, Wake::Watch(Client::Process(*pid, *fd)));
            }
        }
    }

    /// News arrive.
    pub(super) fn deliver(&mut self, pid: Pid, fd: Fd, kernel: &mut Kernel<Programs>, out: &mut Out<'_>) {
        let Some(followed) = self.0.get_mut(&(pid, fd)) else { return };
        followed.due = None;
        let chunks = kernel.log_from(&followed.container, followed.sent);
        let bytes: Vec<u8> = chunks.flat_map(|chunk| chunk.iter().copied()).collect();
        followed.sent = kernel.log_end(&followed.container);
        let has_ended = kernel.container_process(&followed.container).is_none();
        if has_ended {
            self.remove(pid, fd);
        }
        kernel.stream(pid, fd, Bytes::from(bytes), has_ended, out);
    }
}
