//! A bare TCP connection that can send anything: half a request, two at once, bytes that are not HTTP.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{Answer, TIMEOUT};

/// Reads with a deadline, and returns only complete answers.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    /// Bytes received and not yet used.
    pub(crate) received: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(TIMEOUT)).unwrap();
        Self { socket, received: Vec::new() }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the server accepts.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref())
    }

    /// Closes the sending side.
    pub(crate) fn finish(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Waits for more bytes. Returns `false` at the end of the connection (FIN or reset).
    #[track_caller]
    pub(crate) fn receive(&mut self, timeout: Duration) -> bool {
        self.try_receive(timeout).unwrap_or_else(|| panic!("nothing within {timeout:?}, after {}", self.so_far()))
    }

    /// As [`Self::receive`], but returns `None` when nothing came in time.
    pub(crate) fn try_receive(&mut self, timeout: Duration) -> Option<bool> {
        let deadline = Instant::now() + timeout;
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).unwrap();
            match self.socket.read(&mut buffer) {
                Ok(0) => return Some(false),
                Ok(n) => {
                    self.received.extend_from_slice(&buffer[..n]);
                    return Some(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if Instant::now() >= deadline {
                        return None;
                    }
                }
                Err(_) => return Some(false),
            }
        }
    }

    /// The next final answer, of a stream only its head. Skips interim ones (1xx).
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        self.read_answer(true).expect("the connection ended instead of an answer")
    }

    /// The answer to a HEAD request, which ends with its head.
    #[track_caller]
    pub(crate) fn answer_to_head(&mut self) -> Answer {
        self.read_answer(false).expect("the connection ended instead of an answer")
    }

    /// The next answer, or `None` if the connection ends instead.
    #[track_caller]
    pub(crate) fn answer_or_end(&mut self) -> Option<Answer> {
        self.read_answer(true)
    }

    /// Whether the server ends the connection. Bytes received before that are kept.
    #[track_caller]
    pub(crate) fn ends(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            match self.try_receive(deadline.saturating_duration_since(Instant::now())) {
                Some(true) => {}
                Some(false) => return true,
                None => return false,
            }
        }
    }

    /// The next head (status, fields, no body), or `None` if the connection ends instead.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = find(&self.received, b"\r\n\r\n") {
                break at;
            }
            if !self.receive(TIMEOUT) {
                assert!(self.received.is_empty(), "the connection ended within a head: {}", self.so_far());
                return None;
            }
        };
        let head: Vec<u8> = self.received.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next().unwrap();
        let status = status_line.strip_prefix("HTTP/1.1 ").or_else(|| status_line.strip_prefix("HTTP/1.0 "));
        let status =
            status.and_then(|rest| rest.get(..3)).unwrap_or_else(|| panic!("not a status line: {status_line:?}"));
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header field: {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        });
        Some(Answer { status: status.parse().unwrap(), headers: headers.collect(), body: Vec::new() })
    }

    #[track_caller]
    fn read_answer(&mut self, with_body: bool) -> Option<Answer> {
        let mut answer = self.head()?;
        while (100..200).contains(&answer.status) {
            answer = self.head()?;
        }
        let is_endless = answer.header("content-type") == Some("text/event-stream");
        if !with_body || is_endless || matches!(answer.status, 204 | 304) {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.received.len() < length {
                assert!(self.receive(TIMEOUT), "the connection ended within a body: {}", self.so_far());
            }
            answer.body = self.received.drain(..length).collect();
        } else {
            let chunked = answer.header("transfer-encoding") == Some("chunked");
            while self.receive(TIMEOUT) {}
            assert!(!chunked, "a finite answer has a length: {}", self.so_far());
            answer.body = std::mem::take(&mut self.received);
        }
        Some(answer)
    }

    pub(crate) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.received[..self.received.len().min(500)]).into_owned()
    }
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
