//! What an API server and its controllers put into a new cluster by themselves: namespaces, the `kubernetes` Service and
//! where it leads.
//!
//! Models: `pkg/controlplane/controller/{systemnamespaces,kubernetesservice}`, `pkg/controlplane/reconcilers`.

use super::ApiServer;
use crate::api::{Object, Request, endpoint_slice, namespace, service, service_account};
use crate::effect::Out;
use serde_json::json;

/// Who makes them.
const AGENT: &str = "kube-apiserver";
/// The namespaces of every cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl ApiServer {
    /// Puts everything there.
    pub fn bootstrap(&mut self, out: &mut Out<'_>) {
        for name in NAMESPACES {
            let tree = json!({ "metadata": { "name": name } });
            self.make(Object::new(&namespace::NAMESPACE, tree), out);
        }
        for name in NAMESPACES {
            let tree = json!({ "metadata": { "name": "default", "namespace": name } });
            self.make(Object::new(&service_account::SERVICE_ACCOUNT, tree), out);
        }
        let labels = json!({ "component": "apiserver", "provider": "kubernetes" });
        let ip = self.addresses.first().map(|pool| pool.first().to_string());
        let (address, port) = (self.config.address, self.config.port);
        let tree = json!({
            "metadata": { "name": "kubernetes", "namespace": "default", "labels": labels },
            "spec": {
                "type": "ClusterIP", "clusterIP": ip,
                "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": port }],
            },
        });
        self.make(Object::new(&service::SERVICE, tree), out);
        let tree = json!({
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { endpoint_slice::SERVICE_NAME_LABEL: "kubernetes" },
            },
            "addressType": if address.is_ipv4() { "IPv4" } else { "IPv6" },
            "endpoints": [{ "addresses": [address.to_string()], "conditions": { "ready": true } }],
            "ports": [{ "name": "https", "port": port, "protocol": "TCP" }],
        });
        self.make(Object::new(&endpoint_slice::ENDPOINT_SLICE, tree), out);
    }

    fn make(&mut self, object: Object, out: &mut Out<'_>) {
        // A refusal would be in the log as a fact; there is no one to tell.
        let _ = self.request(&Request::create(AGENT, object), out);
    }
}
