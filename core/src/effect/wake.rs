//! Everything that can be due. The one exhaustive match over it is in `world::step`.

use crate::api::{Request, Response, Status};
use crate::base::{Duration, Fd, HostId, NodeId, ObjectRef, Pid, SockId, Text};
use crate::net::{BalancerSpec, Family, Packet};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Something that is due.
#[derive(Debug, Clone)]
pub enum Wake {
    /// A packet leaves a namespace: its node's rules and conntrack see it, then it is on its way.
    Send(HostId, Box<Packet>),
    /// A packet reaches a namespace.
    Arrive(HostId, Box<Packet>),
    /// A typed request reaches the API server.
    ApiRequest(Client, Token, Arc<Request>),
    /// The API server's answer reaches who asked.
    ApiReply(Client, Token, Box<Result<Response, Status>>),
    /// An HTTP request of a process reaches the API server; the descriptor on which it waits.
    ApiHttp(Pid, Fd, Arc<http::Request<Bytes>>),
    /// The API server's HTTP answer reaches the process.
    ApiHttpReply(Pid, Fd, Arc<http::Response<Bytes>>),
    /// The API server looks after its own Service.
    ApiServer,
    /// A watch has news for a client: it drains them now.
    Watch(Client),
    /// A controller works on a key of its queue (`namespace/name`), or on its periodic duty when the key is empty.
    Control(ControllerId, Text),
    /// A kubelet's own timers.
    Kubelet(NodeId, KubeletWake),
    /// Timers of a kube-proxy, of one of its families.
    Proxy(NodeId, Family, ProxyWake),
    /// A load balancer of the cloud comes, changes, goes, or checks its nodes.
    Balancer(Box<BalancerWake>),
    /// A kubelet asks its container runtime for something.
    Runtime(NodeId, Box<RuntimeCall>),
    /// A process may go on: it is new, its sleep is over, or what it waits for timed out. The number must be the
    /// process's present wait; a wake for an older wait is void.
    Resume(Pid, u64),
    /// A socket's own timers: SYN again, or give up. The number counts the attempts.
    Socket(SockId, u32),
}

impl Wake {
    /// What it is and whose, in a word and a number. Not by `Debug`: that would take along how every packet, request and
    /// header is printed.
    pub fn what(&self) -> String {
        let (what, whose) = match self {
            Wake::Send(host, _) => ("Send", u64::from(host.0)),
            Wake::Arrive(host, _) => ("Arrive", u64::from(host.0)),
            Wake::ApiRequest(_, token, _) => ("ApiRequest", token.0),
            Wake::ApiReply(_, token, _) => ("ApiReply", token.0),
            Wake::ApiHttp(pid, ..) => ("ApiHttp", pid.0),
            Wake::ApiHttpReply(pid, ..) => ("ApiHttpReply", pid.0),
            Wake::ApiServer => return "ApiServer".into(),
            Wake::Watch(_) => return "Watch".into(),
            Wake::Control(controller, _) => ("Control", u64::from(controller.0)),
            Wake::Kubelet(node, _) => ("Kubelet", u64::from(node.0)),
            Wake::Proxy(node, ..) => ("Proxy", u64::from(node.0)),
            Wake::Balancer(_) => return "Balancer".into(),
            Wake::Runtime(node, _) => ("Runtime", u64::from(node.0)),
            Wake::Resume(pid, _) => ("Resume", pid.0),
            Wake::Socket(socket, _) => ("Socket", socket.0),
        };
        format!("{what} {whose}")
    }
}

/// Who talks to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// A controller.
    Controller(ControllerId),
    /// The kubelet of a node.
    Kubelet(NodeId),
    /// The kube-proxy of a node.
    Proxy(NodeId),
    /// The network plugin's agents, for NetworkPolicies.
    Policy,
    /// The same, for the pods and namespaces at both ends, once there is a policy.
    PolicyPeers,
    /// A process, through a watch that it opened (CoreDNS).
    Process(Pid, Fd),
    /// The world's own start: nodes, namespaces, kube-system.
    Bootstrap,
}

/// A client's own number for a request, handed back with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Token(pub u64);

/// A controller: its index in `control::CONTROLLERS`. The scheduler is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControllerId(pub u8);

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerId {
    /// The pod's uid.
    pub pod: Text,
    /// The container's name.
    pub name: Text,
}

/// What a kubelet does by itself. Pods are named by uid.
#[derive(Debug, Clone)]
pub enum KubeletWake {
    /// Post the node's status and renew its lease.
    Heartbeat,
    /// Bring a pod closer to its spec.
    SyncPod(Text),
    /// Images are pulled and the sandbox is up: start the containers.
    StartContainers(Text),
    /// Probe a container: which kind of probe.
    Probe(ContainerId, ProbeKind),
    /// A probe's process ended, with its exit status (0 is success) and what it wrote.
    ProbeDone(ContainerId, ProbeKind, i32, Text),
    /// The time of a container's hook before its end is over.
    HookOver(ContainerId),
    /// A container's process ended with this status.
    Exited(ContainerId, i32),
    /// The grace period is over: kill what is left.
    Kill(Text),
    /// Post what changed of a pod's status.
    PostStatus(Text),
    /// Start a crashed container again.
    Restart(ContainerId),
}

/// What a kubelet asks of its container runtime and network plugin. The world carries it out.
#[derive(Debug, Clone)]
pub enum RuntimeCall {
    /// Bring up a pod's network namespace with this address and these files (resolv.conf, hosts).
    SandboxUp {
        /// The pod's uid.
        uid: Text,
        /// Its namespace and name.
        pod: (Text, Text),
        /// Its address.
        ip: IpAddr,
        /// Its address of the other family, in a dual-stack cluster.
        other_ip: Option<IpAddr>,
        /// Whether it shares its node's network namespace: then the address is the node's, and no namespace is made.
        host_network: bool,
        /// Files by absolute path.
        files: Vec<(Text, Bytes)>,
    },
    /// Write files into a pod's namespace, by the pod's uid: its volumes, and their later updates.
    WriteFiles(Text, Vec<(Text, Bytes)>),
    /// Take a pod's network namespace down with everything in it.
    SandboxDown(Text),
    /// Start a container in its pod's namespace. Its end comes back as [`KubeletWake::Exited`].
    Start(ContainerId, Box<ContainerSpec>),
    /// Send a signal to a container's process: `true` for SIGKILL, `false` for SIGTERM.
    Signal(ContainerId, bool),
    /// Run a probe or a hook against a container, for this long. Its end comes back as [`KubeletWake::ProbeDone`].
    Probe(ContainerId, ProbeKind, ProbeAction, Duration),
    /// End a probe's command that had its time, if it still runs; the text is what the kubelet hears.
    ProbeOver(Pid, Text),
}

/// What a container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    /// The image, as in the pod.
    pub image: Text,
    /// `command`; empty when the image's own entrypoint runs.
    pub command: Vec<Text>,
    /// `args`; empty when the image's own are used.
    pub args: Vec<Text>,
    /// The environment, in order; later entries win.
    pub env: Vec<(Text, Text)>,
    /// The declared ports: number and protocol (`TCP`).
    pub ports: Vec<(u16, Text)>,
}

/// What a probe does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAction {
    /// GET a path from an address with headers; 200 to 399 is success.
    Http(SocketAddr, Text, Vec<(Text, Text)>),
    /// Connect to an address.
    Tcp(SocketAddr),
    /// Run a command in the container; exit status 0 is success.
    Exec(Vec<Text>),
}

/// What a kubelet runs against a container: the three probes, and a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeKind {
    /// Takes traffic or not.
    Readiness,
    /// Restart or not.
    Liveness,
    /// Started or not.
    Startup,
    /// No probe but a hook, which runs as one: the container is told to stop when it is done.
    PreStop,
}

/// What a kube-proxy does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyWake {
    /// Compute the rules and write them.
    Sync,
    /// The rules are written: from now on they apply.
    Applied(u64),
    /// Look whether real servers that get no new connections have lost the old ones (IPVS).
    Drain,
}

/// What the cloud does with load balancers. Each is named by its Service.
#[derive(Debug, Clone)]
pub enum BalancerWake {
    /// There is one that is as described; what was there of it changes.
    Ensure(BalancerSpec),
    /// There is none any more.
    Remove(ObjectRef),
    /// It checks its nodes.
    Check(ObjectRef),
    /// A node answered a check: the exit status of the check's process (0 is success).
    Checked(ObjectRef, Text, i32),
}
