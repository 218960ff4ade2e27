//! What a pod is in a slice: an endpoint with its conditions, and the ports by which it is grouped.
//!
//! Models: `staging/src/k8s.io/endpointslice/utils.go`.

use crate::api::service::{ServicePort, is_headless};
use crate::api::{Object, node, pod, tree};
use crate::base::Text;
use crate::control::selection::{addresses, resolve_port};
use serde_json::{Value, json};

/// An endpoint and what it is recognised by.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Addresses and the uid of what is behind them.
    pub identity: Text,
    /// The endpoint as in the slice.
    pub value: Value,
}

impl Endpoint {
    /// The endpoint of a pod; `None` when it has no address of the family.
    pub fn of_pod(pod: &Object, service: &Object, node: Option<&Object>, v6: bool) -> Option<Endpoint> {
        let addresses = addresses(pod, v6);
        if addresses.is_empty() {
            return None;
        }
        let terminating = pod.is_terminating();
        let serving = pod::is_ready(pod);
        let ready = service.bool("spec.publishNotReadyAddresses") == Some(true) || (serving && !terminating);
        let mut value = json!({
            "addresses": addresses,
            "conditions": { "ready": ready, "serving": serving, "terminating": terminating },
            "targetRef": {
                "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": &*pod.uid,
            },
        });
        let node_name = pod.str("spec.nodeName");
        if !node_name.is_empty() {
            value["nodeName"] = node_name.into();
        }
        let zone = node.map_or("", node::zone);
        if !zone.is_empty() {
            value["zone"] = zone.into();
        }
        let hostname = pod.str("spec.hostname");
        if !hostname.is_empty() && pod.str("spec.subdomain") == service.name() {
            value["hostname"] = hostname.into();
        }
        Some(Endpoint { identity: identity(&value), value })
    }
}

/// What an endpoint of a slice is recognised by.
pub fn identity(endpoint: &Value) -> Text {
    let addresses = tree::list(endpoint, "addresses").iter().filter_map(Value::as_str);
    let addresses: Vec<&str> = addresses.collect();
    format!("{} {}", addresses.join(","), tree::str(endpoint, "targetRef.uid")).into()
}

/// Whether a pod belongs into slices at all.
pub fn counts(pod: &Object) -> bool {
    !pod::is_finished(pod) && !pod.str("status.podIP").is_empty()
}

/// The ports of a slice. Pods whose ports differ are in different slices.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports(Vec<(Text, Text, Option<u16>, Text)>);

impl Ports {
    /// The ports of a Service at a pod; those that the pod does not have are left out.
    pub fn of_pod(pod: &Object, service: &Object, ports: &[ServicePort]) -> Ports {
        if ports.is_empty() && is_headless(service) {
            return Ports::default();
        }
        let app_protocols = service.list("spec.ports").iter().map(|port| tree::str(port, "appProtocol"));
        let resolved = ports.iter().zip(app_protocols).filter_map(|(port, app)| {
            let number = resolve_port(pod, port)?;
            Some((port.name.clone(), port.protocol.clone(), Some(number), Text::from(app)))
        });
        Ports(resolved.collect())
    }

    /// The ports of a slice as stored.
    pub fn of_slice(slice: &Object) -> Ports {
        Ports::of_list(slice.list("ports"))
    }

    /// The ports of a slice, or of a subset of Endpoints.
    pub fn of_list(ports: &[Value]) -> Ports {
        let port = |port: &Value| {
            let number = tree::int(port, "port").and_then(|n| u16::try_from(n).ok());
            let protocol = Some(tree::str(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
            (tree::str(port, "name").into(), protocol.into(), number, tree::str(port, "appProtocol").into())
        };
        Ports(ports.iter().map(port).collect())
    }

    /// The ports as in a slice; null when there are none.
    pub fn to_value(&self) -> Value {
        let port = |(name, protocol, number, app): &(Text, Text, Option<u16>, Text)| {
            let mut port = json!({ "name": &**name, "protocol": &**protocol, "port": number });
            if !app.is_empty() {
                port["appProtocol"] = (**app).into();
            }
            port
        };
        if self.0.is_empty() { Value::Null } else { self.0.iter().map(port).collect() }
    }
}
