//! A node from within: its rules, its connection table, the files of its pods.

use crate::base::{NodeId, Text};
use crate::trace::Place;
use crate::world::World;

impl World {
    /// The nodes' names, in order of joining.
    pub fn node_names(&self) -> impl Iterator<Item = &Text> {
        self.rooms.nodes.iter().map(|machine| &machine.name)
    }

    fn node_id(&self, name: &str) -> Option<NodeId> {
        self.rooms.nodes.iter().position(|machine| &*machine.name == name).map(|n| NodeId(n as u32))
    }

    /// The node's nat and filter rules as `iptables-save` prints them.
    pub fn iptables(&self, node: &str) -> Option<String> {
        self.node_id(node).map(|id| self.rooms.proxies.v4.iptables_save(id, self.now()))
    }

    /// What the node's kube-proxy has programmed, as the tool of its mode prints it.
    pub fn proxy_rules(&self, node: &str) -> Option<String> {
        let id = self.node_id(node)?;
        let machine = self.rooms.nodes.get(id.0 as usize)?;
        Some(self.rooms.proxies.v4.rules(id, &machine.conntrack, self.now()))
    }

    /// The revision of the store that a node's kube-proxy was told of, and the one that its rules are of.
    pub fn proxy_revisions(&self, node: &str) -> Option<(u64, u64)> {
        self.rooms.proxies.v4.revisions(self.node_id(node)?)
    }

    /// The node's connection table, one line per entry, as `conntrack -L` prints it.
    pub fn conntrack(&self, node: &str) -> Vec<String> {
        let machine = self.node_id(node).and_then(|id| self.rooms.nodes.get(id.0 as usize));
        let entries = machine.into_iter().flat_map(|machine| machine.conntrack.entries(self.now()));
        entries.map(|entry| entry.line(self.now())).collect()
    }

    /// A file of a pod or of the operator's machine.
    pub fn file(&self, place: &Place, path: &str) -> Option<&str> {
        let (id, _) = self.rooms.net.iter().find(|(_, host)| host.place == *place)?;
        self.rooms.kernel.files(&id.into())?.text(path)
    }

    /// A pod's log: what its containers printed, by container in order of name.
    pub fn container_log(&self, uid: &str, container: &str) -> String {
        let id = crate::effect::ContainerId { pod: uid.into(), name: container.into() };
        self.rooms.kernel.log(&id, false).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect()
    }
}
