//! Floor 3: the network below the programs: packets, who has which address, how long ways take, conntrack, load
//! balancers outside, HTTP/1.1 framing. Knows no processes and no rules; kube-proxy's rules are consulted by `world`.

pub mod balancer;
pub mod conntrack;
pub mod http1;
pub mod packet;
pub mod topology;

pub use balancer::{Balancer, BalancerSpec};
pub use conntrack::Conntrack;
pub use packet::{Packet, Protocol, Segment};
pub use topology::{Family, Host, Topology};
