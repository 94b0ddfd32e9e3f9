//! Listening to a peer behind its last answer: what arrives at a closed socket would reset it, and take the answer along.

use std::{io::ErrorKind, time::Duration};

use tokio::{net::TcpStream, time::timeout};

/// Reads and throws away what arrives, up to `max` bytes, until the peer says no more or `patience` is over.
pub(super) async fn linger(socket: &TcpStream, max: usize, patience: Duration) {
    let listen = async {
        let (mut buffer, mut left) = ([0; 1024], max);
        while left > 0 && socket.readable().await.is_ok() {
            match socket.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(len) => left = left.saturating_sub(len),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = timeout(patience, listen).await;
}
