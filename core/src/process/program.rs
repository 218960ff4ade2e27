//! What a program is: a value with one method. A world with a half-run loop clones, replays and can be interrupted.

use super::syscall::{Reply, Signal, Syscall};
use crate::base::{Fd, FlatMap, HostId, Pid, Text};
use crate::effect::{ContainerId, Out};
use crate::net::{Host, Topology};
use crate::trace::Place;
use bytes::Bytes;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

/// A program: a state machine with an explicit stack. One enum implements it (`shell::Programs`), so that calls are
/// static; programs that run parts (a resolver) hold them as fields and pass their calls on.
pub trait Program: Clone + Debug {
    /// Goes on with a reply until the next call.
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Self>;

    /// The command line, as `ps` shows it.
    fn command(&self) -> Text;

    /// Whether what it does is a journey of its own (curl, dig, kubectl, python).
    fn makes_requests(&self) -> bool;

    /// Whether it handles a signal ([`Reply::Interrupted`]) instead of dying of it.
    fn catches(&self, signal: Signal) -> bool;
}

/// What a program does next.
#[derive(Debug, Clone)]
pub enum Turn<P> {
    /// A system call.
    Call(Syscall),
    /// A child process. Reply: `Spawned`.
    Spawn(Box<Spawn<P>>),
}

impl<P> From<Syscall> for Turn<P> {
    fn from(call: Syscall) -> Self {
        Turn::Call(call)
    }
}

/// A new process.
#[derive(Debug, Clone)]
pub struct Spawn<P> {
    /// What it runs.
    pub program: P,
    /// Where its descriptors 0, 1 and 2 go.
    pub stdio: [Stdio; 3],
    /// Its environment and working directory; `None` inherits the parent's.
    pub environment: Option<Environment>,
    /// Where it runs; `None`: where its parent does.
    pub inside: Option<Inside>,
    /// Whether it leaves the terminal's foreground, so that Ctrl-C does not reach it.
    pub background: bool,
}

/// Where a child runs that does not run beside its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// On a machine, as after a login.
    Host(HostId),
    /// In a container, with its files and environment, as `kubectl exec` does; `ESRCH` where it does not run.
    Container(ContainerId),
}

/// Whose files a process sees: those of its network namespace, or of its pod where that has its node's network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// The network namespace.
    pub host: HostId,
    /// The uid of a pod with its node's network.
    pub pod: Option<Text>,
}

impl From<HostId> for Root {
    fn from(host: HostId) -> Root {
        Root { host, pod: None }
    }
}

/// Where a descriptor of a new process goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// To what this descriptor of the parent goes.
    From(Fd),
    /// To nowhere: reads end at once, writes vanish.
    Null,
}

/// Environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The variables.
    pub vars: Arc<FlatMap<Text, Text>>,
}

impl Environment {
    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.vars.get(name)
    }
}

/// What an image brings that programs behave by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Userland {
    /// Its C library.
    pub libc: Libc,
    /// Whether tools that both busybox and BIND have (`nslookup`) are busybox's.
    pub busybox: bool,
}

/// A C library, as far as its resolver goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Libc {
    /// glibc 2.36.
    #[default]
    Glibc,
    /// musl before 1.2.4: an answer that is cut off is taken as it is.
    OldMusl,
    /// musl from 1.2.4 on, which asks again over TCP.
    Musl,
}

/// The files that processes see, by absolute path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    by_path: Arc<FlatMap<Text, Bytes>>,
}

impl Files {
    /// A file's content.
    pub fn get(&self, path: &str) -> Option<&Bytes> {
        self.by_path.get(path)
    }

    /// A file's content as text; invalid UTF-8 reads as absent.
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.get(path)?).ok()
    }

    /// Writes a file.
    pub fn put(&mut self, path: &str, content: impl Into<Bytes>) {
        Arc::make_mut(&mut self.by_path).insert(path.into(), content.into());
    }

    /// Removes a file; tells whether it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        Arc::make_mut(&mut self.by_path).remove(path).is_some()
    }

    /// The paths from one on, in order.
    pub fn paths_from<'a>(&'a self, first: &str) -> impl Iterator<Item = &'a Text> + use<'a> {
        self.by_path.range(Text::from(first)..).map(|(path, _)| path)
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Text> {
        self.by_path.keys()
    }
}

/// What a program sees of its surroundings during a turn.
pub struct Cx<'a, 'w> {
    /// The process.
    pub pid: Pid,
    /// The namespace in which it runs.
    pub host: HostId,
    /// All namespaces; programs read their own address from it, and nothing else.
    pub topology: &'a Topology,
    /// Its environment.
    pub environment: &'a Environment,
    /// Its files.
    pub files: &'a Files,
    /// What its image brought.
    pub userland: Userland,
    /// Facts and draws. Programs push no wakes: they make system calls.
    pub out: &'a mut Out<'w>,
}

impl Cx<'_, '_> {
    /// The place of the namespace in which the program runs.
    pub fn place(&self) -> Place {
        self.topology.get(self.host).map_or(Place::World, |host: &Host| host.place.clone())
    }

    /// The address of the namespace in which the program runs.
    pub fn ip(&self) -> Option<IpAddr> {
        self.topology.get(self.host).map(|host| host.ip)
    }

    /// All addresses of the namespace, the first one first.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let ips: Vec<IpAddr> = self.topology.get(self.host).into_iter().flat_map(Host::ips).collect();
        ips.into_iter()
    }

    /// The host name: what its file says, or a machine's name.
    pub fn hostname(&self) -> Text {
        if let Some(name) = self.files.text("/etc/hostname") {
            return name.trim_end().into();
        }
        match self.place() {
            Place::Pod(_, name) | Place::Node(name) | Place::Outside(name) => name,
            _ => "localhost".into(),
        }
    }
}
