//! Connections and datagrams of real programs, carried to an address in the world and back.

use super::keeper::{Keeper, Target};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tidepool_core::process::Said;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Takes connections for ever.
pub async fn connections(listener: TcpListener, keeper: Keeper, to: Target) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, keeper.clone(), to));
    }
}

/// One connection. Where the world refuses or resets it, it is reset here too; where packets are dropped there, nothing
/// comes here either.
async fn connection(mut stream: TcpStream, keeper: Keeper, to: Target) {
    let Ok(mut guest) = keeper.connect(to, false).await else { return reset(&stream) };
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    let mut listens = true;
    loop {
        tokio::select! {
            read = stream.read_buf(&mut buffer), if listens => match read {
                Ok(0) => {
                    listens = false;
                    guest.send(Bytes::new());
                }
                Ok(_) => guest.send(buffer.split().freeze()),
                Err(_) => return,
            },
            said = guest.said() => match said {
                Some(Said::Bytes(_, bytes)) => if stream.write_all(&bytes).await.is_err() { return },
                Some(Said::Ended(0)) => {
                    // The peer may be gone already.
                    let _ = stream.shutdown().await;
                    return;
                }
                Some(Said::Ended(_)) | None => return reset(&stream),
            },
        }
    }
}

/// The connection ends with RST instead of FIN.
fn reset(stream: &TcpStream) {
    // Where the option is refused the connection ends politely.
    let _ = stream.set_zero_linger();
}

/// Carries datagrams for ever; each sender is a socket of its own in the world.
pub async fn datagrams(socket: UdpSocket, keeper: Keeper, to: Target) {
    let socket = Arc::new(socket);
    let mut senders: BTreeMap<SocketAddr, UnboundedSender<Bytes>> = BTreeMap::new();
    let mut buffer = vec![0; 65_535];
    loop {
        // An answer that nobody takes any more shows as an error of the next read; it concerns no one here.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        let known = senders.get(&from).map(|sender| sender.send(bytes.clone()));
        if matches!(known, Some(Ok(()))) {
            continue;
        }
        senders.retain(|_, sender| !sender.is_closed());
        let (sender, mut more) = unbounded_channel::<Bytes>();
        let (socket, keeper) = (socket.clone(), keeper.clone());
        tokio::spawn(async move {
            let Ok(mut guest) = keeper.connect(to, true).await else { return };
            guest.send(bytes);
            loop {
                tokio::select! {
                    next = more.recv() => match next {
                        Some(bytes) => guest.send(bytes),
                        None => return,
                    },
                    said = guest.said() => match said {
                        Some(Said::Bytes(_, bytes)) => { let _ = socket.send_to(&bytes, from).await; }
                        Some(Said::Ended(_)) | None => return,
                    },
                }
            }
        });
        senders.insert(from, sender);
    }
}
