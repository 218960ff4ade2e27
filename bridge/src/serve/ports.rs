//! Node ports, load balancers and forwards as listeners of this machine: 127.0.0.N stands for node N.

use super::keeper::{Keeper, Target};
use super::options::Forward;
use super::relay;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tidepool_core::api::service::SERVICE;
use tidepool_core::api::tree;
use tidepool_core::world::World;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

/// An address of a Service, and what leads to it from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAddress {
    /// The Service's namespace.
    pub namespace: String,
    /// The Service's name.
    pub name: String,
    /// Its cluster IP.
    pub ip: IpAddr,
    /// Its node ports: number, and whether it is UDP.
    pub node_ports: Vec<(u16, bool)>,
    /// Its load balancer's address, once it has one, and ports: number, and whether it is UDP.
    pub balancer: Option<(IpAddr, Vec<(u16, bool)>)>,
    /// The nodes' addresses.
    pub nodes: Vec<IpAddr>,
}

/// The addresses of all Services that have one.
pub fn service_addresses(world: &World) -> Vec<ServiceAddress> {
    let nodes: Vec<IpAddr> = (0..world.cluster().nodes.len()).map(|n| world.cluster().node_ip(n)).collect();
    let address = |service: &tidepool_core::api::Object| {
        let ports = |field: &'static str| -> Vec<(u16, bool)> {
            let port = |port| {
                let number = tree::get(port, field)?.as_u64().and_then(|n| u16::try_from(n).ok())?;
                (number != 0 && tree::str(port, "protocol") != "SCTP")
                    .then(|| (number, tree::str(port, "protocol") == "UDP"))
            };
            service.list("spec.ports").iter().filter_map(port).collect()
        };
        let ingress = service.list("status.loadBalancer.ingress").first();
        let balancer = ingress.and_then(|ingress| tree::str(ingress, "ip").parse().ok());
        Some(ServiceAddress {
            namespace: service.namespace().to_string(),
            name: service.name().to_string(),
            ip: service.str("spec.clusterIP").parse().ok()?,
            node_ports: ports("nodePort"),
            balancer: balancer.map(|ip| (ip, ports("port"))),
            nodes: nodes.clone(),
        })
    };
    world.objects_of(&SERVICE).iter().filter_map(address).collect()
}

/// Something that was opened: how it is called, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The node port's number (with `/udp`), or the Service and port.
    pub name: String,
    /// Whether it is a load balancer's.
    pub balancer: bool,
    /// Where it listens.
    pub at: SocketAddr,
}

/// What leads into the cluster from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entrance {
    /// Its name, without `/udp`.
    name: String,
    port: u16,
    udp: bool,
    /// A load balancer's address; a node port has the nodes'.
    balancer: Option<IpAddr>,
}

impl Entrance {
    /// The entrances of a Service, each with the addresses that it stands for.
    fn of(service: &ServiceAddress) -> impl Iterator<Item = (Entrance, Vec<IpAddr>)> {
        let node_port = |(port, udp): &(u16, bool)| {
            let entrance = Entrance { name: port.to_string(), port: *port, udp: *udp, balancer: None };
            (entrance, service.nodes.clone())
        };
        let balancer = service.balancer.iter().flat_map(|(ip, ports)| {
            ports.iter().map(|(port, udp)| {
                let name = format!("{}/{}:{port}", service.namespace, service.name);
                (Entrance { name, port: *port, udp: *udp, balancer: Some(*ip) }, vec![*ip])
            })
        });
        service.node_ports.iter().map(node_port).chain(balancer)
    }
}

/// The entrances that are open.
#[derive(Default)]
pub struct Listeners {
    open: BTreeMap<Entrance, Vec<JoinHandle<()>>>,
}

impl Listeners {
    /// Opens what is new and closes what is gone; gives what was opened.
    pub async fn follow(&mut self, keeper: &Keeper, services: &[ServiceAddress]) -> Vec<Opened> {
        let wanted: BTreeMap<Entrance, Vec<IpAddr>> = services.iter().flat_map(Entrance::of).collect();
        self.open.retain(|entrance, tasks| {
            let stays = wanted.contains_key(entrance);
            if !stays {
                tasks.iter().for_each(JoinHandle::abort);
            }
            stays
        });
        let mut opened = Vec::new();
        for (entrance, addresses) in wanted {
            if self.open.contains_key(&entrance) {
                continue;
            }
            let Entrance { port, udp, .. } = entrance;
            let mut tasks = Vec::new();
            for (n, address) in addresses.iter().enumerate() {
                let Some(last) = u8::try_from(n + 1).ok().filter(|last| *last < 255) else { break };
                let at = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port));
                let target = Target::Outside(SocketAddr::new(*address, port));
                // The first must be there, at another port if this one is taken; the others only where they can be.
                let Some((task, at)) = listen(keeper, at, target, udp, n == 0).await else { continue };
                tasks.push(task);
                if n == 0 {
                    let name = format!("{}{}", entrance.name, if udp { "/udp" } else { "" });
                    opened.push(Opened { name, balancer: entrance.balancer.is_some(), at });
                }
            }
            self.open.insert(entrance, tasks);
        }
        opened
    }
}

async fn listen(
    keeper: &Keeper,
    at: SocketAddr,
    target: Target,
    udp: bool,
    anywhere: bool,
) -> Option<(JoinHandle<()>, SocketAddr)> {
    let other = SocketAddr::new(at.ip(), 0);
    if udp {
        let socket = match UdpSocket::bind(at).await {
            Err(_) if anywhere => UdpSocket::bind(other).await,
            bound => bound,
        };
        let socket = socket.ok()?;
        let at = socket.local_addr().ok()?;
        Some((tokio::spawn(relay::datagrams(socket, keeper.clone(), target)), at))
    } else {
        let listener = match TcpListener::bind(at).await {
            Err(_) if anywhere => TcpListener::bind(other).await,
            bound => bound,
        };
        let listener = listener.ok()?;
        let at = listener.local_addr().ok()?;
        Some((tokio::spawn(relay::connections(listener, keeper.clone(), target)), at))
    }
}

/// Opens the forwards that were asked for.
pub async fn forward(keeper: &Keeper, forwards: &[Forward]) -> Result<Vec<Opened>, String> {
    let mut opened = Vec::new();
    for forward in forwards {
        let Forward { local, namespace, service, port, udp } = forward;
        let services = keeper.services();
        let of = |address: &&ServiceAddress| address.namespace == *namespace && address.name == *service;
        let ip = services.borrow().iter().find(of).map(|address| address.ip);
        let missing = || format!("there is no Service {service} with an address in namespace {namespace}");
        let target = Target::Inside(SocketAddr::new(ip.ok_or_else(missing)?, *port));
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, *local));
        let listening = listen(keeper, at, target, *udp, false).await;
        let (_, at) = listening.ok_or_else(|| format!("cannot listen on port {local}"))?;
        let suffix = if *udp { "/udp" } else { "" };
        let name = format!("svc/{service}.{namespace}:{port}{suffix}");
        opened.push(Opened { name, balancer: false, at });
    }
    Ok(opened)
}
