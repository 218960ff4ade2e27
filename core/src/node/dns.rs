//! A pod's names: resolv.conf, hosts and hostname, as files of its sandbox.
//!
//! Models: `pkg/kubelet/network/dns/dns.go`, `kubelet_pods.go` (`GeneratePodHostNameAndDomain`,
//! `managedHostsFileContent`), `pkg/kubelet/util/util_unix.go` (`GetNodenameForKernel`).

use super::config::NodeConfig;
use crate::api::{Object, tree};
use crate::base::Text;
use bytes::Bytes;
use serde_json::Value;
use std::net::IpAddr;

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCH_CHARS: usize = 2_048;
const MAX_SEARCH_NAME: usize = 253;
/// The longest name that Linux takes as a machine's own.
const MAX_KERNEL_NAME: usize = 64;

/// What a pod's sandbox is given.
pub struct Names {
    /// The files, by path.
    pub files: Vec<(Text, Bytes)>,
    /// What was left out of resolv.conf, in the words of the events that say so.
    pub trimmed: Vec<String>,
}

/// The names of a pod with this address; a problem when the machine's name would be too long.
pub fn names(pod: &Object, ip: IpAddr, config: &NodeConfig) -> Result<Names, String> {
    let own = kernel_name(pod, config)?;
    let (resolv_conf, trimmed) = resolv_conf(pod, config);
    let files = vec![
        ("/etc/resolv.conf".into(), resolv_conf.into()),
        ("/etc/hosts".into(), hosts(pod, ip, config).into()),
        ("/etc/hostname".into(), format!("{own}\n").into()),
    ];
    Ok(Names { files, trimmed })
}

/// The machine's own resolv.conf.
pub fn of_machine(config: &NodeConfig) -> String {
    let (servers, searches) = &config.host_dns;
    let servers = servers.iter().map(ToString::to_string).collect();
    render(servers, searches.iter().map(ToString::to_string).collect(), &[]).0
}

fn is_on_host_network(pod: &Object) -> bool {
    pod.bool("spec.hostNetwork") == Some(true)
}

/// What `hostname` prints in the pod, and what its `HOSTNAME` is.
pub fn kernel_name(pod: &Object, config: &NodeConfig) -> Result<String, String> {
    if is_on_host_network(pod) {
        return Ok(config.name.to_string());
    }
    let (hostname, domain) = hostname_and_domain(pod, config);
    if domain.is_empty() || pod.bool("spec.setHostnameAsFQDN") != Some(true) {
        return Ok(hostname);
    }
    let name = format!("{hostname}.{domain}");
    if name.len() > MAX_KERNEL_NAME {
        return Err(format!(
            "failed to construct FQDN from pod hostname and cluster domain, FQDN {name} is too long \
             ({MAX_KERNEL_NAME} characters is the max, {} characters requested)",
            name.len()
        ));
    }
    Ok(name)
}

/// The pod's host name, of at most 63 characters, and the domain of its subdomain, or nothing.
fn hostname_and_domain(pod: &Object, config: &NodeConfig) -> (String, String) {
    let said = |field: &str| Some(pod.str(field)).filter(|text| !text.is_empty());
    if let Some(name) = said("spec.hostnameOverride") {
        return (name.chars().take(MAX_KERNEL_NAME).collect(), String::new());
    }
    let cut: String = said("spec.hostname").unwrap_or(pod.name()).chars().take(63).collect();
    let domain = said("spec.subdomain").map_or_else(String::new, |subdomain| {
        format!("{subdomain}.{}.svc.{}", pod.namespace(), config.cluster_domain)
    });
    (cut.trim_end_matches(['-', '.']).to_string(), domain)
}

/// The pod's resolv.conf, and what was left out of it.
fn resolv_conf(pod: &Object, config: &NodeConfig) -> (String, Vec<String>) {
    let policy = match pod.str("spec.dnsPolicy") {
        "" | "ClusterFirst" if is_on_host_network(pod) => "Default",
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

fn render(
    servers: Vec<String>,
    searches: Vec<String>,
    options: &[(String, String)],
) -> (String, Vec<String>) {
    let mut trimmed = Vec::new();
    let mut servers = distinct(servers);
    if servers.len() > MAX_NAMESERVERS {
        servers.truncate(MAX_NAMESERVERS);
        trimmed.push(format!(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {}",
            servers.join(" ")
        ));
    }
    let searches = distinct(searches.iter().map(|s| s.trim_end_matches('.').to_string()).collect());
    let mut searches: Vec<String> = searches.into_iter().filter(|s| !s.is_empty()).collect();
    let all = searches.len();
    searches.truncate(MAX_SEARCHES);
    searches.retain(|search| search.len() <= MAX_SEARCH_NAME);
    while searches.join(" ").len() > MAX_SEARCH_CHARS {
        searches.pop();
    }
    if searches.len() < all {
        trimmed.push(format!(
            "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {}",
            searches.join(" ")
        ));
    }
    let mut text = String::new();
    if !searches.is_empty() {
        text.push_str(&format!("search {}\n", searches.join(" ")));
    }
    for server in &servers {
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
    (text, trimmed)
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
fn hosts(pod: &Object, ip: IpAddr, config: &NodeConfig) -> String {
    let is_on_host = is_on_host_network(pod);
    let header = if is_on_host {
        "# Kubernetes-managed hosts file (host network)."
    } else {
        "# Kubernetes-managed hosts file."
    };
    let mut text = format!(
        "{header}\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
         fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
    );
    let names = match hostname_and_domain(pod, config) {
        _ if is_on_host => config.name.to_string(),
        (hostname, domain) if domain.is_empty() => hostname,
        (hostname, domain) => format!("{hostname}.{domain}\t{hostname}"),
    };
    for ip in std::iter::once(ip).chain(config.other_ip(ip)) {
        text.push_str(&format!("{ip}\t{names}\n"));
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
            resolv_conf(&pod(json!({ "dnsPolicy": "ClusterFirst" })), &config).0,
            "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
        );
        let tuned = json!({ "dnsConfig": { "options": [{ "name": "ndots", "value": "2" }, { "name": "edns0" }],
            "searches": ["example.com", "cluster.local"] } });
        assert_eq!(
            resolv_conf(&pod(tuned), &config).0,
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
