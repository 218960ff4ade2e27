//! kube-proxy's rules: the rendered text, the decision, and that both say the same.

mod bench;
mod example;
mod fairness;
mod equivalence;
mod ipvs;
mod linear;
mod linear_nft;
mod matrix;
mod nftables;
mod policies;
mod real_tools;
