//! kube-proxy's rules: the rendered text, the decision, and that both say the same.

mod bench;
mod example;
mod fairness;
mod equivalence;
mod linear;
mod policies;
