//! Turns away connections beyond the bound: each gets a 503 at once, before it has sent a request.

use std::{
    collections::VecDeque,
    io::{self, Write},
    net::Shutdown,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::{net::TcpStream, task::JoinHandle};

use super::{body::Body, close::linger};

/// Most connections that linger after their response. A further one closes the oldest.
const LINGERING_MAX: usize = 64;
/// Longest time that a connection lingers.
const LINGER_TIME: Duration = Duration::from_secs(1);
/// Most bytes that are discarded per connection.
const LINGER_BYTES: usize = 256 * 1024;

/// Turns connections away. Dropping it closes all lingering connections.
pub(super) struct TurnAway {
    answer: Bytes,
    lingering: VecDeque<JoinHandle<()>>,
}

impl TurnAway {
    /// Sends this response to every connection.
    pub(super) async fn new(answer: hyper::Response<Body>) -> Self {
        Self { answer: encode(answer).await, lingering: VecDeque::new() }
    }

    /// Answers a connection and closes it. Waits for no peer, only until the oldest lingering connection is closed: else a
    /// flood would use up the descriptors before the runtime gets to closing them.
    pub(super) async fn turn_away(&mut self, stream: TcpStream) {
        let Ok(stream) = refuse(stream, &self.answer) else { return }; // the peer has left
        if self.lingering.len() == LINGERING_MAX
            && let Some(first) = self.lingering.pop_front()
        {
            first.abort();
            let _ = first.await; // it was aborted, or has ended
        }
        self.lingering.push_back(tokio::spawn(async move {
            linger(&stream.into(), LINGER_BYTES, LINGER_TIME).await;
        }));
    }
}

impl Drop for TurnAway {
    fn drop(&mut self) {
        self.lingering.iter().for_each(JoinHandle::abort);
    }
}

/// Encodes the response as HTTP/1.1.
async fn encode(answer: hyper::Response<Body>) -> Bytes {
    let (head, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    let mut bytes = format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\n", head.status, body.len());
    for (name, value) in &head.headers {
        bytes += &format!("{name}: {}\r\n", value.to_str().expect("the header fields of this answer are ASCII"));
    }
    [bytes.as_bytes(), b"\r\n", &body].concat().into()
}

/// Writes the response without waiting for the runtime, which does not know yet that the new socket is writable. The
/// response fits into the socket's send buffer.
fn refuse(stream: TcpStream, answer: &[u8]) -> io::Result<TcpStream> {
    let mut stream = stream.into_std()?;
    stream.write_all(answer)?;
    stream.shutdown(Shutdown::Write)?;
    TcpStream::from_std(stream)
}
