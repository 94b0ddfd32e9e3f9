//! The subscribers: thousands of event streams. It counts each delivery by a number that grows, the `seq` of new messages
//! unless told otherwise, and knows no scenario.
//!
//! To be cheap it does not parse events. It searches complete lines for `"seq":`, which every message has once.

use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

use memchr::{memmem, memrchr};

use super::{Result, tally::Tally};

/// One event stream.
struct Subscriber {
    /// `None` after the server closed it.
    stream: Option<TcpStream>,
    /// The start of an incomplete line.
    rest: Vec<u8>,
    /// The number expected next.
    next: u64,
    is_live: bool,
}

/// The delivery of a message that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The index of the stream.
    pub(super) stream: usize,
    /// The index of the message, in the order of sending.
    pub(super) message: usize,
    /// The time from send to delivery.
    pub(super) delay: Duration,
}

/// All event streams of a scenario.
pub(super) struct Subscribers {
    streams: Vec<Subscriber>,
    /// What stands before the number.
    mark: memmem::Finder<'static>,
    counted: Tally,
    /// Streams that have received `hello`.
    pub(super) live: usize,
    /// `activity` events received.
    pub(super) activities: u64,
    /// The number to wait for, and how many streams have received it.
    goal: u64,
    at_goal: usize,
    /// The first `seq` that is timed, and when it and each later message was sent. Empty if none is timed.
    sent: (u64, Vec<Instant>),
    arrivals: Vec<Arrival>,
}

impl Default for Subscribers {
    fn default() -> Self {
        Self::counting(b"\"seq\":")
    }
}

impl Subscribers {
    /// Counts deliveries by the number after `mark`, which occurs once in each.
    pub(super) fn counting(mark: &'static [u8]) -> Self {
        Self {
            streams: Vec::new(),
            mark: memmem::Finder::new(mark),
            counted: Tally::default(),
            live: 0,
            activities: 0,
            goal: 0,
            at_goal: 0,
            sent: (0, Vec::new()),
            arrivals: Vec::new(),
        }
    }

    /// Adds a stream whose first message will be `next`.
    pub(super) fn add(&mut self, stream: TcpStream, next: u64) {
        self.streams.push(Subscriber { stream: Some(stream), rest: Vec::new(), next, is_live: false });
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Returns what was counted since the last call; `expected` deliveries were due.
    pub(super) fn take_tally(&mut self, expected: u64) -> Tally {
        Tally { expected, ..std::mem::take(&mut self.counted) }
    }

    /// Sets the number to wait for.
    pub(super) fn expect(&mut self, seq: u64) {
        self.goal = seq;
        self.at_goal = self.streams.iter().filter(|stream| stream.next > seq).count();
    }

    /// Whether every stream has received the expected number.
    pub(super) fn all_received(&self) -> bool {
        self.at_goal >= self.streams.len()
    }

    /// How many streams have received it.
    pub(super) fn received(&self) -> usize {
        self.at_goal
    }

    /// Starts timing deliveries. The next message is `seq`.
    pub(super) fn start_timing(&mut self, seq: u64) {
        self.sent = (seq, Vec::new());
        self.arrivals.clear();
    }

    /// Records that the next message is sent now.
    pub(super) fn record_send(&mut self, now: Instant) {
        self.sent.1.push(now);
    }

    /// Returns the deliveries in their order, and stops timing.
    pub(super) fn take_arrivals(&mut self) -> Vec<Arrival> {
        self.sent = (0, Vec::new());
        std::mem::take(&mut self.arrivals)
    }

    /// Reads from one stream that is readable.
    pub(super) fn readable(&mut self, index: usize, buffer: &mut [u8]) -> Result<()> {
        let subscriber = &mut self.streams[index];
        let Some(stream) = &mut subscriber.stream else { return Ok(()) };
        let len = match stream.read(buffer) {
            Ok(len) => len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(_) => 0, // a reset also ends the stream
        };
        if len == 0 {
            subscriber.stream = None;
            self.counted.ended += 1;
            return Ok(());
        }
        let mut rest = std::mem::take(&mut subscriber.rest);
        if rest.is_empty() {
            let whole = self.process_lines(index, &buffer[..len])?;
            rest.extend_from_slice(&buffer[whole..len]);
        } else {
            rest.extend_from_slice(&buffer[..len]);
            let whole = self.process_lines(index, &rest)?;
            rest.drain(..whole);
        }
        if rest.is_empty() {
            rest = Vec::new(); // frees the memory: there are thousands of streams
        }
        self.streams[index].rest = rest;
        Ok(())
    }

    /// Processes the complete lines in `bytes` and returns their length.
    fn process_lines(&mut self, index: usize, bytes: &[u8]) -> Result<usize> {
        let Some(end) = memrchr(b'\n', bytes) else { return Ok(0) };
        let lines = &bytes[..=end];
        if !self.streams[index].is_live {
            self.check_hello(index, lines)?;
        }
        let mut at = 0;
        while let Some(found) = self.mark.find(&lines[at..]) {
            at += found + self.mark.needle().len();
            if let Some(seq) = super::wire::number(&lines[at..]) {
                self.count_delivery(index, seq);
            }
        }
        if at == 0 {
            self.activities += memmem::find_iter(lines, b"event: activity").count() as u64;
        }
        Ok(end + 1)
    }

    fn check_hello(&mut self, index: usize, lines: &[u8]) -> Result<()> {
        if lines.starts_with(b"HTTP/1.1 ") && super::wire::status(lines) != 200 {
            return Err(format!("the server refused a stream: {}", String::from_utf8_lossy(lines)).into());
        }
        if memmem::find(lines, b"event: hello").is_some() || memmem::find(lines, b": hi\n").is_some() {
            self.streams[index].is_live = true;
            self.live += 1;
        }
        Ok(())
    }

    fn count_delivery(&mut self, index: usize, seq: u64) {
        let subscriber = &mut self.streams[index];
        if seq < subscriber.next {
            self.counted.repeated += 1;
            return;
        }
        // Skipped messages stay expected and are never counted as delivered.
        if subscriber.next <= self.goal && seq >= self.goal {
            self.at_goal += 1;
        }
        subscriber.next = seq + 1;
        self.counted.delivered += 1;
        let message = seq.checked_sub(self.sent.0).and_then(|nth| usize::try_from(nth).ok());
        if let Some((message, sent)) = message.and_then(|message| Some((message, self.sent.1.get(message)?))) {
            self.arrivals.push(Arrival { stream: index, message, delay: sent.elapsed() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener};

    use super::*;

    /// One stream, and the other end of its socket.
    fn one() -> (Subscribers, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut subscribers = Subscribers::default();
        subscribers.add(near, 1);
        (subscribers, listener.accept().unwrap().0)
    }

    fn receive(subscribers: &mut Subscribers, far: &mut TcpStream, bytes: &[u8]) {
        far.write_all(bytes).unwrap();
        subscribers.readable(0, &mut [0; 4096]).unwrap();
    }

    #[test]
    fn a_delivery_counts_once_however_the_bytes_are_split() {
        let (mut subscribers, mut far) = one();
        subscribers.expect(2);
        receive(&mut subscribers, &mut far, b"HTTP/1.1 200 OK\r\n\r\n1\r\nevent: hello\n\r\ndata: {\"se");
        receive(&mut subscribers, &mut far, b"q\":1,\"last_seq\":9}\n\ndata: {\"seq\":");
        assert!(!subscribers.all_received());
        receive(&mut subscribers, &mut far, b"2}\n\n");
        assert!(subscribers.all_received());
        assert_eq!((subscribers.live, subscribers.take_tally(2).is_complete()), (1, true));
    }

    #[test]
    fn a_gap_a_repetition_and_an_end_are_counted() {
        let (mut subscribers, mut far) = one();
        receive(&mut subscribers, &mut far, b"event: hello\ndata: {\"seq\":1}\ndata: {\"seq\":3}\ndata: {\"seq\":3}\n");
        drop(far);
        subscribers.readable(0, &mut [0; 16]).unwrap();
        let seen = subscribers.take_tally(3);
        assert_eq!(seen, Tally { expected: 3, delivered: 2, repeated: 1, refused: 0, ended: 1 });
    }
}
