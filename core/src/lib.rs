//! Tidepool's core: a Kubernetes cluster as a deterministic function of a seed and its inputs.
//!
//! The floors, in reading order. A floor uses only lower floors; rooms on one floor do not import each other.
//!
//! 0. [`base`]: virtual time, typed ids, draws, the canonical encoding
//! 1. [`trace`]: what happened; [`engine`]: what is due
//! 2. [`api`]: Kubernetes kinds as data
//! 3. [`store`]: etcd; [`net`]: packets, addresses, conntrack
//! 4. [`effect`]: what rooms ask of the world
//! 5. [`process`]: programs and system calls; [`apiserver`]: requests over the store
//! 6. [`control`]: controllers; [`node`]: kubelets; [`proxy`]: kube-proxies; [`policy`]: NetworkPolicies in
//!    force; [`dns`]: resolvers and CoreDNS
//! 7. [`shell`]: the programs that pods and terminals run
//! 8. [`world`]: the one match over what is due
//! 9. [`recording`]: seed and inputs, replayed

pub mod base;
pub mod trace;
pub mod engine;
pub mod api;
pub mod store;
pub mod net;
pub mod effect;
pub mod process;
pub mod apiserver;
pub mod control;
pub mod node;
pub mod proxy;
pub mod policy;
pub mod dns;
pub mod shell;
pub mod world;
pub mod recording;
