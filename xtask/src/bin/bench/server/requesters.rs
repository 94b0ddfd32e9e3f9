//! Connections that repeat one or two pre-encoded requests, each waiting for its answer. It knows no scenario.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    ops::Range,
};

use memchr::memmem;

use super::{Result, wire};

pub(super) struct Requester {
    stream: TcpStream,
    request: Vec<u8>,
    /// Sent in turn with it; none if it is empty.
    other: Vec<u8>,
    /// The digits in the request that must differ each time.
    counter: Option<Range<usize>>,
    /// Requests sent so far.
    sent: u64,
    answer: Vec<u8>,
    pub(super) is_waiting: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The `seq` of the message that was sent. Meaningless if the request sent none.
    pub(super) seq: u64,
}

impl Requester {
    /// A connection that repeats `request`. The digits after `mark` count up.
    pub(super) fn new(stream: TcpStream, request: Vec<u8>, mark: Option<&[u8]>) -> Self {
        let counter = mark.and_then(|mark| wire::counter(&request, mark));
        Self { stream, request, other: Vec::new(), counter, sent: 0, answer: Vec::new(), is_waiting: false }
    }

    /// A connection that sends two requests in turn.
    pub(super) fn alternating(stream: TcpStream, [request, other]: [Vec<u8>; 2]) -> Self {
        Self { other, ..Self::new(stream, request, None) }
    }

    pub(super) fn send(&mut self) -> Result<()> {
        self.sent += 1;
        if let Some(counter) = self.counter.clone() {
            wire::set_counter(&mut self.request[counter], self.sent);
        }
        self.stream.write_all(&self.request)?; // small, and the socket's buffer is empty
        self.is_waiting = true;
        if !self.other.is_empty() {
            std::mem::swap(&mut self.request, &mut self.other);
        }
        Ok(())
    }

    /// Reads from the connection. Returns the answer once it is complete.
    pub(super) fn readable(&mut self, buffer: &mut [u8]) -> Result<Option<Answer>> {
        let len = match self.stream.read(buffer) {
            Ok(0) => return Err("the server closed a connection before it answered".into()),
            Ok(len) => len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.answer.extend_from_slice(&buffer[..len]);
        let Some(answer) = wire::answer(&self.answer) else { return Ok(None) };
        let mark = b"\"seq\":";
        let seq = memmem::find(answer.body, mark).and_then(|at| wire::number(&answer.body[at + mark.len()..]));
        // The peer's answer has no `seq`: it uses the number in the request.
        let answer = Answer { status: answer.status, seq: seq.unwrap_or(self.sent) };
        self.answer.clear();
        self.is_waiting = false;
        Ok(Some(answer))
    }
}
