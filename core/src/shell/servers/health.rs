//! kube-proxy's health check node port: tells load balancers whether a node has endpoints of a Service.
//! Models: `pkg/proxy/healthcheck/service_health.go`. Omits: an unhealthy kube-proxy.

use super::answer::{Answer, Asked, go};
use crate::base::Text;
use crate::process::Cx;

/// The server of one Service's port on one node.
#[derive(Debug, Clone)]
pub struct Health {
    /// The port.
    pub port: u16,
}

/// Where a node keeps what a port answers: namespace, name and the number of ready local endpoints, a line each.
pub fn path(port: u16) -> Text {
    format!("/run/kube-proxy/health/{port}").into()
}

impl Health {
    /// Answers a request, whatever its path.
    pub fn answer(&self, cx: &Cx<'_, '_>, _: &Asked<'_>) -> Answer {
        let told = cx.files.text(&path(self.port)).unwrap_or_default();
        let mut lines = told.lines();
        let (namespace, name) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let count: u32 = lines.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        let body = format!(
            "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{namespace}\",\n\t\t\"name\": \"{name}\"\n\t}},\n\t\
             \"localEndpoints\": {count},\n\t\"serviceProxyHealthy\": true\n}}"
        );
        let weight = count.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("x-content-type-options", "nosniff"),
            ("x-load-balancing-endpoint-weight", weight.as_str()),
        ];
        go(cx.out.now, if count > 0 { 200 } else { 503 }, &headers, body)
    }
}
