//! Connections for which there is no place: each gets its answer at once, whether it has asked for something or not.

use std::{
    collections::VecDeque,
    io::{self, Write},
    net::Shutdown,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::{net::TcpStream, task::JoinHandle};

use super::{linger::linger, problem};

/// Connections that are listened to behind their answer. One more ends that of the first.
const LINGERING_MAX: usize = 64;
/// Longest time one is listened to.
const LINGER_TIME: Duration = Duration::from_secs(1);
/// Most bytes of one that are thrown away.
const LINGER_BYTES: usize = 256 * 1024;

/// Turns connections away. Dropping it ends those that are still listened to.
pub(super) struct TurnAway {
    answer: Bytes,
    lingering: VecDeque<JoinHandle<()>>,
}

impl TurnAway {
    pub(super) async fn new() -> Self {
        Self { answer: answer().await, lingering: VecDeque::new() }
    }

    /// Answers a connection and says that nothing follows. Waits for nobody.
    pub(super) fn turn_away(&mut self, stream: TcpStream) {
        let Ok(stream) = refuse(stream, &self.answer) else { return }; // the peer has left
        if self.lingering.len() == LINGERING_MAX
            && let Some(first) = self.lingering.pop_front()
        {
            first.abort();
        }
        self.lingering.push_back(tokio::spawn(async move {
            linger(&stream, LINGER_BYTES, LINGER_TIME).await;
        }));
    }
}

impl Drop for TurnAway {
    fn drop(&mut self) {
        self.lingering.iter().for_each(JoinHandle::abort);
    }
}

/// The answer as it goes over the wire.
async fn answer() -> Bytes {
    let (head, body) = problem::no_place().into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    let mut bytes = format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\n", head.status, body.len());
    for (name, value) in &head.headers {
        bytes += &format!("{name}: {}\r\n", value.to_str().expect("the fields of a problem are ASCII"));
    }
    [bytes.as_bytes(), b"\r\n", &body].concat().into()
}

/// Writes past the runtime, which does not know of a new socket that it can be written. Its buffer has room for this.
fn refuse(stream: TcpStream, answer: &[u8]) -> io::Result<TcpStream> {
    let mut stream = stream.into_std()?;
    stream.write_all(answer)?;
    stream.shutdown(Shutdown::Write)?;
    TcpStream::from_std(stream)
}
