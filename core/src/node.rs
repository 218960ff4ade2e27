//! Floor 6: kubelets: what runs on a node, probes, resolv.conf, environment. They know the cluster through their own caches only.
