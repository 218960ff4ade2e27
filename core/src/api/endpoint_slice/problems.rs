//! What is wrong with an EndpointSlice, in the order in which the API server looks.
//!
//! Models: `pkg/apis/discovery/validation/validation.go`.

use crate::api::service::problems::ports::protocol_problem;
use crate::api::{FieldError, Object, addresses, names, tree};
use crate::base::FlatSet;
use serde_json::{Value, json};
use std::net::IpAddr;

const MAX_ENDPOINTS: usize = 1_000;
const MAX_ADDRESSES: usize = 100;
const MAX_PORTS: usize = 20_000;
const MAX_HINTS: usize = 8;

/// The problems of a slice.
pub fn problems(slice: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let kind = slice.str("addressType");
    match kind {
        "" => wrong.push(FieldError::required("addressType", "")),
        "FQDN" | "IPv4" | "IPv6" => {}
        other => wrong.push(FieldError::not_supported("addressType", other, &["FQDN", "IPv4", "IPv6"])),
    }
    endpoints(slice, kind, &mut wrong);
    ports(slice, &mut wrong);
    if let Some(old) = old {
        wrong.extend(FieldError::immutable("addressType", slice.get("addressType"), old.get("addressType")));
    }
    wrong
}

fn endpoints(slice: &Object, kind: &str, wrong: &mut Vec<FieldError>) {
    let endpoints = slice.list("endpoints");
    if endpoints.len() > MAX_ENDPOINTS {
        wrong.push(FieldError::too_many("endpoints", endpoints.len(), MAX_ENDPOINTS));
        return;
    }
    for (i, endpoint) in endpoints.iter().enumerate() {
        let list = tree::list(endpoint, "addresses");
        let path = || format!("endpoints[{i}].addresses");
        if list.is_empty() {
            wrong.push(FieldError::required(path(), "must contain at least 1 address"));
        } else if list.len() > MAX_ADDRESSES {
            wrong.push(FieldError::too_many(path(), list.len(), MAX_ADDRESSES));
        }
        for (n, address) in list.iter().enumerate() {
            self::address(address, kind, &|| format!("endpoints[{i}].addresses[{n}]"), wrong);
        }
        let hostname = tree::str(endpoint, "hostname");
        if !hostname.is_empty() {
            for words in names::dns1123_label(hostname) {
                wrong.push(FieldError::invalid(format!("endpoints[{i}].hostname"), &json!(hostname), words));
            }
        }
        hints(endpoint, i, wrong);
    }
}

fn address(address: &Value, kind: &str, path: &dyn Fn() -> String, wrong: &mut Vec<FieldError>) {
    let text = address.as_str().unwrap_or_default();
    if kind == "FQDN" {
        let name = text.strip_suffix('.').unwrap_or(text);
        for words in names::dns1123_subdomain(name) {
            wrong.push(FieldError::invalid(path(), address, words));
        }
        return;
    }
    // Nearly all are fine: the path is written only for those that are not.
    let Ok(ip) = text.parse::<IpAddr>() else {
        wrong.push(FieldError::invalid(path(), address, addresses::NOT_AN_IP));
        return;
    };
    match kind {
        "IPv4" if !ip.is_ipv4() => {
            wrong.push(FieldError::invalid(path(), address, "must be an IPv4 address"));
        }
        "IPv6" if !ip.is_ipv6() => {
            wrong.push(FieldError::invalid(path(), address, "must be an IPv6 address"));
        }
        _ => {}
    }
    let special = addresses::special(ip, "");
    wrong.extend(special.into_iter().map(|error| FieldError { path: path(), ..error }));
}

fn hints(endpoint: &Value, i: usize, wrong: &mut Vec<FieldError>) {
    for field in ["forZones", "forNodes"] {
        let hints = tree::list(endpoint, &format!("hints.{field}"));
        let path = format!("endpoints[{i}].hints.{field}");
        if hints.len() > MAX_HINTS {
            wrong.push(FieldError::too_many(path, hints.len(), MAX_HINTS));
            continue;
        }
        let mut seen = FlatSet::new();
        for (n, hint) in hints.iter().enumerate() {
            let name = tree::str(hint, "name");
            if !seen.insert(name) {
                wrong.push(FieldError::duplicate(format!("{path}[{n}].name"), &json!(name)));
            }
        }
    }
}

fn ports(slice: &Object, wrong: &mut Vec<FieldError>) {
    let ports = slice.list("ports");
    if ports.len() > MAX_PORTS {
        wrong.push(FieldError::too_many("ports", ports.len(), MAX_PORTS));
        return;
    }
    let mut seen = FlatSet::new();
    for (i, port) in ports.iter().enumerate() {
        let (path, name) = (format!("ports[{i}]"), tree::str(port, "name"));
        if !name.is_empty() {
            for words in names::dns1123_label(name) {
                wrong.push(FieldError::invalid(format!("{path}.name"), &json!(name), words));
            }
        }
        if !seen.insert(name) {
            wrong.push(FieldError::duplicate(format!("{path}.name"), &json!(name)));
        }
        wrong.extend(protocol_problem(port, &path));
        if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
            for words in names::qualified_name(protocol) {
                wrong.push(FieldError::invalid(format!("{path}.appProtocol"), &json!(protocol), words));
            }
        }
    }
}
