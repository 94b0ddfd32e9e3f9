//! The start of a connection: its first byte decides between TLS and plain HTTP, and a TLS connection performs its
//! handshake. A flood of handshakes delays only handshakes: they compute in turns, and everything else runs between two
//! turns. A handshake that waits for its peer takes no turn.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    sync::Arc,
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{net::TcpStream, sync::Semaphore, task::yield_now, time::timeout};

use super::close::linger;
use crate::{
    config::Config,
    socket::{Socket, TlsSocket},
};

/// The first byte of a TLS connection: the type of a handshake record (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;
/// Most bytes that a peer may send before its handshake is complete. A usual one takes less than 1 KiB.
const RECEIVED_MAX: usize = 32 * 1024;
/// Most bytes that are discarded after a failed handshake. Discarding them lets the peer read the alert.
const DISCARD_MAX: usize = 64 * 1024;
/// Longest time spent on discarding.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Provides the settings of TLS for each new connection.
pub(crate) type TlsSettings = Box<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// Opens connections.
pub(crate) struct Handshakes {
    settings: TlsSettings,
    turns: Semaphore,
}

impl Handshakes {
    /// As many handshakes compute at once as the runtime has threads.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    pub(crate) fn new(settings: TlsSettings) -> Self {
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        Self { settings, turns: Semaphore::new(threads) }
    }

    /// Waits for the first byte and, with TLS, for the handshake. Returns `None` if the peer leaves, takes too long or
    /// violates TLS.
    pub(super) async fn open(&self, tcp: TcpStream, config: &Config) -> Option<Socket> {
        if timeout(config.idle_timeout, first_byte(&tcp)).await.ok()?? != HANDSHAKE_RECORD {
            return Some(tcp.into());
        }
        Box::pin(self.secure(tcp, config)).await
    }

    async fn secure(&self, tcp: TcpStream, config: &Config) -> Option<Socket> {
        let mut tls = match TlsSocket::new(tcp, (self.settings)()) {
            Ok(tls) => Box::new(tls),
            Err(error) => {
                tracing::error!(%error, "TLS cannot be used");
                return None;
            }
        };
        match timeout(config.head_timeout, self.shake_hands(&mut tls)).await {
            Ok(Ok(())) => return Some(Socket::Tls(tls)),
            Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => return None, // the peer has left
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => {
                tracing::debug!("a TLS handshake took too long");
                return None;
            }
        }
        let mut socket = Socket::Tls(tls);
        if poll_fn(|cx| socket.poll_close(cx)).await.is_ok() {
            linger(&socket, DISCARD_MAX, DISCARD_TIME).await;
        }
        None
    }

    async fn shake_hands(&self, tls: &mut TlsSocket) -> io::Result<()> {
        let mut received = 0;
        loop {
            poll_fn(|cx| tls.poll_flush(cx)).await?;
            if !tls.is_handshaking() {
                return Ok(());
            }
            match poll_fn(|cx| tls.poll_receive(cx)).await? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                len => received += len,
            }
            if received > RECEIVED_MAX {
                return Err(io::Error::new(ErrorKind::InvalidData, "the handshake is too long"));
            }
            let turn = self.turns.acquire().await.map_err(io::Error::other)?;
            tls.process()?;
            yield_now().await; // the turn lasts until everything else that can run has run
            drop(turn);
        }
    }
}

/// The first byte that the peer sends. It stays in the socket.
async fn first_byte(tcp: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    match tcp.peek(&mut byte).await {
        Ok(1..) => Some(byte[0]),
        Ok(0) | Err(_) => None,
    }
}
