//! Floor 6: DNS: messages, the stub resolver that programs hold, and CoreDNS with its plugins. Knows no shell.

pub mod message;
