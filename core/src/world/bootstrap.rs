//! How a cluster begins: what kubeadm and the API server put there before anyone types anything.

use super::rooms::Machine;
use super::{Cluster, Rooms};
use crate::api::{Kind, Object, Request};
use crate::apiserver::ApiConfig;
use crate::base::NodeId;
use crate::control::CONTROLLERS;
use crate::effect::{Client, ControllerId, KubeletWake, Out, Wake};
use crate::net::{Conntrack, Host};
use crate::node::{Kubelet, NodeConfig};
use crate::process::{Descriptor, Environment, NewProcess};
use crate::proxy::mode::Mode;
use crate::shell::internet::Internet;
use crate::trace::Place;
use serde_json::Value;

/// The add-ons that kubeadm installs: CoreDNS and its Service.
const KUBE_SYSTEM: &str = include_str!("kube-system.yaml");
/// Who installs them.
const AGENT: &str = "kubeadm";

/// What the API server is told on its command line.
pub(super) fn api_config(cluster: &Cluster) -> ApiConfig {
    ApiConfig { service_ranges: vec![cluster.service_cidr.into()], ..ApiConfig::default() }
}

/// Puts everything there and lets it begin.
pub(super) fn begin(rooms: &mut Rooms, cluster: &Cluster, out: &mut Out<'_>) {
    rooms.api.bootstrap(out);
    for (index, def) in CONTROLLERS.iter().enumerate() {
        rooms.subscribe(Client::Controller(ControllerId(index as u8)), def.kinds, None, out);
    }
    for index in 0..cluster.nodes.len() {
        join(rooms, cluster, index, out);
    }
    outside(rooms, out);
    let add_ons = KUBE_SYSTEM.replace("10.96.0.10", &cluster.dns_ip().to_string());
    apply(rooms, &add_ons, out);
    apply(rooms, &cluster.manifests, out);
}

/// The resolver of the network outside comes up; nodes ask it, and so does the operator's machine.
fn outside(rooms: &mut Rooms, out: &mut Out<'_>) {
    let Some(ip) = NodeConfig::numbered(1, "").host_dns.0.first().copied() else { return };
    let place = Place::Outside("resolver".into());
    let host = rooms.net.add(Host { place, node: None, ip, up: true });
    let resolv_conf = format!("nameserver {ip}\n");
    rooms.kernel.files_mut(rooms.operator).put("/etc/resolv.conf", resolv_conf);
    let new = NewProcess {
        program: Internet::default().into(),
        host,
        environment: Environment::default(),
        stdio: [Descriptor::Null, Descriptor::Null, Descriptor::Null],
        terminal: None,
        container: None,
        notice: None,
    };
    rooms.kernel.start(new, out);
}

/// A node joins: its kubelet registers it, its kube-proxy begins to watch.
fn join(rooms: &mut Rooms, cluster: &Cluster, index: usize, out: &mut Out<'_>) {
    let Some(spec) = cluster.nodes.get(index) else { return };
    let id = NodeId(index as u32);
    let ip = cluster.node_ip(index);
    let host = rooms.net.add(Host { place: Place::Node(spec.name.clone()), node: Some(id), ip, up: true });
    rooms.net.zones.push(spec.zone.clone());
    let config = NodeConfig {
        name: spec.name.clone(),
        ip,
        pod_cidr: cluster.node_pod_cidr(index),
        cluster_dns: cluster.dns_ip(),
        ..NodeConfig::numbered(index as u32 + 1, &spec.zone)
    };
    let kubelet = Kubelet::new(id, config);
    let conntrack = match cluster.kube_proxy {
        Mode::Ipvs(_) => Conntrack::with_ipvs(),
        Mode::Iptables | Mode::Nftables => Conntrack::default(),
    };
    let (health, checks) = Default::default();
    rooms.nodes.push(Machine { name: spec.name.clone(), host, kubelet, conntrack, health, checks });
    rooms.proxies.join(id, &spec.name, ip);
    out.timer(out.timing.api, Wake::Kubelet(id, KubeletWake::Heartbeat));
    rooms.subscribe(Client::Kubelet(id), crate::node::KINDS, Some(spec.name.clone()), out);
    rooms.subscribe(Client::Proxy(id), &crate::proxy::KINDS, None, out);
}

/// Creates the objects of a multi-document text. What the API server refuses is in the log.
fn apply(rooms: &mut Rooms, text: &str, out: &mut Out<'_>) {
    for document in crate::api::yaml::read(text).documents {
        if let Some(object) = object(&document.value) {
            // A refusal is a fact of the log; the others go on.
            let _ = rooms.api.request(&Request::create(AGENT, object), out);
        }
    }
}

fn object(value: &Value) -> Option<Object> {
    let kind = Kind::find(value.get("apiVersion")?.as_str()?, value.get("kind")?.as_str()?)?;
    let mut object = Object::new(kind, value.clone());
    if kind.namespaced && object.namespace().is_empty() {
        object = object.edit(|tree| crate::api::tree::set(tree, "metadata.namespace", "default"));
    }
    Some(object)
}
