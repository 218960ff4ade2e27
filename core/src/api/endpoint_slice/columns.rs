//! The columns of EndpointSlices. Addresses are shown whether ready or not.
//!
//! Models: printEndpointSlice, formatDiscoveryPorts, formatDiscoveryEndpoints.

use crate::api::kinds::{column, name};
use crate::api::{Column, Object, age, tree};
use crate::base::Instant;
use serde_json::Value;

/// All of them.
pub const COLUMNS: &[Column] = &[
    column("Name", name),
    column("AddressType", address_type),
    column("Ports", ports),
    column("Endpoints", endpoints),
    column("Age", age::cell),
];

/// How many ports or addresses are shown.
const SHOWN: usize = 3;

fn address_type(slice: &Object, _: Instant) -> String {
    slice.str("addressType").to_string()
}

fn ports(slice: &Object, _: Instant) -> String {
    let ports = slice.list("ports").iter();
    let texts = ports.map(|port| match (tree::int(port, "port"), tree::str(port, "name")) {
        (Some(number), _) => number.to_string(),
        (None, "") => "*".to_string(),
        (None, name) => name.to_string(),
    });
    first_few(texts)
}

fn endpoints(slice: &Object, _: Instant) -> String {
    let addresses = slice.list("endpoints").iter().flat_map(|e| tree::list(e, "addresses"));
    first_few(addresses.filter_map(Value::as_str).map(String::from))
}

fn first_few(texts: impl Iterator<Item = String>) -> String {
    let mut shown = Vec::new();
    let mut count = 0;
    for text in texts {
        count += 1;
        if count <= SHOWN {
            shown.push(text);
        }
    }
    match count {
        0 => "<unset>".into(),
        n if n > SHOWN => format!("{} + {} more...", shown.join(","), n - SHOWN),
        _ => shown.join(","),
    }
}
