//! Floor 6: DNS: wire messages, the stub resolver, the Corefile, CoreDNS and its plugins.
