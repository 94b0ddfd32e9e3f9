//! The event stream: one thread that reads one connection into a bounded inbox.
//!
//! It does not reconnect; whoever opened it decides that. When the inbox is full it stops reading: the server then
//! ends the stream, and the next one resumes where this one stopped. Dropped, it ends at once.

use std::{
    collections::VecDeque,
    io::{self, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use quchat_shared::{Cursor, Event, api::ListenEvents, query, sse::Decoder};
use ureq::{Agent, http::header};

use super::{Access, agent, bounds, bounds::CURSOR_MAX, call, call::Server, failure};
use crate::update::{Failure, ServerEvent};

/// A stream that says nothing for this long is dead: two missed heartbeats and some.
const SILENCE_MAX: Duration = Duration::from_secs(35);
/// Most events that wait to be taken.
const INBOX_MAX: usize = 1_024;
/// Most bytes of them, as they came; a single event may be larger.
const INBOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An open stream.
pub struct Stream {
    agent: Agent,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    taken: Condvar,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<(ServerEvent, usize)>,
    /// The bytes of all of them.
    bytes: usize,
    closed: bool,
}

/// Nobody wants the stream any more.
struct Closed;

impl Stream {
    /// Opens a stream that begins after `since`. `wake` is called when the inbox is no longer empty, and not again
    /// before [`Stream::take`] has emptied it.
    ///
    /// # Errors
    /// The system has no more threads to give.
    pub fn open(access: Access, since: Cursor, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        Self::open_for(access, since, wake, SILENCE_MAX)
    }

    pub(super) fn open_for(
        access: Access,
        since: Cursor,
        wake: impl Fn() + Send + 'static,
        silence: Duration,
    ) -> io::Result<Self> {
        let agent = agent::for_stream(&access.origin, silence);
        let inbox = Arc::<Inbox>::default();
        let reader = Reader { inbox: Arc::clone(&inbox), wake: Box::new(wake), at: since.clone() };
        let connection = agent.clone();
        let read = move || {
            let server = Server { agent: &connection, origin: &access.origin, token: Some(&access.token) };
            reader.run(&server, since);
        };
        thread::Builder::new().name("stream".into()).spawn(read)?;
        Ok(Self { agent, inbox })
    }

    /// The oldest events, at most so many, and whether more are waiting.
    #[must_use]
    pub fn take(&self, most: usize) -> (Vec<ServerEvent>, bool) {
        let mut waiting = self.inbox.lock();
        let count = waiting.events.len().min(most);
        let (events, bytes): (Vec<_>, Vec<_>) = waiting.events.drain(..count).unzip();
        waiting.bytes -= bytes.into_iter().sum::<usize>();
        self.inbox.taken.notify_all();
        (events, !waiting.events.is_empty())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.inbox.lock().closed = true;
        self.inbox.taken.notify_all();
        self.agent.clone().shutdown();
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reader {
    inbox: Arc<Inbox>,
    wake: Box<dyn Fn() + Send>,
    /// The position told last.
    at: Cursor,
}

impl Reader {
    fn run(mut self, server: &Server<'_>, since: Cursor) {
        let follow = || self.follow(server, since);
        let end = catch_unwind(AssertUnwindSafe(follow)).unwrap_or_else(|_| Ok(call::fault()));
        if let Ok(failure) = end {
            self.push(ServerEvent::Ended(failure), 0).ok(); // closed meanwhile: nobody asks why it ended
        }
    }

    /// Reads until the stream is over, for this reason.
    fn follow(&mut self, server: &Server<'_>, since: Cursor) -> Result<Failure, Closed> {
        let since = (!since.0.is_empty()).then_some(since);
        let everything = query::ListenEvents { since, rooms: Vec::new() };
        let response = match server.send::<ListenEvents>("text/event-stream", &(), &everything, &()) {
            Ok(response) => response,
            Err(failure) => return Ok(failure),
        };
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(|value| value.starts_with("text/event-stream")) {
            return Ok(call::not_understood());
        }
        let mut body = response.into_body().into_reader();
        let (mut decoder, mut bytes) = (Decoder::default(), [0; 16 * 1024]);
        loop {
            let count = match body.read(&mut bytes) {
                Ok(0) => return Ok(Failure::Unreachable { reason: "the server closed the connection".into() }),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(failure::unreachable(&error.into())),
            };
            if decoder.push(&bytes[..count]).is_err() {
                return Ok(Failure::TooLarge);
            }
            if let Some(failure) = self.hand_over(&mut decoder)? {
                return Ok(failure);
            }
        }
    }

    /// Hands over what is complete by now; or why the stream is of no use.
    fn hand_over(&mut self, decoder: &mut Decoder) -> Result<Option<Failure>, Closed> {
        while let Some(frame) = decoder.next_frame() {
            if frame.id.len() > CURSOR_MAX {
                return Ok(Some(call::not_understood()));
            }
            // An event of a later version, or one that cannot be read, is a position and nothing else: whoever
            // misses a message of it sees the gap in the seqs.
            if let Ok(Some(event)) = Event::decode(&frame) {
                let event = match bounds::event(event) {
                    Ok(event) => event,
                    Err(failure) => return Ok(Some(failure)),
                };
                self.at = Cursor(frame.id.to_string());
                self.push(ServerEvent::Event(event, self.at.clone()), frame.data.len())?;
            }
        }
        if decoder.last_event_id().len() > CURSOR_MAX {
            return Ok(Some(call::not_understood()));
        }
        if decoder.last_event_id() != self.at.0 && !decoder.last_event_id().is_empty() {
            self.at = Cursor(decoder.last_event_id().to_owned());
            self.push(ServerEvent::At(self.at.clone()), self.at.0.len())?;
        }
        Ok(None)
    }

    fn push(&self, event: ServerEvent, bytes: usize) -> Result<(), Closed> {
        let mut waiting = self.inbox.lock();
        let full = |waiting: &Waiting| waiting.events.len() >= INBOX_MAX || waiting.bytes >= INBOX_BYTES_MAX;
        while full(&waiting) && !waiting.closed {
            waiting = self.inbox.taken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.closed {
            return Err(Closed);
        }
        let was_empty = waiting.events.is_empty();
        waiting.events.push_back((event, bytes));
        waiting.bytes += bytes;
        drop(waiting);
        if was_empty {
            (self.wake)();
        }
        Ok(())
    }
}
