//! What a fresh API server finds or makes when it starts: the namespaces and the Service of its own.
//!
//! Models: `pkg/controlplane/controller/{systemnamespaces,kubernetesservice}`, `pkg/controlplane/reconcilers`.

use super::ApiServer;
use crate::api::{
    Kind, Object, Request, endpoint_slice, endpoints, namespace, service, service_account, tree,
};
use crate::base::Duration;
use crate::effect::{Out, Wake};
use serde_json::{Value, json};

/// The namespaces that every cluster has.
pub const NAMESPACES: &[&str] = &["kube-system", "kube-public", "kube-node-lease", "default"];
/// How often the API server looks after its own Service.
const OWN_PERIOD: Duration = Duration::secs(10);
/// Who does it.
pub(super) const AGENT: &str = "kube-apiserver";

impl ApiServer {
    /// Makes what every cluster has. What is there already stays.
    pub fn bootstrap(&mut self, out: &mut Out<'_>) {
        for name in NAMESPACES {
            self.make(&namespace::NAMESPACE, json!({ "metadata": { "name": name } }), out);
        }
        for namespace in NAMESPACES {
            let account = json!({ "metadata": { "name": "default", "namespace": namespace } });
            self.make(&service_account::SERVICE_ACCOUNT, account, out);
        }
        self.default_ranges(out);
        self.look_after_own(out);
    }

    /// Makes the `kubernetes` Service and its endpoints where they are missing, now and again and again.
    pub fn look_after_own(&mut self, out: &mut Out<'_>) {
        out.timer(OWN_PERIOD, Wake::ApiServer);
        let Some(first) = self.config.service_ranges.first().and_then(|range| range.hosts().next()) else {
            return;
        };
        let family = if first.is_ipv4() { "IPv4" } else { "IPv6" };
        let service = json!({
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { "component": "apiserver", "provider": "kubernetes" },
            },
            "spec": {
                "clusterIP": first.to_string(), "ipFamilies": [family], "ipFamilyPolicy": "SingleStack",
                "sessionAffinity": "None", "type": "ClusterIP",
                "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": self.config.port }],
            },
        });
        self.make(&service::SERVICE, service, out);
        self.own_endpoints(out);
    }

    /// The endpoints of the `kubernetes` Service: the API server's own address.
    fn own_endpoints(&mut self, out: &mut Out<'_>) {
        let (address, port) = (self.config.address, self.config.port);
        let ports = json!([{ "name": "https", "port": port, "protocol": "TCP" }]);
        let list = json!({
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" },
            },
            "subsets": [{ "addresses": [{ "ip": address.to_string() }], "ports": ports }],
        });
        self.make(&endpoints::ENDPOINTS, list, out);
        let slice = json!({
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": { endpoint_slice::SERVICE_NAME_LABEL: "kubernetes" },
            },
            "addressType": if address.is_ipv4() { "IPv4" } else { "IPv6" },
            "endpoints": [{ "addresses": [address.to_string()], "conditions": { "ready": true } }],
            "ports": ports,
        });
        self.make(&endpoint_slice::ENDPOINT_SLICE, slice, out);
    }

    pub(super) fn make(&mut self, kind: &'static Kind, mut object: Value, out: &mut Out<'_>) {
        tree::set(&mut object, "apiVersion", kind.api_version());
        tree::set(&mut object, "kind", kind.kind);
        let object = Object::new(kind, object);
        if self.stored(kind, object.namespace(), object.name()).is_none() {
            let made = self.request(&Request::create(AGENT, object), out);
            debug_assert!(made.is_ok(), "what every cluster has is valid: {made:?}");
        }
    }
}
