//! Node ports and forwards as listeners of this machine: 127.0.0.N stands for node N.

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
    /// The nodes' addresses.
    pub nodes: Vec<IpAddr>,
}

/// The addresses of all Services that have one.
pub fn service_addresses(world: &World) -> Vec<ServiceAddress> {
    let nodes: Vec<IpAddr> = (0..world.cluster().nodes.len()).map(|n| world.cluster().node_ip(n)).collect();
    let address = |service: &tidepool_core::api::Object| {
        let ports = service.list("spec.ports").iter().filter_map(|port| {
            let number = tree::get(port, "nodePort")?.as_u64().and_then(|n| u16::try_from(n).ok())?;
            (number != 0 && tree::str(port, "protocol") != "SCTP")
                .then(|| (number, tree::str(port, "protocol") == "UDP"))
        });
        Some(ServiceAddress {
            namespace: service.namespace().to_string(),
            name: service.name().to_string(),
            ip: service.str("spec.clusterIP").parse().ok()?,
            node_ports: ports.collect(),
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
    /// Where it listens.
    pub at: SocketAddr,
}

/// The node ports that are open.
#[derive(Default)]
pub struct Listeners {
    open: BTreeMap<(u16, bool), Vec<JoinHandle<()>>>,
}

impl Listeners {
    /// Opens what is new and closes what is gone; gives what was opened.
    pub async fn follow(&mut self, keeper: &Keeper, services: &[ServiceAddress]) -> Vec<Opened> {
        let wanted: BTreeMap<(u16, bool), &[IpAddr]> = services
            .iter()
            .flat_map(|service| service.node_ports.iter().map(|port| (*port, service.nodes.as_slice())))
            .collect();
        self.open.retain(|port, tasks| {
            let stays = wanted.contains_key(port);
            if !stays {
                tasks.iter().for_each(JoinHandle::abort);
            }
            stays
        });
        let mut opened = Vec::new();
        for ((port, udp), nodes) in wanted {
            if self.open.contains_key(&(port, udp)) {
                continue;
            }
            let mut tasks = Vec::new();
            for (n, node) in nodes.iter().enumerate() {
                let Some(last) = u8::try_from(n + 1).ok().filter(|last| *last < 255) else { break };
                let at = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port));
                let target = Target::Outside(SocketAddr::new(*node, port));
                // The first must be there, at another port if this one is taken; the others only where they can be.
                let Some((task, at)) = listen(keeper, at, target, udp, n == 0).await else { continue };
                tasks.push(task);
                if n == 0 {
                    let suffix = if udp { "/udp" } else { "" };
                    opened.push(Opened { name: format!("{port}{suffix}"), at });
                }
            }
            self.open.insert((port, udp), tasks);
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
        opened.push(Opened { name: format!("svc/{service}.{namespace}:{port}{suffix}"), at });
    }
    Ok(opened)
}
