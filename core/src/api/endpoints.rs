//! Endpoints: the deprecated list of a Service's addresses.
//!
//! Models: `pkg/apis/core/v1` Endpoints, printEndpoints.

use super::kinds::{column, name};
use super::{Kind, Object, age, tree};
use crate::base::Instant;
use serde_json::Value;

/// The kind.
pub static ENDPOINTS: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short: &["ep"],
    create_on_update: true,
    defaults,
    columns: &[column("Name", name), column("Endpoints", addresses), column("Age", age::cell)],
    ..Kind::PLAIN
};

/// What the API server says whenever the kind is used.
pub const DEPRECATION: &str = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

fn defaults(endpoints: &mut Value) {
    for subset in tree::list_mut(endpoints, "subsets") {
        for port in tree::list_mut(subset, "ports") {
            tree::default(port, "protocol", "TCP");
        }
    }
}

/// Ready addresses with each port, three at most: `10.244.1.4:80,10.244.2.4:80 + 4 more...`.
fn addresses(endpoints: &Object, _: Instant) -> String {
    const SHOWN: usize = 3;
    let mut shown = Vec::new();
    let mut count = 0;
    for subset in endpoints.list("subsets") {
        let ports = tree::list(subset, "ports");
        let mut take = |text: String| {
            count += 1;
            if count <= SHOWN {
                shown.push(text);
            }
        };
        let ips = tree::list(subset, "addresses").iter().map(|a| tree::str(a, "ip"));
        if ports.is_empty() {
            ips.for_each(|ip| take(ip.to_string()));
        } else {
            for port in ports {
                let number = tree::int(port, "port").unwrap_or(0);
                ips.clone().for_each(|ip| take(host_port(ip, number)));
            }
        }
    }
    match count {
        0 => "<none>".into(),
        n if n > SHOWN => format!("{} + {} more...", shown.join(","), n - SHOWN),
        _ => shown.join(","),
    }
}

fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}
