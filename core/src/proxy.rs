//! Floor 6: kube-proxies: what a node believes of Services, as the rules that it would write.
