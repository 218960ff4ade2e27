//! The servers that a node's kube-proxy runs for load balancers: health check node ports, and its own health.

use super::Rooms;
use crate::base::{HostId, NodeId, Text};
use crate::effect::Out;
use crate::net::Protocol;
use crate::process::{Descriptor, Environment, NewProcess, Signal};
use crate::shell::Programs;
use crate::shell::servers::health::{Health, path};
use crate::shell::servers::{App, Server};

/// Where a kube-proxy says whether it is well (`healthzBindAddress`).
const PROXY_PORT: u16 = 10_256;

impl Rooms {
    /// A node's kube-proxy says at its own port whether it is well.
    pub(super) fn proxy_health(&mut self, host: HostId, out: &mut Out<'_>) {
        self.kernel.start(server(host, Health::Proxy, PROXY_PORT), out);
    }

    /// After a kube-proxy's work: ports are opened and closed, and what they answer is written down.
    pub(super) fn health_checks(&mut self, node: NodeId, out: &mut Out<'_>) {
        let Some(wanted) = self.proxies.v4.health_checks(node) else { return };
        let Some(machine) = self.nodes.get_mut(node.0 as usize) else { return };
        if machine.health == *wanted {
            return;
        }
        let (host, wanted) = (machine.host, wanted.clone());
        machine.health = wanted.clone();
        let gone: Vec<u16> =
            machine.checks.keys().copied().filter(|port| !wanted.contains_key(port)).collect();
        for port in gone {
            if let Some(pid) = self.nodes.get_mut(node.0 as usize).and_then(|m| m.checks.remove(&port)) {
                self.kernel.signal(pid, Signal::Kill, out);
            }
            self.kernel.files_mut(host).remove(&path(port));
        }
        for (port, (service, count)) in &wanted {
            let told = format!("{}\n{}\n{count}\n", service.namespace, service.name);
            self.kernel.files_mut(host).put(&path(*port), told);
            if self.nodes.get(node.0 as usize).is_some_and(|machine| machine.checks.contains_key(port)) {
                continue;
            }
            let pid = self.kernel.start(server(host, Health::Service(*port), *port), out);
            if let Some(machine) = self.nodes.get_mut(node.0 as usize) {
                machine.checks.insert(*port, pid);
            }
        }
    }
}

fn server(host: HostId, health: Health, port: u16) -> NewProcess<Programs> {
    let argv: [Text; 1] = ["kube-proxy".into()];
    NewProcess {
        program: Server::new(&argv, App::Health(health), [(Protocol::Tcp, port)]).into(),
        host,
        environment: Environment::default(),
        stdio: [Descriptor::Null, Descriptor::Null, Descriptor::Null],
        terminal: None,
        container: None,
        notice: None,
    }
}
