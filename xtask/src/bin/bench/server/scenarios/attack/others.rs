//! Everybody else: asks the server for something small on a new connection, again and again.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::super::super::{Result, wire};

/// The time between two requests.
const EVERY: Duration = Duration::from_millis(10);
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until it is over. Returns the time from each connection to its answer, which may be that the server is full.
pub(super) fn ask(address: SocketAddr, is_over: &AtomicBool) -> Result<Vec<Duration>> {
    let request = wire::request("GET", "/v1/server", "", "connection: close\r\n", "");
    let mut answers = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(&request).ok(); // a server that is full refuses before it reads
        let mut answer = Vec::new();
        let end = socket.read_to_end(&mut answer);
        let is_reset = end.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
        if !matches!(wire::status(&answer), 200 | 503) && !is_reset {
            return Err(format!("no answer on a new connection: {end:?}").into());
        }
        answers.push(begin.elapsed());
        thread::sleep(EVERY);
    }
    Ok(answers)
}
