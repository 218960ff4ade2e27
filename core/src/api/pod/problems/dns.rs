//! What is wrong with `dnsConfig`.

use crate::api::{FieldError, addresses, names, tree};
use serde_json::{Value, json};

/// The problems, given the pod's spec and the path of its `dnsConfig`.
pub(super) fn problems(spec: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    const NAMESERVERS: usize = 3;
    const SEARCHES: usize = 32;
    const SEARCH_LENGTH: usize = 2_048;
    let servers = tree::list(spec, "dnsConfig.nameservers");
    if tree::str(spec, "dnsPolicy") == "None" {
        if tree::get(spec, "dnsConfig").is_none() {
            wrong.push(FieldError::required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
            return;
        }
        if servers.is_empty() {
            let words = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            wrong.push(FieldError::required(format!("{path}.nameservers"), words));
        }
    }
    if servers.len() > NAMESERVERS {
        let words = format!("must not have more than {NAMESERVERS} nameservers");
        wrong.push(FieldError::invalid(format!("{path}.nameservers"), &json!(servers), words));
    }
    for (i, server) in servers.iter().enumerate() {
        wrong.extend(addresses::ip(server, &format!("{path}.nameservers[{i}]")).err());
    }
    let searches = tree::list(spec, "dnsConfig.searches");
    let texts: Vec<&str> = searches.iter().filter_map(Value::as_str).collect();
    if texts.len() > SEARCHES {
        let words = format!("must not have more than {SEARCHES} search paths");
        wrong.push(FieldError::invalid(format!("{path}.searches"), &json!(searches), words));
    }
    if texts.join(" ").len() > SEARCH_LENGTH {
        let words = format!(
            "must not have more than {SEARCH_LENGTH} characters (including spaces) in the search list"
        );
        wrong.push(FieldError::invalid(format!("{path}.searches"), &json!(searches), words));
    }
    for (i, search) in texts.iter().enumerate() {
        // The root alone is a search path too, and underscores are let through.
        let name = search.strip_suffix('.').unwrap_or(search).replace('_', "-");
        let words = if name.is_empty() { Vec::new() } else { names::dns1123_subdomain(&name) };
        for words in words {
            wrong.push(FieldError::invalid(format!("{path}.searches[{i}]"), &json!(search), words));
        }
    }
    for (i, option) in tree::list(spec, "dnsConfig.options").iter().enumerate() {
        if tree::str(option, "name").is_empty() {
            wrong.push(FieldError::required(format!("{path}.options[{i}]"), "must not be empty"));
        }
    }
}
