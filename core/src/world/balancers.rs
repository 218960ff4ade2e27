//! The cloud's load balancers on the network: they come and go, check their nodes, and hand packets on.

use super::Rooms;
use crate::base::{HostId, ObjectRef, Text};
use crate::effect::{BalancerWake, Out, ProbeAction, Wake};
use crate::net::balancer::{CHECK_PERIOD, CHECK_TIMEOUT};
use crate::net::{Balancer, BalancerSpec, Host, Packet};
use crate::process::{Descriptor, Environment, ExitNotice, NewProcess};
use crate::shell::probe;
use crate::trace::{Place, Reason, Refusal};
use std::net::SocketAddr;

impl Rooms {
    /// What the cloud does with a load balancer.
    pub(super) fn balancer(&mut self, wake: BalancerWake, out: &mut Out<'_>) {
        match wake {
            BalancerWake::Ensure(spec) => self.ensure_balancer(spec, out),
            BalancerWake::Remove(service) => {
                let Some(host) = self.balancer_of(&service) else { return };
                self.balancers.remove(&host);
                self.net.remove(host);
                self.kernel.remove_root(&host.into(), out);
            }
            BalancerWake::Check(service) => self.check_nodes(service, out),
            BalancerWake::Checked(service, node, status) => {
                let host = self.balancer_of(&service);
                let balancer = host.and_then(|host| self.balancers.get_mut(&host));
                if let Some(healthy) = balancer.and_then(|balancer| balancer.checked(&node, status == 0)) {
                    out.decided(place(&service), Reason::NodeHealth(node, healthy));
                }
            }
        }
    }

    fn balancer_of(&self, service: &ObjectRef) -> Option<HostId> {
        self.balancers.iter().find(|(_, it)| it.spec.service == *service).map(|(host, _)| *host)
    }

    fn ensure_balancer(&mut self, spec: BalancerSpec, out: &mut Out<'_>) {
        let machines = self.nodes.iter().filter(|machine| spec.nodes.contains(&machine.name));
        let hosts: Vec<(Text, HostId)> =
            machines.map(|machine| (machine.name.clone(), machine.host)).collect();
        let known = self.balancer_of(&spec.service);
        if let Some(balancer) = known.and_then(|host| self.balancers.get_mut(&host)) {
            return balancer.update(spec, hosts);
        }
        let service = spec.service.clone();
        let host = self.net.add(Host {
            place: place(&service),
            node: None,
            ip: spec.ip,
            other_ip: None,
            dummies: Vec::new(),
            up: true,
        });
        self.balancers.insert(host, Balancer::new(spec, hosts));
        self.check_nodes(service, out);
    }

    /// Asks each node whether it is well, and asks again in a while.
    fn check_nodes(&mut self, service: ObjectRef, out: &mut Out<'_>) {
        let Some(host) = self.balancer_of(&service) else { return };
        let Some(balancer) = self.balancers.get(&host) else { return };
        let port = balancer.spec.check_port;
        let nodes: Vec<Text> = balancer.nodes().cloned().collect();
        for node in nodes {
            let Some(machine) = self.nodes.iter().find(|machine| machine.name == node) else { continue };
            let Some(ip) = self.net.get(machine.host).map(|host| host.ip) else { continue };
            let agent = ("user-agent".into(), "load-balancer-health-check".into());
            let action = ProbeAction::Http(SocketAddr::new(ip, port), "/healthz".into(), vec![agent]);
            let new = NewProcess {
                program: probe::program(&action, CHECK_TIMEOUT),
                host,
                environment: Environment::default(),
                stdio: [Descriptor::Null, Descriptor::Captured, Descriptor::Captured],
                terminal: None,
                container: None,
                notice: Some(ExitNotice::Check(service.clone(), node)),
            };
            self.kernel.start(new, out);
        }
        out.timer(CHECK_PERIOD, Wake::Balancer(Box::new(BalancerWake::Check(service))));
    }

    /// A packet reaches a load balancer: it goes on to a node as it is. Answers to its own checks are its own.
    pub(super) fn through_balancer(&mut self, at: HostId, packet: Packet, out: &mut Out<'_>) {
        let is_own = self.nodes.iter().any(|m| self.net.get(m.host).is_some_and(|h| h.has(packet.src.ip())));
        let Some(balancer) = self.balancers.get_mut(&at).filter(|_| !is_own) else {
            return self.kernel.arrive(at, packet, &self.net, out);
        };
        let by = place(&balancer.spec.service);
        match balancer.forward(packet.flow(), out.now) {
            Some(forward) => {
                if let Some((node, healthy, all)) = forward.picked {
                    out.decided(by, Reason::Balanced(node, healthy, all));
                }
                self.carry(at, forward.host, packet, out);
            }
            None => {
                out.refused(by, Refusal::NotForwarded(packet.dst));
            }
        }
    }
}

fn place(service: &ObjectRef) -> Place {
    Place::LoadBalancer(service.namespace.clone(), service.name.clone())
}
