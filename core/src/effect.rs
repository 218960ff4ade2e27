//! Floor 4: what rooms ask of the world: the closed enum of wakes, and the sink that collects them together with facts.
//! Plain data over lower floors, so that rooms on one floor can wake each other without importing each other.

pub mod out;
pub mod timing;
pub mod wake;

pub use out::Out;
pub use timing::Timing;
pub use wake::{
    BalancerWake, Client, ContainerId, ContainerSpec, ControllerId, KubeletWake, ProbeAction, ProbeKind,
    ProxyWake, RuntimeCall, Token, Wake,
};
