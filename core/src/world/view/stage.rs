//! The stage: nodes with their pods, Services without a body. As the API server has it, not as anyone believes it.

use crate::api::kinds::KINDS;
use crate::api::{Kind, Object, endpoint_slice, node, pod, service, tree};
use crate::base::{FlatMap, Text};
use crate::world::World;
use std::net::IpAddr;

/// What there is to draw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// Nodes in order of joining; pods that are not bound yet are in `pending`.
    pub nodes: Vec<StageNode>,
    /// Pods without a node.
    pub pending: Vec<StagePod>,
    /// Services, by namespace and name.
    pub services: Vec<StageService>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageNode {
    /// Its name.
    pub name: Text,
    /// Its zone.
    pub zone: Text,
    /// Whether it is Ready.
    pub ready: bool,
    /// Its pods, by namespace and name.
    pub pods: Vec<StagePod>,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagePod {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Its uid.
    pub uid: Text,
    /// Its address, once it has one.
    pub ip: Option<IpAddr>,
    /// Its phase.
    pub phase: Text,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether it is on its way out.
    pub terminating: bool,
    /// Whether it answers DNS for the cluster.
    pub is_dns: bool,
    /// The name of what controls it, such as its ReplicaSet; empty when nothing does.
    pub owner: Text,
    /// Its containers' images.
    pub images: Vec<Text>,
    /// Its labels.
    pub labels: Vec<(Text, Text)>,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageService {
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Its type.
    pub kind: Text,
    /// Its virtual addresses; none when headless.
    pub ips: Vec<IpAddr>,
    /// Its ports.
    pub ports: Vec<service::ServicePort>,
    /// Its selector.
    pub selector: Vec<(Text, Text)>,
    /// The names of the pods that are endpoints: those that take traffic, and those that do not.
    pub ready: Vec<Text>,
    /// See `ready`.
    pub not_ready: Vec<Text>,
    /// The address of its load balancer: of type LoadBalancer, empty until a cloud has given one.
    pub balancer: Option<Text>,
}

impl World {
    /// All objects, by kind, namespace and name.
    pub fn objects(&self) -> Vec<Object> {
        KINDS.iter().flat_map(|kind| self.rooms.api.peek(kind)).collect()
    }

    /// All objects of a kind, by namespace and name.
    pub fn objects_of(&self, kind: &Kind) -> Vec<Object> {
        self.rooms.api.peek(kind)
    }

    /// The revision of the store; views need to be computed anew only when it has changed.
    pub fn revision(&self) -> u64 {
        self.rooms.api.revision()
    }

    /// What there is to draw.
    pub fn stage(&self) -> Stage {
        let api = &self.rooms.api;
        let mut by_node: FlatMap<Text, Vec<StagePod>> = FlatMap::new();
        let mut pending = Vec::new();
        for object in api.peek(&pod::POD) {
            match object.str("spec.nodeName") {
                "" => pending.push(stage_pod(&object)),
                node => by_node.entry(node.into()).or_default().push(stage_pod(&object)),
            }
        }
        let nodes = api.peek(&node::NODE).into_iter().map(|object| StageNode {
            name: object.name().into(),
            zone: node::zone(&object).into(),
            ready: pod::condition(&object, "Ready"),
            pods: by_node.remove(object.name()).unwrap_or_default(),
        });
        let nodes = nodes.collect();
        let slices = api.peek(&endpoint_slice::ENDPOINT_SLICE);
        let services = api.peek(&service::SERVICE);
        let services = services.iter().map(|object| stage_service(object, &slices)).collect();
        Stage { nodes, pending, services }
    }
}

fn stage_pod(object: &Object) -> StagePod {
    let images = object.list("spec.containers").iter().map(|c| tree::str(c, "image").into());
    StagePod {
        namespace: object.namespace().into(),
        name: object.name().into(),
        uid: object.uid.clone(),
        ip: pod::ip(object),
        phase: object.str("status.phase").into(),
        ready: pod::is_ready(object),
        terminating: object.is_terminating(),
        is_dns: object.label("k8s-app") == Some("kube-dns"),
        owner: object.controller().map(|(_, name, _)| name).unwrap_or_default().into(),
        images: images.collect(),
        labels: object.labels().map(|(k, v)| (k.into(), v.into())).collect(),
    }
}

fn stage_service(object: &Object, slices: &[Object]) -> StageService {
    let own = slices.iter().filter(|slice| {
        slice.namespace() == object.namespace() && endpoint_slice::service_name(slice) == object.name()
    });
    let endpoints: Vec<_> = own.flat_map(endpoint_slice::endpoints).collect();
    let names = |ready: bool| {
        let chosen = endpoints.iter().filter(|endpoint| endpoint.ready == ready && !endpoint.pod.is_empty());
        chosen.map(|endpoint| endpoint.pod.clone()).collect()
    };
    StageService {
        namespace: object.namespace().into(),
        name: object.name().into(),
        kind: object.str("spec.type").into(),
        ips: service::cluster_ips(object),
        ports: service::ports(object),
        selector: tree::pairs(object.tree(), "spec.selector").map(|(k, v)| (k.into(), v.into())).collect(),
        ready: names(true),
        not_ready: names(false),
        balancer: (object.str("spec.type") == "LoadBalancer").then(|| {
            let ingress = object.list("status.loadBalancer.ingress").first();
            ingress.map_or("", |ingress| tree::str(ingress, "ip")).into()
        }),
    }
}
