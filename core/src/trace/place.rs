//! Where something happened: the spots that the page can draw. Knows no coordinates.

use crate::base::Text;
use crate::canon_enum;
use std::fmt;

/// A spot of the cluster or beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A machine outside the cluster, such as the operator's own (`host`).
    Outside(Text),
    /// A pod, by namespace and name.
    Pod(Text, Text),
    /// A node: its network stack and the rules in it.
    Node(Text),
    /// The API server.
    ApiServer,
    /// The API server's storage.
    Etcd,
    /// A controller of the controller manager, by name.
    Controller(Text),
    /// The scheduler.
    Scheduler,
    /// The kubelet of a node.
    Kubelet(Text),
    /// The kube-proxy of a node.
    KubeProxy(Text),
    /// The simulation itself: fuel and faults.
    World,
    /// The load balancer that the cloud made for a Service, by namespace and name.
    LoadBalancer(Text, Text),
}

canon_enum!(Place {
    1 => Outside(name),
    2 => Pod(namespace, name),
    3 => Node(name),
    4 => ApiServer,
    5 => Etcd,
    6 => Controller(name),
    7 => Scheduler,
    8 => Kubelet(node),
    9 => KubeProxy(node),
    10 => World,
    11 => LoadBalancer(namespace, service),
});

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Outside(name) | Place::Node(name) => write!(f, "{name}"),
            Place::Pod(namespace, name) => write!(f, "pod {namespace}/{name}"),
            Place::ApiServer => write!(f, "kube-apiserver"),
            Place::Etcd => write!(f, "etcd"),
            Place::Controller(name) => write!(f, "{name}"),
            Place::Scheduler => write!(f, "kube-scheduler"),
            Place::Kubelet(node) => write!(f, "kubelet {node}"),
            Place::KubeProxy(node) => write!(f, "kube-proxy {node}"),
            Place::World => write!(f, "world"),
            Place::LoadBalancer(namespace, service) => write!(f, "load balancer {namespace}/{service}"),
        }
    }
}
