//! What CoreDNS knows of the cluster: its own copy of Services, EndpointSlices, Namespaces and Pods, as its watch told it,
//! indexed by name and by address. Knows no questions.
//! Models: CoreDNS plugin/kubernetes/controller.go, object/*.go.

use crate::api::{Object, WatchEvent, WatchKind, endpoint_slice, namespace, pod, service, tree};
use crate::base::{FlatMap, FlatSet, Instant, Text};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// Where an address is listed: the namespace, the Service, the EndpointSlice.
type Place = (Text, Text, Text);

/// The copy. What is large is shared, so that clones are cheap.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    namespaces: FlatMap<Text, Arc<Namespace>>,
    service_ips: Arc<FlatMap<IpAddr, (Text, Text)>>,
    endpoint_ips: Arc<FlatMap<IpAddr, FlatSet<Place>>>,
    /// When something last changed that answers depend on: the SOA's serial.
    pub changed: Instant,
    /// Whether the first list is there.
    pub synced: bool,
}

/// A namespace and what is in it.
#[derive(Debug, Clone, Default)]
pub struct Namespace {
    /// Whether the Namespace object is known.
    pub exists: bool,
    services: FlatMap<Text, Arc<Entry>>,
    pods: FlatMap<IpAddr, FlatSet<Text>>,
    pod_ips: FlatMap<Text, IpAddr>,
}

/// A Service and the slices that name it; either may be known before the other.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The Service.
    pub service: Option<Service>,
    /// Its slices, by name.
    pub slices: FlatMap<Text, Slice>,
}

/// What answers need of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name that it stands for, if its type is ExternalName.
    pub external_name: Option<Text>,
    /// Whether it has no address on purpose.
    pub headless: bool,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Its ports; one without a number when it has none.
    pub ports: Vec<Port>,
}

/// A port of a Service or of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: Text,
    /// Its protocol.
    pub protocol: Text,
    /// Its number; `None` when the object declares no port.
    pub number: Option<u16>,
}

/// What answers need of a slice: its ready endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Its ports.
    pub ports: Vec<Port>,
    /// Its ready endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// A ready endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub ip: IpAddr,
    /// Its host name; empty when it has none.
    pub hostname: Text,
    /// The pod behind it; empty when none is known or the name is no label.
    pub pod: Text,
    /// Its label when only the host name counts: that, or the address with dashes.
    pub label: Text,
}

impl Endpoint {
    /// Its label in DNS. `pod_names`: whether a pod's name is preferred to the address.
    pub fn label(&self, pod_names: bool) -> &Text {
        if pod_names && self.hostname.is_empty() && !self.pod.is_empty() { &self.pod } else { &self.label }
    }
}

impl Cluster {
    /// Takes news of the watch.
    pub fn apply(&mut self, events: &[WatchEvent], now: Instant) {
        for event in events {
            let object = &event.object;
            let gone = event.kind == WatchKind::Deleted;
            let changed = match object.kind.kind {
                "Namespace" => self.namespace(object, gone),
                "Service" => self.service(object, gone),
                "EndpointSlice" => self.slice(object, gone),
                "Pod" => self.pod(object, gone),
                _ => false,
            };
            if changed {
                self.changed = now;
            }
        }
    }

    /// The kinds that it must hear of.
    pub fn kinds(with_pods: bool) -> Vec<&'static crate::api::Kind> {
        let mut kinds = vec![&namespace::NAMESPACE, &service::SERVICE, &endpoint_slice::ENDPOINT_SLICE];
        if with_pods {
            kinds.push(&pod::POD);
        }
        kinds
    }

    /// Whether a namespace exists.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.get(name).is_some_and(|namespace| namespace.exists)
    }

    /// A Service with its slices.
    pub fn entry(&self, namespace: &str, name: &str) -> Option<&Entry> {
        self.namespaces.get(namespace)?.services.get(name).map(|entry| &**entry)
    }

    /// The names of all namespaces of which it has heard.
    pub fn namespaces(&self) -> impl Iterator<Item = &Text> {
        self.namespaces.keys()
    }

    /// The Services of a namespace, with their slices.
    pub fn entries<'a>(&'a self, namespace: &str) -> impl Iterator<Item = (&'a Text, &'a Entry)> + use<'a> {
        let inside = self.namespaces.get(namespace).into_iter().flat_map(|inside| &inside.services);
        inside.map(|(name, entry)| (name, &**entry))
    }

    /// The same with the namespace's and the Service's names as the cluster has them.
    pub fn named_entry(&self, namespace: &str, name: &str) -> Option<(&Text, &Text, &Entry)> {
        let (namespace, inside) = self.namespaces.get_key_value(namespace)?;
        let (name, entry) = inside.services.get_key_value(name)?;
        Some((namespace, name, entry))
    }

    /// Whether a running pod of a namespace has an address.
    pub fn has_pod(&self, namespace: &str, ip: IpAddr) -> bool {
        self.namespaces.get(namespace).is_some_and(|n| n.pods.contains_key(&ip))
    }

    /// The namespace of a running pod with an address.
    pub fn pod_namespace(&self, ip: IpAddr) -> Option<&Text> {
        self.namespaces.iter().find(|(_, n)| n.pods.contains_key(&ip)).map(|(name, _)| name)
    }

    /// The Service, by namespace and name, that has an address.
    pub fn service_at(&self, ip: IpAddr) -> Option<&(Text, Text)> {
        self.service_ips.get(&ip)
    }

    /// The ready endpoints that have an address, with the namespace and name of their Service.
    pub fn endpoints_at(&self, ip: IpAddr) -> impl Iterator<Item = (&Text, &Text, &Endpoint)> {
        let slices = self.endpoint_ips.get(&ip).into_iter().flatten();
        slices.flat_map(move |(namespace, service, slice)| {
            let slice = self.entry(namespace, service).and_then(|entry| entry.slices.get(slice));
            let endpoints = slice.map(|slice| slice.endpoints.as_slice()).unwrap_or_default();
            endpoints.iter().filter(move |e| e.ip == ip).map(move |e| (namespace, service, e))
        })
    }

    fn namespace(&mut self, object: &Object, gone: bool) -> bool {
        let namespace = Arc::make_mut(self.namespaces.entry(object.key.name.clone()).or_default());
        namespace.exists = !gone;
        // Namespaces do not enter the serial.
        false
    }

    fn service(&mut self, object: &Object, gone: bool) -> bool {
        let key = (object.key.namespace.clone(), object.key.name.clone());
        let new = (!gone).then(|| read_service(object));
        let entry = self.entry_mut(&key);
        if entry.service == new {
            return false;
        }
        let old = std::mem::replace(&mut entry.service, new.clone());
        let ips = Arc::make_mut(&mut self.service_ips);
        for ip in old.iter().flat_map(|service| &service.ips) {
            if ips.get(ip) == Some(&key) {
                ips.remove(ip);
            }
        }
        for ip in new.iter().flat_map(|service| &service.ips) {
            ips.insert(*ip, key.clone());
        }
        self.forget_empty(&key);
        true
    }

    fn slice(&mut self, object: &Object, gone: bool) -> bool {
        let service: Text = endpoint_slice::service_name(object).into();
        let key = (object.key.namespace.clone(), service);
        let name = object.key.name.clone();
        let new = (!gone).then(|| read_slice(object));
        let entry = self.entry_mut(&key);
        let old = match new.clone() {
            Some(slice) => entry.slices.insert(name.clone(), slice),
            None => entry.slices.remove(&name),
        };
        if old == new {
            return false;
        }
        let ips = Arc::make_mut(&mut self.endpoint_ips);
        let place = (key.0.clone(), key.1.clone(), name);
        for endpoint in old.iter().flat_map(|slice| &slice.endpoints) {
            if let Some(places) = ips.get_mut(&endpoint.ip) {
                places.remove(&place);
                if places.is_empty() {
                    ips.remove(&endpoint.ip);
                }
            }
        }
        for endpoint in new.iter().flat_map(|slice| &slice.endpoints) {
            ips.entry(endpoint.ip).or_default().insert(place.clone());
        }
        self.forget_empty(&key);
        true
    }

    /// Pods that have ended or are about to do not count. Models: `podUpdate` filters of object/pod.go.
    fn pod(&mut self, object: &Object, gone: bool) -> bool {
        let namespace = Arc::make_mut(self.namespaces.entry(object.key.namespace.clone()).or_default());
        let name = &object.key.name;
        let out = gone || object.is_terminating() || pod::is_finished(object);
        let ip = pod::ip(object).filter(|_| !out);
        let before = match ip {
            Some(ip) => namespace.pod_ips.insert(name.clone(), ip),
            None => namespace.pod_ips.remove(name),
        };
        if before == ip {
            return false;
        }
        if let Some(old) = before
            && let Some(names) = namespace.pods.get_mut(&old)
        {
            names.remove(name);
            if names.is_empty() {
                namespace.pods.remove(&old);
            }
        }
        if let Some(ip) = ip {
            namespace.pods.entry(ip).or_default().insert(name.clone());
        }
        true
    }

    fn entry_mut(&mut self, key: &(Text, Text)) -> &mut Entry {
        let namespace = Arc::make_mut(self.namespaces.entry(key.0.clone()).or_default());
        Arc::make_mut(namespace.services.entry(key.1.clone()).or_default())
    }

    fn forget_empty(&mut self, key: &(Text, Text)) {
        let Some(namespace) = self.namespaces.get_mut(&key.0).map(Arc::make_mut) else { return };
        let empty =
            namespace.services.get(&key.1).is_some_and(|e| e.service.is_none() && e.slices.is_empty());
        if empty {
            namespace.services.remove(&key.1);
        }
    }
}

fn read_service(object: &Object) -> Service {
    let external = object.str("spec.type") == "ExternalName";
    let listed: Vec<&str> = object.list("spec.clusterIPs").iter().filter_map(Value::as_str).collect();
    let texts = if listed.is_empty() { vec![object.str("spec.clusterIP")] } else { listed };
    let ports = service::ports(object);
    let mut ports: Vec<Port> = ports
        .into_iter()
        .map(|port| Port { name: port.name, protocol: port.protocol, number: Some(port.port) })
        .collect();
    if ports.is_empty() {
        ports.push(no_port());
    }
    Service {
        external_name: external.then(|| object.str("spec.externalName").into()),
        headless: service::is_headless(object),
        ips: texts.iter().filter_map(|text| text.parse().ok()).collect(),
        ports,
    }
}

fn read_slice(object: &Object) -> Slice {
    let ports = endpoint_slice::ports(object);
    let mut ports: Vec<Port> = ports
        .into_iter()
        .map(|port| Port { name: port.name, protocol: port.protocol, number: Some(port.port) })
        .collect();
    if ports.is_empty() {
        ports.push(no_port());
    }
    let mut endpoints = Vec::new();
    for value in object.list("endpoints") {
        if tree::bool(value, "conditions.ready") == Some(false) {
            continue;
        }
        let pod = Some(tree::str(value, "targetRef.name")).filter(|name| name.len() < 64).unwrap_or_default();
        let hostname: Text = tree::str(value, "hostname").into();
        let addresses = tree::list(value, "addresses").iter().filter_map(Value::as_str);
        for ip in addresses.filter_map(|text| text.parse().ok()) {
            let label = if hostname.is_empty() { dashed(ip) } else { hostname.clone() };
            endpoints.push(Endpoint { ip, hostname: hostname.clone(), pod: pod.into(), label });
        }
    }
    Slice { ports, endpoints }
}

fn no_port() -> Port {
    Port { name: "".into(), protocol: "".into(), number: None }
}

/// An address as a label.
pub fn dashed(ip: IpAddr) -> Text {
    match ip {
        IpAddr::V4(ip) => ip.to_string().replace('.', "-").into(),
        IpAddr::V6(ip) => {
            let text = ip.to_string().replace(':', "-");
            if text.ends_with('-') { format!("{text}0").into() } else { text.into() }
        }
    }
}
