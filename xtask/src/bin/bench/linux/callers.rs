//! Those who ask: connections that write one pre-encoded request and wait for its answer. Knows no scenario.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    ops::Range,
};

use memchr::memmem;

use super::{Result, wire};

/// One connection.
pub(super) struct Caller {
    stream: TcpStream,
    request: Vec<u8>,
    /// Where the request carries a number that must differ each time.
    counter: Option<Range<usize>>,
    asked: u64,
    answer: Vec<u8>,
    pub(super) is_waiting: bool,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Of the message that was sent, if it was one.
    pub(super) seq: Option<u64>,
}

impl Caller {
    /// Asks `request` again and again; a counter behind `mark` is counted up.
    pub(super) fn new(stream: TcpStream, request: Vec<u8>, mark: Option<&[u8]>) -> Self {
        let counter = mark.and_then(|mark| wire::counter(&request, mark));
        Self { stream, request, counter, asked: 0, answer: Vec::new(), is_waiting: false }
    }

    pub(super) fn ask(&mut self) -> Result<()> {
        self.asked += 1;
        if let Some(counter) = self.counter.clone() {
            wire::set_counter(&mut self.request[counter], self.asked);
        }
        self.stream.write_all(&self.request)?; // small, and nothing else is on its way
        self.is_waiting = true;
        Ok(())
    }

    /// Reads what has come; an answer once it is whole.
    pub(super) fn readable(&mut self, buffer: &mut [u8]) -> Result<Option<Answer>> {
        let len = match self.stream.read(buffer) {
            Ok(0) => return Err("a connection ended while an answer was waited for".into()),
            Ok(len) => len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.answer.extend_from_slice(&buffer[..len]);
        let Some((head, whole)) = wire::lengths(&self.answer) else { return Ok(None) };
        if self.answer.len() < whole {
            return Ok(None);
        }
        let mark = b"\"seq\":";
        let body = &self.answer[head..whole];
        let seq = memmem::find(body, mark).and_then(|at| wire::number(&body[at + mark.len()..]));
        // Who does not tell the number took the one it was given.
        let answer = Answer { status: wire::status(&self.answer), seq: seq.or(Some(self.asked)) };
        self.answer.clear();
        self.is_waiting = false;
        Ok(Some(answer))
    }
}
