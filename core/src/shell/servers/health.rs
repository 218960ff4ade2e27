//! What kube-proxy tells load balancers: whether a node has endpoints of a Service (health check node ports), and whether
//! it is well itself (port 10256).
//! Models: `pkg/proxy/healthcheck/{service_health,proxy_health}.go`. Omits: an unhealthy kube-proxy, nodes that the
//! autoscaler is about to remove.

use super::answer::{Answer, Asked, go};
use crate::base::{Instant, Text};
use crate::process::Cx;

/// What a kube-proxy answers load balancers.
#[derive(Debug, Clone)]
pub enum Health {
    /// At a Service's health check node port.
    Service(u16),
    /// At its own port: whether it is well, and its node eligible.
    Proxy,
}

/// Where a node keeps what a port answers: namespace, name and the number of ready local endpoints, a line each.
pub fn path(port: u16) -> Text {
    format!("/run/kube-proxy/health/{port}").into()
}

impl Health {
    /// Answers a request.
    pub fn answer(&self, cx: &Cx<'_, '_>, asked: &Asked<'_>) -> Answer {
        match self {
            Health::Service(port) => service(cx, *port),
            Health::Proxy => proxy(cx.out.now, asked),
        }
    }
}

/// A Service's port answers whatever the path.
fn service(cx: &Cx<'_, '_>, port: u16) -> Answer {
    let told = cx.files.text(&path(port)).unwrap_or_default();
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

/// A kube-proxy that is well was last updated now.
fn proxy(now: Instant, asked: &Asked<'_>) -> Answer {
    let nosniff = ("x-content-type-options", "nosniff");
    let time = format!("{} +0000 UTC", now.rfc3339_micro().replace('T', " ").trim_end_matches('Z'));
    let eligible = match asked.request.uri().path() {
        "/healthz" => ", \"nodeEligible\": true",
        "/livez" => "",
        _ => {
            let headers = [("content-type", "text/plain; charset=utf-8"), nosniff];
            return go(now, 404, &headers, "404 page not found\n");
        }
    };
    let body = format!("{{\"lastUpdated\": {time:?},\"currentTime\": {time:?}{eligible}}}");
    go(now, 200, &[("content-type", "application/json"), nosniff], body)
}
