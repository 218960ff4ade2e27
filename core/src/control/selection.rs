//! Which pods each Service selects, kept up to date pod by pod. Shared by the controllers that write endpoints.

use super::desk::{Desk, key_of};
use crate::api::{Cache, Change, Object, Selector, pod, service, tree};
use crate::base::{FlatMap, FlatSet, Text};
use crate::effect::Out;
use serde_json::{Value, json};

/// Services, and the pods that they select, by namespace and name.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    services: FlatMap<Text, FlatMap<Text, Selected>>,
}

#[derive(Debug, Clone, Default)]
struct Selected {
    selector: Selector,
    pods: FlatSet<Text>,
}

impl Selection {
    /// Takes in a change of a Service, pod or node, and queues the Services that it concerns.
    pub fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        match change.object().map(|object| &*object.key.kind) {
            Some("Service") => self.observe_service(change, desk, out),
            Some("Pod") => self.observe_pod(change, desk, out),
            Some("Node") => {
                let zone = |node: &Object| crate::api::node::zone(node).to_string();
                if change.before.as_ref().map(zone) != change.after.as_ref().map(zone) {
                    let keys: Vec<Text> = desk.cache.all("Service").map(key_of).collect();
                    keys.iter().for_each(|key| desk.add(key, change, out));
                }
            }
            _ => {}
        }
    }

    /// The pods that a Service selects, by name.
    pub fn pods<'a>(&'a self, service: &'a Object, cache: &'a Cache) -> impl Iterator<Item = &'a Object> {
        let selected = self.services.get(service.namespace()).and_then(|all| all.get(service.name()));
        let names = selected.into_iter().flat_map(|selected| &selected.pods);
        names.filter_map(|name| cache.get("Pod", service.namespace(), name))
    }

    fn observe_service(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(service) = change.object() else { return };
        let services = self.services.entry(service.key.namespace.clone()).or_default();
        desk.add(&key_of(service), change, out);
        if change.after.is_none() || !selects(service) {
            services.remove(&service.key.name);
            return;
        }
        let selector = Selector::of_map(service.get("spec.selector"));
        if services.get(&service.key.name).is_some_and(|known| known.selector == selector) {
            return;
        }
        let pods = desk.cache.list("Pod", service.namespace()).filter(|pod| selector.matches(pod));
        let pods = pods.map(|pod| pod.key.name.clone()).collect();
        services.insert(service.key.name.clone(), Selected { selector, pods });
    }

    fn observe_pod(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(pod) = change.object() else { return };
        let Some(services) = self.services.get_mut(pod.namespace()) else { return };
        let matters = change.before.as_ref().map(essence) != change.after.as_ref().map(essence);
        for (name, selected) in services.iter_mut() {
            let was = selected.pods.contains(&pod.key.name);
            let is = change.after.is_some() && selected.selector.matches(pod);
            if is {
                selected.pods.insert(pod.key.name.clone());
            } else {
                selected.pods.remove(&pod.key.name);
            }
            if was != is || (is && matters) {
                desk.add(&super::desk::key(pod.namespace(), name), change, out);
            }
        }
    }
}

/// Whether a Service selects pods at all.
pub fn selects(service: &Object) -> bool {
    service.str("spec.type") != "ExternalName"
        && tree::map(service.tree(), "spec.selector").is_some_and(|map| !map.is_empty())
}

/// What of a pod endpoints are made of.
fn essence(pod: &Object) -> Value {
    json!([
        pod.get("status.podIPs"),
        pod.str("status.podIP"),
        pod::is_ready(pod),
        pod::is_finished(pod),
        pod.is_terminating(),
        pod.str("spec.nodeName"),
        &*pod.uid,
    ])
}

/// The port of a Service at a pod; `None` when the pod has no port of that name.
pub fn resolve_port(pod: &Object, port: &service::ServicePort) -> Option<u16> {
    match &port.target {
        service::TargetPort::Number(number) => Some(*number),
        service::TargetPort::Name(name) => {
            pod::named_port(pod, name, &port.protocol).or_else(|| sidecar_port(pod, name, &port.protocol))
        }
    }
}

fn sidecar_port(pod: &Object, name: &str, protocol: &str) -> Option<u16> {
    let sidecars = pod.list("spec.initContainers").iter();
    let ports =
        sidecars.filter(|c| tree::str(c, "restartPolicy") == "Always").flat_map(|c| tree::list(c, "ports"));
    let protocol_of = |p| Some(tree::str(p, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    let port = ports.into_iter().find(|p| tree::str(p, "name") == name && protocol_of(p) == protocol)?;
    u16::try_from(tree::int(port, "containerPort")?).ok()
}

/// The pod's addresses of a family.
pub fn addresses(pod: &Object, v6: bool) -> Vec<&str> {
    let listed = pod.list("status.podIPs").iter().map(|ip| tree::str(ip, "ip"));
    let mut all: Vec<&str> = listed.filter(|ip| !ip.is_empty()).collect();
    if all.is_empty() && !pod.str("status.podIP").is_empty() {
        all.push(pod.str("status.podIP"));
    }
    all.retain(|ip| ip.contains(':') == v6);
    all
}

/// When what a Service's endpoints are made of last changed: the earliest change since the last look.
#[derive(Debug, Clone, Default)]
pub struct TriggerTimes {
    seen: FlatMap<Text, (String, FlatMap<Text, String>)>,
}

impl TriggerTimes {
    /// The annotation's value; `None` when nothing changed.
    pub fn look<'a>(&mut self, service: &Object, pods: impl Iterator<Item = &'a Object>) -> Option<String> {
        let created = service.str("metadata.creationTimestamp").to_string();
        let (old_service, old_pods) = self.seen.remove(&key_of(service)).unwrap_or_default();
        let mut changed = (created > old_service).then(|| created.clone());
        let mut times = FlatMap::new();
        for pod in pods {
            let ready = pod.list("status.conditions").iter().find(|c| tree::str(c, "type") == "Ready");
            let Some(time) = ready.map(|c| tree::str(c, "lastTransitionTime")).filter(|t| !t.is_empty())
            else {
                continue;
            };
            let is_new = old_pods.get(&pod.key.name).is_none_or(|old| time > old.as_str());
            if is_new && changed.as_ref().is_none_or(|least| time < least.as_str()) {
                changed = Some(time.to_string());
            }
            times.insert(pod.key.name.clone(), time.to_string());
        }
        self.seen.insert(key_of(service), (created, times));
        changed
    }

    /// Forgets a Service.
    pub fn forget(&mut self, key: &str) {
        self.seen.remove(key);
    }
}
