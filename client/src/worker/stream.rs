//! The event stream, on its own thread that fills a bounded inbox.
//!
//! It does not reconnect; `update` decides that. When the inbox is full, the thread stops reading. The server then ends
//! the stream, and the next one resumes where this one stopped.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use quchat_shared::Cursor;

use crate::{
    api::{Access, Client, Closer, Events, Failure, Received},
    update::ServerEvent,
};

/// Most waiting events.
const INBOX_MAX: usize = 1_024;
/// Most bytes of waiting events, as received; a single event may be larger.
const INBOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An open stream. Dropping it ends it at once.
pub struct Stream {
    closer: Closer,
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
    /// The bytes of all waiting events.
    bytes: usize,
    closed: bool,
}

/// The stream was dropped.
struct Closed;

impl Stream {
    /// Opens a stream that begins after `since`. `wake` is called when the inbox is no longer empty, and not again
    /// before [`Stream::take`] has emptied it.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn open(access: Access, since: Cursor, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        Self::follow(Client::signed_in(access).events(Some(since)), wake)
    }

    pub(super) fn follow(events: Events, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let inbox = Arc::<Inbox>::default();
        let stream = Self { closer: events.closer(), inbox: Arc::clone(&inbox) };
        let reader = Reader { inbox, wake: Box::new(wake) };
        thread::Builder::new().name("stream".into()).spawn(move || reader.run(events))?;
        Ok(stream)
    }

    /// Takes the oldest events, at most `most`, and returns whether more are waiting.
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
        self.closer.close();
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
}

impl Reader {
    fn run(self, events: Events) {
        let read = || self.read(events);
        if catch_unwind(AssertUnwindSafe(read)).is_err() {
            self.push(ServerEvent::Ended(Failure::fault()), 0).ok(); // an error means that the stream was dropped
        }
    }

    /// Reads until the stream has ended or was dropped.
    fn read(&self, events: Events) -> Result<(), Closed> {
        for received in events {
            match received {
                Ok(Received { event: Some(event), position, size }) => {
                    self.push(ServerEvent::Event(event, position), size)?;
                }
                Ok(Received { event: None, position, size }) => self.push(ServerEvent::At(position), size)?,
                Err(failure) => self.push(ServerEvent::Ended(failure), 0)?,
            }
        }
        Ok(())
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
