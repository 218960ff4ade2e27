//! The end of a process: its descriptors are released, its parent and its kubelet are told.

use super::descriptor::Descriptor;
use super::kernel::ExitNotice;
use super::kernel::{Kernel, Request};
use super::program::{Program, Root};
use super::syscall::Signal;
use crate::base::{Duration, Fd, Pid};
use crate::effect::{ContainerId, Out};

impl<P: Program> Kernel<P> {
    /// Ends a process. When it is a container's first, everything in the container ends with it.
    pub(super) fn exit(&mut self, pid: Pid, status: i32, out: &mut Out<'_>) {
        let Some(process) = self.processes.remove(&pid) else { return };
        for (fd, descriptor) in &process.fds {
            self.release(pid, *fd, descriptor, out);
        }
        self.orphan(pid);
        let terminal = process.terminal.and_then(|id| self.terminal_mut(id));
        if let Some(terminal) = terminal.filter(|t| t.editing.as_ref().is_some_and(|e| e.process == pid)) {
            terminal.editing = None;
        }
        self.stranger_process_ended(pid, status);
        if let Some(parent) = process.parent
            && let Some(waiting) = self.process(parent)
        {
            waiting.zombies.insert(pid, status);
            self.poke(parent, out);
        }
        if let Some(notice) = process.notice.clone() {
            let whole = match &notice {
                ExitNotice::Container(_, container) => Some(container.clone()),
                ExitNotice::Probe(..) | ExitNotice::Check(..) => None,
            };
            out.after(Duration::ZERO, Self::notice_wake(notice, status, &process.captured));
            if let Some(container) = whole {
                self.kill_container(&container, out);
            }
        }
        if let Some(id) = process.terminal
            && self.terminal(id).is_some_and(|terminal| terminal.shell == pid)
            && let Some(terminal) = self.terminal_mut(id)
        {
            terminal.closed = true;
        }
    }

    fn orphan(&mut self, parent: Pid) {
        let children: Vec<Pid> =
            self.iter().filter(|(_, p)| p.parent == Some(parent)).map(|(pid, _)| pid).collect();
        for child in children {
            if let Some(process) = self.process(child) {
                process.parent = None;
            }
        }
    }

    fn kill_container(&mut self, container: &ContainerId, out: &mut Out<'_>) {
        let inside = self.iter().filter(|(_, p)| p.container.as_ref() == Some(container)).map(|(pid, _)| pid);
        let inside: Vec<Pid> = inside.collect();
        inside.into_iter().for_each(|pid| self.signal(pid, Signal::Kill, out));
    }

    /// A sandbox goes: its processes end without telling anyone but their kubelet, its files are gone.
    pub fn remove_root(&mut self, root: &Root, out: &mut Out<'_>) {
        let inside: Vec<Pid> = self.iter().filter(|(_, p)| p.root == *root).map(|(pid, _)| pid).collect();
        inside.into_iter().for_each(|pid| self.signal(pid, Signal::Kill, out));
        self.files.remove(root);
    }

    /// One more descriptor goes to what this one goes to.
    pub(super) fn hold(&mut self, descriptor: &Descriptor) {
        match descriptor {
            Descriptor::PipeRead(id) => {
                if let Some(pipe) = self.pipes.get_mut(id) {
                    pipe.readers += 1;
                }
            }
            Descriptor::PipeWrite(id) => {
                if let Some(pipe) = self.pipes.get_mut(id) {
                    pipe.writers += 1;
                }
            }
            Descriptor::Socket(id) => {
                if let Some(socket) = self.sockets.get_mut(*id) {
                    socket.refs += 1;
                }
            }
            Descriptor::Null
            | Descriptor::Captured
            | Descriptor::Terminal(..)
            | Descriptor::FileRead(_)
            | Descriptor::FileWrite(..)
            | Descriptor::Api(..)
            | Descriptor::Watch(_)
            | Descriptor::Log(..)
            | Descriptor::Stranger(..) => {}
        }
    }

    /// A descriptor is closed.
    pub(super) fn release(&mut self, pid: Pid, fd: Fd, descriptor: &Descriptor, out: &mut Out<'_>) {
        match descriptor {
            Descriptor::PipeRead(id) | Descriptor::PipeWrite(id) => {
                let reads = matches!(descriptor, Descriptor::PipeRead(_));
                let Some(pipe) = self.pipes.get_mut(id) else { return };
                let side = if reads { &mut pipe.readers } else { &mut pipe.writers };
                *side = side.saturating_sub(1);
                let waiters = std::mem::take(&mut pipe.waiters);
                if pipe.readers == 0 && pipe.writers == 0 {
                    self.pipes.remove(id);
                }
                waiters.into_iter().for_each(|waiter| self.poke(waiter, out));
            }
            Descriptor::Socket(id) => {
                let Some(socket) = self.sockets.get_mut(*id) else { return };
                socket.refs = socket.refs.saturating_sub(1);
                if socket.refs == 0 {
                    self.close_socket(*id, out);
                }
            }
            Descriptor::Api(..) | Descriptor::Watch(_) => self.requests.push(Request::Unsubscribe(pid, fd)),
            Descriptor::Null
            | Descriptor::Captured
            | Descriptor::Terminal(..)
            | Descriptor::FileRead(_)
            | Descriptor::FileWrite(..)
            | Descriptor::Log(..)
            | Descriptor::Stranger(..) => {}
        }
    }
}
