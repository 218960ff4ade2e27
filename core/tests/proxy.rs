//! kube-proxy's rules: the rendered text, the decision, and that both say the same.

#![cfg(not(target_arch = "wasm32"))] // with properties, whose crate is native

#[path = "proxy/bench.rs"]
mod bench;
#[path = "proxy/example.rs"]
mod example;
#[path = "proxy/fairness.rs"]
mod fairness;
#[path = "proxy/equivalence.rs"]
mod equivalence;
#[path = "proxy/linear.rs"]
mod linear;
#[path = "proxy/policies.rs"]
mod policies;
