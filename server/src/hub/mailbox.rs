//! What waits for one stream: a bounded queue of encoded frames between the hub and the connection.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};

/// Most bytes that wait for one stream, besides the bound on frames.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most bytes that one write takes: what waits goes out together.
const WRITE_MAX: usize = 64 * 1024;

/// Whole frames that belong together, encoded once for everyone who gets them.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) frames: usize,
}

/// What became of a push.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Accepted,
    /// There is no room: the reader is too slow.
    Full,
    /// The reader is gone.
    Closed,
}

/// The queue. The hub pushes, the connection takes.
#[derive(Debug)]
pub(crate) struct Mailbox {
    frames_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    frames: usize,
    bytes: usize,
    /// Nothing follows what waits.
    ended: bool,
    /// The connection is gone.
    closed: bool,
    reader: Option<Waker>,
}

impl Mailbox {
    pub(super) fn new(frames_max: usize) -> Self {
        Self { frames_max, state: Mutex::default() }
    }

    /// Adds a chunk, unless that would exceed the bounds.
    pub(super) fn push(&self, chunk: &Chunk) -> Pushed {
        self.push_below(chunk, self.frames_max, BYTES_MAX)
    }

    /// Adds a chunk that may be left out: it never takes the last half of the room.
    pub(super) fn push_ephemeral(&self, chunk: &Chunk) {
        self.push_below(chunk, self.frames_max / 2, BYTES_MAX / 2);
    }

    fn push_below(&self, chunk: &Chunk, frames_max: usize, bytes_max: usize) -> Pushed {
        let mut state = self.lock();
        if state.closed || state.ended {
            return Pushed::Closed;
        }
        if state.frames + chunk.frames > frames_max || state.bytes + chunk.bytes.len() > bytes_max {
            return Pushed::Full;
        }
        state.push(chunk.clone());
        state.wake();
        Pushed::Accepted
    }

    /// Ends the stream with `last`, behind what waits.
    pub(super) fn end(&self, last: Chunk) {
        let mut state = self.lock();
        if !state.ended {
            state.push(last);
            state.ended = true;
            state.wake();
        }
    }

    /// Drops what waits and ends the stream with `last`.
    pub(super) fn cut(&self, last: Chunk) {
        let mut state = self.lock();
        state.clear();
        drop(state);
        self.end(last);
    }

    /// Takes what waits, up to one write's worth; `None` once the stream has ended.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.lock();
        if let Some(bytes) = state.take() {
            return Poll::Ready(Some(bytes));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        match &mut state.reader {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Says that nobody takes any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.clear();
        state.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, chunk: Chunk) {
        self.frames += chunk.frames;
        self.bytes += chunk.bytes.len();
        self.chunks.push_back(chunk);
    }

    fn take(&mut self) -> Option<Bytes> {
        let first = self.pop()?;
        match self.chunks.front() {
            Some(next) if first.len() + next.bytes.len() <= WRITE_MAX => {}
            _ => return Some(first),
        }
        let mut merged = BytesMut::with_capacity(WRITE_MAX.min(first.len() + self.bytes));
        merged.extend_from_slice(&first);
        while self.chunks.front().is_some_and(|next| merged.len() + next.bytes.len() <= WRITE_MAX) {
            merged.extend(self.pop());
        }
        Some(merged.freeze())
    }

    fn pop(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.pop_front()?;
        self.frames -= chunk.frames;
        self.bytes -= chunk.bytes.len();
        if self.chunks.is_empty() {
            self.chunks.shrink_to(8); // a burst long ago costs an idle stream nothing
        }
        Some(chunk.bytes)
    }

    fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.frames = 0;
        self.bytes = 0;
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &'static str) -> Chunk {
        Chunk { bytes: Bytes::from_static(text.as_bytes()), frames: 1 }
    }

    fn take(mailbox: &Mailbox) -> Poll<Option<Bytes>> {
        mailbox.poll_take(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_waits_goes_out_together_and_in_order() {
        let mailbox = Mailbox::new(8);
        for text in ["a", "b", "c"] {
            assert_eq!(mailbox.push(&chunk(text)), Pushed::Accepted);
        }
        assert_eq!(take(&mailbox), Poll::Ready(Some(Bytes::from_static(b"abc"))));
        assert_eq!(take(&mailbox), Poll::Pending);
    }

    #[test]
    fn a_full_mailbox_refuses_and_can_be_cut() {
        let mailbox = Mailbox::new(2);
        assert_eq!(mailbox.push(&chunk("a")), Pushed::Accepted);
        mailbox.push_ephemeral(&chunk("left out"));
        assert_eq!(mailbox.push(&chunk("b")), Pushed::Accepted);
        assert_eq!(mailbox.push(&chunk("c")), Pushed::Full);
        mailbox.cut(chunk("bye"));
        assert_eq!(mailbox.push(&chunk("d")), Pushed::Closed);
        assert_eq!(take(&mailbox), Poll::Ready(Some(Bytes::from_static(b"bye"))));
        assert_eq!(take(&mailbox), Poll::Ready(None));
    }

    #[test]
    fn an_ended_mailbox_gives_what_waits_first() {
        let mailbox = Mailbox::new(2);
        mailbox.push(&chunk("a"));
        mailbox.end(chunk("bye"));
        assert_eq!(take(&mailbox), Poll::Ready(Some(Bytes::from_static(b"abye"))));
        assert_eq!(take(&mailbox), Poll::Ready(None));
    }
}
