//! Accepts connections up to the bound until the server stops; `turn_away` answers those beyond it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Server, Service,
    requests::{serve_connection, stopped},
    turn_away::TurnAway,
};
use crate::config::Config;

/// Added to the write timeout for a peer whose machine no longer acknowledges anything. The kernel resets such a
/// connection. The extra time lets the write timeout end the connection of a slow reader properly first.
#[cfg(target_os = "linux")]
const VANISHED: Duration = Duration::from_secs(90);
/// Pause after a failed accept. It gives open connections time to close and free descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until `stop` is true, at most `max` at a time. Then waits up to [`Config::drain_timeout`] for
/// responses in progress.
pub(crate) async fn serve<S: Service>(
    server: Server<S>,
    listener: TcpListener,
    max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let server = Arc::new(server);
    let mut connections = JoinSet::new();
    let mut turn_away = TurnAway::new(server.service.at_capacity()).await;
    loop {
        server.load.open.set(connections.len() as u64);
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue, // makes room for another one
            () = stopped(&mut stop) => break,
        };
        let Some((socket, peer)) = set_up(accepted, &server.config).await else { continue };
        while connections.try_join_next().is_some() {}
        if connections.len() < max {
            connections.spawn(serve_connection(Arc::clone(&server), socket, peer.ip(), stop.clone()));
        } else {
            server.load.turned_away.add(1);
            turn_away.turn_away(socket).await;
        }
    }
    drop((listener, turn_away));
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(server.config.drain_timeout, drained).await.is_err() {
        tracing::warn!("{} connections did not finish in time", connections.len());
        connections.shutdown().await;
    }
}

/// Sets the options of an accepted socket: send without delay, and reset the connection if the peer no longer
/// acknowledges anything. Without the latter, small frames could fill the send buffer for hours before a write blocks.
async fn set_up(accepted: io::Result<(TcpStream, SocketAddr)>, config: &Config) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok((socket, peer)) => {
            // Fails only if the peer is already gone; the first read reports that.
            let _ = socket.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _ = rustix::net::sockopt::set_tcp_user_timeout(&socket, millis(config.write_timeout + VANISHED));
            Some((socket, peer))
        }
        Err(error) => {
            if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
            None
        }
    }
}

#[cfg(target_os = "linux")]
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
