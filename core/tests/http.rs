//! Servers, curl and probes against each other, on a network without a cluster.

#[path = "http/curl.rs"]
mod curl;
#[path = "http/lan.rs"]
mod lan;
#[path = "http/probes.rs"]
mod probes;
#[path = "http/servers.rs"]
mod servers;
#[path = "http/wget.rs"]
mod wget;
