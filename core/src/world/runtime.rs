//! The container runtime and the network plugin of every node: sandboxes, containers, signals, probes.

use super::Rooms;
use crate::base::{Duration, HostId, NodeId, Text};
use crate::effect::{ContainerId, ContainerSpec, Out, ProbeAction, ProbeKind, RuntimeCall, Wake};
use crate::net::Host;
use crate::process::{Descriptor, Environment, ExitNotice, NewProcess, Root, Signal};
use crate::shell::{images, probe};
use crate::trace::Place;
use std::net::IpAddr;
use std::sync::Arc;

impl Rooms {
    /// Carries out what a kubelet asks for.
    pub(super) fn runtime(&mut self, node: NodeId, call: RuntimeCall, out: &mut Out<'_>) {
        match call {
            RuntimeCall::SandboxUp { uid, pod, ip, other_ip, host_network, files } => {
                let host = self.sandbox(node, pod, (ip, other_ip), host_network);
                let root = Root { host, pod: host_network.then(|| uid.clone()) };
                for (path, content) in files {
                    self.kernel.files_mut(root.clone()).put(&path, content);
                }
                self.sandboxes.insert(uid, root);
            }
            RuntimeCall::WriteFiles(uid, files) => {
                if let Some(root) = self.sandboxes.get(&uid) {
                    let to = self.kernel.files_mut(root.clone());
                    for (path, content) in files {
                        to.put(&path, content);
                    }
                }
            }
            RuntimeCall::SandboxDown(uid) => {
                let Some(root) = self.sandboxes.remove(&uid) else { return };
                if root.pod.is_none() {
                    self.net.remove(root.host);
                }
                self.kernel.remove_root(&root, out);
                self.kernel.forget_userlands(&uid);
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
            RuntimeCall::ProbeOver(pid, text) => self.kernel.probe_over(pid, &text, out),
        }
    }

    /// A pod's namespace; a pod of the host network gets the node's.
    fn sandbox(
        &mut self,
        node: NodeId,
        pod: (Text, Text),
        (ip, other_ip): (IpAddr, Option<IpAddr>),
        host_network: bool,
    ) -> HostId {
        match self.nodes.get(node.0 as usize) {
            Some(machine) if host_network => machine.host,
            _ => {
                let place = Place::Pod(pod.0, pod.1);
                self.net.add(Host { place, node: Some(node), ip, other_ip, dummies: Vec::new(), up: true })
            }
        }
    }

    fn start_container(
        &mut self,
        node: NodeId,
        container: ContainerId,
        spec: &ContainerSpec,
        out: &mut Out<'_>,
    ) {
        let Some(host) = self.sandboxes.get(&container.pod).map(|root| root.host) else { return };
        self.kernel.begin_log(&container);
        self.kernel.set_userland(&container, images::userland(&spec.image));
        let vars = spec.env.iter().cloned().collect();
        let log = |is_err| Descriptor::Log(container.clone(), is_err);
        let new = NewProcess {
            program: images::program(spec),
            host,
            environment: Environment { vars: Arc::new(vars) },
            stdio: [Descriptor::Null, log(false), log(true)],
            terminal: None,
            container: Some(container.clone()),
            notice: Some(ExitNotice::Container(node, container.clone())),
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
        let sandbox = self.sandboxes.get(&container.pod).map(|root| root.host);
        let (host, inside) = match action {
            ProbeAction::Exec(_) => (sandbox.unwrap_or(machine), Some(container.clone())),
            ProbeAction::Http(..) | ProbeAction::Tcp(_) => (machine, None),
        };
        let main = inside.as_ref().and_then(|id| self.kernel.container_process(id));
        let environment = main.map(|(_, process)| process.environment().clone()).unwrap_or_default();
        let new = NewProcess {
            program: probe::program(action, timeout),
            host,
            environment,
            stdio: [Descriptor::Null, Descriptor::Captured, Descriptor::Captured],
            terminal: None,
            container: inside,
            notice: Some(ExitNotice::Probe(node, container, kind)),
        };
        let pid = self.kernel.start(new, out);
        if let ProbeAction::Exec(words) = action
            && kind != ProbeKind::PreStop
        {
            let words = words.join(" ");
            let text = format!("command timed out: {words:?} timed out after {}s", timeout.as_secs());
            let over = RuntimeCall::ProbeOver(pid, text.into());
            out.timer(timeout, Wake::Runtime(node, Box::new(over)));
        }
    }
}
