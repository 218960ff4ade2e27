//! A pod's names: resolv.conf, hosts and hostname, as files of its sandbox.
//!
//! Models: `pkg/kubelet/network/dns/dns.go`, `kubelet_pods.go` (`managedHostsFileContent`).
//! Omits: `hostnameOverride`, `setHostnameAsFQDN`, the events about limits that were exceeded.

use super::config::NodeConfig;
use crate::api::{Object, tree};
use crate::base::Text;
use bytes::Bytes;
use serde_json::Value;
use std::net::IpAddr;

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCH_CHARS: usize = 2_048;

/// The files of a pod with this address.
pub fn files(pod: &Object, ip: IpAddr, config: &NodeConfig) -> Vec<(Text, Bytes)> {
    vec![
        ("/etc/resolv.conf".into(), resolv_conf(pod, config).into()),
        ("/etc/hosts".into(), hosts(pod, ip, config).into()),
        ("/etc/hostname".into(), format!("{}\n", hostname(pod)).into()),
    ]
}

/// The pod's host name: at most 63 characters.
pub fn hostname(pod: &Object) -> String {
    let name = Some(pod.str("spec.hostname")).filter(|name| !name.is_empty()).unwrap_or(pod.name());
    let cut: String = name.chars().take(63).collect();
    cut.trim_end_matches(['-', '.']).to_string()
}

/// The pod's resolv.conf.
pub fn resolv_conf(pod: &Object, config: &NodeConfig) -> String {
    let host_network = pod.bool("spec.hostNetwork") == Some(true);
    let policy = match pod.str("spec.dnsPolicy") {
        "" | "ClusterFirst" if host_network => "Default",
        "" | "ClusterFirstWithHostNet" => "ClusterFirst",
        policy => policy,
    };
    let (mut servers, mut searches, mut options) = (Vec::new(), Vec::new(), Vec::new());
    let (host_servers, host_searches) = &config.host_dns;
    match policy {
        "None" => {}
        "Default" => {
            servers.extend(host_servers.iter().map(ToString::to_string));
            searches.extend(host_searches.iter().map(ToString::to_string));
        }
        _ => {
            let domain = &config.cluster_domain;
            servers.push(config.cluster_dns.to_string());
            searches.push(format!("{}.svc.{domain}", pod.namespace()));
            searches.push(format!("svc.{domain}"));
            searches.push(domain.to_string());
            searches.extend(host_searches.iter().map(ToString::to_string));
            options.push(("ndots".to_string(), "5".to_string()));
        }
    }
    let strings = |path: &str| {
        let list = pod.list(path).iter().filter_map(Value::as_str).map(String::from);
        list.collect::<Vec<String>>()
    };
    servers.extend(strings("spec.dnsConfig.nameservers"));
    searches.extend(strings("spec.dnsConfig.searches"));
    for option in pod.list("spec.dnsConfig.options") {
        let (name, value) = (tree::str(option, "name"), tree::str(option, "value"));
        options.retain(|(known, _)| known != name);
        options.push((name.to_string(), value.to_string()));
    }
    render(servers, searches, &options)
}

fn render(servers: Vec<String>, searches: Vec<String>, options: &[(String, String)]) -> String {
    let servers = distinct(servers);
    let searches = distinct(searches.iter().map(|s| s.trim_end_matches('.').to_string()).collect());
    let mut searches: Vec<String> =
        searches.into_iter().filter(|s| !s.is_empty() && s.len() <= 253).take(MAX_SEARCHES).collect();
    while searches.join(" ").len() > MAX_SEARCH_CHARS {
        searches.pop();
    }
    let mut text = String::new();
    if !searches.is_empty() {
        text.push_str(&format!("search {}\n", searches.join(" ")));
    }
    for server in servers.iter().take(MAX_NAMESERVERS) {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        let one = |(name, value): &(String, String)| match value.as_str() {
            "" => name.clone(),
            value => format!("{name}:{value}"),
        };
        let words: Vec<String> = options.iter().map(one).collect();
        text.push_str(&format!("options {}\n", words.join(" ")));
    }
    text
}

fn distinct(list: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in list {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// The pod's hosts file.
pub fn hosts(pod: &Object, ip: IpAddr, config: &NodeConfig) -> String {
    let host_network = pod.bool("spec.hostNetwork") == Some(true);
    let header = if host_network {
        "# Kubernetes-managed hosts file (host network)."
    } else {
        "# Kubernetes-managed hosts file."
    };
    let mut text = format!(
        "{header}\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
         fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
    );
    if host_network {
        text.push_str(&format!("{ip}\t{}\n", config.name));
    } else {
        let hostname = hostname(pod);
        let subdomain = pod.str("spec.subdomain");
        if subdomain.is_empty() {
            text.push_str(&format!("{ip}\t{hostname}\n"));
        } else {
            let domain = &config.cluster_domain;
            let namespace = pod.namespace();
            text.push_str(&format!("{ip}\t{hostname}.{subdomain}.{namespace}.svc.{domain}\t{hostname}\n"));
        }
    }
    let aliases = pod.list("spec.hostAliases");
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names: Vec<&str> = tree::list(alias, "hostnames").iter().filter_map(Value::as_str).collect();
        text.push_str(&format!("{}\t{}\n", tree::str(alias, "ip"), names.join("\t")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::POD;
    use serde_json::json;

    fn pod(spec: Value) -> Object {
        Object::new(&POD, json!({ "metadata": { "name": "db-0", "namespace": "shop" }, "spec": spec }))
    }

    /// The file that containerd writes for a pod of namespace `shop`.
    #[test]
    fn cluster_first_searches_the_namespace_then_the_cluster() {
        let config = NodeConfig::numbered(1, "a");
        assert_eq!(
            resolv_conf(&pod(json!({ "dnsPolicy": "ClusterFirst" })), &config),
            "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
        );
        let tuned = json!({ "dnsConfig": { "options": [{ "name": "ndots", "value": "2" }, { "name": "edns0" }],
            "searches": ["example.com", "cluster.local"] } });
        assert_eq!(
            resolv_conf(&pod(tuned), &config),
            "search shop.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.96.0.10\n\
             options ndots:2 edns0\n"
        );
    }

    #[test]
    fn a_subdomain_gives_the_pod_a_full_name() {
        let ip = "10.244.1.7".parse().expect("an address");
        let text = hosts(&pod(json!({ "subdomain": "db" })), ip, &NodeConfig::numbered(1, "a"));
        assert!(text.ends_with("10.244.1.7\tdb-0.db.shop.svc.cluster.local\tdb-0\n"), "{text}");
    }
}
