//! Floor 6: controllers and the scheduler: one file each, one list ([`controllers::CONTROLLERS`]). They know the cluster
//! through their own caches only, and change it with requests that can be refused.

pub mod controllers;
pub mod daemon_set;
pub mod deployment;
pub mod desk;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoints;
pub mod garbage;
pub mod load_balancer;
pub mod mirroring;
pub mod namespace;
pub mod node_lifecycle;
pub mod replica_set;
pub mod revisions;
pub mod scheduler;
pub mod selection;
pub mod service_cidr;
pub mod stateful_set;

pub use controllers::{CONTROLLERS, ControllerDef, Controllers, place};
