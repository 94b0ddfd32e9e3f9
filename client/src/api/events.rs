//! The event stream as an iterator, which can resume automatically (reconnect and retry).
//!
//! Owns the position in the stream. A resumed stream begins after the last returned event, so that no event is lost or
//! returned twice.

use std::{
    io::{self, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quchat_shared::{Cursor, Event, api::ListenEvents, query, sse::Decoder};
use ureq::{BodyReader, http::header};

use super::{Bounded, Client, Failure, backoff, bounds::CURSOR_MAX};

/// Size of the read buffer, in bytes.
const READ_MAX: usize = 16 * 1024;
/// A stream that lasted this long was stable: the next failure counts as the first.
const STABLE: Duration = Duration::from_secs(10);

/// The events that one user may see, in order. [`Iterator::next`] blocks. The first call connects.
///
/// The first failure ends the iterator. A [resuming](Events::resuming) iterator ends only with a permanent failure, or
/// if the first stream never began.
pub struct Events {
    client: Client,
    position: Cursor,
    stream: Option<Stream>,
    resuming: Option<Resuming>,
    closed: Arc<Closed>,
    ended: bool,
}

/// An item of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The event; `None` if only the position moved.
    pub event: Option<Event>,
    /// The position after this event; a stream opened there continues with the next event. Empty until the server has
    /// sent one.
    pub position: Cursor,
    /// Size of the event on the wire, in bytes.
    pub size: usize,
}

/// Ends an [`Events`] iterator from another thread.
#[derive(Debug, Clone)]
pub struct Closer {
    client: Client,
    closed: Arc<Closed>,
}

#[derive(Debug, Default)]
struct Closed {
    closed: Mutex<bool>,
    changed: Condvar,
}

struct Stream {
    body: BodyReader<'static>,
    buffer: Box<[u8]>,
    decoder: Decoder,
    /// When the server sent `hello`.
    greeted: Option<Instant>,
}

/// Decides whether and when to reconnect.
struct Resuming {
    /// At least one stream has begun.
    begun: bool,
    /// Failures in a row.
    failures: u32,
    /// The pause before the next attempt, from the number of earlier failures and the milliseconds that the server asks
    /// for.
    pause: fn(u32, Option<u64>) -> Duration,
}

impl Events {
    /// `client` must have its own connections; they close with the stream.
    pub(super) fn new(client: Client, since: Option<Cursor>) -> Self {
        let position = since.unwrap_or_default();
        Self { client, position, stream: None, resuming: None, closed: Arc::default(), ended: false }
    }

    /// Reconnects after a temporary failure. The first pause is at most a second, later ones are longer.
    ///
    /// If the server cannot resume without a gap, it sends [`Event::Reset`]. The iterator returns that event like any
    /// other; the caller must then fetch its data again.
    #[must_use]
    pub fn resuming(self) -> Self {
        self.resuming_after(|failures, asked_ms| {
            let random = getrandom::u64().unwrap_or_default();
            Duration::from_millis(backoff::pause_ms(failures, random, asked_ms))
        })
    }

    pub(super) fn resuming_after(self, pause: fn(u32, Option<u64>) -> Duration) -> Self {
        Self { resuming: Some(Resuming { begun: false, failures: 0, pause }), ..self }
    }

    /// Ends the iterator from another thread.
    #[must_use]
    pub fn closer(&self) -> Closer {
        Closer { client: self.client.clone(), closed: Arc::clone(&self.closed) }
    }

    fn receive(&mut self) -> Result<Received, Failure> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(Stream::open(&self.client, &self.position)?),
        };
        let received = stream.receive(&self.position)?;
        self.position.clone_from(&received.position);
        Ok(received)
    }
}

impl Iterator for Events {
    type Item = Result<Received, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.ended || self.closed.is_set() {
                return None;
            }
            let failure = match self.receive() {
                Ok(received) => return Some(Ok(received)),
                Err(failure) => failure,
            };
            if self.closed.is_set() {
                return None; // closing caused the failure
            }
            let greeted = self.stream.take().and_then(|stream| stream.greeted);
            match self.resuming.as_mut().and_then(|resuming| resuming.pause_after(&failure, greeted)) {
                Some(pause) => self.closed.wait(pause),
                None => {
                    self.ended = true;
                    return Some(Err(failure));
                }
            }
        }
    }
}

impl Closer {
    /// Ends the iterator. A waiting call of `next` returns `None` at once.
    pub fn close(&self) {
        *self.closed.lock() = true;
        self.closed.changed.notify_all();
        self.client.shut_down();
    }
}

impl Closed {
    fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits until it is set, for at most `longest`.
    fn wait(&self, longest: Duration) {
        drop(self.changed.wait_timeout_while(self.lock(), longest, |closed| !*closed));
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn open(client: &Client, since: &Cursor) -> Result<Self, Failure> {
        let since = (!since.0.is_empty()).then(|| since.clone());
        let everything = query::ListenEvents { since, rooms: Vec::new() };
        let response = client.send::<ListenEvents>("text/event-stream", &(), &everything, &())?;
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(|value| value.starts_with("text/event-stream")) {
            return Err(Failure::not_understood());
        }
        let buffer = vec![0; READ_MAX].into();
        Ok(Self { body: response.into_body().into_reader(), buffer, decoder: Decoder::default(), greeted: None })
    }

    /// Waits for the next event or position.
    fn receive(&mut self, position: &Cursor) -> Result<Received, Failure> {
        loop {
            if let Some(received) = self.decoded(position)? {
                return Ok(received);
            }
            let count = match self.body.read(&mut self.buffer) {
                Ok(0) => return Err(Failure::because("the server closed the connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::unreachable(&error.into())),
            };
            self.decoder.push(&self.buffer[..count]).map_err(|_| Failure::TooLarge)?;
        }
    }

    /// The next event or position in the bytes read so far.
    fn decoded(&mut self, position: &Cursor) -> Result<Option<Received>, Failure> {
        while let Some(frame) = self.decoder.next_frame() {
            if frame.id.len() > CURSOR_MAX {
                return Err(Failure::not_understood());
            }
            // An event of a later version, or one that cannot be decoded, only moves the position. If it was a message,
            // the gap in the seqs shows that it is missing.
            let Ok(Some(event)) = Event::decode(&frame) else { continue };
            let event = event.bounded()?;
            let position = match (&*frame.id, &event) {
                ("", Event::Hello(hello)) => hello.cursor.clone(),
                ("", _) => position.clone(),
                (id, _) => Cursor(id.to_owned()),
            };
            if let Event::Hello(_) = event {
                self.greeted.get_or_insert_with(Instant::now);
            }
            return Ok(Some(Received { event: Some(event), position, size: frame.data.len() }));
        }
        let id = self.decoder.last_event_id();
        if id.len() > CURSOR_MAX {
            return Err(Failure::not_understood());
        }
        if id.is_empty() || id == position.0 {
            return Ok(None);
        }
        Ok(Some(Received { event: None, position: Cursor(id.to_owned()), size: id.len() }))
    }
}

impl Resuming {
    /// How long to wait before the next attempt; `None` to give up.
    fn pause_after(&mut self, failure: &Failure, greeted: Option<Instant>) -> Option<Duration> {
        self.begun |= greeted.is_some();
        // The session has ended, or the same event would again be too large.
        let is_final = failure.status() == Some(401) || *failure == Failure::TooLarge;
        if !self.begun || is_final || !failure.may_pass() {
            return None;
        }
        if greeted.is_some_and(|at| at.elapsed() >= STABLE) {
            self.failures = 0;
        }
        let pause = (self.pause)(self.failures, failure.retry_after_ms());
        self.failures = self.failures.saturating_add(1);
        Some(pause)
    }
}
