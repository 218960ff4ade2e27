//! `tidepool serve`: the world lent to real programs on loopback: the REST API over HTTP, DNS over UDP and TCP, node
//! ports and forwards as listeners of their own. Knows no Kubernetes beyond the names of its parts.

mod announce;
mod api;
mod clock;
mod exec;
mod keeper;
mod options;
mod ports;
mod protobuf;
mod relay;

use crate::commands::explain;
use announce::Announcer;
use keeper::Keeper;
use options::Options;
use std::net::Ipv4Addr;
use tidepool_core::recording::Recording;
use tokio::net::{TcpListener, UdpSocket};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until SIGTERM or Ctrl-C.
pub fn run(args: lexopt::Parser) -> Result<u8, String> {
    let options = Options::parse(args)?;
    let mut recording = Recording::begin(options.seed, &options.cluster).map_err(explain)?;
    recording.start = clock::start_of_world();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let (keeper, thread) = Keeper::start(recording, options.speed, options.from.clone()).map_err(explain)?;
    let served = runtime.block_on(serve(&keeper, &options));
    drop(runtime); // everyone who may still ask the keeper
    drop(keeper);
    let recording = thread.join().map_err(|_| "the world has crashed".to_string())?;
    if let Some(path) = &options.save {
        std::fs::write(path, recording.to_json()).map_err(|error| format!("cannot write {path}: {error}"))?;
    }
    served.map(|()| 0)
}

async fn serve(keeper: &Keeper, options: &Options) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await;
    let listener = listener.map_err(|error| format!("cannot listen on port {}: {error}", options.port))?;
    let api = listener.local_addr().map_err(|error| error.to_string())?;
    let (dns_udp, dns_tcp) = dns_sockets(options.dns_port).await?;
    let dns = dns_udp.local_addr().map_err(|error| error.to_string())?;
    let announcer = Announcer::new(api, dns)?;
    tokio::spawn(api::listen(listener, keeper.clone()));
    tokio::spawn(relay::datagrams(dns_udp, keeper.clone(), keeper::Target::Dns));
    tokio::spawn(relay::connections(dns_tcp, keeper.clone(), keeper::Target::Dns));
    let mut services = keeper.services();
    let mut ports = ports::Listeners::default();
    let opened = ports.follow(keeper, &services.borrow_and_update().clone()).await;
    let forwarded = ports::forward(keeper, &options.forwards).await?;
    announcer.ready(&opened, &forwarded)?;
    let stop = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let (mut term, mut int) = (stop(SignalKind::terminate())?, stop(SignalKind::interrupt())?);
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            changed = services.changed() => {
                changed.map_err(|_| "the world has crashed".to_string())?;
                let now = services.borrow_and_update().clone();
                let opened = ports.follow(keeper, &now).await;
                announcer.later(&opened)?;
            }
        }
    }
}

/// UDP and TCP on one port.
async fn dns_sockets(port: u16) -> Result<(UdpSocket, TcpListener), String> {
    // A free UDP port may be taken for TCP: then another is tried.
    let mut last = String::new();
    for _ in 0..16 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| error.to_string())?;
        let chosen = udp.local_addr().map_err(|error| error.to_string())?.port();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, chosen)).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!("cannot listen for DNS: {last}"))
}
