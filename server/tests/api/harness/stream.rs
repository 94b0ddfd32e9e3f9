//! A reader of the event stream that checks everything: it parses chunks, frames and ids byte by byte.

use std::time::{Duration, Instant};

use quchat_shared::{
    Event, RoomId, Seq,
    event::{ByeReason, Hello},
    sse::Decoder,
};

use super::{Answer, Client, Connection, TIMEOUT, connection::find};

/// One event, and the position to resume from after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamEvent {
    pub(crate) event: Event,
    pub(crate) id: String,
}

/// The parameters of a request for a stream.
#[derive(Default, Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) query: &'a str,
    pub(crate) last_event_id: Option<&'a str>,
    /// Size of the socket's receive buffer; a small one makes a slow reader.
    pub(crate) receive_buffer: Option<usize>,
}

impl Opening<'_> {
    /// Requests the stream. An error is the answer that refuses it.
    #[track_caller]
    pub(crate) fn ask(&self, client: &Client) -> Result<Stream, Answer> {
        Self::answered(self.send(client))
    }

    /// Sends the request only.
    pub(crate) fn send(&self, client: &Client) -> Connection {
        let mut connection = self.connect(client);
        connection.send(self.head(client));
        connection
    }

    /// Reads the answer to a request that was sent.
    pub(crate) fn answered(mut connection: Connection) -> Result<Stream, Answer> {
        let head = connection.head().expect("an answer");
        if head.status != 200 {
            let length: usize = head.header("content-length").unwrap_or("0").parse().unwrap();
            while connection.received.len() < length && connection.receive(TIMEOUT) {}
            return Err(Answer { body: connection.received, ..head });
        }
        Ok(Stream::new(connection, head))
    }

    /// Opens the stream and reads its `hello`.
    #[track_caller]
    pub(crate) fn open(&self, client: &Client) -> (Hello, Stream) {
        let mut stream = self.ask(client).unwrap_or_else(|answer| panic!("{} {}", answer.status, answer.text()));
        let hello = match stream.next_of_any_kind() {
            Some(StreamEvent { event: Event::Hello(hello), .. }) => hello,
            other => panic!("hello comes first, not {other:?}"),
        };
        stream.start.clone_from(&hello.cursor.0);
        (hello, stream)
    }

    /// Opens the stream, unless nobody listens there, or the answer is none or another one.
    pub(crate) fn try_open(&self, client: &Client) -> Option<Stream> {
        let mut connection = Connection::over(std::net::TcpStream::connect(client.address).ok()?);
        connection.try_send(self.head(client)).ok()?;
        let head = connection.head().filter(|head| head.status == 200)?;
        let mut stream = Stream::new(connection, head);
        match stream.next_of_any_kind()?.event {
            Event::Hello(hello) => stream.start = hello.cursor.0,
            other => panic!("hello comes first, not {other:?}"),
        }
        Some(stream)
    }

    fn head(&self, client: &Client) -> String {
        let resume = self.last_event_id.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        format!("GET /v1/events{} HTTP/1.1\r\n{}{resume}\r\n", self.query, client.head_lines())
    }

    /// Opens only the connection, without a request.
    pub(crate) fn connect(&self, client: &Client) -> Connection {
        let Some(size) = self.receive_buffer else { return client.connect() };
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(size).unwrap();
        socket.connect(&client.address.into()).unwrap();
        Connection::over(socket.into())
    }
}

impl Client {
    /// Opens a stream that starts now.
    #[track_caller]
    pub(crate) fn listen(&self) -> Stream {
        Opening::default().open(self).1
    }

    /// Opens a stream that resumes after `id`.
    #[track_caller]
    pub(crate) fn resume(&self, id: &str) -> Stream {
        Opening { last_event_id: Some(id), ..Opening::default() }.open(self).1
    }
}

/// An open stream.
pub(crate) struct Stream {
    pub(crate) connection: Connection,
    pub(crate) head: Answer,
    decoder: Decoder,
    /// The position of `hello`.
    start: String,
    /// All bytes received, without the chunk framing.
    text: Vec<u8>,
    /// The last chunk was received.
    complete: bool,
}

impl Stream {
    fn new(connection: Connection, head: Answer) -> Self {
        let (decoder, start, text) = (Decoder::default(), String::new(), Vec::new());
        Self { connection, head, decoder, start, text, complete: false }
    }

    /// The next event except `activity`, `presence` and `typing`. Panics at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&mut self) -> StreamEvent {
        self.next_or_end().unwrap_or_else(|| panic!("the stream ended:\n{}", self.text()))
    }

    /// The next event except `activity`, `presence` and `typing`, or `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next_or_end(&mut self) -> Option<StreamEvent> {
        loop {
            match self.next_of_any_kind() {
                Some(StreamEvent { event: Event::Activity(_) | Event::Presence(_) | Event::Typing(_), .. }) => {}
                other => return other,
            }
        }
    }

    /// The next event, or `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next_of_any_kind(&mut self) -> Option<StreamEvent> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            while let Some(frame) = self.decoder.next_frame() {
                let event = Event::decode(&frame).unwrap_or_else(|e| panic!("{e} in {frame:?}"));
                if let Some(event) = event {
                    return Some(StreamEvent { event, id: frame.id.to_string() });
                }
            }
            if !self.read(TIMEOUT) {
                return None;
            }
            assert!(Instant::now() < deadline, "nothing but heartbeats for {TIMEOUT:?}, after\n{}", self.text());
        }
    }

    /// The next events, up to and including the first for which `stop` is true.
    #[track_caller]
    pub(crate) fn until(&mut self, stop: impl Fn(&Event) -> bool) -> Vec<StreamEvent> {
        let mut received = Vec::new();
        loop {
            received.push(self.next());
            if stop(&received.last().unwrap().event) {
                return received;
            }
        }
    }

    /// The next events, up to and including this message.
    #[track_caller]
    pub(crate) fn until_message(&mut self, room: RoomId, seq: Seq) -> Vec<StreamEvent> {
        self.until(|event| message_of(event) == Some((room, seq)))
    }

    /// All events up to the end of the stream.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<StreamEvent> {
        std::iter::from_fn(|| self.next_or_end()).collect()
    }

    /// Checks that the stream ends with this `bye`, as HTTP and SSE require.
    #[track_caller]
    pub(crate) fn expects_bye(&mut self, reason: ByeReason) {
        let rest = self.rest();
        match rest.last() {
            Some(StreamEvent { event: Event::Bye(bye), .. }) => assert_eq!(bye.reason, reason),
            other => panic!("the last event is bye, not {other:?}"),
        }
        assert!(self.complete, "the chunked body is complete");
    }

    /// The position to resume from after everything received so far.
    pub(crate) fn last_id(&self) -> &str {
        match self.decoder.last_event_id() {
            "" => &self.start,
            id => id,
        }
    }

    /// Everything received so far, including comments.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.clone()).unwrap()
    }

    /// Waits for more of the stream. Returns `false` at its end.
    #[track_caller]
    pub(crate) fn read(&mut self, timeout: Duration) -> bool {
        while !self.complete {
            if self.take_chunk() {
                return true;
            }
            if !self.complete && !self.connection.receive(timeout) {
                assert!(self.text.is_empty() || self.text.ends_with(b"\n\n"), "a frame is split: {}", self.text());
                return false;
            }
        }
        false
    }

    /// Removes one chunk from the received bytes, if it is complete.
    fn take_chunk(&mut self) -> bool {
        let received = &mut self.connection.received;
        let Some(line_end) = find(received, b"\r\n") else { return false };
        let size = std::str::from_utf8(&received[..line_end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).expect("a chunk size");
        let end = line_end + 2 + size + 2;
        if received.len() < end {
            return false;
        }
        assert_eq!(&received[end - 2..end], b"\r\n", "a chunk ends with CRLF");
        let chunk: Vec<u8> = received.drain(..end).skip(line_end + 2).take(size).collect();
        self.complete = size == 0;
        self.decoder.push(&chunk).unwrap();
        self.text.extend_from_slice(&chunk);
        size > 0
    }
}

/// Room and seq, if the event is a new message.
pub(crate) fn message_of(event: &Event) -> Option<(RoomId, Seq)> {
    match event {
        Event::MessageCreated(created) => Some((created.room_id, created.message.seq)),
        _ => None,
    }
}
