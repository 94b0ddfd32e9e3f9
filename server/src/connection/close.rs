//! Closing a connection so that its peer still gets the last answer: bytes that arrive at a closed socket reset it, and
//! the answer is lost.

use std::{io::ErrorKind, time::Duration};

use hyper::header::{CONNECTION, HeaderValue};
use tokio::{net::TcpStream, time::timeout};

/// Closes the connection after an answer (RFC 9112 section 9.6).
pub(crate) fn close_after<B>(response: &mut hyper::Response<B>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Whether the connection is closed after an answer.
pub(super) fn closes_after<B>(response: &hyper::Response<B>) -> bool {
    response.headers().contains_key(CONNECTION)
}

/// Discards what arrives until the peer has sent everything, `max` bytes have come or `limit` is over.
pub(super) async fn linger(socket: &TcpStream, max: usize, limit: Duration) {
    let discard = async {
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
    let _ = timeout(limit, discard).await;
}
