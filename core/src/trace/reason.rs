//! Why someone decided or refused: closed enums of causes with their numbers. Raw values only: what needs rendering
//! (rules, messages) is kept as ids, revisions and bytes, and rendered when someone looks.

use crate::base::{Duration, ObjectRef, Text};
use crate::{canon_enum, canon_struct};
use std::net::SocketAddr;
use std::sync::Arc;

/// Why something was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The stub resolver tries a name: resolv.conf's search list and ndots decided the order.
    SearchList(SearchStep),
    /// A plugin of CoreDNS answered: plugin name, response code, number of answers.
    DnsPlugin(Text, Text, u16),
    /// kube-proxy's rules picked an endpoint for a new connection.
    ServiceRule(RulePick),
    /// conntrack knew the connection: the destination as sent, and as translated.
    Conntrack(SocketAddr, SocketAddr),
    /// conntrack put the Service's address back into an answer: the source as sent, and as the client sees it.
    SourceRestored(SocketAddr, SocketAddr),
    /// The scheduler bound a pod: the pod, the node, and how many nodes were feasible out of all.
    Scheduled(ObjectRef, Text, u32, u32),
    /// A controller scales: the object, from, to.
    Scaled(ObjectRef, u32, u32),
    /// The EndpointSlice controller wrote a slice: the slice, ready endpoints, endpoints that are not ready.
    Endpoints(ObjectRef, u32, u32),
    /// A probe spoke: the pod, success, consecutive results, threshold.
    Probe(ObjectRef, bool, u32, u32),
    /// A pod's readiness flipped.
    Readiness(ObjectRef, bool),
    /// kube-proxy has programmed its node: rule-set revision, rules, services, endpoints.
    RulesSynced(u64, u32, u32, u32),
    /// A Service was given an address from the range: the Service and the address.
    Allocated(ObjectRef, Text),
    /// Containers of a pod were told to stop: the pod and its grace period.
    Stopping(ObjectRef, Duration),
    /// A load balancer outside took a node for a new connection: the node, healthy nodes, all nodes. When none is healthy
    /// all are used.
    Balanced(Text, u32, u32),
    /// A load balancer's checks changed their verdict on a node: the node, and whether it gets new connections.
    NodeHealth(Text, bool),
    /// A NetworkPolicy lets a connection through: the policy, whether on the way in, and which of its rules, from 0.
    PolicyAllows(ObjectRef, bool, u32),
}

canon_enum!(Reason {
    1 => SearchList(step),
    2 => DnsPlugin(plugin, rcode, answers),
    3 => ServiceRule(pick),
    4 => Conntrack(sent, translated),
    5 => SourceRestored(sent, seen),
    6 => Scheduled(pod, node, feasible, all),
    7 => Scaled(object, from, to),
    8 => Endpoints(slice, ready, not_ready),
    9 => Probe(pod, success, count, threshold),
    10 => Readiness(pod, ready),
    11 => RulesSynced(revision, rules, services, endpoints),
    12 => Allocated(object, address),
    13 => Stopping(pod, grace),
    14 => Balanced(node, healthy, all),
    15 => NodeHealth(node, healthy),
    16 => PolicyAllows(policy, ingress, rule),
});

/// One attempt of the stub resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchStep {
    /// The name that the program asked for.
    pub asked: Text,
    /// The name that is tried now, fully qualified.
    pub tried: Text,
    /// The line of resolv.conf that decided, as in the file.
    pub line: Text,
    /// Dots in the name.
    pub dots: u8,
    /// The resolver's ndots.
    pub ndots: u8,
    /// Which candidate this is, from 1, and how many there are.
    pub attempt: (u32, u32),
}

canon_struct!(SearchStep { asked, tried, line, dots, ndots, attempt });

/// How kube-proxy's rules picked an endpoint. The rule set is found again by node and revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePick {
    /// The Service.
    pub service: ObjectRef,
    /// The node whose rules decided.
    pub node: Text,
    /// The revision of that node's rule set.
    pub revision: u64,
    /// What spreads the load: a chain such as `KUBE-SVC-...` or `service-.../tcp/`, or a virtual server of IPVS such as
    /// `TCP 10.96.0.10:53 rr`.
    pub chain: Text,
    /// Which of the candidates it is, from 0; in iptables mode also which rule of the chain matched.
    pub rule: u32,
    /// The endpoints among which it chose, in the order of the rules, the map or the list of real servers.
    pub candidates: Arc<[SocketAddr]>,
    /// Endpoints that are known and left out because they are not ready.
    pub left_out: u32,
    /// What decided among the candidates.
    pub by: PickedBy,
    /// For each rule tried, in order: the kernel's 31-bit draw and the rule's threshold; a rule matches when the draw is
    /// below. Of very many, the last are kept. Empty when nothing was drawn rule by rule.
    pub draws: Vec<(u32, u32)>,
    /// The destination as sent.
    pub sent: SocketAddr,
    /// The destination as rewritten.
    pub rewritten: SocketAddr,
    /// Whether the source is rewritten to the node's address too.
    pub masquerade: bool,
}

canon_struct!(RulePick {
    service,
    node,
    revision,
    chain,
    rule,
    candidates,
    left_out,
    by,
    draws,
    sent,
    rewritten,
    masquerade,
});

/// What decided among candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickedBy {
    /// There was only one.
    Only,
    /// Session affinity: the client had met this one not long ago.
    Affinity,
    /// iptables: rule after rule draws (`statistic --mode random`); the draws are the pick's.
    Rules,
    /// nftables: one 32-bit draw, scaled to the number of candidates (`numgen random mod`), looked up in the map.
    Numgen(u32),
    /// IPVS `rr`: the one after this in the list of real servers; `None`: the list's first.
    Rotation(Option<SocketAddr>),
    /// IPVS `lc` and its kin: the smallest number of these, one per candidate.
    Least(Vec<u64>),
    /// IPVS `sh` and `dh`: the bucket into which the address was hashed.
    Hash(u32),
}

canon_enum!(PickedBy {
    1 => Only,
    2 => Affinity,
    3 => Rules,
    4 => Numgen(draw),
    5 => Rotation(after),
    6 => Least(loads),
    7 => Hash(bucket),
});

/// Why someone said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A REJECT rule: the Service has no endpoint that this node could use.
    NoEndpoints(ObjectRef, SocketAddr),
    /// A DROP rule: the Service's traffic must stay on its node, and the node has no endpoint of it.
    NoLocalEndpoints(ObjectRef, SocketAddr),
    /// A DROP rule: the source is not in the Service's `loadBalancerSourceRanges`.
    SourceNotAllowed(ObjectRef, SocketAddr),
    /// Nothing listens at the address: the kernel answers RST.
    NotListening(SocketAddr),
    /// No machine has the address: the packet is lost.
    NoSuchAddress(SocketAddr),
    /// No answer came in time: the address, and how long it was tried.
    TimedOut(SocketAddr, Duration),
    /// The API server refuses: HTTP status code, reason, message.
    Api(u16, Text, Text),
    /// A DNS question that ended without an address: the name and the response code (`NOERROR` for no data).
    Dns(Text, Text),
    /// A limit of the world ended a loop: what ran, and how many steps it took.
    OutOfFuel(Text, u64),
    /// The Service that has the address has no such port: it is answered with ICMP port unreachable.
    NoSuchPort(ObjectRef, SocketAddr),
    /// The address is of the Services' range and no Service has it: a rule drops the packet.
    Unallocated(SocketAddr),
    /// A load balancer outside has nothing for the port, or no node to send to: the packet is lost.
    NotForwarded(SocketAddr),
    /// NetworkPolicies isolate the pod, and no rule of them lets the connection through.
    Policy(PolicyRefusal),
    /// The kernel could not insert the packet's connection, since another packet of the same flow was faster: it is lost.
    InsertFailed(SocketAddr),
}

canon_enum!(Refusal {
    1 => NoEndpoints(service, address),
    2 => NotListening(address),
    3 => NoSuchAddress(address),
    4 => TimedOut(address, after),
    5 => Api(code, reason, message),
    6 => Dns(name, rcode),
    7 => OutOfFuel(what, steps),
    8 => InsertFailed(address),
    9 => NoLocalEndpoints(service, address),
    10 => SourceNotAllowed(service, source),
    11 => NoSuchPort(service, address),
    12 => Unallocated(address),
    13 => NotForwarded(address),
    14 => Policy(refusal),
});

/// What NetworkPolicies refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRefusal {
    /// Whether on the way in; otherwise on the way out.
    pub ingress: bool,
    /// The pod that is isolated.
    pub pod: ObjectRef,
    /// The policies that isolate it.
    pub policies: Vec<ObjectRef>,
    /// The other end.
    pub peer: SocketAddr,
}

canon_struct!(PolicyRefusal { ingress, pod, policies, peer });
