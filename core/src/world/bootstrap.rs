//! How a cluster begins: what kubeadm and the API server put there before anyone types anything.

use super::cluster::Dns;
use super::rooms::Machine;
use super::{Cluster, Rooms};
use crate::api::{Kind, Object, Request, tree};
use crate::apiserver::ApiConfig;
use crate::base::{NodeId, Text};
use crate::control::CONTROLLERS;
use crate::effect::{Client, ControllerId, KubeletWake, Out, Wake};
use crate::net::{Conntrack, Host};
use crate::node::{Kubelet, NodeConfig};
use crate::process::{Descriptor, Environment, NewProcess};
use crate::proxy::mode::Mode;
use crate::shell::internet::Internet;
use crate::trace::Place;
use serde_json::Value;

/// The add-ons that kubeadm installs: CoreDNS and its Service, or what there was before it.
const CORE_DNS: &str = include_str!("coredns.yaml");
const KUBE_DNS: &str = include_str!("kube-dns.yaml");
/// Who installs them.
const AGENT: &str = "kubeadm";

/// What the API server is told on its command line.
pub(super) fn api_config(cluster: &Cluster) -> ApiConfig {
    ApiConfig { service_ranges: cluster.service_ranges(), ..ApiConfig::default() }
}

/// Puts everything there and lets it begin. Gives what the API server refused of the cluster file, in its words.
pub(super) fn begin(rooms: &mut Rooms, cluster: &Cluster, out: &mut Out<'_>) -> Vec<Text> {
    rooms.api.bootstrap(out);
    for (index, def) in CONTROLLERS.iter().enumerate() {
        if def.name == "service-controller" && !cluster.load_balancers {
            continue;
        }
        rooms.subscribe(Client::Controller(ControllerId(index as u8)), def.kinds, None, out);
    }
    rooms.subscribe(Client::Policy, &crate::policy::POLICY_KINDS, None, out);
    for index in 0..cluster.nodes.len() {
        join(rooms, cluster, index, out);
    }
    outside(rooms, out);
    let add_ons = match cluster.dns {
        Dns::CoreDns => CORE_DNS,
        Dns::KubeDns => KUBE_DNS,
    };
    let add_ons = add_ons.replace("10.96.0.10", &cluster.dns_ip().to_string());
    let (own, mut refused) = read(&cluster.manifests);
    // What the cluster file says of an add-on's object stands in its place.
    let mut objects = read(&add_ons).0;
    objects.retain(|object| own.iter().all(|o| o.kind != object.kind || o.key != object.key));
    for object in objects.into_iter().chain(own) {
        // A refusal is a fact of the log; the others go on.
        let answer = rooms.api.request(&Request::create(AGENT, object), out);
        refused.extend(answer.err().map(|status| Text::from(status.message)));
    }
    refused
}

/// The network outside comes up: servers of zones, and the resolver that nodes and the operator's machine ask.
fn outside(rooms: &mut Rooms, out: &mut Out<'_>) {
    let Some(ip) = NodeConfig::numbered(1, "").host_dns.0.first().copied() else { return };
    rooms.kernel.files_mut(rooms.operator).put("/etc/resolv.conf", format!("nameserver {ip}\n"));
    let servers = Internet::authorities().map(|(machine, program)| (machine.name, machine.ip, program));
    for (name, ip, program) in std::iter::once(("resolver", ip, Internet::resolver())).chain(servers) {
        let place = Place::Outside(name.into());
        let host = Host { place, node: None, ip, other_ip: None, dummies: Vec::new(), up: true };
        let new = NewProcess {
            program: program.into(),
            host: rooms.net.add(host),
            environment: Environment::default(),
            stdio: [Descriptor::Null, Descriptor::Null, Descriptor::Null],
            terminal: None,
            container: None,
            notice: None,
        };
        rooms.kernel.start(new, out);
    }
}

/// A node joins: its kubelet registers it, its kube-proxy begins to watch.
fn join(rooms: &mut Rooms, cluster: &Cluster, index: usize, out: &mut Out<'_>) {
    let Some(spec) = cluster.nodes.get(index) else { return };
    let id = NodeId(index as u32);
    let (ip, other) = (cluster.node_ip(index), cluster.node_v6(index));
    let other_ip = other.map(|(ip, _)| ip);
    let host = rooms.net.add(Host {
        place: Place::Node(spec.name.clone()),
        node: Some(id),
        ip,
        other_ip,
        dummies: Vec::new(),
        up: true,
    });
    rooms.net.zones.push(spec.zone.clone());
    let config = NodeConfig {
        name: spec.name.clone(),
        ip,
        pod_cidr: cluster.node_pod_cidr(index),
        other,
        cluster_dns: cluster.dns_ip(),
        ..NodeConfig::numbered(index as u32 + 1, &spec.zone)
    };
    rooms.kernel.files_mut(host).put("/etc/resolv.conf", crate::node::dns::of_machine(&config));
    let kubelet = Kubelet::new(id, config);
    let conntrack = match cluster.kube_proxy {
        Mode::Ipvs(_) => Conntrack::with_ipvs(),
        Mode::Iptables | Mode::Nftables => Conntrack::default(),
    };
    let (health, checks) = Default::default();
    rooms.nodes.push(Machine { name: spec.name.clone(), host, kubelet, conntrack, health, checks });
    rooms.proxies.join(id, &spec.name, (ip, other_ip));
    rooms.proxy_health(host, out);
    out.timer(out.timing.api, Wake::Kubelet(id, KubeletWake::Heartbeat));
    rooms.subscribe(Client::Kubelet(id), crate::node::KINDS, Some(spec.name.clone()), out);
    rooms.subscribe(Client::Proxy(id), &crate::proxy::KINDS, None, out);
}

/// The objects of a multi-document text, and what is none in kubectl's words.
fn read(text: &str) -> (Vec<Object>, Vec<Text>) {
    let (mut objects, mut refused) = (Vec::new(), Vec::new());
    for document in crate::api::yaml::read(text).documents.iter().filter(|d| !d.value.is_null()) {
        let word = |field| tree::str(&document.value, field);
        match object(&document.value) {
            Some(object) => objects.push(object),
            None => {
                let (kind, version) = (word("kind"), word("apiVersion"));
                refused.push(format!("no matches for kind {kind:?} in version {version:?}").into());
            }
        }
    }
    (objects, refused)
}

fn object(value: &Value) -> Option<Object> {
    let kind = Kind::find(value.get("apiVersion")?.as_str()?, value.get("kind")?.as_str()?)?;
    let mut object = Object::new(kind, value.clone());
    if kind.namespaced && object.namespace().is_empty() {
        object = object.edit(|t| tree::set(t, "metadata.namespace", "default"));
    }
    Some(object)
}
