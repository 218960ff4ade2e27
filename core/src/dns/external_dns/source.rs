//! What Services and Ingresses want to be called outside. Knows no zone.
//! Models: kubernetes-sigs/external-dns source/{service,ingress,endpoints}.go 0.20.
//! Omits: `--fqdn-template`, node ports' SRV records, the annotations `access`, `endpoints-type` and `set-identifier`.

use crate::api::{Cache, Object, endpoint_slice, tree};
use crate::base::{FlatMap, Text};
use crate::dns::message::RecordType;
use crate::dns::plugins::duration;
use serde_json::Value;
use std::net::IpAddr;

/// A set of records that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name, without a final dot.
    pub name: Text,
    /// A, AAAA or CNAME.
    pub rtype: RecordType,
    /// Its TTL, if the object says one.
    pub ttl: Option<u32>,
    /// Addresses or a name, sorted.
    pub targets: Vec<Text>,
    /// Whose it is: `service/default/web`.
    pub resource: Text,
}

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Services.
    pub services: bool,
    /// Ingresses.
    pub ingresses: bool,
    /// The only namespace, if there is one.
    pub namespace: Text,
    /// Whether cluster IPs are published.
    pub internal: bool,
    /// What annotations begin with, with the slash.
    pub prefix: Text,
}

/// A name and where it leads.
type Wanted = (Text, Vec<Text>);

impl Sources {
    /// All that is wanted, in the order of names.
    pub fn endpoints(&self, cache: &Cache) -> Vec<Endpoint> {
        let mut all: FlatMap<(Text, RecordType, Text), Endpoint> = FlatMap::new();
        let mut add = |object: &Object, kind: &str, wanted: Vec<Wanted>| {
            let resource: Text = format!("{kind}/{}/{}", object.namespace(), object.name()).into();
            let ttl = self.ttl(object);
            for (name, targets) in wanted {
                for target in targets {
                    let rtype = match target.parse::<IpAddr>() {
                        Ok(IpAddr::V4(_)) => RecordType::A,
                        Ok(IpAddr::V6(_)) => RecordType::AAAA,
                        Err(_) => RecordType::CNAME,
                    };
                    let name: Text = name.trim_end_matches('.').to_ascii_lowercase().into();
                    let key = (name.clone(), rtype, resource.clone());
                    let new = Endpoint { name, rtype, ttl, targets: Vec::new(), resource: resource.clone() };
                    let targets = &mut all.entry(key).or_insert(new).targets;
                    if let Err(at) = targets.binary_search(&target) {
                        targets.insert(at, target);
                    }
                }
            }
        };
        let here = |object: &&Object| self.namespace.is_empty() || *object.namespace() == *self.namespace;
        if self.services {
            for object in cache.all("Service").filter(here).filter(|object| self.ours(object)) {
                add(object, "service", self.service(object, cache));
            }
        }
        if self.ingresses {
            for object in cache.all("Ingress").filter(here).filter(|object| self.ours(object)) {
                add(object, "ingress", self.ingress(object));
            }
        }
        all.into_values().collect()
    }

    fn annotation<'a>(&self, object: &'a Object, key: &str) -> Option<&'a str> {
        object.annotation(&format!("{}{key}", self.prefix))
    }

    /// Whether no other controller claims it.
    fn ours(&self, object: &Object) -> bool {
        self.annotation(object, "controller").is_none_or(|controller| controller == "dns-controller")
    }

    fn ttl(&self, object: &Object) -> Option<u32> {
        let text = self.annotation(object, "ttl")?;
        let seconds = text.parse::<u32>().ok();
        seconds.or_else(|| u32::try_from(duration(text).ok()? / 1_000_000_000).ok())
    }

    fn list(&self, object: &Object, key: &str) -> Vec<Text> {
        let text = self.annotation(object, key).unwrap_or_default();
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Text::from).collect()
    }

    fn service(&self, object: &Object, cache: &Cache) -> Vec<Wanted> {
        let (hosts, given) = (self.list(object, "hostname"), self.list(object, "target"));
        let headless = object.str("spec.clusterIP") == "None";
        let kind = object.str("spec.type");
        let cluster_ips = || texts(object.list("spec.clusterIPs"));
        let mut wanted = Vec::new();
        for host in &hosts {
            let targets = match kind {
                _ if !given.is_empty() => given.clone(),
                "LoadBalancer" => balancer(object),
                "NodePort" => nodes(cache),
                "ExternalName" => vec![Text::from(object.str("spec.externalName").trim_end_matches('.'))],
                _ if headless => {
                    wanted.extend(headless_names(host, object, cache));
                    continue;
                }
                _ if self.internal => cluster_ips(),
                _ => Vec::new(),
            };
            wanted.push((host.clone(), targets));
        }
        for host in self.list(object, "internal-hostname") {
            if headless {
                wanted.extend(headless_names(&host, object, cache));
            } else {
                wanted.push((host, cluster_ips()));
            }
        }
        wanted
    }

    fn ingress(&self, object: &Object) -> Vec<Wanted> {
        let given = self.list(object, "target");
        let targets = if given.is_empty() { balancer(object) } else { given };
        let rules = object.list("spec.rules").iter().map(|rule| tree::str(rule, "host"));
        let certificates = object.list("spec.tls").iter();
        let hosts = certificates.flat_map(|tls| tree::list(tls, "hosts").iter().filter_map(Value::as_str));
        let mut names: Vec<Text> =
            rules.chain(hosts).filter(|host| !host.is_empty()).map(Text::from).collect();
        names.extend(self.list(object, "hostname"));
        names.into_iter().map(|name| (name, targets.clone())).collect()
    }
}

fn texts(values: &[Value]) -> Vec<Text> {
    values.iter().filter_map(Value::as_str).map(Text::from).collect()
}

/// The addresses or names that a cloud gave.
fn balancer(object: &Object) -> Vec<Text> {
    let ingress = object.list("status.loadBalancer.ingress").iter();
    let either = |item: &Value| match tree::str(item, "ip") {
        "" => tree::str(item, "hostname").into(),
        ip => Text::from(ip),
    };
    ingress.map(either).filter(|target| !target.is_empty()).collect()
}

/// The addresses of nodes: external ones, or where no node has one, internal ones.
fn nodes(cache: &Cache) -> Vec<Text> {
    let of = |kind: &str| -> Vec<Text> {
        let addresses = cache.all("Node").flat_map(|node| node.list("status.addresses"));
        let fits = addresses.filter(|address| tree::str(address, "type") == kind);
        fits.map(|address| tree::str(address, "address").into()).collect()
    };
    let external = of("ExternalIP");
    if external.is_empty() { of("InternalIP") } else { external }
}

/// A headless Service's name for all its ready pods, and one below it for each pod with a host name.
fn headless_names(host: &Text, service: &Object, cache: &Cache) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let slices = cache.list("EndpointSlice", service.namespace());
    let unready = tree::bool(service.tree(), "spec.publishNotReadyAddresses") == Some(true);
    for slice in slices.filter(|slice| *endpoint_slice::service_name(slice) == *service.name()) {
        for endpoint in slice.list("endpoints") {
            if tree::bool(endpoint, "conditions.ready") == Some(false) && !unready {
                continue;
            }
            let pod = cache.get("Pod", service.namespace(), tree::str(endpoint, "targetRef.name"));
            let Some(pod) = pod else { continue };
            let ip: Vec<Text> = Some(pod.str("status.podIP"))
                .filter(|ip| !ip.is_empty())
                .map(Text::from)
                .into_iter()
                .collect();
            let own = Some(pod.str("spec.hostname")).filter(|own| !own.is_empty());
            wanted.extend(own.map(|own| (format!("{own}.{host}").into(), ip.clone())));
            wanted.push((host.clone(), ip));
        }
    }
    wanted
}
