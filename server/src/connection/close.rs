//! Closes a connection so that the peer still receives the last response. If bytes arrived at a closed socket, the
//! kernel would reset the connection, and the response could be lost.

use std::{io::ErrorKind, time::Duration};

use hyper::header::{CONNECTION, HeaderValue};
use tokio::time::timeout;

use crate::socket::Socket;

/// Closes the connection after this response (RFC 9112 section 9.6).
pub(crate) fn close_after<B>(response: &mut hyper::Response<B>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Whether the connection closes after this response.
pub(super) fn closes_after<B>(response: &hyper::Response<B>) -> bool {
    response.headers().contains_key(CONNECTION)
}

/// Discards arriving bytes until the peer has sent everything, `max` bytes have arrived or `limit` has passed.
pub(super) async fn linger(socket: &Socket, max: usize, limit: Duration) {
    let tcp = socket.tcp(); // what arrives is not even decrypted
    let discard = async {
        let (mut buffer, mut left) = ([0; 1024], max);
        while left > 0 && tcp.readable().await.is_ok() {
            match tcp.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(len) => left = left.saturating_sub(len),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = timeout(limit, discard).await;
}
