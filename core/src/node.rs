//! Floor 6: kubelets: they register their node, run its pods, probe them and report. They know the cluster through their
//! own caches only, and run nothing themselves: a runtime, which the world carries out, does.

pub mod config;
pub mod containers;
pub mod dns;
pub mod env;
pub mod ipam;
pub mod kubelet;
pub mod probes;
pub mod registration;
pub mod start;
pub mod status;
pub mod stop;
pub mod volumes;
pub mod worker;

pub use config::NodeConfig;
pub use kubelet::{KINDS, Kubelet};
