//! Servers, curl and probes against each other, on a network without a cluster.

mod curl;
mod lan;
mod probes;
mod servers;
mod wget;
