//! NetworkPolicies on a packet's way: where it leaves a pod and where it enters one.

use super::Rooms;
use crate::api::WatchEvent;
use crate::api::network_policy::Direction;
use crate::base::{HostId, ObjectRef};
use crate::effect::{Client, Out};
use crate::net::Packet;
use crate::policy::{PEER_KINDS, Ruling};
use crate::trace::reason::PolicyRefusal;
use crate::trace::{Place, Reason, Refusal};

impl Rooms {
    /// News arrive at the agents.
    pub(super) fn policy_news(&mut self, events: &[WatchEvent], out: &mut Out<'_>) {
        if self.policies.on_watch(events) {
            self.subscribe(Client::PolicyPeers, &PEER_KINDS, None, out);
        }
    }

    /// Whether a packet may leave or enter the pod of a namespace. What is refused vanishes.
    pub(super) fn may_pass(
        &mut self,
        direction: Direction,
        at: HostId,
        packet: &Packet,
        out: &mut Out<'_>,
    ) -> bool {
        if self.policies.is_empty() {
            return true;
        }
        let Some(host) = self.net.get(at) else { return true };
        let (Place::Pod(namespace, name), Some(node)) = (&host.place, host.node) else { return true };
        let pod = ObjectRef { kind: "Pod".into(), namespace: namespace.clone(), name: name.clone() };
        let machine = self.nodes.get(node.0 as usize).and_then(|machine| self.net.get(machine.host));
        let peer = match direction {
            Direction::Ingress => packet.src,
            Direction::Egress => packet.dst,
        };
        let own = host.ip_towards(peer.ip());
        let node_ip = machine.map(|host| host.ip_towards(own));
        let by = machine.map_or(Place::World, |host| host.place.clone());
        let ingress = direction == Direction::Ingress;
        match self.policies.rule(direction, packet, (own, node_ip), out.now) {
            Ruling::Free => true,
            Ruling::Allowed(policy, rule) => {
                out.decided(by, Reason::PolicyAllows(policy, ingress, rule));
                true
            }
            Ruling::Refused(policies) => {
                let refusal = PolicyRefusal { ingress, pod, policies, peer };
                out.refused(by, Refusal::Policy(refusal));
                false
            }
        }
    }
}
