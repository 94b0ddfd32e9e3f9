//! The event stream as an iterator, which resumes by itself where asked.
//!
//! Owns the position: a resumed stream begins after the last event that was returned, so that none is missing and none
//! comes twice.

use std::{
    io::{self, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quchat_shared::{Cursor, Event, api::ListenEvents, query, sse::Decoder};
use ureq::{BodyReader, http::header};

use super::{Bounded, Client, Failure, backoff, bounds::CURSOR_MAX};

/// Most bytes that are read at once.
const READ_MAX: usize = 16 * 1024;
/// A stream that lasted this long was a good one: the next failure counts as the first.
const STABLE: Duration = Duration::from_secs(10);

/// The events that one user may see, in order. [`Iterator::next`] blocks. The first call connects.
///
/// The first failure ends the iterator. One that is [resuming](Events::resuming) ends only with a failure that will not
/// pass, or if the very first stream did not begin.
pub struct Events {
    client: Client,
    position: Cursor,
    stream: Option<Stream>,
    resuming: Option<Resuming>,
    closed: Arc<Closed>,
    ended: bool,
}

/// Something that the stream brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The event; `None` if only the position moved.
    pub event: Option<Event>,
    /// The position of the stream as of this event: one opened there goes on with the next event. Empty before the
    /// server has named one.
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
    /// When the server said hello.
    greeted: Option<Instant>,
}

/// Decides whether and when to connect again.
struct Resuming {
    /// A stream has begun at least once.
    begun: bool,
    /// Failures in a row.
    failures: u32,
    /// How long to wait after so many earlier failures, if the server asks for so many milliseconds.
    pause: fn(u32, Option<u64>) -> Duration,
}

impl Events {
    /// `client` has connections of its own, which end with the stream.
    pub(super) fn new(client: Client, since: Option<Cursor>) -> Self {
        let position = since.unwrap_or_default();
        Self { client, position, stream: None, resuming: None, closed: Arc::default(), ended: false }
    }

    /// Connects again after a failure that may pass. The first pause is at most a second, later ones are longer.
    ///
    /// Where the server cannot go on from the position without a gap, it sends [`Event::Reset`]. The iterator returns
    /// that event like any other; the caller must then fetch again what it holds.
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
                return None; // it failed because it was closed
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
    /// Ends the iterator. A call of `next` that waits returns `None` at once.
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

    /// Waits until it is set, at most this long.
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

    /// The next event or position in what was read so far.
    fn decoded(&mut self, position: &Cursor) -> Result<Option<Received>, Failure> {
        while let Some(frame) = self.decoder.next_frame() {
            if frame.id.len() > CURSOR_MAX {
                return Err(Failure::not_understood());
            }
            // An event of a later version, or one that cannot be read, is a position and nothing else: whoever
            // misses a message of it sees the gap in the seqs.
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
    /// How long to wait before the next attempt; `None` if there should be none.
    fn pause_after(&mut self, failure: &Failure, greeted: Option<Instant>) -> Option<Duration> {
        self.begun |= greeted.is_some();
        // The session has ended, or the same event would be too large again.
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
