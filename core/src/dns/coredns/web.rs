//! What `health`, `ready` and `prometheus` say over HTTP. Knows no sockets.

use crate::dns::plugins::prometheus::{self, head};
use crate::dns::plugins::{Plugin, cache};
use crate::dns::server::Server;
use crate::net::http1::{Parsed, parse_request, write_response};
use bytes::Bytes;
use http::Response;
use std::fmt::Write;

/// The answer to what a connection has sent so far, once that is a whole request.
pub fn answer(buffer: &[u8], what: &str, synced: bool, metrics: impl FnOnce() -> String) -> Option<Bytes> {
    let path = match parse_request(buffer) {
        Parsed::Whole(request, _) => request.uri().path().to_string(),
        Parsed::Bad => String::new(),
        Parsed::Partial => return None,
    };
    let (status, body) = match path.as_str() {
        "/health" if what == "health" => (200, "OK".to_string()),
        "/ready" if what == "ready" && synced => (200, "OK".to_string()),
        "/ready" if what == "ready" => (503, "kubernetes".to_string()),
        "/metrics" if what == "metrics" => (200, metrics()),
        _ => (404, "404 page not found\n".to_string()),
    };
    let content = if status == 200 && path == "/metrics" {
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    } else {
        "text/plain; charset=utf-8"
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", content)
        .header("connection", "close")
        .body(Bytes::from(body));
    response.ok().map(|response| write_response(&response))
}

/// All metrics, in the order of their names.
pub fn metrics(server: &Server, failed_reloads: u64, rejected: u64) -> String {
    let mut out = String::new();
    let name = "coredns_build_info";
    let help = "A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.";
    head(&mut out, name, "gauge", help);
    let _ = writeln!(out, "{name}{{goversion=\"go1.26.6\",revision=\"4b26cce\",version=\"1.14.7\"}} 1");
    let caches = server.plugins().filter_map(|plugin| match plugin {
        Plugin::Cache(cache) => Some(&**cache),
        _ => None,
    });
    let caches: Vec<&cache::Cache> = caches.collect();
    if !caches.is_empty() {
        cache::write_metrics(&caches, &mut out);
    }
    let counting = server.plugins().filter_map(|plugin| match plugin {
        Plugin::Prometheus(prometheus) => Some(&**prometheus),
        _ => None,
    });
    let counting: Vec<&prometheus::Prometheus> = counting.collect();
    prometheus::write(&counting, &mut out);
    let name = "coredns_forward_max_concurrent_rejects_total";
    head(
        &mut out,
        name,
        "counter",
        "Counter of the number of queries rejected because the concurrent queries were at maximum.",
    );
    let _ = writeln!(out, "{name} {rejected}");
    let name = "coredns_panics_total";
    head(&mut out, name, "counter", "A metrics that counts the number of panics.");
    let _ = writeln!(out, "{name} 0");
    let name = "coredns_plugin_enabled";
    head(
        &mut out,
        name,
        "gauge",
        "A metric that indicates whether a plugin is enabled on per server and zone basis.",
    );
    for block in &server.blocks {
        for (zone, port) in &block.listens {
            for plugin in block.names() {
                let _ = writeln!(
                    out,
                    "{name}{{name=\"{plugin}\",server=\"dns://:{port}\",view=\"\",zone=\"{zone}\"}} 1"
                );
            }
        }
    }
    let name = "coredns_reload_failed_total";
    head(&mut out, name, "counter", "Counter of the number of failed reload attempts.");
    let _ = writeln!(out, "{name} {failed_reloads}");
    out
}
