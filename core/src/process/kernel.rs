//! The process table and the turn of a process: resume it with a reply, perform the call that it makes, until it blocks.
//! Knows no program and no rules; packets leave through the sink and arrive through `arrive`.

use super::descriptor::{Came, Descriptor, Pipe, PipeId};
use super::program::{Cx, Environment, Files, Inside, Program, Root, Spawn, Stdio, Turn, Userland};
use super::socket::Sockets;
use super::stranger::{Outbox, Stranger};
use super::syscall::{Errno, Netlink, Reply, Signal, Syscall};
use super::terminal::Terminal;
use crate::api::Kind;
use crate::base::{
    Duration, Fd, FlatMap, HostId, Instant, NodeId, ObjectRef, Pid, SockId, StrangerId, TerminalId, Text,
};
use crate::effect::{BalancerWake, ContainerId, KubeletWake, Out, ProbeKind, Wake};
use crate::net::Topology;
use crate::trace::{Cause, Origin, Place};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// All processes, and what their descriptors go to.
#[derive(Debug, Clone)]
pub struct Kernel<P> {
    pub(super) processes: FlatMap<Pid, Arc<Process<P>>>,
    pub(super) sockets: Sockets,
    pub(super) pipes: FlatMap<PipeId, Pipe>,
    pub(super) files: FlatMap<Root, Files>,
    pub(super) terminals: FlatMap<TerminalId, Arc<Terminal>>,
    pub(super) logs: FlatMap<ContainerId, Arc<Log>>,
    /// What the images of containers brought, where it is not the usual.
    userlands: FlatMap<ContainerId, Userland>,
    pub(super) strangers: FlatMap<StrangerId, Stranger>,
    pub(super) outbox: Outbox,
    pub(super) requests: Vec<Request>,
    next_pid: u64,
    pub(super) next_pipe: u64,
}

impl<P> Default for Kernel<P> {
    fn default() -> Self {
        Kernel {
            processes: FlatMap::new(),
            sockets: Sockets::default(),
            pipes: FlatMap::new(),
            files: FlatMap::new(),
            terminals: FlatMap::new(),
            logs: FlatMap::new(),
            userlands: FlatMap::new(),
            strangers: FlatMap::new(),
            outbox: Outbox::default(),
            requests: Vec::new(),
            next_pid: 0,
            next_pipe: 0,
        }
    }
}

/// What a container has written.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) chunks: VecDeque<Bytes>,
    /// How many chunks were written before the first that is kept.
    pub(super) dropped: u64,
    /// How many were written before the container's present run began, and before the run before it.
    began: u64,
    before: u64,
}

/// What the kernel asks of the world after a turn.
#[derive(Debug, Clone)]
pub enum Request {
    /// A process opened a typed watch.
    Subscribe(Pid, Fd, Vec<&'static Kind>),
    /// A process closed a typed watch, or a stream of the API server.
    Unsubscribe(Pid, Fd),
    /// A process asks what the network stack of its node holds.
    Netlink(Pid, Netlink),
}

/// A process.
#[derive(Debug, Clone)]
pub struct Process<P> {
    /// What it runs.
    pub program: P,
    /// The process that waits for it; `None` for a container's first process and a terminal's shell.
    pub parent: Option<Pid>,
    /// Where it runs.
    pub host: HostId,
    /// Whose files it sees.
    pub(super) root: Root,
    /// The terminal that Ctrl-C comes from, if it is in its foreground.
    pub terminal: Option<TerminalId>,
    /// The container to which it belongs.
    pub container: Option<ContainerId>,
    pub(super) environment: Environment,
    pub(super) fds: FlatMap<Fd, Descriptor>,
    pub(super) blocked: Blocked,
    pub(super) wait: u64,
    pub(super) woken: bool,
    /// Descriptors on which something happened, for `Next`.
    pub(super) ready: VecDeque<Fd>,
    pub(super) pending: Option<Came<Reply>>,
    /// A caught signal that it has not been told of yet.
    pub(super) interrupted: Option<Came<Signal>>,
    /// When its present wait times out.
    pub(super) deadline: Option<Instant>,
    pub(super) zombies: FlatMap<Pid, i32>,
    pub(super) children: u32,
    pub(super) cause: Cause,
    /// Whether `cause.journey` is its own, and not that of whoever talks to it.
    pub(super) own_journey: bool,
    pub(super) notice: Option<ExitNotice>,
    /// What it wrote to [`Descriptor::Captured`].
    pub(super) captured: Vec<u8>,
}

impl<P> Process<P> {
    /// Whether it is process 1 of its container. Linux never kills that one by a signal's default action: unless it
    /// handles SIGTERM, only SIGKILL ends it.
    fn is_init(&self) -> bool {
        matches!(self.notice, Some(ExitNotice::Container(..)))
    }
}

impl<P> Process<P> {
    /// Its environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether it waits for input.
    pub fn waits_for_input(&self) -> bool {
        matches!(
            self.blocked,
            Blocked::Read(Fd(0), _) | Blocked::ReadLine(Fd(0)) | Blocked::ReadAll(Fd(0), _)
        )
    }
}

/// Whom to tell when a process ends.
#[derive(Debug, Clone)]
pub enum ExitNotice {
    /// A node's kubelet: it was a container.
    Container(NodeId, ContainerId),
    /// A node's kubelet: it was a probe of a container.
    Probe(NodeId, ContainerId, ProbeKind),
    /// A Service's load balancer: it was a check of a node.
    Check(ObjectRef, Text),
}

/// What a process waits for.
#[derive(Debug, Clone)]
pub(super) enum Blocked {
    /// Its first turn, or the reply in `pending`.
    Runnable,
    /// Bytes of a descriptor.
    Read(Fd, u32),
    /// A line of a descriptor.
    ReadLine(Fd),
    /// All bytes of a descriptor until its end.
    ReadAll(Fd, Vec<u8>),
    /// Room in a pipe.
    Write(Fd, Bytes),
    /// A connection.
    Accept(Fd),
    /// An answer to SYN.
    Connect(Fd),
    /// Time.
    Sleep,
    /// The end of a child.
    Wait(Option<Pid>),
    /// Anything on any descriptor.
    Next,
    /// The API server's answer.
    Api,
    /// Whoever is at the terminal, to leave the file that they edit.
    Edit,
}

/// A process to be started by the world.
#[derive(Debug, Clone)]
pub struct NewProcess<P> {
    /// What it runs.
    pub program: P,
    /// Where.
    pub host: HostId,
    /// Its environment.
    pub environment: Environment,
    /// Its descriptors 0, 1 and 2.
    pub stdio: [Descriptor; 3],
    /// Its terminal.
    pub terminal: Option<TerminalId>,
    /// Its container.
    pub container: Option<ContainerId>,
    /// Whom to tell when it ends.
    pub notice: Option<ExitNotice>,
}

/// System calls that a process may make in one step before it yields.
const CALLS_PER_TURN: u32 = 128;
/// Processes that one namespace may have.
const MAX_PROCESSES: usize = 2_000;
/// What fork and exec take.
const SPAWN_TIME: Duration = Duration::micros(400);
/// What a yield takes, so that a loop that never waits moves time on.
pub(super) const YIELD_TIME: Duration = Duration::micros(20);

impl<P: Program> Kernel<P> {
    /// Starts a process; its first turn comes after the time that fork and exec take.
    pub fn start(&mut self, new: NewProcess<P>, out: &mut Out<'_>) -> Pid {
        let cause = out.cause();
        self.insert(new, None, cause, out)
    }

    fn insert(&mut self, new: NewProcess<P>, parent: Option<Pid>, cause: Cause, out: &mut Out<'_>) -> Pid {
        self.next_pid += 1;
        let pid = Pid(self.next_pid);
        new.stdio.iter().for_each(|descriptor| self.hold(descriptor));
        let fds = (0..).map(Fd).zip(new.stdio).collect();
        let process = Process {
            program: new.program,
            parent,
            host: new.host,
            root: self.root_of(new.host, new.container.as_ref()),
            terminal: new.terminal,
            container: new.container,
            environment: new.environment,
            fds,
            blocked: Blocked::Runnable,
            wait: 0,
            woken: true,
            ready: VecDeque::new(),
            pending: Some(Came { what: Reply::Start, cause }),
            interrupted: None,
            deadline: None,
            zombies: FlatMap::new(),
            children: 0,
            cause,
            own_journey: false,
            notice: new.notice,
            captured: Vec::new(),
        };
        self.processes.insert(pid, Arc::new(process));
        out.after(SPAWN_TIME, Wake::Resume(pid, 0));
        pid
    }

    /// A process.
    pub fn get(&self, pid: Pid) -> Option<&Process<P>> {
        self.processes.get(&pid).map(|process| &**process)
    }

    /// All processes, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Pid, &Process<P>)> {
        self.processes.iter().map(|(pid, process)| (*pid, &**process))
    }

    pub(super) fn process(&mut self, pid: Pid) -> Option<&mut Process<P>> {
        self.processes.get_mut(&pid).map(Arc::make_mut)
    }

    /// Somebody's files, to be changed.
    pub fn files_mut(&mut self, root: impl Into<Root>) -> &mut Files {
        self.files.entry(root.into()).or_default()
    }

    /// Somebody's files.
    pub fn files(&self, root: &Root) -> Option<&Files> {
        self.files.get(root)
    }

    /// A terminal.
    pub fn terminal(&self, id: TerminalId) -> Option<&Terminal> {
        self.terminals.get(&id).map(|terminal| &**terminal)
    }

    /// A terminal, to be changed.
    pub fn terminal_mut(&mut self, id: TerminalId) -> Option<&mut Terminal> {
        self.terminals.get_mut(&id).map(Arc::make_mut)
    }

    /// Puts a terminal there.
    pub fn add_terminal(&mut self, id: TerminalId, terminal: Terminal) {
        self.terminals.insert(id, Arc::new(terminal));
    }

    /// Takes a terminal away.
    pub fn remove_terminal(&mut self, id: TerminalId) {
        self.terminals.remove(&id);
    }

    /// What a container wrote in its present run, or in the one before, oldest first.
    pub fn log(&self, container: &ContainerId, previous: bool) -> impl Iterator<Item = &Bytes> {
        let log = self.logs.get(container);
        let (from, to) =
            log.map_or((0, 0), |log| if previous { (log.before, log.began) } else { (log.began, u64::MAX) });
        let first = log.map_or(0, |log| log.dropped);
        let chunks = log.into_iter().flat_map(|log| log.chunks.iter());
        chunks.zip(first..).filter(move |(_, n)| (from..to).contains(n)).map(|(chunk, _)| chunk)
    }

    /// A container runs anew: what it writes from now on is apart from what it wrote before.
    pub fn begin_log(&mut self, container: &ContainerId) {
        let end = self.log_end(container);
        if let Some(log) = self.logs.get_mut(container).map(Arc::make_mut) {
            (log.before, log.began) = (log.began, end);
        }
    }

    /// How much was ever written to a container's log, in pieces.
    pub fn log_end(&self, container: &ContainerId) -> u64 {
        self.logs.get(container).map_or(0, |log| log.dropped + log.chunks.len() as u64)
    }

    /// What a container wrote from its `start`th piece on.
    pub fn log_from(&self, container: &ContainerId, start: u64) -> impl Iterator<Item = &Bytes> {
        let log = self.logs.get(container);
        let skip = log.map_or(0, |log| start.saturating_sub(log.dropped));
        log.into_iter()
            .flat_map(move |log| log.chunks.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)))
    }

    /// What the kernel asked of the world since it was last drained.
    pub fn drain_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// Lets a process go on if what it waits for is there: called for [`Wake::Resume`].
    pub fn resume(&mut self, pid: Pid, wait: u64, topology: &Topology, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        if process.wait != wait {
            return;
        }
        process.woken = false;
        match self.unblock(pid, out) {
            Some(came) => self.turn(pid, came, topology, out),
            None => self.timed_out(pid, topology, out),
        }
    }

    /// A wake came and nothing is there: it was the wait's own timer, if its time is over.
    fn timed_out(&mut self, pid: Pid, topology: &Topology, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        if process.deadline.is_none_or(|deadline| out.now < deadline) {
            return;
        }
        let reply = match process.blocked {
            Blocked::Sleep => Reply::Done,
            _ => Reply::Err(Errno::Etimedout),
        };
        let cause = process.cause;
        self.turn(pid, Came { what: reply, cause }, topology, out);
    }

    fn turn(&mut self, pid: Pid, came: Came<Reply>, topology: &Topology, out: &mut Out<'_>) {
        let mut reply = came.what;
        if let Some(process) = self.process(pid) {
            process.blocked = Blocked::Runnable;
            process.deadline = None;
            process.wait += 1;
            process.cause.event = came.cause.event;
            if !process.own_journey {
                process.cause.journey = came.cause.journey;
            }
        }
        for _ in 0..CALLS_PER_TURN {
            let Some(turn) = self.step(pid, reply, topology, out) else { return };
            reply = match turn {
                Turn::Spawn(spawn) => self.spawn(pid, *spawn, out),
                Turn::Call(call) => match self.call(pid, call, topology, out) {
                    Some(reply) => reply,
                    None => return,
                },
            };
        }
        self.defer(pid, reply, YIELD_TIME, out);
    }

    /// One turn of the program itself.
    fn step(&mut self, pid: Pid, reply: Reply, topology: &Topology, out: &mut Out<'_>) -> Option<Turn<P>> {
        let process = self.processes.get_mut(&pid).map(Arc::make_mut)?;
        out.set_cause(process.cause);
        if matches!(reply, Reply::Start) && process.program.makes_requests() {
            let place = topology.get(process.host).map_or(Place::World, |host| host.place.clone());
            process.cause.journey = Some(out.open(Origin::Request(process.program.command(), place)));
            process.own_journey = true;
        }
        let none = Files::default();
        let files = self.files.get(&process.root).unwrap_or(&none);
        let environment = process.environment.clone();
        let container = process.container.as_ref();
        let userland = container.and_then(|id| self.userlands.get(id)).copied().unwrap_or_default();
        let mut cx =
            Cx { pid, host: process.host, topology, environment: &environment, files, userland, out };
        let turn = process.program.resume(&mut cx, reply);
        process.cause = out.cause();
        Some(turn)
    }

    /// Keeps a reply for a process and lets it go on after a time.
    pub(super) fn defer(&mut self, pid: Pid, reply: Reply, wait: Duration, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        process.pending = Some(Came { what: reply, cause: process.cause });
        process.woken = true;
        let number = process.wait;
        out.after(wait, Wake::Resume(pid, number));
    }

    /// Blocks a process in a call, with a time after which the call gives up.
    pub(super) fn block(&mut self, pid: Pid, on: Blocked, timeout: Option<Duration>, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        process.blocked = on;
        process.deadline = timeout.map(|timeout| out.now + timeout);
        let number = process.wait;
        if process.interrupted.is_some() {
            self.poke(pid, out);
        }
        if let Some(timeout) = timeout {
            out.after(timeout, Wake::Resume(pid, number));
        }
    }

    /// Something happened that a process may wait for: it will look.
    pub(super) fn poke(&mut self, pid: Pid, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        if !process.woken {
            process.woken = true;
            let number = process.wait;
            out.after(Duration::ZERO, Wake::Resume(pid, number));
        }
    }

    fn spawn(&mut self, pid: Pid, spawn: Spawn<P>, out: &mut Out<'_>) -> Reply {
        let Some(parent) = self.get(pid) else { return Reply::Err(Errno::Esrch) };
        let (host, container, inherited) = match &spawn.inside {
            None => (parent.host, parent.container.clone(), &parent.environment),
            Some(Inside::Host(host)) => (*host, None, &parent.environment),
            // In a container it is the container's environment that counts.
            Some(Inside::Container(id)) => match self.container_process(id) {
                Some((_, first)) => (first.host, Some(id.clone()), &first.environment),
                None => return Reply::Err(Errno::Esrch),
            },
        };
        if self.iter().filter(|(_, p)| p.host == host).count() >= MAX_PROCESSES {
            return Reply::Err(Errno::Eagain);
        }
        let of_parent = |stdio: &Stdio| match stdio {
            Stdio::From(fd) => parent.fds.get(fd).cloned().unwrap_or(Descriptor::Null),
            Stdio::Null => Descriptor::Null,
        };
        let new = NewProcess {
            stdio: [of_parent(&spawn.stdio[0]), of_parent(&spawn.stdio[1]), of_parent(&spawn.stdio[2])],
            host,
            environment: spawn.environment.unwrap_or_else(|| inherited.clone()),
            terminal: if spawn.background { None } else { parent.terminal },
            container,
            notice: None,
            program: spawn.program,
        };
        let cause = parent.cause;
        out.set_cause(cause);
        let socket = match &new.stdio[0] {
            Descriptor::Socket(id) => Some(*id),
            _ => None,
        };
        let child = self.insert(new, Some(pid), cause, out);
        if let Some(id) = socket {
            self.hand_over(id, child);
        }
        if let Some(parent) = self.process(pid) {
            parent.children += 1;
        }
        Reply::Spawned(child)
    }

    /// A connection becomes a child's standard input: from now on that is told of what comes.
    fn hand_over(&mut self, id: SockId, child: Pid) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.owner = Some((child, Fd(0)));
        if let Some(process) = self.process(child) {
            process.ready.push_back(Fd(0));
        }
    }

    /// Says what the image of a container brings.
    pub fn set_userland(&mut self, container: &ContainerId, userland: Userland) {
        if userland == Userland::default() {
            self.userlands.remove(container);
        } else {
            self.userlands.insert(container.clone(), userland);
        }
    }

    /// Forgets what the images of a pod brought.
    pub fn forget_userlands(&mut self, pod: &str) {
        self.userlands.retain(|container, _| &*container.pod != pod);
    }

    /// Whose files a process of a container sees: its pod's own, where there are such.
    fn root_of(&self, host: HostId, container: Option<&ContainerId>) -> Root {
        let own = container.map(|id| Root { host, pod: Some(id.pod.clone()) });
        own.filter(|root| self.files.contains_key(root)).unwrap_or(host.into())
    }

    /// The first process of a container, if it runs.
    pub fn container_process(&self, container: &ContainerId) -> Option<(Pid, &Process<P>)> {
        self.iter().find(|(_, process)| process.is_init() && process.container.as_ref() == Some(container))
    }

    /// The process whose capture a process writes to: the one that somebody waits for, itself or an ancestor.
    pub(super) fn captures(&mut self, mut pid: Pid) -> Option<&mut Process<P>> {
        while let Some(process) = self.get(pid)
            && process.notice.is_none()
            && let Some(parent) = process.parent
        {
            pid = parent;
        }
        self.process(pid)
    }

    /// A probe's command had its time: it is killed, if it still runs, and this is all that is heard of it.
    pub fn probe_over(&mut self, pid: Pid, text: &str, out: &mut Out<'_>) {
        if let Some(process) = self.process(pid) {
            process.captured = text.into();
            self.signal(pid, Signal::Kill, out);
        }
    }

    /// The wake that tells of a process's end.
    pub(super) fn notice_wake(notice: ExitNotice, status: i32, captured: &[u8]) -> Wake {
        match notice {
            ExitNotice::Container(node, container) => {
                Wake::Kubelet(node, KubeletWake::Exited(container, status))
            }
            ExitNotice::Probe(node, container, kind) => {
                let output = String::from_utf8_lossy(captured).into();
                Wake::Kubelet(node, KubeletWake::ProbeDone(container, kind, status, output))
            }
            ExitNotice::Check(service, node) => {
                Wake::Balancer(Box::new(BalancerWake::Checked(service, node, status)))
            }
        }
    }

    /// Delivers a signal to a process: it handles it or dies of it.
    pub fn signal(&mut self, pid: Pid, signal: Signal, out: &mut Out<'_>) {
        let Some(process) = self.process(pid) else { return };
        if signal != Signal::Kill && process.program.catches(signal) {
            process.interrupted = Some(Came { what: signal, cause: out.cause() });
            self.poke(pid, out);
        } else if signal == Signal::Kill || !process.is_init() {
            self.exit(pid, 128 + signal.number(), out);
        }
    }

    /// Ctrl-C: the foreground processes of a terminal get SIGINT.
    pub fn interrupt(&mut self, terminal: TerminalId, out: &mut Out<'_>) {
        let foreground = self.iter().filter(|(_, p)| p.terminal == Some(terminal)).map(|(pid, _)| pid);
        let foreground: Vec<Pid> = foreground.collect();
        for pid in foreground.into_iter().rev() {
            self.signal(pid, Signal::Int, out);
        }
    }

    /// The command line of a process, for views.
    pub fn command(&self, pid: Pid) -> Option<Text> {
        self.get(pid).map(|process| process.program.command())
    }

    /// The call of a process that has none: it performs the next one, or blocks and gives `None`.
    fn call(&mut self, pid: Pid, call: Syscall, topology: &Topology, out: &mut Out<'_>) -> Option<Reply> {
        if let Some(process) = self.get(pid) {
            out.set_cause(process.cause);
        }
        self.perform(pid, call, topology, out)
    }
}

/// The reply to a call that gives nothing back.
pub(super) fn done(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Err, |()| Reply::Done)
}
