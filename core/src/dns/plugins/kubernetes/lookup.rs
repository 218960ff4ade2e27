//! Names to Services, endpoints and pods. Knows no record but by what it is made of.
//! Models: CoreDNS plugin/kubernetes/{kubernetes,parse,reverse,ns}.go.

use super::{Kubernetes, PodMode, under};
use crate::base::Text;
use crate::dns::message::RecordType;
use crate::dns::name::is_reverse;
use crate::dns::plugins::Env;
use crate::dns::zone::{Cluster, Endpoint, Port, Service};
use std::net::IpAddr;

/// There is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

/// One lookup.
pub struct Lookup<'a, 'w> {
    /// The plugin's options.
    pub plugin: &'a Kubernetes,
    /// What is known.
    pub env: &'a Env<'a, 'w>,
    /// The zone, in the question's case.
    pub zone: &'a str,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit<'a> {
    /// An address of a Service, or of an endpoint of one: namespace, Service, endpoint label, address, port.
    Address(&'a str, &'a str, Option<&'a Text>, IpAddr, Option<u16>),
    /// A pod's address, or an address that is no Service's.
    Plain(IpAddr),
    /// A name elsewhere.
    External(&'a str),
}

impl Hit<'_> {
    /// The name elsewhere.
    pub fn external(&self) -> Option<&str> {
        match self {
            Hit::External(name) => Some(name),
            _ => None,
        }
    }

    /// The address.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Hit::Address(_, _, _, ip, _) | Hit::Plain(ip) => Some(*ip),
            Hit::External(_) => None,
        }
    }

    /// The port; none when the object declares none.
    pub fn port(&self) -> Option<u16> {
        match self {
            Hit::Address(_, _, _, _, port) => *port,
            Hit::Plain(_) | Hit::External(_) => None,
        }
    }

    /// The name under which it is found, in a zone as the client wrote it.
    pub fn domain(&self, zone: &str) -> Text {
        match self {
            Hit::Address(namespace, service, Some(label), ..) => {
                under(&format!("{label}.{service}.{namespace}.svc"), zone)
            }
            Hit::Address(namespace, service, None, ..) => under(&format!("{service}.{namespace}.svc"), zone),
            Hit::Plain(_) | Hit::External(_) => zone.into(),
        }
    }
}

/// A name taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request<'a> {
    port: &'a str,
    protocol: &'a str,
    endpoint: &'a str,
    service: &'a str,
    namespace: &'a str,
    kind: &'a str,
}

impl<'a> Lookup<'a, '_> {
    fn cluster(&self) -> &'a Cluster {
        self.env.cluster
    }

    /// A name without the zone.
    pub fn base<'n>(&self, lower: &'n str) -> &'n str {
        let end = if self.zone == "." { lower.len() } else { lower.len().saturating_sub(self.zone.len()) };
        lower.get(..end).unwrap_or_default().trim_end_matches('.')
    }

    /// What a name stands for, for a type: names elsewhere have no SRV records.
    pub fn services(&self, lower: &str, rtype: RecordType) -> Result<Vec<Hit<'a>>, Missing> {
        if self.base(lower) == "ns.dns" && rtype != RecordType::TXT {
            return Ok(self.servers().into_iter().map(|(_, ip)| Hit::Plain(ip)).collect());
        }
        let mut hits = self.records(lower)?;
        if rtype == RecordType::SRV {
            hits.retain(|hit| hit.external().is_none());
        }
        Ok(hits)
    }

    /// What a name stands for; nothing when it exists without standing for anything.
    pub fn records(&self, lower: &str) -> Result<Vec<Hit<'a>>, Missing> {
        let request = parse(self.base(lower))?;
        if request.kind.is_empty() {
            return Ok(Vec::new());
        }
        if is_reverse(lower) || !self.exposed(request.namespace) && !request.namespace.is_empty() {
            return Err(Missing);
        }
        if request.namespace.is_empty() {
            return Ok(Vec::new());
        }
        if request.kind == "pod" { self.pods(&request) } else { self.service(&request) }
    }

    fn exposed(&self, namespace: &str) -> bool {
        let listed = &self.plugin.namespaces;
        (listed.is_empty() || listed.iter().any(|n| **n == *namespace))
            && self.cluster().has_namespace(namespace)
    }

    fn pods(&self, request: &Request<'_>) -> Result<Vec<Hit<'a>>, Missing> {
        if self.plugin.pods == PodMode::Disabled {
            return Err(Missing);
        }
        if request.service.is_empty() {
            return Ok(Vec::new());
        }
        let name = request.service;
        let four = name.matches('-').count() == 3 && !name.contains("--");
        let text = name.replace('-', if four { "." } else { ":" });
        let ip: IpAddr = text.parse().map_err(|_| Missing)?;
        let there = self.plugin.pods == PodMode::Insecure || self.cluster().has_pod(request.namespace, ip);
        if there { Ok(vec![Hit::Plain(ip)]) } else { Err(Missing) }
    }

    fn service(&self, request: &Request<'_>) -> Result<Vec<Hit<'a>>, Missing> {
        if request.service.is_empty() {
            return Ok(Vec::new());
        }
        let namespaced = self.cluster().named_entry(request.namespace, request.service).ok_or(Missing)?;
        let (namespace, name, entry) = namespaced;
        let service = entry.service.as_ref().ok_or(Missing)?;
        if let Some(target) = &service.external_name {
            let plain = request.endpoint.is_empty() && request.port.is_empty() && request.protocol.is_empty();
            let is_name = target.parse::<IpAddr>().is_err();
            return if plain && is_name { Ok(vec![Hit::External(target)]) } else { Err(Missing) };
        }
        let slices = || entry.slices.values().filter(|_| !self.plugin.no_endpoints);
        if service.headless || !request.endpoint.is_empty() {
            let mut hits = Vec::new();
            for slice in slices() {
                for endpoint in &slice.endpoints {
                    let label = endpoint.label(self.plugin.endpoint_pod_names);
                    if !request.endpoint.is_empty() && !label.eq_ignore_ascii_case(request.endpoint) {
                        continue;
                    }
                    let ports = slice.ports.iter().filter(|port| matches(port, request));
                    hits.extend(
                        ports.map(|p| Hit::Address(namespace, name, Some(label), endpoint.ip, p.number)),
                    );
                }
            }
            return if hits.is_empty() { Err(Missing) } else { Ok(hits) };
        }
        if self.plugin.ignore_empty && slices().all(|slice| slice.endpoints.is_empty()) {
            return Err(Missing);
        }
        cluster_ips(service, request, namespace, name)
    }

    /// The names of an address: the Service that has it, else each endpoint's.
    pub fn names_of(&self, ip: IpAddr) -> Vec<Text> {
        let primary = &self.plugin.primary;
        let listed = |namespace: &str| self.plugin.namespaces.is_empty() || self.exposed(namespace);
        if let Some((namespace, service)) = self.cluster().service_at(ip)
            && listed(namespace)
        {
            return vec![under(&format!("{service}.{namespace}.svc"), primary)];
        }
        let mut names: Vec<Text> = Vec::new();
        for (namespace, service, endpoint) in self.cluster().endpoints_at(ip) {
            let label: &Text = Endpoint::label(endpoint, self.plugin.endpoint_pod_names);
            let name: Text = under(&format!("{label}.{service}.{namespace}.svc"), primary);
            if listed(namespace) && !self.plugin.no_endpoints && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The name servers of the zone: the Services behind which this CoreDNS runs, else its own addresses.
    pub fn servers(&self) -> Vec<(Text, IpAddr)> {
        let mut servers: Vec<(Text, IpAddr)> = Vec::new();
        for local in self.env.local {
            for (namespace, service, endpoint) in self.cluster().endpoints_at(*local) {
                let entry = self.cluster().entry(namespace, service);
                let Some(found) = entry.and_then(|entry| entry.service.as_ref()) else { continue };
                let name = under(&format!("{service}.{namespace}.svc"), self.zone);
                if found.headless {
                    let label = endpoint.label(self.plugin.endpoint_pod_names);
                    servers.push((format!("{label}.{name}").into(), endpoint.ip));
                } else {
                    servers.extend(found.ips.iter().map(|ip| (name.clone(), *ip)));
                }
            }
        }
        if servers.is_empty() {
            let name: Text = under("ns.dns", self.zone);
            servers.extend(self.env.local.iter().map(|ip| (name.clone(), *ip)));
        }
        servers
    }
}

fn cluster_ips<'a>(
    service: &'a Service,
    request: &Request<'_>,
    namespace: &'a str,
    name: &'a str,
) -> Result<Vec<Hit<'a>>, Missing> {
    let ports: Vec<&Port> = service.ports.iter().filter(|port| matches(port, request)).collect();
    if ports.is_empty() {
        return Err(Missing);
    }
    let each = |port: &&'a Port| {
        let number = port.number;
        service.ips.iter().map(move |ip| Hit::Address(namespace, name, None, *ip, number))
    };
    Ok(ports.iter().flat_map(each).collect())
}

/// An empty port or protocol of the question matches any.
fn matches(port: &Port, request: &Request<'_>) -> bool {
    let fits = |asked: &str, has: &str| asked.is_empty() || asked.eq_ignore_ascii_case(has);
    fits(request.port, &port.name) && fits(request.protocol, &port.protocol)
}

/// Takes a name apart, from its right end: `[port.protocol.|endpoint.]service.namespace.svc`.
fn parse(base: &str) -> Result<Request<'_>, Missing> {
    let mut request = Request::default();
    if base.is_empty() || base == "svc" || base == "pod" {
        return Ok(request);
    }
    let labels: Vec<&str> = base.split('.').collect();
    let bare = |label: &'_ str| -> usize { usize::from(label.starts_with('_')) };
    match labels.as_slice() {
        [.., kind] if *kind != "svc" && *kind != "pod" => return Err(Missing),
        [namespace, kind] => (request.namespace, request.kind) = (namespace, kind),
        [service, namespace, kind] => {
            (request.service, request.namespace, request.kind) = (service, namespace, kind);
        }
        [endpoint, service, namespace, kind] => {
            (request.service, request.namespace, request.kind) = (service, namespace, kind);
            request.endpoint = endpoint;
        }
        [port, protocol, service, namespace, kind] => {
            (request.service, request.namespace, request.kind) = (service, namespace, kind);
            (request.port, request.protocol) = (&port[bare(port)..], &protocol[bare(protocol)..]);
        }
        _ => return Err(Missing),
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of CoreDNS plugin/kubernetes/parse_test.go.
    #[test]
    fn names_are_taken_apart() {
        let full = parse("_http._tcp.webs.mynamespace.svc").expect("it exists");
        assert_eq!((full.port, full.protocol, full.service), ("http", "tcp", "webs"));
        let endpoint = parse("1-2-3-4.webs.mynamespace.svc").expect("it exists");
        assert_eq!((endpoint.endpoint, endpoint.namespace), ("1-2-3-4", "mynamespace"));
        assert_eq!(parse("pod"), Ok(Request::default()));
        assert_eq!(parse("webs.mynamespace.foo"), Err(Missing));
        assert_eq!(parse("x.a.b.webs.mynamespace.svc"), Err(Missing));
    }
}
