//! Where a server listens that a task has started.

use std::{
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    process::Child,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Reads the address from the first line that the server prints. Its stdout is a pipe; later output is read and dropped, so
/// that it never waits for that.
///
/// # Errors
/// What it did instead, for the end of a sentence.
pub fn listening_address(server: &mut Child, within: Duration) -> Result<SocketAddr, String> {
    let mut stdout = BufReader::new(server.stdout.take().ok_or("there is no pipe")?);
    let (sender, first_line) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let _ = sender.send(stdout.read_line(&mut line).map(|_| line));
        io::copy(&mut stdout, &mut io::sink())
    });
    let line = match first_line.recv_timeout(within) {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(RecvTimeoutError::Timeout) => return Err(format!("it is not ready after {} seconds", within.as_secs())),
        Err(RecvTimeoutError::Disconnected) => String::new(),
    };
    let line = line.trim_end();
    let address = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    address.ok_or_else(|| if line.is_empty() { "it ended".to_owned() } else { format!("it printed {line:?}") })
}
