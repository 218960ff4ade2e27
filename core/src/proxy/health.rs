//! What a node's health check node ports say: for each Service with one, how many of its ready endpoints the node has.
//! Models: `pkg/proxy/servicechangetracker.go` (HealthCheckNodePorts), `endpointschangetracker.go`
//! (LocalReadyEndpoints).

use super::table::Entry;
use crate::base::{FlatMap, FlatSet, ObjectRef};

/// By port: the Service, and how many addresses of it are ready on the node.
pub type Checks = FlatMap<u16, (ObjectRef, u32)>;

/// The check of one Service on a node, if it has one.
pub fn of(entries: &[Entry], node: &str) -> Option<(u16, ObjectRef, u32)> {
    let mut ports = entries.iter().map(|entry| &entry.port);
    let port = ports.find(|port| port.health_check_node_port != 0 && port.external_local)?;
    let backends = entries.iter().flat_map(|entry| &entry.backends.all);
    let here = backends.filter(|backend| backend.ready && &*backend.node == node);
    let addresses: FlatSet<_> = here.map(|backend| backend.address.ip()).collect();
    Some((port.health_check_node_port, port.service.clone(), addresses.len() as u32))
}
