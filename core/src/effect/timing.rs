//! How long the control plane takes: the propagation model. A cluster file may change each.

use crate::base::Duration;

/// Durations of the control plane. The defaults are typical of a small healthy cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// From a client to the API server, and the same back.
    pub api: Duration,
    /// The API server's write to storage.
    pub storage: Duration,
    /// From a write to a watching controller: least, and how much more it may take.
    pub watch: (Duration, Duration),
    /// From a write to a watching kubelet, kube-proxy or CoreDNS: least, and how much more it may take.
    pub watch_node: (Duration, Duration),
    /// A controller's work on one key.
    pub reconcile: Duration,
    /// Sandbox and network of a pod.
    pub sandbox: Duration,
    /// Pulling an image (once per node; later starts find it there).
    pub image_pull: Duration,
    /// Starting a container.
    pub container_start: Duration,
    /// kube-proxy's `minSyncPeriod`.
    pub proxy_min_sync: Duration,
    /// Writing the rules.
    pub proxy_apply: Duration,
    /// What the cloud takes to make a load balancer.
    pub load_balancer: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            api: Duration::micros(500),
            storage: Duration::millis(1),
            watch: (Duration::millis(3), Duration::millis(7)),
            watch_node: (Duration::millis(5), Duration::millis(25)),
            reconcile: Duration::millis(2),
            sandbox: Duration::millis(150),
            image_pull: Duration::millis(400),
            container_start: Duration::millis(100),
            proxy_min_sync: Duration::secs(1),
            proxy_apply: Duration::millis(15),
            load_balancer: Duration::secs(20),
        }
    }
}
