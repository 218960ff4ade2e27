//! The container runtime and the network plugin of every node: sandboxes, containers, signals, probes.

use super::Rooms;
use crate::base::{Duration, HostId, NodeId, Text};
use crate::effect::{ContainerId, ContainerSpec, Out, ProbeAction, ProbeKind, RuntimeCall};
use crate::net::Host;
use crate::process::{Descriptor, Environment, ExitNotice, NewProcess, Signal};
use crate::shell::{images, probe};
use crate::trace::Place;
use std::net::IpAddr;
use std::sync::Arc;

impl Rooms {
    /// Carries out what a kubelet asks for.
    pub(super) fn runtime(&mut self, node: NodeId, call: RuntimeCall, out: &mut Out<'_>) {
        match call {
            RuntimeCall::SandboxUp { uid, pod, ip, host_network, files } => {
                let host = self.sandbox(node, pod, ip, host_network);
                for (path, content) in files {
                    self.kernel.files_mut(host).put(&path, content);
                }
                self.sandboxes.insert(uid, host);
            }
            RuntimeCall::WriteFiles(uid, files) => {
                if let Some(host) = self.sandboxes.get(&uid) {
                    let to = self.kernel.files_mut(*host);
                    for (path, content) in files {
                        to.put(&path, content);
                    }
                }
            }
            RuntimeCall::SandboxDown(uid) => {
                let Some(host) = self.sandboxes.remove(&uid) else { return };
                if self.is_machine(host) {
                    return;
                }
                self.net.remove(host);
                self.kernel.remove_host(host, out);
            }
            RuntimeCall::Start(container, spec) => self.start_container(node, container, &spec, out),
            RuntimeCall::Signal(container, kill) => {
                let process = self.kernel.container_process(&container).map(|(pid, _)| pid);
                if let Some(pid) = process {
                    self.kernel.signal(pid, if kill { Signal::Kill } else { Signal::Term }, out);
                }
            }
            RuntimeCall::Probe(container, kind, action, timeout) => {
                self.probe(node, container, kind, &action, timeout, out);
            }
        }
    }

    /// A pod's namespace; a pod of the host network gets the node's.
    fn sandbox(&mut self, node: NodeId, pod: (Text, Text), ip: IpAddr, host_network: bool) -> HostId {
        match self.nodes.get(node.0 as usize) {
            Some(machine) if host_network => machine.host,
            _ => self.net.add(Host { place: Place::Pod(pod.0, pod.1), node: Some(node), ip, up: true }),
        }
    }

    fn is_machine(&self, host: HostId) -> bool {
        self.nodes.iter().any(|machine| machine.host == host)
    }

    fn start_container(
        &mut self,
        node: NodeId,
        container: ContainerId,
        spec: &ContainerSpec,
        out: &mut Out<'_>,
    ) {
        let Some(host) = self.sandboxes.get(&container.pod).copied() else { return };
        let vars = spec.env.iter().cloned().collect();
        let log = |is_err| Descriptor::Log(container.clone(), is_err);
        let new = NewProcess {
            program: images::program(spec),
            host,
            environment: Environment { vars: Arc::new(vars) },
            stdio: [Descriptor::Null, log(false), log(true)],
            terminal: None,
            container: Some(container.clone()),
            notice: Some(ExitNotice { node, container: container.clone(), probe: None }),
        };
        self.kernel.start(new, out);
    }

    /// Network probes come from the node itself; exec probes run in the container.
    fn probe(
        &mut self,
        node: NodeId,
        container: ContainerId,
        kind: ProbeKind,
        action: &ProbeAction,
        timeout: Duration,
        out: &mut Out<'_>,
    ) {
        let Some(machine) = self.nodes.get(node.0 as usize).map(|machine| machine.host) else { return };
        let sandbox = self.sandboxes.get(&container.pod).copied();
        let (host, inside) = match action {
            ProbeAction::Exec(_) => (sandbox.unwrap_or(machine), Some(container.clone())),
            ProbeAction::Http(..) | ProbeAction::Tcp(_) => (machine, None),
        };
        let new = NewProcess {
            program: probe::program(action, timeout),
            host,
            environment: Environment::default(),
            stdio: [Descriptor::Null, Descriptor::Captured, Descriptor::Captured],
            terminal: None,
            container: inside,
            notice: Some(ExitNotice { node, container, probe: Some(kind) }),
        };
        self.kernel.start(new, out);
    }
}
