//! The tree of names that kube-dns answers from: made on the way down, from its copy of the cluster. Knows no messages.
//! Models: kubernetes/dns pkg/dns/dns.go, treecache/treecache.go, util/util.go.
//! Omits: federation; endpoints come from slices where kube-dns reads Endpoints.

use crate::base::{FlatMap, Text};
use crate::dns::zone::{Cluster, Endpoint, Service};
use std::net::IpAddr;

/// What stands at a name: an address or another name, and for a port its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The address or name.
    pub host: Text,
    /// The port; 0 for none.
    pub port: u16,
    /// The full name at which it stands, without a final dot.
    pub key: Text,
}

impl Value {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// A place in the tree.
#[derive(Debug, Clone)]
enum Node<'a> {
    Root,
    Svc,
    Namespace(&'a Text),
    Service(&'a Text, &'a Text),
    Protocol(&'a Text, &'a Text, Text),
    Port(&'a Text, &'a Text, Text, Text),
}

/// The tree.
pub struct Tree<'a> {
    /// The copy of the cluster.
    pub cluster: &'a Cluster,
    /// The domain, without its final dot.
    pub domain: &'a str,
}

impl<'a> Tree<'a> {
    /// What stands at a name below the domain, `*` for any label; `exact`: at the name itself alone.
    pub fn find(&self, name: &str, exact: bool) -> Vec<Value> {
        let labels: Vec<&str> = name.split('.').filter(|label| !label.is_empty()).rev().collect();
        if let ["pod", namespace, pod] = labels.as_slice()
            && !labels.contains(&"*")
        {
            // No pod needs to be there, and no namespace.
            let ip = pod.replace('-', ".").parse::<IpAddr>();
            let key = format!("{pod}.{namespace}.pod.{}", self.domain).into();
            return ip.map(|ip| Value { host: ip.to_string().into(), port: 0, key }).into_iter().collect();
        }
        let Some((last, path)) = labels.split_last() else { return Vec::new() };
        let mut nodes = vec![Node::Root];
        for label in path {
            let below = nodes.iter().flat_map(|node| self.children(node));
            let fits = |key: &Text| if *label == "*" { !key.starts_with('_') } else { **key == **label };
            nodes = below.filter(|(key, _)| fits(key)).map(|(_, node)| node).collect();
        }
        let (mut found, mut ends) = (Vec::new(), Vec::new());
        for node in nodes {
            let entries = self.entries(&node);
            match entries.get(*last) {
                _ if *last == "*" && !exact => ends.push(node),
                Some(value) => found.push(value.clone()),
                None if exact => {}
                None => ends.extend(
                    self.children(&node).into_iter().filter(|(key, _)| **key == **last).map(|(_, n)| n),
                ),
            }
        }
        for node in ends {
            found.extend(self.entries(&node).into_values());
        }
        found
    }

    /// The name of an address: a Service's alone has one.
    pub fn name_of(&self, ip: IpAddr) -> Option<Text> {
        let (namespace, service) = self.cluster.service_at(ip)?;
        Some(self.full(&format!("{service}.{namespace}")))
    }

    fn full(&self, below: &str) -> Text {
        format!("{below}.svc.{}", self.domain).into()
    }

    fn children(&self, node: &Node<'a>) -> Vec<(Text, Node<'a>)> {
        match node {
            Node::Root => vec![("svc".into(), Node::Svc)],
            Node::Svc => {
                self.cluster.namespaces().map(|name| (name.clone(), Node::Namespace(name))).collect()
            }
            Node::Namespace(namespace) => {
                let services =
                    self.services(namespace).filter(|(_, service)| service.external_name.is_none());
                services.map(|(name, _)| (name.clone(), Node::Service(namespace, name))).collect()
            }
            Node::Service(namespace, service) => {
                let protocols: FlatMap<Text, ()> =
                    self.ports(namespace, service).into_iter().map(|(p, ..)| (p, ())).collect();
                let node = |protocol: Text| Node::Protocol(namespace, service, protocol);
                protocols.into_keys().map(|protocol| (protocol.clone(), node(protocol))).collect()
            }
            Node::Protocol(namespace, service, protocol) => {
                let ports = self.ports(namespace, service).into_iter().filter(|(p, ..)| p == protocol);
                let names: FlatMap<Text, ()> = ports.map(|(_, name, ..)| (name, ())).collect();
                let node = |name: Text| Node::Port(namespace, service, protocol.clone(), name);
                names.into_keys().map(|name| (name.clone(), node(name))).collect()
            }
            Node::Port(..) => Vec::new(),
        }
    }

    fn entries(&self, node: &Node<'a>) -> FlatMap<Text, Value> {
        match node {
            Node::Root | Node::Svc | Node::Protocol(..) => FlatMap::new(),
            Node::Namespace(namespace) => {
                let names = self.services(namespace).filter_map(|(name, service)| {
                    let host = service.external_name.clone()?;
                    let key = self.full(&format!("{name}.{namespace}"));
                    Some((name.clone(), Value { host, port: 0, key }))
                });
                names.collect()
            }
            Node::Service(namespace, service) => {
                let backends = self.backends(namespace, service).into_iter();
                let entry = |(label, ip): (Text, IpAddr)| {
                    let key = self.full(&format!("{label}.{service}.{namespace}"));
                    (label, Value { host: ip.to_string().into(), port: 0, key })
                };
                backends.map(entry).collect()
            }
            Node::Port(namespace, service, protocol, name) => {
                let ports = self.ports(namespace, service).into_iter();
                let own = ports.filter(|(p, n, ..)| p == protocol && n == name);
                let entry = |(_, _, number, label): (Text, Text, u16, Option<Text>)| {
                    let base = self.full(&format!("{service}.{namespace}"));
                    // A Service's own entry is named by its address's hash, and leads to the Service's name.
                    let (host, label): (Text, Text) = match label {
                        Some(label) => (format!("{label}.{base}").into(), label),
                        None => (base.clone(), self.own_label(namespace, service)),
                    };
                    let key = format!("{label}.{name}.{protocol}.{base}").into();
                    (label, Value { host, port: number, key })
                };
                own.map(entry).collect()
            }
        }
    }

    fn services(&self, namespace: &Text) -> impl Iterator<Item = (&'a Text, &'a Service)> + use<'a> {
        let entries = self.cluster.entries(namespace);
        entries.filter_map(|(name, entry)| Some((name, entry.service.as_ref()?)))
    }

    fn service(&self, namespace: &str, name: &str) -> Option<&'a Service> {
        self.cluster.entry(namespace, name)?.service.as_ref()
    }

    fn own_label(&self, namespace: &str, name: &str) -> Text {
        let ip = self.service(namespace, name).and_then(|service| service.ips.first());
        ip.map(|ip| label_of(*ip)).unwrap_or_default()
    }

    /// Labels and addresses below a Service: its own, or each endpoint's of a headless one.
    fn backends(&self, namespace: &str, name: &str) -> Vec<(Text, IpAddr)> {
        let Some(service) = self.service(namespace, name) else { return Vec::new() };
        if !service.headless {
            return service.ips.first().map(|ip| (label_of(*ip), *ip)).into_iter().collect();
        }
        self.endpoints(namespace, name).map(|endpoint| (label(endpoint), endpoint.ip)).collect()
    }

    fn endpoints(&self, namespace: &str, name: &str) -> impl Iterator<Item = &'a Endpoint> + use<'a> {
        let entry = self.cluster.entry(namespace, name);
        entry.into_iter().flat_map(|entry| entry.slices.values()).flat_map(|slice| &slice.endpoints)
    }

    /// Named ports: protocol and name as labels, number, and for a headless Service the endpoint's label.
    fn ports(&self, namespace: &str, name: &str) -> Vec<(Text, Text, u16, Option<Text>)> {
        let Some(entry) = self.cluster.entry(namespace, name) else { return Vec::new() };
        let Some(service) = &entry.service else { return Vec::new() };
        let named = |port: &crate::dns::zone::Port, label: Option<Text>| {
            let number = port.number?;
            let protocol = format!("_{}", port.protocol.to_ascii_lowercase()).into();
            let name = Some(&port.name).filter(|name| !name.is_empty())?;
            Some((protocol, format!("_{name}").into(), number, label))
        };
        if !service.headless {
            return service.ports.iter().filter_map(|port| named(port, None)).collect();
        }
        let mut all = Vec::new();
        for slice in entry.slices.values() {
            for endpoint in &slice.endpoints {
                all.extend(slice.ports.iter().filter_map(|port| named(port, Some(label(endpoint)))));
            }
        }
        all
    }
}

fn label(endpoint: &Endpoint) -> Text {
    if endpoint.hostname.is_empty() { label_of(endpoint.ip) } else { endpoint.hostname.clone() }
}

/// The label of an address that has no host name: the FNV-1a hash of its record as Go prints it, in hexadecimal, and that
/// text in hexadecimal once more.
fn label_of(ip: IpAddr) -> Text {
    let record = format!("&{{{ip} 0 10 10  false 30 0  }}");
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    let hash = record.bytes().fold(2_166_136_261, step);
    format!("{hash:x}").bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a's published check value: of "a" it is e40c292c. The label has two digits for each of the hash's.
    #[test]
    fn labels_are_hashes_written_twice() {
        let label = label_of("10.96.0.1".parse().expect("an address"));
        let hash: Vec<u8> = (0..label.len())
            .step_by(2)
            .filter_map(|n| u8::from_str_radix(&label[n..n + 2], 16).ok())
            .collect();
        let hash = String::from_utf8(hash).expect("digits");
        assert!(u32::from_str_radix(&hash, 16).is_ok(), "{hash}");
    }
}
